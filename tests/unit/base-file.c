/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What file_replace() replaces, what it leaves alone, and what several at once leave.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"

#define WRITERS 4
#define ROUNDS	100
#define LENGTH	40000

static char directory[] = "/tmp/nk-file.XXXXXX";

static void set_up(void)
{
	ck_assert_ptr_nonnull(mkdtemp(directory));
	ck_assert_int_eq(chdir(directory), 0);
}

static void tear_down(void)
{
	NK_FREE char *command = xasprintf("rm -rf %s", directory);

	ck_assert_int_eq(chdir("/"), 0);
	ck_assert_int_eq(system(command), 0);
}

static bool holds(const char *path, const char *text)
{
	NK_FREE char *there = NULL;

	return file_read(AT_FDCWD, path, &there, NULL) == 0 && strcmp(there, text) == 0;
}

static size_t count_entries(const char *path)
{
	const struct dirent *entry;
	size_t count = 0;
	DIR *dir;

	ck_assert_int_eq(file_open_dir(AT_FDCWD, path, &dir), 0);
	while (file_next_entry(dir, &entry) == 0 && entry)
		count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
	closedir(dir);
	return count;
}

static void write_new(const char *path, const char *text)
{
	close(open(path, O_WRONLY | O_CREAT | O_EXCL, 0600));
	ck_assert_int_eq(file_write(AT_FDCWD, path, text, 0), 0);
}

START_TEST(a_file_is_made_and_replaced)
{
	struct stat before, after;

	ck_assert_int_eq(file_replace(AT_FDCWD, "a/b/file", "one"), 0);
	ck_assert(holds("a/b/file", "one"));
	ck_assert_int_eq(link("a/b/file", "a/b/kept"), 0);
	ck_assert_int_eq(stat("a/b/file", &before), 0);
	ck_assert_int_eq(file_replace(AT_FDCWD, "a/b/file", "two"), 0);
	ck_assert_int_eq(stat("a/b/file", &after), 0);
	ck_assert(holds("a/b/file", "two"));
	ck_assert(holds("a/b/kept", "one"));
	ck_assert(before.st_ino != after.st_ino);
	ck_assert_uint_eq(count_entries("a/b"), 2);
}
END_TEST

/* It once was the name of the file on its way. */
START_TEST(what_others_have_beside_it_stays)
{
	write_new("file.new", "of somebody else");
	ck_assert_int_eq(file_replace(AT_FDCWD, "file", "one"), 0);
	ck_assert(holds("file", "one"));
	ck_assert(holds("file.new", "of somebody else"));
	ck_assert_uint_eq(count_entries("."), 2);
}
END_TEST

static void check_refused(const char *path, int err, mode_t type)
{
	struct stat status;

	ck_assert_int_eq(file_check_replaceable(AT_FDCWD, path), err);
	ck_assert_int_eq(file_replace(AT_FDCWD, path, "text"), err);
	ck_assert_int_eq(lstat(path, &status), 0);
	ck_assert_uint_eq(status.st_mode & S_IFMT, type);
}

START_TEST(what_is_no_regular_file_is_left_alone)
{
	ck_assert_int_eq(mkfifo("fifo", 0600), 0);
	ck_assert_int_eq(mkdir("directory", 0700), 0);
	write_new("real", "real");
	ck_assert_int_eq(symlink("real", "link"), 0);
	ck_assert_int_eq(symlink("nothing", "dangling"), 0);
	check_refused("fifo", -EEXIST, S_IFIFO);
	check_refused("directory", -EISDIR, S_IFDIR);
	check_refused("link", -EEXIST, S_IFLNK);
	check_refused("dangling", -EEXIST, S_IFLNK);
	ck_assert(holds("real", "real"));
	/* Only root can make a device, and only where the file system allows it. */
	if (mknod("null", S_IFCHR | 0600, makedev(1, 3)) == 0)
		check_refused("null", -EEXIST, S_IFCHR);
	ck_assert_int_eq(file_check_replaceable(AT_FDCWD, "real"), 0);
	ck_assert_int_eq(file_check_replaceable(AT_FDCWD, "none"), 0);
	ck_assert_int_eq(file_check_replaceable(AT_FDCWD, "none/none"), 0);
}
END_TEST

static int write_often(char letter)
{
	NK_FREE char *text = xcalloc(1, LENGTH + 1);
	int failed = 0;

	memset(text, letter, LENGTH);
	for (int i = 0; i < ROUNDS; i++)
		failed += file_replace(AT_FDCWD, "file", text) != 0;
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* Whole, whosever it is, as often as it is looked at. */
static void check_whole(void)
{
	NK_FREE char *text = NULL;
	size_t length;

	if (file_read(AT_FDCWD, "file", &text, &length) != 0)
		return;
	ck_assert_uint_eq(length, LENGTH);
	for (size_t i = 0; i < length; i++)
		ck_assert_int_eq(text[i], text[0]);
}

START_TEST(several_at_once_leave_a_whole_file)
{
	int left = WRITERS, failed = 0;

	for (int i = 0; i < WRITERS; i++) {
		pid_t pid = fork();

		ck_assert_int_ge(pid, 0);
		if (pid == 0)
			_exit(write_often((char)('a' + i)));
	}
	while (left > 0) {
		int status;
		pid_t pid = waitpid(-1, &status, WNOHANG);

		ck_assert_int_ge(pid, 0);
		left -= pid > 0;
		failed += pid > 0 && status != 0;
		check_whole();
	}
	ck_assert_int_eq(failed, 0);
	ck_assert_uint_eq(count_entries("."), 1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("base-file");
	TCase *tcase = tcase_create("all");
	SRunner *runner = srunner_create(suite);

	tcase_set_timeout(tcase, 60);
	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, a_file_is_made_and_replaced);
	tcase_add_test(tcase, what_others_have_beside_it_stays);
	tcase_add_test(tcase, what_is_no_regular_file_is_left_alone);
	tcase_add_test(tcase, several_at_once_leave_a_whole_file);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);

	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
