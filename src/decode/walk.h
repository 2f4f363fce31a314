/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The records of one sub-buffer, in order, as include/linux/ring_buffer.h and events/header_page
 * describe it. Never reads outside of the sub-buffer, whatever its bytes say.
 */
#ifndef NK_DECODE_WALK_H
#define NK_DECODE_WALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How the machine that made the pages lays them out. */
struct walk_layout {
	size_t page_size;
	uint8_t commit_bytes; /* of the commit word: the long of its kernel */
	bool is_big_endian;
	bool is_swapped; /* not the byte order of this machine */
};

struct walk {
	const struct walk_layout *layout;
	const unsigned char *next, *end;
	uint64_t ts; /* of the record given last */
};

struct walk_record {
	uint64_t ts;
	const unsigned char *data;
	uint32_t size;
};

/* What a sub-buffer says of events lost just before it. */
struct walk_loss {
	bool is_lost;
	uint64_t count; /* 0: some, the number is unknown */
};

/* 0, or -EBADMSG: its header cannot be true (the walk is then over its valid part, maybe none). */
int walk_start(struct walk *walk, const struct walk_layout *layout, const void *page,
	       struct walk_loss *loss);

/* 1: *record is set; 0: end; -EBADMSG: the rest cannot be walked. */
int walk_next(struct walk *walk, struct walk_record *record);

#endif
