/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a recorder costs, for tests/bench/cost.guest; static, so that it runs in any guest.
 *
 * cost run COMMAND...
 *	runs COMMAND, whose own child is "cost load", and prints one line: seconds until the load
 *	began, from the load's end to the end of COMMAND, in all; CPU seconds of all processes of
 *	COMMAND but the load's own; COMMAND's exit status
 *
 * cost load NUMBER
 *	that many datagrams over loopback, to a socket that nobody reads; then it tells "cost run",
 *	by the file that COST_FILE names
 *
 * cost wait NUMBER
 *	that many milliseconds of nothing, told in the same way
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct told {
	double began, ended, cpu;
};

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static double cpu_of(int who)
{
	struct rusage usage;

	getrusage(who, &usage);
	return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
	       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static int fail(const char *what)
{
	fprintf(stderr, "cost: %s: %s\n", what, strerror(errno));
	return 2;
}

static int send_datagrams(long count)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t length = sizeof(to);
	int sink = socket(AF_INET, SOCK_DGRAM, 0);
	int source = socket(AF_INET, SOCK_DGRAM, 0);
	static const char bytes[64];

	if (sink < 0 || source < 0 || bind(sink, (struct sockaddr *)&to, length) < 0 ||
	    getsockname(sink, (struct sockaddr *)&to, &length) < 0)
		return fail("socket");
	for (long i = 0; i < count; i++)
		if (sendto(source, bytes, sizeof(bytes), 0, (struct sockaddr *)&to, length) < 0)
			return fail("sendto");
	return 0;
}

/* In a moment the load's CPU time is its own alone: it has no children. */
static int load(const char *kind, long number)
{
	const char *path = getenv("COST_FILE");
	struct told told = { .began = now() };
	FILE *file = path ? fopen(path, "w") : NULL;
	int status = 0;

	if (!file)
		return fail("COST_FILE");
	if (strcmp(kind, "load") == 0)
		status = send_datagrams(number);
	else
		usleep((useconds_t)number * 1000);
	told.ended = now();
	told.cpu = cpu_of(RUSAGE_SELF);
	fprintf(file, "%.9f %.9f %.9f\n", told.began, told.ended, told.cpu);
	return fclose(file) ? fail(path) : status;
}

static int run(char **command)
{
	static const char path[] = "/tmp/cost.told";
	double began = now();
	struct told told;
	int status;
	FILE *file;
	pid_t pid;

	unlink(path);
	setenv("COST_FILE", path, 1);
	pid = fork();
	if (pid < 0)
		return fail("fork");
	if (pid == 0) {
		execvp(command[0], command);
		_exit(fail(command[0]));
	}
	if (waitpid(pid, &status, 0) < 0)
		return fail("waitpid");

	double ended = now();

	file = fopen(path, "r");
	if (!file || fscanf(file, "%lf %lf %lf", &told.began, &told.ended, &told.cpu) != 3)
		return fail(path);
	fclose(file);
	printf("%.4f %.4f %.4f %.4f %d\n", told.began - began, ended - told.ended, ended - began,
	       cpu_of(RUSAGE_CHILDREN) - told.cpu,
	       WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
	return 0;
}

int main(int argc, char **argv)
{
	if (argc > 2 && strcmp(argv[1], "run") == 0)
		return run(argv + 2);
	if (argc == 3 && (strcmp(argv[1], "load") == 0 || strcmp(argv[1], "wait") == 0))
		return load(argv[1], atol(argv[2]));
	fputs("usage: cost run COMMAND... | load NUMBER | wait NUMBER\n", stderr);
	return 2;
}
