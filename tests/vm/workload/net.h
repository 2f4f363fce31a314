/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One run: where its traffic goes, its random numbers, and the kernel's own counters. A side is one
 * end of the way: on lo both are the same namespace and device.
 */
#ifndef NK_WORKLOAD_NET_H
#define NK_WORKLOAD_NET_H

#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

enum side { NEAR, FAR, SIDES };

struct place {
	int netns; /* of the side; -1: the workload's own */
	char device[IFNAMSIZ];
	struct in_addr in;
	struct in6_addr in6;
};

struct run {
	int out; /* O_APPEND */
	uint64_t random;
	bool is_lo;
	const char *device; /* lo, veth, virtio */
	struct place places[SIDES];
	const char *scenario;
	int next_sock;
};

uint64_t run_random(struct run *run);
/* An odd number in [low, high]. */
size_t run_odd(struct run *run, size_t low, size_t high);
/* Sides that share a namespace and devices that have addresses already are told by their names. */
int net_open(struct run *run, const char *near_device, const char *far_device, const char *peer);
/* Gives the sides their addresses of this run. */
int net_configure(struct run *run);
/* Runs the calling thread in the namespace of side; net_leave() brings it back to that of NEAR. */
void net_enter(const struct run *run, enum side side);
void net_leave(const struct run *run);

/* An address of side: on lo a random one of 127/8 or the side's own IPv6 one. */
void net_address(struct run *run, enum side side, int family, uint16_t port,
		 struct sockaddr_storage *address);
void net_wildcard(int family, uint16_t port, struct sockaddr_storage *address);
/* One that nobody has: of TEST-NET-1, or 2001:db8::/32. */
void net_foreign(int family, uint16_t port, struct sockaddr_storage *address);
uint16_t net_port(struct run *run);
socklen_t net_length(const struct sockaddr_storage *address);

/*
 * Waits, for at most two seconds, until the counters of both sides stand still, and writes a line
 * with all of them and a time at which they stood still: what a kernel counts later has happened
 * later.
 */
void net_counters(struct run *run, const char *phase);

#endif
