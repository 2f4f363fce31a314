/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two tables. What user space can see never moves, and is taken from the kernel's own headers when
 * this is compiled. What begins struct sock_common is no ABI, but lies so on every kernel from 5.10
 * to 7.2 that was measured, on 64-bit and 32-bit: its members are of fixed widths. So does the
 * pointer to a message's name, which the kernel's struct msghdr begins with.
 */
#include "kernel/layout-builtin.h"

#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/netlink.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <linux/un.h>
#include <string.h>
#include <sys/socket.h>

#define ROW(type, member)                                                                          \
	{                                                                                          \
#type "." #member, offsetof(struct type, member),                                  \
			sizeof(((struct type *)0)->member), 0, 0                                   \
	}

const struct layout_row layout_builtin[] = {
	{ "sock_common.skc_daddr", 0, 4, 0, 0 },
	{ "sock_common.skc_rcv_saddr", 4, 4, 0, 0 },
	{ "sock_common.skc_dport", 12, 2, 0, 0 },
	{ "sock_common.skc_num", 14, 2, 0, 0 },
	{ "sock_common.skc_family", 16, 2, 0, 0 },
	{ "sock_common.skc_state", 18, 1, 0, 0 },
	{ "msghdr.msg_name", 0, 0, 0, 0 }, /* of as many bytes as a pointer has there */
	ROW(sockaddr, sa_family),
	ROW(sockaddr_in, sin_family),
	ROW(sockaddr_in, sin_port),
	ROW(sockaddr_in, sin_addr),
	ROW(sockaddr_in6, sin6_family),
	ROW(sockaddr_in6, sin6_port),
	ROW(sockaddr_in6, sin6_flowinfo),
	ROW(sockaddr_in6, sin6_addr),
	ROW(sockaddr_in6, sin6_scope_id),
	ROW(sockaddr_un, sun_family),
	ROW(sockaddr_un, sun_path),
	ROW(sockaddr_nl, nl_family),
	ROW(sockaddr_nl, nl_pid),
	ROW(sockaddr_nl, nl_groups),
	ROW(sockaddr_ll, sll_family),
	ROW(sockaddr_ll, sll_protocol),
	ROW(sockaddr_ll, sll_ifindex),
	ROW(sockaddr_ll, sll_hatype),
	ROW(sockaddr_ll, sll_pkttype),
	ROW(sockaddr_ll, sll_halen),
	ROW(sockaddr_ll, sll_addr),
	ROW(nlmsghdr, nlmsg_len),
	ROW(nlmsghdr, nlmsg_type),
	ROW(nlmsghdr, nlmsg_flags),
	ROW(nlmsghdr, nlmsg_seq),
	ROW(nlmsghdr, nlmsg_pid),
	ROW(ethhdr, h_dest),
	ROW(ethhdr, h_source),
	ROW(ethhdr, h_proto),
	{ "iphdr.ihl", 0, 1, 4, 0 },
	{ "iphdr.version", 0, 1, 4, 4 },
	ROW(iphdr, tos),
	ROW(iphdr, tot_len),
	ROW(iphdr, id),
	ROW(iphdr, frag_off),
	ROW(iphdr, ttl),
	ROW(iphdr, protocol),
	ROW(iphdr, check),
	ROW(iphdr, saddr),
	ROW(iphdr, daddr),
	{ "ipv6hdr.version", 0, 1, 4, 4 },
	ROW(ipv6hdr, payload_len),
	ROW(ipv6hdr, nexthdr),
	ROW(ipv6hdr, hop_limit),
	ROW(ipv6hdr, saddr),
	ROW(ipv6hdr, daddr),
	ROW(tcphdr, source),
	ROW(tcphdr, dest),
	ROW(tcphdr, seq),
	ROW(tcphdr, ack_seq),
	{ "tcphdr.doff", 12, 1, 4, 4 },
	{ "tcphdr.fin", 13, 1, 1, 0 },
	{ "tcphdr.syn", 13, 1, 1, 1 },
	{ "tcphdr.rst", 13, 1, 1, 2 },
	{ "tcphdr.psh", 13, 1, 1, 3 },
	{ "tcphdr.ack", 13, 1, 1, 4 },
	{ "tcphdr.urg", 13, 1, 1, 5 },
	{ "tcphdr.ece", 13, 1, 1, 6 },
	{ "tcphdr.cwr", 13, 1, 1, 7 },
	ROW(tcphdr, window),
	ROW(tcphdr, check),
	ROW(tcphdr, urg_ptr),
	ROW(udphdr, source),
	ROW(udphdr, dest),
	ROW(udphdr, len),
	ROW(udphdr, check),
	ROW(icmphdr, type),
	ROW(icmphdr, code),
	ROW(icmphdr, checksum),
	ROW(icmphdr, un.echo.id),
	ROW(icmphdr, un.echo.sequence),
	ROW(icmp6hdr, icmp6_type),
	ROW(icmp6hdr, icmp6_code),
	ROW(icmp6hdr, icmp6_cksum),
};

const size_t layout_builtin_count = sizeof(layout_builtin) / sizeof(layout_builtin[0]);

static const struct {
	const char *name, *first;
} first_parts[] = {
	{ "sock", "sock_common" },
	{ "inet_sock", "sock" },
	{ "inet_connection_sock", "inet_sock" },
	{ "tcp_sock", "inet_connection_sock" },
	{ "tcp6_sock", "tcp_sock" },
	{ "udp_sock", "inet_sock" },
	{ "udp6_sock", "udp_sock" },
	{ "raw_sock", "inet_sock" },
	{ "raw6_sock", "inet_sock" },
	{ "request_sock", "sock_common" },
	{ "inet_request_sock", "request_sock" },
	{ "tcp_request_sock", "inet_request_sock" },
	{ "inet_timewait_sock", "sock_common" },
	{ "tcp_timewait_sock", "inet_timewait_sock" },
	{ "unix_sock", "sock" },
	{ "packet_sock", "sock" },
	{ "netlink_sock", "sock" },
};

const char *layout_first_part(const char *name)
{
	for (size_t i = 0; i < sizeof(first_parts) / sizeof(first_parts[0]); i++) {
		if (strcmp(first_parts[i].name, name) == 0)
			return first_parts[i].first;
	}
	return NULL;
}
