#!/usr/bin/env python3
"""Judges the accounts that nk gave of sessions whose ring buffers overflowed.

In:  tests/vm/ledger.py DIRECTORY    what tests/vm/ledger.guest left: a directory a run
Out: a line PASS or FAIL for each run. What nk says is compared with what the test counted itself: sends of the
     flood, hits of a definition made by hand, records printed; and its own counts, of different origin, with each other.
Exit status 0: nothing failed.
"""

import json
import sys
from pathlib import Path


def words(path):
    return path.read_text().split() if path.exists() else []


class Run:
    def __init__(self, directory):
        self.name = directory.name
        self.kind = directory.name.split(".")[1]
        self.status = int(words(directory / "status")[0])
        self.by_hand = int(words(directory / "by_hand")[0])
        self.replay = words(directory / "replay")
        self.stderr = (directory / "stderr").read_text()
        sent = words(directory / "sent")
        self.sends, self.short = (int(sent[1]), int(sent[3])) if sent else (None, None)
        listed = words(directory / "events")
        self.records = {event: int(count) for count, event in zip(listed[::2], listed[1::2])}
        lines = (directory / "ledger").read_text().splitlines()
        self.ledgers = [json.loads(line) for line in lines]
        self.problems = []

    def expect(self, what, is_so):
        if not is_so:
            self.problems.append(what)

    def equal(self, what, found, expected):
        self.expect(f"{what}: {found}, expected {expected}", found == expected)

    def judge(self):
        self.equal("ledgers", len(self.ledgers), 1)
        if self.problems:
            return
        self.ledger = self.ledgers[0]
        self.overrun = sum(cpu["overrun"] for cpu in self.ledger["cpus"])
        self.expect("no overload", self.overrun > 0)
        self.equal("exit status", self.status, 3)
        if self.replay:
            self.equal("exit status of replay", self.replay[0], "3")
        self.equal("unread", self.ledger["unread"], 0)
        self.equal("unaccounted", self.ledger["unaccounted"], 0)
        for probe in self.ledger["probes"]:
            self.judge_probe(probe)
        for instance in {cpu["instance"] for cpu in self.ledger["cpus"]}:
            self.judge_instance(instance)
        self.judge_records()

    def judge_probe(self, probe):
        name = probe["event"]
        parts = [probe[key] for key in ("kept", "overrun", "filtered", "missed")]
        self.expect(f"{name}: a number is missing", None not in parts)
        if None in parts:
            return
        self.equal(f"{name}: kept, overrun, filtered and missed", sum(parts), probe["hits"])
        if self.kind != "edges":
            self.equal(f"{name}: doubtful", probe["doubtful"], 0)
        if self.sends is None:
            return
        if name in ("l_send", "l_short", "l_sent", "l_one"):
            self.equal(f"{name}: hits", probe["hits"], self.sends)
        if name == "l_send":
            self.equal("hits counted by hand", self.by_hand, self.sends)
        self.equal(f"{name}: filtered", probe["filtered"], self.sends - self.short if name == "l_short" else 0)
        if name == "l_one":
            self.expect("nothing was missed", probe["missed"] > 0)

    # The kernel counts what a ring buffer loses without regard to the probe.
    def judge_instance(self, instance):
        def total(key, items):
            return sum(item[key] or 0 for item in items if item["instance"] == instance)

        self.equal(
            f"{instance}: overrun of probes and of CPUs",
            total("overrun", self.ledger["probes"]),
            total("overrun", self.ledger["cpus"]),
        )
        self.equal(
            f"{instance}: kept and recorded",
            total("kept", self.ledger["probes"]),
            total("recorded", self.ledger["cpus"]),
        )

    def judge_records(self):
        kept = {}
        for probe in self.ledger["probes"]:
            kept[probe["event"]] = kept.get(probe["event"], 0) + probe["kept"]
        self.equal("records", {e: n for e, n in self.records.items() if n}, {e: n for e, n in kept.items() if n})

    def line(self):
        hits = sum(probe["hits"] or 0 for probe in self.ledgers[0]["probes"]) if self.ledgers else 0
        if self.problems:
            return f"FAIL ledger {self.name}: {'; '.join(self.problems)} ({self.stderr.strip()})"
        return f"PASS ledger {self.name}: {hits} hits, {self.overrun} overrun"


def main():
    directories = sorted(Path(sys.argv[1]).glob("*.*/"), key=lambda path: int(path.name.split(".")[0]))
    directories = [directory for directory in directories if (directory / "status").exists()]
    runs = [Run(directory) for directory in directories]
    for run in runs:
        run.judge()
        print(run.line())
    if not runs:
        print("FAIL ledger: there is no run to judge")
    return 1 if not runs or any(run.problems for run in runs) else 0


if __name__ == "__main__":
    sys.exit(main())
