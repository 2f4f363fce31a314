"""Shows that the judge can fail: records that are right pass, and each change to one of them is found."""

import copy
from collections import Counter
from datetime import datetime, timedelta

from .calls import SENDS, is_tcp
from .fields import FIELDS
from .judge import Judge
from .layers import LAYERS, SYN_HEADER, TCP_HEADER, has_exact_bytes
from .packets import flows
from .truth import Truth

# A packet is handled by whoever runs at that moment, on any CPU; how long a call took nobody else knows.
UNKNOWN_OF_ALL = {"cpu", "dur"}
UNKNOWN_OF_PACKETS = {"pid", "comm"}
PACKET_PROBES = {name for name, text in FIELDS.items() if "saddr" in text} | {
    "ip_queue_xmit",
    "icmp_send",
}
PER_SCENARIO = 3


def other(value):
    """A value of the same kind that is not this one."""
    if isinstance(value, int):
        return value + 1
    if value.startswith("0x"):
        return "0x0"
    if "." in value:
        return "127.99.99.99" if value != "127.99.99.99" else "127.99.99.98"
    if ":" in value:
        return "fdff::99" if value != "fdff::99" else "fdff::98"
    return value + "x"


def alone(truth, scenario):
    """The truth of one scenario."""
    small = copy.copy(truth)
    small.setup = copy.copy(truth.setup)
    small.setup.calls = []
    small.scenarios = [scenario]
    return small


def problems(truth, records, probe):
    verdicts = Judge(truth, records, [probe]).judge()
    return [text for verdict in verdicts for text in verdict.problems]


def shift(record, seconds):
    """The same record, some seconds away, by both of its clocks."""
    record["ts"] += seconds * 1_000_000_000
    whole, rest = record["time"].split(".")
    moved = datetime.fromisoformat(whole) + timedelta(seconds=seconds)
    record["time"] = f"{moved.isoformat()}.{rest}"


def mutations(probe, record):
    """(name of what is changed, function that changes a copy of the record)"""
    skipped = UNKNOWN_OF_ALL | (UNKNOWN_OF_PACKETS if probe in PACKET_PROBES else set())
    for key in record["_keys"]:
        if key in skipped:
            continue
        if key == "time":
            yield key, lambda changed: changed.update(time="1999" + changed["time"][4:])
        elif key == "ts":
            yield key, lambda changed: changed.update(ts=changed["ts"] + 1_000_000_000)
        elif key == "event":
            yield key, lambda changed: changed.update(event="tcp_conect")
        else:
            yield key, lambda changed, key=key: changed.update({key: other(changed[key])})
        if key in FIELDS[probe].split():
            yield f"-{key}", lambda changed, key=key: changed.pop(key)
    yield "both clocks", lambda changed: shift(changed, -3600)


def is_excused(truth, scenario, probe, name, record):
    """Whether the truth cannot know of this: few cases, each for a reason."""
    if probe == "udp_recvmsg" and name in ("raddr", "rport"):
        return True  # the sender, where the program did not ask for it
    if scenario.name.startswith("refused"):
        return name in ("laddr", "lport", "saddr", "sport", "daddr", "dport", "raddr", "rport")
    if record.get("type") and name in ("dropped", "pid", "type", "both clocks") and not record.get("family"):
        return True  # an empty socket's release, which may be shown or not
    if probe not in LAYERS or "sport" not in record and "lport" not in record:
        return False
    if not has_exact_bytes(scenario):
        return name in ("len", "flags", "-flags", "dropped", "doubled", "both clocks")
    if name == "dropped" and may_have_overtaken(truth, scenario, probe, record):
        return True
    return not LAYERS[probe].counter and is_empty(probe, record) and name in (
        "dropped", "doubled", "both clocks",
    )


