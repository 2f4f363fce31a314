/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How many events a session has seen so far, without decoding: the kernel's own counts, per_cpu/
 * cpuN/stats of its instances. Opened while they may be; to be read without any right.
 */
#ifndef NK_CMD_METER_H
#define NK_CMD_METER_H

#include <stddef.h>
#include <stdint.h>

#include "session/session.h"

struct meter {
	int *fds; /* -1: that CPU's cannot be had, and counts nothing */
	size_t count;
};

struct meter_counts {
	uint64_t read;	  /* by a reader */
	uint64_t waiting; /* in the ring buffers */
	uint64_t lost;
};

void meter_open(struct meter *meter, const struct session *session);
void meter_read(const struct meter *meter, struct meter_counts *counts);
void meter_close(struct meter *meter);

#endif
