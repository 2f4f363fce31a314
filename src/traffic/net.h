/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where known traffic flows: network namespaces of its own, so that it meets no other and the
 * kernel's counters of the namespace count it alone; where the kernel has no namespaces (or does
 * not allow them), random 127/8 addresses on the host's loopback. For use in a process of its own
 * (traffic/agent.h): the caller's namespace is changed.
 */
#ifndef NK_TRAFFIC_NET_H
#define NK_TRAFFIC_NET_H

#include <stdbool.h>
#include <stdint.h>

#include "traffic/endpoint.h"

enum { TRAFFIC_NET_IP6_ADDRESSES = 6, TRAFFIC_NET_SIDES = 2 };

struct traffic_net {
	bool is_private; /* false: the host's loopback */
	bool has_ip6;
	bool has_cable; /* a veth pair between side 0 and side 1, 10.x/30 and fd..::/64 */
	struct in6_addr ip6[TRAFFIC_NET_IP6_ADDRESSES]; /* of lo: random ones, or ::1 */
	int netns_fd[TRAFFIC_NET_SIDES]; /* /proc/self/ns/net of the sides; -1: there is none */
	uint64_t netns_inode[TRAFFIC_NET_SIDES]; /* what "net:[N]" says; 0 unknown */
	struct in_addr cable_ip4[TRAFFIC_NET_SIDES];
	struct in6_addr cable_ip6[TRAFFIC_NET_SIDES];
	uint32_t cable_index[TRAFFIC_NET_SIDES];
};

/*
 * Has the kernel load what it has of unix, IPv6 and packet sockets as modules: a function that is
 * not loaded cannot be found, nor attached to.
 */
void traffic_net_load_families(void);

/*
 * Makes two namespaces, lo up in both, and enters the first. A lack of namespaces is no error: see
 * is_private. 0 or -errno.
 */
int traffic_net_open(struct traffic_net *net);
/* A veth pair between the two sides. -EOPNOTSUPP where the kernel has none, or no namespaces. */
int traffic_net_cable(struct traffic_net *net);
/* Goes on in the namespace of a side. No-op where there are none. 0 or -errno. */
int traffic_net_enter(const struct traffic_net *net, unsigned int side);
void traffic_net_close(struct traffic_net *net);

/*
 * A random end on loopback; successive IPv6 ones have different addresses. family AF_INET or
 * AF_INET6 (has_ip6 must be true).
 */
void traffic_net_end(const struct traffic_net *net, int family, unsigned int which,
		     struct endpoint *end);
/* An end on a side's end of the cable. */
void traffic_net_cable_end(const struct traffic_net *net, int family, unsigned int side,
			   struct endpoint *end);

#endif
