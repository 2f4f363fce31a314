/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two UDP sockets, each bound to an end of its own.
 */
#ifndef NK_TRAFFIC_UDP_H
#define NK_TRAFFIC_UDP_H

#include "traffic/traffic.h"

struct traffic_udp {
	int left, right; /* descriptors, -1: closed */
	struct endpoint left_end, right_end;
};

struct traffic_udp_options {
	int family;
	unsigned int which; /* of the namespace's IPv6 addresses */
	bool over_cable;    /* left on side 0, right on side 1 */
	bool connect;	    /* left is connected to right */
};

/* 0 or -errno. */
int traffic_udp_open(struct traffic *traffic, const struct traffic_udp_options *options,
		     struct traffic_udp *udp);
/* One datagram from left to right, sent and received. 0 or -errno (-ETIMEDOUT). */
int traffic_udp_transfer(struct traffic *traffic, const struct traffic_udp *udp, size_t length);
/*
 * One datagram from left to a port that nobody listens to, which the kernel answers with an ICMP
 * error. 0 or -errno.
 */
int traffic_udp_unreachable(struct traffic *traffic, const struct traffic_udp *udp);
void traffic_udp_close(struct traffic *traffic, struct traffic_udp *udp);

#endif
