"""The judgement: truth and records in, one Verdict a probe, family and scenario out."""

import re
from collections import Counter
from itertools import accumulate

from .calls import COUNTERS, RULES, SENDS, is_tcp
from .layers import LAYERS, flow_problems, is_noise, socket_flow
from .packets import datagrams, flows
from .truth import wall_ns
from .want import Want

PROBES = (
    "tcp_connect tcp_accept tcp_close tcp_sendmsg tcp_recvmsg udp_sendmsg udp_recvmsg inet_csk_accept "
    "inet_csk_listen_start ip_queue_xmit icmp_send sock_recvmsg sock_sendmsg dev_queue_xmit "
    "netif_receive_skb skb_clone ip_rcv ip_output inet_bind inet_release tcp_v4_do_rcv tcp_v6_connect "
    "tcp_v6_rcv __dev_queue_xmit"
).split()
HEAD = ["time", "ts", "cpu", "pid", "comm", "event"]
POINTER = re.compile(r"0x[0-9a-f]*[1-9a-f][0-9a-f]*")
UNKNOWN = "<...>"  # the name of a task that nobody knows
CLOCK_NS = 2000  # the trace clock is CLOCK_MONOTONIC read without a lock
WALL_NS = 500_000_000


class Verdict:
    def __init__(self, name):
        self.name = name
        self.wanted = self.found = 0
        self.problems = []

    def __str__(self):
        if not self.problems:
            return f"PASS {self.name} {self.found} records"
        more = f" (and {len(self.problems) - 1} more)" if len(self.problems) > 1 else ""
        return f"FAIL {self.name}: {self.problems[0]}{more}"


