/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where in an object a member may lie: all offsets at first, fewer with every observation. A record
 * can race with what it is compared with, so an offset is not thrown out at once: mismatches are
 * counted, and at the end at most one observation in eight may disagree with the winner.
 */
#ifndef NK_CALIBRATE_CANDIDATES_H
#define NK_CALIBRATE_CANDIDATES_H

#include <stddef.h>
#include <stdint.h>

enum { CANDIDATES_OTHERS_MAX = 8, CANDIDATES_DISTINCT_MAX = 4 };

struct candidates {
	unsigned int size;	/* bytes of the value; of a bit-field of its unit */
	unsigned int step;	/* alignment, in bytes; of a bit-field 1 */
	unsigned int bit_width; /* 0: not a bit-field */
	size_t slots;
	uint8_t *misses; /* a slot; CANDIDATES_OUT: cannot be it */
	unsigned int observations;
	uint64_t values[CANDIDATES_DISTINCT_MAX]; /* the first different ones that were expected */
	unsigned int distinct;
};

enum verdict_kind { VERDICT_FOUND, VERDICT_AMBIGUOUS, VERDICT_MISSING };

struct verdict {
	enum verdict_kind kind;
	size_t offset;	  /* FOUND; of a bit-field its byte */
	unsigned int bit; /* FOUND, of a bit-field */
	unsigned int observations;
	unsigned int disagreed;		      /* observations that the winner was not seen in */
	size_t others[CANDIDATES_OTHERS_MAX]; /* AMBIGUOUS: offsets, the first of them */
	size_t other_count;		      /* of all */
	const char *reason;		      /* MISSING: static */
};

/* limit: bytes of the object that are searched. */
void candidates_init(struct candidates *candidates, unsigned int size, unsigned int step,
		     size_t limit);
void candidates_init_bits(struct candidates *candidates, unsigned int width, size_t limit);
void candidates_clear(struct candidates *candidates);

/* The member holds number, after the kernel's value is shifted right by shift. */
void candidates_expect(struct candidates *candidates, const uint8_t *object, size_t size,
		       uint64_t number, unsigned int shift);
/* The member's bytes are those (candidates->size of them). */
void candidates_expect_bytes(struct candidates *candidates, const uint8_t *object, size_t size,
			     const uint8_t *bytes);
/*
 * The member is a pointer to length bytes, at bytes behind where it points. through has stride
 * bytes for each word of the object: what was read through that word.
 */
void candidates_expect_through(struct candidates *candidates, const uint8_t *through, size_t size,
			       size_t stride, const uint8_t *bytes, size_t length, size_t at);
/* Whatever holds number here is a twin of the member, and not it. */
void candidates_exclude(struct candidates *candidates, const uint8_t *object, size_t size,
			uint64_t number);
/* An offset that cannot be it for other reasons. */
void candidates_exclude_offset(struct candidates *candidates, size_t offset);

/*
 * min_distinct: how many different values must have been expected, CANDIDATES_DISTINCT_MAX at most.
 * At least three observations are needed in any case.
 */
void candidates_vote(const struct candidates *candidates, unsigned int min_distinct,
		     struct verdict *verdict);

/* The number of size bytes (1, 2, 4, 8) at a place, in the machine's byte order. */
uint64_t candidates_load(const uint8_t *bytes, unsigned int size);

#endif
