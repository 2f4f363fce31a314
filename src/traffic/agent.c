/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A child with a network namespace of its own that runs steps of traffic one after the other, on
 * the word of its parent: a socket pair carries the number of a step down and its result up.
 */
#include "traffic/agent.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"

enum { START_MS = 10000 };

struct hello {
	int result;
	struct traffic_net net;
};

static void pin(void)
{
	cpu_set_t set;
	int cpu = sched_getcpu();

	if (cpu < 0)
		return;
	CPU_ZERO(&set);
	CPU_SET((unsigned int)cpu, &set);
	/* Best effort: without it more observations are thrown away. */
	(void)sched_setaffinity(0, sizeof(set), &set);
}

/* Ctrl-C is for the parent, which ends this process when it has done with it. */
static void settle(pid_t parent)
{
	sigset_t none;

	sigemptyset(&none);
	signal(SIGINT, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGTERM, SIG_DFL);
	sigprocmask(SIG_SETMASK, &none, NULL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* The parent may have died before prctl(). */
	if (getppid() != parent)
		_exit(1);
}

static void serve(const struct agent_options *options, struct traffic *traffic, int fd)
{
	uint32_t step;

	while (read(fd, &step, sizeof(step)) == sizeof(step)) {
		int32_t result = -EINVAL;

		if (step < options->step_count)
			result = options->steps[step].run(traffic, options->context);
		if (write(fd, &result, sizeof(result)) != sizeof(result))
			break;
	}
}

static void child(const struct agent_options *options, struct traffic_log *log, int fd,
		  pid_t parent)
{
	struct traffic *traffic = xcalloc(1, sizeof(*traffic));
	struct hello hello;

	settle(parent);
	if (options->pin_to_cpu)
		pin();
	traffic->log = log;
	memset(&hello, 0, sizeof(hello));
	hello.result = traffic_net_open(&traffic->net);
	if (!hello.result && options->with_cable && traffic_net_cable(&traffic->net))
		traffic->net.has_cable = false;
	if (!hello.result)
		hello.result = traffic_net_enter(&traffic->net, 0);
	hello.net = traffic->net;
	if (write(fd, &hello, sizeof(hello)) == sizeof(hello) && !hello.result)
		serve(options, traffic, fd);
	free(traffic);
	_exit(0);
}

static int await_hello(struct agent *agent)
{
	struct pollfd pollfd = { .fd = agent->fd, .events = POLLIN };
	struct hello hello;

	if (poll(&pollfd, 1, START_MS) <= 0)
		return -ETIMEDOUT;
	if (read(agent->fd, &hello, sizeof(hello)) != sizeof(hello))
		return -ECHILD;
	agent->net = hello.net;
	return hello.result;
}

int agent_start(const struct agent_options *options, struct agent *agent, struct diags *diags)
{
	pid_t parent = getpid();
	int fds[2];

	*agent = (struct agent){ .pid = -1, .fd = -1 };
	agent->log = traffic_shared_new(sizeof(*agent->log));
	if (!agent->log)
		return diag_error(diags, ENOMEM, "no shared memory for the log of known traffic");
	/* Of packets, so that a number is never read in two halves. */
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds)) {
		int err = errno;

		agent_stop(agent);
		return diag_error(diags, err, "cannot make a socket pair: %s", strerror(err));
	}
	agent->fd = fds[0];
	agent->pid = fork();
	if (!agent->pid) {
		close(fds[0]);
		child(options, agent->log, fds[1], parent);
	}
	int err = agent->pid < 0 ? -errno : 0;
	close(fds[1]);
	if (!err)
		err = await_hello(agent);
	if (err) {
		agent_stop(agent);
		return diag_error(diags, -err,
				  "cannot start the process that makes known traffic: %s",
				  strerror(-err));
	}
	return 0;
}

int agent_begin(struct agent *agent, size_t step)
{
	uint32_t number = (uint32_t)step;

	if (send(agent->fd, &number, sizeof(number), MSG_NOSIGNAL) != sizeof(number))
		return -ECHILD;
	return 0;
}

int agent_result(struct agent *agent, int timeout_ms, int *result)
{
	struct pollfd pollfd = { .fd = agent->fd, .events = POLLIN };
	int32_t answer;
	int ready = poll(&pollfd, 1, timeout_ms);

	if (ready == 0 || (ready < 0 && errno == EINTR))
		return 0;
	if (ready < 0 || read(agent->fd, &answer, sizeof(answer)) != sizeof(answer))
		return -ECHILD;
	*result = answer;
	return 1;
}

int agent_run(struct agent *agent, size_t step, int timeout_ms)
{
	int result;
	int err = agent_begin(agent, step);

	if (err)
		return err;
	err = agent_result(agent, timeout_ms, &result);
	if (err < 0)
		return err;
	return err ? result : -ETIMEDOUT;
}

void agent_stop(struct agent *agent)
{
	if (agent->pid > 0) {
		kill(agent->pid, SIGKILL);
		while (waitpid(agent->pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	if (agent->fd >= 0)
		close(agent->fd);
	traffic_shared_free(agent->log, sizeof(*agent->log));
	*agent = (struct agent){ .pid = -1, .fd = -1 };
}
