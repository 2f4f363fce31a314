/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Counts in, one line of standard error out.
 */
#include "cmd/progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define ERASE_LINE "\r\033[K"

static int64_t now_ms(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

bool progress_is_wanted(void)
{
	const char *terminal = getenv("TERM");

	return isatty(STDERR_FILENO) && terminal && strcmp(terminal, "dumb") != 0;
}

void progress_begin(struct progress *progress, int every_ms)
{
	*progress = (struct progress){ .every_ms = every_ms, .shown_ms = now_ms() };
}

bool progress_is_due(const struct progress *progress)
{
	return progress->every_ms && now_ms() - progress->shown_ms >= progress->every_ms;
}

void progress_show(struct progress *progress, const struct meter_counts *counts, uint64_t bytes)
{
	int64_t now = now_ms();

	if (!progress_is_due(progress) || now <= progress->shown_ms)
		return;

	uint64_t events = counts->read + counts->waiting;
	uint64_t came = events - progress->shown_events;

	fprintf(stderr,
		ERASE_LINE "%" PRIu64 " events, %" PRIu64 "/s, %" PRIu64 ".%" PRIu64
			   " MiB, %" PRIu64 " lost",
		events, came * 1000 / (uint64_t)(now - progress->shown_ms), bytes >> 20,
		(bytes & 0xfffff) * 10 >> 20, counts->lost);
	fflush(stderr);
	progress->shown_ms = now;
	progress->shown_events = events;
}

void progress_end(struct progress *progress)
{
	if (!progress->every_ms)
		return;
	fputs(ERASE_LINE, stderr);
	fflush(stderr);
	progress->every_ms = 0;
}
