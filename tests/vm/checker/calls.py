"""Probes that see a program's calls: from one noted call to the records that it must have made.

A rule takes a call and returns a list of Want: one a record, in order. Each probe that is told here sees
nothing else of the workload's threads.
"""

from .truth import PROTOCOL_NAMES, ZERO
from .want import AnyAddress, Either, NonZero, Want

SENDS = {"send", "sendto", "sendmsg", "write", "writev", "sendmmsg", "sendfile", "splice-to"}
RECEIVES = {"recv", "recvfrom", "recvmsg", "read", "readv", "recvmmsg", "splice-from"}
IN_PROGRESS, REFUSED, UNREACHABLE = -115, -111, -101


def is_inet(call):
    return call["family"] in ZERO


def is_tcp(call):
    return is_inet(call) and call["type"] == "stream" and call["proto"] == 6


def is_udp(call):
    return is_inet(call) and call["type"] == "dgram" and call["proto"] == 17


def protocol(call):
    return PROTOCOL_NAMES.get(call["proto"], call["proto"]) if is_inet(call) else call["proto"]


def ends(call):
    """The socket's two ends when the call began."""
    wanted = {
        "family": call["family"],
        "laddr": call["laddr"],
        "lport": call["lport"],
        "raddr": call["raddr"],
        "rport": call["rport"],
    }
    if call.get("was_connected") or call.get("is_over"):
        # The connection is no more, or ended meanwhile: the kernel gives the port back, and may forget the rest.
        wanted["laddr"] = Either(call["laddr"], ZERO[call["family"]])
        wanted["lport"] = Either(call["lport"], 0)
        wanted["raddr"] = Either(call["raddr"], ZERO[call["family"]])
        wanted["rport"] = Either(call["rport"], 0)
    return wanted


def is_connecting(call):
    if not is_tcp(call):
        return False
    if call["call"] == "connect":
        return call["ret"] in (0, IN_PROGRESS, REFUSED)
    return bool(call.get("fastopen")) and call["ret"] >= 0


def tcp_connect(call):
    if not is_connecting(call):
        return []
    wanted = {
        "family": call["family"],
        "laddr": call.get("after_laddr"),
        "lport": call.get("after_lport"),
        "raddr": call["to_addr"],
        "rport": call["to_port"],
    }
    if call["ret"] == REFUSED:
        wanted["laddr"], wanted["lport"] = AnyAddress(), NonZero()
    return [Want(wanted, {"state": "SYN_SENT"})]


def accepted(call):
    if call["call"] != "accept" or call["ret"] < 0:
        return []
    return [
        Want(
            {
                "family": call["family"],
                "laddr": call["after_laddr"],
                "lport": call["after_lport"],
                "raddr": call["after_raddr"],
                "rport": call["after_rport"],
            }
        )
    ]


def tcp_close(call):
    if call["call"] != "close" or not is_tcp(call):
        return []
    return [Want({**ends(call), "state": call["state"]})]


def tcp_sendmsg(call):
    if call["call"] not in SENDS or not is_tcp(call):
        return []
    return [Want({**ends(call), "len": call["len"]}, {"bytes": call["ret"]})]


def tcp_recvmsg(call):
    if call["call"] not in RECEIVES or not is_tcp(call):
        return []
    length = call["len"]
    return [Want({**ends(call), "len": length, "bytes": call["ret"]})]


def udp_sendmsg(call):
    if call["call"] not in SENDS or not is_udp(call):
        return []
    wanted = ends(call)
    wanted["lport"] = call["lport"] or call["after_lport"]
    if "to_addr" in call:
        wanted["raddr"], wanted["rport"] = call["to_addr"], call["to_port"]
    return [Want({**wanted, "len": call["len"]}, {"bytes": call["ret"]})]


def udp_recvmsg(call):
    if call["call"] not in RECEIVES or not is_udp(call):
        return []
    wanted = ends(call)
    sender, port = wanted.pop("raddr"), wanted.pop("rport")
    result = {**wanted, "len": call["len"], "bytes": call["ret"]}
    if call.get("errqueue"):
        # What comes by the error queue was sent by nobody.
        return [Want(result, absent=("raddr", "rport"))]
    if "from_addr" in call:
        sender, port = call["from_addr"], call["from_port"]
    if sender == ZERO[call["family"]]:
        # Nobody asked the kernel for the sender: it can be shown or not.
        sender, port = AnyAddress(), NonZero()
    return [Want(result, {"raddr": sender, "rport": port})]