class Judge:
    def __init__(self, truth, records, probes=None, has_comm=True):
        self.truth = truth
        self.has_comm = has_comm
        self.probes = probes or PROBES
        self.verdicts = {}
        self.general = Verdict("records/form")
        self.records = {probe: [] for probe in self.probes}
        self.explained = set()
        self.right = {probe: set() for probe in self.probes}  # fields that were judged and are right
        self.counts = {probe: {} for probe in self.probes}  # of what: counted and expected
        self.offset = None  # of wall-clock time from the trace clock, as the first record has it
        for record in records:
            self.sort_in(record)

    def sort_in(self, record):
        """Every line must be a record of a probe that was asked for; a lost stretch fails the whole."""
        self.general.found += 1
        event = record.get("event")
        if event not in self.records:
            self.general.problems.append(f"line {record['_line']}: not a record asked for: {event}")
            return
        problem = head_problem(record)
        if not problem:
            # Whatever its clock says: the record can be judged.
            self.records[event].append(record)
            problem = self.time_problem(record)
        if problem:
            self.general.problems.append(f"line {record['_line']}: {problem}")

    def time_problem(self, record):
        wall = wall_ns(record["time"])
        if wall is None:
            return f"time is {record['time']!r}"
        offset = wall - record["ts"]
        wrong = offset - (self.truth.run["wall"] - self.truth.run["time"])
        if abs(wrong) > WALL_NS:
            return f"time is {record['time']}, {wrong} ns from the truth's clock"
        self.offset = self.offset or offset
        if offset != self.offset:
            return f"time - ts is {offset}, and {self.offset} elsewhere"
        return None

    def count(self, probe, what, counted, expected):
        sums = self.counts[probe].setdefault(what, Counter())
        sums.update(counted=counted, expected=expected)

    def verdict(self, *parts):
        name = "/".join(parts)
        if name not in self.verdicts:
            self.verdicts[name] = Verdict(name)
        return self.verdicts[name]

    def judge(self):
        for probe in self.probes:
            self.records[probe].sort(key=lambda record: record["ts"])
            for scenario in self.truth.all_scenarios:
                if probe in RULES:
                    self.judge_calls(probe, scenario)
                elif probe in LAYERS:
                    self.judge_packets(probe, scenario)
                elif probe == "icmp_send":
                    self.judge_icmp(scenario)
                elif probe == "skb_clone":
                    self.judge_clones(scenario)
            if probe != "skb_clone":
                self.judge_extras(probe)
        return [self.general, *self.verdicts.values()]

    # Calls

    def judge_calls(self, probe, scenario):
        rule = RULES[probe]
        for call in scenario.calls:
            wants = rule(call)
            found = self.within(probe, call)
            if not wants and not found:
                continue
            verdict = self.verdict(probe, call["family"], scenario.name)
            verdict.wanted += len(wants)
            verdict.found += len(found)
            self.count(probe, "calls", len(found), len(wants))
            self.match_call(verdict, call, wants, found)
            for want, record in zip(wants, found):
                self.right[probe] |= want.right(record)
        self.judge_counter(probe, scenario)

    def within(self, probe, call):
        """Records of the call's thread between its start and its end that no call before it has taken."""
        found = [
            record
            for record in self.records[probe]
            if record["pid"] == call["pid"]
            and call["start"] - CLOCK_NS <= record["ts"] <= call["end"] + CLOCK_NS
            and id(record) not in self.explained
        ]
        if call["call"] in ("sendmmsg", "recvmmsg"):
            # All messages of one call have the same times: each takes the next record.
            found = found[:1]
        self.explained.update(id(record) for record in found)
        return found

    def match_call(self, verdict, call, wants, found):
        what = f"{call['call']} at {call['start']}"
        if len(found) > len(wants) or len(found) < sum(want.is_needed for want in wants):
            verdict.problems.append(f"{what}: {len(found)} records, expected {len(wants)}")
        for want, record in zip(wants, found):
            if record["comm"] != call["comm"] and (self.has_comm or record["comm"] != UNKNOWN):
                verdict.problems.append(
                    f"{what}: comm is {record['comm']!r}, expected {call['comm']!r}"
                )
            verdict.problems += [f"{what}: {text}" for text in want.differences(record)]

    # Counters

    def judge_counter(self, probe, scenario):
        if probe not in COUNTERS or scenario is self.truth.setup:
            return
        names, count = COUNTERS[probe]
        self.compare(probe, scenario, names, count(scenario, self.in_window(probe, scenario)))

    def in_window(self, probe, scenario):
        return [
            record
            for record in self.records[probe]
            if scenario.begin <= record["ts"] <= scenario.end
        ]

    def compare(self, probe, scenario, names, found, twice_counted=0):
        expected = scenario.count(*names)
        if found == expected - twice_counted:
            expected = found
        if not expected and not found:
            return
        verdict = self.verdict(probe, "count", scenario.name)
        verdict.found = found
        self.count(probe, " + ".join(names), found, expected)
        if found != expected:
            verdict.problems.append(f"{found} records, {' + '.join(names)} grew by {expected}")

    # Packets

    def judge_packets(self, probe, scenario):
        if scenario is self.truth.setup:
            return
        layer = LAYERS[probe]
        expected = [
            packet for packet in datagrams(self.truth, scenario) if layer.sees(packet)
        ]
        connections = [flow for flow in flows(self.truth, scenario) if layer.sees_flow(flow)]
        verdicts = {
            version: self.verdict(probe, family, scenario.name)
            for version, family in ((4, "inet"), (6, "inet6"), (None, "other"))
            if any(item.version == version for item in [*expected, *connections])
        }
        records = self.in_window(probe, scenario)
        stray = self.match_flows(probe, connections, records, verdicts)
        stray = self.match_datagrams(probe, expected, stray, verdicts)
        for flow in connections:
            problems = list(flow_problems(probe, scenario, flow))
            verdicts[flow.version].problems += problems
            self.count(probe, "connections", int(not problems), 1)
            if flow.records and not problems:
                self.right[probe] |= layer.fields_of_flow(probe == "ip_queue_xmit")
        if stray:
            verdict = self.verdict(probe, "extra", scenario.name)
            verdict.problems += [f"line {r['_line']}: nothing explains {show(r)}" for r in stray]
        self.explained.update(id(record) for record in records)
        self.judge_packet_counter(probe, scenario, records, connections)

    def match_flows(self, probe, connections, records, verdicts):
        stray = []
        for record in records:
            seen = socket_flow(record) if probe == "ip_queue_xmit" else record
            flow = next((flow for flow in connections if flow.is_mine(seen)), None)
            if not flow:
                stray.append(record)
                continue
            flow.records.append(record)
            verdict = verdicts[flow.version]
            verdict.found += 1
            want = self.want_of_flow(probe, flow)
            self.right[probe] |= want.right(record)
            verdict.problems += [f"{flow}: {text}" for text in want.differences(record)]
        return stray

    def want_of_flow(self, probe, flow):
        if probe == "ip_queue_xmit":
            names = dict(zip(("laddr", "lport", "raddr", "rport"), flow.names))
            return Want({"family": flow.family, **names})
        return LAYERS[probe].want_of_flow(self.truth, flow)

    def match_datagrams(self, probe, expected, records, verdicts):
        layer, left = LAYERS[probe], list(expected)
        stray = []
        for record in records:
            packet = next((p for p in left if self.is_packet(layer, p, record)), None)
            if packet:
                left.remove(packet)
                verdicts[packet.version].found += 1
                self.right[probe] |= layer.want(self.truth, packet).right(record)
            elif not is_noise(self.truth, record):
                stray.append(record)
        for packet in left:
            near = nearest(layer.want(self.truth, packet), stray)
            verdicts[packet.version].problems.append(f"{packet}: no record of it{near}")
        return stray

    def is_packet(self, layer, packet, record):
        want = layer.want(self.truth, packet)
        return record["ts"] >= packet.since - CLOCK_NS and not any(want.differences(record))

    def judge_packet_counter(self, probe, scenario, records, connections):
        names = LAYERS[probe].counter
        if not names:
            return
        if probe == "tcp_v6_rcv" and not connections:
            # The counter counts both families.
            return
        if names[0] == "rx_packets" and self.truth.run["dev"] == "virtio":
            # GRO makes one packet of several before the stack sees it, and behind a NIC's own counter.
            names = ("Ip.InReceives", "Ip6InReceives")
            records = [record for record in records if record.get("proto") in ("IPv4", "IPv6")]
        elif names[0] == "tx_packets" and self.truth.run["dev"] == "virtio":
            # Its driver counts what it has sent when it next has something to do, which may be in another scenario.
            names = ("Ip.OutRequests", "Ip6OutRequests")
            records = [record for record in records if record.get("proto") in ("IPv4", "IPv6")]
            if any(call["family"] == "packet" for call in scenario.calls):
                # What a packet socket sends does not come by IP.
                return
        elif names[0] in ("tx_packets", "rx_packets"):
            devices = {"lo", *self.truth.devices()}
            names = tuple(f"{device}.{names[0]}" for device in sorted(devices))
        self.compare(probe, scenario, names, len(records))

    def judge_icmp(self, scenario):
        if scenario is self.truth.setup:
            return
        expected = [p for p in datagrams(self.truth, scenario) if p.icmp and p.version == 4]
        records = self.in_window("icmp_send", scenario)
        left, stray = list(expected), []
        for record in records:
            packet = next((p for p in left if not any(icmp_want(p).differences(record))), None)
            if packet and record["ts"] >= packet.since - CLOCK_NS:
                left.remove(packet)
                self.right["icmp_send"] |= icmp_want(packet).right(record)
            else:
                stray.append(record)
        self.explained.update(id(record) for record in records)
        if expected or records:
            verdict = self.verdict("icmp_send", "inet", scenario.name)
            verdict.found += len(records)
            verdict.problems += [
                f"{packet}: no record of it{nearest(icmp_want(packet), stray)}" for packet in left
            ]
            verdict.problems += [f"nothing explains {show(record)}" for record in stray]
        self.compare("icmp_send", scenario, ("Icmp.OutMsgs",), len(records), twice(scenario))

    def judge_clones(self, scenario):
        """A segment is cloned before it is sent, without its header: its sender has the original."""
        records = self.in_window("skb_clone", scenario)
        for call in scenario.calls:
            is_plain = call["call"] in SENDS and is_tcp(call) and "fastopen" not in call
            if not is_plain or call["ret"] <= 0:
                continue
            verdict = self.verdict("skb_clone", call["family"], scenario.name)
            mine = [record for record in records if self.may_be_sent(call, record, scenario)]
            verdict.found += len(mine)
            lengths = [record.get("len") for record in mine]
            # A long message may be two segments, of which a slow machine sends one again; on its way to a real device
            # one may wait for another.
            is_there = call["ret"] in (*lengths, *accumulate(length or 0 for length in lengths))
            is_there |= not self.truth.is_lo and max(lengths, default=0) >= call["ret"]
            self.count("skb_clone", "sends", int(is_there), 1)
            if not is_there:
                verdict.problems.append(
                    f"{call['call']} at {call['start']}: no clone of {call['ret']} bytes in {lengths}"
                )
            wrong = [text for record in mine for text in clone_problems(record)]
            verdict.problems += wrong
            if is_there and not wrong:
                self.right["skb_clone"] |= {"skb", "clone", "len"}

    def may_be_sent(self, call, record, scenario):
        """On lo a message is sent by whoever sends it, at once."""
        if self.truth.is_lo:
            return record["pid"] == call["pid"] and call["start"] <= record["ts"] <= call["end"]
        return call["start"] <= record["ts"] <= scenario.end

    def judge_extras(self, probe):
        """Of the workload's own threads nothing may be left that no call explains."""
        threads = self.truth.threads
        for record in self.records[probe]:
            if id(record) in self.explained or record["pid"] not in threads:
                continue
            # A timer of the neighbour's runs in whoever is there.
            if probe in LAYERS and is_noise(self.truth, record):
                continue
            verdict = self.verdict(probe, "extra", record["comm"])
            verdict.problems.append(f"line {record['_line']}: no call explains {show(record)}")


