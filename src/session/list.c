/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sessions seen from outside, by their notes in the run directory: what there is, and the removal
 * of those that no process cares for any more.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/text.h"
#include "session/definitions.h"
#include "session/instance.h"
#include "session/ownership.h"
#include "session/session.h"
#include "session/stats.h"
#include "session/undo.h"

#define INSTANCE_PREFIX "nk-"
#define EVENT_PREFIX	"nk/"
#define TOLD_MOST	4

#define READER_TRIES   100
#define READER_WAIT_NS 20000000L

/* The open files of one look at the sessions. */
struct view {
	int tracefs_fd;
	int run_fd;
	int lock_fd;
	int machine_fd;
	struct session_info *infos;
	size_t count;
};

#define VIEW_CLOSED                                                                                \
	((struct view){ .tracefs_fd = -1, .run_fd = -1, .lock_fd = -1, .machine_fd = -1 })

static void view_close(struct view *view)
{
	session_infos_free(view->infos, view->count);
	if (view->machine_fd >= 0)
		close(view->machine_fd);
	if (view->lock_fd >= 0)
		close(view->lock_fd);
	if (view->run_fd >= 0)
		close(view->run_fd);
	if (view->tracefs_fd >= 0)
		close(view->tracefs_fd);
}

/* Without a run directory there is no session: nothing is an error then. */
static int view_open(const struct kernel *kernel, const char *run_dir, bool lock, struct view *view,
		     struct diags *diags)
{
	*view = VIEW_CLOSED;
	view->tracefs_fd =
		openat(kernel->root_fd, kernel->tracefs, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (view->tracefs_fd < 0)
		return diag_error(diags, errno, "cannot open tracefs: %s", strerror(errno));

	int err = ownership_open(kernel->root_fd, run_dir, false, &view->run_fd, diags);

	if (err == -ENOENT)
		return 0;
	if (!err && lock)
		err = ownership_lock(view->run_fd, OWNERSHIP_SETUP, &view->lock_fd, diags);
	if (err)
		return err;
	if (lock)
		view->machine_fd = ownership_lock_machine(view->tracefs_fd, OWNERSHIP_SETUP);
	err = ownership_list(kernel->root_fd, view->run_fd, view->tracefs_fd, &view->infos,
			     &view->count);
	if (err)
		diag_error(diags, -err, "cannot read the run directory: %s", strerror(-err));
	return err;
}

static void drop_name(char **names, size_t *count, size_t index)
{
	free(names[index]);
	memmove(&names[index], &names[index + 1], (--*count - index) * sizeof(*names));
}

/* Also of an instance that cannot be read nothing is lost that is known. */
static uint64_t read_lost(int tracefs_fd, const char *name)
{
	struct session_instance instance = { .name = xstrdup(name), .dir_fd = -1 };
	struct diags ignored = { 0 };
	uint64_t lost = 0;

	if (instance_look_into(tracefs_fd, &instance, &ignored) == 0) {
		stats_read_cpus(&instance);
		for (size_t i = 0; i < instance.cpu_count; i++)
			lost += stats_lost(&instance.stats[i]);
	}
	instance_clear(&instance);
	diags_clear(&ignored);
	return lost;
}

static bool is_off(int tracefs_fd, const char *name)
{
	NK_FREE char *path = xasprintf("instances/%s/tracing_on", name);
	NK_FREE char *text = NULL;

	return file_read(tracefs_fd, path, &text, NULL) == 0 && text[0] == '0';
}

static bool is_recorded(int tracefs_fd, const struct session_info *info, const char *event)
{
	for (size_t i = 0; i < info->instance_count; i++) {
		NK_FREE char *path =
			xasprintf("instances/%s/events/%s/enable", info->instances[i], event);
		NK_FREE char *text = NULL;

		if (file_read(tracefs_fd, path, &text, NULL) == 0 && text[0] != '0')
			return true;
	}
	return false;
}

/* A session with a process looks itself, at its end. */
static void look_at_recorder(const struct view *view, struct session_info *info)
{
	for (size_t i = 0; i < info->instance_count; i++)
		info->is_frozen |= is_off(view->tracefs_fd, info->instances[i]);
	for (size_t i = 0; i < info->event_count; i++)
		if (!is_recorded(view->tracefs_fd, info, info->events[i]))
			*array_add(&info->silent, &info->silent_count) = xstrdup(info->events[i]);
}

static void look_at_instances(const struct view *view, struct session_info *info)
{
	size_t next = 0;

	while (next < info->instance_count) {
		NK_FREE char *path = xasprintf("instances/%s", info->instances[next]);

		if (faccessat(view->tracefs_fd, path, F_OK, 0) != 0)
			drop_name(info->instances, &info->instance_count, next);
		else
			next++;
	}
	info->lost = xcalloc(info->instance_count, sizeof(*info->lost));
	for (size_t i = 0; i < info->instance_count; i++)
		info->lost[i] = read_lost(view->tracefs_fd, info->instances[i]);
	if (info->is_alive && !info->pid)
		look_at_recorder(view, info);
}

static int look_at_kernel(struct view *view)
{
	struct definitions there;
	int err = definitions_read(view->tracefs_fd, &there);

	if (err)
		return err;
	for (size_t i = 0; i < view->count; i++) {
		struct session_info *info = &view->infos[i];
		size_t next = 0;

		look_at_instances(view, info);
		while (next < info->definition_count) {
			if (definitions_count(&there, info->definitions[next]) == 0)
				drop_name(info->definitions, &info->definition_count, next);
			else
				next++;
		}
	}
	definitions_clear(&there);
	return 0;
}

int session_list(const struct kernel *kernel, const char *run_dir, struct session_info **infos,
		 size_t *count, struct diags *diags)
{
	struct view view;
	int err = view_open(kernel, run_dir, false, &view, diags);

	if (!err && view.count > 0) {
		err = look_at_kernel(&view);
		if (err)
			diag_error(diags, -err, "cannot read kprobe_events: %s", strerror(-err));
	}
	if (!err) {
		*infos = view.infos;
		*count = view.count;
		view.infos = NULL;
		view.count = 0;
	}
	view_close(&view);
	return err;
}

static void free_names(char **names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(names[i]);
	free(names);
}

void session_infos_free(struct session_info *infos, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free_names(infos[i].instances, infos[i].instance_count);
		free_names(infos[i].definitions, infos[i].definition_count);
		free_names(infos[i].shown, infos[i].shown_count);
		free_names(infos[i].sets, infos[i].set_count);
		free_names(infos[i].events, infos[i].event_count);
		free_names(infos[i].silent, infos[i].silent_count);
		free(infos[i].lost);
		free(infos[i].name);
	}
	free(infos);
}

