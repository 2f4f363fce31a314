/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * In: what a session has in the kernel. Out: it is gone, but for definitions that others use. What
 * somebody else has removed meanwhile is fine.
 */
#include "session/undo.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "session/definitions.h"
#include "session/instance.h"
#include "session/ownership.h"

void undo_clear(struct undo *undo)
{
	for (size_t i = 0; i < undo->removed_count; i++)
		free(undo->removed[i]);
	free(undo->removed);
	undo->removed = NULL;
	undo->removed_count = 0;
}

static void note_removed(struct undo *undo, const char *kind, const char *name)
{
	*array_add(&undo->removed, &undo->removed_count) = xasprintf("%s %s", kind, name);
}

int undo_instance(struct undo *undo, const char *name, struct diags *diags)
{
	NK_FREE char *path = xasprintf("instances/%s", name);

	if (faccessat(undo->tracefs_fd, path, F_OK, 0) != 0 && errno == ENOENT)
		return 0;
	/* Whoever has it open keeps it from going, but shall not keep its probes armed. */
	instance_silence(undo->tracefs_fd, name);

	int err = instance_remove(undo->tracefs_fd, name);

	if (err == -EBUSY)
		return diag_error(diags, EBUSY,
				  "the instance '%s' stays: some process has a file of it open",
				  name);
	if (err)
		return diag_error(diags, -err, "cannot remove the instance '%s': %s", name,
				  strerror(-err));
	note_removed(undo, "instance", name);
	return 0;
}

static const struct session_info *find_info(const struct undo *undo, const char *name)
{
	for (size_t i = 0; i < undo->info_count; i++)
		if (strcmp(undo->infos[i].name, name) == 0)
			return &undo->infos[i];
	return NULL;
}

/* It was deleted, and somebody else has defined another of that name. */
static bool is_replaced(const struct session_info *info, const struct definitions *there,
			const char *event)
{
	for (size_t i = 0; info && i < there->count; i++)
		if (strcmp(there->items[i].event, event) == 0 &&
		    ownership_is_replaced(info, &there->items[i]))
			return true;
	return false;
}

/* Those that are still the session's, and that no other living one notes. */
static const char **find_mine(const struct undo *undo, const struct definitions *there,
			      char *const *events, size_t count, const char *name,
			      size_t *mine_count)
{
	const struct session_info *info = find_info(undo, name);
	const char **mine = NULL;

	*mine_count = 0;
	for (size_t i = 0; i < count; i++)
		if (!ownership_notes_definition(undo->infos, undo->info_count, events[i], name,
						true) &&
		    !is_replaced(info, there, events[i]))
			*array_add(&mine, mine_count) = events[i];
	return mine;
}

static int delete_mine(struct undo *undo, const struct definitions *before, const char **mine,
		       size_t count, struct diags *diags)
{
	NK_FREE bool *busy = xcalloc(count, sizeof(*busy));
	struct definitions after = { 0 };
	int err = definitions_delete(undo->tracefs_fd, mine, count, busy);

	(void)definitions_read(undo->tracefs_fd, &after);
	for (size_t i = 0; i < count; i++) {
		if (definitions_count(before, mine[i]) > 0 &&
		    definitions_count(&after, mine[i]) == 0)
			note_removed(undo, "definition", mine[i]);
		if (!busy[i])
			continue;
		undo->left++;
		diag_warning(diags, "the definition %s stays: somebody else has it enabled",
			     mine[i]);
	}
	definitions_clear(&after);
	if (err && err != -EBUSY)
		return diag_error(diags, -err, "cannot delete definitions: %s", strerror(-err));
	return 0;
}

int undo_definitions(struct undo *undo, char *const *events, size_t count, const char *name,
		     struct diags *diags)
{
	/* A kernel that cannot be asked has none. */
	struct definitions before = { 0 };
	size_t mine_count;
	int err = 0;

	if (count == 0)
		return 0;
	(void)definitions_read(undo->tracefs_fd, &before);
	NK_FREE const char **mine = find_mine(undo, &before, events, count, name, &mine_count);
	if (mine_count > 0)
		err = delete_mine(undo, &before, mine, mine_count, diags);
	definitions_clear(&before);
	return err;
}

int undo_note(int run_fd, const char *name, struct diags *diags)
{
	int err = ownership_remove(run_fd, name);

	if (err)
		diag_error(diags, -err, "cannot remove the note of the session '%s': %s", name,
			   strerror(-err));
	return err;
}

void undo_forget(const struct undo *undo, int run_fd, const struct session_info *info)
{
	NK_CLOSE int note_fd = ownership_open_note(run_fd, info->name);
	struct definitions there = { 0 };

	if (note_fd < 0)
		return;
	for (size_t i = 0; i < info->instance_count; i++) {
		NK_FREE char *path = xasprintf("instances/%s", info->instances[i]);

		if (faccessat(undo->tracefs_fd, path, F_OK, 0) != 0 && errno == ENOENT)
			(void)ownership_add(note_fd, "gone", info->instances[i]);
	}
	if (definitions_read(undo->tracefs_fd, &there) != 0)
		return;
	for (size_t i = 0; i < info->definition_count; i++)
		if (definitions_count(&there, info->definitions[i]) == 0)
			(void)ownership_add(note_fd, "gone", info->definitions[i]);
	definitions_clear(&there);
}

static int undo_noted(struct undo *undo, const struct session_info *info, struct diags *diags)
{
	int first_error = 0;

	for (size_t i = 0; i < info->instance_count; i++) {
		int err = undo_instance(undo, info->instances[i], diags);

		if (!first_error)
			first_error = err;
	}

	/* To delete them empties the ring buffers, which somebody reads. */
	if (first_error && info->is_alive)
		return first_error;

	int err = undo_definitions(undo, info->definitions, info->definition_count, info->name,
				   diags);
	return first_error ? first_error : err;
}

int undo_session(struct undo *undo, int run_fd, const struct session_info *info,
		 struct diags *diags)
{
	size_t left = undo->left;
	int err = undo_noted(undo, info, diags);

	if (!err && undo->left == left)
		return undo_note(run_fd, info->name, diags);
	undo_forget(undo, run_fd, info);
	return err;
}

int undo_dead(struct undo *undo, int run_fd, struct diags *diags)
{
	int first_error = 0;

	ownership_sweep(run_fd);
	for (size_t i = 0; i < undo->info_count; i++) {
		if (undo->infos[i].is_alive)
			continue;

		int err = undo_session(undo, run_fd, &undo->infos[i], diags);

		if (!first_error)
			first_error = err;
	}
	return first_error;
}
