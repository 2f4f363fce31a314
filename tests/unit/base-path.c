/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whose symbolic links are followed, and what of a text a terminal gets to see.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/path.h"
#include "base/utf8.h"

#define SOMEBODY 12345

/* A directory with real/sub, and links to it. */
static char directory[] = "/tmp/nk-path.XXXXXX";

static void make(void)
{
	ck_assert_ptr_nonnull(mkdtemp(directory));
	ck_assert_int_eq(chdir(directory), 0);
	ck_assert_int_eq(mkdir("real", 0755), 0);
	ck_assert_int_eq(mkdir("real/sub", 0755), 0);
	ck_assert_int_eq(symlink("real", "mine"), 0);
	ck_assert_int_eq(symlink("real", "theirs"), 0);
	ck_assert_int_eq(symlink("../theirs/sub", "real/through"), 0);
	ck_assert_int_eq(symlink("loop", "loop"), 0);
	NK_FREE char *absolute = xasprintf("%s/real", directory);
	ck_assert_int_eq(symlink(absolute, "absolute"), 0);
	close(open("file", O_CREAT | O_WRONLY, 0600));
	unsetenv("SUDO_UID");
}

static void clear(void)
{
	static const char *const names[] = { "mine", "theirs",	 "real/through",
					     "loop", "absolute", "file" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		unlink(names[i]);
	rmdir("real/sub");
	rmdir("real");
	ck_assert_int_eq(chdir("/"), 0);
	ck_assert_int_eq(rmdir(directory), 0);
}

static bool leads_to(const char *path, const char *wanted)
{
	struct stat found, expected;
	int fd = -1;
	int err = path_open_directory(path, &fd);
	bool same = err == 0 && fstat(fd, &found) == 0 && stat(wanted, &expected) == 0 &&
		    found.st_ino == expected.st_ino && found.st_dev == expected.st_dev;

	if (fd >= 0)
		close(fd);
	return same;
}

START_TEST(test_ways)
{
	NK_FREE char *whole = NULL;
	NK_FREE char *magic = NULL;
	int fd = -1;

	make();
	whole = xasprintf("%s/./mine//sub/../sub/", directory);
	ck_assert(leads_to(".", directory));
	ck_assert(leads_to("real/sub", "real/sub"));
	ck_assert(leads_to("mine/sub", "real/sub"));
	ck_assert(leads_to("absolute/sub", "real/sub"));
	ck_assert(leads_to("real/through", "real/sub"));
	ck_assert(leads_to(whole, "real/sub"));
	ck_assert(leads_to("/", "/"));
	ck_assert_int_eq(path_open_directory("real", &fd), 0);
	magic = xasprintf("/proc/self/fd/%d/sub", fd);
	ck_assert(leads_to(magic, "real/sub"));
	close(fd);
	ck_assert_int_eq(path_open_directory("", &fd), -ENOENT);
	ck_assert_int_eq(path_open_directory("none/sub", &fd), -ENOENT);
	ck_assert_int_eq(path_open_directory("file", &fd), -ENOTDIR);
	ck_assert_int_eq(path_open_directory("file/sub", &fd), -ENOTDIR);
	ck_assert_int_eq(path_open_directory("loop", &fd), -ELOOP);
	clear();
}
END_TEST

/* Only root can make links of others. */
START_TEST(test_links_of_others)
{
	int fd = -1;

	if (geteuid() != 0)
		return;
	make();
	ck_assert_int_eq(lchown("theirs", SOMEBODY, SOMEBODY), 0);
	ck_assert_int_eq(path_open_directory("theirs", &fd), -EPERM);
	ck_assert_int_eq(path_open_directory("theirs/sub", &fd), -EPERM);
	ck_assert_int_eq(path_open_directory("real/through", &fd), -EPERM);
	ck_assert(leads_to("mine/sub", "real/sub"));
	/* A directory of somebody else's is no link. */
	ck_assert_int_eq(chown("real", SOMEBODY, SOMEBODY), 0);
	ck_assert(leads_to("mine/sub", "real/sub"));
	setenv("SUDO_UID", "12345", 1);
	ck_assert(leads_to("theirs/sub", "real/sub"));
	setenv("SUDO_UID", "12345x", 1);
	ck_assert_int_eq(path_open_directory("theirs/sub", &fd), -EPERM);
	setenv("SUDO_UID", "", 1);
	ck_assert_int_eq(path_open_directory("theirs/sub", &fd), -EPERM);
	clear();
}
END_TEST

static const struct {
	const char *text, *shown;
} texts[] = {
	{ "plain, and \xed\x95\x9c\xea\xb8\x80", "plain, and \xed\x95\x9c\xea\xb8\x80" },
	{ "\x1b[31mred\x1b]0;title\x07", "\\x1b[31mred\\x1b]0;title\\x07" },
	{ "C1: \xc2\x9b"
	  "31m",
	  "C1: \\xc2\\x9b31m" },
	{ "no UTF-8: \x9b"
	  "1m \xff \xc0\xaf",
	  "no UTF-8: \\x9b1m \\xff \\xc0\\xaf" },
	{ "cut: \xed\x95", "cut: \\xed\\x95" },
	{ "kept\t, not\nkept\r", "kept\t, not\\x0akept\\x0d" },
	{ "", "" },
};

START_TEST(test_visible)
{
	NK_FREE char *shown = utf8_visible(texts[_i].text, "\t");

	ck_assert_str_eq(shown, texts[_i].shown);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("base-path");
	TCase *tcase = tcase_create("all");
	SRunner *runner = srunner_create(suite);

	tcase_add_test(tcase, test_ways);
	tcase_add_test(tcase, test_links_of_others);
	tcase_add_loop_test(tcase, test_visible, 0, sizeof(texts) / sizeof(*texts));
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);

	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
