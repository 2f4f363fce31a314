/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A value and its display type to its name. Families follow <linux/socket.h>, states
 * include/net/tcp_states.h, protocols protocols(5), ethertypes ethertypes(5), ICMP the type names
 * of RFC 792 and RFC 4443 as ip6tables spells them. Every table is ascending and constant.
 */
#include "probes/names.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static const struct display_value families[] = {
	{ 0, "unspec" },      { 1, "unix" },	  { 2, "inet" },      { 3, "ax25" },
	{ 4, "ipx" },	      { 5, "appletalk" }, { 6, "netrom" },    { 7, "bridge" },
	{ 8, "atmpvc" },      { 9, "x25" },	  { 10, "inet6" },    { 11, "rose" },
	{ 12, "decnet" },     { 13, "netbeui" },  { 14, "security" }, { 15, "key" },
	{ 16, "netlink" },    { 17, "packet" },	  { 18, "ash" },      { 19, "econet" },
	{ 20, "atmsvc" },     { 21, "rds" },	  { 22, "sna" },      { 23, "irda" },
	{ 24, "pppox" },      { 25, "wanpipe" },  { 26, "llc" },      { 27, "ib" },
	{ 28, "mpls" },	      { 29, "can" },	  { 30, "tipc" },     { 31, "bluetooth" },
	{ 32, "iucv" },	      { 33, "rxrpc" },	  { 34, "isdn" },     { 35, "phonet" },
	{ 36, "ieee802154" }, { 37, "caif" },	  { 38, "alg" },      { 39, "nfc" },
	{ 40, "vsock" },      { 41, "kcm" },	  { 42, "qipcrtr" },  { 43, "smc" },
	{ 44, "xdp" },	      { 45, "mctp" },
};

static const struct display_value sock_types[] = {
	{ 1, "stream" },    { 2, "dgram" }, { 3, "raw" },     { 4, "rdm" },
	{ 5, "seqpacket" }, { 6, "dccp" },  { 10, "packet" },
};

static const struct display_value tcp_states[] = {
	{ 1, "ESTABLISHED" },	  { 2, "SYN_SENT" },  { 3, "SYN_RECV" }, { 4, "FIN_WAIT1" },
	{ 5, "FIN_WAIT2" },	  { 6, "TIME_WAIT" }, { 7, "CLOSE" },	 { 8, "CLOSE_WAIT" },
	{ 9, "LAST_ACK" },	  { 10, "LISTEN" },   { 11, "CLOSING" }, { 12, "NEW_SYN_RECV" },
	{ 13, "BOUND_INACTIVE" },
};

static const struct display_value protos[] = {
	{ 0, "ip" },	      { 1, "icmp" },
	{ 2, "igmp" },	      { 4, "ipencap" },
	{ 6, "tcp" },	      { 8, "egp" },
	{ 12, "pup" },	      { 17, "udp" },
	{ 22, "xns-idp" },    { 29, "iso-tp4" },
	{ 33, "dccp" },	      { 41, "ipv6" },
	{ 43, "ipv6-route" }, { 44, "ipv6-frag" },
	{ 46, "rsvp" },	      { 47, "gre" },
	{ 50, "esp" },	      { 51, "ah" },
	{ 58, "ipv6-icmp" },  { 59, "ipv6-nonxt" },
	{ 60, "ipv6-opts" },  { 88, "eigrp" },
	{ 89, "ospf" },	      { 94, "ipip" },
	{ 97, "etherip" },    { 98, "encap" },
	{ 103, "pim" },	      { 108, "ipcomp" },
	{ 112, "vrrp" },      { 115, "l2tp" },
	{ 132, "sctp" },      { 135, "mobility-header" },
	{ 136, "udplite" },   { 137, "mpls-in-ip" },
	{ 139, "hip" },	      { 143, "ethernet" },
	{ 255, "raw" },	      { 256, "smc" },
	{ 262, "mptcp" },
};

