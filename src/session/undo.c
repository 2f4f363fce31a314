/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * In: what a session has in the kernel. Out: it is gone, but for definitions that others use. What
 * somebody else has removed meanwhile is fine.
 */
#include "session/undo.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "session/definitions.h"
#include "session/instance.h"
#include "session/ownership.h"

int undo_instance(struct undo *undo, const char *name, struct diags *diags)
{
	NK_FREE char *path = xasprintf("instances/%s", name);

	if (faccessat(undo->tracefs_fd, path, F_OK, 0) != 0 && errno == ENOENT)
		return 0;

	int err = instance_remove(undo->tracefs_fd, name);

	if (err)
		return diag_error(diags, -err, "cannot remove the instance '%s': %s", name,
				  strerror(-err));
	undo->removed++;
	return 0;
}

static size_t count_present(int tracefs_fd, const char *const *events, size_t count)
{
	struct definitions there;
	size_t present = 0;

	if (definitions_read(tracefs_fd, &there) != 0)
		return 0;
	for (size_t i = 0; i < count; i++)
		present += definitions_count(&there, events[i]) > 0;
	definitions_clear(&there);
	return present;
}

int undo_definitions(struct undo *undo, char *const *events, size_t count, const char *name,
		     struct diags *diags)
{
	NK_FREE const char **mine = NULL;
	size_t mine_count = 0;

	for (size_t i = 0; i < count; i++)
		if (!ownership_notes_definition(undo->infos, undo->info_count, events[i], name,
						true))
			*array_add(&mine, &mine_count) = events[i];
	if (mine_count == 0)
		return 0;

	NK_FREE bool *busy = xcalloc(mine_count, sizeof(*busy));
	size_t present = count_present(undo->tracefs_fd, mine, mine_count);
	int err = definitions_delete(undo->tracefs_fd, mine, mine_count, busy);

	undo->removed += present - count_present(undo->tracefs_fd, mine, mine_count);
	for (size_t i = 0; i < mine_count; i++) {
		if (!busy[i])
			continue;
		undo->left++;
		diag_warning(diags, "the definition %s stays: somebody else has it enabled",
			     mine[i]);
	}
	if (err && err != -EBUSY)
		return diag_error(diags, -err, "cannot delete definitions: %s", strerror(-err));
	return 0;
}

int undo_session(struct undo *undo, int run_fd, const struct session_info *info,
		 struct diags *diags)
{
	size_t left = undo->left;
	int first_error = 0;

	for (size_t i = 0; i < info->instance_count; i++) {
		int err = undo_instance(undo, info->instances[i], diags);

		if (!first_error)
			first_error = err;
	}

	int err = undo_definitions(undo, info->definitions, info->definition_count, info->name,
				   diags);
	if (!first_error)
		first_error = err;
	if (!first_error && undo->left == left)
		ownership_remove(run_fd, info->name);
	return first_error;
}

int undo_dead(struct undo *undo, int run_fd, struct diags *diags)
{
	int first_error = 0;

	for (size_t i = 0; i < undo->info_count; i++) {
		if (undo->infos[i].is_alive)
			continue;

		int err = undo_session(undo, run_fd, &undo->infos[i], diags);

		if (!first_error)
			first_error = err;
	}
	return first_error;
}
