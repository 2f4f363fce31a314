/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pages to records: event formats and kbuffer of libtraceevent, compiled into a plan per event.
 * Records of all streams come in time order; the halves of a joined call come as one record. Only files
 * of decode/ include <event-parse.h> and <kbuffer.h>.
 */
#ifndef NK_DECODE_DECODER_H
#define NK_DECODE_DECODER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/diag.h"
#include "decode/record.h"
#include "resolve/event.h"
#include "ring/page.h"

struct decoder_options {
	const char *header_page; /* events/header_page */
	size_t header_page_size;
	unsigned int long_bytes; /* of the kernel that made the pages */
	bool is_big_endian;
	size_t page_size;
	int cpu_count;
	int64_t wall_offset_ns;  /* added to a timestamp gives CLOCK_REALTIME; 0 where unknown */
	bool has_wall_clock;
};

struct decoder;

struct decoder *decoder_new(const struct decoder_options *options, struct diags *diags);
void decoder_free(struct decoder *decoder);

/*
 * An event's format text; desc (borrowed, must outlive the decoder) where nk knows how it is to be
 * shown, else NULL: then fields are shown by their format alone. 0 or -EINVAL with a diag.
 */
int decoder_add_event(struct decoder *decoder, const char *system, const char *format,
		      size_t length, const struct event_desc *desc, struct diags *diags);

/* Comms by pid, "PID NAME" lines as in saved_cmdlines; more may be added at any time. */
void decoder_add_comms(struct decoder *decoder, const char *saved_cmdlines);
/* Asked for the comm of a pid that is not known yet; may answer NULL. */
void decoder_set_comm_source(struct decoder *decoder, const char *(*find)(void *context, int pid),
			     void *context);
/* kallsyms lines, for symbols; text is copied or parsed only when a symbol is first printed. */
void decoder_set_kallsyms(struct decoder *decoder, const char *text, size_t length);

/*
 * Reads pages of source as records. next(): 1: *record is set, valid until the following call; 0: live,
 * nothing can be given in order yet (wait by source->ops->wait and call again); -ENODATA: end;
 * -errno otherwise. flush: no more will come (live: after the stop), give what is held back.
 */
struct record_reader;

int record_reader_open(struct decoder *decoder, struct page_source *source,
		       struct record_reader **out);
int record_reader_next(struct record_reader *reader, struct record *record);
void record_reader_flush(struct record_reader *reader);
void record_reader_close(struct record_reader *reader);

/* Of what was read so far. */
struct reader_counts {
	uint64_t records, lost; /* lost: as the pages tell it */
	uint64_t lost_unknown;  /* pages that say "some were lost" without a number */
	uint64_t unjoined_entries, unjoined_returns;
};
const struct reader_counts *record_reader_counts(const struct record_reader *reader);

/* The plan of an event, by index 0 ... count-1, for list and headers; NULL past the end. */
const struct event_plan *decoder_plan(const struct decoder *decoder, size_t index);

#endif
