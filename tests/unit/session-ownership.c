/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The notes of sessions: who lives, what the dead left and what of it may be removed.
 */
#include <errno.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <time.h>

#include "session-tree.h"
#include "session/instance.h"
#include "session/ownership.h"
#include "session/process.h"
#include "session/state.h"
#include "session/unreadable.h"

#define TRACEFS "sys/kernel/tracing/"

static struct kernel kernel_of(const struct tree *tree)
{
	return (struct kernel){ .root_fd = tree->fd, .tracefs = (char *)"sys/kernel/tracing" };
}

static void add_process(const struct tree *tree, int pid, const char *start_time)
{
	char path[40];
	NK_FREE char *text =
		xasprintf("%d (nk) S 9) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 %s "
			  "20 21\n",
			  pid, start_time);

	snprintf(path, sizeof(path), "proc/%d/stat", pid);
	tree_write(tree, path, text);
}

/* "run/nk" leads to it, whoever runs the tests. */
static void make_place(const struct tree *tree)
{
	NK_FREE char *own = xasprintf("nk-%u", (unsigned int)geteuid());
	NK_FREE char *path = xasprintf("run/%s", own);

	if (geteuid() != 0 && symlinkat(own, tree->fd, "run/nk") != 0)
		ck_abort_msg("no link");
	ck_assert_int_eq(mkdirat(tree->fd, geteuid() == 0 ? "run/nk" : path, 0700), 0);
}

static struct tree make(void)
{
	struct tree tree = tree_make();

	tree_write(&tree, TRACEFS "kprobe_events",
		   "p:nk/a f\np:nk/shared g\np:nk/foreign h\np:nk/b i\n");
	tree_mkdirs(&tree, TRACEFS "instances/");
	tree_mkdirs(&tree, "run/");
	make_place(&tree);
	add_process(&tree, 50, "5000");
	return tree;
}

static const struct session_info *named(const struct session_info *infos, size_t count,
					const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(infos[i].name, name) == 0)
			return &infos[i];
	ck_abort_msg("no session %s", name);
}

START_TEST(test_alive)
{
	struct tree tree = make();
	struct kernel kernel = kernel_of(&tree);
	struct session_info *infos;
	struct diags diags = { 0 };
	size_t count;

	tree_write(&tree, "run/nk/living",
		   "pid 50 5000\nsince 1700000000\nset tcp\ninstance living\ninstance removed\n"
		   "definition nk/a\ndefinition nk/removed\n");
	tree_write(&tree, "run/nk/zombie", "pid 52 5200\n");
	tree_write(&tree, "proc/52/stat",
		   "52 (nk) Z 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 5200 20 21\n");
	tree_write(&tree, "run/nk/reused", "pid 50 4999\n");
	tree_write(&tree, "run/nk/gone", "pid 51 5000\nsomething new\n");
	tree_write(&tree, "run/nk/flight", "pid 0 0\ninstance flight\n");
	tree_write(&tree, "run/nk/landed", "pid 0 0\ninstance landed\n");
	tree_write(&tree, "run/nk/lock", "");
	tree_write(&tree, "run/nk/.half", "pid 50 5000\n");
	tree_mkdirs(&tree, TRACEFS "instances/flight/");
	tree_write(&tree, TRACEFS "instances/living/per_cpu/cpu0/stats",
		   "entries: 5\noverrun: 2\ncommit overrun: 1\ndropped events: 3\n");

	ck_assert_int_eq(session_list(&kernel, NULL, &infos, &count, &diags), 0);
	ck_assert_uint_eq(count, 6);
	ck_assert(!named(infos, count, "zombie")->is_alive);
	ck_assert_int_eq(named(infos, count, "living")->since, 1700000000);
	ck_assert_str_eq(named(infos, count, "living")->sets[0], "tcp");
	ck_assert_uint_eq(named(infos, count, "living")->instance_count, 1);
	ck_assert_uint_eq(named(infos, count, "living")->lost[0], 6);
	ck_assert_uint_eq(named(infos, count, "living")->definition_count, 1);
	ck_assert(named(infos, count, "living")->is_alive);
	ck_assert(!named(infos, count, "reused")->is_alive);
	ck_assert(!named(infos, count, "gone")->is_alive);
	ck_assert(named(infos, count, "flight")->is_alive);
	ck_assert(!named(infos, count, "landed")->is_alive);
	ck_assert_int_eq(named(infos, count, "living")->pid, 50);
	ck_assert_str_eq(named(infos, count, "living")->instances[0], "living");
	ck_assert_str_eq(named(infos, count, "living")->definitions[0], "nk/a");
	ck_assert_uint_eq(diags.count, 0);
	session_infos_free(infos, count);
	tree_remove(&tree);
}
END_TEST

static unsigned long long inode_of(const struct tree *tree, const char *path)
{
	struct stat status;

	ck_assert_int_eq(fstatat(tree->fd, path, &status, 0), 0);
	return status.st_ino;
}

