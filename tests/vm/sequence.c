/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For record.guest and survive.guest; static, so that it runs in any guest. Knows nothing of nk's
 * own code.
 *
 *	sequence generate [COUNT]   a process a CPU, on it: shutdown(2) with a number that goes up
 *by one each time, from 16 on, COUNT times or until killed; it is refused, and costs next to
 *nothing sequence sizes FILE         "CPU BYTES" of each CPU, as the file's header says now
 *	sequence kill FILE PID...   the same, read the moment before it kills them
 *
 * The header is read as trace-cmd.dat.v7(5) describes it, little endian.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define HEADER_MOST (1 << 20)
#define CPUS_MOST   64
#define BURST	    24
#define FIRST	    16
#define PAUSE_US    8000

enum { OPTION_DONE = 0, OPTION_BUFFER = 3 };

struct bytes {
	const unsigned char *data;
	size_t length, at;
};

static uint64_t number(struct bytes *from, size_t size)
{
	uint64_t value = 0;

	if (from->at + size > from->length)
		return 0;
	memcpy(&value, from->data + from->at, size);
	from->at += size;
	return value;
}

static void skip_string(struct bytes *from)
{
	while (from->at < from->length && from->data[from->at])
		from->at++;
	from->at++;
}

static void take_buffer(struct bytes from, uint64_t *sizes)
{
	uint64_t cpus;

	number(&from, 8);
	skip_string(&from);
	skip_string(&from);
	number(&from, 4);
	cpus = number(&from, 4);
	for (uint64_t i = 0; i < cpus; i++) {
		uint64_t cpu = number(&from, 4);

		number(&from, 8);
		if (cpu < CPUS_MOST)
			sizes[cpu] += number(&from, 8);
	}
}

/* One list of options; where the next one is, 0 at the last. */
static uint64_t take_options(struct bytes from, uint64_t *sizes)
{
	for (from.at += 16; from.at + 6 <= from.length;) {
		unsigned int option = (unsigned int)number(&from, 2);
		size_t size = number(&from, 4);

		if (option == OPTION_DONE)
			return number(&from, 8);
		if (option == OPTION_BUFFER)
			take_buffer(from, sizes);
		from.at += size;
	}
	return 0;
}

/* False: there is no such file, or it is none of version 7. */
static bool read_sizes(const char *path, uint64_t *sizes)
{
	static unsigned char data[HEADER_MOST];
	int fd = open(path, O_RDONLY);
	ssize_t got = fd < 0 ? -1 : pread(fd, data, sizeof(data), 0);
	struct bytes from = { data, got < 0 ? 0 : (size_t)got, 10 };
	uint64_t next;

	memset(sizes, 0, CPUS_MOST * sizeof(*sizes));
	if (fd >= 0)
		close(fd);
	if (from.length < 32 || memcmp(data, "\x17\x08\x44tracing7", 12) != 0)
		return false;
	skip_string(&from);
	from.at += 6;
	skip_string(&from);
	skip_string(&from);
	for (next = number(&from, 8); next && next < from.length;) {
		from.at = next;
		next = take_options(from, sizes);
	}
	return true;
}

static void print_sizes(const uint64_t *sizes)
{
	for (int i = 0; i < CPUS_MOST; i++)
		if (sizes[i])
			printf("%d %" PRIu64 "\n", i, sizes[i]);
}

static void generate(int cpu, unsigned long count)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	cpu_set_t set;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
	for (unsigned int i = FIRST; fd >= 0 && (!count || i < FIRST + count); i++) {
		shutdown(fd, (int)i);
		if (i % BURST == 0)
			usleep(PAUSE_US);
	}
	_exit(fd < 0);
}

static int generate_on_all(unsigned long count)
{
	int failed = 0, status;

	for (long i = sysconf(_SC_NPROCESSORS_ONLN); i-- > 0;)
		if (fork() == 0)
			generate((int)i, count);
	while (wait(&status) > 0)
		failed |= status != 0;
	return failed;
}

int main(int argc, char **argv)
{
	uint64_t sizes[CPUS_MOST];
	bool is_there;

	if (argc > 1 && strcmp(argv[1], "generate") == 0)
		return generate_on_all(argc > 2 ? strtoul(argv[2], NULL, 10) : 0);
	if (argc < 3)
		return 2;
	is_there = read_sizes(argv[2], sizes);
	for (int i = 3; strcmp(argv[1], "kill") == 0 && i < argc; i++)
		kill(atoi(argv[i]), SIGKILL);
	print_sizes(sizes);
	return !is_there;
}
