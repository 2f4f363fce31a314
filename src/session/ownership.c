/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Notes of sessions in and out. What it holds true: a note is there before what it notes is, and
 * its pid is told from a later process of the same number by its start time, and from one of
 * another pid namespace.
 */
#include "session/ownership.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/text.h"

#define DEFAULT_PATH  "run/nk"
#define LOCK_NAME     "lock"
#define MACHINE_LOCK  "instances"
#define META_FORMAT   ".%s meta"
#define NAME_LIMIT    100
#define LOCK_WAIT_NS  20000000L
#define SILENT_TRIES  100  /* 2 s */
#define PATIENT_TRIES 3000 /* 60 s: many may end at once, each with many definitions to delete */

static int check_safe(int fd, const char *path, struct diags *diags)
{
	struct stat status;

	if (fstat(fd, &status) != 0)
		return diag_error(diags, errno, "cannot look at the directory '%s': %s", path,
				  strerror(errno));
	if ((status.st_uid != 0 && status.st_uid != geteuid()) || (status.st_mode & 022))
		return diag_error(diags, EPERM,
				  "%s belongs to somebody else, or others may write to it", path);
	return 0;
}

/* run/nk is root's: another user's own place beside it leaves that be. NULL: he was given none. */
static char *given_path(int root_fd, uid_t user)
{
	NK_FREE char *path = xasprintf(DEFAULT_PATH "-%u", (unsigned int)user);
	struct stat status;
	char *given = NULL;

	if (fstatat(root_fd, path, &status, AT_SYMLINK_NOFOLLOW) == 0 && status.st_uid == user) {
		given = path;
		path = NULL;
	}
	return given;
}

char *ownership_short_lived(int root_fd)
{
	const char *runtime = secure_getenv("XDG_RUNTIME_DIR");
	uid_t user = geteuid();
	NK_FREE char *given = user == 0 ? NULL : given_path(root_fd, user);
	NK_FREE char *login = xasprintf("/run/user/%u", (unsigned int)user);
	struct stat status;

	if (user == 0 || given)
		return NULL;
	/* sudo and cron do not pass the variable on: one user's sessions are in one place. */
	if (!runtime && stat(login, &status) == 0 && status.st_uid == user)
		runtime = login;
	if (runtime && *runtime == '/')
		return xasprintf("%s/nk", runtime);
	return xasprintf("/tmp/nk-%u", (unsigned int)user);
}

/*
 * Who is not root notes his sessions where nobody else may: what a note says is deleted by who
 * finds it.
 */
static char *default_path(int root_fd)
{
	char *path = geteuid() == 0 ? NULL : given_path(root_fd, geteuid());

	if (!path)
		path = ownership_short_lived(root_fd);
	return path ? path : xstrdup(DEFAULT_PATH);
}

int ownership_open(int root_fd, const char *path, bool make, int *run_fd, struct diags *diags)
{
	NK_FREE char *own = path ? NULL : default_path(root_fd);
	int base = path ? AT_FDCWD : root_fd;
	const char *where = path ? path : own;

	if (make && mkdirat(base, where, 0700) != 0 && errno != EEXIST)
		return diag_error(diags, errno, "cannot make the directory '%s': %s", where,
				  strerror(errno));

	NK_CLOSE int fd = openat(base, where, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT && !make)
		return -ENOENT;
	if (fd < 0)
		return diag_error(diags, errno, "cannot open the directory '%s': %s", where,
				  strerror(errno));

	int err = check_safe(fd, where, diags);

	if (err)
		return err;
	*run_fd = fd;
	fd = -1;
	return 0;
}

/* A session blocks the signals that end it: nobody could interrupt a wait for a lock that is stuck.
 */
static bool is_told_to_end(void)
{
	sigset_t pending;

	sigpending(&pending);
	return sigismember(&pending, SIGINT) || sigismember(&pending, SIGTERM) ||
	       sigismember(&pending, SIGHUP) || sigismember(&pending, SIGQUIT);
}

