/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of members, and the one way in which a row takes part in an observation.
 */
#include "calibrate/members.h"

#include <errno.h>
#include <linux/tcp.h>
#include <stddef.h>

/* How far an object is searched: with room for what other kernels and configurations put before. */
enum { SOCK_COMMON = 200, SOCK = 1400, TCP_SOCK = 2560, SOCKET = 128, NET = 2048 };
enum { MSGHDR = 128, SK_BUFF = 256, NET_DEVICE = 2560 };

enum { DISTINCT_DEFAULT = 3, TCP_INFINITE_SSTHRESH = 0x7fffffff };

#define ROW(member, where, shown_by, rules, what, bytes, searched)                                 \
	.name = member, .area = AREA_##where, .step = STEP_##shown_by, .rule = RULE_##rules,       \
	.fact = FACT_##what, .size = bytes, .limit = searched

/* What getsockopt(TCP_INFO) says of a member. */
#define INFO(member, bytes, shown_by, info_member)                                                 \
	.name = "tcp_sock." member, .area = AREA_SOCK, .step = shown_by, .rule = RULE_INFO,        \
	.size = bytes, .limit = TCP_SOCK, .info_at = offsetof(struct tcp_info, info_member),       \
	.info_size = sizeof(((struct tcp_info *)NULL)->info_member)

/*
 * Where there is no IPv6, or one device alone, a value is always the same. It is in its place all the
 * same, so that a place that is the only one to hold it is the right one.
 */
enum { MAY_BE_CONSTANT = 1 };

