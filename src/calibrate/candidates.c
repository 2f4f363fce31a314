/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Observations of an object and the value that a member must have had there go in; the one offset
 * that agrees with (nearly) all of them comes out, or that there is none or more than one.
 */
#include "calibrate/candidates.h"

#include <stdbool.h>
#include <string.h>

#include "base/alloc.h"

enum { OUT = 255, OBSERVATIONS_MIN = 3, MAY_DISAGREE = 8 };

static void init(struct candidates *candidates, unsigned int size, unsigned int step,
		 unsigned int bit_width, size_t slots)
{
	*candidates = (struct candidates){ .size = size,
					   .step = step,
					   .bit_width = bit_width,
					   .slots = slots,
					   .misses = xcalloc(slots, 1) };
}

void candidates_init(struct candidates *candidates, unsigned int size, unsigned int step,
		     size_t limit)
{
	init(candidates, size, step, 0, limit < size ? 0 : (limit - size) / step + 1);
}

/* A slot a bit; a bit-field does not cross its byte. */
void candidates_init_bits(struct candidates *candidates, unsigned int width, size_t limit)
{
	init(candidates, 1, 1, width, limit * 8);
	for (size_t bit = 0; bit < limit * 8; bit++)
		if (bit % 8 + width > 8)
			candidates->misses[bit] = OUT;
}

void candidates_clear(struct candidates *candidates)
{
	free(candidates->misses);
	*candidates = (struct candidates){ 0 };
}

uint64_t candidates_load(const uint8_t *bytes, unsigned int size)
{
	uint16_t u16;
	uint32_t u32;
	uint64_t u64;

	switch (size) {
	case 1:
		return *bytes;
	case 2:
		memcpy(&u16, bytes, sizeof(u16));
		return u16;
	case 4:
		memcpy(&u32, bytes, sizeof(u32));
		return u32;
	default:
		memcpy(&u64, bytes, sizeof(u64));
		return u64;
	}
}

static size_t offset_of(const struct candidates *candidates, size_t slot)
{
	return candidates->bit_width ? slot / 8 : slot * candidates->step;
}

static void miss(struct candidates *candidates, size_t slot)
{
	if (candidates->misses[slot] < OUT - 1)
		candidates->misses[slot]++;
}

static void count(struct candidates *candidates, uint64_t value)
{
	candidates->observations++;
	for (unsigned int i = 0; i < candidates->distinct; i++)
		if (candidates->values[i] == value)
			return;
	if (candidates->distinct < CANDIDATES_DISTINCT_MAX)
		candidates->values[candidates->distinct++] = value;
}

static bool holds(const struct candidates *candidates, const uint8_t *object, size_t size,
		  size_t slot, uint64_t number, unsigned int shift)
{
	size_t offset = offset_of(candidates, slot);

	if (offset + candidates->size > size)
		return false;
	if (candidates->bit_width)
		return ((unsigned int)object[offset] >> slot % 8 &
			((1u << candidates->bit_width) - 1)) == number;
	return candidates_load(object + offset, candidates->size) >> shift == number;
}

void candidates_expect(struct candidates *candidates, const uint8_t *object, size_t size,
		       uint64_t number, unsigned int shift)
{
	count(candidates, number);
	for (size_t slot = 0; slot < candidates->slots; slot++)
		if (!holds(candidates, object, size, slot, number, shift))
			miss(candidates, slot);
}

/* Two values that differ are told from each other by it; no more is needed. */
static uint64_t hash(const uint8_t *bytes, size_t length)
{
	uint64_t value = 0xcbf29ce484222325;

	for (size_t i = 0; i < length; i++)
		value = (value ^ bytes[i]) * 0x100000001b3;
	return value;
}

void candidates_expect_bytes(struct candidates *candidates, const uint8_t *object, size_t size,
			     const uint8_t *bytes)
{
	count(candidates, hash(bytes, candidates->size));
	for (size_t slot = 0; slot < candidates->slots; slot++) {
		size_t offset = offset_of(candidates, slot);

		if (offset + candidates->size > size ||
		    memcmp(object + offset, bytes, candidates->size) != 0)
			miss(candidates, slot);
	}
}

void candidates_expect_through(struct candidates *candidates, const uint8_t *through, size_t size,
			       size_t stride, const uint8_t *bytes, size_t length, size_t at)
{
	count(candidates, hash(bytes, length));
	for (size_t slot = 0; slot < candidates->slots; slot++) {
		/* A word of the object is as long as a pointer, which is what the member is. */
		size_t column = offset_of(candidates, slot) / candidates->size * stride;

		if (at + length > stride || column + stride > size ||
		    memcmp(through + column + at, bytes, length) != 0)
			miss(candidates, slot);
	}
}

void candidates_exclude(struct candidates *candidates, const uint8_t *object, size_t size,
			uint64_t number)
{
	for (size_t slot = 0; slot < candidates->slots; slot++)
		if (holds(candidates, object, size, slot, number, 0))
			candidates->misses[slot] = OUT;
}

void candidates_exclude_offset(struct candidates *candidates, size_t offset)
{
	for (size_t slot = 0; slot < candidates->slots; slot++)
		if (offset_of(candidates, slot) == offset)
			candidates->misses[slot] = OUT;
}

static unsigned int fewest_misses(const struct candidates *candidates)
{
	unsigned int fewest = OUT;

	for (size_t slot = 0; slot < candidates->slots; slot++)
		if (candidates->misses[slot] < fewest)
			fewest = candidates->misses[slot];
	return fewest;
}

static void list_winners(const struct candidates *candidates, struct verdict *verdict)
{
	for (size_t slot = 0; slot < candidates->slots; slot++) {
		if (candidates->misses[slot] != verdict->disagreed)
			continue;
		if (!verdict->other_count) {
			verdict->offset = offset_of(candidates, slot);
			verdict->bit = candidates->bit_width ? (unsigned int)(slot % 8) : 0;
		}
		if (verdict->other_count < CANDIDATES_OTHERS_MAX)
			verdict->others[verdict->other_count] = offset_of(candidates, slot);
		verdict->other_count++;
	}
}

void candidates_vote(const struct candidates *candidates, unsigned int min_distinct,
		     struct verdict *verdict)
{
	unsigned int fewest = fewest_misses(candidates);

	*verdict = (struct verdict){ .kind = VERDICT_MISSING,
				     .observations = candidates->observations,
				     .disagreed = fewest };
	if (!candidates->observations)
		verdict->reason = "it was never observed";
	else if (candidates->observations < OBSERVATIONS_MIN)
		verdict->reason = "it was observed too few times";
	else if (candidates->distinct < min_distinct)
		verdict->reason = "its value did not vary enough";
	else if (fewest > candidates->observations / MAY_DISAGREE)
		verdict->reason = "no place holds the values that it must have had";
	if (verdict->reason)
		return;
	list_winners(candidates, verdict);
	verdict->kind = verdict->other_count == 1 ? VERDICT_FOUND : VERDICT_AMBIGUOUS;
}
