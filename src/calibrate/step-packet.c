/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packets whose headers are known byte by byte, so that a pointer to one can be told from every
 * other pointer in an object.
 */
#include "calibrate/step-packet.h"

#include <errno.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/udp.h>
#include <stddef.h>

#include "traffic/local.h"
#include "traffic/tcp.h"
#include "traffic/udp.h"

enum {
	LOOPBACK_INDEX = 1,
	DATAGRAMS = 8,
	ROUTED = 3,
	SEGMENTS = 4,
	MESSAGES = 4,
	FRAMES = 8,
	ARRIVAL_MS = 1000
};

static void append(struct fact_pattern *pattern, const void *bytes, size_t length)
{
	if (pattern->length + length > FACT_PATTERN_MAX)
		length = (size_t)(FACT_PATTERN_MAX - pattern->length);
	memcpy(pattern->bytes + pattern->length, bytes, length);
	pattern->length = (uint8_t)(pattern->length + length);
}

/* Addresses and ports, as far as they fit in AREA_STRIDE bytes from the start of the IP header. */
static void set_network_pattern(struct facts *facts, const struct endpoint *from,
				const struct endpoint *to)
{
	struct fact_pattern *pattern = &facts->network;
	bool is_ip6 = from->any.sa_family == AF_INET6;

	*pattern = (struct fact_pattern){ .at = is_ip6 ? offsetof(struct ipv6hdr, saddr)
						       : offsetof(struct iphdr, saddr) };
	if (is_ip6) {
		append(pattern, &from->in6.sin6_addr, 16);
		append(pattern, &to->in6.sin6_addr, 8);
		return;
	}
	append(pattern, &from->in.sin_addr, 4);
	append(pattern, &to->in.sin_addr, 4);
	append(pattern, &from->in.sin_port, 2);
	append(pattern, &to->in.sin_port, 2);
}

static void set_packet(struct facts *facts, const struct endpoint *from, const struct endpoint *to)
{
	bool is_ip6 = from->any.sa_family == AF_INET6;
	uint16_t source = htons(endpoint_port(from)), destination = htons(endpoint_port(to));

	fact_set(facts, FACT_ETHERTYPE, htons(is_ip6 ? ETH_P_IPV6 : ETH_P_IP));
	fact_set(facts, FACT_NETWORK_SIZE, is_ip6 ? sizeof(struct ipv6hdr) : sizeof(struct iphdr));
	set_network_pattern(facts, from, to);
	facts->transport = (struct fact_pattern){ 0 };
	append(&facts->transport, &source, sizeof(source));
	append(&facts->transport, &destination, sizeof(destination));
}

static void set_datagram(struct facts *facts, const struct endpoint *from,
			 const struct endpoint *to, size_t length)
{
	uint16_t udp_length = htons((uint16_t)(length + sizeof(struct udphdr)));

	set_packet(facts, from, to);
	append(&facts->transport, &udp_length, sizeof(udp_length));
	fact_set(facts, FACT_PACKET_LENGTH,
		 length + sizeof(struct udphdr) + facts->number[FACT_NETWORK_SIZE]);
}

/*
 * Without a checksum csum_start is not set, which else is the same as transport_header.
 */
static void choose_options(int fd, bool has_checksum, struct facts *facts)
{
	uint32_t mark = endpoint_random_number(1, UINT32_MAX);
	const int on = 1;

	if (!setsockopt(fd, SOL_SOCKET, SO_MARK, &mark, sizeof(mark)))
		fact_set(facts, FACT_MARK, mark);
	if (!has_checksum)
		setsockopt(fd, SOL_SOCKET, SO_NO_CHECK, &on, sizeof(on));
}

static int one_datagram(struct traffic *traffic, struct step_context *context, int family,
			unsigned int which, unsigned int side)
{
	const struct traffic_udp_options options = { .family = family, .which = which };
	size_t length = endpoint_random_number(100, 1300);
	struct facts facts = { 0 };
	struct traffic_udp udp;
	int err = traffic_net_enter(&traffic->net, side);

	if (!err)
		err = traffic_udp_open(traffic, &options, &udp);
	if (err)
		return err;
	choose_options(udp.left, which % 4 < 2, &facts);
	set_datagram(&facts, &udp.left_end, &udp.right_end, length);
	fact_set(&facts, FACT_ROUTE_INDEX, LOOPBACK_INDEX);
	fact_set(&facts, FACT_SIDE, side);
	struct sample *sample = sample_begin(context->samples);
	traffic_send(traffic, udp.left, length, 0, &udp.right_end);
	traffic_wait_readable(udp.right, ARRIVAL_MS);
	sample_end(sample);
	sample->facts = facts;
	traffic_udp_close(traffic, &udp);
	return 0;
}

/* To an address behind the device that was made; nobody is there, and nobody needs to be. */
static void one_routed(struct traffic *traffic, struct step_context *context)
{
	size_t length = endpoint_random_number(100, 1000);
	uint32_t near = context->routed.s_addr ^ htonl(3);
	struct facts facts = { 0 };
	struct endpoint from, to;
	int fd = traffic_open(traffic, AF_INET, SOCK_DGRAM, 0);

	if (fd < 0)
		return;
	endpoint_random_port(&from, AF_INET, &near);
	endpoint_random_port(&to, AF_INET, &context->routed);
	choose_options(fd, true, &facts);
	set_datagram(&facts, &from, &to, length);
	fact_set(&facts, FACT_ROUTE_INDEX, context->devices[0].index);
	fact_set(&facts, FACT_SIDE, 0);
	if (!traffic_bind(traffic, fd, &from)) {
		struct sample *sample = sample_begin(context->samples);

		traffic_send(traffic, fd, length, 0, &to);
		sample_end(sample);
		sample->facts = facts;
	}
	traffic_close(traffic, fd);
}