def inet_csk_listen_start(call):
    if call["call"] != "listen" or call["ret"] != 0 or call["state"] == "LISTEN":
        return []
    return [
        Want(
            {
                "family": call["family"],
                "laddr": call["laddr"],
                "lport": call["lport"],
                "backlog": call["backlog"],
            }
        )
    ]


def kind(call):
    return {"family": call["family"], "type": call["type"], "proto": protocol(call)}


def sock_recvmsg(call):
    if call["call"] not in RECEIVES:
        return []
    return [Want({**kind(call), "bytes": call["ret"]})]


def sock_sendmsg(call):
    if call["call"] not in SENDS:
        return []
    return [Want({**kind(call), "len": call["len"]}, {"bytes": call["ret"]})]


def inet_bind(call):
    if call["call"] != "bind" or not is_inet(call):
        return []
    return [
        Want(
            {"family": call["family"], "addr": call["to_addr"], "port": call["to_port"]},
            {"type": call["type"], "proto": protocol(call), "err": call["ret"]},
        )
    ]


def inet_release(call):
    if call["call"] == "accept" and call["ret"] < 0 and call["family"] == "inet":
        # The socket that was to be the accepted one is released; nothing is in it.
        nothing = ("family", "laddr", "lport", "raddr", "rport", "proto")
        return [Want({}, {"type": call["type"]}, nothing, is_needed=False)]
    if call["call"] != "close" or not is_inet(call):
        return []
    return [Want({**ends(call), "type": call["type"]}, {"proto": protocol(call)})]


def tcp_v6_connect(call):
    """A refusal comes later; what this host itself knows to be in vain, it says at once."""
    is_in_vain = call["call"] == "connect" and is_tcp(call) and call["ret"] == UNREACHABLE
    if not (is_connecting(call) or is_in_vain) or call["family"] != "inet6":
        return []
    err = UNREACHABLE if is_in_vain else 0
    return [
        Want({"family": "inet6", "raddr": call["to_addr"], "rport": call["to_port"], "err": err})
    ]


RULES = {
    "tcp_connect": tcp_connect,
    "tcp_accept": accepted,
    "tcp_close": tcp_close,
    "tcp_sendmsg": tcp_sendmsg,
    "tcp_recvmsg": tcp_recvmsg,
    "udp_sendmsg": udp_sendmsg,
    "udp_recvmsg": udp_recvmsg,
    "inet_csk_accept": accepted,
    "inet_csk_listen_start": inet_csk_listen_start,
    "sock_recvmsg": sock_recvmsg,
    "sock_sendmsg": sock_sendmsg,
    "inet_bind": inet_bind,
    "inet_release": inet_release,
    "tcp_v6_connect": tcp_v6_connect,
}


def _received(scenario, records):
    """Datagrams that were taken: what was only looked at, or lay in the error queue, is not counted."""
    other = sum(
        1
        for call in scenario.calls
        if call["call"] in RECEIVES and is_udp(call) and call["ret"] >= 0
        and (call.get("peek") or call.get("errqueue"))
    )
    return sum(1 for record in records if record.get("bytes", -1) >= 0) - other


# Probe: the kernel's own count of the same thing, and the number to compare it with.
COUNTERS = {
    "tcp_connect": (("Tcp.ActiveOpens",), lambda scenario, records: len(records)),
    "tcp_accept": (("Tcp.PassiveOpens",), lambda scenario, records: len(records)),
    "inet_csk_accept": (("Tcp.PassiveOpens",), lambda scenario, records: len(records)),
    "udp_sendmsg": (
        ("Udp.OutDatagrams", "Udp6OutDatagrams"),
        lambda scenario, records: len(records),
    ),
    "udp_recvmsg": (("Udp.InDatagrams", "Udp6InDatagrams"), _received),
}
