/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What "missed" means in kprobe_profile. On x86 until v5.13 a fetch-arg of memory that cannot be
 * read, as through a NULL pointer, counts as one (kprobe_fault_handler(),
 * arch/x86/kernel/kprobes/core.c), though its record is there. No file says so: it is tried.
 */
#ifndef NK_SESSION_UNREADABLE_H
#define NK_SESSION_UNREADABLE_H

#include <stdbool.h>

#include "session/session.h"

/*
 * Tries it with a definition and an instance that are gone again when it returns; both are in the
 * session's note meanwhile. False where it cannot be tried, too.
 */
bool unreadable_counts_as_missed(struct session *session);

#endif
