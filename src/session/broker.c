/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The broker's loop. In: signals, a timer, what the worker says, the ends of worker and COMMAND.
 * Out: a session that was started and stopped, and how everybody ended. It holds true that the
 * broker waits for nobody but in its poll(2), so that it can always undo.
 */
#include "session/broker.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "session/command.h"
#include "session/instance.h"
#include "session/privilege.h"
#include "session/state.h"
#include "session/worker.h"

#define PATIENCE_MS 2000
/* What a worker may say in all: a message counts as its bytes and these. */
#define HEARD_MOST   (4U << 20)
#define MESSAGE_COST 4096U
/* Portions that a worker may have left in its socket, which holds less. */
#define LAST_PORTIONS 64

struct broker {
	struct session *session;
	const struct broker_job *job;
	struct broker_result *result;
	struct diags *diags;
	int signal_fd;
	int timer_fd;
	struct worker_process worker;
	struct command_child command;
	size_t heard;  /* of HEARD_MOST */
	bool is_ready; /* the worker is */
	bool is_stopped;
	int signal_count;	     /* those that end a session */
	int64_t worker_deadline_ms;  /* 0: none */
	int64_t command_deadline_ms; /* 0: none */
	bool gives_up_command;
};

/* What is put back at the end. */
struct broker_signals {
	sigset_t mask;
	struct sigaction on_sigchld;
	struct sigaction on_sigpipe;
};

static int64_t now_ms(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

static int take_signals_over(struct broker *broker, struct broker_signals *old)
{
	const struct sigaction ignore = { .sa_handler = SIG_IGN };
	const struct sigaction usual = { .sa_handler = SIG_DFL };
	sigset_t signals;

	session_end_signals(&signals);
	sigaddset(&signals, SIGCHLD);
	broker->signal_fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
	if (broker->signal_fd < 0)
		return diag_error(broker->diags, errno, "cannot take signals: %s", strerror(errno));
	sigprocmask(SIG_BLOCK, &signals, &old->mask);
	sigaction(SIGPIPE, &ignore, &old->on_sigpipe);
	/* Ignored, as some parents have it, children would vanish without a status. */
	sigaction(SIGCHLD, &usual, &old->on_sigchld);
	return 0;
}

static void give_signals_back(struct broker *broker, const struct broker_signals *old)
{
	sigaction(SIGCHLD, &old->on_sigchld, NULL);
	sigaction(SIGPIPE, &old->on_sigpipe, NULL);
	sigprocmask(SIG_SETMASK, &old->mask, NULL);
	close(broker->signal_fd);
}

static void stop(struct broker *broker)
{
	if (broker->is_stopped)
		return;
	broker->is_stopped = true;
	session_stop(broker->session, broker->diags);
	if (broker->worker.pid) {
		worker_put_report(&broker->worker, broker->session);
		control_send(&broker->worker.control, false);
	}
}

/* A signal that a process sent reached nk alone; one of the terminal reached COMMAND, too. */
static void pass_on(const struct broker *broker, const struct signalfd_siginfo *info)
{
	if (broker->command.pid && info->ssi_code <= 0)
		kill(broker->command.pid, (int)info->ssi_signo);
}

static void end_by_signal(struct broker *broker, const struct signalfd_siginfo *info)
{
	broker->signal_count++;
	if (broker->signal_count == 1) {
		broker->result->signal = (int)info->ssi_signo;
		broker->command_deadline_ms = now_ms() + PATIENCE_MS;
		stop(broker);
	} else if (broker->signal_count == 2) {
		broker->gives_up_command = true;
		broker->worker_deadline_ms = now_ms() + PATIENCE_MS;
		if (broker->worker.pid)
			control_put(&broker->worker.control, CONTROL_ABORT, NULL, 0);
	} else if (broker->worker.pid) {
		kill(broker->worker.pid, SIGKILL);
	}
	pass_on(broker, info);
}

static int take_message(struct broker *broker, const struct control_message *message)
{
	broker->heard += message->length + MESSAGE_COST;
	if (broker->heard > HEARD_MOST)
		return -EPROTO;
	if (message->type == CONTROL_DIAG)
		return control_read_diag(message, broker->diags);
	if (message->type != CONTROL_READY)
		return -EPROTO;
	broker->is_ready = true;
	return 0;
}

/* What the worker says; nonsense ends it, and nobody listens any more. */
static void listen_to_worker(struct broker *broker)
{
	struct control *control = &broker->worker.control;
	struct control_message message;
	int got = 0;
	int err = control_fill(control);

	while (!err && (got = control_take(control, &message)) == 1) {
		err = take_message(broker, &message);
		free(message.data);
	}
	if (!err && got >= 0)
		return;
	control->is_closed = true;
	diag_error(broker->diags, EPROTO, "the worker says what no worker says: it is ended");
	if (broker->worker.pid)
		kill(broker->worker.pid, SIGKILL);
}

static void worker_ended(struct broker *broker, int status)
{
	broker->worker.pid = 0;
	broker->session->state->worker = 0;
	for (int i = 0; i < LAST_PORTIONS && !broker->worker.control.is_closed; i++)
		listen_to_worker(broker);
	control_close(&broker->worker.control);
	broker->result->worker_status = command_shell_status(status);
	if (WIFSIGNALED(status))
		diag_error(broker->diags, ECHILD, "the worker was killed: %s",
			   strsignal(WTERMSIG(status)));
	broker->result->is_unreported = !broker->is_stopped;
	stop(broker);
	/*
	 * COMMAND may go on for long: it shall not pay for probes that nobody reads. Not sooner: a
	 * definition that is disabled may be deleted by anybody, and its events with it.
	 */
	session_disable(broker->session);
}

static void command_ended(struct broker *broker, int status)
{
	broker->command.pid = 0;
	broker->session->state->held_command = 0;
	if (broker->command.go_fd < 0) {
		broker->result->command_status = command_shell_status(status);
	} else if (WIFEXITED(status) && !broker->is_stopped) {
		/* Still held, it has never been COMMAND. One that a signal ended was told to. */
		diag_error(broker->diags, ECHILD, "%s: ended before it was run",
			   broker->job->command[0]);
		broker->result->command_status = command_shell_status(status);
	}
	stop(broker);
}

/* One that cannot be waited for is nobody's child any more: it would be waited for without end. */
static bool has_ended(pid_t pid, int *status)
{
	pid_t got = waitpid(pid, status, WNOHANG);

	if (got >= 0 || errno == EINTR)
		return got > 0;
	kill(pid, SIGKILL);
	*status = SIGKILL;
	return true;
}

static void reap(struct broker *broker)
{
	int status;

	if (broker->worker.pid && has_ended(broker->worker.pid, &status))
		worker_ended(broker, status);
	if (broker->command.pid && has_ended(broker->command.pid, &status))
		command_ended(broker, status);
}

/* What is ready and cannot be read would be asked for without end. */
static int read_error(ssize_t got)
{
	return got < 0 && errno != EAGAIN && errno != EINTR ? -errno : 0;
}

static int take_signals(struct broker *broker)
{
	struct signalfd_siginfo info;
	ssize_t got;

	while ((got = read(broker->signal_fd, &info, sizeof(info))) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGCHLD)
			reap(broker);
		else
			end_by_signal(broker, &info);
	}
	return read_error(got);
}

