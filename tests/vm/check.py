#!/usr/bin/env python3
"""Judges a trace by what is known from outside.

In:  tests/vm/check.py [--probe NAME]... [--no-comm] [--cells FILE] TRUTH RECORDS
       TRUTH    what tests/vm/workload wrote
       RECORDS  the JSON Lines of `nk trace --json` or `nk replay --json` of the same time
       --probe  those that were traced, where not all 24 were
       --no-comm      tasks that have ended have no name: this kernel cannot fetch it
       --cells FILE   writes what tests/vm/matrix.py makes its table of; kprobe_events and kprobe_profile, as they were
                      when tracing ended, are beside RECORDS
     tests/vm/check.py --self-test [TRUTH RECORDS]
       mutates every field of records that are right: each mutation must be found
Out: a line PASS, FAIL or SKIP for PROBE/FAMILY/SCENARIO; PROBE/count/SCENARIO is the comparison with the
     kernel's own counter. Exit status 0: nothing failed; 1: something did; 2: no such files.
"""

import argparse
import json
import sys
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))

from checker.cells import cells  # noqa: E402
from checker.judge import PROBES, Judge, skipped  # noqa: E402
from checker.selftest import self_test  # noqa: E402
from checker.truth import read_records, read_truth  # noqa: E402

SAMPLE = Path(__file__).resolve().parent.parent / "golden" / "truth"


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--probe", action="append", choices=PROBES, help="judge only this one")
    parser.add_argument("--no-comm", action="store_true")
    parser.add_argument("--cells", type=Path)
    parser.add_argument("--self-test", action="store_true")
    parser.add_argument("truth", nargs="?")
    parser.add_argument("records", nargs="?")
    options = parser.parse_args()
    if options.self_test and not options.truth:
        options.truth = SAMPLE / "truth.jsonl.gz"
        options.records = SAMPLE / "records.jsonl.gz"
    if not options.truth or not options.records:
        parser.error("two files are needed: the truth and the records")
    return options


def main():
    options = arguments()
    try:
        truth = read_truth(options.truth)
        records = read_records(options.records)
    except (OSError, ValueError) as error:
        print(f"check.py: {error}", file=sys.stderr)
        return 2
    if options.self_test:
        return self_test(truth, records)
    judge = Judge(truth, records, options.probe, not options.no_comm)
    verdicts = judge.judge()
    if options.cells:
        found = cells(judge, Path(options.records).parent)
        options.cells.write_text(json.dumps(found, indent=1), encoding="utf-8")
    for verdict in verdicts:
        print(verdict)
    for line in skipped(judge):
        print(line)
    if not truth.is_complete:
        print("FAIL workload/complete: a scenario did not end well")
    failed = [verdict for verdict in verdicts if verdict.problems]
    return int(bool(failed) or not truth.is_complete)


if __name__ == "__main__":
    sys.exit(main())