/* "7: FLOCK  ADVISORY  WRITE 708 00:15:1234 0 EOF", as proc_locks(5) has it; 0: not known. */
static pid_t lock_holder(int fd)
{
	NK_FREE char *text = NULL;
	struct stat status;
	char *cursor, *line;

	if (fstat(fd, &status) != 0 || file_read(AT_FDCWD, "/proc/locks", &text, NULL) != 0)
		return 0;
	cursor = text;
	while ((line = text_next_line(&cursor))) {
		unsigned long long inode;
		int pid;

		if (sscanf(line, "%*d: FLOCK %*s WRITE %d %*x:%*x:%llu", &pid, &inode) == 2 &&
		    inode == (unsigned long long)status.st_ino)
			return pid > 0 ? (pid_t)pid : 0;
	}
	return 0;
}

/* While it waits: what is said at the end would not help whoever looks at a silent terminal. */
static void say_waiting(int fd)
{
	struct diags diags = { 0 };
	pid_t pid = lock_holder(fd);

	diag_add(&diags, DIAG_NOTE)->text =
		pid ? xasprintf("waits for process %d, which sets a session up or removes one",
				(int)pid)
		    : xstrdup("waits for another session, which is set up or removed");
	diags_print(&diags, stderr);
	diags_clear(&diags);
}

/* 0; -EINTR: told to end, where that counts; -ETIMEDOUT: after a minute, where it gives up. */
static int take_lock(int fd, bool heeds_signals, bool gives_up)
{
	for (int tries = 1; flock(fd, LOCK_EX | LOCK_NB) != 0; tries++) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return -errno;
		if (heeds_signals && is_told_to_end())
			return -EINTR;
		if (tries == SILENT_TRIES)
			say_waiting(fd);
		if (gives_up && tries >= PATIENT_TRIES)
			return -ETIMEDOUT;
		nanosleep(&(struct timespec){ .tv_nsec = LOCK_WAIT_NS }, NULL);
	}
	return 0;
}