static const struct session_info *find(const struct view *view, const char *name)
{
	for (size_t i = 0; i < view->count; i++)
		if (strcmp(view->infos[i].name, name) == 0)
			return &view->infos[i];
	return NULL;
}

/* Who takes what a flight recorder has seen would find it gone: nk dump is given a moment. */
static int keep_readers_out(const struct view *view, const struct session_info *info, int *lock_fd,
			    struct diags *diags)
{
	int err = -EWOULDBLOCK;

	for (int i = 0; i < READER_TRIES && err == -EWOULDBLOCK; i++) {
		if (i > 0)
			nanosleep(&(struct timespec){ .tv_nsec = READER_WAIT_NS }, NULL);
		err = ownership_lock_meta(view->run_fd, info->name, lock_fd);
	}
	if (err == -EWOULDBLOCK)
		return diag_error(diags, EBUSY,
				  "somebody reads the flight recorder '%s': it goes on",
				  info->name);
	if (err && err != -ENOENT)
		return diag_error(diags, -err, "cannot lock the flight recorder '%s': %s",
				  info->name, strerror(-err));
	return 0;
}

int session_remove(const struct kernel *kernel, const char *run_dir, const char *name, size_t *left,
		   struct diags *diags)
{
	NK_CLOSE int reader_fd = -1;
	struct view view;
	int err = view_open(kernel, run_dir, true, &view, diags);
	const struct session_info *info = err ? NULL : find(&view, name);

