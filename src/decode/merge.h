/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Streams of sub-buffers to raw records in time order. Live, a record is held back until no other
 * stream can still bring an older one (about 20 ms); see merge.c.
 */
#ifndef NK_DECODE_MERGE_H
#define NK_DECODE_MERGE_H

#include "decode/record.h"
#include "decode/walk.h"
#include "ring/page.h"

struct merge;

/* source and layout are borrowed. */
struct merge *merge_new(struct page_source *source, const struct walk_layout *layout);
void merge_free(struct merge *merge);

/* 1: *out is set; 0: none in order yet (live); -ENODATA: end; -errno: a stream could not be read.
 */
int merge_next(struct merge *merge, struct record_place *out);
/* Where data is NULL: how many were lost before the record that follows. 0: unknown. */
uint64_t merge_lost(const struct merge *merge);
/* Whether that was not lost when it was recorded, but cannot be read. */
bool merge_is_lost_by_damage(const struct merge *merge);

/* Live: what comes from now on is read to the end, and then it is the end. */
void merge_flush(struct merge *merge);

/* Sub-buffers whose records could not be walked to the end, since this was asked last. */
uint64_t merge_take_damaged(struct merge *merge);

#endif
