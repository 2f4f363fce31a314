"""What one run says of each probe, in a few words: a cell of tests/matrix.md.

In: a Judge that has judged; the lines of kprobe_events and kprobe_profile of that run.
"""

import re

from .fields import FIELDS
from .judge import FAMILIES

# A probe's second function is NAME__2; the return half of a call is NAME__ret.
PART = re.compile(r"(__\d+)?(__ret)?$")
DEFINITION = re.compile(r"[pr]\d*:nk/(\S+) ([^\s+]+)")


def cell(judge, probe):
    mine = {name: v for name, v in judge.verdicts.items() if name.split("/")[0] == probe}
    problems = [f"{name}: {text}" for name, v in mine.items() for text in v.problems]
    problems += judge.general.problems
    found = {name.split("/")[1] for name, verdict in mine.items() if verdict.found}
    families = [name for name in FAMILIES.get(probe, ("inet", "inet6")) if name in found]
    wanted = FIELDS[probe].split()
    wrong = [name for name in wanted if name not in judge.right[probe]]
    if wrong:
        problems.append(f"never judged and right: {' '.join(wrong)}")
    if not judge.truth.is_complete:
        problems.append("a scenario did not end well")
    return {
        "problems": problems[:1],
        "families": families,
        "fields": f"{len(wanted) - len(wrong)}/{len(wanted)}",
        **count(judge.counts[probe]),
    }


def count(counts):
    """By the kernel's own counters, where it has any of this probe."""
    kinds = sorted(name for name in counts if "." in name) or list(counts)[:1]
    return {
        "of": ", ".join(kinds) or "nothing",
        "counted": sum(counts[kind]["counted"] for kind in kinds),
        "expected": sum(counts[kind]["expected"] for kind in kinds),
    }


def carriers(events, profile):
    """Probe: the functions that were hit, in the order of kprobe_events; the two files have the same order."""
    found = {}
    for definition, counts in zip(events, profile):
        match = DEFINITION.match(definition)
        if not match or int(counts.split()[-2]) == 0:
            continue
        functions = found.setdefault(PART.sub("", match[1]), [])
        if match[2] not in functions:
            functions.append(match[2])
    return found


def cells(judge, directory):
    """directory: with kprobe_events and kprobe_profile, as they were when tracing ended."""
    lines = [(directory / name).read_text().splitlines() for name in ("kprobe_events", "kprobe_profile")]
    return {
        "carriers": carriers(*lines),
        "cells": {probe: cell(judge, probe) for probe in judge.probes},
    }
