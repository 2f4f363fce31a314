/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * COMMAND: a child that waits until tracing is on, and is then what the user wants to run.
 */
#ifndef NK_SESSION_COMMAND_H
#define NK_SESSION_COMMAND_H

#include <signal.h>
#include <sys/types.h>

#include "base/diag.h"

struct command_child {
	pid_t pid;    /* 0: none */
	int go_fd;    /* a byte lets it run; closed without one it ends */
	int error_fd; /* the errno of an exec that failed; closed by one that did not */
};

/* How a child is to find its signals: as they were before nk changed them. */
struct command_signals {
	sigset_t mask;
	struct sigaction on_sigpipe;
	struct sigaction on_sigchld;
};

/* Whether there is such a command, as execvp(3) would find it. 0, -ENOENT, -EACCES. */
int command_find(const char *name, struct diags *diags);

/* Forks, and holds it. */
int command_fork(char *const *command, const struct command_signals *signals,
		 struct command_child *out, struct diags *diags);

/* Lets it run; what becomes of that is to be read from error_fd. */
int command_go(struct command_child *child, const char *name, struct diags *diags);

/*
 * What is ready to be read there; both descriptors are closed then. 0: it runs, or was ended by
 * somebody. -errno: it could not be executed after all, and has ended.
 */
int command_answer(struct command_child *child, const char *name, struct diags *diags);

/* Where it still waits it ends. Does not wait for it. */
void command_close(struct command_child *child);

/* A status of waitpid(2) as a shell tells it. */
int command_shell_status(int status);

#endif
