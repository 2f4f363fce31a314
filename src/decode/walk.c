/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A sub-buffer in, its records out. Follows include/linux/ring_buffer.h: a 32-bit word holds the
 * type or length (5 bits) and the time since the record before (27 bits). Done here and not by
 * libtraceevent's kbuffer, which trusts its pages: every length is checked against what is left
 * before it is used.
 */
#include "decode/walk.h"

#include <errno.h>
#include <string.h>

#include "base/bytes.h"

enum { TYPE_LONG = 0, TYPE_SHORT_MAX = 28, TYPE_PADDING = 29, TYPE_EXTEND = 30, TYPE_STAMP = 31 };

#define DELTA_BITS 27
#define DELTA_MASK ((1U << DELTA_BITS) - 1)

/* Flags of the commit word. */
#define COMMIT_LOST	    (1U << 31)
#define COMMIT_LOST_COUNTED (1U << 30)
#define COMMIT_MASK	    ((1U << 27) - 1)

/* An absolute time stamp has 59 bits; those above are the ones of the time before. */
#define STAMP_BITS 59
#define STAMP_HIGH (~0ULL << STAMP_BITS)

static uint64_t read_long(const struct walk_layout *layout, const unsigned char *at)
{
	return bytes_number(at, layout->commit_bytes, layout->is_swapped);
}

int walk_start(struct walk *walk, const struct walk_layout *layout, const void *page,
	       struct walk_loss *loss)
{
	const unsigned char *bytes = page;
	size_t header = 8 + (size_t)layout->commit_bytes;

	*walk = (struct walk){ .layout = layout, .next = bytes, .end = bytes };
	*loss = (struct walk_loss){ 0 };
	if (layout->page_size < header)
		return -EBADMSG;

	uint32_t commit = (uint32_t)read_long(layout, bytes + 8);
	size_t room = layout->page_size - header;
	size_t used = commit & COMMIT_MASK;
	int result = 0;

	if (used > room) {
		used = room;
		result = -EBADMSG;
	}
	walk->ts = bytes_64(bytes, layout->is_swapped);
	walk->next = bytes + header;
	walk->end = walk->next + used;
	loss->is_lost = commit & COMMIT_LOST;
	if (loss->is_lost && (commit & COMMIT_LOST_COUNTED) && room - used >= layout->commit_bytes)
		loss->count = read_long(layout, walk->end);
	return result;
}

static uint64_t absolute(uint64_t stamp, uint64_t before)
{
	if (!(before & STAMP_HIGH))
		return stamp;
	stamp |= before & STAMP_HIGH;
	return stamp < before ? stamp + (1ULL << STAMP_BITS) : stamp;
}

/*
 * What is not a short record: moves on, and returns 1 with a record, 0 at the end, -EAGAIN when
 * there was only time or padding, -EBADMSG.
 */
static int walk_rare(struct walk *walk, unsigned int type, uint32_t delta,
		     struct walk_record *record)
{
	size_t left = (size_t)(walk->end - walk->next);

	if (type == TYPE_PADDING && delta == 0) {
		walk->next = walk->end;
		return 0;
	}
	if (left < 8)
		return -EBADMSG;

	uint32_t word = bytes_32(walk->next + 4, walk->layout->is_swapped);

	if (type == TYPE_EXTEND || type == TYPE_STAMP) {
		uint64_t time = ((uint64_t)word << DELTA_BITS) + delta;

		walk->ts = type == TYPE_EXTEND ? walk->ts + time : absolute(time, walk->ts);
		walk->next += 8;
		return -EAGAIN;
	}
	/* The word is the length, itself included. */
	if (word < 4 || word > left - 4)
		return -EBADMSG;
	walk->ts += delta;
	if (type == TYPE_LONG)
		*record = (struct walk_record){ walk->ts, walk->next + 8, word - 4 };
	/* Records begin at multiples of four bytes. */
	word = (word + 3) & ~3U;
	walk->next = word > left - 4 ? walk->end : walk->next + 4 + word;
	return type == TYPE_LONG ? 1 : -EAGAIN;
}

int walk_next(struct walk *walk, struct walk_record *record)
{
	while (walk->end - walk->next >= 4) {
		uint32_t word = bytes_32(walk->next, walk->layout->is_swapped);
		unsigned int type = walk->layout->is_big_endian ? word >> DELTA_BITS : word & 31;
		uint32_t delta = walk->layout->is_big_endian ? word & DELTA_MASK : word >> 5;
		uint32_t size = type * 4;

		if (type != TYPE_LONG && type <= TYPE_SHORT_MAX) {
			if ((size_t)(walk->end - walk->next) - 4 < size)
				break;
			walk->ts += delta;
			*record = (struct walk_record){ walk->ts, walk->next + 4, size };
			walk->next += 4 + size;
			return 1;
		}

		int result = walk_rare(walk, type, delta, record);

		if (result == -EBADMSG)
			break;
		if (result != -EAGAIN)
			return result;
	}
	if (walk->next == walk->end)
		return 0;
	walk->next = walk->end;
	return -EBADMSG;
}