int ownership_lock(int run_fd, enum ownership_purpose purpose, int *lock_fd, struct diags *diags)
{
	NK_CLOSE int fd =
		openat(run_fd, LOCK_NAME, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return diag_error(diags, errno, "cannot open the lock of all sessions: %s",
				  strerror(errno));

	int err = take_lock(fd, purpose == OWNERSHIP_SETUP, purpose == OWNERSHIP_UNDO);

	if (err == -EINTR)
		return diag_error(diags, EINTR,
				  "interrupted while another session was being set up");
	if (err == -ETIMEDOUT)
		return diag_error(diags, ETIMEDOUT, "another session holds the lock for too long");
	if (err)
		return diag_error(diags, -err, "cannot lock out other sessions: %s",
				  strerror(-err));
	*lock_fd = fd;
	fd = -1;
	return 0;
}

int ownership_lock_machine(int tracefs_fd, enum ownership_purpose purpose)
{
	int fd = openat(tracefs_fd, MACHINE_LOCK, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0 && take_lock(fd, purpose == OWNERSHIP_SETUP, true) != 0) {
		close(fd);
		fd = -1;
	}
	return fd;
}

int ownership_check_name(const char *name, struct diags *diags)
{
	size_t length = strlen(name);

	if (length == 0 || length > NAME_LIMIT || name[0] == '.' ||
	    strcspn(name, "/ \t\n") != length || strcmp(name, LOCK_NAME) == 0)
		return diag_error(diags, EINVAL, "'%s' cannot be the name of a session", name);
	return 0;
}

/* The words of a note: its first is a name. */
static bool is_of(const char *words, const char *name)
{
	size_t length = strlen(name);

	return strncmp(words, name, length) == 0 && (!words[length] || words[length] == ' ');
}

/* Noted before it was made, and then not made, or removed: who makes it now is somebody else. */
static void forget(char **names, size_t *count, const char *name)
{
	size_t kept = 0;

	for (size_t i = 0; i < *count; i++) {
		if (is_of(names[i], name))
			free(names[i]);
		else
			names[kept++] = names[i];
	}
	*count = kept;
}

/* Its number, its start time, its pid namespace; the last is missing where it is not known. */
static void parse_process(const char *number, char *rest, struct process_id *out)
{
	const char *start = text_next_word(&rest);
	const char *space = text_next_word(&rest);

	out->pid = (pid_t)strtol(number, NULL, 10);
	out->start = start ? strtoull(start, NULL, 10) : 0;
	out->space = space ? strtoull(space, NULL, 10) : 0;
}

static void parse_note_line(char *line, struct session_info *out, struct process_id *process)
{
	char *cursor = line;
	const char *kind = text_next_word(&cursor);
	const char *value = text_next_word(&cursor);

	if (!kind || !value)
		return;
	if (strcmp(kind, "instance") == 0) {
		*array_add(&out->instances, &out->instance_count) = xstrdup(value);
	} else if (strcmp(kind, "definition") == 0) {
		*array_add(&out->definitions, &out->definition_count) = xstrdup(value);
	} else if (strcmp(kind, "shown") == 0) {
		*array_add(&out->shown, &out->shown_count) =
			xasprintf("%s %s", value, cursor + strspn(cursor, " "));
	} else if (strcmp(kind, "event") == 0) {
		*array_add(&out->events, &out->event_count) = xstrdup(value);
	} else if (strcmp(kind, "gone") == 0) {
		forget(out->definitions, &out->definition_count, value);
		forget(out->shown, &out->shown_count, value);
		forget(out->instances, &out->instance_count, value);
	} else if (strcmp(kind, "set") == 0) {
		*array_add(&out->sets, &out->set_count) = xstrdup(value);
	} else if (strcmp(kind, "since") == 0) {
		out->since = strtoll(value, NULL, 10);
	} else if (strcmp(kind, "pid") == 0) {
		parse_process(value, cursor, process);
		out->pid = process->pid;
	}
}

/*
 * A line without its end was cut short, and what it would have noted was not made yet. To take it
 * for a whole one would be to take a part of a name for somebody else's.
 */
static void drop_part(char *text)
{
	char *end = strrchr(text, '\n');

	if (end)
		end[1] = '\0';
	else
		text[0] = '\0';
}

void ownership_parse(const char *name, const char *text, struct session_info *out,
		     struct process_id *process)
{
	NK_FREE char *copy = xstrdup(text);
	char *cursor = copy;
	char *line;

	*out = (struct session_info){ .name = xstrdup(name) };
	*process = (struct process_id){ 0 };
	drop_part(copy);
	while ((line = text_next_line(&cursor)))
		parse_note_line(line, out, process);
}

/* Of one that cannot be looked for it is not known: it may be there. */
static bool has_one(int tracefs_fd, const char *instance)
{
	NK_FREE char *path = xasprintf("instances/%s", instance);

	return faccessat(tracefs_fd, path, F_OK, 0) == 0 || errno != ENOENT;
}

/* A flight recorder has no process: it lives as long as its instances do. */
static bool has_instance(const struct session_info *info, int tracefs_fd)
{
	for (size_t i = 0; i < info->instance_count; i++)
		if (has_one(tracefs_fd, info->instances[i]))
			return true;
	return false;
}

static int look_alive(struct session_info *info, const struct process_id *noted, int root_fd,
		      int tracefs_fd)
{
	info->is_elsewhere = process_is_elsewhere(root_fd, noted);
	if (info->pid)
		return process_look(root_fd, noted, &info->is_alive);
	info->is_alive = has_instance(info, tracefs_fd);
	return 0;
}

static int read_note(int run_fd, const char *name, struct session_info *out,
		     struct process_id *process)
{
	NK_FREE char *text = NULL;
	int err = file_read(run_fd, name, &text, NULL);

	if (!err)
		ownership_parse(name, text, out, process);
	return err;
}

struct session_info *ownership_left(int run_fd, int tracefs_fd, const char *name)
{
	struct session_info *left = xcalloc(1, sizeof(*left));
	struct process_id process;
	size_t kept = 0;

	if (read_note(run_fd, name, left, &process) != 0) {
		left->name = xstrdup(name);
		return left;
	}
	/* What is made under the name of one that is gone is somebody else's. */
	for (size_t i = 0; i < left->instance_count; i++) {
		if (has_one(tracefs_fd, left->instances[i]))
			left->instances[kept++] = left->instances[i];
		else
			free(left->instances[i]);
	}
	left->instance_count = kept;
	return left;
}

static void add_left(const struct session_info *left, struct text *text)
{
	for (size_t i = 0; i < left->instance_count; i++)
		text_addf(text, "instance %s\n", left->instances[i]);
	for (size_t i = 0; i < left->definition_count; i++)
		text_addf(text, "definition %s\n", left->definitions[i]);
	for (size_t i = 0; i < left->shown_count; i++)
		text_addf(text, "shown %s\n", left->shown[i]);
}

static int write_note(int run_fd, const char *temporary, const char *text, int *note_fd)
{
	NK_CLOSE int fd =
		openat(run_fd, temporary,
		       O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return -errno;

	int err = file_write_all(fd, text, strlen(text));
	if (err)
		return err;
	*note_fd = fd;
	fd = -1;
	return 0;
}

int ownership_create(int root_fd, int run_fd, const struct session_info *left, pid_t pid,
		     int *note_fd, struct diags *diags)
{
	const char *name = left->name;
	NK_FREE char *temporary = xasprintf(".%s", name);
	struct process_id process = { 0 };
	struct text text = { 0 };
	int fd = -1;
	int err = pid ? process_identify(root_fd, pid, &process) : 0;

	if (err)
		return diag_error(diags, -err, "cannot read /proc/%d/stat: %s", (int)pid,
				  strerror(-err));
	text_addf(&text, "pid %d %llu", (int)pid, process.start);
	if (process.space)
		text_addf(&text, " %llu", process.space);
	text_addf(&text, "\nsince %lld\n", (long long)time(NULL));
	add_left(left, &text);
	err = write_note(run_fd, temporary, text.data, &fd);
	text_clear(&text);
	if (!err && renameat(run_fd, temporary, run_fd, name) != 0) {
		err = -errno;
		close(fd);
	}
	if (err)
		unlinkat(run_fd, temporary, 0);
	if (err)
		return diag_error(diags, -err, "cannot note the session in the run directory: %s",
				  strerror(-err));
	*note_fd = fd;
	return 0;
}

int ownership_add(int note_fd, const char *kind, const char *value)
{
	NK_FREE char *line = xasprintf("%s %s\n", kind, value);
	off_t before = lseek(note_fd, 0, SEEK_END);
	int err = file_write_all(note_fd, line, strlen(line));

	/* Else the next line would become a part of this one. */
	if (err && before >= 0 && ftruncate(note_fd, before) != 0)
		return -errno;
	return err;
}

int ownership_open_note(int run_fd, const char *name)
{
	int fd = openat(run_fd, name, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW);

	return fd < 0 ? -errno : fd;
}

/* No session and no temporary note can have a name with a blank in it. */
char *ownership_meta_name(const char *name)
{
	return xasprintf(META_FORMAT, name);
}

int ownership_lock_meta(int run_fd, const char *name, int *lock_fd)
{
	NK_FREE char *base = ownership_meta_name(name);
	NK_CLOSE int fd = openat(run_fd, base, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) != 0)
		return -errno;
	*lock_fd = fd;
	fd = -1;
	return 0;
}

int ownership_remove(int run_fd, const char *name)
{
	char meta[NAME_MAX + 16];

	/* Not allocated: it is called for want of memory, too. */
	snprintf(meta, sizeof(meta), META_FORMAT, name);
	if (unlinkat(run_fd, meta, 0) != 0 && errno != ENOENT)
		return -errno;
	return unlinkat(run_fd, name, 0) != 0 && errno != ENOENT ? -errno : 0;
}

/*
 * ".NAME", a note that was never finished; or ".NAME meta", and what it is called while it is
 * written, "..NAME meta.NUMBER", of a session that has no note.
 */
static bool is_stray(int run_fd, const char *file)
{
	const char *start = file + strspn(file, ".");
	size_t length = strcspn(start, " ");
	NK_FREE char *name = xstrndup(start, length);

	if (length == 0)
		return false;
	return start[length] == '\0' || (faccessat(run_fd, name, F_OK, 0) != 0 && errno == ENOENT);
}

void ownership_sweep(int run_fd)
{
	const struct dirent *entry;
	DIR *dir;

	if (file_open_dir(run_fd, ".", &dir) != 0)
		return;
	while (file_next_entry(dir, &entry) == 0 && entry)
		if (entry->d_name[0] == '.' && is_stray(run_fd, entry->d_name))
			unlinkat(run_fd, entry->d_name, 0);
	closedir(dir);
}

static int add_info(int root_fd, int run_fd, int tracefs_fd, const char *name,
		    struct session_info **infos, size_t *count)
{
	struct session_info info;
	struct process_id process;
	int err;

	if (name[0] == '.' || strcmp(name, LOCK_NAME) == 0)
		return 0;
	err = read_note(run_fd, name, &info, &process);
	/* Its session has ended meanwhile, or it is none. */
	if (err == -ENOENT || err == -EISDIR)
		return 0;
	if (err)
		return err;
	err = look_alive(&info, &process, root_fd, tracefs_fd);
	*array_add(infos, count) = info;
	return err;
}

static int compare_infos(const void *a, const void *b)
{
	return strcmp(((const struct session_info *)a)->name,
		      ((const struct session_info *)b)->name);
}

int ownership_list(int root_fd, int run_fd, int tracefs_fd, struct session_info **infos,
		   size_t *count)
{
	const struct dirent *entry;
	DIR *dir;
	int err = file_open_dir(run_fd, ".", &dir);

	if (err)
		return err;
	*infos = NULL;
	*count = 0;
	while (!err && (err = file_next_entry(dir, &entry)) == 0 && entry)
		err = add_info(root_fd, run_fd, tracefs_fd, entry->d_name, infos, count);
	closedir(dir);
	if (err) {
		session_infos_free(*infos, *count);
		*infos = NULL;
		*count = 0;
		return err;
	}
	if (*count > 1)
		qsort(*infos, *count, sizeof(**infos), compare_infos);
	return 0;
}

bool ownership_is_replaced(const struct session_info *info, const struct definition *there)
{
	NK_FREE char *shown = xasprintf("%s %s", there->event, there->body);
	bool is_known = false;

	for (size_t i = 0; i < info->shown_count; i++) {
		if (strcmp(info->shown[i], shown) == 0)
			return false;
		is_known |= is_of(info->shown[i], there->event);
	}
	return is_known;
}

static bool notes(const struct session_info *info, const char *event)
{
	for (size_t i = 0; i < info->definition_count; i++)
		if (strcmp(info->definitions[i], event) == 0)
			return true;
	return false;
}

bool ownership_notes_definition(const struct session_info *infos, size_t count, const char *event,
				const char *except, bool only_alive)
{
	for (size_t i = 0; i < count; i++) {
		if (only_alive && !infos[i].is_alive)
			continue;
		if (except && strcmp(infos[i].name, except) == 0)
			continue;
		if (notes(&infos[i], event))
			return true;
	}
	return false;
}
