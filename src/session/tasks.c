/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * In: /proc below a root directory. Out: task numbers and names. A task that ends while it is
 * looked at is left out.
 */
#include "session/tasks.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/text.h"
#include "session/process.h"

/* Whoever starts processes without end is followed by the kernel long before. */
#define ROUNDS_MOST 16

struct tasks {
	pid_t *items;
	size_t count;
};

static bool has(const struct tasks *tasks, pid_t task)
{
	for (size_t i = 0; i < tasks->count; i++)
		if (tasks->items[i] == task)
			return true;
	return false;
}

static void add(struct tasks *tasks, pid_t task)
{
	if (!has(tasks, task))
		*array_add(&tasks->items, &tasks->count) = task;
}

/* The directories below path whose names are numbers. */
static int list_numbers(int root_fd, const char *path, struct tasks *out)
{
	const struct dirent *entry;
	DIR *dir;
	int err = file_open_dir(root_fd, path, &dir);

	if (err)
		return err;
	while ((err = file_next_entry(dir, &entry)) == 0 && entry) {
		char *end;
		long number = strtol(entry->d_name, &end, 10);

		if (number > 0 && *end == '\0')
			*array_add(&out->items, &out->count) = (pid_t)number;
	}
	closedir(dir);
	return err;
}

static pid_t parent_of(int root_fd, pid_t pid)
{
	NK_FREE char *text = NULL;
	char path[64];
	int parent = 0;

	snprintf(path, sizeof(path), "proc/%d/stat", (int)pid);
	if (file_read(root_fd, path, &text, NULL) != 0)
		return 0;

	const char *end = strrchr(text, ')');
	if (!end || sscanf(end + 1, " %*c %d", &parent) != 1)
		return 0;
	return parent;
}

/* Rounds until no process is found whose parent is in the list. */
static int add_descendants(int root_fd, struct tasks *processes)
{
	struct tasks all = { 0 };
	int err = list_numbers(root_fd, "proc", &all);
	NK_FREE pid_t *parents = xcalloc(all.count, sizeof(*parents));
	size_t before = 0;

	for (size_t i = 0; i < all.count; i++)
		parents[i] = parent_of(root_fd, all.items[i]);
	while (before < processes->count) {
		before = processes->count;
		for (size_t i = 0; i < all.count; i++)
			if (parents[i] && has(processes, parents[i]))
				add(processes, all.items[i]);
	}
	free(all.items);
	return err;
}

static int add_threads(int root_fd, pid_t pid, struct tasks *threads)
{
	struct tasks found = { 0 };
	char path[64];

	snprintf(path, sizeof(path), "proc/%d/task", (int)pid);

	int err = list_numbers(root_fd, path, &found);
	for (size_t i = 0; i < found.count; i++)
		add(threads, found.items[i]);
	free(found.items);
	return err;
}

static int list_tasks(int root_fd, const pid_t *pids, size_t count, bool with_children,
		      struct tasks *threads, struct diags *diags)
{
	struct tasks processes = { 0 };
	int err = 0;

	for (size_t i = 0; i < count; i++)
		add(&processes, pids[i]);
	if (with_children)
		err = add_descendants(root_fd, &processes);
	for (size_t i = 0; !err && i < processes.count; i++) {
		int missing = add_threads(root_fd, processes.items[i], threads);

		if (missing && i < count)
			err = diag_error(diags, ESRCH, "there is no process %d",
					 (int)processes.items[i]);
	}
	free(processes.items);
	return err;
}

static char *to_text(const struct tasks *tasks)
{
	struct text text = { 0 };

	for (size_t i = 0; i < tasks->count; i++)
		text_addf(&text, "%s%d", i ? " " : "", (int)tasks->items[i]);
	return text_steal(&text);
}

int tasks_of(int root_fd, const pid_t *pids, size_t count, bool with_children, char **text,
	     struct diags *diags)
{
	struct tasks threads = { 0 };
	int err = list_tasks(root_fd, pids, count, with_children, &threads, diags);

	if (!err)
		*text = to_text(&threads);
	free(threads.items);
	return err;
}

static void parse_known(const char *text, struct tasks *out)
{
	NK_FREE char *copy = xstrdup(text);
	char *cursor = copy;
	const char *word;

	while ((word = text_next_word(&cursor)))
		add(out, (pid_t)strtol(word, NULL, 10));
}

