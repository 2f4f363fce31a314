/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's error_log, and its caret under the probe file's own line.
 */
#include <errno.h>

#include "base/text.h"
#include "session-tree.h"
#include "session/errorlog.h"

static const char *const messages[] = {
	"Invalid probed address or symbol",
	"Unknown type is specified",
	"Invalid dereference offset",
	"Unknown type is specified",
};
/* What stands at the caret. */
static const char *const at_caret[] = { "no_such_function a", "nosuchtype", "+foo(%di):u16",
					"nosuchtype" };

static char *line_number(const char *text, int number)
{
	NK_FREE char *copy = xstrdup(text);
	char *cursor = copy;
	const char *line = text_next_line(&cursor);

	for (; number > 0 && line; number--)
		line = text_next_line(&cursor);
	ck_assert_ptr_nonnull(line);
	return xstrdup(line);
}

START_TEST(test_find)
{
	const char *release = captured_releases[_i / 4];
	NK_FREE char *log = captured_text(release, "error_log");
	NK_FREE char *refused = captured_text(release, "refused");
	NK_FREE char *line = line_number(refused, _i % 4);
	struct errorlog_entry entry = { 0 };

	ck_assert_int_eq(errorlog_find(log, line, &entry), 0);
	ck_assert_str_eq(entry.message, messages[_i % 4]);
	/* 5.10 keeps 256 bytes of a command. */
	ck_assert_int_eq(entry.is_cut, strcmp(release, "5.10") == 0 && _i % 4 == 3);
	if (entry.is_cut) {
		ck_assert_int_eq(strncmp(entry.command, line, strlen(entry.command)), 0);
	} else {
		ck_assert_str_eq(entry.command, line);
		ck_assert_str_eq(entry.command + entry.column, strstr(line, at_caret[_i % 4]));
	}
	errorlog_entry_clear(&entry);
}
END_TEST

START_TEST(test_filter_log)
{
	NK_FREE char *log = captured_text(captured_releases[_i], "filter_log");
	NK_FREE char *text = captured_text(captured_releases[_i], "filter");
	NK_FREE char *filter = line_number(text, 0);
	struct errorlog_entry entry = { 0 };

	ck_assert_int_eq(errorlog_find(log, filter, &entry), 0);
	ck_assert_str_eq(entry.message, "Field not found");
	ck_assert_uint_le(entry.column, strlen(filter));
	errorlog_entry_clear(&entry);
}
END_TEST

START_TEST(test_others)
{
	NK_FREE char *log = captured_text("6.1", "error_log");
	struct errorlog_entry entry = { 0 };

	ck_assert_int_eq(errorlog_find(log, "p:nk/no_function no_such_function", &entry), -ENOENT);
	ck_assert_int_eq(
		errorlog_find(log, "p:nk/no_function no_such_function a=%di:x64 b=1", &entry),
		-ENOENT);
	ck_assert_int_eq(errorlog_find(log, "p:nk/never f", &entry), -ENOENT);
	ck_assert_int_eq(errorlog_find("", "p:nk/never f", &entry), -ENOENT);
	/* Blanks are the kernel's own. */
	ck_assert_int_eq(
		errorlog_find(log, "p:nk/no_function  no_such_function\ta=%di:x64", &entry), 0);
	errorlog_entry_clear(&entry);
}
END_TEST

/* A probe file's line, of which the refused line "no_type" was made. */
static const char source[] = "p:nk/no_type tcp_connect  a=$arg1  bb=+sock.x($arg1):odd";

static struct probe_place place(const char *word)
{
	return (struct probe_place){ .file = "x.probes",
				     .source = source,
				     .line = 7,
				     .column = (int)(strstr(source, word) - source) + 1,
				     .width = (int)strcspn(strstr(source, word), " ") };
}

static void check_report(const char *log, const char *text, const char *word, const char *why)
{
	struct probe_arg a = { .place = place("a=$arg1") };
	struct probe_arg b = { .place = place("bb=") };
	const struct probe_arg *origins[] = { &a, &b };
	struct probe_func func = { .place = place("tcp_connect") };
	struct probe probe = { .name = (char *)"no_type", .place = place("no_type") };
	struct event_line line = { .text = (char *)text,
				   .symbol = (char *)"tcp_connect",
				   .func = &func,
				   .origins = origins,
				   .origin_count = 2 };
	struct diags diags = { 0 };

	errorlog_report(&diags, DIAG_WARNING, log, &probe, &line, -EINVAL);
	ck_assert_uint_eq(diags.count, 1);
	ck_assert_int_eq(diags.items[0].level, DIAG_WARNING);
	ck_assert_str_eq(diags.items[0].file, "x.probes");
	ck_assert_int_eq(diags.items[0].line, 7);
	ck_assert_str_eq(diags.items[0].source, source);
	ck_assert_int_eq(diags.items[0].column, place(word).column);
	ck_assert_int_eq(diags.items[0].width, place(word).width);
	ck_assert_ptr_nonnull(strstr(diags.items[0].text, why));
	ck_assert_ptr_nonnull(strstr(diags.items[0].hint, text));
	diags_clear(&diags);
}

START_TEST(test_report)
{
	NK_FREE char *log = captured_text(captured_releases[_i], "error_log");

	check_report(log, "p:nk/no_type tcp_connect a=%di:x64 b=+0(%di):nosuchtype",
		     "bb=", "Unknown type is specified");
	check_report(log, "p:nk/no_function no_such_function a=%di:x64", "tcp_connect",
		     "Invalid probed address or symbol");
	/* Not in the log, no log, or a caret that cannot be trusted: the function, and what errno
	 * says. */
	check_report(log, "p:nk/never tcp_connect", "tcp_connect", "Invalid argument");
	check_report(NULL, "p:nk/no_type tcp_connect a=%di:x64 b=+0(%di):nosuchtype", "tcp_connect",
		     "Invalid argument");
}
END_TEST

/* Where the probe file has the kernel's very word, the caret is taken over to the byte. */
START_TEST(test_native)
{
	static const char native[] = "p:nk/no_offset tcp_connect a=+foo(%di):u16";
	NK_FREE char *log = captured_text("6.1", "error_log");
	struct probe probe = { .name = (char *)"no_offset",
			       .place = { "n.probes", native, 1, 6, 9 } };
	struct event_line line = { .text = (char *)native, .symbol = (char *)"tcp_connect" };
	struct diags diags = { 0 };

	errorlog_report(&diags, DIAG_ERROR, log, &probe, &line, -EINVAL);
	ck_assert_int_eq(diags.items[0].column, (int)(strstr(native, "+foo") - native) + 1);
	ck_assert_int_eq(diags.items[0].width, (int)strlen("+foo(%di):u16"));
	diags_clear(&diags);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("session-errorlog");
	TCase *tcase = tcase_create("all");
	SRunner *runner = srunner_create(suite);

	tcase_add_loop_test(tcase, test_find, 0, 4 * CAPTURED_RELEASES);
	tcase_add_loop_test(tcase, test_filter_log, 0, CAPTURED_RELEASES);
	tcase_add_test(tcase, test_others);
	tcase_add_loop_test(tcase, test_report, 0, CAPTURED_RELEASES);
	tcase_add_test(tcase, test_native);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);

	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
