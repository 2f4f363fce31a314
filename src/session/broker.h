/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The two processes of a session. The broker (the process that the user started) has the
 * privileges: it starts and stops the session, runs COMMAND, keeps the time limit, takes the
 * signals, and undoes whatever way the worker ends. The worker gets open descriptors, gives up all
 * privileges (privilege_drop_all()), and does the reading, decoding and writing.
 */
#ifndef NK_SESSION_BROKER_H
#define NK_SESSION_BROKER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/diag.h"
#include "session/session.h"

/* What the worker sees of the broker. */
struct worker {
	/* As it was at the fork; its raw_fds are the worker's to read. */
	const struct session *session;
	int control_fd;	  /* readable: the broker says something, see worker_poll() */
	bool is_stopping; /* the broker has turned tracing off: drain what is left and return */
	struct broker_report *report; /* once is_stopping: losses */
	struct worker_state *state;   /* private to session/ */
};

/* As in struct session_event. */
struct session_event_counts {
	uint64_t hits, misses, unsure, edge;
	bool is_counted;
};

/* What session_stop() found, as the worker gets it. */
struct broker_report {
	struct session_event_counts *events; /* as session->events */
	char **cpu_stats;		     /* texts, instance by instance, CPU by CPU */
	size_t cpu_stats_count;
	char *saved_cmdlines;
};

/*
 * Reads what the broker has said, without blocking; call when control_fd is readable. 0 or -errno;
 * -ECANCELED: the user does not want to wait for the rest (a second Ctrl-C): return at once.
 */
int worker_poll(struct worker *worker);

struct broker_job {
	/*
	 * The work, in the worker: returns its exit status (0 done, 1 failed, 3 incomplete). It
	 * returns early (-n reached, output closed) or after worker->is_stopping once all is
	 * drained. What it has to say goes to diags, which the broker's caller gets.
	 */
	int (*work)(struct worker *worker, void *context, struct diags *diags);
	void *context;
	char *const *command;	 /* NULL: none */
	bool trace_command_only; /* -c without -p: only COMMAND and its children */
	double seconds;		 /* -d; 0: no limit */
	bool reads_files;	 /* the work opens files that everybody may read */
	/* In the broker, after the forks, before the start; may be NULL. */
	int (*prepare)(void *context);
	/* The same once tracing is on and COMMAND, if there is one, runs. */
	void (*started)(void *context, struct diags *diags);
	/*
	 * The process has nothing to do afterwards that takes more than files: once worker and
	 * COMMAND are there it gives up, for good, what the undo does not need. See
	 * privilege_keep_few().
	 */
	bool sheds_capabilities;
};

struct broker_result {
	int worker_status; /* exit status of work(); 128+N where signal N killed it */
	/* Exit status of COMMAND as a shell gives it; -1: there was none, or it runs on. */
	int command_status;
	int signal;	    /* that ended the session (SIGINT, SIGTERM ...); 0: none */
	bool is_unreported; /* the worker ended first: what the session has counted is not told */
};

/*
 * Starts the session, runs the job, stops it, waits for everyone. The caller destroys the session.
 * 0 or -errno (the session could not be started; COMMAND does not exist: -ENOENT, before any
 * tracing).
 *
 * The session stops when COMMAND ends, the time is up, a signal comes, or the worker returns;
 * whichever is first. Then the worker drains. COMMAND goes on where it is not what ended the
 * session, and is waited for: what was started in the foreground stays there. But after a signal it
 * has two seconds: a terminal's Ctrl-C reaches it anyway, and a signal that a process sent is
 * passed on to it; what is still running then is left alone, with a warning. A second signal ends
 * all waiting, the worker's too.
 *
 * The worker ignores SIGINT, SIGTERM, SIGHUP, SIGQUIT and SIGPIPE, and is killed when the broker
 * dies.
 */
int broker_run(struct session *session, const struct broker_job *job, struct broker_result *result,
	       struct diags *diags);

#endif
