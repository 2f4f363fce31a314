/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Records to text or JSON Lines on a descriptor, one line each.
 *
 * Text: what comes from outside is made safe for a terminal. JSON: keys and their order are an
 * interface. 64-bit numbers are numbers, beyond 2^53 too: a reader that takes them for doubles
 * rounds those. Fields that mean nothing in a record are left out of both.
 */
#ifndef NK_OUTPUT_OUTPUT_H
#define NK_OUTPUT_OUTPUT_H

#include <stdbool.h>
#include <stdint.h>

#include "datfile/meta.h"
#include "decode/record.h"
#include "output/columns.h"
#include "output/progress.h"

enum output_style {
	OUTPUT_TEXT,
	OUTPUT_JSON,
	OUTPUT_CSV,	  /* needs columns */
	OUTPUT_TRACE_CMD, /* the lines of trace-cmd report: for a decoder without descriptions */
};

struct output_options {
	enum output_style style;
	int fd;
	int64_t wall_offset_ns; /* added to ts gives CLOCK_REALTIME */
	bool has_wall_clock;	/* else text shows the trace clock as seconds, JSON has no time */
	const struct dat_clock *clock; /* borrowed; what ts is of; NULL: ns */
	const char *const *instances;  /* TRACE_CMD: names of the buffers, "" for the main one */
	size_t instance_count;
	const struct output_columns *columns; /* borrowed; NULL: all, as the style has them */
	bool is_live;			  /* flushed by the caller when nothing more is at hand */
	struct output_progress *progress; /* borrowed; NULL: not kept */
};

struct output;

struct output *output_new(const struct output_options *options);
/* 0, or -errno of the write (-EPIPE: the reader has gone). */
int output_record(struct output *output, const struct record *record);
/* The line before all others, where the style has one. */
void output_put_head(struct output *output);
int output_flush(struct output *output);
void output_free(struct output *output); /* without flushing */

#endif
