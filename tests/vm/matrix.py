#!/usr/bin/env python3
"""The table of 24 probes by kernels by links, tests/matrix.md: from what runs found, or compared with it.

In:  tests/vm/matrix.py [--write] DIRECTORY
       DIRECTORY  KERNEL/LINK/cells.json of probes.test (NK_TEST_OUT), for links lo, veth and virtio
Out: a line PASS or FAIL for each kernel: whether carriers, verdicts, what was counted and the fields that were right
     are those of the table, for the links that were run; the numbers of packets and calls are not compared. With
     --write the rows of these kernels, of which all links were run, are put into the table instead.
Exit status 0: nothing differs; 1: something does; 2: there is nothing to compare.
"""

import json
import re
import sys
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))

from checker.judge import PROBES  # noqa: E402

KEPT = Path(__file__).resolve().parent.parent / "matrix.md"
LINKS = ("lo", "veth", "virtio")
KERNELS = ("5.10", "6.1", "6.12", "7.2", "6.1-nobpf", "6.1-arm64")
HEAD = """# What each probe shows on each kernel, by link

All of it is made by

    export NK_TEST_OUT=DIR NK_TEST_KERNELS='5.10 6.1 6.12 7.2 6.1-nobpf 6.1-arm64'
    tests/vm/probes.test lo veth virtio && tests/vm/matrix.py --write DIR

scripts/test runs a part of the same, and compares.
The carrier is what kprobe_events had and kprobe_profile says was hit. A cell: the verdict; records and what they must be
equal to, the kernel's own counter (both ends' devices for `tx_packets` and `rx_packets`; on virtio those of IP, since its
driver counts late what it has sent, and before GRO what it has received) or, where it has none, what the workload did (of
`connections` each, the bytes and flags of all packets add up); families; fields that are asked for and right.
Programs' own calls have no link: theirs are those that they made for the traffic of this one.
"""
COUNT = re.compile(r"\b\d+ = \d+ ")


def shown(cell):
    if cell["problems"]:
        return f"WRONG: {cell['problems'][0]}".replace("|", "/")
    count = f"{cell['counted']} = {cell['expected']} {cell['of']}"
    return f"{count}; {' '.join(cell['families'])}; {cell['fields']}"


def rows_of(directory):
    """Of one kernel: probe, carriers, and a cell a link, None where it was not run; [] where none was."""
    links = {}
    for link in LINKS:
        path = directory / link / "cells.json"
        if path.exists():
            links[link] = json.loads(path.read_text(encoding="utf-8"))
    rows = []
    if not links:
        return rows
    for probe in PROBES:
        carrier = []
        for link in links:
            carrier += [f for f in links[link]["carriers"].get(probe, []) if f not in carrier]
        cells = [shown(links[link]["cells"][probe]) if link in links else None for link in LINKS]
        rows.append([probe, " ".join(carrier) or "none", *cells])
    return rows


def read_kept():
    kernels, rows = {}, None
    lines = KEPT.read_text(encoding="utf-8").splitlines() if KEPT.exists() else []
    for line in lines:
        if line.startswith("## "):
            rows = kernels.setdefault(line[3:], [])
        elif line.startswith("| ") and rows is not None and not line.startswith("| probe "):
            rows.append([cell.strip() for cell in line.strip("|").split("|")])
    return kernels


def write_kept(kernels):
    lines = HEAD.splitlines()
    for kernel in sorted(kernels, key=KERNELS.index):
        lines += ["", f"## {kernel}", "", "| probe | carrier | lo | veth | virtio |", "|---|---|---|---|---|"]
        lines += [f"| {' | '.join(row)} |" for row in kernels[kernel]]
    KEPT.write_text("\n".join(lines) + "\n", encoding="utf-8")


def differences(kept, found):
    """Neither how many packets there were nor, of what is wrong, the words are compared."""
    by_probe = {row[0]: row for row in kept}
    for row in found:
        old = by_probe.get(row[0])
        if not old:
            yield f"{row[0]} is not in the table"
            continue
        # Of some of the links, some of the carriers may do.
        if not set(row[1].split()) <= set(old[1].split()) or (None not in row and row[1] != old[1]):
            yield f"{row[0]} carrier: {row[1]} (the table has: {old[1]})"
        for name, was, now in zip(LINKS, old[2:], row[2:]):
            if now and (COUNT.sub("", was) != COUNT.sub("", now) or now.startswith("WRONG")):
                yield f"{row[0]} {name}: {now} (the table has: {was})"


def compare(kernel, kept, found):
    if kernel not in kept:
        print(f"SKIP {kernel} matrix: the table does not have this kernel yet")
        return 0
    problems = list(differences(kept.get(kernel, []), found))
    if not problems:
        print(f"PASS {kernel} matrix: {len(found)} probes are as tests/matrix.md says")
        return 0
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    print(f"FAIL {kernel} matrix: {problems[0]}{more}")
    return 1


def main():
    arguments = sys.argv[1:]
    is_write = arguments[:1] == ["--write"]
    if len(arguments) != 1 + is_write:
        print("usage: tests/vm/matrix.py [--write] DIRECTORY", file=sys.stderr)
        return 2
    kept = read_kept()
    found = {kernel: rows_of(Path(arguments[-1]) / kernel) for kernel in KERNELS}
    found = {kernel: rows for kernel, rows in found.items() if rows}
    if not found:
        print("matrix.py: no kernel has any of lo, veth and virtio here", file=sys.stderr)
        return 2
    partial = [kernel for kernel, rows in found.items() if any(None in row for row in rows)]
    if is_write and partial:
        print(f"matrix.py: not all links were run on {' '.join(partial)}", file=sys.stderr)
        return 2
    if is_write:
        write_kept({**kept, **found})
        return 0
    return max([compare(kernel, kept, rows) for kernel, rows in found.items()])


if __name__ == "__main__":
    sys.exit(main())
