/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Broker, worker and COMMAND over an instance that is a directory of plain files: who ends what,
 * what the worker is told, and that it has no privileges.
 */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "session-tree.h"
#include "session/broker.h"
#include "session/control.h"
#include "session/sandbox.h"
#include "session/state.h"

/* A session by hand: one instance with one CPU, one event. */
struct fake {
	struct tree tree;
	struct kernel kernel;
	struct session_state state;
	struct session_instance instance;
	struct session_event event;
	struct event_def def;
	struct session session;
	struct diags diags;
	struct broker_result result;
	int cpu;
	int raw_fd;
};

static void fake_make(struct fake *fake)
{
	static const int ends[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
	sigset_t signals;

	*fake = (struct fake){ .tree = tree_make() };
	/*
	 * Check handles some by signalling the whole process group, which a child would then do
	 * too; and who runs the tests in the background may have them ignore others.
	 */
	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++)
		signal(ends[i], SIG_DFL);
	/* As session_create() does it. */
	session_end_signals(&signals);
	sigprocmask(SIG_BLOCK, &signals, &fake->state.old_signals);
	tree_write(&fake->tree, "kprobe_events", "p:nk/x f\n");
	tree_write(&fake->tree, "kprobe_profile", "  x 3 1\n");
	tree_write(&fake->tree, "saved_cmdlines", "42 answer\n");
	tree_write(&fake->tree, "instance/tracing_on", "0");
	tree_write(&fake->tree, "instance/set_event_pid", "");
	tree_write(&fake->tree, "instance/events/enable", "1");
	tree_write(&fake->tree, "instance/per_cpu/cpu0/stats", "entries: 5\noverrun: 2\n");
	tree_write(&fake->tree, "instance/per_cpu/cpu0/trace_pipe_raw", "");
	fake->kernel.root_fd = fake->tree.fd;
	fake->state.kernel = &fake->kernel;
	fake->state.note_fd = -1;
	fake->raw_fd = openat(fake->tree.fd, "instance/per_cpu/cpu0/trace_pipe_raw", O_RDONLY);
	fake->instance = (struct session_instance){
		.name = (char *)"instance",
		.dir_fd = tree_open(&fake->tree, "instance"),
		.raw_fds = &fake->raw_fd,
		.cpus = &fake->cpu,
		.cpu_count = 1,
	};
	fake->def.desc.group = (char *)"nk";
	fake->def.desc.name = (char *)"x";
	fake->event.def = &fake->def;
	fake->session = (struct session){
		.tracefs_fd = tree_open(&fake->tree, "."),
		.run_fd = -1,
		.instances = &fake->instance,
		.instance_count = 1,
		.events = &fake->event,
		.event_count = 1,
		.state = &fake->state,
	};
}

/* The signals stay blocked: the process is at its end. */
static void fake_remove(struct fake *fake)
{
	if (fake->instance.stats)
		free(fake->instance.stats[0].text);
	free(fake->instance.stats);
	diags_clear(&fake->diags);
	close(fake->raw_fd);
	close(fake->instance.dir_fd);
	close(fake->session.tracefs_fd);
	tree_remove(&fake->tree);
}

static int run(struct fake *fake, const struct broker_job *job)
{
	int err = broker_run(&fake->session, job, &fake->result, &fake->diags);

	diags_print(&fake->diags, stderr);
	return err;
}

static void expect_file(const struct fake *fake, const char *path, const char *expected)
{
	NK_FREE char *text = tree_read(&fake->tree, path);

	ck_assert_str_eq(text, expected);
}

static char *shell_in(const struct fake *fake, const char *script)
{
	return xasprintf("cd %s && %s", fake->tree.path, script);
}

/* Waits to be told to stop. The context is a file descriptor for what it has to show. */
static int wait_for_stop(struct worker *worker)
{
	while (!worker->is_stopping) {
		struct pollfd poll_fd = { .fd = worker->control_fd, .events = POLLIN };

		poll(&poll_fd, 1, -1);

		int err = worker_poll(worker);
		if (err)
			return err;
	}
	return 0;
}

