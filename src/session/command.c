/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * In: COMMAND's words. Out: a child held on a pipe, so that nothing of it is missed when it runs.
 * It gets the user's environment, terminal, standard output and signals.
 */
#include "session/command.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "session/limits.h"

static int check_file(const char *path)
{
	struct stat status;

	if (stat(path, &status) != 0)
		return -errno;
	if (!S_ISREG(status.st_mode))
		return -EACCES;
	return faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) == 0 ? 0 : -errno;
}

/* One that may not be executed is passed over, but remembered, as execvp(3) does. */
static int search(const char *name, const char *path)
{
	int result = -ENOENT;

	for (;;) {
		size_t length = strcspn(path, ":");
		NK_FREE char *file =
			xasprintf("%.*s%s%s", (int)length, path, length ? "/" : "./", name);
		int err = check_file(file);

		if (err == 0)
			return 0;
		if (err == -EACCES)
			result = err;
		if (path[length] == '\0')
			return result;
		path += length + 1;
	}
}

int command_find(const char *name, struct diags *diags)
{
	const char *path = getenv("PATH");
	int err;

	if (*name == '\0')
		err = -ENOENT;
	else if (strchr(name, '/'))
		err = check_file(name);
	else
		err = search(name, path ? path : "/bin:/usr/bin");
	if (err)
		return diag_error(diags, -err, "%s: %s", name, strerror(-err));
	return 0;
}

static void __attribute__((noreturn))
run_child(char *const *command, const struct command_signals *signals, int go_fd, int error_fd)
{
	char byte;
	ssize_t got;

	sigaction(SIGPIPE, &signals->on_sigpipe, NULL);
	sigaction(SIGCHLD, &signals->on_sigchld, NULL);
	sigprocmask(SIG_SETMASK, &signals->mask, NULL);
	do {
		got = read(go_fd, &byte, 1);
	} while (got < 0 && errno == EINTR);
	if (got != 1)
		_exit(1);
	limits_restore();
	execvp(command[0], command);

	int err = errno;
	if (write(error_fd, &err, sizeof(err)) < 0)
		_exit(127);
	_exit(err == ENOENT ? 127 : 126);
}

int command_fork(char *const *command, const struct command_signals *signals,
		 struct command_child *out, struct diags *diags)
{
	int go[2];
	int error[2];

	if (pipe2(go, O_CLOEXEC) != 0)
		return diag_error(diags, errno, "cannot make a pipe: %s", strerror(errno));
	if (pipe2(error, O_CLOEXEC) != 0) {
		int err = diag_error(diags, errno, "cannot make a pipe: %s", strerror(errno));

		close(go[0]);
		close(go[1]);
		return err;
	}

	pid_t pid = fork();
	int err = 0;

	if (pid == 0) {
		close(go[1]);
		run_child(command, signals, go[0], error[1]);
	}
	if (pid < 0)
		err = diag_error(diags, errno, "cannot fork: %s", strerror(errno));
	close(go[0]);
	close(error[1]);
	*out = (struct command_child){ pid > 0 ? pid : 0, go[1], error[0] };
	if (err)
		command_close(out);
	return err;
}

int command_go(struct command_child *child, const char *name, struct diags *diags)
{
	ssize_t got;

	do {
		got = write(child->go_fd, "", 1);
	} while (got < 0 && errno == EINTR);
	if (got != 1)
		return diag_error(diags, EPIPE, "%s: ended before it was run", name);
	close(child->go_fd);
	child->go_fd = -1;
	return 0;
}

int command_answer(struct command_child *child, const char *name, struct diags *diags)
{
	int err = 0;
	ssize_t got;

	do {
		got = read(child->error_fd, &err, sizeof(err));
	} while (got < 0 && errno == EINTR);
	command_close(child);
	if (got != (ssize_t)sizeof(err))
		return 0;
	kill(child->pid, SIGKILL);
	waitpid(child->pid, NULL, 0);
	child->pid = 0;
	return diag_error(diags, err, "%s: %s", name, strerror(err));
}

void command_close(struct command_child *child)
{
	if (child->go_fd >= 0)
		close(child->go_fd);
	if (child->error_fd >= 0)
		close(child->error_fd);
	child->go_fd = child->error_fd = -1;
}

int command_shell_status(int status)
{
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
