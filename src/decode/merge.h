/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Streams of sub-buffers to raw records in time order. Live, a record is held back until no other
 * stream can still bring an older one (about 20 ms); see merge.c.
 */
#ifndef NK_DECODE_MERGE_H
#define NK_DECODE_MERGE_H

#include "decode/walk.h"
#include "ring/page.h"

struct merge;

/* A raw record, or (data NULL) word of events that were lost before the record that follows. */
struct merged {
	uint64_t ts;
	const unsigned char *data; /* valid until the following merge_next() */
	uint32_t size;
	uint32_t stream;
	uint64_t lost; /* 0: unknown */
};

/* source and layout are borrowed. */
struct merge *merge_new(struct page_source *source, const struct walk_layout *layout);
void merge_free(struct merge *merge);

/* 1: *out is set; 0: none in order yet (live); -ENODATA: end; -errno: a stream could not be read.
 */
int merge_next(struct merge *merge, struct merged *out);

/* Live: what comes from now on is read to the end, and then it is the end. */
void merge_flush(struct merge *merge);

/* Sub-buffers whose records could not be walked to the end, since this was asked last. */
uint64_t merge_take_damaged(struct merge *merge);

#endif