static int work_idle(struct worker *worker, void *context, struct diags *diags)
{
	(void)context;
	(void)diags;
	return wait_for_stop(worker) == 0 ? 0 : 1;
}

/* A probe that is disabled may be deleted by others, and what was not read yet goes with it. */
static int work_slowly(struct worker *worker, void *context, struct diags *diags)
{
	char enabled = 0;

	(void)diags;
	if (wait_for_stop(worker) != 0)
		return 1;
	usleep(100000);
	return pread(*(int *)context, &enabled, 1, 0) == 1 && enabled == '1' ? 0 : 2;
}

static int work_report(struct worker *worker, void *context, struct diags *diags)
{
	if (wait_for_stop(worker) != 0)
		return 1;
	dprintf(*(int *)context, "%lu %lu %zu %s%s", (unsigned long)worker->report->events[0].hits,
		(unsigned long)worker->report->events[0].misses, worker->report->cpu_stats_count,
		worker->report->cpu_stats[0], worker->report->saved_cmdlines);

	struct diag *diag = diag_add(diags, DIAG_WARNING);
	diag->file = xstrdup("f");
	diag->line = 3;
	diag->column = 4;
	diag->width = 5;
	diag->text = xstrdup("said by the worker");
	return 3;
}

/* COMMAND runs while tracing is on, and its end is the end; counts are those of the session. */
START_TEST(test_report)
{
	struct fake fake;

	fake_make(&fake);
	NK_FREE char *script = shell_in(
		&fake, "cat instance/tracing_on >seen; echo '  x 10 2' >kprobe_profile; exit 7");
	char *command[] = { (char *)"sh", (char *)"-c", script, NULL };
	int shown = openat(fake.tree.fd, "shown", O_WRONLY | O_CREAT, 0600);
	struct broker_job job = { .work = work_report, .context = &shown, .command = command };

	ck_assert_int_eq(run(&fake, &job), 0);
	ck_assert_int_eq(fake.result.worker_status, 3);
	ck_assert_int_eq(fake.result.command_status, 7);
	ck_assert_int_eq(fake.result.signal, 0);
	expect_file(&fake, "seen", "1");
	expect_file(&fake, "instance/tracing_on", "0");
	expect_file(&fake, "instance/events/enable", "0");
	expect_file(&fake, "shown", "7 1 1 entries: 5\noverrun: 2\n42 answer\n");
	ck_assert_uint_eq(fake.event.hits, 7);
	ck_assert_uint_eq(fake.instance.stats[0].overrun, 2);
	ck_assert_uint_eq(fake.diags.count, 1);
	ck_assert_str_eq(fake.diags.items[0].text, "said by the worker");
	ck_assert_str_eq(fake.diags.items[0].file, "f");
	ck_assert_int_eq(fake.diags.items[0].column, 4);
	ck_assert_int_eq(fake.diags.items[0].width, 5);
	ck_assert_ptr_null(fake.diags.items[0].hint);
	close(shown);
	fake_remove(&fake);
}
END_TEST

START_TEST(test_enabled_while_read)
{
	struct fake fake;

	fake_make(&fake);
	char *command[] = { (char *)"true", NULL };
	int enable = openat(fake.tree.fd, "instance/events/enable", O_RDONLY);
	struct broker_job job = { .work = work_slowly, .context = &enable, .command = command };

	ck_assert_int_eq(run(&fake, &job), 0);
	ck_assert_int_eq(fake.result.worker_status, 0);
	expect_file(&fake, "instance/events/enable", "0");
	close(enable);
	fake_remove(&fake);
}
END_TEST

static const struct {
	const char *name;
	int err;
} no_commands[] = {
	{ "nk-no-such-command", -ENOENT },
	{ "/nk/no/such/command", -ENOENT },
	{ "", -ENOENT },
	{ "/etc/passwd", -EACCES },
	{ "/etc", -EACCES },
};

