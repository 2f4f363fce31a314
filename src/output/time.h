/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Wall-clock times as text: a second's text is made once and kept for the records that follow in
 * it.
 */
#ifndef NK_OUTPUT_TIME_H
#define NK_OUTPUT_TIME_H

#include <stdbool.h>
#include <stdint.h>

#define TIME_MAX 48 /* bytes of the longest, and of the text of a second, which is copied whole */

struct time_text {
	bool is_count; /* of a clock that has no seconds */
	bool is_known;
	uint64_t start; /* ns, of the second that text is of */
	char text[TIME_MAX];
	unsigned int length;
};

/* ns since 1970. HH:MM:SS.nnnnnnnnn in the local time zone; returns where it ended, no NUL. */
char *time_local(struct time_text *cache, char *at, uint64_t ns);
/* 2026-11-23T14:02:11.123456789Z */
char *time_utc(struct time_text *cache, char *at, uint64_t ns);
/* Of a trace clock that nothing is known of: 4.919639123; where it has no seconds, 4919639123. */
char *time_clock(struct time_text *cache, char *at, uint64_t ns);

#endif
