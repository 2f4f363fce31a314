"""What the workload wrote, and what nk printed, as Python data.

In: two files of JSON Lines. Out: Truth (calls, scenarios with their counters) and a list of records.
"""

import gzip
import ipaddress
import json
import re
from datetime import datetime, timezone

PROTOCOL_NAMES = {1: "icmp", 6: "tcp", 17: "udp", 58: "ipv6-icmp"}
ZERO = {"inet": "0.0.0.0", "inet6": "::"}


def open_lines(path):
    return gzip.open(path, "rt") if str(path).endswith(".gz") else open(path, encoding="utf-8")


def plain(address):
    """The address as it stands in a packet: a v4-mapped one is an IPv4 one."""
    parsed = ipaddress.ip_address(address)
    mapped = getattr(parsed, "ipv4_mapped", None)
    return str(mapped or parsed)


def version(address):
    return ipaddress.ip_address(address).version


class Scenario:
    """One scenario: its time, what the kernel counted meanwhile, its calls."""

    def __init__(self, name, begin):
        self.name = name
        self.begin = begin["time"]
        self.end = None
        self.before = begin
        self.delta = {}
        self.calls = []

    def close(self, end):
        self.end = end["time"]
        self.delta = {
            key: value - self.before.get(key, 0)
            for key, value in end.items()
            if isinstance(value, int) and key != "time"
        }

    def count(self, *names):
        """The counters' growth, both sides together."""
        return sum(
            self.delta.get(f"{side}.{name}", 0) for side in ("near", "far") for name in names
        )


class Truth:
    def __init__(self, lines):
        self.run = None
        self.scenarios = []
        self.setup = Scenario("setup", {"time": 0})
        self.setup.end = 0
        self.is_complete = False
        current = self.setup
        for line in lines:
            if line["kind"] == "run":
                self.run = line
            elif line["kind"] == "counters" and line["phase"] == "begin":
                if current.name == line["scenario"]:
                    # It has changed to a namespace of its own.
                    self.scenarios.pop()
                current = Scenario(line["scenario"], line)
                self.scenarios.append(current)
            elif line["kind"] == "counters":
                current.close(line)
                current = self.setup
            elif line["kind"] == "call":
                current.calls.append(line)
            elif line["kind"] == "end":
                self.is_complete = bool(line["is_well"])
        if self.run is None:
            raise ValueError("the truth has no line of its run")
        if any(scenario.end is None for scenario in self.scenarios):
            raise ValueError("a scenario of the truth has no end")

    @property
    def is_lo(self):
        return self.run["dev"] == "lo"

    @property
    def all_scenarios(self):
        return [self.setup, *self.scenarios]

    @property
    def threads(self):
        return {call["pid"] for scenario in self.all_scenarios for call in scenario.calls}

    def devices(self):
        return {self.run["near_device"], self.run["far_device"]}


def read_truth(path):
    with open_lines(path) as file:
        return Truth([json.loads(line) for line in file])


def read_records(path):
    records = []
    with open_lines(path) as file:
        for number, text in enumerate(file, 1):
            try:
                record = json.loads(text)
            except json.JSONDecodeError as error:
                raise ValueError(f"{path}:{number}: {error}: {text[:100]!r}") from None
            record["_line"] = number
            record["_keys"] = [key for key in record if key != "_line"]
            records.append(record)
    return records


TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\.(\d{9})Z")


def wall_ns(text):
    """The time of a record in ns since 1970, or None where it is not one."""
    match = TIME.fullmatch(text) if isinstance(text, str) else None
    if not match:
        return None
    seconds = datetime.strptime(match[1], "%Y-%m-%dT%H:%M:%S").replace(tzinfo=timezone.utc)
    return int(seconds.timestamp()) * 1_000_000_000 + int(match[2])