START_TEST(test_no_command)
{
	char *command[] = { (char *)no_commands[_i].name, NULL };
	struct broker_job job = { .work = work_idle, .command = command };
	struct fake fake;

	fake_make(&fake);
	tree_write(&fake.tree, "instance/tracing_on", "never touched");
	ck_assert_int_eq(run(&fake, &job), no_commands[_i].err);
	ck_assert_uint_eq(fake.diags.errors, 1);
	ck_assert_ptr_nonnull(strstr(fake.diags.items[0].text, no_commands[_i].name));
	expect_file(&fake, "instance/tracing_on", "never touched");
	fake_remove(&fake);
}
END_TEST

/* What only execve(2) finds out: the interpreter is not there. */
START_TEST(test_exec_fails)
{
	struct fake fake;

	fake_make(&fake);
	tree_write(&fake.tree, "script", "#!/no/such/interpreter\n");
	fchmodat(fake.tree.fd, "script", 0755, 0);
	NK_FREE char *path = xasprintf("%s/script", fake.tree.path);
	char *command[] = { path, NULL };
	struct broker_job job = { .work = work_idle, .command = command };

	ck_assert_int_eq(run(&fake, &job), -ENOENT);
	ck_assert_uint_eq(fake.diags.count, 1);
	expect_file(&fake, "instance/tracing_on", "0");
	fake_remove(&fake);
}
END_TEST

START_TEST(test_command_only)
{
	struct fake fake;

	fake_make(&fake);
	NK_FREE char *script = shell_in(&fake, "echo $$ >pid");
	char *command[] = { (char *)"sh", (char *)"-c", script, NULL };
	struct broker_job job = { .work = work_idle,
				  .command = command,
				  .trace_command_only = true };

	ck_assert_int_eq(run(&fake, &job), 0);
	NK_FREE char *pid = tree_read(&fake.tree, "pid");
	expect_file(&fake, "instance/set_event_pid", pid);
	fake_remove(&fake);
}
END_TEST

static int work_killed(struct worker *worker, void *context, struct diags *diags)
{
	(void)worker;
	(void)context;
	(void)diags;
	raise(SIGKILL);
	return 0;
}

START_TEST(test_worker_killed)
{
	struct broker_job job = { .work = work_killed };
	struct fake fake;

	fake_make(&fake);
	ck_assert_int_eq(run(&fake, &job), 0);
	ck_assert_int_eq(fake.result.worker_status, 128 + SIGKILL);
	ck_assert_uint_eq(fake.diags.errors, 1);
	expect_file(&fake, "instance/tracing_on", "0");
	fake_remove(&fake);
}
END_TEST

/* What a worker that somebody else has taken over may send, again and again. */
static const struct {
	const char *name;
	uint32_t numbers[10];
	size_t count;
} floods[] = {
	{ "READY without end", { CONTROL_READY, 0 }, 2 },
	/* Its file, source and hint are absent, its text is empty. */
	{ "diagnostics without end",
	  { CONTROL_DIAG, 32, 0, 0, 0, 0, UINT32_MAX, UINT32_MAX, 0, UINT32_MAX },
	  10 },
	{ "a message without end", { CONTROL_DIAG, 200U << 20, 0 }, 3 },
	{ "a message that is none", { 1000, 0 }, 2 },
	{ "what only the broker says", { CONTROL_STOP, 0 }, 2 },
};

static int work_flood(struct worker *worker, void *context, struct diags *diags)
{
	size_t flood = *(size_t *)context;
	size_t size = floods[flood].count * sizeof(uint32_t), length = 0;
	char bytes[65536];

	(void)diags;
	for (; length + size <= sizeof(bytes); length += size)
		memcpy(bytes + length, floods[flood].numbers, size);
	for (size_t next = 0;; next = next < length ? next : 0) {
		ssize_t sent = send(worker->control_fd, bytes + next, length - next, MSG_NOSIGNAL);

		next += sent > 0 ? (size_t)sent : 0;
	}
	return 0;
}