/* Those below 0x600 are the kernel's own, <linux/if_ether.h>: lengths are never ethertypes. */
static const struct display_value ethertypes[] = {
	{ 0x0001, "802_3" },   { 0x0003, "ALL" },	 { 0x0004, "802_2" },
	{ 0x000c, "CAN" },     { 0x000d, "CANFD" },	 { 0x0800, "IPv4" },
	{ 0x0806, "ARP" },     { 0x22f3, "TRILL" },	 { 0x6558, "TEB" },
	{ 0x8035, "RARP" },    { 0x809b, "ATALK" },	 { 0x80f3, "AARP" },
	{ 0x8100, "VLAN" },    { 0x8137, "IPX" },	 { 0x86dd, "IPv6" },
	{ 0x8808, "PAUSE" },   { 0x8809, "SLOW" },	 { 0x880b, "PPP" },
	{ 0x8847, "MPLS" },    { 0x8848, "MPLS_MULTI" }, { 0x8863, "PPP_DISC" },
	{ 0x8864, "PPP_SES" }, { 0x888e, "EAPOL" },	 { 0x88a8, "QinQ" },
	{ 0x88cc, "LLDP" },    { 0x88e5, "MACSEC" },	 { 0x88f5, "MVRP" },
	{ 0x88f7, "PTP" },     { 0x8906, "FCOE" },	 { 0x8914, "FIP" },
	{ 0x8915, "ROCE" },    { 0xa0ed, "LoWPAN" },
};

static const struct display_value icmp_types[] = {
	{ 0, "echo-reply" },
	{ 3, "destination-unreachable" },
	{ 4, "source-quench" },
	{ 5, "redirect" },
	{ 8, "echo-request" },
	{ 9, "router-advertisement" },
	{ 10, "router-solicitation" },
	{ 11, "time-exceeded" },
	{ 12, "parameter-problem" },
	{ 13, "timestamp-request" },
	{ 14, "timestamp-reply" },
	{ 15, "information-request" },
	{ 16, "information-reply" },
	{ 17, "address-mask-request" },
	{ 18, "address-mask-reply" },
	{ 42, "extended-echo-request" },
	{ 43, "extended-echo-reply" },
	{ 128, "echo-request" },
	{ 129, "echo-reply" },
	{ 130, "mld-query" },
	{ 131, "mld-report" },
	{ 132, "mld-done" },
	{ 133, "router-solicitation" },
	{ 134, "router-advertisement" },
	{ 135, "neighbour-solicitation" },
	{ 136, "neighbour-advertisement" },
	{ 137, "redirect" },
	{ 143, "mldv2-report" },
	{ 160, "extended-echo-request" },
	{ 161, "extended-echo-reply" },
};

static const struct display_value icmp6_errors[] = {
	{ 1, "destination-unreachable" },
	{ 2, "packet-too-big" },
	{ 3, "time-exceeded" },
	{ 4, "parameter-problem" },
};

static const struct display_value tcp_flags[] = {
	{ 0x01, "F" }, { 0x02, "S" }, { 0x04, "R" }, { 0x08, "P" },
	{ 0x10, "." }, { 0x20, "U" }, { 0x40, "E" }, { 0x80, "W" },
};

static const struct {
	const struct display_value *values;
	size_t count;
} tables[DISPLAY_COUNT] = {
	[DISPLAY_FAMILY] = { families, COUNT_OF(families) },
	[DISPLAY_SOCK_TYPE] = { sock_types, COUNT_OF(sock_types) },
	[DISPLAY_TCP_STATE] = { tcp_states, COUNT_OF(tcp_states) },
	[DISPLAY_PROTO] = { protos, COUNT_OF(protos) },
	[DISPLAY_ETHERTYPE] = { ethertypes, COUNT_OF(ethertypes) },
	[DISPLAY_ICMP_TYPE] = { icmp_types, COUNT_OF(icmp_types) },
	[DISPLAY_TCP_FLAGS] = { tcp_flags, COUNT_OF(tcp_flags) },
};

const struct display_value *display_values(enum probe_display display, size_t *count)
{
	if ((unsigned int)display >= DISPLAY_COUNT) {
		*count = 0;
		return NULL;
	}
	*count = tables[display].count;
	return tables[display].values;
}

static const char *find(const struct display_value *values, size_t count, uint64_t number)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (values[middle].value == number)
			return values[middle].name;
		if (values[middle].value < number)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

const char *display_value_name(enum probe_display display, uint64_t number)
{
	size_t count;
	const struct display_value *values = display_values(display, &count);

	return find(values, count, number);
}

const char *display_icmp6_type_name(uint64_t number)
{
	if (number < 128)
		return find(icmp6_errors, COUNT_OF(icmp6_errors), number);
	return display_value_name(DISPLAY_ICMP_TYPE, number);
}
