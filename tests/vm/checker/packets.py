"""Probes that see packets: which packets the noted calls must have caused, and what each probe shows of one.

A datagram is one packet, known to the byte. Of a connection the number of segments depends on timing:
each of its packets must belong to it, its SYN and FIN must be there, and the bytes of each direction are what
was sent. How many packets there were, the kernel says itself.
"""

from collections import Counter

from .calls import SENDS, is_connecting, is_inet, is_tcp, is_udp
from .truth import ZERO, plain, version
from .want import NonZero, same

ETHERNET = 14
TCP_HEADER = 32  # with timestamps
SYN_HEADER = 40  # and with window scale, SACK permitted, MSS
BARE_HEADER = 20  # of a reset that no socket sends
ETHERTYPES = {4: "IPv4", 6: "IPv6"}


class Packet:
    """One packet of a datagram socket; length: of the IP packet, or of the frame without Ethernet."""

    def __init__(self, call, saddr, daddr, protocol, length, ports=None, icmp=None):
        self.call = call
        self.since = call["start"]
        self.saddr, self.daddr = saddr, daddr
        self.protocol, self.length = protocol, length
        self.ports = ports
        self.icmp = icmp
        self.version = version(saddr) if saddr else None

    def ends(self):
        wanted = {"saddr": self.saddr, "daddr": self.daddr}
        if self.ports:
            wanted["sport"], wanted["dport"] = self.ports
        return wanted

    def __repr__(self):
        return f"{self.protocol} {self.saddr} > {self.daddr}, {self.length} bytes"


def source(truth, call):
    """The address that the kernel puts where the socket has none."""
    address = call["after_laddr"]
    target = plain(call.get("to_addr", call["raddr"]))
    # That of an IPv6 socket is none for a packet to an IPv4 name.
    if address != ZERO[call["family"]] and version(plain(address)) == version(target):
        return plain(address)
    family = "inet" if version(target) == 4 else "inet6"
    if not truth.is_lo:
        return truth.run[f"{call['side']}_{family}"]
    return "127.0.0.1" if family == "inet" else target


def ip_header(packet_version, call):
    return (20 if packet_version == 4 else 40) + (8 if call.get("note") == "options8" else 0)


def udp_packets(truth, scenario, call):
    target = plain(call.get("to_addr", call["raddr"]))
    ports = (call["lport"] or call["after_lport"], call.get("to_port", call["rport"]))
    header = ip_header(version(target), call)
    origin = source(truth, call)
    length = header + 8 + call["ret"]
    yield Packet(call, origin, target, "udp", length, ports)
    if not scenario.name.startswith("unreach"):
        return
    # The error carries as much of the packet as fits (RFC 1812, RFC 4443).
    if version(target) == 4:
        yield Packet(call, target, origin, "icmp", min(28 + length, 576), icmp=(3, 3))
    else:
        yield Packet(call, target, origin, "ipv6-icmp", min(48 + length, 1280), icmp=(1, 4))


def echo_packets(truth, call):
    target, origin = call["to_addr"], source(truth, call)
    if version(target) == 4:
        name, types, header = "icmp", (8, 0), 20
    else:
        name, types, header = "ipv6-icmp", (128, 129), 40
    length = header + call["ret"]
    yield Packet(call, origin, target, name, length, icmp=(types[0], 0))
    yield Packet(call, target, origin, name, length, icmp=(types[1], 0))


def datagrams(truth, scenario):
    packets = []
    for call in scenario.calls:
        if call["call"] not in SENDS or call["ret"] < 0:
            continue
        if is_udp(call):
            packets += udp_packets(truth, scenario, call)
        elif call.get("note") == "echo":
            packets += echo_packets(truth, call)
        elif call.get("note") == "frame":
            packets.append(Packet(call, None, None, 0x88B5, call["ret"] - ETHERNET))
        elif is_inet(call) and call["type"] == "raw":
            packets.append(
                Packet(call, source(truth, call), call["to_addr"], call["proto"], 20 + call["ret"])
            )
    return packets


class Flow:
    """One direction of a connection."""

    def __init__(self, call, ends, is_client, is_refused=False):
        self.family = call["family"]
        self.names = ends  # saddr sport daddr dport, as the socket has them
        self.ends = (plain(ends[0]), ends[1], plain(ends[2]), ends[3])
        self.is_client = is_client
        self.is_refused = is_refused
        self.bytes = 0
        self.first = 0  # of bytes: what the first call sent
        self.version = version(self.ends[0])
        self.records = []

    def is_mine(self, record):
        got = tuple(record.get(name) for name in ("saddr", "sport", "daddr", "dport"))
        return all(same(wanted, value) for wanted, value in zip(self.ends, got))

    def __repr__(self):
        return "{}:{} > {}:{}".format(*self.ends)


def flows(truth, scenario):
    """All directions of all connections, with the bytes that were sent in each."""
    found, by_client = [], {}
    sent, first = Counter(), {}
    for call in scenario.calls:
        if call["call"] in SENDS and is_tcp(call) and call["ret"] > 0:
            sent[call["sock"]] += call["ret"]
            first.setdefault(call["sock"], call["ret"])
    for call in scenario.calls:
        if call["call"] == "accept" and call["ret"] >= 0:
            near = (call["after_laddr"], call["after_lport"])
            far = (call["after_raddr"], call["after_rport"])
            client, server = Flow(call, far + near, True), Flow(call, near + far, False)
            server.bytes = sent[call["accepted"]]
            by_client[client.ends] = client
            found += [client, server]
    for call in scenario.calls:
        if call["call"] != "connect" or not is_tcp(call):
            continue
        near = (call["after_laddr"], call["after_lport"])
        far = (call["to_addr"], call["to_port"])
        client = by_client.get((plain(near[0]), near[1], plain(far[0]), far[1]))
        if client:
            client.bytes, client.first = sent[call["sock"]], first.get(call["sock"], 0)
        elif is_connecting(call):
            # Once refused, it has no name that could be asked for.
            near = (source(truth, call), near[1] or NonZero())
            found += [Flow(call, near + far, True, True), Flow(call, far + near, False, True)]
    return found


def has_exact_bytes(scenario):
    """Options in the IP header or cookies in TCP's change the headers' lengths; what was sent again is there twice.

    A machine that is slow enough sends again without any loss: the kernel says so.
    """
    return not scenario.name.startswith(("options", "fastopen")) and not scenario.count("Tcp.RetransSegs")
