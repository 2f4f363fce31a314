/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The text of a time in, whether records come before it out. It holds: a time of day becomes one of
 * the trace clock once, by the day of the record asked about first.
 */
#include "cmd/span.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SECOND	 1000000000ULL
#define HALF_DAY (12 * 3600 * SECOND)

/* ".5" and the like; false where there is more than digits, or more than nine. */
static bool read_fraction(const char *text, uint64_t *ns)
{
	uint64_t unit = SECOND / 10;

	*ns = 0;
	if (*text == '\0')
		return true;
	if (*text++ != '.')
		return false;
	for (; *text >= '0' && *text <= '9' && unit > 0; text++, unit /= 10)
		*ns += (uint64_t)(*text - '0') * unit;
	return *text == '\0';
}

static bool read_time(const char *text, struct span *span)
{
	unsigned int hour, minute, second;
	uint64_t fraction;
	int length = 0;

	if (sscanf(text, "%2u:%2u:%2u%n", &hour, &minute, &second, &length) == 3 && length > 0) {
		span->is_time_of_day = true;
		span->ns = ((hour * 60ULL + minute) * 60 + second) * SECOND;
		if (hour > 23 || minute > 59 || second > 60)
			return false;
	} else {
		char *end;

		errno = 0;
		span->ns = strtoull(text, &end, 10) * SECOND;
		length = (int)(end - text);
		if (length == 0 || errno || *text < '0' || *text > '9' ||
		    span->ns / SECOND > UINT64_MAX / SECOND / 2)
			return false;
	}
	if (!read_fraction(text + length, &fraction))
		return false;
	span->ns += fraction;
	return true;
}

static bool read_count(const char *text, struct span *span)
{
	char *end;

	errno = 0;
	span->ns = strtoull(text, &end, 10);
	return *text >= '0' && *text <= '9' && !*end && !errno;
}

int span_parse(const char *text, const struct output_options *options, struct span *span,
	       struct diags *diags)
{
	bool is_shown = options->style == OUTPUT_TRACE_CMD;
	bool is_count = is_shown ? options->clock->is_bare : options->clock->is_count;
	struct span read = { .is_given = true, .is_shown = is_shown };

	if (!text)
		return 0;
	if (is_count && !read_count(text, &read))
		return diag_error(diags, ENOTSUP,
				  "the recording's trace clock counts no seconds: '%s' has to be a "
				  "number as it has them",
				  text);
	if (is_count) {
		*span = read;
		return 0;
	}
	if (!read_time(text, &read))
		return diag_error(diags, EINVAL,
				  "'%s' is no time: HH:MM:SS[.N], or seconds of the trace clock",
				  text);
	if (read.is_time_of_day && !options->has_wall_clock)
		return diag_error(diags, ENOTSUP,
				  "the recording has no times of day: '%s' has to be seconds of "
				  "its trace clock",
				  text);
	*span = read;
	return 0;
}

static void make_absolute(struct span *span, uint64_t wall_offset, uint64_t first)
{
	time_t time = (time_t)((first + wall_offset) / SECOND);
	struct tm day = { 0 };
	uint64_t seconds = span->ns / SECOND, ns = span->ns % SECOND;

	localtime_r(&time, &day);
	day.tm_hour = (int)(seconds / 3600);
	day.tm_min = (int)(seconds / 60 % 60);
	day.tm_sec = (int)(seconds % 60);
	day.tm_isdst = -1;

	uint64_t wall = (uint64_t)mktime(&day) * SECOND + ns;

	if (wall + HALF_DAY < first + wall_offset) {
		day.tm_mday++;
		day.tm_isdst = -1;
		wall = (uint64_t)mktime(&day) * SECOND + ns;
	}
	span->is_time_of_day = span->is_shown = false;
	span->ns = wall > wall_offset ? wall - wall_offset : 0;
}

/* To the microsecond, where it is seconds. */
static uint64_t shown(const struct dat_clock *clock, uint64_t ts)
{
	uint64_t time = dat_clock_shown(clock, ts);

	return clock->is_bare ? time : (time + 500) / 1000 * 1000;
}

bool span_is_before(struct span *span, const struct output_options *options, uint64_t ts)
{
	if (!span->is_given)
		return false;
	if (span->is_time_of_day)
		make_absolute(span, (uint64_t)options->wall_offset_ns, ts);
	return (span->is_shown ? shown(options->clock, ts) : ts) < span->ns;
}