static int take_timer(struct broker *broker)
{
	uint64_t expirations;
	ssize_t got = read(broker->timer_fd, &expirations, sizeof(expirations));

	if (got > 0)
		stop(broker);
	return read_error(got);
}

static void keep_deadlines(struct broker *broker)
{
	int64_t now = now_ms();

	if (broker->worker_deadline_ms && now >= broker->worker_deadline_ms && broker->worker.pid) {
		broker->worker_deadline_ms = 0;
		kill(broker->worker.pid, SIGKILL);
	}
	if (broker->command_deadline_ms && now >= broker->command_deadline_ms) {
		broker->command_deadline_ms = 0;
		broker->gives_up_command = true;
	}
}

static int time_left(int64_t deadline_ms, int timeout)
{
	int64_t left;

	if (!deadline_ms)
		return timeout;
	left = deadline_ms - now_ms();
	if (left < 0)
		left = 0;
	return timeout < 0 || left < timeout ? (int)left : timeout;
}

/* One thing happens, or a deadline passes. */
static int step(struct broker *broker)
{
	struct control *control = &broker->worker.control;
	struct pollfd fds[] = {
		{ .fd = broker->signal_fd, .events = POLLIN },
		{ .fd = broker->timer_fd, .events = POLLIN },
		/* At its end there is nothing more to hear: SIGCHLD tells the rest. */
		{ .fd = control->is_closed ? -1 : control->fd,
		  .events = control->out.length > 0 ? POLLIN | POLLOUT : POLLIN },
		/* What becomes of execve(2), which may wait for a file system. */
		{ .fd = broker->command.go_fd < 0 ? broker->command.error_fd : -1,
		  .events = POLLIN },
	};
	int timeout =
		time_left(broker->worker_deadline_ms, time_left(broker->command_deadline_ms, -1));
	int err = 0;

	if (poll(fds, sizeof(fds) / sizeof(*fds), timeout) < 0 && errno != EINTR)
		return diag_error(broker->diags, errno, "cannot wait: %s", strerror(errno));
	if (fds[2].revents)
		listen_to_worker(broker);
	if (fds[2].revents & POLLOUT)
		control_send(control, false);
	if (fds[3].revents)
		err = command_answer(&broker->command, broker->job->command[0], broker->diags);
	if (err)
		return err;
	if (fds[1].revents)
		err = take_timer(broker);
	if (fds[0].revents && !err)
		err = take_signals(broker);
	if (err)
		return diag_error(broker->diags, -err, "cannot wait: %s", strerror(-err));
	keep_deadlines(broker);
	return 0;
}