/* Neither kept for ever nor filled: it ends the worker, and the session is stopped. */
START_TEST(test_flood)
{
	size_t flood = (size_t)_i;
	struct broker_job job = { .work = work_flood, .context = &flood };
	struct fake fake;

	fake_make(&fake);
	ck_assert_int_eq(run(&fake, &job), 0);
	ck_assert_msg(fake.result.worker_status == 128 + SIGKILL, "%s: status %d", floods[_i].name,
		      fake.result.worker_status);
	ck_assert_uint_ge(fake.diags.errors, 2);
	ck_assert_uint_lt(fake.diags.count, 2000);
	expect_file(&fake, "instance/tracing_on", "0");
	fake_remove(&fake);
}
END_TEST

/* Has seen enough as soon as there is anything to see. */
static int work_little(struct worker *worker, void *context, struct diags *diags)
{
	char is_on = '0';

	(void)worker;
	(void)diags;
	while (is_on != '1') {
		usleep(10000);
		if (pread(*(int *)context, &is_on, 1, 0) < 0)
			return 1;
	}
	return 0;
}

/* -n reached: tracing stops, COMMAND goes on and is waited for. */
START_TEST(test_worker_first)
{
	struct fake fake;

	fake_make(&fake);
	NK_FREE char *script = shell_in(&fake, "sleep 0.5; cat instance/tracing_on >seen; exit 4");
	char *command[] = { (char *)"sh", (char *)"-c", script, NULL };
	int tracing_on = openat(fake.tree.fd, "instance/tracing_on", O_RDONLY | O_CLOEXEC);
	struct broker_job job = { .work = work_little, .context = &tracing_on, .command = command };

	ck_assert_int_eq(run(&fake, &job), 0);
	ck_assert_int_eq(fake.result.command_status, 4);
	ck_assert_int_eq(fake.result.worker_status, 0);
	expect_file(&fake, "seen", "0");
	close(tracing_on);
	fake_remove(&fake);
}
END_TEST

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

START_TEST(test_seconds)
{
	struct broker_job job = { .work = work_idle, .seconds = 0.3 };
	struct fake fake;
	double before = now();

	fake_make(&fake);
	ck_assert_int_eq(run(&fake, &job), 0);
	ck_assert_double_ge(now() - before, 0.3);
	ck_assert_int_eq(fake.result.worker_status, 0);
	ck_assert_int_eq(fake.result.command_status, -1);
	fake_remove(&fake);
}
END_TEST

/* Sends this process signals, some time apart; the broker does not know of it. */
static pid_t send_later(int signal, int times)
{
	pid_t parent = getpid();
	pid_t child = fork();

	for (int i = 0; child == 0 && i < times; i++) {
		usleep(300000);
		kill(parent, signal);
	}
	if (child == 0)
		_exit(0);
	return child;
}

/* Sends this process a signal when there is a file: before COMMAND runs it would be another story.
 */
static void send_when(const struct fake *fake, const char *path, int signal)
{
	pid_t parent = getpid();

	if (fork() != 0)
		return;
	while (!tree_has(&fake->tree, path))
		usleep(1000);
	kill(parent, signal);
	_exit(0);
}

START_TEST(test_signal)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
	struct fake fake;
	double before = now();

	fake_make(&fake);

	NK_FREE char *script = shell_in(&fake, ": >started && exec sleep 100");
	char *command[] = { (char *)"sh", (char *)"-c", script, NULL };
	struct broker_job job = { .work = work_idle, .command = command };

	send_when(&fake, "started", signals[_i]);
	ck_assert_int_eq(run(&fake, &job), 0);
	ck_assert_int_eq(fake.result.signal, signals[_i]);
	ck_assert_int_eq(fake.result.worker_status, 0);
	/* It came from a process, so it was passed on. */
	ck_assert_int_eq(fake.result.command_status, 128 + signals[_i]);
	ck_assert_double_lt(now() - before, 50);
	expect_file(&fake, "instance/tracing_on", "0");
	fake_remove(&fake);
}
END_TEST