def twice(scenario):
    """Older kernels count a ping socket's echo in ping_v4_sendmsg() and again in __ip_make_skb()."""
    return sum(
        1
        for call in scenario.calls
        if call.get("note") == "echo" and call["type"] == "dgram" and call["family"] == "inet"
    )


def icmp_want(packet):
    numbers = {"type": packet.icmp[0], "code": packet.icmp[1]}
    return Want({**numbers, "saddr": packet.saddr, "daddr": packet.daddr})


def clone_problems(record):
    pointers = [record.get("skb"), record.get("clone")]
    for pointer in pointers:
        if not isinstance(pointer, str) or not POINTER.fullmatch(pointer):
            yield f"line {record['_line']}: skb and clone are {pointers}, expected two pointers"
            return
    if pointers[0] == pointers[1]:
        yield f"line {record['_line']}: skb and clone are the same, {pointers[0]}"


def head_problem(record):
    """The keys that every record begins with."""
    if record["_keys"][: len(HEAD)] != HEAD:
        return f"begins with {record['_keys'][:len(HEAD)]}, expected {HEAD}"
    for key in ("ts", "cpu", "pid"):
        if not isinstance(record[key], int) or isinstance(record[key], bool) or record[key] < 0:
            return f"{key} is {record[key]!r}"
    if not isinstance(record["comm"], str) or not record["comm"]:
        return f"comm is {record['comm']!r}"
    return None