/* Those of found that are not known; they are known then. */
static char *take_new(struct tasks *known, const struct tasks *found)
{
	struct tasks fresh = { 0 };
	char *text;

	for (size_t i = 0; i < found->count; i++) {
		if (has(known, found->items[i]))
			continue;
		add(known, found->items[i]);
		add(&fresh, found->items[i]);
	}
	text = to_text(&fresh);
	free(fresh.items);
	return text;
}

int tasks_catch_up(int root_fd, const pid_t *pids, size_t count, const char *text,
		   int (*more)(void *context, const char *tasks), void *context)
{
	struct tasks known = { 0 };
	bool is_new = true;
	int err = 0;

	parse_known(text, &known);
	for (int round = 0; !err && is_new && round < ROUNDS_MOST; round++) {
		struct tasks found = { 0 };
		NK_FREE char *fresh = NULL;

		/* A process that has ended meanwhile starts nothing any more. */
		if (list_tasks(root_fd, pids, count, true, &found, NULL) == 0)
			fresh = take_new(&known, &found);
		is_new = fresh && *fresh;
		if (is_new)
			err = more(context, fresh);
		free(found.items);
	}
	free(known.items);
	return err;
}

static int compare_pids(const void *a, const void *b)
{
	pid_t x = *(const pid_t *)a;
	pid_t y = *(const pid_t *)b;

	return (x > y) - (x < y);
}

static void parse_saved(const char *saved, struct tasks *out)
{
	for (const char *line = saved; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		long pid = strtol(line, NULL, 10);

		if (pid > 0)
			*array_add(&out->items, &out->count) = (pid_t)pid;
	}
	if (out->count > 1)
		qsort(out->items, out->count, sizeof(*out->items), compare_pids);
}

static bool is_known(const struct tasks *known, pid_t task)
{
	return known->count > 0 &&
	       bsearch(&task, known->items, known->count, sizeof(*known->items), compare_pids);
}

/* path: of task's comm. */
static void add_comm(int root_fd, const char *path, pid_t task, const struct tasks *known,
		     struct text *out)
{
	NK_FREE char *name = NULL;

	if (is_known(known, task) || file_read(root_fd, path, &name, NULL) != 0)
		return;
	name[strcspn(name, "\n")] = '\0';
	text_addf(out, "%d %s\n", (int)task, name);
}

/* proc_task_getattr() of fs/proc/base.c: the directory has a link more for each thread. */
static bool has_one_thread(int root_fd, pid_t pid)
{
	struct stat status;
	char path[64];

	snprintf(path, sizeof(path), "proc/%d/task", (int)pid);
	return fstatat(root_fd, path, &status, 0) == 0 && status.st_nlink == 2 + 1;
}

static void add_comms(int root_fd, pid_t pid, const struct tasks *known, struct text *out)
{
	struct tasks threads = { 0 };
	char path[80];

	/* Nearly all processes: what is opened for each is what this costs. */
	if (has_one_thread(root_fd, pid)) {
		snprintf(path, sizeof(path), "proc/%d/comm", (int)pid);
		add_comm(root_fd, path, pid, known, out);
		return;
	}
	add_threads(root_fd, pid, &threads);
	for (size_t i = 0; i < threads.count; i++) {
		snprintf(path, sizeof(path), "proc/%d/task/%d/comm", (int)pid,
			 (int)threads.items[i]);
		add_comm(root_fd, path, threads.items[i], known, out);
	}
	free(threads.items);
}

char *tasks_comms(int root_fd, const char *saved)
{
	struct tasks processes = { 0 };
	struct tasks known = { 0 };
	struct text out = { 0 };

	if (saved) {
		text_add(&out, saved);
		parse_saved(saved, &known);
		if (out.length > 0 && out.data[out.length - 1] != '\n')
			text_add(&out, "\n");
	}
	/* The kernel's numbers mean others in another pid namespace than the host's. */
	if (process_is_in_host(root_fd))
		list_numbers(root_fd, "proc", &processes);
	for (size_t i = 0; i < processes.count; i++)
		add_comms(root_fd, processes.items[i], &known, &out);
	free(processes.items);
	free(known.items);
	return text_steal(&out);
}