/* clang-format off */
const struct member_row member_rows[] = {
	{ ROW("sock_common.skc_daddr", SOCK, TCP_ENDS, NUMBER, REMOTE_IP4, 4, SOCK_COMMON), .unlike = FACT_REMOTE_IP6_TAIL },
	{ ROW("sock_common.skc_rcv_saddr", SOCK, TCP_ENDS, NUMBER, LOCAL_IP4, 4, SOCK_COMMON), .unlike = FACT_LOCAL_IP6_TAIL },
	{ ROW("sock_common.skc_dport", SOCK, TCP_ENDS, NUMBER, REMOTE_PORT, 2, SOCK_COMMON) },
	{ ROW("sock_common.skc_num", SOCK, TCP_ENDS, NUMBER, LOCAL_PORT, 2, SOCK_COMMON) },
	{ ROW("sock_common.skc_family", SOCK, TCP_ENDS, NUMBER, FAMILY, 2, SOCK_COMMON), .distinct = 2 },
	{ ROW("sock_common.skc_state", SOCK, TCP_ENDS, NUMBER, STATE, 1, SOCK_COMMON) },
	{ ROW("sock_common.skc_bound_dev_if", SOCK, SOCKETS, NUMBER, BOUND_DEVICE, 4, SOCK_COMMON), .distinct = 2 },
	{ ROW("sock_common.skc_v6_daddr", SOCK, TCP_ENDS, BYTES, REMOTE_IP6, 16, SOCK_COMMON), .align = 4 },
	{ ROW("sock_common.skc_v6_rcv_saddr", SOCK, TCP_ENDS, BYTES, LOCAL_IP6, 16, SOCK_COMMON), .align = 4 },
	{ ROW("sock_common.skc_cookie", SOCK, SOCKETS, NUMBER, COOKIE, 8, SOCK_COMMON) },
	{ ROW("sock_common.skc_net", SOCK, SOCKETS, SPECIAL, NONE, 0, SOCK_COMMON) },
	{ ROW("sock.sk_type", SOCK, SOCKETS, NUMBER, TYPE, 2, SOCK) },
	{ ROW("sock.sk_protocol", SOCK, SOCKETS, NUMBER, PROTOCOL, 2, SOCK) },
	{ ROW("sock.sk_mark", SOCK, SOCKETS, NUMBER, MARK, 4, SOCK) },
	{ ROW("sock.sk_uid", SOCK, SOCKETS, NUMBER, UID, 4, SOCK) },
	{ ROW("sock.sk_rcvbuf", SOCK, SOCKETS, NUMBER, RCVBUF, 4, SOCK) },
	{ ROW("sock.sk_sndbuf", SOCK, SOCKETS, NUMBER, SNDBUF, 4, SOCK) },
	{ ROW("sock.sk_priority", SOCK, SOCKETS, NUMBER, PRIORITY, 4, SOCK) },
	{ ROW("sock.sk_socket", SOCK, SOCKETS, NUMBER, SOCKET, 0, SOCK) },
	{ ROW("sock.sk_max_ack_backlog", SOCK, LISTEN, NUMBER, BACKLOG, 4, SOCK) },
	{ ROW("sock.sk_ack_backlog", SOCK, LISTEN, NUMBER, QUEUE, 4, SOCK) },
	{ ROW("tcp_sock.write_seq", SOCK, TCP_SEQUENCE, NUMBER, WRITE_SEQ, 4, TCP_SOCK) },
	{ ROW("tcp_sock.snd_nxt", SOCK, TCP_SEQUENCE, NUMBER, SND_NXT, 4, TCP_SOCK) },
	{ ROW("tcp_sock.snd_una", SOCK, TCP_SEQUENCE, NUMBER, SND_UNA, 4, TCP_SOCK) },
	{ ROW("tcp_sock.rcv_nxt", SOCK, TCP_SEQUENCE, NUMBER, RCV_NXT, 4, TCP_SOCK) },
	{ ROW("net.ns.inum", NET, SOCKETS, SPECIAL, NETNS, 4, NET) },
	{ ROW("socket.sk", SOCKET, TCP_ENDS, NUMBER, SOCK, 0, SOCKET) },
	{ ROW("socket.type", SOCKET, SOCKETS, NUMBER, TYPE, 2, SOCKET) },
	{ ROW("msghdr.msg_name", MSGHDR_THROUGH, MESSAGES, THROUGH, NONE, 0, MSGHDR) },
	{ ROW("msghdr.msg_namelen", MSGHDR, MESSAGES, NUMBER, NAME_LENGTH, 4, MSGHDR), .distinct = 2 },
	{ ROW("msghdr.msg_iter.count", MSGHDR, MESSAGES, NUMBER, MESSAGE_LENGTH, 0, MSGHDR) },
	{ ROW("sk_buff.data", SK_BUFF_THROUGH, DATAGRAMS, THROUGH, NONE, 0, SK_BUFF) },
	{ ROW("dst_entry.dev", SK_BUFF_THROUGH, DATAGRAMS, SPECIAL, NONE, 0, AREA_STRIDE) },
	{ ROW("sk_buff.len", SK_BUFF, DATAGRAMS, NUMBER, LENGTH, 4, SK_BUFF) },
	{ ROW("sk_buff.protocol", SK_BUFF, DATAGRAMS, NUMBER, ETHERTYPE, 2, SK_BUFF), .distinct = MAY_BE_CONSTANT },
	{ ROW("sk_buff.dev", SK_BUFF, DATAGRAMS, NUMBER, DEVICE, 0, SK_BUFF), .distinct = MAY_BE_CONSTANT },
	{ ROW("sk_buff.sk", SK_BUFF, DATAGRAMS, NUMBER, SOCK, 0, SK_BUFF) },
	{ ROW("sk_buff.mark", SK_BUFF, DATAGRAMS, NUMBER, MARK, 4, SK_BUFF) },
	{ ROW("sk_buff.head", SK_BUFF, SEGMENTS, SPECIAL, NONE, 0, SK_BUFF) },
	{ ROW("sk_buff.network_header", SK_BUFF, SEGMENTS, POSITION, NETWORK_AT, 2, SK_BUFF) },
	{ ROW("sk_buff.transport_header", SK_BUFF, SEGMENTS, POSITION, TRANSPORT_AT, 2, SK_BUFF) },
	{ ROW("sk_buff.mac_header", SK_BUFF, SEGMENTS, POSITION, MAC_AT, 2, SK_BUFF) },
	{ ROW("sk_buff.tail", SK_BUFF, DATAGRAMS, POSITION, TAIL_AT, 4, SK_BUFF) },
	{ ROW("sk_buff.pkt_type", SK_BUFF, FRAMES, NUMBER, PACKET_TYPE, 1, SK_BUFF), .bit_width = 3 },
	{ ROW("sk_buff._skb_refdst", SK_BUFF, DATAGRAMS, SPECIAL, NONE, 0, SK_BUFF) },
	{ ROW("net_device.name", NET_DEVICE, DEVICES, BYTES, NAME, 16, NET_DEVICE), .align = 4, .distinct = MAY_BE_CONSTANT },
	{ ROW("net_device.ifindex", NET_DEVICE, DEVICES, NUMBER, INDEX, 4, NET_DEVICE), .distinct = MAY_BE_CONSTANT },
	{ ROW("net_device.mtu", NET_DEVICE, DEVICES, NUMBER, MTU, 4, NET_DEVICE), .distinct = MAY_BE_CONSTANT },

	{ INFO("bytes_acked",     8, STEP_TCP_COUNTERS, tcpi_bytes_acked) },
	{ INFO("bytes_received",  8, STEP_TCP_COUNTERS, tcpi_bytes_received) },
	{ INFO("bytes_sent",      8, STEP_TCP_COUNTERS, tcpi_bytes_sent) },
	{ INFO("bytes_retrans",   8, STEP_TCP_LOST, tcpi_bytes_retrans) },
	{ INFO("srtt_us",         4, STEP_TCP_COUNTERS, tcpi_rtt), .shift = 3 },
	{ INFO("mdev_us",         4, STEP_TCP_COUNTERS, tcpi_rttvar), .shift = 2 },
	{ INFO("total_retrans",   4, STEP_TCP_LOST, tcpi_total_retrans) },
	{ INFO("snd_cwnd",        4, STEP_TCP_COUNTERS, tcpi_snd_cwnd) },
	{ INFO("snd_ssthresh",    4, STEP_TCP_LOST, tcpi_snd_ssthresh), .below = TCP_INFINITE_SSTHRESH },
	{ INFO("segs_out",        4, STEP_TCP_COUNTERS, tcpi_segs_out) },
	{ INFO("segs_in",         4, STEP_TCP_COUNTERS, tcpi_segs_in) },
	{ INFO("data_segs_in",    4, STEP_TCP_COUNTERS, tcpi_data_segs_in) },
	{ INFO("data_segs_out",   4, STEP_TCP_COUNTERS, tcpi_data_segs_out) },
	{ INFO("delivered",       4, STEP_TCP_COUNTERS, tcpi_delivered) },
	{ INFO("packets_out",     4, STEP_TCP_SEQUENCE, tcpi_unacked) },
	{ INFO("rcv_ssthresh",    4, STEP_TCP_COUNTERS, tcpi_rcv_ssthresh) },
	{ INFO("advmss",          2, STEP_TCP_COUNTERS, tcpi_advmss) },
	{ INFO("snd_wnd",         4, STEP_TCP_COUNTERS, tcpi_snd_wnd) },
	{ INFO("mss_cache",       4, STEP_TCP_COUNTERS, tcpi_snd_mss) },
};
/* clang-format on */

