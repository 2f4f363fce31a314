/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The worker: a process without privileges that does the job with open descriptors. In: the session
 * as it was at the fork, and what the broker says. Out: the job's exit status, and its diagnostics
 * for the broker's caller.
 */
#include "session/worker.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "session/privilege.h"
#include "session/state.h"

#define STATUS_FAILED 1
/* Of one message to the broker, which does not trust the worker. */
#define SAID_MOST (1U << 20)

struct worker_state {
	struct control control;
	struct broker_report report; /* filled until STOP comes */
	size_t event_count;
};

static int take_counts(struct worker_state *state, const struct control_message *message)
{
	size_t size = state->event_count * sizeof(*state->report.events);

	if (message->length != size)
		return -EPROTO;
	if (size > 0)
		memcpy(state->report.events, message->data, size);
	return 0;
}

static int take_message(struct worker *worker, struct control_message *message)
{
	struct worker_state *state = worker->state;
	struct broker_report *report = &state->report;

	switch (message->type) {
	case CONTROL_COUNTS:
		return take_counts(state, message);
	case CONTROL_CPU_STATS:
		*array_add(&report->cpu_stats, &report->cpu_stats_count) = message->data;
		message->data = NULL;
		return 0;
	case CONTROL_COMMS:
		free(report->saved_cmdlines);
		report->saved_cmdlines = message->data;
		message->data = NULL;
		return 0;
	case CONTROL_STOP:
		worker->report = report;
		worker->is_stopping = true;
		return 0;
	case CONTROL_ABORT:
		return -ECANCELED;
	default:
		return -EPROTO;
	}
}

int worker_poll(struct worker *worker)
{
	struct worker_state *state = worker->state;
	struct control_message message;
	int err = control_fill(&state->control);
	int got = 0;

	while (!err && (got = control_take(&state->control, &message)) == 1) {
		err = take_message(worker, &message);
		free(message.data);
	}
	if (!err && got < 0)
		err = got;
	if (!err && state->control.is_closed)
		err = -ECONNABORTED;
	return err;
}

static void ignore_signals(void)
{
	static const int ignored[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE };
	sigset_t none;

	for (size_t i = 0; i < sizeof(ignored) / sizeof(*ignored); i++)
		signal(ignored[i], SIG_IGN);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* What the broker cannot be told is told at once. */
static void send_diags(struct control *control, struct diags *diags)
{
	for (size_t i = 0; i < diags->count; i++)
		control_put_diag(control, &diags->items[i]);
	if (control_send(control, true) != 0)
		diags_print(diags, stderr);
	diags_clear(diags);
}

/* With the broker gone nobody would stop the work, and an instance that is read cannot be removed.
 */
static void die_with(pid_t broker)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != broker)
		_exit(STATUS_FAILED);
}

static int run_job(const struct session *session, const struct broker_job *job,
		   struct worker_state *state, struct diags *diags)
{
	struct worker worker = { .session = session,
				 .control_fd = state->control.fd,
				 .state = state };

	state->event_count = session->event_count;
	state->report.events = xcalloc(session->event_count, sizeof(*state->report.events));
	control_put(&state->control, CONTROL_READY, NULL, 0);

	int err = control_send(&state->control, true);
	/* It would wait for that for ever. */
	if (err) {
		text_clear(&state->control.out);
		diag_error(diags, -err, "the worker cannot reach the broker: %s", strerror(-err));
		return STATUS_FAILED;
	}
	return job->work(&worker, job->context, diags);
}

static void __attribute__((noreturn))
worker_main(struct session *session, const struct broker_job *job, int control_fd, pid_t broker)
{
	struct worker_state state = { .control = { .fd = control_fd } };
	struct diags diags = { 0 };
	int status = STATUS_FAILED;

	ignore_signals();
	session_leave_to_parent(session);
	if (privilege_drop_all(job->reads_files ? PRIVILEGE_READ_FILES : PRIVILEGE_OPEN_FILES,
			       &diags) == 0) {
		die_with(broker);
		status = run_job(session, job, &state, &diags);
	}
	send_diags(&state.control, &diags);
	fflush(NULL);
	_exit(status);
}

int worker_fork(struct session *session, const struct broker_job *job, int signal_fd,
		struct worker_process *out, struct diags *diags)
{
	pid_t broker = getpid();
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
		return diag_error(diags, errno, "cannot make a socket: %s", strerror(errno));
	/* What is in the buffers would be written by both. */
	fflush(NULL);

	pid_t pid = fork();

	if (pid == 0) {
		close(ends[0]);
		close(signal_fd);
		worker_main(session, job, ends[1], broker);
	}
	close(ends[1]);
	if (pid < 0) {
		int err = diag_error(diags, errno, "cannot fork: %s", strerror(errno));

		close(ends[0]);
		return err;
	}
	*out = (struct worker_process){ pid, { .fd = ends[0], .limit = SAID_MOST } };
	return 0;
}

void worker_put_report(struct worker_process *process, const struct session *session)
{
	NK_FREE struct session_event_counts *counts =
		xcalloc(session->event_count, sizeof(*counts));
	NK_FREE char *comms = NULL;

	for (size_t i = 0; i < session->event_count; i++) {
		const struct session_event *event = &session->events[i];

		counts[i] =
			(struct session_event_counts){ event->hits, event->misses, event->unsure,
						       event->edge, event->is_counted };
	}
	control_put(&process->control, CONTROL_COUNTS, counts,
		    session->event_count * sizeof(*counts));
	for (size_t i = 0; i < session->instance_count; i++) {
		const struct session_instance *instance = &session->instances[i];

		for (size_t j = 0; j < instance->cpu_count; j++) {
			/* Not there where the session was ended before it had started. */
			const char *text = instance->stats ? instance->stats[j].text : "";

			control_put(&process->control, CONTROL_CPU_STATS, text, strlen(text));
		}
	}
	if (session_comms(session, &comms) == 0)
		control_put(&process->control, CONTROL_COMMS, comms, strlen(comms));
	control_put(&process->control, CONTROL_STOP, NULL, 0);
}
