/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Work in, its exit status out. It holds: a process that ends by a fault of libtraceevent has noted
 * that in the memory shared with those that follow, and what it wrote is counted there; any other
 * signal ends all.
 */
#include "cmd/isolate.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "cmd/setup.h"

/* CPU seconds of one call into libtraceevent, which takes microseconds. */
#define CALL_SECONDS 5
/* Of memory that is not the mapped file: a width in a print fmt can ask for any amount. */
#define DATA_BYTES (UINT64_C(2) << 30)
/* Sanitizers map terabytes of their own. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define HAS_SHADOW 1
#else
#define HAS_SHADOW 0
#endif
/* Of the process that noted a fault; not one that a subcommand has. */
#define STATUS_FAULT 99

static const int signals[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT };

#define SIGNAL_COUNT (sizeof(signals) / sizeof(*signals))

/* Of this process, for its handlers. */
static struct isolation *own;
static struct sigaction before[SIGNAL_COUNT];
static uint64_t numbers[GUARD_SLOTS];
static int seconds;

static void on_fault(int number)
{
	if (guard_is_inside()) {
		guard_note_own(&own->guard);
		output_progress_end(&own->progress);
		_exit(STATUS_FAULT);
	}
	/* Ours: as if this handler had not been there. */
	for (size_t i = 0; i < SIGNAL_COUNT; i++)
		if (signals[i] == number)
			sigaction(number, &before[i], NULL);
}

/* Every second of CPU time. A call that was there each time hangs. */
static void on_second(int number)
{
	bool is_same = false;
	int error = errno;

	(void)number;
	for (size_t i = 0; i < GUARD_SLOTS; i++)
		is_same |= own->guard.calls[i].kind != GUARD_NONE &&
			   own->guard.numbers[i] == numbers[i];
	if (is_same && ++seconds < CALL_SECONDS)
		return;
	/* The thread that writes may be this one: it is not waited for, but looked at again. */
	if (is_same && !own->progress.is_writing && guard_note_all(&own->guard, numbers) > 0)
		_exit(STATUS_FAULT);
	errno = error;
	seconds = is_same ? seconds : 0;
	memcpy(numbers, own->guard.numbers, sizeof(numbers));
}

static void watch(struct isolation *isolation)
{
	const struct itimerval second = { .it_interval = { 1, 0 }, .it_value = { 1, 0 } };
	struct sigaction action = { .sa_handler = on_fault };
	struct rlimit limit = { DATA_BYTES, DATA_BYTES };

	own = isolation;
	for (size_t i = 0; i < SIGNAL_COUNT; i++)
		sigaction(signals[i], &action, &before[i]);
	action = (struct sigaction){ .sa_handler = on_second, .sa_flags = SA_RESTART };
	sigaction(SIGPROF, &action, NULL);
	setitimer(ITIMER_PROF, &second, NULL);
	if (!HAS_SHADOW)
		setrlimit(RLIMIT_DATA, &limit);
}

/* The work's process, up to its end. */
static void do_work(int (*work)(struct isolation *isolation, void *context),
		    struct isolation *isolation, void *context, pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(CMD_FAILED);
	guard_restart(&isolation->guard);
	output_progress_restart(&isolation->progress);
	watch(isolation);
	exit(work(isolation, context));
}

static int wait_for(pid_t pid)
{
	int status = -1;

	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return status;
}

/* Whether it ended for a fault that is noted now, so that another may do better. */
static bool is_fault(struct isolation *isolation, int status)
{
	if (WIFEXITED(status))
		return WEXITSTATUS(status) == STATUS_FAULT;
	/* A stack that is used up leaves no room for a handler. */
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV &&
	       guard_note_all(&isolation->guard, NULL) > 0;
}

static int tell(const char *what, const char *why)
{
	struct diags diags = { 0 };

	diag_error(&diags, EINVAL, "%s: %s", what, why);
	setup_say(&diags, false);
	return CMD_FAILED;
}

static int end(int status)
{
	if (WIFEXITED(status) && WEXITSTATUS(status) == STATUS_FAULT)
		return tell("not read on", "libtraceevent fails on too much of it");
	if (WIFEXITED(status))
		return WEXITSTATUS(status);

	int number = WTERMSIG(status);

	/* As if there were one process. */
	if (number == SIGINT || number == SIGTERM || number == SIGHUP || number == SIGPIPE) {
		signal(number, SIG_DFL);
		raise(number);
	}
	return tell("the process that reads it was ended", strsignal(number));
}

int isolate(int (*work)(struct isolation *isolation, void *context), void *context)
{
	struct isolation *isolation = mmap(NULL, sizeof(*isolation), PROT_READ | PROT_WRITE,
					   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t parent = getpid(), pid;
	int status;

	if (isolation == MAP_FAILED)
		return tell("cannot have memory", strerror(errno));
	/* Ignored, as some parents have it, the process would vanish without a status. */
	signal(SIGCHLD, SIG_DFL);
	do {
		fflush(NULL);
		pid = fork();
		if (pid < 0)
			return tell("cannot make a process", strerror(errno));
		if (pid == 0)
			do_work(work, isolation, context, parent);
		status = wait_for(pid);
	} while (is_fault(isolation, status) && isolation->guard.fault_count < GUARD_FAULTS);
	munmap(isolation, sizeof(*isolation));
	return end(status);
}
