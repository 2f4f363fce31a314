/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Definitions: what kernels show of the lines that they took, whether two are the same, and writing
 * many at a time.
 */
#include <errno.h>
#include <signal.h>
#include <sys/resource.h>

#include "base/text.h"
#include "session-tree.h"
#include "session/definitions.h"

/* An event definition of lines; made of the kernel's words for them. */
static struct event_def def_of(const char *event, const char *text)
{
	const char *slash = strchr(event, '/');
	struct event_def def = { 0 };
	NK_FREE char *copy = xstrdup(text);
	char *cursor = copy;
	char *line;

	def.desc.group = xstrndup(event, (size_t)(slash - event));
	def.desc.name = xstrdup(slash + 1);
	while ((line = text_next_line(&cursor)))
		array_add(&def.lines, &def.line_count)->text = xstrdup(line);
	return def;
}

static void def_free(struct event_def *def)
{
	free(def->desc.group);
	free(def->desc.name);
	for (size_t i = 0; i < def->line_count; i++)
		free(def->lines[i].text);
	free(def->lines);
}

static enum definitions_relation relation(const char *there_text, const char *event,
					  const char *wanted)
{
	struct event_def def = def_of(event, wanted);
	struct definitions there;

	definitions_parse(there_text, &there);
	enum definitions_relation result = definitions_compare(&there, &def);

	definitions_clear(&there);
	def_free(&def);
	return result;
}

/* Each line that was written is found again in what the kernel shows, whatever it made of it. */
START_TEST(test_shown_as_written)
{
	NK_FREE char *written = captured_text(captured_releases[_i], "written");
	NK_FREE char *shown = captured_text(captured_releases[_i], "kprobe_events");
	struct definitions want, there;

	definitions_parse(written, &want);
	definitions_parse(shown, &there);
	ck_assert_uint_ge(want.count, 8);
	ck_assert_uint_eq(want.count, there.count);
	for (size_t i = 0; i < want.count; i++) {
		struct text lines = { 0 };
		char *copy = xstrdup(written), *cursor = copy, *line;

		/* All lines of the event together, as they are written. */
		for (size_t j = 0; (line = text_next_line(&cursor)); j++)
			if (strcmp(want.items[j].event, want.items[i].event) == 0)
				text_addf(&lines, "%s\n", line);
		ck_assert_str_eq(want.items[i].event, there.items[i].event);
		ck_assert_int_eq(relation(shown, want.items[i].event, lines.data),
				 DEFINITIONS_SAME);
		text_clear(&lines);
		free(copy);
	}
	definitions_clear(&want);
	definitions_clear(&there);
}
END_TEST

START_TEST(test_spelling)
{
	struct definitions there;

	definitions_parse(
		"p:nk/a f+0x10 x=%di:u8\nr16:b  g+0\t$retval\nnothing\np:nk/c\n\nq:nk/d e\n"
		"p:x.y h a b=1\n",
		&there);
	ck_assert_uint_eq(there.count, 3);
	ck_assert_str_eq(there.items[0].event, "nk/a");
	ck_assert_str_eq(there.items[0].body, "p f+16 x=%di:u8");
	ck_assert_str_eq(there.items[1].event, "kprobes/b");
	ck_assert_str_eq(there.items[1].body, "r16 g arg1=$retval");
	ck_assert_str_eq(there.items[2].event, "x/y");
	ck_assert_str_eq(there.items[2].body, "p h arg1=a b=1");
	definitions_clear(&there);
}
END_TEST

