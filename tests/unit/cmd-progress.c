/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The line of progress where standard error takes nothing: a pipe that is full, a terminal that was
 * stopped. Whoever shows it goes on; and shows it again where that is over.
 */
#include <check.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "cmd/progress.h"

/* Standard error is one end of it: the other one. */
static int become_pipe(void)
{
	int ends[2];

	ck_assert_int_eq(pipe(ends), 0);
	ck_assert_int_eq(dup2(ends[1], STDERR_FILENO), STDERR_FILENO);
	return ends[0];
}

static void fill_pipe(void)
{
	char block[4096] = { 0 };

	ck_assert_int_eq(fcntl(STDERR_FILENO, F_SETFL, O_NONBLOCK), 0);
	while (write(STDERR_FILENO, block, sizeof(block)) > 0)
		continue;
	ck_assert_int_eq(fcntl(STDERR_FILENO, F_SETFL, 0), 0);
}

static int become_terminal(void)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY);
	int slave;

	ck_assert_int_ge(master, 0);
	ck_assert_int_eq(grantpt(master), 0);
	ck_assert_int_eq(unlockpt(master), 0);
	slave = open(ptsname(master), O_RDWR | O_NOCTTY);
	ck_assert_int_ge(slave, 0);
	ck_assert_int_eq(dup2(slave, STDERR_FILENO), STDERR_FILENO);
	return master;
}

/* Reads until wanted comes, which a terminal hands on a moment later; false: it does not. */
static bool comes(int fd, const char *wanted, const char *unwanted)
{
	char text[1 << 16] = "";
	size_t length = 0;

	while (!strstr(text, wanted)) {
		struct pollfd ready = { .fd = fd, .events = POLLIN };
		ssize_t got;

		if (poll(&ready, 1, 2000) != 1)
			return false;
		/* The end of what came before may be its beginning. */
		if (length > sizeof(text) / 2) {
			memmove(text, text + length - 64, 64);
			length = 64;
		}
		got = read(fd, text + length, sizeof(text) - 1 - length);
		ck_assert_int_gt(got, 0);
		for (ssize_t i = 0; i < got; i++)
			if (text[length + (size_t)i] == '\0')
				text[length + (size_t)i] = '.';
		length += (size_t)got;
		text[length] = '\0';
		ck_assert(!unwanted || !strstr(text, unwanted));
	}
	return true;
}

static void show(struct progress *progress, uint64_t events)
{
	const struct timespec moment = { .tv_nsec = 5000000 };
	const struct meter_counts counts = { .read = events };

	nanosleep(&moment, NULL);
	progress_show(progress, &counts, 0);
}

START_TEST(a_full_pipe)
{
	int other = become_pipe();
	struct progress progress;
	char block[4096];

	progress_begin(&progress, 1);
	fill_pipe();
	show(&progress, 11);
	for (int i = 0; i < 4; i++)
		ck_assert_int_gt(read(other, block, sizeof(block)), 0);
	show(&progress, 22);
	ck_assert(comes(other, "22 events", "11 events"));
	fill_pipe();
	progress_end(&progress);
	/* Of others who write there it is as it was. */
	ck_assert_int_eq(fcntl(STDERR_FILENO, F_GETFL) & O_NONBLOCK, 0);
}
END_TEST

START_TEST(a_stopped_terminal)
{
	int other = become_terminal();
	struct progress progress;

	progress_begin(&progress, 1);
	ck_assert_int_eq(tcflow(STDERR_FILENO, TCOOFF), 0);
	show(&progress, 11);
	ck_assert_int_eq(tcflow(STDERR_FILENO, TCOON), 0);
	show(&progress, 22);
	ck_assert(comes(other, "22 events", "11 events"));
	ck_assert_int_eq(tcflow(STDERR_FILENO, TCOOFF), 0);
	progress_end(&progress);
	ck_assert_int_eq(fcntl(STDERR_FILENO, F_GETFL) & O_NONBLOCK, 0);
}
END_TEST

/* Nor where there is just a little room. */
START_TEST(a_full_terminal)
{
	int other = become_terminal();
	struct progress progress;
	bool is_shown = false;

	progress_begin(&progress, 1);
	for (uint64_t i = 0; i < 2000; i++) {
		const struct meter_counts counts = { .read = i };

		progress.shown_ms -= 10;
		progress_show(&progress, &counts, 0);
	}
	for (int i = 0; i < 10 && !is_shown; i++) {
		ck_assert(comes(other, " lost", NULL) || i > 0);
		show(&progress, 4242);
		is_shown = comes(other, "4242 events", NULL);
	}
	ck_assert(is_shown);
	progress_end(&progress);
}
END_TEST

/* In a chroot without /dev/pts there are none. */
static bool has_terminals(void)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY);
	bool has =
		master >= 0 && unlockpt(master) == 0 && access(ptsname(master), R_OK | W_OK) == 0;

	if (master >= 0)
		close(master);
	return has;
}

int main(void)
{
	Suite *suite = suite_create("cmd/progress");
	TCase *tests = tcase_create("progress");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(tests, 30);
	tcase_add_test(tests, a_full_pipe);
	if (has_terminals()) {
		tcase_add_test(tests, a_stopped_terminal);
		tcase_add_test(tests, a_full_terminal);
	} else {
		puts("no pseudo-terminals here: what a terminal does that takes nothing is not "
		     "tried");
	}
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
