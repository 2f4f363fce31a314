/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of session/ know of a session beside what everybody may see.
 */
#ifndef NK_SESSION_STATE_H
#define NK_SESSION_STATE_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "session/session.h"

struct session_state {
	const struct kernel *kernel;	     /* borrowed */
	const struct resolved_probe *probes; /* borrowed */
	size_t probe_count;
	char *name; /* of the session, and of its note */
	int note_fd;
	char **owned; /* "GROUP/EVENT" made by nk and used here; deleted by whoever is last */
	size_t owned_count;
	char **strays; /* instances beside session->instances that are undone with them */
	size_t stray_count;
	bool is_on;
	bool is_kept;	      /* a flight recorder */
	bool is_of_tasks;     /* not all tasks are traced */
	sigset_t old_signals; /* mask before session_create() */
	bool is_over;	      /* it has run, and is to be undone whatever else comes */
	/*
	 * Worker, and COMMAND while it is held: they have the ring buffers open, and are killed
	 * before the undo in an emergency. 0: none.
	 */
	pid_t worker;
	pid_t held_command;
	struct session *next; /* of all sessions of this process */
};

/* Disables all events of all instances; what was recorded stays. */
void session_disable(struct session *session);

/* Those that end a session, from its making on; and SIGPIPE. */
void session_block_signals(struct session_state *state);
/* Once it has been undone, or is kept. Of one that is over, what waits says no more than that. */
void session_give_signals_back(const struct session_state *state);

/* In a child process, which must undo nothing: closes what only the broker uses. */
void session_leave_to_parent(struct session *session);

bool session_owns(const struct session *session, const char *event);
/* Takes one note of a definition; 0 or -errno. */
int session_own(struct session *session, const char *event);
void session_disown(struct session *session, const char *event);

/*
 * Whether each definition of that name that the session may have had written is of one line. No
 * memory is taken.
 */
bool session_has_one_line(const struct session *session, const char *event);

/*
 * Makes and notes one. Looked for before it is noted: a note of somebody else's instance would be
 * that one's end. 0 or -errno, -EBUSY where there is one of that name.
 */
int session_make_instance(const struct session *session, const char *name, struct diags *diags);
/* Of an instance that is in the note already, and none of session->instances. */
void session_add_stray(struct session *session, const char *instance);
/* What a dead session of its name has left, which its note has, too. */
void session_inherit(struct session *session, const struct session_info *left);

#endif
