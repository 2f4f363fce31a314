/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Nanoseconds in, times of day out. Calendar and time zone are the C library's, asked once a
 * second.
 */
#include "output/time.h"

#include <string.h>
#include <time.h>

#include "base/number.h"

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
	cache->start = second * SECOND;
	cache->is_known = true;
}

static char *put(struct time_text *cache, char *at, uint64_t ns, bool is_local)
{
	if (!cache->is_known || ns - cache->start >= SECOND)
		renew(cache, ns / SECOND, is_local);
	memcpy(at, cache->text, sizeof(cache->text));
	at += cache->length;
	*at++ = '.';
	return number_nanoseconds(at, (uint32_t)(ns - cache->start));
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

char *time_clock(struct time_text *cache, char *at, uint64_t ns)
{
	if (cache->is_count)
		return number_decimal(at, ns);
	if (!cache->is_known || ns - cache->start >= SECOND) {
		cache->start = ns / SECOND * SECOND;
		cache->length =
			(unsigned int)(number_decimal(cache->text, ns / SECOND) - cache->text);
		cache->is_known = true;
	}
	memcpy(at, cache->text, sizeof(cache->text));
	at += cache->length;
	*at++ = '.';
	return number_nanoseconds(at, (uint32_t)(ns - cache->start));
}
