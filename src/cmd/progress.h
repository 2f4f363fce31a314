/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One line on a terminal, written over again a few times a second, and erased at the end. Nobody
 * waits for the terminal: while it takes nothing (Ctrl-S, a stalled connection) nothing is shown.
 */
#ifndef NK_CMD_PROGRESS_H
#define NK_CMD_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "cmd/meter.h"

struct progress {
	int every_ms; /* 0: nothing is shown */
	int fd;	      /* standard error, or another description of the same that does not block */
	int64_t shown_ms;
	uint64_t shown_events;
};

/* Whether standard error is a terminal that can erase a line. */
bool progress_is_wanted(void);
/* Before the process gives up to open files. */
void progress_begin(struct progress *progress, int every_ms);
bool progress_is_due(const struct progress *progress);
/* Where it is due. */
void progress_show(struct progress *progress, const struct meter_counts *counts, uint64_t bytes);
void progress_end(struct progress *progress);

#endif
