/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tasks of /proc: which belong to a process, and what they are called.
 */
#ifndef NK_SESSION_TASKS_H
#define NK_SESSION_TASKS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/diag.h"

/*
 * All threads of some processes, and with_children those of their descendants, as set_event_pid
 * takes them: numbers separated by blanks, each once; malloc'ed. -ESRCH: one of the processes is
 * not there.
 */
int tasks_of(int root_fd, const pid_t *pids, size_t count, bool with_children, char **text,
	     struct diags *diags);

/*
 * For who has handed text, of tasks_of() with_children, to a kernel that follows children from then
 * on: those that were started while it was listed. more() is given such as text has not, again and
 * again, until there are none. 0, or what more() returned.
 */
int tasks_catch_up(int root_fd, const pid_t *pids, size_t count, const char *text,
		   int (*more)(void *context, const char *tasks), void *context);

/*
 * "PID NAME" lines: what the kernel has saved, and behind it what /proc says of tasks that it does
 * not have, but in a pid namespace that is not the host's. malloc'ed. saved may be NULL.
 */
char *tasks_comms(int root_fd, const char *saved);

#endif
