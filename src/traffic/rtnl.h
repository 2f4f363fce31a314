/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The few requests of rtnetlink(7) that known traffic needs: links and addresses of the
 * network namespace of the caller. Every request waits for its acknowledgement.
 */
#ifndef NK_TRAFFIC_RTNL_H
#define NK_TRAFFIC_RTNL_H

#include <stdint.h>

struct rtnl_link {
	const char *kind; /* "dummy", "veth" ... */
	const char *name;
	const char *peer;  /* veth: name of the other end; else NULL */
	int peer_netns_fd; /* veth: where the other end goes; -1: here */
	uint32_t index;	   /* 0: the kernel chooses */
	uint32_t mtu;	   /* 0: the default */
};

/* All return 0 or -errno. -EOPNOTSUPP: the kernel does not have that kind. */
int rtnl_link_add(const struct rtnl_link *link);
int rtnl_link_up(uint32_t index);
/* Asks for nobody's address: packets leave at once, whether or not there is anybody. */
int rtnl_link_up_alone(uint32_t index);
int rtnl_link_set_mtu(uint32_t index, uint32_t mtu);
/* Asks for one link, which the kernel answers from the device itself. */
int rtnl_link_get(uint32_t index);
/* address: 4 or 16 bytes by family. IPv6 addresses are usable at once: no duplicate detection. */
int rtnl_address_add(uint32_t index, int family, const void *address, uint8_t prefix);

#endif