	*left = 0;
	if (!err && !info)
		err = diag_error(diags, ESRCH, "there is no session '%s'", name);
	if (!err && info->is_alive && info->pid != 0)
		err = diag_error(diags, EBUSY, "the session '%s' belongs to the living process %d",
				 name, (int)info->pid);
	if (!err && info->is_alive)
		err = keep_readers_out(&view, info, &reader_fd, diags);
	if (!err) {
		struct undo undo = { .tracefs_fd = view.tracefs_fd,
				     .infos = view.infos,
				     .info_count = view.count };

		err = undo_session(&undo, view.run_fd, info, diags);
		*left = undo.left;
		undo_clear(&undo);
	}
	view_close(&view);
	return err;
}

int session_clean(const struct kernel *kernel, const char *run_dir, char ***removed, size_t *count,
		  size_t *left, struct diags *diags)
{
	struct view view;
	int err = view_open(kernel, run_dir, true, &view, diags);

	*removed = NULL;
	*count = 0;
	*left = 0;
	/* Where there is no run directory there is nothing to be removed, and no lock is held. */
	if (!err && view.run_fd >= 0) {
		struct undo undo = { .tracefs_fd = view.tracefs_fd,
				     .infos = view.infos,
				     .info_count = view.count };

		err = undo_dead(&undo, view.run_fd, diags);
		*removed = undo.removed;
		*count = undo.removed_count;
		*left = undo.left;
	}
	view_close(&view);
	return err;
}

struct names {
	char **items;
	size_t count;
};

static void read_instances(int tracefs_fd, struct names *names)
{
	const struct dirent *entry;
	DIR *dir;

	if (file_open_dir(tracefs_fd, "instances", &dir) != 0)
		return;
	while (file_next_entry(dir, &entry) == 0 && entry)
		if (text_starts_with(entry->d_name, INSTANCE_PREFIX))
			*array_add(&names->items, &names->count) = xstrdup(entry->d_name);
	closedir(dir);
}

/* Each once, though an event may have several lines. */
static void read_events(int tracefs_fd, struct names *names)
{
	struct definitions there;

	if (definitions_read(tracefs_fd, &there) != 0)
		return;
	for (size_t i = 0; i < there.count; i++) {
		const char *event = there.items[i].event;
		bool is_new = text_starts_with(event, EVENT_PREFIX);

		for (size_t j = 0; j < names->count && is_new; j++)
			is_new = strcmp(names->items[j], event) != 0;
		if (is_new)
			*array_add(&names->items, &names->count) = xstrdup(event);
	}
	definitions_clear(&there);
}

static void drop_noted(struct names *names, char *const *noted, size_t count)
{
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < names->count; j++)
			if (strcmp(names->items[j], noted[i]) == 0) {
				drop_name(names->items, &names->count, j);
				break;
			}
}

static void say_names(const struct names *names, struct diags *diags)
{
	struct text text = { 0 };
	size_t told = names->count > TOLD_MOST ? TOLD_MOST : names->count;

	for (size_t i = 0; i < told; i++)
		text_addf(&text, "%s%s", i ? ", " : "", names->items[i]);
	if (names->count > told)
		text_addf(&text, " and %zu more", names->count - told);
	diag_add(diags, DIAG_NOTE)->text = xasprintf(
		"no session noted here has %s: another user's or a container's does, or one whose "
		"note is lost",
		text.data);
	text_clear(&text);
}

void session_say_unnoted(const struct kernel *kernel, const char *run_dir, struct diags *diags)
{
	NK_CLOSE int tracefs_fd =
		openat(kernel->root_fd, kernel->tracefs, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct diags ignored = { 0 };
	struct names names = { 0 };
	struct view view = VIEW_CLOSED;

	/* Before the notes are read: what a session makes it has noted before. */
	if (tracefs_fd >= 0) {
		read_instances(tracefs_fd, &names);
		read_events(tracefs_fd, &names);
	}
	if (names.count > 0 && view_open(kernel, run_dir, false, &view, &ignored) == 0) {
		for (size_t i = 0; i < view.count; i++) {
			drop_noted(&names, view.infos[i].instances, view.infos[i].instance_count);
			drop_noted(&names, view.infos[i].definitions,
				   view.infos[i].definition_count);
		}
		if (names.count > 0)
			say_names(&names, diags);
	}
	view_close(&view);
	diags_clear(&ignored);
	free_names(names.items, names.count);
}
