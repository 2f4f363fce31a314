/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Counters of real kernels, and tasks of a made-up /proc.
 */
#include <errno.h>

#include "base/text.h"
#include "session-tree.h"
#include "session/stats.h"
#include "session/tasks.h"

/* Two groups have a tcp_connect: only the order of the two files tells them apart. */
START_TEST(test_profile)
{
	static const char *const events[] = { "nk/unnamed", "nk/udp_sendmsg", "other/tcp_connect",
					      "nk/not_there" };
	struct tree tree = tree_make();
	NK_FREE char *definitions = captured_text(captured_releases[_i], "kprobe_events");
	NK_FREE char *profile = captured_text(captured_releases[_i], "kprobe_profile");
	NK_FREE char *hits = captured_text(captured_releases[_i], "hits");
	struct profile_counts counts[4];
	char *cursor = hits;
	unsigned long unnamed = 0;
	const char *line;

	/* As many as the trace has records. */
	while ((line = text_next_line(&cursor)))
		if (strstr(line, "unnamed"))
			unnamed = strtoul(line, NULL, 10);
	tree_write(&tree, "kprobe_events", definitions);
	tree_write(&tree, "kprobe_profile", profile);
	ck_assert_int_eq(stats_read_profile(tree.fd, events, 4, counts), 0);
	ck_assert_uint_eq(counts[0].hits, unnamed);
	ck_assert_uint_gt(counts[0].hits, 0);
	ck_assert_uint_eq(counts[1].hits, 0);
	ck_assert_uint_eq(counts[2].hits, 1);
	ck_assert_uint_eq(counts[3].hits, 0);
	tree_remove(&tree);
}
END_TEST

START_TEST(test_profile_sums)
{
	struct definitions definitions;
	struct profile_counts *counts;

	definitions_parse("p:nk/a f\np:nk/a g\nr:x/a h\n", &definitions);
	ck_assert_int_eq(stats_parse_profile("  a 3 1\n  a 4 2\n  a 5 18446744073709551615\n",
					     &definitions, &counts),
			 0);
	ck_assert_uint_eq(counts[1].hits, 4);
	ck_assert_uint_eq(counts[2].misses, UINT64_MAX);
	free(counts);
	/* Somebody changed kprobe_events between the two reads. */
	ck_assert_int_eq(stats_parse_profile("  a 3 1\n  a 4 2\n", &definitions, &counts), -EAGAIN);
	ck_assert_int_eq(stats_parse_profile("  a 3 1\n  b 4 2\n  a 5 6\n", &definitions, &counts),
			 -EAGAIN);
	ck_assert_int_eq(
		stats_parse_profile("  a 3 1\n  a 4 2\n  a 5 6\n  a 7 8\n", &definitions, &counts),
		-EAGAIN);
	definitions_clear(&definitions);
}
END_TEST

START_TEST(test_cpu)
{
	char *text = captured_text(captured_releases[_i], "cpu1.stats");
	unsigned long entries;
	struct session_cpu_stats stats;

	ck_assert_int_eq(sscanf(text, "entries: %lu", &entries), 1);
	stats_parse_cpu(text, 1, &stats);
	ck_assert_int_eq(stats.cpu, 1);
	ck_assert_uint_eq(stats.entries, entries);
	ck_assert_str_eq(stats.text, text);
	free(text);
}
END_TEST

START_TEST(test_cpu_values)
{
	char text[] = "entries: 1\noverrun: 2\ncommit overrun: 3\nbytes: 4\n"
		      "oldest event ts:     7.426578\nnow ts:    11.086194\n"
		      "dropped events: 5\nread events: 6\n";
	struct session_cpu_stats stats;

	stats_parse_cpu(text, 0, &stats);
	ck_assert_uint_eq(stats.entries, 1);
	ck_assert_uint_eq(stats.overrun, 2);
	ck_assert_uint_eq(stats.commit_overrun, 3);
	ck_assert_uint_eq(stats.bytes, 4);
	ck_assert_uint_eq(stats.dropped_events, 5);
	ck_assert_uint_eq(stats.read_events, 6);
}
END_TEST

static void add_process(const struct tree *tree, int pid, int parent, int thread, const char *name)
{
	char path[80];
	char text[80];

	snprintf(path, sizeof(path), "proc/%d/stat", pid);
	snprintf(text, sizeof(text), "%d (%s) S %d 1 1\n", pid, name, parent);
	tree_write(tree, path, text);
	snprintf(path, sizeof(path), "proc/%d/comm", pid);
	snprintf(text, sizeof(text), "%s\n", name);
	tree_write(tree, path, text);
	for (int task = pid; task <= pid + thread; task++) {
		snprintf(path, sizeof(path), "proc/%d/task/%d/comm", pid, task);
		snprintf(text, sizeof(text), "%s\n", name);
		tree_write(tree, path, text);
	}
}

static bool has_word(const char *text, const char *word)
{
	NK_FREE char *copy = xstrdup(text);
	char *cursor = copy;
	const char *next;

	while ((next = text_next_word(&cursor)))
		if (strcmp(next, word) == 0)
			return true;
	return false;
}

