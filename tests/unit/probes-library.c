/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Directories of probe files made for the test, what is found in them, and what names choose.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/text.h"
#include "probes/library.h"
#include "probes/parse.h"

static char root[] = "/tmp/nk-probes-XXXXXX";
static char *first, *second;

static char *make_directory(const char *name)
{
	char *path = xasprintf("%s/%s", root, name);

	ck_assert_int_eq(mkdir(path, 0700), 0);
	return path;
}

static void make_file(const char *directory, const char *name, const char *text)
{
	NK_FREE char *path = xasprintf("%s/%s", directory, name);
	NK_FCLOSE FILE *out = fopen(path, "w");

	ck_assert_ptr_nonnull(out);
	fputs(text, out);
}

static void set_up(void)
{
	memcpy(root + strlen(root) - 6, "XXXXXX", 6);
	ck_assert_ptr_nonnull(mkdtemp(root));
	first = make_directory("first");
	second = make_directory("second");
	make_file(first, "tcp.probes",
		  "p:nk/tcp_connect tcp_connect\np:nk/tcp_close tcp_close\n"
		  "t tcp:tcp_probe\n");
	make_file(first, "udp.probes", "p:nk/udp_sendmsg udp_sendmsg\np:nk/shared f\n");
	make_file(first, "README", "p:nk/readme f\n");
	make_file(first, ".hidden.probes", "p:nk/hidden f\n");
	make_file(second, "tcp.probes", "p:nk/tcp_other f\n");
	make_file(second, "ip.probes", "p:nk/ip_rcv ip_rcv\np:nk/shared g\n");
	setenv("NK_PROBES_PATH", second, 1);
}

static void tear_down(void)
{
	NK_FREE char *command = xasprintf("rm -r '%s'", root);

	ck_assert_int_eq(system(command), 0);
	free(first);
	free(second);
}

static void load(struct probe_library *library, struct diags *diags)
{
	ck_assert_int_eq(probe_library_load(first, library, diags), 0);
}

/* The chosen probes as "set/probe ...". */
static char *chosen(const struct probe_library *library, const char *names)
{
	NK_FREE char *copy = xstrdup(names);
	char *cursor = copy, *word;
	NK_FREE const char **list = NULL;
	NK_FREE const struct probe **probes = NULL;
	struct text text = { 0 };
	size_t count = 0, probe_count;

	while ((word = text_next_word(&cursor)))
		*array_add(&list, &count) = word;
	ck_assert_int_eq(probe_library_choose(library, list, count, &probes, &probe_count, NULL),
			 0);
	for (size_t i = 0; i < probe_count; i++)
		text_addf(&text, "%s%s/%s", i ? " " : "", probes[i]->set->name, probes[i]->name);
	return text_steal(&text);
}

START_TEST(the_first_file_of_a_name_is_taken)
{
	struct probe_library library;
	struct diags diags = { 0 };

	load(&library, &diags);
	ck_assert_uint_eq(diags.count, 0);
	/* An installed nk may add sets of its own, from the directories after these two. */
	ck_assert_uint_ge(library.set_count, 3);

	NK_FREE char *tcp = chosen(&library, "tcp");
	ck_assert_str_eq(tcp, "tcp/tcp_connect tcp/tcp_close tcp/tcp_probe");
	NK_FREE char *ip = chosen(&library, "ip");
	ck_assert_str_eq(ip, "ip/ip_rcv ip/shared");
	for (size_t i = 1; i < library.set_count; i++)
		ck_assert_int_lt(strcmp(library.sets[i - 1]->name, library.sets[i]->name), 0);
	probe_library_clear(&library);
}
END_TEST

START_TEST(the_path_of_the_environment_has_several)
{
	NK_FREE char *path = xasprintf(":%s/none::%s:%s:", root, second, first);
	struct probe_library library;
	struct diags diags = { 0 };

	setenv("NK_PROBES_PATH", path, 1);
	ck_assert_int_eq(probe_library_load(NULL, &library, &diags), 0);
	ck_assert_uint_eq(diags.count, 0);

	NK_FREE char *tcp = chosen(&library, "tcp udp");
	ck_assert_str_eq(tcp, "tcp/tcp_other udp/udp_sendmsg udp/shared");
	probe_library_clear(&library);
}
END_TEST

START_TEST(a_mistaken_set_is_left_out)
{
	struct probe_library library;
	struct diags diags = { 0 };
	NK_FREE const struct probe **probes = NULL;
	static const char *const names[] = { "tcp" };
	size_t count;

	make_file(first, "tcp.probes", "p:nk/tcp_connect tcp_connect x=\n");
	load(&library, &diags);
	ck_assert_uint_eq(diags.errors, 1);
	ck_assert(strstr(diags.items[0].file, "/first/tcp.probes"));
	/* The one that it hides stays hidden. */
	ck_assert_int_eq(probe_library_choose(&library, names, 1, &probes, &count, &diags),
			 -ENOENT);
	probe_library_clear(&library);
	diags_clear(&diags);
}
END_TEST

START_TEST(an_empty_file_takes_a_set_away)
{
	struct probe_library library;
	struct diags diags = { 0 };

	make_file(first, "ip.probes", "");
	load(&library, &diags);

	NK_FREE char *ip = chosen(&library, "ip");
	ck_assert_str_eq(ip, "");
	probe_library_clear(&library);
}
END_TEST

START_TEST(a_directory_that_was_named_has_to_be_there)
{
	NK_FREE char *none = xasprintf("%s/none", root);
	struct probe_library library;
	struct diags diags = { 0 };

	ck_assert_int_eq(probe_library_load(none, &library, &diags), -ENOENT);
	ck_assert_uint_eq(diags.errors, 1);
	ck_assert(strstr(diags.items[0].text, none));
	diags_clear(&diags);
}
END_TEST