def may_have_overtaken(truth, scenario, probe, record):
    """Data that came before the handshake's ACK is not seen there: see flow_problems()."""
    firsts = {flow.first for flow in flows(truth, scenario) if flow.is_client}
    return probe == "tcp_v4_do_rcv" and record.get("len", 0) - TCP_HEADER in firsts


def is_empty(probe, record):
    """A segment without data and SYN: how many of them there are is up to timing."""
    version = 6 if ":" in record.get("saddr", "") else 4
    header = record.get("len", 0) - LAYERS[probe].front(version)
    return header == TCP_HEADER and header != SYN_HEADER


def judge_changed(truth, records, probe, index, change):
    changed = dict(records[index])
    change(changed)
    changed["_keys"] = [key for key in changed if not key.startswith("_")]
    return problems(truth, [*records[:index], changed, *records[index + 1 :]], probe)


def pick(truth, scenario, records):
    """A few records of the scenario: the first of each kind."""
    seen = Counter()
    for index, record in enumerate(records):
        kind = (record.get("family"), record.get("proto"), record.get("flags"), record.get("type"))
        seen[kind] += 1
        if seen[kind] <= PER_SCENARIO and scenario.begin <= record["ts"] <= scenario.end:
            yield index, record


def is_cloned(call):
    is_plain = call["call"] in SENDS and is_tcp(call) and "fastopen" not in call
    return is_plain and call["ret"] > 0


def self_test_clones(truth, records, report):
    """Only those of the workload's own sends are known: all of a scenario are changed at once."""
    for key, value in (("len", 1), ("clone", "0x0"), ("skb", 0), ("skb", None)):
        changed = [{**record, key: value} for record in records]
        report("skb_clone", key, bool(problems(truth, changed, "skb_clone")))
    report("skb_clone", "dropped", bool(problems(truth, [], "skb_clone")))


def self_test_probe(truth, scenario, probe, records, report):
    for index, record in pick(truth, scenario, records):
        for name, change in mutations(probe, record):
            caught = bool(judge_changed(truth, records, probe, index, change))
            report(probe, name, caught or is_excused(truth, scenario, probe, name, record), caught)
        dropped = [*records[:index], *records[index + 1 :]]
        caught = bool(problems(truth, dropped, probe))
        report(probe, "dropped", caught or is_excused(truth, scenario, probe, "dropped", record), caught)
        doubled = [*records, dict(record)]
        caught = bool(problems(truth, doubled, probe))
        report(probe, "doubled", caught or is_excused(truth, scenario, probe, "doubled", record), caught)


class Report:
    def __init__(self):
        self.missed = Counter()
        self.caught = Counter()

    def __call__(self, probe, name, is_right, is_caught=None):
        if not is_right:
            self.missed[probe, name] += 1
        if is_right if is_caught is None else is_caught:
            self.caught[probe, name] += 1


def self_test(truth: Truth, records):
    report = Report()
    wrong = [verdict for verdict in Judge(truth, records).judge() if verdict.problems]
    for verdict in wrong:
        print(f"FAIL self-test/baseline: {verdict}")
    for scenario in truth.scenarios:
        small = alone(truth, scenario)
        in_time = [r for r in records if scenario.begin <= r["ts"] <= scenario.end]
        for probe in FIELDS:
            mine = [record for record in in_time if record["event"] == probe]
            if probe == "skb_clone" and any(is_cloned(call) for call in scenario.calls):
                self_test_clones(small, mine, report)
            elif probe != "skb_clone":
                self_test_probe(small, scenario, probe, mine, report)
    for (probe, name), count in sorted(report.missed.items()):
        print(f"FAIL self-test/{probe}/{name}: {count} changes were not noticed")
    unseen = [
        f"{probe}/{name}"
        for probe, text in FIELDS.items()
        for name in text.split()
        if not report.caught[probe, name]
    ]
    for name in unseen:
        print(f"FAIL self-test/{name}: no change to it was tried and noticed")
    print(f"{sum(report.caught.values())} changes noticed")
    return int(bool(wrong or report.missed or unseen))
