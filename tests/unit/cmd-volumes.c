/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The files of a rotating recording: all or none of them take their names, and the next one's turn
 * comes when a CPU has no more room in one. Metadata and pages are those of a captured recording.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "cmd/volumes.h"
#include "datfile-fixture.h"

#define PAGE  4096
#define FILES 3

/* The scratch path is DIR/scratch.dat: of file N it is DIR/scratch.N.dat. */
static char *volume(size_t number)
{
	const char *path = fixture_scratch();

	return xasprintf("%.*s.%zu.dat", (int)(strlen(path) - strlen(".dat")), path, number);
}

static int create(size_t count, const struct dat_meta *meta, struct volumes *volumes,
		  struct diags *diags)
{
	struct options options = { .rotate = (unsigned int)count, .size = UINT64_C(1) << 40 };

	return volumes_create(fixture_scratch(), &options, meta, volumes, diags);
}

static void remove_all(void)
{
	for (size_t i = 0; i < FILES; i++) {
		NK_FREE char *path = volume(i);

		unlink(path);
	}
	fixture_cleanup();
}

static void make_older(size_t count)
{
	for (size_t i = 0; i < count; i++) {
		NK_FREE char *path = volume(i);

		fixture_write(path, path, strlen(path));
	}
}

static void assert_older(size_t count)
{
	for (size_t i = 0; i < count; i++) {
		NK_FREE char *path = volume(i);
		size_t length;
		NK_FREE char *text = fixture_read(path, &length);

		ck_assert_str_eq(text, path);
	}
}

/* The last of the names is a directory's; or all could be had and nothing was recorded. */
START_TEST(older_files_stay)
{
	NK_FREE char *original = fixture_path("v6", ".dat");
	NK_FREE char *last = volume(FILES - 1);
	struct dat_reader *from = fixture_open(original);
	const struct dat_meta *meta = dat_reader_meta(from);
	struct volumes volumes = { 0 };
	struct diags diags = { 0 };

	make_older(FILES - 1);
	if (_i) {
		ck_assert_int_eq(mkdir(last, 0700), 0);
		ck_assert_int_lt(create(FILES, meta, &volumes, &diags), 0);
		ck_assert_uint_eq(diags.count, 1);
		ck_assert_int_eq(rmdir(last), 0);
	} else {
		ck_assert_int_eq(create(FILES, meta, &volumes, &diags), 0);
		dat_reader_close(fixture_open(last));
		volumes_remove(&volumes);
		ck_assert_int_eq(access(last, F_OK), -1);
	}
	assert_older(FILES - 1);
	diags_clear(&diags);
	dat_reader_close(from);
	remove_all();
}
END_TEST

/* One of the names is being recorded to, and was not yet when it was looked at first. */
START_TEST(one_is_recorded_to)
{
	NK_FREE char *original = fixture_path("v6", ".dat");
	NK_FREE char *last = volume(FILES - 1);
	struct dat_reader *from = fixture_open(original);
	const struct dat_meta *meta = dat_reader_meta(from);
	struct volumes volumes = { 0 };
	struct diags diags = { 0 };
	struct dat_writer *first, *other;

	make_older(FILES - 1);
	ck_assert_int_eq(dat_writer_create(fixture_scratch(), meta, &other, &diags), 0);
	/* The last name is taken between the look at it and its turn. */
	ck_assert_int_eq(dat_writer_prepare(last, meta, &first, &diags), 0);
	ck_assert_int_eq(rename(fixture_scratch(), last), 0);
	ck_assert_int_eq(dat_writer_take_name(first, &diags), -EBUSY);
	dat_writer_remove(first);
	ck_assert_int_eq(create(FILES, meta, &volumes, &diags), -EBUSY);
	ck_assert_uint_eq(diags.count, 2);
	dat_reader_close(fixture_open(last));
	assert_older(FILES - 1);
	dat_writer_abandon(other);
	diags_clear(&diags);
	dat_reader_close(from);
	remove_all();
}
END_TEST

static void put(int fd, const void *page, size_t count)
{
	for (size_t i = 0; i < count; i++)
		ck_assert_int_eq(write(fd, page, PAGE), PAGE);
}

/* --size is far away when a CPU's region is full: what comes then is in the next file. */
START_TEST(full_region)
{
	NK_FREE char *original = fixture_path("v6", ".dat");
	NK_FREE char *first = volume(0);
	NK_FREE char *second = volume(1);
	struct dat_reader *from = fixture_open(original);
	const struct dat_meta *meta = dat_reader_meta(from);
	struct rlimit limit = { 64 << 20, 64 << 20 };
	const size_t room = (16 << 20) / PAGE, portion = 8;
	struct page_source *source = dat_reader_pages(from);
	const void *page = NULL;
	struct volumes volumes = { 0 };
	struct diags diags = { 0 };
	bool is_full = false;
	size_t bytes, total = 0;
	int fds[2];

	for (size_t i = 0; !page && i < source->stream_count; i++)
		source->ops->next(source, i, &page);
	ck_assert_ptr_nonnull(page);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	ck_assert_int_eq(create(2, meta, &volumes, &diags), 0);
	volumes_settle(&volumes, &diags);
	ck_assert_int_eq(pipe2(fds, O_NONBLOCK | O_CLOEXEC), 0);
	/* At a boundary of a portion, or within one. */
	put(fds[1], page, (size_t)_i);
	do {
		put(fds[1], page, portion);
		do {
			ck_assert_int_eq(
				volumes_splice(&volumes, 0, 1, fds[0], false, &bytes, &is_full), 0);
			ck_assert(!is_full);
			total += bytes / PAGE;
		} while (bytes > 0);
	} while (total < room + portion);
	ck_assert_uint_eq(volumes.current, 1);
	ck_assert_int_eq(volumes_finish(&volumes, meta, &diags), 0);
	ck_assert_uint_eq(diags.count, 0);
	ck_assert_uint_eq(fixture_count_pages(first), room);
	ck_assert_uint_eq(fixture_count_pages(second), total - room);
	close(fds[0]);
	close(fds[1]);
	dat_reader_close(from);
	remove_all();
}
END_TEST

static Suite *volumes_suite(void)
{
	Suite *suite = suite_create("cmd/volumes");
	TCase *tests = tcase_create("volumes");

	tcase_set_timeout(tests, 120);
	tcase_add_loop_test(tests, older_files_stay, 0, 2);
	tcase_add_test(tests, one_is_recorded_to);
	tcase_add_loop_test(tests, full_region, 0, 2);
	suite_add_tcase(suite, tests);
	return suite;
}

int main(void)
{
	SRunner *runner = srunner_create(volumes_suite());
	int failed;

	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
