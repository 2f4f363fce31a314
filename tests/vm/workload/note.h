/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One system call that is being noted: its line, its times, its result.
 */
#ifndef NK_WORKLOAD_NOTE_H
#define NK_WORKLOAD_NOTE_H

#include <errno.h>
#include <stdint.h>

#include "call.h"

struct note {
	uint64_t start, end;
	long long result;
	int error;
	struct line line;
};

/* Nothing but the call lies between the two times. */
#define NOTE_CALL(note, call)                                                                      \
	do {                                                                                       \
		(note)->start = now();                                                             \
		(note)->result = (long long)(call);                                                \
		(note)->error = errno;                                                             \
		(note)->end = now();                                                               \
	} while (0)

void note_begin(struct note *note, const struct actor *actor, const struct sock *sock,
		const char *call);
/* The socket's two ends after the call; nothing where it has none. */
void note_after(struct note *note, const struct sock *sock);
/*
 * Whether the connection has ended since note_begin(): by the time of the call, the kernel may have
 * given its port back.
 */
void note_over(struct note *note, const struct sock *sock);
/* Adds times and result; returns the result, or -errno. */
int note_result(struct note *note);

#endif
