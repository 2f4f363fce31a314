/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Counts in, one line of standard error out.
 */
#include "cmd/progress.h"

#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
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
	/* The flags of the description that the shell gave are everybody's who has it. */
	int fd = open("/proc/self/fd/2", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	*progress = (struct progress){ .every_ms = every_ms,
				       .fd = fd < 0 ? STDERR_FILENO : fd,
				       .shown_ms = now_ms() };
}

/* What does not go is left out: who waits here leaves the ring buffers to overflow. */
static void put(const struct progress *progress, const char *text)
{
	struct pollfd ready = { .fd = progress->fd, .events = POLLOUT };

	if (poll(&ready, 1, 0) == 1 && (ready.revents & POLLOUT) &&
	    write(progress->fd, text, strlen(text)) < 0)
		return;
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
	char line[160];

	snprintf(line, sizeof(line),
		 ERASE_LINE "%" PRIu64 " events, %" PRIu64 "/s, %" PRIu64 ".%" PRIu64
			    " MiB, %" PRIu64 " lost",
		 events, came * 1000 / (uint64_t)(now - progress->shown_ms), bytes >> 20,
		 (bytes & 0xfffff) * 10 >> 20, counts->lost);
	put(progress, line);
	progress->shown_ms = now;
	progress->shown_events = events;
}

void progress_end(struct progress *progress)
{
	if (!progress->every_ms)
		return;
	put(progress, ERASE_LINE);
	if (progress->fd != STDERR_FILENO)
		close(progress->fd);
	progress->every_ms = 0;
}