/* Drains and drains; a second signal is more than it can bear. */
static int work_endless(struct worker *worker, void *context, struct diags *diags)
{
	int err;

	(void)context;
	do {
		usleep(10000);
		err = worker_poll(worker);
	} while (!err);
	diag_warning(diags, "%s", err == -ECANCELED ? "cancelled" : "lost");
	return 5;
}

/* A signal that came while the session was being set up: nothing is traced, the work ends as ever.
 */
START_TEST(test_signal_before)
{
	char *command[] = { (char *)"touch", NULL, NULL };
	struct broker_job job = { .work = work_idle, .command = command };
	struct fake fake;

	fake_make(&fake);
	NK_FREE char *path = xasprintf("%s/ran", fake.tree.path);
	command[1] = path;
	raise(SIGTERM);
	ck_assert_int_eq(run(&fake, &job), 0);
	ck_assert_int_eq(fake.result.signal, SIGTERM);
	ck_assert_int_eq(fake.result.worker_status, 0);
	ck_assert_int_eq(fake.result.command_status, -1);
	ck_assert_ptr_null(fake.instance.stats);
	ck_assert(!tree_has(&fake.tree, "ran"));
	fake_remove(&fake);
}
END_TEST

START_TEST(test_second_signal)
{
	struct broker_job job = { .work = work_endless };
	struct fake fake;

	fake_make(&fake);
	send_later(SIGINT, 2);
	ck_assert_int_eq(run(&fake, &job), 0);
	ck_assert_int_eq(fake.result.worker_status, 5);
	ck_assert_uint_eq(fake.diags.count, 1);
	ck_assert_str_eq(fake.diags.items[0].text, "cancelled");
	fake_remove(&fake);
}
END_TEST

static int work_deaf(struct worker *worker, void *context, struct diags *diags)
{
	(void)worker;
	(void)context;
	(void)diags;
	while (pause() < 0)
		continue;
	return 0;
}

START_TEST(test_deaf_worker)
{
	struct broker_job job = { .work = work_deaf };
	struct fake fake;

	fake_make(&fake);
	send_later(SIGINT, 3);
	ck_assert_int_eq(run(&fake, &job), 0);
	ck_assert_int_eq(fake.result.worker_status, 128 + SIGKILL);
	fake_remove(&fake);
}
END_TEST

START_TEST(test_stubborn_command)
{
	char *command[] = { (char *)"sh", (char *)"-c", (char *)"trap '' TERM; sleep 4", NULL };
	struct broker_job job = { .work = work_idle, .command = command };
	struct fake fake;
	double before = now();

	fake_make(&fake);
	send_later(SIGTERM, 1);
	ck_assert_int_eq(run(&fake, &job), 0);
	ck_assert_int_eq(fake.result.command_status, -1);
	ck_assert_double_lt(now() - before, 3.5);
	ck_assert_uint_eq(fake.diags.count, 1);
	ck_assert_ptr_nonnull(strstr(fake.diags.items[0].text, "still running"));
	fake_remove(&fake);
}
END_TEST

static int work_status(struct worker *worker, void *context, struct diags *diags)
{
	char *text;

	(void)diags;
	if (file_read(AT_FDCWD, "/proc/self/status", &text, NULL) != 0)
		return 1;
	dprintf(*(int *)context, "%s", text);
	free(text);
	/* The descriptors that only the broker needs are closed, the ring buffers are not. */
	if (worker->session->tracefs_fd != -1 || worker->session->instances[0].dir_fd != -1 ||
	    fcntl(worker->session->instances[0].raw_fds[0], F_GETFD) < 0)
		return 2;
	return wait_for_stop(worker) == 0 ? 0 : 1;
}

static const char *value_of(const char *status, const char *key)
{
	const char *found = strstr(status, key);

	ck_assert_ptr_nonnull(found);
	return found + strlen(key);
}