static const struct {
	const char *names, *probes;
} choices[] = {
	{ "tcp_close tcp_connect", "tcp/tcp_close tcp/tcp_connect" },
	{ "tcp_close tcp", "tcp/tcp_close tcp/tcp_connect tcp/tcp_probe" },
	{ "tcp tcp_close tcp", "tcp/tcp_connect tcp/tcp_close tcp/tcp_probe" },
	{ "udp/udp_sendmsg", "udp/udp_sendmsg" },
	{ "udp:udp_sendmsg udp_sendmsg", "udp/udp_sendmsg" },
	{ "shared", "ip/shared" },
	{ "udp/shared ip:shared", "udp/shared ip/shared" },
	{ "tcp:tcp_probe", "tcp/tcp_probe" },
};

START_TEST(names_choose_probes)
{
	struct probe_library library;
	struct diags diags = { 0 };

	load(&library, &diags);

	NK_FREE char *probes = chosen(&library, choices[_i].names);
	ck_assert_str_eq(probes, choices[_i].probes);
	probe_library_clear(&library);
}
END_TEST

START_TEST(no_names_choose_all)
{
	struct probe_library library;
	struct diags diags = { 0 };

	load(&library, &diags);

	NK_FREE char *probes = chosen(&library, "");
	ck_assert_ptr_nonnull(strstr(probes, "ip/ip_rcv"));
	ck_assert_ptr_nonnull(strstr(probes, "tcp/tcp_close"));
	ck_assert_ptr_nonnull(strstr(probes, "udp/shared"));
	probe_library_clear(&library);
}
END_TEST

static const struct {
	const char *name, *near;
} unknown[] = {
	{ "tcp_conect", "did you mean 'tcp_connect'?" },
	{ "upd", "did you mean 'udp'?" },
	{ "tcp/tcp_clsoe", "did you mean 'tcp_close'?" },
	{ "udp/tcp_close", "did you mean 'tcp_close'?" },
	{ "something_else", NULL },
};

START_TEST(an_unknown_name_is_told_with_the_near_one)
{
	struct probe_library library;
	struct diags diags = { 0 };
	const struct probe **probes = (const struct probe **)&library;
	const char *names[] = { "tcp", unknown[_i].name, "quite_another" };
	size_t count = 77;

	load(&library, &diags);
	ck_assert_int_eq(probe_library_choose(&library, names, 3, &probes, &count, &diags),
			 -ENOENT);
	ck_assert_ptr_eq(probes, (const struct probe **)&library);
	ck_assert_uint_eq(count, 77);
	ck_assert_uint_eq(diags.errors, 2);
	ck_assert(strstr(diags.items[0].text, unknown[_i].name));
	if (unknown[_i].near)
		ck_assert_str_eq(diags.items[0].hint, unknown[_i].near);
	else
		ck_assert_ptr_null(diags.items[0].hint);
	probe_library_clear(&library);
	diags_clear(&diags);
}
END_TEST

static void add(struct probe_library *library, const char *name, const char *text)
{
	struct probe_set *set;

	ck_assert_int_eq(probe_parse(name, name, text, &set, NULL), 0);
	probe_library_add(library, set);
}

START_TEST(added_sets_come_first)
{
	struct probe_library library;
	struct diags diags = { 0 };

	load(&library, &diags);
	add(&library, "-e", "p:nk/shared h\n");
	add(&library, "-e", "p:nk/another h\n");
	add(&library, "tcp", "p:nk/mine h\n");

	NK_FREE char *probes = chosen(&library, "shared another tcp");
	ck_assert_str_eq(probes, "-e/shared -e/another tcp/mine");
	probe_library_clear(&library);
}
END_TEST

/* Two files of one name, and one of them twice. */
START_TEST(given_files_of_one_name_are_all_read)
{
	struct probe_library library;
	struct diags diags = { 0 };
	struct probe_set *set;

	load(&library, &diags);
	for (int i = 0; i < 3; i++) {
		const char *path = i == 0 ? "a/tcp.probes" : "b/tcp.probes";
		const char *text = i == 0 ? "p:nk/first h\n" : "p:nk/second h\n";

		ck_assert_int_eq(probe_parse("tcp", path, text, &set, NULL), 0);
		probe_library_add(&library, set);
	}

	NK_FREE char *probes = chosen(&library, "tcp");
	ck_assert_str_eq(probes, "tcp/second tcp/first");
	NK_FREE char *by_name = chosen(&library, "tcp/first second");
	ck_assert_str_eq(by_name, "tcp/first tcp/second");
	probe_library_clear(&library);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("probes/library");
	TCase *tests = tcase_create("library");

	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, the_first_file_of_a_name_is_taken);
	tcase_add_test(tests, the_path_of_the_environment_has_several);
	tcase_add_test(tests, a_mistaken_set_is_left_out);
	tcase_add_test(tests, an_empty_file_takes_a_set_away);
	tcase_add_test(tests, a_directory_that_was_named_has_to_be_there);
	tcase_add_loop_test(tests, names_choose_probes, 0, sizeof(choices) / sizeof(choices[0]));
	tcase_add_test(tests, no_names_choose_all);
	tcase_add_loop_test(tests, an_unknown_name_is_told_with_the_near_one, 0,
			    sizeof(unknown) / sizeof(unknown[0]));
	tcase_add_test(tests, added_sets_come_first);
	tcase_add_test(tests, given_files_of_one_name_are_all_read);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
