/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * In: the name of a trace clock. Out: how far wall-clock time is from it.
 */
#include "session/clock.h"

#include <stddef.h>
#include <string.h>
#include <time.h>

#define TRIES 8

static const struct {
	const char *name;
	clockid_t id;
} clocks[] = {
	{ "mono", CLOCK_MONOTONIC },
	{ "mono_raw", CLOCK_MONOTONIC_RAW },
	{ "boot", CLOCK_BOOTTIME },
	{ "tai", CLOCK_TAI },
};

static int64_t now(clockid_t id)
{
	struct timespec time;

	clock_gettime(id, &time);
	return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

/* The narrowest of some readings: one that was interrupted in between would be off by as much. */
static int64_t measure(clockid_t id)
{
	int64_t best = INT64_MAX;
	int64_t offset = 0;

	for (int i = 0; i < TRIES; i++) {
		int64_t before = now(id);
		int64_t wall = now(CLOCK_REALTIME);
		int64_t after = now(id);

		if (after - before < best) {
			best = after - before;
			offset = wall - (before + (after - before) / 2);
		}
	}
	return offset;
}

bool clock_wall_offset(const char *trace_clock, int64_t *offset_ns)
{
	for (size_t i = 0; i < sizeof(clocks) / sizeof(*clocks); i++) {
		if (strcmp(clocks[i].name, trace_clock) != 0)
			continue;
		*offset_ns = measure(clocks[i].id);
		return true;
	}
	return false;
}
