/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Records to text or JSON Lines on a descriptor, per DESIGN.md: one const table of operations a style.
 */
#ifndef NK_OUTPUT_OUTPUT_H
#define NK_OUTPUT_OUTPUT_H

#include <stdbool.h>
#include <stdint.h>

#include "decode/record.h"

enum output_style { OUTPUT_TEXT, OUTPUT_JSON };

struct output_options {
	enum output_style style;
	int fd;
	int64_t wall_offset_ns; /* added to ts gives CLOCK_REALTIME */
	bool has_wall_clock;    /* else text shows the trace clock as seconds, JSON has no time */
	bool is_live;           /* flushed by the caller when nothing more is at hand */
};

struct output;

struct output *output_new(const struct output_options *options);
/* 0, or -errno of the write (-EPIPE: the reader has gone). */
int output_record(struct output *output, const struct record *record);
int output_flush(struct output *output);
void output_free(struct output *output); /* without flushing */

/* Names of values, for list, and for enriched print fmts: NULL where a value has none. */
const char *output_value_name(enum probe_display display, uint64_t number);

#endif
