/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * In: /proc below a root directory. Out: who is who in it. What it holds true: nobody is taken for
 * dead who is only out of sight.
 */
#include "session/process.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/text.h"

/* PROC_PID_INIT_INO of the kernel's include/linux/proc_ns.h */
#define HOST_SPACE 0xEFFFFFFCULL

unsigned long long process_space(int root_fd)
{
	struct stat status;

	return fstatat(root_fd, "proc/self/ns/pid", &status, 0) == 0 ? status.st_ino : 0;
}

bool process_is_in_host(int root_fd)
{
	unsigned long long space = process_space(root_fd);

	return space == 0 || space == HOST_SPACE;
}

/* Else it was mounted outside of the caller's pid namespace. */
static bool is_own_proc(int root_fd)
{
	char target[32] = "";
	ssize_t length = readlinkat(root_fd, "proc/self", target, sizeof(target) - 1);

	return length <= 0 || strtol(target, NULL, 10) == getpid();
}

/*
 * Field 22, behind the name, which may hold blanks and parentheses. -ESRCH for one that has ended
 * and that its parent has not waited for.
 */
static int read_start(int root_fd, const char *process, unsigned long long *start)
{
	NK_FREE char *path = xasprintf("proc/%s/stat", process);
	NK_FREE char *text = NULL;
	int err = file_read(root_fd, path, &text, NULL);

	if (err)
		return err;

	char *cursor = strrchr(text, ')');
	if (!cursor)
		return -EINVAL;
	cursor++;

	const char *word = NULL;
	for (int field = 3; field <= 22; field++) {
		word = text_next_word(&cursor);
		if (!word)
			return -EINVAL;
		if (field == 3 && strchr("ZXx", word[0]))
			return -ESRCH;
	}
	*start = strtoull(word, NULL, 10);
	return 0;
}

int process_identify(int root_fd, pid_t pid, struct process_id *out)
{
	NK_FREE char *number = xasprintf("%d", (int)pid);
	unsigned long long start;
	int err = read_start(root_fd, is_own_proc(root_fd) ? number : "self", &start);

	if (!err)
		*out = (struct process_id){ pid, start, process_space(root_fd) };
	return err;
}

/* The number in its own pid namespace; 0: not known, as before v4.1. */
static pid_t own_number(int root_fd, const char *process)
{
	static const char key[] = "\nNSpid:";
	NK_FREE char *path = xasprintf("proc/%s/status", process);
	NK_FREE char *text = NULL;
	const char *word, *last = NULL;
	char *cursor;

	if (file_read(root_fd, path, &text, NULL) != 0)
		return 0;
	cursor = strstr(text, key);
	if (!cursor)
		return 0;
	cursor += sizeof(key) - 1;
	cursor[strcspn(cursor, "\n")] = '\0';
	while ((word = text_next_word(&cursor)))
		last = word;
	return last ? (pid_t)strtol(last, NULL, 10) : 0;
}

static bool is_it(int root_fd, const char *process, const struct process_id *id)
{
	unsigned long long start;

	return own_number(root_fd, process) == id->pid &&
	       read_start(root_fd, process, &start) == 0 && start == id->start;
}

/* Looks for it among all that there are, whatever their numbers are here. 0 or -errno. */
static int find(int root_fd, const struct process_id *id, bool *is_found)
{
	const struct dirent *entry;
	DIR *dir;
	int err = file_open_dir(root_fd, "proc", &dir);

	if (err)
		return err;
	*is_found = false;
	while (!*is_found && (err = file_next_entry(dir, &entry)) == 0 && entry)
		*is_found = strspn(entry->d_name, "0123456789") == strlen(entry->d_name) &&
			    is_it(root_fd, entry->d_name, id);
	closedir(dir);
	return err;
}

bool process_is_elsewhere(int root_fd, const struct process_id *id)
{
	unsigned long long own = process_space(root_fd);

	return own && id->space && own != id->space;
}

int process_look(int root_fd, const struct process_id *id, bool *is_alive)
{
	bool is_own = !process_is_elsewhere(root_fd, id);
	unsigned long long start = 0;

	if (is_own && is_own_proc(root_fd)) {
		NK_FREE char *number = xasprintf("%d", (int)id->pid);
		int err = read_start(root_fd, number, &start);

		/* With hidepid=1 it is there and may not be looked into. */
		if (err == -EPERM || err == -EACCES) {
			*is_alive = true;
			return 0;
		}
		*is_alive = !err && start == id->start;
		return err == -ENOENT || err == -ESRCH ? 0 : err;
	}
	/* From the host all are seen, and from outside those of the caller's own. */
	*is_alive = true;
	if ((process_is_in_host(root_fd) || is_own) && own_number(root_fd, "self") != 0)
		return find(root_fd, id, is_alive);
	return 0;
}
