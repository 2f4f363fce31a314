/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the child does while the parent dumps the kernel's objects: steps of known traffic, each of
 * which adds samples. A step may be run again where too little came of it; it goes on with random
 * values of its own every time. What the kernel or the administrator forbids is left out.
 */
#ifndef NK_CALIBRATE_STEPS_H
#define NK_CALIBRATE_STEPS_H

#include <stdint.h>

#include "calibrate/fact.h"
#include "traffic/agent.h"
#include "traffic/tcp.h"

enum { STEP_DEVICES_MAX = 4, STEP_LOSSES = 4 };

struct step_device {
	char name[16];
	uint32_t index, mtu;
};

/* The context of the steps; samples is shared, the rest is the child's own. */
struct step_context {
	struct samples *samples;
	struct step_device devices[STEP_DEVICES_MAX]; /* made by STEP_DEVICES */
	size_t device_count;
	struct traffic_tcp losses[STEP_LOSSES]; /* made by STEP_TCP_LOSE */
	uint32_t retransmissions;		/* of the last one of them, when it was last seen */
	struct in_addr routed; /* an address that is reached by devices[0]; 0: none */
};

enum step {
	STEP_TCP_ENDS,	   /* connections in all states: addresses, ports, states */
	STEP_TCP_COUNTERS, /* transfers: what struct tcp_info counts */
	STEP_TCP_SEQUENCE, /* data held back, in flight, acknowledged, lost */
	STEP_TCP_LOSE,	   /* connections that have lost something */
	STEP_TCP_LOST,	   /* what they have retransmitted since */
	STEP_LISTEN,	   /* backlogs */
	STEP_MESSAGES,	   /* UDP messages with and without a name */
	STEP_DEVICES,	   /* devices with chosen names, numbers and MTUs */
	STEP_SOCKETS,	   /* sockets of all kinds with chosen options, in both namespaces */
	STEP_DATAGRAMS,	   /* UDP packets on their way in and out */
	STEP_SEGMENTS,	   /* TCP packets */
	STEP_FRAMES,	   /* packets to chosen MAC addresses */
	STEP_PROOF,	   /* a little of everything, for the last check */
	STEP_COUNT
};

extern const struct agent_step calibrate_steps[STEP_COUNT];

#endif
