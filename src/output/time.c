/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Nanoseconds in, times of day out. Calendar and time zone are the C library's, asked once a
 * second.
 */
#include "output/time.h"

#include <string.h>
#include <time.h>

#include "output/number.h"

#define SECOND 1000000000ULL

static void renew(struct time_text *cache, uint64_t second, bool is_local)
{
	time_t time = (time_t)second;
	struct tm fields = { 0 };

	if (is_local) {
		localtime_r(&time, &fields);
		cache->length = (unsigned int)strftime(cache->text, TIME_MAX, "%H:%M:%S", &fields);
	} else {
		gmtime_r(&time, &fields);
		cache->length =
			(unsigned int)strftime(cache->text, TIME_MAX, "%Y-%m-%dT%H:%M:%S", &fields);
	}
	cache->second = second;
	cache->is_known = true;
}

static char *put(struct time_text *cache, char *at, uint64_t ns, bool is_local)
{
	uint64_t second = ns / SECOND;

	if (!cache->is_known || cache->second != second)
		renew(cache, second, is_local);
	memcpy(at, cache->text, cache->length);
	at += cache->length;
	*at++ = '.';
	return number_padded(at, ns % SECOND, 9);
}

char *time_local(struct time_text *cache, char *at, uint64_t ns)
{
	return put(cache, at, ns, true);
}

char *time_utc(struct time_text *cache, char *at, uint64_t ns)
{
	at = put(cache, at, ns, false);
	*at++ = 'Z';
	return at;
}

char *time_clock(char *at, uint64_t ns)
{
	at = number_decimal(at, ns / SECOND);
	*at++ = '.';
	return number_padded(at, ns % SECOND, 9);
}