def nearest(want, records):
    """Of records that nothing explains, in what the most similar one differs."""
    candidates = [list(want.differences(record)) for record in records]
    if not candidates:
        return ""
    best = min(candidates, key=len)
    return f" (the nearest: {'; '.join(best)})" if best and len(best) <= 3 else ""


def show(record):
    fields = {key: record[key] for key in record["_keys"][len(HEAD) :]}
    return f"{record['event']} of {record['comm']}/{record['pid']} at {record['ts']}: {fields}"


FAMILIES = {
    "ip_rcv": ("inet",),
    "ip_output": ("inet",),
    "icmp_send": ("inet",),
    "tcp_v4_do_rcv": ("inet",),
    "tcp_v6_connect": ("inet6",),
    "tcp_v6_rcv": ("inet6",),
    "sock_recvmsg": ("inet", "inet6", "unix", "netlink", "packet"),
    "sock_sendmsg": ("inet", "inet6", "unix", "netlink", "packet"),
}


def skipped(judge):
    """Probes and families that no scenario of this truth asks for: not judged is not passed."""
    for probe in judge.probes:
        for family in FAMILIES.get(probe, ("inet", "inet6")):
            if not any(name.startswith(f"{probe}/{family}/") for name in judge.verdicts):
                yield f"SKIP {probe}/{family}: no scenario makes it"