START_TEST(test_privileges)
{
	static const char *const empty[] = { "CapInh:\t", "CapPrm:\t", "CapEff:\t", "CapAmb:\t" };
	struct broker_job job = { .work = work_status, .seconds = 0.1, .reads_files = true };
	struct fake fake;

	fake_make(&fake);
	int shown = openat(fake.tree.fd, "shown", O_WRONLY | O_CREAT, 0600);
	job.context = &shown;
	ck_assert_int_eq(run(&fake, &job), 0);
	ck_assert_int_eq(fake.result.worker_status, 0);

	NK_FREE char *status = tree_read(&fake.tree, "shown");
	for (size_t i = 0; i < sizeof(empty) / sizeof(*empty); i++)
		ck_assert_uint_eq(strtoull(value_of(status, empty[i]), NULL, 16), 0);
	ck_assert_int_eq(*value_of(status, "NoNewPrivs:\t"), '1');
	/* Who may empty the bounding set, CAP_SETPCAP (8), has done so. */
	NK_FREE char *own = NULL;
	ck_assert_int_eq(file_read(AT_FDCWD, "/proc/self/status", &own, NULL), 0);
	if (strtoull(value_of(own, "CapEff:\t"), NULL, 16) & (1 << 8))
		ck_assert_uint_eq(strtoull(value_of(status, "CapBnd:\t"), NULL, 16), 0);
	close(shown);
	fake_remove(&fake);
}
END_TEST

/* In a process of its own, which cannot leave the list of calls again. Its exit status. */
static int signal_others(pid_t parent)
{
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (sandbox_enter(false) != 0)
		return 1;
	/* With signal 0 it is only asked whether it might. */
	if (syscall(SYS_tgkill, parent, parent, 0) == 0 || errno != EPERM)
		return 2;
	if (syscall(SYS_tgkill, getpid(), gettid(), 0) != 0)
		return 3;
	signal(SIGABRT, SIG_DFL);
	abort();
}

START_TEST(test_sandbox)
{
	pid_t parent = getpid();
	int status = 0;
	pid_t child;

	/* Sanitizers, and kernels that have no filters. */
	if (!sandbox_is_there())
		return;
	child = fork();
	if (child == 0)
		_exit(signal_others(parent));
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_msg(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT, "status %x", status);
}
END_TEST

/* A long report, in portions, to a worker that does not read it all at once; and back. */
START_TEST(test_control)
{
	NK_FREE char *big = xmalloc(3 << 20);
	struct control_message message;
	struct control ends[2] = { 0 };
	size_t got = 0;
	int fds[2];

	memset(big, 'x', 3 << 20);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	ends[0].fd = fds[0];
	ends[1].fd = fds[1];
	control_put(&ends[0], CONTROL_COMMS, big, 3 << 20);
	control_put(&ends[0], CONTROL_STOP, NULL, 0);
	for (int i = 0; i < 10000 && got < 2; i++) {
		ck_assert_int_eq(control_send(&ends[0], false), 0);
		ck_assert_int_eq(control_fill(&ends[1]), 0);
		while (control_take(&ends[1], &message) == 1) {
			got++;
			if (message.type == CONTROL_COMMS) {
				ck_assert_uint_eq(message.length, 3 << 20);
				ck_assert_int_eq(memcmp(message.data, big, message.length), 0);
			} else {
				ck_assert_int_eq(message.type, CONTROL_STOP);
			}
			free(message.data);
		}
	}
	ck_assert_uint_eq(got, 2);
	control_close(&ends[0]);
	ck_assert_int_eq(control_fill(&ends[1]), 0);
	ck_assert(ends[1].is_closed);
	/* To nobody: nothing is kept for ever. */
	control_put(&ends[1], CONTROL_READY, NULL, 0);
	ck_assert_int_eq(control_send(&ends[1], true), 0);
	ck_assert_uint_eq(ends[1].out.length, 0);
	control_close(&ends[1]);
}
END_TEST

START_TEST(test_bad_messages)
{
	static const char bytes[] = "\xff\xff\xff\xff\0\0\0\0";
	struct control control = { .fd = -1 };
	struct control_message message = { CONTROL_DIAG, (char *)"\0\0\0\0short", 9 };
	struct diags diags = { 0 };

	text_add_bytes(&control.in, bytes, sizeof(bytes) - 1);
	ck_assert_int_eq(control_take(&control, &message), -EPROTO);
	ck_assert_int_eq(control_read_diag(&message, &diags), -EPROTO);
	ck_assert_uint_eq(diags.count, 0);
	control_close(&control);
}
END_TEST

