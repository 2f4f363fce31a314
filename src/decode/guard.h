/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What libtraceevent is being asked, kept in memory that outlives the process that asks: it has
 * faults of its own, which a format or a record out of a file can reach. The process ends then; the
 * one that follows it finds here what not to ask again. See cmd/isolate.h.
 */
#ifndef NK_DECODE_GUARD_H
#define NK_DECODE_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GUARD_SLOTS  16	 /* decoders of one process; those beyond are not guarded */
#define GUARD_FAULTS 100 /* a file with more is not read on */

enum guard_kind { GUARD_NONE, GUARD_HEADER, GUARD_FORMAT, GUARD_PRINT };

struct guard_call {
	enum guard_kind kind;
	int what;	/* FORMAT: which one, from 0; PRINT: the event's id */
	uint64_t since; /* PRINT: the record's time; one before it was printed well */
};

/* Zero-initialise. */
struct guard {
	struct guard_call calls[GUARD_SLOTS];
	uint64_t numbers[GUARD_SLOTS]; /* of calls so far */
	size_t slot_count;
	struct guard_call faults[GUARD_FAULTS];
	size_t fault_count;
};

/* Before another process uses it: faults stay. */
void guard_restart(struct guard *guard);

/* A decoder's place in it, NULL and GUARD_SLOTS being fine for all of these: then nothing is kept.
 */
size_t guard_take_slot(struct guard *guard);
void guard_enter(struct guard *guard, size_t slot, struct guard_call call);
void guard_leave(struct guard *guard, size_t slot);

/* How many faults there were when the same was asked: of PRINT, at that time or before. */
size_t guard_faults(const struct guard *guard, enum guard_kind kind, int what, uint64_t ts);

/* Whether this thread is in any call into libtraceevent, kept or not. */
bool guard_is_asking(void);

/*
 * For handlers of signals. Whether this thread is in such a call; notes it as a fault. And the same
 * for what any thread is in, but only for calls with these numbers where they are given.
 */
bool guard_is_inside(void);
void guard_note_own(struct guard *guard);
size_t guard_note_all(struct guard *guard, const uint64_t *numbers);

#endif