static int start_timer(struct broker *broker)
{
	double seconds = broker->job->seconds;
	struct itimerspec time = { 0 };

	if (seconds <= 0)
		return 0;
	time.it_value.tv_sec = (time_t)seconds;
	time.it_value.tv_nsec = (long)((seconds - (double)time.it_value.tv_sec) * 1e9);
	/* Nought would turn it off. */
	if (time.it_value.tv_sec == 0 && time.it_value.tv_nsec == 0)
		time.it_value.tv_nsec = 1;
	broker->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (broker->timer_fd < 0 || timerfd_settime(broker->timer_fd, 0, &time, NULL) != 0)
		return diag_error(broker->diags, errno, "cannot set a timer: %s", strerror(errno));
	return 0;
}

static int fork_children(struct broker *broker, const struct broker_signals *old)
{
	const struct broker_job *job = broker->job;
	struct command_signals signals = {
		.mask = broker->session->state->old_signals,
		.on_sigpipe = old->on_sigpipe,
		.on_sigchld = old->on_sigchld,
	};
	int err;

	if (job->command && job->trace_command_only)
		broker->session->state->is_of_tasks = true;
	err = worker_fork(broker->session, job, broker->signal_fd, &broker->worker, broker->diags);
	if (err)
		return err;
	broker->session->state->worker = broker->worker.pid;
	if (job->command)
		err = command_fork(job->command, &signals, &broker->command, broker->diags);
	broker->session->state->held_command = broker->command.pid;
	if (!err && job->prepare)
		err = job->prepare(job->context);
	if (!err && job->sheds_capabilities)
		err = privilege_keep_few(broker->diags);
	return err;
}

static int watch_command_only(struct broker *broker)
{
	const struct session *session = broker->session;

	if (!broker->job->trace_command_only || !broker->command.pid)
		return 0;
	for (size_t i = 0; i < session->instance_count; i++) {
		int err = instance_add_pid(&session->instances[i], broker->command.pid);

		if (err)
			return diag_error(broker->diags, -err, "cannot trace COMMAND alone: %s",
					  strerror(-err));
	}
	return 0;
}

/* Until the worker is ready: what happens before it could read would only fill the buffers. */
static int wait_ready(struct broker *broker)
{
	int err = 0;

	while (!err && !broker->is_ready && !broker->is_stopped)
		err = step(broker);
	return err;
}

static int start(struct broker *broker)
{
	const struct broker_job *job = broker->job;
	int err = wait_ready(broker);

	/* Ended before it began: by a signal, or by the worker. */
	if (err || broker->is_stopped)
		return err;
	err = watch_command_only(broker);
	if (!err)
		err = start_timer(broker);
	if (!err)
		err = session_start(broker->session, broker->diags);
	if (!err && broker->command.pid) {
		err = command_go(&broker->command, job->command[0], broker->diags);
		broker->session->state->held_command = 0;
	}
	while (!err && broker->command.error_fd >= 0 && !broker->is_stopped)
		err = step(broker);
	if (!err && job->started)
		job->started(job->context, broker->diags);
	return err;
}

static bool is_done(const struct broker *broker)
{
	bool waits = broker->command.pid && !broker->gives_up_command;

	return broker->worker.pid == 0 && !waits;
}

/* COMMAND still waits for its start, and ends when that cannot come any more. */
static void end_held_command(struct broker *broker)
{
	if (broker->command.go_fd < 0)
		return;
	command_close(&broker->command);
	/* It may have been stopped, and has never been COMMAND. */
	if (broker->command.pid) {
		kill(broker->command.pid, SIGKILL);
		waitpid(broker->command.pid, NULL, 0);
	}
	broker->command.pid = 0;
	broker->session->state->held_command = 0;
}

static void end_worker(struct broker *broker)
{
	int status;

	if (!broker->worker.pid)
		return;
	kill(broker->worker.pid, SIGKILL);
	waitpid(broker->worker.pid, &status, 0);
	broker->result->worker_status = command_shell_status(status);
	broker->worker.pid = 0;
	broker->session->state->worker = 0;
}

static int run(struct broker *broker, const struct broker_signals *old)
{
	int err = fork_children(broker, old);

	if (!err)
		err = start(broker);
	if (err || broker->is_stopped)
		end_held_command(broker);
	while (!err && !is_done(broker))
		err = step(broker);
	return err;
}

int broker_run(struct session *session, const struct broker_job *job, struct broker_result *result,
	       struct diags *diags)
{
	struct broker broker = {
		.session = session,
		.job = job,
		.result = result,
		.diags = diags,
		.timer_fd = -1,
		.worker = { .control = { .fd = -1 } },
		.command = { .go_fd = -1, .error_fd = -1 },
	};
	struct broker_signals old;
	int err = job->command ? command_find(job->command[0], diags) : 0;

	*result = (struct broker_result){ .command_status = -1 };
	if (!err)
		err = take_signals_over(&broker, &old);
	if (err)
		return err;
	err = run(&broker, &old);
	if (err) {
		session_stop(session, diags);
		end_held_command(&broker);
		end_worker(&broker);
	}
	if (broker.command.pid)
		diag_warning(diags, "%s (process %d) is still running", job->command[0],
			     (int)broker.command.pid);
	control_close(&broker.worker.control);
	command_close(&broker.command);
	if (broker.timer_fd >= 0)
		close(broker.timer_fd);
	give_signals_back(&broker, &old);
	session->state->is_over = true;
	return err;
}
