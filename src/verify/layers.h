/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Probes that see packets, as data: which packets each sees, and what it shows of one.
 */
#ifndef NK_VERIFY_LAYERS_H
#define NK_VERIFY_LAYERS_H

#include "verify/rules.h"

enum verify_direction { DIRECTION_NONE, DIRECTION_OUT, DIRECTION_IN };

struct verify_layer {
	const char *probe;
	bool sees_ip4, sees_ip6, sees_frames;
	bool is_tcp_only;
	bool is_icmp_only;
	bool is_link;	/* proto is the ethertype */
	bool is_socket; /* ends are laddr, raddr: of the sending socket */
	bool has_flags;
	enum verify_direction device;	/* which of a veth pair's ends dev is */
	int64_t header;			/* of len, in front of the IP header */
	bool is_transport;		/* len begins at the TCP header */
	uint8_t client_min, server_min; /* packets of a connection, at least */
	bool misses_syn_ack;		/* which is made without a socket */
};

/* NULL: not a probe of packets. */
const struct verify_layer *verify_layer_find(const char *probe);
void verify_layer_apply(const struct verify_layer *layer, const struct truth *truth,
			struct wants *wants);

#endif
