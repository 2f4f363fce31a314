/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A flight recorder seen by those who did not start it: a session without a process, whose
 * instances trace on until session_remove().
 */
#ifndef NK_SESSION_FLIGHT_H
#define NK_SESSION_FLIGHT_H

#include "base/diag.h"
#include "kernel/kernel.h"
#include "session/session.h"

struct flight {
	int tracefs_fd;
	int run_fd;
	int lock_fd;
	struct session_instance *instances; /* in the order of session_create() */
	size_t instance_count;
	char **silent; /* GROUP/EVENT that should be recorded, and somebody has disabled or deleted
			*/
	size_t silent_count;
};

/* To begin with: flight_close() of it is fine. */
#define FLIGHT_CLOSED ((struct flight){ .tracefs_fd = -1, .run_fd = -1, .lock_fd = -1 })

/*
 * Opens the flight recorder's instances for reading, one reader at a time. -ESRCH: there is none of
 * that name; -EBUSY: it has a process of its own, or another reader.
 */
int flight_open(const struct kernel *kernel, const char *run_dir, const char *name,
		struct flight *out, struct diags *diags);
void flight_close(struct flight *flight);

/*
 * A file beside the note of a session, for what its starter wants to tell its readers; it goes with
 * the note. The path is good as long as run_fd is open. malloc'ed.
 */
char *flight_meta_path(int run_fd, const char *name);

/* As session_comms(). */
int flight_comms(const struct kernel *kernel, const struct flight *flight, char **saved_cmdlines);

#endif