int step_datagrams(struct traffic *traffic, void *context)
{
	struct step_context *steps = context;
	unsigned int sides = traffic->net.is_private ? TRAFFIC_NET_SIDES : 1;
	int err = 0;

	/* Each family on each side, so that loopback is another device. */
	for (unsigned int i = 0; i < DATAGRAMS && !err; i++) {
		bool is_ip6 = i % 2 && traffic->net.has_ip6;

		err = one_datagram(traffic, context, is_ip6 ? AF_INET6 : AF_INET, i, i / 4 % sides);
	}
	if (!err)
		err = traffic_net_enter(&traffic->net, 0);
	for (unsigned int i = 0; i < ROUTED && steps->routed.s_addr && !err; i++)
		one_routed(traffic, context);
	return err;
}

int step_datagram_proof(struct traffic *traffic, void *context)
{
	struct step_context *steps = context;
	int err = one_datagram(traffic, context, AF_INET, 2, 0);

	if (!err && steps->routed.s_addr)
		one_routed(traffic, context);
	return err;
}

/* TCP's headroom is another than UDP's, so positions differ that are else equal. */
int step_segments(struct traffic *traffic, void *context)
{
	struct step_context *steps = context;
	int err = traffic_net_enter(&traffic->net, 0);

	for (unsigned int i = 0; i < SEGMENTS && !err; i++) {
		const struct traffic_tcp_options options = { .family = AF_INET,
							     .which = i,
							     .ends_by_reset = true };
		struct traffic_tcp tcp;

		err = traffic_tcp_open(traffic, &options, &tcp);
		if (err)
			break;
		struct sample *sample = sample_begin(steps->samples);
		traffic_send(traffic, tcp.client, endpoint_random_number(100, 900), 0, NULL);
		traffic_wait_readable(tcp.server, ARRIVAL_MS);
		sample_end(sample);
		set_packet(&sample->facts, &tcp.client_end, &tcp.server_end);
		traffic_tcp_close(traffic, &tcp);
	}
	return err;
}

static int send_frames(struct traffic *traffic, struct step_context *steps, unsigned int count)
{
	/* include/uapi/linux/if_packet.h; the broadcast address of loopback is its own, all zero.
	 */
	static const struct {
		uint8_t destination[6];
		uint8_t type;
	} frames[] = {
		{ { 0 }, 0 },
		{ { 2, 0x11, 0x22, 0x33, 0x44, 0x55 }, 3 },
		{ { 255, 255, 255, 255, 255, 255 }, 2 },
		{ { 1, 0, 0x5e, 1, 2, 3 }, 2 },
	};
	int err = traffic_net_enter(&traffic->net, 0);
	int fd = err ? err : traffic_packet_open(traffic);

	if (fd < 0)
		return fd;
	for (unsigned int i = 0; i < count; i++) {
		unsigned int frame = i * 3 % 4;
		uint32_t id = endpoint_random_number(0x10101, 0xfefefe);
		uint32_t source = traffic_packet_source(id), destination = htonl(INADDR_LOOPBACK);
		struct sample *sample = sample_begin(steps->samples);

		err = traffic_packet_send(traffic, fd, frames[frame].destination, id);
		sample_end(sample);
		if (err)
			break;
		fact_set(&sample->facts, FACT_PACKET_TYPE, frames[frame].type);
		sample->facts.network.at = offsetof(struct iphdr, saddr);
		append(&sample->facts.network, &source, sizeof(source));
		append(&sample->facts.network, &destination, sizeof(destination));
	}
	traffic_close(traffic, fd);
	return err;
}

int step_frames(struct traffic *traffic, void *context)
{
	return send_frames(traffic, context, FRAMES);
}

int step_frame_proof(struct traffic *traffic, void *context)
{
	return send_frames(traffic, context, 2);
}

static int one_message(struct traffic *traffic, struct step_context *context, bool is_connected,
		       unsigned int which)
{
	const struct traffic_udp_options options = { .family = AF_INET,
						     .which = which,
						     .connect = is_connected };
	size_t length = endpoint_random_number(200, 1200);
	struct traffic_udp udp;
	int err = traffic_udp_open(traffic, &options, &udp);

	if (err)
		return err;
	const struct endpoint *to = is_connected ? NULL : &udp.right_end;
	struct sample *sample = sample_begin(context->samples);
	traffic_send(traffic, udp.left, length, 0, to);
	sample_end(sample);
	fact_set(&sample->facts, FACT_MESSAGE_LENGTH, length);
	fact_set(&sample->facts, FACT_NAME_LENGTH, to ? to->length : 0);
	if (to)
		append(&sample->facts.name, &to->any, to->length);
	traffic_udp_close(traffic, &udp);
	return 0;
}

int step_messages(struct traffic *traffic, void *context)
{
	int err = traffic_net_enter(&traffic->net, 0);

	for (unsigned int i = 0; i < MESSAGES && !err; i++) {
		err = one_message(traffic, context, false, i);
		if (!err && i % 2)
			err = one_message(traffic, context, true, i);
	}
	return err;
}

int step_message_proof(struct traffic *traffic, void *context)
{
	int err = traffic_net_enter(&traffic->net, 0);

	return err ? err : one_message(traffic, context, false, 0);
}
