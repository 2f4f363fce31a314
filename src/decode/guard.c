/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Calls in, faults out, all in memory that processes share one after the other. It holds: a slot is
 * one thread's alone, so that nothing has to be locked; what is noted in a handler is plain stores.
 */
#include "decode/guard.h"

#include <string.h>

static __thread size_t inside = GUARD_SLOTS;
static __thread bool is_asking;

void guard_restart(struct guard *guard)
{
	memset(guard->calls, 0, sizeof(guard->calls));
	memset(guard->numbers, 0, sizeof(guard->numbers));
	guard->slot_count = 0;
}

size_t guard_take_slot(struct guard *guard)
{
	return guard && guard->slot_count < GUARD_SLOTS ? guard->slot_count++ : GUARD_SLOTS;
}

void guard_enter(struct guard *guard, size_t slot, struct guard_call call)
{
	is_asking = true;
	if (guard && slot != GUARD_SLOTS) {
		guard->numbers[slot]++;
		guard->calls[slot] = call;
		inside = slot;
	}
	/* A call into another library would keep the order; it may be inlined some day. */
	__asm__ volatile("" ::: "memory");
}

void guard_leave(struct guard *guard, size_t slot)
{
	__asm__ volatile("" ::: "memory");
	is_asking = false;
	if (!guard || slot == GUARD_SLOTS)
		return;
	inside = GUARD_SLOTS;
	guard->calls[slot].kind = GUARD_NONE;
}

size_t guard_faults(const struct guard *guard, enum guard_kind kind, int what, uint64_t ts)
{
	size_t count = 0;

	for (size_t i = 0; guard && i < guard->fault_count; i++) {
		const struct guard_call *fault = &guard->faults[i];

		count += fault->kind == kind && fault->what == what && fault->since <= ts;
	}
	return count;
}

static void note(struct guard *guard, size_t slot)
{
	size_t at = guard->fault_count;

	if (at == GUARD_FAULTS)
		return;
	guard->faults[at] = guard->calls[slot];
	guard->fault_count = at + 1;
}

bool guard_is_asking(void)
{
	return is_asking;
}

bool guard_is_inside(void)
{
	return inside != GUARD_SLOTS;
}

void guard_note_own(struct guard *guard)
{
	note(guard, inside);
}

size_t guard_note_all(struct guard *guard, const uint64_t *numbers)
{
	size_t count = 0;

	for (size_t i = 0; i < GUARD_SLOTS; i++) {
		if (guard->calls[i].kind == GUARD_NONE ||
		    (numbers && guard->numbers[i] != numbers[i]))
			continue;
		note(guard, i);
		count++;
	}
	return count;
}
