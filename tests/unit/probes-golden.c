/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every probe file of tests/golden/probes is parsed, and what is said of it compared with the .err
 * file beside it. NK_GOLDEN_WRITE=1 writes those files instead: read the difference before you
 * commit it.
 */
#include <check.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "probes/parse.h"

static glob_t files;

/* All that is said of a file, and what comes of it. */
static char *said_of(const char *path)
{
	struct diags diags = { 0 };
	struct probe_set *set = NULL;
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);
	int err = probe_parse_file(path, &set, &diags);

	diags_print(&diags, out);
	if (err)
		fprintf(out, "no set: %zu errors\n", diags.errors);
	else
		fprintf(out, "set %s: %zu probes\n", set->name, set->probe_count);
	fclose(out);
	ck_assert_int_eq(err != 0, diags.errors != 0);
	probe_set_free(set);
	diags_clear(&diags);
	return text;
}

static char *expected_path(const char *path)
{
	return xasprintf("%.*serr", (int)(strlen(path) - strlen("probes")), path);
}

START_TEST(messages_are_as_expected)
{
	const char *path = files.gl_pathv[_i];
	NK_FREE char *said = said_of(path);
	NK_FREE char *expected_file = expected_path(path);
	NK_FREE char *expected = NULL;

	if (getenv("NK_GOLDEN_WRITE")) {
		NK_FCLOSE FILE *out = fopen(expected_file, "w");

		ck_assert_ptr_nonnull(out);
		fputs(said, out);
		return;
	}
	ck_assert_int_eq(file_read(AT_FDCWD, expected_file, &expected, NULL), 0);
	ck_assert_str_eq(said, expected);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("probes/golden");
	TCase *tests = tcase_create("golden");

	/* Messages show the path as it was given. */
	if (chdir(TESTDIR "/golden/probes") < 0 || glob("*.probes", 0, NULL, &files) != 0) {
		fprintf(stderr, "no probe files in %s/golden/probes\n", TESTDIR);
		return EXIT_FAILURE;
	}
	tcase_add_loop_test(tests, messages_are_as_expected, 0, (int)files.gl_pathc);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	globfree(&files);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