static const struct {
	const char *there, *wanted;
	enum definitions_relation relation;
} relations[] = {
	{ "p:nk/x f a=%di\n", "p:nk/x f a=%di\n", DEFINITIONS_SAME },
	{ "p:nk/y f a=%di\np:kprobes/x f a=%di\n", "p:nk/x f a=%di\n", DEFINITIONS_NONE },
	{ "p:nk/x f a=%di\n", "p:nk/x f a=%si\n", DEFINITIONS_OTHER },
	{ "p:nk/x f a=%di\n", "p:nk/x f a=%di b=%si\n", DEFINITIONS_OTHER },
	{ "p:nk/x f a=%di b=%si\n", "p:nk/x f a=%di\n", DEFINITIONS_OTHER },
	{ "p:nk/x f a=%di\n", "r:nk/x f a=%di\n", DEFINITIONS_OTHER },
	{ "r8:nk/x f a=$retval\n", "r:nk/x f a=$retval\n", DEFINITIONS_OTHER },
	/* The number is not shown by kernels that came before it was. */
	{ "r:nk/x f a=$retval\n", "r512:nk/x f a=$retval\n", DEFINITIONS_SAME },
	{ "r8:nk/x f a=$retval\n", "r512:nk/x f a=$retval\n", DEFINITIONS_OTHER },
	{ "p:nk/x f a=$retval\n", "r512:nk/x f a=$retval\n", DEFINITIONS_OTHER },
	/* Lines are a set. */
	{ "p:nk/x f a=%di\np:nk/x g a=%di\n", "p:nk/x g a=%di\np:nk/x f a=%di\n",
	  DEFINITIONS_SAME },
	{ "p:nk/x f a=%di\n", "p:nk/x f a=%di\np:nk/x g a=%di\n", DEFINITIONS_PART },
	{ "p:nk/x f a=%di\np:nk/x g a=%di\n", "p:nk/x f a=%di\n", DEFINITIONS_OTHER },
	/* A nameless $argN that the kernel knows the name of; no other argument is taken for it. */
	{ "p:nk/x f skb=skb:x64\n", "p:nk/x f $arg1:x64\n", DEFINITIONS_SAME },
	{ "p:nk/x f skb=skb:x64\n", "p:nk/x f $arg12:x64\n", DEFINITIONS_SAME },
	{ "p:nk/x f skb=skb:x64\n", "p:nk/x f $arg1:u64\n", DEFINITIONS_OTHER },
	{ "p:nk/x f skb=%di:x64\n", "p:nk/x f $arg1:x64\n", DEFINITIONS_OTHER },
	{ "p:nk/x f skb=skb:x64\n", "p:nk/x f a=$arg1:x64\n", DEFINITIONS_OTHER },
	{ "p:nk/x f a=$arg2:x64\n", "p:nk/x f a=$arg1:x64\n", DEFINITIONS_OTHER },
};

START_TEST(test_relations)
{
	ck_assert_int_eq(relation(relations[_i].there, "nk/x", relations[_i].wanted),
			 relations[_i].relation);
}
END_TEST

static const struct definition_line three[] = {
	{ "nk/a", "p:nk/a f x=%di" },
	{ "nk/b", "p:nk/b g x=%di" },
	{ "nk/b", "p:nk/b h x=%di" },
};

START_TEST(test_write)
{
	struct tree tree = tree_make();
	size_t refused;

	tree_write(&tree, "kprobe_events", "p:other/thing k\n");
	ck_assert_int_eq(definitions_write(tree.fd, three, 3, &refused), 0);
	ck_assert_uint_eq(refused, 3);

	NK_FREE char *text = tree_read(&tree, "kprobe_events");
	ck_assert_str_eq(text, "p:other/thing k\np:nk/a f x=%di\np:nk/b g x=%di\np:nk/b h x=%di\n");
	tree_remove(&tree);
}
END_TEST

/* A file that can take so many bytes and no more takes the lines before, as the kernel does. */
START_TEST(test_refused)
{
	struct tree tree = tree_make();
	const size_t line = strlen(three[0].text) + 1;
	struct rlimit limit = { 0, RLIM_INFINITY };
	size_t refused;

	getrlimit(RLIMIT_FSIZE, &limit);
	limit.rlim_cur = line * (size_t)_i;
	signal(SIGXFSZ, SIG_IGN);
	tree_write(&tree, "kprobe_events", "");
	setrlimit(RLIMIT_FSIZE, &limit);
	int err = definitions_write(tree.fd, three, 3, &refused);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_FSIZE, &limit);

	ck_assert_int_lt(err, 0);
	ck_assert_uint_eq(refused, (size_t)_i);
	tree_remove(&tree);
}
END_TEST

START_TEST(test_delete)
{
	static const char *const events[] = { "nk/a", "nk/gone", "nk/b" };
	struct tree tree = tree_make();
	bool busy[3];

	tree_write(&tree, "kprobe_events", "p:nk/a f\np:nk/b g\np:other/c h\n");
	ck_assert_int_eq(definitions_delete(tree.fd, events, 3, busy), 0);
	ck_assert(!busy[0] && !busy[1] && !busy[2]);

	NK_FREE char *text = tree_read(&tree, "kprobe_events");
	ck_assert_str_eq(text, "p:nk/a f\np:nk/b g\np:other/c h\n-:nk/a\n-:nk/b\n");
	tree_remove(&tree);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("session-definitions");
	TCase *tcase = tcase_create("all");
	SRunner *runner = srunner_create(suite);

	tcase_add_loop_test(tcase, test_shown_as_written, 0, CAPTURED_RELEASES);
	tcase_add_test(tcase, test_spelling);
	tcase_add_loop_test(tcase, test_relations, 0, sizeof(relations) / sizeof(*relations));
	tcase_add_test(tcase, test_write);
	tcase_add_loop_test(tcase, test_refused, 0, 3);
	tcase_add_test(tcase, test_delete);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);

	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
