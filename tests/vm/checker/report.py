"""nk's records and the lines of `trace-cmd report -t` of the same recording, one by one."""

import ipaddress
import re
from collections import Counter

LINE = re.compile(
    r"^\s*(?P<comm>.+)-(?P<pid>\d+)\s+\[(?P<cpu>\d+)\]\S*\s+(?:[^\s\d]\S*\s+)?(?P<s>\d+)\.(?P<ns>\d{9}):\s+"
    r"(?P<event>\w+):\s*(?P<text>.*)$"
)
# A probe's second function is NAME__2; the return half of a call is NAME__ret.
HALF = re.compile(r"(__\d+)?(?P<ret>__ret)?$")
SOCKET_FIELDS = ("laddr", "raddr", "lport", "rport")


def parse(text):
    for line in text.splitlines():
        match = LINE.match(line)
        if match:
            yield {
                "event": HALF.sub("", match["event"]),
                "raw": match["event"],
                "is_return": bool(HALF.search(match["event"])["ret"]),
                "ts": int(match["s"]) * 1_000_000_000 + int(match["ns"]),
                "pid": int(match["pid"]),
                "cpu": int(match["cpu"]),
                "comm": match["comm"],
                "text": match["text"],
            }


def key(item):
    return item["event"], item["ts"], item["pid"], item["cpu"]


def is_shown(name, value, text):
    """Addresses by their value: libtraceevent writes :: as 0:0:0:0:0:0:0:0."""
    match = re.search(rf"(?:^| ){name}=(\S+)", text)
    if not match:
        return False
    try:
        return ipaddress.ip_address(match[1]) == ipaddress.ip_address(value)
    except ValueError:
        return match[1] == str(value)


def whole(lines):
    """Those that are a record of their own: of a joined call the return, if it was seen to be entered."""
    joined = {line["raw"][: -len("__ret")] for line in lines if line["is_return"]}
    entered = Counter()
    for line in sorted(lines, key=lambda line: line["ts"]):
        if line["raw"] in joined:
            entered[line["raw"], line["pid"]] += 1
        elif not line["is_return"]:
            yield line
        else:
            entry = line["raw"][: -len("__ret")], line["pid"]
            if entered[entry]:
                entered[entry] -= 1
                yield line


def compare(records, lines):
    """Yields (what was compared, problems)."""
    shown = list(whole(lines))
    missing = Counter(map(key, records)) - Counter(map(key, shown))
    extra = Counter(map(key, shown)) - Counter(map(key, records))
    yield "names, times, pids and CPUs", (
        [f"trace-cmd has no {item}" for item in missing] + [f"nk has no {item}" for item in extra]
        or ([] if records else ["there are no records"])
    )
    by_key = {key(line): line for line in shown}
    pairs = [(r, by_key[key(r)]) for r in records if key(r) in by_key]
    yield "comms", [
        f"nk {record['comm']!r}, trace-cmd {line['comm']!r} at {record['ts']}"
        for record, line in pairs
        if record["comm"] != line["comm"]
    ]
    sockets = [
        (record, line, name)
        for record, line in pairs
        for name in SOCKET_FIELDS
        if name in record and not line["is_return"]
    ]
    yield "addresses and ports", [
        f"{name} {record[name]} of {record['event']} at {record['ts']} is not in: {line['text']}"
        for record, line, name in sockets
        if not is_shown(name, record[name], line["text"])
    ] or ([] if sockets else ["no record has any"])
