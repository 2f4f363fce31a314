/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Removing instances and definitions, of a session that ends and of one that is dead. The lock is
 * held.
 */
#ifndef NK_SESSION_UNDO_H
#define NK_SESSION_UNDO_H

#include <stddef.h>

#include "base/diag.h"
#include "session/session.h"

/* What is undone, and among whom. */
struct undo {
	int tracefs_fd;
	const struct session_info *infos; /* all sessions, alive and dead */
	size_t info_count;
	char **removed; /* "instance NAME", "definition GROUP/EVENT", so far */
	size_t removed_count;
	size_t left; /* definitions that somebody has enabled, so far */
};

void undo_clear(struct undo *undo);

/* 0 or -errno; a missing one is fine. */
int undo_instance(struct undo *undo, const char *name, struct diags *diags);
/*
 * Deletes those of the definitions that no living session but the one named notes, and that are
 * still what its note says. Those that are enabled all the same stay, with a warning.
 */
int undo_definitions(struct undo *undo, char *const *events, size_t count, const char *name,
		     struct diags *diags);
/* The note of a session of which nothing is left. 0 or -errno. */
int undo_note(int run_fd, const char *name, struct diags *diags);
/*
 * Where a note stays: it names no more what is gone, which somebody else may make again. info: what
 * the note names.
 */
void undo_forget(const struct undo *undo, int run_fd, const struct session_info *info);
/*
 * All that a note has, and the note where nothing of it stays. Of a flight recorder that lives the
 * definitions stay where an instance does.
 */
int undo_session(struct undo *undo, int run_fd, const struct session_info *info,
		 struct diags *diags);
/* undo_session() of all that are dead. */
int undo_dead(struct undo *undo, int run_fd, struct diags *diags);

#endif
