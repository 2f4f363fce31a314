/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The run directory, /run/nk: one note a session, of what it has in the kernel, written before the
 * thing is made. Its lines:
 *
 *	pid PID STARTTIME SPACE	of the broker, see struct process_id
 *	pid 0 0			of a flight recorder
 *	since SECONDS		of the epoch, when it was made
 *	set NAME		of probes
 *	instance NAME
 *	definition GROUP/EVENT	made by some session of nk, and used by this one
 *	shown GROUP/EVENT BODY	a line of that definition, as the kernel shows it
 *	event GROUP/EVENT	that a flight recorder records, whoever has made it
 *
 *	gone NAME		an instance or a definition that is not the session's any more
 *
 * A definition is deleted by the last session that notes it, where the kernel still shows nothing
 * else under its name. The file "lock" is flock(2)ed by
 * whoever sets up or undoes.
 */
#ifndef NK_SESSION_OWNERSHIP_H
#define NK_SESSION_OWNERSHIP_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/diag.h"
#include "session/definitions.h"
#include "session/process.h"
#include "session/session.h"

/*
 * Opens the run directory: path, or where it is NULL run/nk below root_fd; for who is not root
 * run/nk-UID where he was given that, else $XDG_RUNTIME_DIR/nk, /run/user/UID/nk or /tmp/nk-UID;
 * made, mode 0700, where make is set, else -ENOENT where there is none. -EPERM: it is somebody
 * else's, or others may write to it.
 */
int ownership_open(int root_fd, const char *path, bool make, int *run_fd, struct diags *diags);
/*
 * That directory, where it may go before the kernel does (at a user's last logout, or with what is
 * old in /tmp): a flight recorder is forgotten then. NULL: it stays, below /run. malloc'ed.
 */
char *ownership_short_lived(int root_fd);

/*
 * Waits for the lock, after two seconds with a note on standard error of who has it; closing
 * *lock_fd gives it back, and so does the end of the process. -EINTR: a signal that ends the
 * session is pending. An undo does not give up for signals, but after a minute: -ETIMEDOUT.
 */
enum ownership_purpose { OWNERSHIP_SETUP, OWNERSHIP_UNDO };
int ownership_lock(int run_fd, enum ownership_purpose purpose, int *lock_fd, struct diags *diags);
/*
 * Under that lock: also against sessions whose run directory is another, a user's or a container's;
 * tracefs is one for all. A descriptor that holds it until it is closed. -1: it cannot be had, nor
 * waited for longer than a minute or a signal; then what the kernel refuses is all that protects.
 */
int ownership_lock_machine(int tracefs_fd, enum ownership_purpose purpose);

/* -EINVAL: not a name that a note and an instance can have. */
int ownership_check_name(const char *name, struct diags *diags);

/*
 * What the note of a dead session says that is there still: definitions, and of instances those
 * that the kernel has. Nothing but the name where there is no note. For session_infos_free().
 */
struct session_info *ownership_left(int run_fd, int tracefs_fd, const char *name);
/*
 * Makes the note of a session of left's name, with what left has; *note_fd is for ownership_add().
 * pid 0: a flight recorder.
 */
int ownership_create(int root_fd, int run_fd, const struct session_info *left, pid_t pid,
		     int *note_fd, struct diags *diags);
/* A line of the note, see above. 0; -errno: nothing of it is in the note. */
int ownership_add(int note_fd, const char *kind, const char *value);
/* The note of a session that has been made, for ownership_add(): a descriptor, or -errno. */
int ownership_open_note(int run_fd, const char *name);
/* With the file of ownership_meta_name(). 0 or -errno. */
int ownership_remove(int run_fd, const char *name);
/* Under the lock: removes files of sessions that were killed before they had a note. */
void ownership_sweep(int run_fd);

/* Of a file beside a session's note; malloc'ed. */
char *ownership_meta_name(const char *name);
/*
 * Locks it: who reads a flight recorder has it, and who ends one. 0; -EWOULDBLOCK: somebody else
 * has it; -ENOENT: there is none.
 */
int ownership_lock_meta(int run_fd, const char *name, int *lock_fd);

/*
 * All sessions that have a note, or the one of that name. The caller frees them by
 * session_infos_free(). -errno, and none of them, where a note or whether its process lives cannot
 * be read: it may be a living session's.
 */
int ownership_list(int root_fd, int run_fd, int tracefs_fd, struct session_info **infos,
		   size_t *count);
/* The text of a note; name becomes the info's. */
void ownership_parse(const char *name, const char *text, struct session_info *out,
		     struct process_id *process);

/* Whether any of the sessions but the one named (may be NULL) notes the definition; only_alive: a
 * living one. */
bool ownership_notes_definition(const struct session_info *infos, size_t count, const char *event,
				const char *except, bool only_alive);

/*
 * Whether the line is of a definition that the note names, and another than the note has: then the
 * name is somebody else's by now. A note without lines of it does not tell.
 */
bool ownership_is_replaced(const struct session_info *info, const struct definition *there);

#endif
