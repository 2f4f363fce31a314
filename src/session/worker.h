/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The worker's process, as the broker sees it. The worker's own side is in broker.h.
 */
#ifndef NK_SESSION_WORKER_H
#define NK_SESSION_WORKER_H

#include <sys/types.h>

#include "session/broker.h"
#include "session/control.h"

struct worker_process {
	pid_t pid; /* 0: none (any more) */
	struct control control;
};

/* Forks; in the child closes the broker's own signal_fd, does the job and ends. 0 or -errno. */
int worker_fork(struct session *session, const struct broker_job *job, int signal_fd,
		struct worker_process *out, struct diags *diags);

/* Queues the report of a session that has been stopped, and STOP. */
void worker_put_report(struct worker_process *process, const struct session *session);

#endif
