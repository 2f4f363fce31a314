/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What traffic verify makes: steps of a traffic/agent.h, each small, with its calls noted.
 */
#ifndef NK_VERIFY_STEPS_H
#define NK_VERIFY_STEPS_H

#include <stdbool.h>
#include <stddef.h>

#include "traffic/agent.h"

struct verify_step {
	const char *name;
	int family; /* of all of its packets; 0: several, or none */
	bool needs_ip6;
	bool needs_cable; /* flows over the veth pair, else over loopback */
	bool is_counted;  /* the kernel's counters count each packet of it once, and nothing else */
	int (*run)(struct traffic *traffic);
};

extern const struct verify_step verify_steps[];
extern const size_t verify_step_count;

/* Which step the child runs next; in memory that it shares with its parent. */
struct verify_order {
	size_t step;
};

/* The one step of the agent; its context is a struct verify_order. */
extern const struct agent_step verify_agent_step;

/* Whether this network allows it. */
bool verify_step_is_possible(const struct verify_step *step, const struct traffic_net *net);

/* Of the raw IP packets and of the frames. */
enum { VERIFY_RAW_PROTOCOL = 253, VERIFY_ETHERTYPE = 0x88b5 };

#endif