/* Of each place whether it is in a source of three bytes. */
static const struct {
	int line, column, width;
	int err;
} places[] = {
	{ 0, 0, 0, 0 },	       { 7, 1, 3, 0 },	      { 7, 4, 0, 0 },
	{ 7, 5, 1, -EPROTO },  { 7, 1, 5, -EPROTO },  { 7, INT_MAX, 1, -EPROTO },
	{ 7, 1, -1, -EPROTO }, { -1, 1, 1, -EPROTO },
};

START_TEST(test_place)
{
	struct control control = { .fd = -1 };
	struct control_message message;
	struct diags diags = { 0 };
	struct diag diag = {
		.line = places[_i].line,
		.column = places[_i].column,
		.width = places[_i].width,
		.source = (char *)"abc",
		.text = (char *)"text",
	};

	control_put_diag(&control, &diag);
	text_add_bytes(&control.in, control.out.data, control.out.length);
	ck_assert_int_eq(control_take(&control, &message), 1);
	ck_assert_int_eq(control_read_diag(&message, &diags), places[_i].err);
	ck_assert_uint_eq(diags.count, places[_i].err == 0);
	free(message.data);
	diags_clear(&diags);
	control_close(&control);
}
END_TEST

/* One call takes a portion, and of one that is not trusted no more than a message is kept. */
START_TEST(test_portions)
{
	const uint32_t header[2] = { CONTROL_DIAG, 100000 };
	NK_FREE char *bytes = xcalloc(1, 200000);
	struct control control = { .limit = 100000 };
	struct control_message message;
	size_t before = 0;
	int fds[2];
	int err = 0;

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	control.fd = fds[0];
	memcpy(bytes, header, sizeof(header));
	for (size_t i = 0; !err && i < 100; i++) {
		/* As much as there is room for. */
		send(fds[1], bytes, 200000, MSG_DONTWAIT);
		err = control_fill(&control);
		ck_assert_uint_le(control.in.length - before, 80 << 10);
		before = control.in.length;
	}
	ck_assert_int_eq(err, -EPROTO);
	ck_assert_uint_lt(before, 300000);
	ck_assert_int_eq(control_take(&control, &message), 1);
	free(message.data);
	control.limit--;
	text_clear(&control.in);
	text_add_bytes(&control.in, header, sizeof(header));
	ck_assert_int_eq(control_take(&control, &message), -EPROTO);
	close(fds[1]);
	control_close(&control);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("session-broker");
	TCase *tcase = tcase_create("all");
	SRunner *runner = srunner_create(suite);

	tcase_set_timeout(tcase, 20);
	tcase_add_test(tcase, test_report);
	tcase_add_test(tcase, test_enabled_while_read);
	tcase_add_loop_test(tcase, test_no_command, 0, sizeof(no_commands) / sizeof(*no_commands));
	tcase_add_test(tcase, test_exec_fails);
	tcase_add_test(tcase, test_command_only);
	tcase_add_test(tcase, test_worker_killed);
	tcase_add_loop_test(tcase, test_flood, 0, sizeof(floods) / sizeof(*floods));
	tcase_add_test(tcase, test_worker_first);
	tcase_add_test(tcase, test_seconds);
	tcase_add_loop_test(tcase, test_signal, 0, 4);
	tcase_add_test(tcase, test_signal_before);
	tcase_add_test(tcase, test_second_signal);
	tcase_add_test(tcase, test_deaf_worker);
	tcase_add_test(tcase, test_stubborn_command);
	tcase_add_test(tcase, test_privileges);
	tcase_add_test(tcase, test_sandbox);
	tcase_add_test(tcase, test_control);
	tcase_add_test(tcase, test_bad_messages);
	tcase_add_loop_test(tcase, test_place, 0, sizeof(places) / sizeof(*places));
	tcase_add_test(tcase, test_portions);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);

	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
