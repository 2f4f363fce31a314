/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bytes from the network header on in, members out: RFC 791 and 8200 with options, fragments and
 * extension headers, RFC 9293, 768, 9260, 792 and 4443. It holds: a member is set only where all of
 * its bytes are there, and ports, flags and types only of a packet's first fragment.
 */
#include "decode/packet.h"

#include <linux/if_ether.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>

/* Of IPv6: not every libc has all of them. */
enum { NEXT_HOP = 0, NEXT_ROUTING = 43, NEXT_FRAGMENT = 44, NEXT_AH = 51, NEXT_OPTIONS = 60 };
enum { PROTO_DCCP = 33, PROTO_SCTP = 132, PROTO_UDPLITE = 136 };

#define EXTENSION_HEADERS_MAX 8

static uint32_t be16(const unsigned char *at)
{
	return (uint32_t)at[0] << 8 | at[1];
}

static uint32_t be32(const unsigned char *at)
{
	return be16(at) << 16 | be16(at + 2);
}

static void set(struct packet *packet, enum packet_member member, uint32_t number)
{
	packet->members |= 1U << member;
	packet->numbers[member] = number;
}

static void set_proto(struct packet *packet, uint32_t proto)
{
	set(packet, PACKET_PROTO, proto);
	set(packet, PACKET_L4PROTO, proto);
}

static void set_addresses(struct packet *packet, const unsigned char *source,
			  const unsigned char *destination)
{
	packet->addresses[PACKET_SADDR] = source;
	packet->addresses[PACKET_DADDR] = destination;
	packet->members |= 1U << PACKET_SADDR | 1U << PACKET_DADDR;
}

static void parse_tcp(struct packet *packet, const unsigned char *at, size_t length)
{
	if (length >= 8)
		set(packet, PACKET_SEQ, be32(at + 4));
	if (length >= 12)
		set(packet, PACKET_ACK, be32(at + 8));
	if (length >= 14)
		set(packet, PACKET_FLAGS, at[13]);
}

static void parse_transport(struct packet *packet, uint32_t proto, const unsigned char *at,
			    size_t length)
{
	switch (proto) {
	case IPPROTO_TCP:
	case IPPROTO_UDP:
	case PROTO_UDPLITE:
	case PROTO_DCCP:
	case PROTO_SCTP:
		if (length >= 2)
			set(packet, PACKET_SPORT, be16(at));
		if (length >= 4)
			set(packet, PACKET_DPORT, be16(at + 2));
		if (proto == IPPROTO_TCP)
			parse_tcp(packet, at, length);
		break;
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		if (length >= 1)
			set(packet, PACKET_TYPE, at[0]);
		if (length >= 2)
			set(packet, PACKET_CODE, at[1]);
		break;
	default:
		break;
	}
}

static void parse_ip4(struct packet *packet, const unsigned char *bytes, size_t length)
{
	size_t header = (size_t)(bytes[0] & 15) * 4;

	if (header < 20 || length < 20)
		return;
	packet->family = AF_INET;
	set_addresses(packet, bytes + 12, bytes + 16);
	set_proto(packet, bytes[9]);
	set(packet, PACKET_TTL, bytes[8]);
	set(packet, PACKET_ID, be16(bytes + 4));
	/* 0 in a packet that a device will cut up (BIG TCP): the header does not say. */
	if (be16(bytes + 2) != 0)
		set(packet, PACKET_LEN, be16(bytes + 2));
	if ((be16(bytes + 6) & 0x1fff) == 0 && length > header)
		parse_transport(packet, bytes[9], bytes + header, length - header);
}

/* The length of an extension header, or 0 where what comes next is none. */
static size_t extension_length(uint32_t next, const unsigned char *at)
{
	switch (next) {
	case NEXT_HOP:
	case NEXT_ROUTING:
	case NEXT_OPTIONS:
		return ((size_t)at[1] + 1) * 8;
	case NEXT_FRAGMENT:
		return 8;
	case NEXT_AH:
		return ((size_t)at[1] + 2) * 4;
	default:
		return 0;
	}
}

static void parse_payload6(struct packet *packet, uint32_t next, const unsigned char *at,
			   size_t length)
{
	for (int i = 0; i < EXTENSION_HEADERS_MAX; i++) {
		size_t size = 0;

		/* Whether it is an extension header is known without its bytes; its length is not.
		 */
		if (extension_length(next, (const unsigned char[2]){ 0 }) > 0) {
			if (length < 8)
				return;
			size = extension_length(next, at);
		}
		if (size == 0) {
			set_proto(packet, next);
			parse_transport(packet, next, at, length);
			return;
		}
		if (next == NEXT_FRAGMENT && (be16(at + 2) & 0xfff8) != 0) {
			if (extension_length(at[0], (const unsigned char[2]){ 0 }) == 0)
				set_proto(packet, at[0]);
			return;
		}
		if (size > length)
			return;
		next = at[0];
		at += size;
		length -= size;
	}
}

static void parse_ip6(struct packet *packet, const unsigned char *bytes, size_t length)
{
	if (length < 40)
		return;
	packet->family = AF_INET6;
	set_addresses(packet, bytes + 8, bytes + 24);
	set(packet, PACKET_TTL, bytes[7]);
	/* 0: a jumbogram, whose length is in an option. */
	if (be16(bytes + 4) != 0)
		set(packet, PACKET_LEN, be16(bytes + 4) + 40);
	parse_payload6(packet, bytes[6], bytes + 40, length - 40);
}

/* A VLAN tag, an MPLS label or whatever else a frame carries may begin with a 4 or a 6, too. */
static bool may_be(uint16_t ethertype, uint16_t wanted)
{
	return ethertype == wanted || ethertype == 0 || ethertype == ETH_P_ALL;
}

void packet_parse(struct packet *packet, uint16_t ethertype, const unsigned char *bytes,
		  size_t length)
{
	packet->members = 0;
	packet->family = 0;
	if (length < 1)
		return;
	if (bytes[0] >> 4 == 4 && may_be(ethertype, ETH_P_IP))
		parse_ip4(packet, bytes, length);
	else if (bytes[0] >> 4 == 6 && may_be(ethertype, ETH_P_IPV6))
		parse_ip6(packet, bytes, length);
}
