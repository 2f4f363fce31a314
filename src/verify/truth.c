/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * In: the log of calls. Out: what must have been on the way because of them. Of datagrams every
 * packet is known to the byte; of a connection the number of segments is the kernel's business,
 * but not whose they are nor how many bytes they carry.
 */
#include "verify/truth.h"

#include <arpa/inet.h>
#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

enum { IP4_HEADER = 20, IP6_HEADER = 40, UDP_HEADER = 8, ICMP_HEADER = 8 };

void truth_init(struct truth *truth, const struct verify_step *step,
		const struct traffic_call *calls, size_t count, bool is_private)
{
	*truth = (struct truth){
		.step = step, .calls = calls, .count = count, .has_exact_lengths = is_private
	};
	if (count) {
		truth->start_ns = calls[0].start_ns;
		truth->end_ns = calls[count - 1].end_ns;
	}
}

bool truth_is_inet(const struct traffic_call *call)
{
	return call->family == AF_INET || call->family == AF_INET6;
}

int truth_protocol(const struct traffic_call *call)
{
	if (!truth_is_inet(call))
		return call->family == AF_PACKET ? 0 : call->protocol;
	if (call->protocol)
		return call->protocol;
	return call->type == SOCK_STREAM ? IPPROTO_TCP : IPPROTO_UDP;
}

bool truth_is_tcp(const struct traffic_call *call)
{
	return truth_is_inet(call) && truth_protocol(call) == IPPROTO_TCP;
}

bool truth_is_udp(const struct traffic_call *call)
{
	return truth_is_inet(call) && truth_protocol(call) == IPPROTO_UDP;
}

static bool is_same_end(const struct endpoint *left, const struct endpoint *right)
{
	size_t left_length, right_length;
	const void *left_bytes = endpoint_address(left, &left_length);
	const void *right_bytes = endpoint_address(right, &right_length);

	return left_bytes && right_bytes && left_length == right_length &&
	       endpoint_port(left) == endpoint_port(right) &&
	       memcmp(left_bytes, right_bytes, left_length) == 0;
}

int truth_state_at_close(const struct truth *truth, const struct traffic_call *close)
{
	bool is_listening = false, was_left = false;

	for (const struct traffic_call *call = truth->calls; call < close; call++) {
		if (call->what == TRAFFIC_LISTEN && call->fd == close->fd && !call->result)
			is_listening = true;
		/* The other end was closed before. */
		if (call->what == TRAFFIC_CLOSE && is_same_end(&call->local, &close->remote) &&
		    is_same_end(&call->remote, &close->local))
			was_left = true;
		/* A descriptor begins anew. */
		if (call->what == TRAFFIC_CLOSE && call->fd == close->fd)
			is_listening = false;
	}
	if (close->remote.length)
		return was_left ? TCP_CLOSE_WAIT : TCP_ESTABLISHED;
	return is_listening ? TCP_LISTEN : TCP_CLOSE;
}

static struct truth_packet *add_packet(struct truth_packets *out, const struct traffic_call *call,
				       int protocol)
{
	struct truth_packet *packet = array_add(&out->packets, &out->packet_count);

	packet->call = call;
	packet->version = call->family == AF_INET6 ? 6 : 4;
	packet->protocol = (uint8_t)protocol;
	packet->from = call->local;
	packet->to = call->remote;
	packet->length = packet->version == 6 ? IP6_HEADER : IP4_HEADER;
	return packet;
}

/* What the kernel takes where a socket has no address: loopback talks to itself. */
static void set_source(struct truth_packet *packet)
{
	const struct in_addr loopback = { htonl(INADDR_LOOPBACK) };

	if (packet->from.length)
		return;
	packet->from = packet->to;
	if (packet->version == 4)
		packet->from.in.sin_addr = loopback;
}

static void add_reply(struct truth_packets *out, int64_t length, uint8_t type, uint8_t code)
{
	const struct truth_packet cause = out->packets[out->packet_count - 1];
	struct truth_packet *reply = array_add(&out->packets, &out->packet_count);

	*reply = cause;
	reply->from = cause.to;
	reply->to = cause.from;
	reply->protocol = cause.version == 6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP;
	reply->has_ports = false;
	reply->is_icmp = true;
	reply->icmp_type = type;
	reply->icmp_code = code;
	reply->length = length;
}

