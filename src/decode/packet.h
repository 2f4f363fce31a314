/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The members of an IPv4 or IPv6 packet, from the first bytes of it. What lies beyond those bytes
 * is not known and said so; nothing outside of them is read.
 */
#ifndef NK_DECODE_PACKET_H
#define NK_DECODE_PACKET_H

#include <stddef.h>
#include <stdint.h>

#include "probes/type.h"

struct packet {
	uint32_t members;		   /* 1 << enum packet_member, of those that are known */
	uint8_t family;			   /* AF_INET, AF_INET6; 0: no IP packet */
	const unsigned char *addresses[2]; /* saddr, daddr; 4 or 16 bytes in the packet */
	uint32_t numbers[PACKET_MEMBER_COUNT]; /* host order */
};

/*
 * bytes begin with the network header. ethertype: what the sk_buff says that it is; 0, and
 * ETH_P_ALL of senders that leave it open: the header alone tells.
 */
void packet_parse(struct packet *packet, uint16_t ethertype, const unsigned char *bytes,
		  size_t length);

#endif
