/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The child process that makes known traffic: nothing of the caller changes, neither its network
 * namespace nor its CPU affinity. It waits until it is told to run a step, and dies with its
 * parent.
 */
#ifndef NK_TRAFFIC_AGENT_H
#define NK_TRAFFIC_AGENT_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/diag.h"
#include "traffic/traffic.h"

/* A step, in the child. Returns 0 or -errno, which agent_result() hands on. */
struct agent_step {
	const char *name;
	int (*run)(struct traffic *traffic, void *context);
};

struct agent_options {
	const struct agent_step *steps; /* called by index */
	size_t step_count;
	void *context;	 /* of every step; what the parent is to see of it must be shared memory */
	bool pin_to_cpu; /* one CPU: loopback's receive side runs in the caller's context there */
	bool with_cable; /* a veth pair, see traffic_net_cable(); its lack is no error */
};

struct agent {
	pid_t pid;
	int fd;			 /* readable: a step is done; owned */
	struct traffic_log *log; /* of all calls so far; shared, owned */
	struct traffic_net net;	 /* as the child has it; its descriptors are not the parent's */
};

/* Starts the child and waits until its network is there. 0 or -errno with a diag. */
int agent_start(const struct agent_options *options, struct agent *agent, struct diags *diags);
/* Tells the child to run a step; do not wait for it. 0 or -errno. */
int agent_begin(struct agent *agent, size_t step);
/* 1: the step is done and *result is set; 0: not yet, within timeout_ms; -ECHILD: it died. */
int agent_result(struct agent *agent, int timeout_ms, int *result);
/* Both, with a limit of timeout_ms: what the step returned, -ECHILD, -ETIMEDOUT. */
int agent_run(struct agent *agent, size_t step, int timeout_ms);
/* Ends the child, whatever it does; waits for it. Idempotent. */
void agent_stop(struct agent *agent);

#endif