const size_t member_row_count = sizeof(member_rows) / sizeof(member_rows[0]);

size_t member_index(enum member_row_name name)
{
	static const char *const names[MEMBER_NAMED_COUNT] = {
		[MEMBER_SOCKET_SK] = "socket.sk",
		[MEMBER_SOCK_NET] = "sock_common.skc_net",
		[MEMBER_NET_INUM] = "net.ns.inum",
		[MEMBER_SKB_DATA] = "sk_buff.data",
		[MEMBER_SKB_HEAD] = "sk_buff.head",
		[MEMBER_SKB_NETWORK] = "sk_buff.network_header",
		[MEMBER_SKB_TRANSPORT] = "sk_buff.transport_header",
		[MEMBER_SKB_MAC] = "sk_buff.mac_header",
		[MEMBER_SKB_TAIL] = "sk_buff.tail",
		[MEMBER_SKB_REFDST] = "sk_buff._skb_refdst",
		[MEMBER_DST_DEV] = "dst_entry.dev",
	};
	size_t i = 0;

	while (i < member_row_count && strcmp(member_rows[i].name, names[name]) != 0)
		i++;
	return i;
}

void member_init(const struct member_row *row, unsigned int pointer_size,
		 struct candidates *candidates)
{
	unsigned int size = row->size ? row->size : pointer_size;

	if (row->bit_width)
		candidates_init_bits(candidates, row->bit_width, row->limit);
	else
		candidates_init(candidates, size, row->align ? row->align : size, row->limit);
}

int member_expected(const struct member_row *row, const struct facts *facts, uint64_t *number)
{
	if (row->rule == RULE_NUMBER || row->rule == RULE_POSITION) {
		if (!fact_has(facts, row->fact))
			return -ENOENT;
		*number = facts->number[row->fact];
		return 0;
	}
	if (row->rule != RULE_INFO || row->info_at + row->info_size > facts->info_size)
		return -ENOENT;
	uint64_t value = candidates_load(facts->info + row->info_at, row->info_size);
	if (row->below && value >= row->below)
		return -ENOENT;
	*number = value;
	return 0;
}

const struct fact_pattern *member_pattern(const struct member_row *row, const struct facts *facts)
{
	return row->area == AREA_MSGHDR_THROUGH ? &facts->name : &facts->network;
}

void member_observe(const struct member_row *row, const struct observation *observation,
		    struct candidates *candidates)
{
	const struct facts *facts = &observation->facts;
	const uint8_t *area = observation->area[row->area];
	size_t size = observation->area_size[row->area];
	const struct fact_pattern *pattern = member_pattern(row, facts);
	uint64_t number;

	if (!area || row->rule == RULE_POSITION)
		return;
	if (row->rule == RULE_BYTES && fact_has(facts, row->fact)) {
		candidates_expect_bytes(candidates, area, size, fact_bytes(facts, row->fact));
	} else if (row->rule == RULE_THROUGH && pattern->length) {
		candidates_expect_through(candidates, area, size, AREA_STRIDE, pattern->bytes,
					  pattern->length, pattern->at);
	} else if (!member_expected(row, facts, &number)) {
		candidates_expect(candidates, area, size, number, row->shift);
	} else if (row->rule == RULE_NUMBER && row->unlike && fact_has(facts, row->unlike)) {
		candidates_exclude(candidates, area, size, facts->number[row->unlike]);
	}
}

void member_vote(const struct member_row *row, const struct candidates *candidates,
		 struct verdict *verdict)
{
	candidates_vote(candidates, row->distinct ? row->distinct : DISTINCT_DEFAULT, verdict);
}