static bool is_to_nobody(const struct truth *truth, const struct traffic_call *send)
{
	for (size_t i = 0; i < truth->count; i++)
		if (truth->calls[i].what == TRAFFIC_BIND &&
		    is_same_end(&truth->calls[i].local, &send->remote))
			return false;
	return true;
}

static void add_datagram(const struct truth *truth, const struct traffic_call *call,
			 struct truth_packets *out)
{
	struct truth_packet *packet = add_packet(out, call, IPPROTO_UDP);

	packet->has_ports = true;
	packet->length += UDP_HEADER + call->result;
	set_source(packet);
	if (!is_to_nobody(truth, call))
		return;
	/* RFC 792, RFC 4443: the error carries the packet, which is a short one here. */
	if (packet->version == 4)
		add_reply(out, IP4_HEADER + ICMP_HEADER + packet->length, ICMP_DEST_UNREACH,
			  ICMP_PORT_UNREACH);
	else
		add_reply(out, IP6_HEADER + ICMP_HEADER + packet->length, ICMP6_DST_UNREACH,
			  ICMP6_DST_UNREACH_NOPORT);
}

static void add_echo(const struct traffic_call *call, struct truth_packets *out)
{
	struct truth_packet *packet = add_packet(out, call, call->protocol);

	packet->is_icmp = true;
	packet->icmp_type = call->icmp_type;
	packet->length += call->result;
	set_source(packet);
	add_reply(out, packet->length, packet->version == 6 ? ICMP6_ECHO_REPLY : ICMP_ECHOREPLY, 0);
}

static void add_send(const struct truth *truth, const struct traffic_call *call,
		     struct truth_packets *out)
{
	if (call->family == AF_PACKET) {
		struct truth_packet *packet = array_add(&out->packets, &out->packet_count);

		packet->call = call;
		packet->length = call->result;
	} else if (truth_is_udp(call)) {
		add_datagram(truth, call, out);
	} else if (truth_is_inet(call) && call->icmp_type) {
		add_echo(call, out);
	} else if (truth_is_inet(call) && call->type == SOCK_RAW) {
		struct truth_packet *packet = add_packet(out, call, call->protocol);

		packet->length += call->result;
		set_source(packet);
	}
}

static int64_t bytes_sent(const struct truth *truth, const struct endpoint *from,
			  const struct endpoint *to)
{
	int64_t bytes = 0;

	for (size_t i = 0; i < truth->count; i++) {
		const struct traffic_call *call = &truth->calls[i];

		if (call->what == TRAFFIC_SEND && call->result > 0 && truth_is_tcp(call) &&
		    is_same_end(&call->local, from) && is_same_end(&call->remote, to))
			bytes += call->result;
	}
	return bytes;
}

static void add_flow(const struct truth *truth, const struct traffic_call *accept, bool is_client,
		     struct truth_packets *out)
{
	struct truth_flow *flow = array_add(&out->flows, &out->flow_count);

	flow->call = accept;
	flow->version = accept->family == AF_INET6 ? 6 : 4;
	flow->is_client = is_client;
	flow->from = is_client ? accept->remote : accept->local;
	flow->to = is_client ? accept->local : accept->remote;
	flow->bytes = bytes_sent(truth, &flow->from, &flow->to);
}

void truth_packets(const struct truth *truth, struct truth_packets *out)
{
	*out = (struct truth_packets){ 0 };
	for (size_t i = 0; i < truth->count; i++) {
		const struct traffic_call *call = &truth->calls[i];

		if (call->what == TRAFFIC_SEND && call->result >= 0)
			add_send(truth, call, out);
		if (call->what == TRAFFIC_ACCEPT && call->result >= 0) {
			add_flow(truth, call, true, out);
			add_flow(truth, call, false, out);
		}
	}
}

void truth_packets_clear(struct truth_packets *packets)
{
	free(packets->packets);
	free(packets->flows);
	*packets = (struct truth_packets){ 0 };
}