START_TEST(test_tasks)
{
	struct tree tree = tree_make();
	struct diags diags = { 0 };
	char *text;
	pid_t pid = 100;

	add_process(&tree, 100, 1, 2, "server");
	add_process(&tree, 200, 100, 0, "child) S 1 (");
	add_process(&tree, 150, 200, 0, "grandchild");
	add_process(&tree, 300, 1, 0, "other");

	ck_assert_int_eq(tasks_of(tree.fd, &pid, 1, false, &text, &diags), 0);
	ck_assert(has_word(text, "100") && has_word(text, "101") && has_word(text, "102"));
	ck_assert_uint_eq(strlen(text), strlen("100 101 102"));
	free(text);

	ck_assert_int_eq(tasks_of(tree.fd, &pid, 1, true, &text, &diags), 0);
	ck_assert(has_word(text, "200") && has_word(text, "150") && has_word(text, "102"));
	ck_assert(!has_word(text, "300"));
	free(text);

	pid = 999;
	ck_assert_int_eq(tasks_of(tree.fd, &pid, 1, false, &text, &diags), -ESRCH);
	ck_assert_uint_eq(diags.errors, 1);
	diags_clear(&diags);
	tree_remove(&tree);
}
END_TEST

/* Of a process that starts children while others look: each round finds those of the last one. */
struct watched {
	struct tree tree;
	int rounds, last; /* stops to start more after so many */
	char *added;
};

static int take_more(void *context, const char *tasks)
{
	struct watched *watched = context;
	char *before = watched->added;

	watched->added = xasprintf("%s[%s]", before ? before : "", tasks);
	free(before);
	if (++watched->rounds < watched->last)
		add_process(&watched->tree, 400 + watched->rounds, 100, 0, "late");
	return watched->rounds == 50 ? -EIO : 0;
}

START_TEST(test_catch_up)
{
	struct watched watched = { .tree = tree_make(), .last = 3 };
	struct diags diags = { 0 };
	pid_t pids[] = { 100, 101 };
	char *text;

	add_process(&watched.tree, 100, 1, 1, "server");
	ck_assert_int_eq(tasks_of(watched.tree.fd, pids, 1, true, &text, &diags), 0);
	ck_assert_int_eq(tasks_catch_up(watched.tree.fd, pids, 1, text, take_more, &watched), 0);
	ck_assert_int_eq(watched.rounds, 0);
	add_process(&watched.tree, 400, 100, 0, "late");
	ck_assert_int_eq(tasks_catch_up(watched.tree.fd, pids, 1, text, take_more, &watched), 0);
	ck_assert_str_eq(watched.added, "[400][401][402]");
	/* One that has ended meanwhile. */
	pids[1] = 999;
	ck_assert_int_eq(tasks_catch_up(watched.tree.fd, pids, 2, text, take_more, &watched), 0);
	ck_assert_int_eq(watched.rounds, 3);
	/* What never ends is left to the kernel at last; an error ends it at once. */
	watched.last = 1000;
	ck_assert_int_eq(tasks_catch_up(watched.tree.fd, pids, 1, text, take_more, &watched), 0);
	ck_assert_int_gt(watched.rounds, 10);
	watched.rounds = 49;
	ck_assert_int_eq(tasks_catch_up(watched.tree.fd, pids, 1, text, take_more, &watched), -EIO);
	ck_assert_int_eq(watched.rounds, 50);
	free(watched.added);
	free(text);
	tree_remove(&watched.tree);
}
END_TEST

START_TEST(test_comms)
{
	struct tree tree = tree_make();

	add_process(&tree, 100, 1, 1, "two words");
	add_process(&tree, 7, 1, 0, "known");

	NK_FREE char *text = tasks_comms(tree.fd, "55 gone\n7 as saved\n");
	ck_assert_int_eq(strncmp(text, "55 gone\n7 as saved\n", 19), 0);
	ck_assert_ptr_nonnull(strstr(text, "\n100 two words\n"));
	ck_assert_ptr_nonnull(strstr(text, "\n101 two words\n"));
	ck_assert_ptr_null(strstr(text, "7 known"));

	NK_FREE char *alone = tasks_comms(tree.fd, NULL);
	ck_assert_ptr_nonnull(strstr(alone, "7 known\n"));
	/* Not by the numbers of a container's own processes. */
	tree_write(&tree, "proc/self/ns/pid", "");
	NK_FREE char *saved = tasks_comms(tree.fd, "55 gone\n");
	ck_assert_str_eq(saved, "55 gone\n");
	tree_remove(&tree);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("session-stats");
	TCase *tcase = tcase_create("all");
	SRunner *runner = srunner_create(suite);

	tcase_add_loop_test(tcase, test_profile, 0, CAPTURED_RELEASES);
	tcase_add_test(tcase, test_profile_sums);
	tcase_add_loop_test(tcase, test_cpu, 0, CAPTURED_RELEASES);
	tcase_add_test(tcase, test_cpu_values);
	tcase_add_test(tcase, test_tasks);
	tcase_add_test(tcase, test_catch_up);
	tcase_add_test(tcase, test_comms);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);

	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
