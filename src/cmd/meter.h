/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How many events a session has seen so far, without decoding: the kernel's own counts, per_cpu/
 * cpuN/stats of its instances. Opened while they may be; to be read without any right.
 */
#ifndef NK_CMD_METER_H
#define NK_CMD_METER_H

#include <stddef.h>
#include <stdint.h>

#include "base/diag.h"
#include "session/session.h"

struct meter {
	int *fds; /* one a CPU and instance */
	size_t count;
};

struct meter_counts {
	uint64_t read;	  /* by a reader */
	uint64_t waiting; /* in the ring buffers */
	uint64_t lost;
};

/* 0 or -errno; meter_close() is due either way. */
int meter_open(struct meter *meter, const struct session *session, struct diags *diags);
void meter_read(const struct meter *meter, struct meter_counts *counts);
void meter_close(struct meter *meter);

#endif
