/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What nk-probes(5) shows is so: its examples are probe files without a mistake, and its table has
 * the types that there are.
 */
#include <check.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/text.h"
#include "probes/parse.h"

static char *manual;

static void set_up(void)
{
	ck_assert_int_eq(file_read(AT_FDCWD, TESTDIR "/../man/nk-probes.5", &manual, NULL), 0);
}

static void tear_down(void)
{
	free(manual);
}

/* The next literal block of *cursor as the reader sees it, or NULL. */
static char *next_block(const char **cursor)
{
	static const char begin[] = "\n.Bd -literal\n";
	const char *start = strstr(*cursor, begin);
	const char *end = start ? strstr(start, "\n.Ed") : NULL;
	struct text block = { 0 };

	if (!end)
		return NULL;
	for (const char *c = start + strlen(begin); c <= end; c++) {
		text_add_bytes(&block, c, 1);
		if (c[0] == '\\' && c[1] == 'e')
			c++;
	}
	*cursor = end;
	return text_steal(&block);
}

START_TEST(examples_are_probe_files)
{
	const char *cursor = strstr(manual, "\n.Sh EXAMPLES\n");
	int count = 0;

	ck_assert_ptr_nonnull(cursor);
	for (;; count++) {
		NK_FREE char *block = next_block(&cursor);
		struct probe_set *set = NULL;
		struct diags diags = { 0 };

		if (!block)
			break;
		ck_assert_int_eq(probe_parse("example", "example", block, &set, &diags), 0);
		diags_print(&diags, stderr);
		ck_assert_uint_eq(diags.count, 0);
		ck_assert_uint_gt(set->probe_count, 0);
		probe_set_free(set);
	}
	ck_assert_int_ge(count, 3);
}
END_TEST

START_TEST(display_types_are_in_the_table)
{
	const struct probe_type_info *info = &probe_types[_i];
	NK_FREE char *row = xasprintf("\n.It Li %s Ta %s Ta ", info->name, info->kernel);
	NK_FREE char *mention = xasprintf("%s", info->name);

	/* Those of the kernel are only named. */
	if (info->display < DISPLAY_BE16 || info->display == DISPLAY_PACKET)
		ck_assert_msg(strstr(manual, mention) || strlen(info->name) < 4, "%s", info->name);
	else
		ck_assert_msg(strstr(manual, row) != NULL, "%s", row);
}
END_TEST

START_TEST(members_of_packets_are_named)
{
	const char *list = strstr(manual, "\n.Li saddr daddr ");
	NK_FREE char *line = NULL, *word = NULL;

	ck_assert_ptr_nonnull(list);
	line = xasprintf(" %.*s ", (int)strcspn(list + 5, "\n"), list + 5);
	word = xasprintf(" %s ", packet_member_names[_i]);
	ck_assert_msg(strstr(line, word) != NULL, "%s", word);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("probes/manual");
	TCase *tests = tcase_create("manual");

	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, examples_are_probe_files);
	tcase_add_loop_test(tests, display_types_are_in_the_table, 0, (int)probe_type_count);
	tcase_add_loop_test(tests, members_of_packets_are_named, 0, PACKET_MEMBER_COUNT);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
