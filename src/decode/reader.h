/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pages of a source as records, in time order over all streams; the halves of a joined call come as
 * one record, at the time of the return. Calls that are open at the end come last, without one.
 */
#ifndef NK_DECODE_READER_H
#define NK_DECODE_READER_H

#include <stdint.h>

#include "decode/record.h"
#include "ring/page.h"

struct decoder;
struct record_reader;

/* All events must have been added to the decoder. Both stay the caller's and must outlive the
 * reader. 0. */
int record_reader_open(struct decoder *decoder, struct page_source *source,
		       struct record_reader **out);

/*
 * 1: *record is set, valid until the following call; 0: live, nothing can be given in order yet
 * (wait by source->ops->wait and call again); -ENODATA: end; -errno: a stream could not be read to
 * its end, and all others have been.
 */
int record_reader_next(struct record_reader *reader, struct record *record);

/*
 * The same, but 2 with *place instead of *record where that is all there is to know, and where it
 * stays as long as the source: whole events, of a file that is mapped.
 */
int record_reader_next_place(struct record_reader *reader, struct record_place *place,
			     struct record *record);

struct record_maker;

/* Both are borrowed; the decoder has all its events. */
struct record_maker *record_maker_new(struct decoder *decoder, const struct page_source *source);
void record_maker_free(struct record_maker *maker);
/* What record_reader_next() would have said; false: the file has changed, and it is no record any
 * more. */
bool record_make(struct record_maker *maker, const struct record_place *place,
		 struct record *record);
/*
 * What this decoder makes of an event that another one, of the same events, has made a record of:
 * of one half each time. It lasts as long as that. False: it makes none.
 */
bool record_remake(struct record_maker *maker, const struct record *from, struct record *record);
/* A record of another decoder, to be looked at by this one's thread; its plan is made its own. */
void record_adopt(struct record_maker *maker, struct record *record);

/* Live, after tracing was stopped: what is left is given, and then it is the end. */
void record_reader_flush(struct record_reader *reader);
void record_reader_close(struct record_reader *reader);

/* Of what was read so far. */
struct reader_counts {
	uint64_t records;      /* that were given, without RECORD_LOST */
	uint64_t lost;	       /* events, as the pages tell it */
	uint64_t lost_unknown; /* times that some were lost when it was recorded, nobody knows how
				  many */
	uint64_t unjoined_entries; /* given without their return */
	uint64_t unjoined_returns; /* given without their entry */
	uint64_t unknown;	   /* records of events that the decoder does not know: not given */
	uint64_t damaged;	   /* pages and records that cannot be right: not given */
};
const struct reader_counts *record_reader_counts(const struct record_reader *reader);
/* Raw records of one event in one instance so far: of a joined call its two halves count apart. */
uint64_t record_reader_kept(const struct record_reader *reader, size_t instance, unsigned int id);

#endif
