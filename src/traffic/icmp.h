/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pings: echo requests by raw and by ping sockets (icmp(7)), and their replies.
 */
#ifndef NK_TRAFFIC_ICMP_H
#define NK_TRAFFIC_ICMP_H

#include "traffic/traffic.h"

/*
 * SOCK_RAW or SOCK_DGRAM (a ping socket; the namespace is made to allow those). The
 * descriptor, or -errno.
 */
int traffic_ping_open(struct traffic *traffic, int family, int type);
/* One echo request of length bytes behind its header, and its reply. 0 or -errno (-ETIMEDOUT). */
int traffic_ping(struct traffic *traffic, int fd, const struct endpoint *to, uint16_t sequence,
		 size_t length);

#endif
