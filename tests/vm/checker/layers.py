"""What each probe that sees packets shows of one, and what a connection's packets must add up to there."""

from .packets import (
    ETHERNET,
    ETHERTYPES,
    BARE_HEADER,
    SYN_HEADER,
    TCP_HEADER,
    has_exact_bytes,
)
from .truth import PROTOCOL_NAMES, plain
from .want import Either, Want

OF_IP = ("saddr", "sport", "daddr", "dport", "l4proto")  # whatever a frame's payload looks like
NUMBERS = {name: number for number, name in PROTOCOL_NAMES.items()}


class Layer:
    """One probe's view of packets."""

    def __init__(
        self, versions, header=0, link=False, route=False, flags=False, counter=(), protocols=None
    ):
        self.versions = versions
        self.header = header  # bytes in front of the IP header; None: len begins at the TCP header
        self.link = link  # proto is the ethertype
        self.route = route  # dev is that of the packet's route
        self.flags = flags
        self.counter = counter
        self.protocols = protocols

    def sees(self, packet):
        if packet.version is None:
            return self.link
        return packet.version in self.versions and (
            self.protocols is None or packet.protocol in self.protocols
        )

    def sees_flow(self, flow):
        return flow.version in self.versions

    def front(self, version):
        """Bytes of len in front of the TCP header."""
        return 0 if self.header is None else self.header + (20 if version == 4 else 40)

    def want(self, truth, packet):
        devices = Either(*truth.devices())
        length = self.header + packet.length
        if packet.version is None:
            return Want({"dev": devices, "len": length, "proto": packet.protocol}, absent=OF_IP)
        if self.link:
            fields = {"dev": devices, "len": length, "proto": ETHERTYPES[packet.version]}
            return Want({**fields, **packet.ends()}, {"l4proto": packet.protocol})
        fields = {"proto": packet.protocol, "len": length, **packet.ends()}
        return Want({**fields, "dev": devices} if self.route else fields)

    def want_of_flow(self, truth, flow):
        fields, optional = {}, {}
        if self.link:
            fields["proto"], optional["l4proto"] = ETHERTYPES[flow.version], "tcp"
        elif self.header is not None:
            fields["proto"] = "tcp"
        if self.link or self.route:
            fields["dev"] = Either(*truth.devices())
        return Want(fields, optional)

    def fields_of_flow(self, is_socket):
        """What every packet of a connection shows: its ends are how it is found, its bytes add up."""
        ends = {"laddr", "lport", "raddr", "rport"} if is_socket else {"saddr", "sport", "daddr", "dport"}
        return ends | {"len"} | ({"flags"} if self.flags else set())


LAYERS = {
    "dev_queue_xmit": Layer((4, 6), ETHERNET, link=True, counter=("tx_packets",)),
    "__dev_queue_xmit": Layer((4, 6), ETHERNET, link=True, counter=("tx_packets",)),
    "netif_receive_skb": Layer((4, 6), 0, link=True, counter=("rx_packets",)),
    "ip_rcv": Layer((4,), 0, counter=("Ip.InReceives",)),
    "ip_output": Layer((4,), 0, route=True, counter=("Ip.OutRequests",)),
    "tcp_v4_do_rcv": Layer((4,), None, flags=True, protocols=()),
    "tcp_v6_rcv": Layer((6,), None, flags=True, protocols=(), counter=("Tcp.InSegs",)),
    "ip_queue_xmit": Layer((4, 6), None, protocols=()),
}


def flow_problems(probe, scenario, flow):
    """What is wrong with the packets of one direction of a connection, as this probe saw them."""
    layer = LAYERS[probe]
    front = layer.front(flow.version)
    lengths = [record.get("len") for record in flow.records]
    if not all(isinstance(length, int) for length in lengths):
        yield f"{flow}: a record has no len"
        return
    if flow.is_refused:
        yield from refused_problems(probe, flow, [length - front for length in lengths])
        return
    if not flow.records:
        yield f"{flow}: no packet"
        return
    if has_exact_bytes(scenario):
        # A SYN-ACK is made without a socket, and does not come by ip_queue_xmit.
        syns = 0 if probe == "ip_queue_xmit" and not flow.is_client else 1
        found = lengths.count(front + SYN_HEADER)
        if found != syns:
            yield f"{flow}: {found} packets of a SYN's length, expected {syns}"
        carried = sum(length - front - TCP_HEADER for length in lengths if length - front != BARE_HEADER)
        expected = flow.bytes + syns * (SYN_HEADER - TCP_HEADER)
        # Data that overtakes the handshake's ACK (on several CPUs) goes to the new socket by tcp_child_process().
        overtaken = flow.first if probe == "tcp_v4_do_rcv" and flow.is_client else 0
        if carried not in (expected, expected - overtaken):
            yield f"{flow}: {carried} bytes with options, expected {expected}"
    if layer.flags:
        yield from flag_problems(probe, scenario, flow)


def refused_problems(probe, flow, lengths):
    # The SYN finds no socket, and the reset is not sent by one.
    if flow.is_client:
        expected = [] if probe == "tcp_v4_do_rcv" else [SYN_HEADER]
    else:
        expected = [] if probe == "ip_queue_xmit" else [BARE_HEADER]
    if lengths != expected:
        yield f"{flow}: lengths {lengths}, expected {expected}"
    wanted = "S" if flow.is_client else "R."
    for record in flow.records:
        if LAYERS[probe].flags and record.get("flags") != wanted:
            yield f"{flow}: flags {record.get('flags')!r}, expected {wanted!r}"


def flag_problems(probe, scenario, flow):
    seen = [record.get("flags") for record in flow.records]
    syn = "S" if flow.is_client else "S."
    # What the kernel says that it sent again may have been any of these.
    most = 1 + scenario.count("Tcp.RetransSegs")
    if not 1 <= seen.count(syn) <= most:
        yield f"{flow}: {seen.count(syn)} records with flags {syn!r}, expected 1 to {most}"
    ends = sum(1 for flags in seen if isinstance(flags, str) and "F" in flags)
    # The last one may find no socket any more, only its time-wait stand-in.
    least = 1 if probe == "tcp_v6_rcv" else 0
    if not least <= ends <= most:
        yield f"{flow}: {ends} records with F, expected {least} to {most}"
    if not has_exact_bytes(scenario):
        return
    for record in flow.records:
        payload = record["len"] - TCP_HEADER
        if record["len"] == SYN_HEADER:
            allowed = (syn,)
        elif record["len"] == BARE_HEADER:
            allowed = ("R", "R.")
        else:
            allowed = ("P.", "FP.", ".") if payload else (".", "F.")
        if record.get("flags") not in allowed:
            yield f"{flow}: flags {record.get('flags')!r} of {payload} bytes, expected {allowed}"


def socket_flow(record):
    """The record of a probe that shows a socket's two ends, as one that shows a packet's."""
    try:
        return {
            **record,
            "saddr": plain(record["laddr"]),
            "sport": record["lport"],
            "daddr": plain(record["raddr"]),
            "dport": record["rport"],
        }
    except (KeyError, ValueError, TypeError):
        return record


def is_noise(truth, record):
    """What a real device's namespace says by itself: neighbour discovery, ARP."""
    if truth.is_lo:
        return False
    return record.get("proto") in ("ARP", "ipv6-icmp") or record.get("l4proto") == "ipv6-icmp"
