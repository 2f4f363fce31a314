/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The files of a rotating recording: all or none of them take their names, and older files
 * go only then. Metadata are those of a captured recording.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "cmd/volumes.h"
#include "datfile-fixture.h"

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

static Suite *volumes_suite(void)
{
	Suite *suite = suite_create("cmd/volumes");
	TCase *tests = tcase_create("volumes");

	tcase_set_timeout(tests, 120);
	tcase_add_loop_test(tests, older_files_stay, 0, 2);
	tcase_add_test(tests, one_is_recorded_to);
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