/* In a container: who is not to be seen from there may live all the same. */
START_TEST(test_other_namespace)
{
	struct tree tree = make();
	struct kernel kernel = kernel_of(&tree);
	struct session_info *infos;
	struct diags diags = { 0 };
	size_t count;

	ck_assert(process_is_in_host(tree.fd));
	tree_write(&tree, "proc/self/ns/pid", "");
	ck_assert(!process_is_in_host(tree.fd));

	unsigned long long own = inode_of(&tree, "proc/self/ns/pid");
	NK_FREE char *living = xasprintf("pid 50 5000 %llu\n", own);
	NK_FREE char *dead = xasprintf("pid 51 5100 %llu\n", own);
	NK_FREE char *reused = xasprintf("pid 50 4999 %llu\n", own);
	NK_FREE char *elsewhere = xasprintf("pid 51 5100 %llu\n", own + 1);
	NK_FREE char *same_number = xasprintf("pid 50 4999 %llu\n", own + 1);

	tree_write(&tree, "run/nk/living", living);
	tree_write(&tree, "run/nk/dead", dead);
	tree_write(&tree, "run/nk/reused", reused);
	tree_write(&tree, "run/nk/elsewhere", elsewhere);
	tree_write(&tree, "run/nk/same-number", same_number);
	tree_write(&tree, "run/nk/older", "pid 51 5100\n");
	ck_assert_int_eq(session_list(&kernel, NULL, &infos, &count, &diags), 0);
	ck_assert(named(infos, count, "living")->is_alive);
	ck_assert(!named(infos, count, "living")->is_elsewhere);
	ck_assert(!named(infos, count, "dead")->is_alive);
	ck_assert(!named(infos, count, "reused")->is_alive);
	ck_assert(named(infos, count, "elsewhere")->is_alive);
	ck_assert(named(infos, count, "elsewhere")->is_elsewhere);
	ck_assert(named(infos, count, "same-number")->is_alive);
	ck_assert(!named(infos, count, "older")->is_alive);
	session_infos_free(infos, count);
	tree_remove(&tree);
}
END_TEST

/* Who may not be looked into is there. */
START_TEST(test_hidden)
{
	struct tree tree = make();
	const struct process_id id = { .pid = 50, .start = 4999 };
	int status;

	ck_assert_int_eq(chmod(tree.path, 0755), 0);
	ck_assert_int_eq(fchmodat(tree.fd, "proc/50/stat", 0, 0), 0);

	pid_t child = fork();
	if (child == 0) {
		bool is_alive = false;

		if (geteuid() == 0 && setuid(1000) != 0)
			_exit(1);
		_exit(process_look(tree.fd, &id, &is_alive) == 0 && is_alive ? 0 : 2);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
	tree_remove(&tree);
}
END_TEST

/* With the /proc of another namespace, which has other numbers for the processes of this one. */
START_TEST(test_other_proc)
{
	struct tree tree = make();
	struct process_id id;
	bool is_alive;

	tree_write(&tree, "proc/1/ns/pid", "");
	tree_write(&tree, "proc/1/status", "Name:\tnk\nNSpid:\t1\t9\n");
	add_process(&tree, 1, "11");
	ck_assert_int_eq(symlinkat("1", tree.fd, "proc/self"), 0);
	add_process(&tree, 7, "70");
	add_process(&tree, 70, "7000");
	tree_write(&tree, "proc/70/status", "Name:\tnk\nNSpid:\t70\t7\nNSsid:\t1\t1\n");

	ck_assert_int_eq(process_identify(tree.fd, 9, &id), 0);
	ck_assert_int_eq(id.pid, 9);
	ck_assert_uint_eq(id.start, 11);
	ck_assert_uint_eq(id.space, inode_of(&tree, "proc/1/ns/pid"));
	ck_assert_int_eq(process_look(tree.fd, &id, &is_alive), 0);
	ck_assert(is_alive);
	id.pid = 7;
	id.start = 7000;
	ck_assert_int_eq(process_look(tree.fd, &id, &is_alive), 0);
	ck_assert(is_alive);
	id.start = 70;
	ck_assert_int_eq(process_look(tree.fd, &id, &is_alive), 0);
	ck_assert(!is_alive);
	/* Of a third namespace nothing is known. */
	id.space++;
	ck_assert_int_eq(process_look(tree.fd, &id, &is_alive), 0);
	ck_assert(is_alive);
	tree_remove(&tree);
}
END_TEST

/* The kernel would take the numbers for those of other processes. */
START_TEST(test_pids_elsewhere)
{
	struct tree tree = make();
	struct kernel kernel = kernel_of(&tree);
	const pid_t pid = 50;
	struct session_options options = { .pids = &pid,
					   .pid_count = _i == 0,
					   .follow_children = _i == 1 };
	struct session *session = NULL;
	struct diags diags = { 0 };

	tree_write(&tree, "proc/self/ns/pid", "");
	tree_write(&tree, TRACEFS "events/header_page", "page\n");
	tree_write(&tree, TRACEFS "events/header_event", "event\n");
	ck_assert_int_eq(session_create(&kernel, &options, NULL, 0, &session, &diags), -EPERM);
	ck_assert_uint_eq(diags.count, 1);
	ck_assert_ptr_nonnull(strstr(diags.items[0].text, "--pid=host"));
	diags_clear(&diags);
	tree_remove(&tree);
}
END_TEST

START_TEST(test_no_directory)
{
	struct tree tree = make();
	struct kernel kernel = kernel_of(&tree);
	NK_FREE char *none = xasprintf("%s/run/none", tree.path);
	struct session_info *infos;
	struct diags diags = { 0 };
	size_t left;
	size_t count = 7, removed_count = 7;
	char **removed;

	ck_assert_int_eq(session_list(&kernel, none, &infos, &count, &diags), 0);
	ck_assert_uint_eq(count, 0);
	session_infos_free(infos, count);
	ck_assert_int_eq(session_clean(&kernel, none, &removed, &removed_count, &left, &diags), 0);
	ck_assert_uint_eq(removed_count, 0);
	ck_assert(!tree_has(&tree, "run/none"));
	tree_remove(&tree);
}
END_TEST

/* What goes by nk's names and is in no note here is told, and what has another name is not. */
START_TEST(test_unnoted)
{
	struct tree tree = make();
	struct kernel kernel = kernel_of(&tree);
	NK_FREE char *none = xasprintf("%s/run/none", tree.path);
	struct diags diags = { 0 };

	tree_write(&tree, "run/nk/nk-50",
		   "pid 50 5000\ninstance nk-50\ndefinition nk/a\ndefinition nk/b\n");
	tree_write(&tree, "run/nk/nk-60",
		   "pid 60 1\ndefinition nk/shared\ndefinition nk/foreign\n");
	tree_mkdirs(&tree, TRACEFS "instances/nk-50/");
	tree_mkdirs(&tree, TRACEFS "instances/foreign/");
	session_say_unnoted(&kernel, NULL, &diags);
	ck_assert_uint_eq(diags.count, 0);

	tree_write(&tree, TRACEFS "kprobe_events",
		   "p:nk/a f\np:nk/c g\np:nk/c h\np:mine/d i\np:nk/e i\n");
	tree_mkdirs(&tree, TRACEFS "instances/nk-7-4026532200/");
	session_say_unnoted(&kernel, NULL, &diags);
	ck_assert_uint_eq(diags.count, 1);
	ck_assert_int_eq(diags.items[0].level, DIAG_NOTE);
	ck_assert_ptr_nonnull(strstr(diags.items[0].text, " has nk-7-4026532200, nk/c, nk/e: "));
	diags_clear(&diags);

	tree_mkdirs(&tree, TRACEFS "instances/nk-8/");
	session_say_unnoted(&kernel, none, &diags);
	ck_assert_uint_eq(diags.count, 1);
	ck_assert_ptr_nonnull(strstr(diags.items[0].text, " and 2 more: "));
	diags_clear(&diags);
	tree_remove(&tree);
}
END_TEST

/* Nothing of the living, nothing that no session made; what both have stays with the living. */
START_TEST(test_clean)
{
	struct tree tree = make();
	struct kernel kernel = kernel_of(&tree);
	struct diags diags = { 0 };
	size_t left;
	size_t removed_count = 0;
	char **removed;

	tree_write(&tree, "run/nk/nk-50", "pid 50 5000\ninstance nk-50\ndefinition nk/shared\n");
	tree_write(&tree, "run/nk/nk-60",
		   "pid 60 1\ninstance nk-60\ninstance nk-60-gone\ndefinition nk/a\n"
		   "definition nk/shared\ndefinition nk/vanished\ndefinition nk/b\n");
	tree_mkdirs(&tree, TRACEFS "instances/nk-50/");
	tree_mkdirs(&tree, TRACEFS "instances/nk-60/");
	tree_mkdirs(&tree, TRACEFS "instances/foreign/");

	ck_assert_int_eq(session_clean(&kernel, NULL, &removed, &removed_count, &left, &diags), 0);
	ck_assert_uint_eq(diags.count, 0);
	/* Plain files do not obey "-:": that definitions are gone is for a real kernel to show. */
	ck_assert_uint_eq(removed_count, 1);
	ck_assert_str_eq(removed[0], "instance nk-60");
	free(removed[0]);
	free(removed);
	ck_assert(tree_has(&tree, "run/nk/nk-50"));
	ck_assert(!tree_has(&tree, "run/nk/nk-60"));
	ck_assert(tree_has(&tree, TRACEFS "instances/nk-50"));
	ck_assert(!tree_has(&tree, TRACEFS "instances/nk-60"));
	ck_assert(tree_has(&tree, TRACEFS "instances/foreign"));

	NK_FREE char *text = tree_read(&tree, TRACEFS "kprobe_events");
	ck_assert_str_eq(strstr(text, "-:"), "-:nk/a\n-:nk/b\n");
	tree_remove(&tree);
}
END_TEST

/* What was removed while something else stayed may be somebody else's when it is there again. */
START_TEST(test_clean_in_part)
{
	struct tree tree = make();
	struct kernel kernel = kernel_of(&tree);
	struct diags diags = { 0 };
	size_t left;
	size_t count = 0;
	char **removed;

	tree_write(&tree, "run/nk/nk-60",
		   "pid 60 1\ninstance nk-60\ninstance web\ndefinition nk/a\ndefinition own/w\n");
	/* No directory that rmdir(2) removes. */
	tree_write(&tree, TRACEFS "instances/nk-60/file", "");
	ck_assert_int_lt(session_clean(&kernel, NULL, &removed, &count, &left, &diags), 0);
	ck_assert_uint_eq(count, 0);
	free(removed);
	tree_mkdirs(&tree, TRACEFS "instances/web/");
	tree_write(&tree, TRACEFS "kprobe_events", "p:nk/a f\np:own/w g\n");
	ck_assert_int_lt(session_clean(&kernel, NULL, &removed, &count, &left, &diags), 0);
	ck_assert_uint_eq(count, 0);
	free(removed);
	ck_assert(tree_has(&tree, TRACEFS "instances/web"));

	NK_FREE char *text = tree_read(&tree, TRACEFS "kprobe_events");
	ck_assert_str_eq(strstr(text, "-:"), "-:nk/a\n");
	ck_assert(tree_has(&tree, "run/nk/nk-60"));
	diags_clear(&diags);
	tree_remove(&tree);
}
END_TEST

START_TEST(test_remove)
{
	struct tree tree = make();
	struct kernel kernel = kernel_of(&tree);
	struct diags diags = { 0 };
	size_t left;

	tree_write(&tree, "run/nk/flight", "pid 0 0\ninstance flight\ndefinition nk/a\n");
	tree_write(&tree, "run/nk/nk-50", "pid 50 5000\ninstance nk-50\n");
	tree_mkdirs(&tree, TRACEFS "instances/flight/");
	ck_assert_int_eq(session_remove(&kernel, NULL, "nk-50", &left, &diags), -EBUSY);
	ck_assert_int_eq(session_remove(&kernel, NULL, "nosuch", &left, &diags), -ESRCH);
	ck_assert_uint_eq(diags.errors, 2);
	diags_clear(&diags);
	ck_assert_int_eq(session_remove(&kernel, NULL, "flight", &left, &diags), 0);
	ck_assert(!tree_has(&tree, TRACEFS "instances/flight"));
	ck_assert(!tree_has(&tree, "run/nk/flight"));
	ck_assert(tree_has(&tree, "run/nk/nk-50"));
	tree_remove(&tree);
}
END_TEST

/* What a reader of a flight recorder takes stays there until he is done. */
START_TEST(test_remove_while_read)
{
	struct tree tree = make();
	struct kernel kernel = kernel_of(&tree);
	NK_CLOSE int run_fd = tree_open(&tree, "run/nk");
	struct diags diags = { 0 };
	size_t left;
	int reader_fd;

	tree_write(&tree, "run/nk/flight", "pid 0 0\ninstance flight\ndefinition nk/a\n");
	tree_write(&tree, "run/nk/.flight meta", "");
	tree_write(&tree, TRACEFS "instances/flight/tracing_on", "1");
	ck_assert_int_eq(ownership_lock_meta(run_fd, "flight", &reader_fd), 0);
	ck_assert_int_eq(session_remove(&kernel, NULL, "flight", &left, &diags), -EBUSY);
	ck_assert_uint_eq(diags.errors, 1);
	diags_clear(&diags);
	ck_assert(tree_has(&tree, "run/nk/flight"));

	NK_FREE char *on = tree_read(&tree, TRACEFS "instances/flight/tracing_on");
	ck_assert_str_eq(on, "1");
	close(reader_fd);
	/* One that does not go keeps its definitions: rmdir(2) does not take a file. */
	ck_assert_int_lt(session_remove(&kernel, NULL, "flight", &left, &diags), 0);

	NK_FREE char *text = tree_read(&tree, TRACEFS "kprobe_events");
	ck_assert_ptr_null(strstr(text, "-:"));
	ck_assert(tree_has(&tree, "run/nk/flight"));
	diags_clear(&diags);
	tree_remove(&tree);
}
END_TEST

/* What should be recorded is known by the note, whoever made it and whoever deleted it. */
START_TEST(test_disturbed)
{
	struct tree tree = make();
	struct kernel kernel = kernel_of(&tree);
	struct session_info *infos;
	struct diags diags = { 0 };
	size_t count;

	tree_write(&tree, "run/nk/flight",
		   "pid 0 0\ninstance flight\ninstance flight-b\ndefinition nk/a\nevent nk/a\n"
		   "event nk/b\nevent sock/c\nevent nk/d\n");
	tree_write(&tree, TRACEFS "instances/flight/events/nk/a/enable", "0\n");
	tree_write(&tree, TRACEFS "instances/flight-b/events/nk/a/enable", "1\n");
	tree_write(&tree, TRACEFS "instances/flight/events/nk/b/enable", "0*\n");
	tree_write(&tree, TRACEFS "instances/flight/events/sock/c/enable", "1*\n");
	ck_assert_int_eq(session_list(&kernel, NULL, &infos, &count, &diags), 0);
	ck_assert_uint_eq(named(infos, count, "flight")->silent_count, 2);
	ck_assert_str_eq(infos[0].silent[0], "nk/b");
	ck_assert_str_eq(infos[0].silent[1], "nk/d");
	session_infos_free(infos, count);
	tree_remove(&tree);
}
END_TEST

START_TEST(test_note)
{
	struct tree tree = make();
	int run_fd = tree_open(&tree, "run/nk");
	int tracefs_fd = tree_open(&tree, TRACEFS);
	struct session_info *left, other = { .name = (char *)"other" };
	struct diags diags = { 0 };
	int note_fd;

	/* What a dead session of that name could not delete. */
	tree_write(&tree, "run/nk/mine",
		   "pid 1 1\nset tcp\ninstance mine\ninstance mine-left\ndefinition nk/left\n"
		   "shown nk/left p tcp_close\n");
	tree_mkdirs(&tree, TRACEFS "instances/mine-left/");
	left = ownership_left(run_fd, tracefs_fd, "mine");
	ck_assert_int_eq(ownership_create(tree.fd, run_fd, left, 50, &note_fd, &diags), 0);
	session_infos_free(left, 1);
	close(tracefs_fd);
	ck_assert_int_eq(ownership_add(note_fd, "instance", "mine-set"), 0);
	ck_assert_int_eq(ownership_add(note_fd, "definition", "nk/x"), 0);

	NK_FREE char *text = tree_read(&tree, "run/nk/mine");
	long long since = 0;
	int length = 0;

	ck_assert_int_eq(sscanf(text, "pid 50 5000\nsince %lld%n", &since, &length), 1);
	ck_assert_int_ge(since, time(NULL) - 60);
	ck_assert_int_le(since, time(NULL));
	ck_assert_str_eq(text + length, "\ninstance mine-left\ndefinition nk/left\n"
					"shown nk/left p tcp_close\n"
					"instance mine-set\ndefinition nk/x\n");
	close(note_fd);
	/* A process that is not there has no start time to be noted. */
	ck_assert_int_eq(ownership_create(tree.fd, run_fd, &other, 51, &note_fd, &diags), -ENOENT);
	diags_clear(&diags);
	close(run_fd);
	tree_remove(&tree);
}
END_TEST

/* Cut short by the end of its process, or by a full disk: what it names may be somebody else's. */
START_TEST(test_half_a_line)
{
	struct session_info *info = xcalloc(1, sizeof(*info));
	struct process_id process;

	ownership_parse("x", "pid 50 5000\ninstance nk-5\ninstance nk-12", info, &process);
	ck_assert_uint_eq(info->instance_count, 1);
	ck_assert_str_eq(info->instances[0], "nk-5");
	session_infos_free(info, 1);
}
END_TEST

/* Noted before it was made, and never made: by now it may be somebody else's. */
START_TEST(test_gone)
{
	struct session_info *info = xcalloc(1, sizeof(*info));
	struct process_id process;

	ownership_parse("x",
			"pid 50 5000\ndefinition nk/a\ndefinition nk/b\ngone nk/a\n"
			"definition nk/c\nshown nk/c p tcp_close\ngone nk/c\ndefinition nk/c\n"
			"shown nk/b p tcp_connect sk=%di\nshown nk/b p tcp_accept\npid 0 0\n",
			info, &process);
	ck_assert_uint_eq(info->shown_count, 2);
	ck_assert_str_eq(info->shown[0], "nk/b p tcp_connect sk=%di");
	ck_assert_uint_eq(info->definition_count, 2);
	ck_assert_str_eq(info->definitions[0], "nk/b");
	ck_assert_str_eq(info->definitions[1], "nk/c");
	ck_assert_int_eq(info->pid, 0);
	session_infos_free(info, 1);
}
END_TEST

START_TEST(test_replaced)
{
	struct session_info *info = xcalloc(1, sizeof(*info));
	struct process_id process;
	struct definitions there;

	ownership_parse("x",
			"pid 50 5000\ndefinition nk/a\nshown nk/a p tcp_connect sk=%di\n"
			"shown nk/a p tcp_accept\ndefinition nk/b\n",
			info, &process);
	definitions_parse("p:nk/a tcp_connect sk=%di\np:nk/a tcp_accept\np:nk/a tcp_accept x=%di\n"
			  "p:nk/b tcp_close\np:nk/ tcp_close\n",
			  &there);
	ck_assert_uint_eq(there.count, 5);
	ck_assert(!ownership_is_replaced(info, &there.items[0]));
	ck_assert(!ownership_is_replaced(info, &there.items[1]));
	ck_assert(ownership_is_replaced(info, &there.items[2]));
	/* Of it no line is noted: its maker was killed before. */
	ck_assert(!ownership_is_replaced(info, &there.items[3]));
	ck_assert(!ownership_is_replaced(info, &there.items[4]));
	definitions_clear(&there);
	session_infos_free(info, 1);
}
END_TEST

/* What was killed before it had a note leaves files that belong to no session. */
START_TEST(test_stray_files)
{
	struct tree tree = make();
	struct kernel kernel = kernel_of(&tree);
	struct diags diags = { 0 };
	size_t left;
	size_t count;
	char **removed;

	tree_write(&tree, "run/nk/flight", "pid 0 0\ninstance flight\n");
	tree_write(&tree, "run/nk/.flight meta", "");
	tree_mkdirs(&tree, TRACEFS "instances/flight/");
	tree_write(&tree, "run/nk/..flight meta.0a1b2c", "");
	tree_write(&tree, "run/nk/.nk-7", "pid 7");
	tree_write(&tree, "run/nk/.gone meta", "");
	tree_write(&tree, "run/nk/..gone meta.0a1b2c", "");
	tree_write(&tree, "run/nk/lock", "");
	ck_assert_int_eq(session_clean(&kernel, NULL, &removed, &count, &left, &diags), 0);
	ck_assert(tree_has(&tree, "run/nk/flight"));
	ck_assert(tree_has(&tree, "run/nk/.flight meta"));
	ck_assert(tree_has(&tree, "run/nk/..flight meta.0a1b2c"));
	ck_assert(tree_has(&tree, "run/nk/lock"));
	ck_assert(!tree_has(&tree, "run/nk/.nk-7"));
	ck_assert(!tree_has(&tree, "run/nk/.gone meta"));
	ck_assert(!tree_has(&tree, "run/nk/..gone meta.0a1b2c"));
	free(removed);
	tree_remove(&tree);
}
END_TEST

START_TEST(test_names)
{
	struct diags diags = { 0 };

	ck_assert_int_eq(ownership_check_name("nk-1", &diags), 0);
	ck_assert_uint_eq(diags.count, 0);
	ck_assert_int_eq(ownership_check_name("", &diags), -EINVAL);
	ck_assert_int_eq(ownership_check_name("..", &diags), -EINVAL);
	ck_assert_int_eq(ownership_check_name("a/b", &diags), -EINVAL);
	ck_assert_int_eq(ownership_check_name("a b", &diags), -EINVAL);
	ck_assert_int_eq(ownership_check_name("lock", &diags), -EINVAL);
	diags_clear(&diags);
}
END_TEST

START_TEST(test_directory)
{
	struct tree tree = tree_make();
	NK_FREE char *path = xasprintf("%s/nk", tree.path);
	struct diags diags = { 0 };
	struct stat status;
	int run_fd;

	ck_assert_int_eq(mkdirat(tree.fd, "nk", 0700), 0);
	ck_assert_int_eq(fchmodat(tree.fd, "nk", 0777, 0), 0);
	ck_assert_int_eq(ownership_open(tree.fd, path, true, &run_fd, &diags), -EPERM);
	ck_assert_int_eq(unlinkat(tree.fd, "nk", AT_REMOVEDIR), 0);
	ck_assert_int_eq(ownership_open(tree.fd, path, false, &run_fd, &diags), -ENOENT);
	ck_assert_int_eq(symlinkat("..", tree.fd, "nk"), 0);
	ck_assert_int_lt(ownership_open(tree.fd, path, true, &run_fd, &diags), 0);
	ck_assert_int_eq(unlinkat(tree.fd, "nk", 0), 0);
	ck_assert_int_eq(ownership_open(tree.fd, path, true, &run_fd, &diags), 0);
	ck_assert_int_eq(fstat(run_fd, &status), 0);
	ck_assert_int_eq(status.st_mode & 07777, 0700);
	close(run_fd);
	diags_clear(&diags);
	tree_remove(&tree);
}
END_TEST

static bool opens(const struct tree *tree, const char *path)
{
	struct stat wanted, status;
	struct diags diags = { 0 };
	int run_fd;

	if (ownership_open(tree->fd, NULL, false, &run_fd, &diags) != 0 ||
	    fstatat(tree->fd, path, &wanted, 0) != 0 || fstat(run_fd, &status) != 0)
		return false;
	close(run_fd);
	return status.st_ino == wanted.st_ino;
}

/* A user's own place keeps nobody else from his; what is not his is not taken for it. */
START_TEST(test_own_place)
{
	struct tree tree = tree_make();
	uid_t user = geteuid() == 0 ? 1000 : geteuid();
	char own[40];
	int status;

	snprintf(own, sizeof(own), "run/nk-%u", (unsigned int)user);
	ck_assert_int_eq(chmod(tree.path, 0755), 0);
	tree_mkdirs(&tree, "run/nk/");
	ck_assert_int_eq(mkdirat(tree.fd, own, 0700), 0);
	ck_assert_int_eq(fchownat(tree.fd, own, user, (gid_t)-1, 0), 0);
	ck_assert(geteuid() != 0 || opens(&tree, "run/nk"));

	pid_t child = fork();
	if (child == 0) {
		if (geteuid() == 0 && setuid(user) != 0)
			_exit(1);
		_exit(opens(&tree, own) && !ownership_short_lived(tree.fd) ? 0 : 2);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
	tree_remove(&tree);
}
END_TEST

/* Of a lock that this process has as first: another gets it once that is closed, not sooner. */
static void expect_waits(struct tree *tree, int first, int (*wait_for)(int fd), int fd)
{
	int status;
	pid_t child = fork();

	if (child == 0) {
		close(first);
		if (wait_for(fd) < 0)
			_exit(1);
		_exit(tree_has(tree, "released") ? 0 : 2);
	}
	usleep(100000);
	tree_write(tree, "released", "");
	close(first);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
}

static int lock_place(int run_fd)
{
	struct diags diags = { 0 };
	int fd;
	int err = ownership_lock(run_fd, OWNERSHIP_SETUP, &fd, &diags);

	return err ? err : fd;
}

static int lock_machine(int tracefs_fd)
{
	return ownership_lock_machine(tracefs_fd, OWNERSHIP_UNDO);
}

/* A second one waits until the first is done. */
START_TEST(test_lock)
{
	struct tree tree = make();
	int run_fd = tree_open(&tree, "run/nk");
	struct diags diags = { 0 };
	int first;

	ck_assert_int_eq(ownership_lock(run_fd, OWNERSHIP_SETUP, &first, &diags), 0);
	expect_waits(&tree, first, lock_place, run_fd);
	close(run_fd);
	tree_remove(&tree);
}
END_TEST

/* Whatever their run directories are: of tracefs there is one. */
START_TEST(test_lock_machine)
{
	struct tree tree = make();
	int tracefs_fd = tree_open(&tree, "sys/kernel/tracing");
	int first = ownership_lock_machine(tracefs_fd, OWNERSHIP_SETUP);

	ck_assert_int_ge(first, 0);
	expect_waits(&tree, first, lock_machine, tracefs_fd);
	close(tracefs_fd);
	tree_remove(&tree);
}
END_TEST

/* One that is stopped holds all others up: they say who it is. */
START_TEST(test_lock_holder_is_told)
{
	struct tree tree = make();
	int run_fd = tree_open(&tree, "run/nk");
	NK_FREE char *expected = xasprintf("nk: note: waits for process %d, ", (int)getpid());
	struct diags diags = { 0 };
	char said[200] = "";
	int first, second, status;
	FILE *words = tmpfile();

	ck_assert_ptr_nonnull(words);
	ck_assert_int_eq(ownership_lock(run_fd, OWNERSHIP_SETUP, &first, &diags), 0);

	pid_t child = fork();
	if (child == 0) {
		close(first);
		dup2(fileno(words), STDERR_FILENO);
		_exit(ownership_lock(run_fd, OWNERSHIP_SETUP, &second, &diags) != 0);
	}
	for (int i = 0; i < 300 && !strchr(said, '\n'); i++) {
		usleep(100000);
		ck_assert_int_ge(pread(fileno(words), said, sizeof(said) - 1, 0), 0);
	}
	close(first);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
	ck_assert_msg(strncmp(said, expected, strlen(expected)) == 0, "%s", said);
	fclose(words);
	close(run_fd);
	tree_remove(&tree);
}
END_TEST

/* Its signals are blocked while a session is set up: it must look for them itself. */
START_TEST(test_lock_interrupted)
{
	struct tree tree = make();
	int run_fd = tree_open(&tree, "run/nk");
	struct diags diags = { 0 };
	sigset_t signals;
	int first, second;

	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	ck_assert_int_eq(ownership_lock(run_fd, OWNERSHIP_SETUP, &first, &diags), 0);
	raise(SIGINT);
	ck_assert_int_eq(ownership_lock(run_fd, OWNERSHIP_SETUP, &second, &diags), -EINTR);
	close(first);
	ck_assert_int_eq(ownership_lock(run_fd, OWNERSHIP_UNDO, &second, &diags), 0);
	close(second);
	diags_clear(&diags);
	close(run_fd);
	tree_remove(&tree);
}
END_TEST

/* An instance that does not become one leaves nothing behind; somebody else's is left alone. */
START_TEST(test_create_fails)
{
	struct tree tree = make();
	struct kernel kernel = kernel_of(&tree);
	struct probe_set set = { .name = (char *)"tcp" };
	struct probe probe = { .name = (char *)"a", .set = &set };
	struct resolved_probe resolved = { .probe = &probe };
	struct session_options options = { .name = _i ? "mine" : "taken" };
	struct session *session = NULL;
	struct diags diags = { 0 };
	char self[16];

	snprintf(self, sizeof(self), "%d", (int)getpid());
	add_process(&tree, getpid(), "77");
	tree_mkdirs(&tree, TRACEFS "instances/taken/");
	tree_write(&tree, TRACEFS "events/header_page", "page\n");
	tree_write(&tree, TRACEFS "events/header_event", "event\n");

	int err = session_create(&kernel, &options, &resolved, 1, &session, &diags);
	ck_assert_int_eq(err, _i ? -ENOENT : -EBUSY);
	ck_assert_ptr_null(session);
	ck_assert_uint_ge(diags.errors, 1);
	ck_assert(!tree_has(&tree, "run/nk/mine"));
	ck_assert(!tree_has(&tree, "run/nk/taken"));
	ck_assert(!tree_has(&tree, TRACEFS "instances/mine"));
	ck_assert(tree_has(&tree, TRACEFS "instances/taken"));
	diags_clear(&diags);
	tree_remove(&tree);
}
END_TEST

/* For want of memory only those go that the kernel deletes as a whole or not at all. */
START_TEST(test_one_line)
{
	struct event_line lines[2] = { { 0 } };
	struct event_def defs[] = {
		{ .desc = { .group = (char *)"nk", .name = (char *)"one" },
		  .lines = lines,
		  .line_count = 1 },
		{ .desc = { .group = (char *)"nk", .name = (char *)"two" },
		  .lines = lines,
		  .line_count = 2 },
		{ .desc = { .group = (char *)"nk", .name = (char *)"one" },
		  .lines = lines,
		  .line_count = 2 },
	};
	struct resolved_carrier carriers[] = { { .events = defs, .event_count = 2 },
					       { .events = &defs[2], .event_count = 1 } };
	struct resolved_probe probe = { .carriers = carriers, .carrier_count = 1 };
	struct session_state state = { .probes = &probe, .probe_count = 1 };
	struct session session = { .state = &state };

	ck_assert(session_has_one_line(&session, "nk/one"));
	ck_assert(!session_has_one_line(&session, "nk/two"));
	/* What a dead session has left, and names that are a part of others. */
	ck_assert(!session_has_one_line(&session, "nk/left"));
	ck_assert(!session_has_one_line(&session, "nk/on"));
	ck_assert(!session_has_one_line(&session, "nk/ones"));
	/* Another carrier may have been written. */
	probe.carrier_count = 2;
	ck_assert(!session_has_one_line(&session, "nk/one"));
}
END_TEST

/* A signal that comes during the undo ends the process after it, unless the session has run. */
START_TEST(test_signals_given_back)
{
	struct session_state state = { .is_over = _i == 1 };
	int status;

	pid_t child = fork();
	if (child == 0) {
		/* Check's own are about its tests. */
		signal(SIGINT, SIG_DFL);
		signal(SIGTERM, SIG_DFL);
		session_block_signals(&state);
		kill(getpid(), SIGINT);
		kill(getpid(), SIGTERM);
		session_give_signals_back(&state);
		_exit(session_is_told_to_end() ? 2 : 0);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(WIFSIGNALED(status), _i == 0);
	ck_assert_int_eq(WIFEXITED(status) ? WEXITSTATUS(status) : 0, 0);
}
END_TEST

/* What a dead session of the same name has left stays nk's, and is tried again at the end. */
START_TEST(test_left)
{
	struct tree tree = make();
	struct kernel kernel = kernel_of(&tree);
	struct probe_set set = { .name = (char *)"tcp" };
	struct probe probe = { .name = (char *)"a", .set = &set };
	struct resolved_probe resolved = { .probe = &probe };
	struct session_options options = { .name = "mine" };
	struct session *session = NULL;
	struct diags diags = { 0 };

	add_process(&tree, getpid(), "77");
	tree_write(&tree, "run/nk/mine",
		   "pid 51 1\ninstance mine-left\ninstance mine-gone\ndefinition nk/a\n");
	/* No directory that rmdir(2) removes. */
	tree_write(&tree, TRACEFS "instances/mine-left/file", "");
	tree_write(&tree, TRACEFS "events/header_page", "page\n");
	tree_write(&tree, TRACEFS "events/header_event", "event\n");
	ck_assert_int_eq(session_create(&kernel, &options, &resolved, 1, &session, &diags),
			 -ENOENT);

	NK_FREE char *note = tree_read(&tree, "run/nk/mine");
	NK_FREE char *events = tree_read(&tree, TRACEFS "kprobe_events");

	ck_assert_ptr_nonnull(strstr(note, "\ninstance mine-left\n"));
	ck_assert_ptr_null(strstr(note, "mine-gone"));
	ck_assert_ptr_nonnull(strstr(note, "\ndefinition nk/a\n"));
	/* By the session that makes way, and at the end. */
	ck_assert_str_eq(strstr(events, "-:"), "-:nk/a\n-:nk/a\n");
	ck_assert(!tree_has(&tree, TRACEFS "instances/mine"));
	diags_clear(&diags);
	tree_remove(&tree);
}
END_TEST

/* An instance of the name that is tried with is somebody else's: it is neither noted nor removed.
 */
START_TEST(test_unreadable)
{
	struct tree tree = make();
	struct session_state state = { .name = (char *)"mine" };
	struct session session = { .state = &state };

	tree_write(&tree, "run/nk/mine", "pid 50 5000\n");
	tree_mkdirs(&tree, TRACEFS "instances/mine-unreadable/");
	session.tracefs_fd = tree_open(&tree, TRACEFS);
	state.note_fd = openat(tree.fd, "run/nk/mine", O_WRONLY | O_APPEND | O_CLOEXEC);
	ck_assert(!unreadable_counts_as_missed(&session));

	NK_FREE char *note = tree_read(&tree, "run/nk/mine");

	ck_assert_ptr_null(strstr(note, "instance"));
	ck_assert(tree_has(&tree, TRACEFS "instances/mine-unreadable"));
	free(state.owned);
	close(state.note_fd);
	close(session.tracefs_fd);
	tree_remove(&tree);
}
END_TEST

START_TEST(test_configure)
{
	static const char *const files[] = { "tracing_on",	   "trace_clock",
					     "buffer_size_kb",	   "options/overwrite",
					     "options/event-fork", "buffer_percent",
					     "set_event_pid" };
	static const char *const expected[] = { "0", "boot", "64", "1", "1", "25", "7 8" };
	struct features features = { .has = { [FEATURE_BUFFER_PERCENT] = true,
					      [FEATURE_EVENT_FORK] = true,
					      [FEATURE_INSTANCE_OPTIONS] = true,
					      [FEATURE_INSTANCE_FILTER] = true } };
	struct instance_settings settings = { .kb = 64,
					      .clock = "boot",
					      .buffer_percent = 25,
					      .follow_children = true,
					      .pids = "7 8" };
	struct tree tree = tree_make();
	struct session_instance instance = { .dir_fd = tree.fd };
	struct diags diags = { 0 };

	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
		tree_write(&tree, files[i], "before");
	ck_assert_int_eq(instance_configure(&instance, &features, &settings, &diags), 0);
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		NK_FREE char *text = tree_read(&tree, files[i]);

		ck_assert_str_eq(text, expected[i]);
	}
	/* An instance without options/ of its own has all of them in one file. */
	features.has[FEATURE_INSTANCE_OPTIONS] = false;
	tree_write(&tree, "trace_options", "before");
	ck_assert_int_eq(instance_configure(&instance, &features, &settings, &diags), 0);
	NK_FREE char *options = tree_read(&tree, "trace_options");
	ck_assert_str_eq(options, "overwrite");
	ck_assert_uint_eq(instance.page_size, (size_t)sysconf(_SC_PAGESIZE));
	settings.subbuf_kb = 16;
	ck_assert_int_eq(instance_configure(&instance, &features, &settings, &diags), -ENOTSUP);
	diags_clear(&diags);
	features.has[FEATURE_SUBBUF_SIZE] = true;
	tree_write(&tree, "buffer_subbuf_size_kb", "4");
	ck_assert_int_eq(instance_configure(&instance, &features, &settings, &diags), 0);
	ck_assert_uint_eq(instance.page_size, 16384);
	settings.subbuf_kb = 0;
	features.has[FEATURE_INSTANCE_FILTER] = false;
	ck_assert_int_eq(instance_configure(&instance, &features, &settings, &diags), -ENOTSUP);
	diags_clear(&diags);
	tree_remove(&tree);
}
END_TEST

START_TEST(test_open_instance)
{
	struct session_instance instance = { .name = xstrdup("x"), .dir_fd = -1 };
	struct tree tree = tree_make();
	struct diags diags = { 0 };

	tree_write(&tree, "instances/x/per_cpu/cpu10/trace_pipe_raw", "ten");
	tree_write(&tree, "instances/x/per_cpu/cpu2/trace_pipe_raw", "two");
	tree_write(&tree, "instances/x/tracing_on", "0");
	ck_assert_int_eq(instance_open(tree.fd, &instance, &diags), 0);
	ck_assert_uint_eq(instance.cpu_count, 2);
	ck_assert_int_eq(instance.cpus[0], 2);
	ck_assert_int_eq(instance.cpus[1], 10);

	char text[4] = "";
	ck_assert_int_eq(read(instance.raw_fds[1], text, 3), 3);
	ck_assert_str_eq(text, "ten");
	ck_assert_int_eq(instance_turn(&instance, true), 0);

	NK_FREE char *on = tree_read(&tree, "instances/x/tracing_on");
	ck_assert_str_eq(on, "1");
	instance_clear(&instance);
	tree_remove(&tree);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("session-ownership");
	TCase *tcase = tcase_create("all");
	SRunner *runner = srunner_create(suite);

	tcase_add_test(tcase, test_alive);
	tcase_add_test(tcase, test_other_namespace);
	tcase_add_test(tcase, test_other_proc);
	tcase_add_test(tcase, test_hidden);
	tcase_add_loop_test(tcase, test_pids_elsewhere, 0, 2);
	tcase_add_test(tcase, test_no_directory);
	tcase_add_test(tcase, test_clean);
	tcase_add_test(tcase, test_clean_in_part);
	tcase_add_test(tcase, test_remove);
	tcase_add_test(tcase, test_remove_while_read);
	tcase_add_test(tcase, test_disturbed);
	tcase_add_test(tcase, test_note);
	tcase_add_test(tcase, test_one_line);
	tcase_add_loop_test(tcase, test_signals_given_back, 0, 2);
	tcase_add_test(tcase, test_half_a_line);
	tcase_add_test(tcase, test_gone);
	tcase_add_test(tcase, test_replaced);
	tcase_add_test(tcase, test_stray_files);
	tcase_add_test(tcase, test_names);
	tcase_add_test(tcase, test_directory);
	tcase_add_test(tcase, test_own_place);
	tcase_add_test(tcase, test_lock);
	tcase_add_test(tcase, test_lock_machine);
	tcase_add_test(tcase, test_lock_holder_is_told);
	tcase_add_test(tcase, test_unnoted);
	tcase_add_test(tcase, test_lock_interrupted);
	tcase_add_loop_test(tcase, test_create_fails, 0, 2);
	tcase_add_test(tcase, test_left);
	tcase_add_test(tcase, test_unreadable);
	tcase_add_test(tcase, test_configure);
	tcase_add_test(tcase, test_open_instance);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);

	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
