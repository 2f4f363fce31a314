/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sessions seen from outside, by their notes in the run directory: what there is, and the removal
 * of those that no process cares for any more.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "session/ownership.h"
#include "session/session.h"
#include "session/undo.h"

/* The open files of one look at the sessions. */
struct view {
	int tracefs_fd;
	int run_fd;
	int lock_fd;
	struct session_info *infos;
	size_t count;
};

static void view_close(struct view *view)
{
	session_infos_free(view->infos, view->count);
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
	*view = (struct view){ -1, -1, -1, NULL, 0 };
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
	err = ownership_list(kernel->root_fd, view->run_fd, view->tracefs_fd, &view->infos,
			     &view->count);
	if (err)
		diag_error(diags, -err, "cannot read the run directory: %s", strerror(-err));
	return err;
}

int session_list(const struct kernel *kernel, const char *run_dir, struct session_info **infos,
		 size_t *count, struct diags *diags)
{
	struct view view;
	int err = view_open(kernel, run_dir, false, &view, diags);

	if (!err) {
		*infos = view.infos;
		*count = view.count;
		view.infos = NULL;
		view.count = 0;
	}
	view_close(&view);
	return err;
}

void session_infos_free(struct session_info *infos, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		for (size_t j = 0; j < infos[i].instance_count; j++)
			free(infos[i].instances[j]);
		for (size_t j = 0; j < infos[i].definition_count; j++)
			free(infos[i].definitions[j]);
		free(infos[i].instances);
		free(infos[i].definitions);
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

int session_remove(const struct kernel *kernel, const char *run_dir, const char *name,
		   struct diags *diags)
{
	struct view view;
	int err = view_open(kernel, run_dir, true, &view, diags);
	const struct session_info *info = err ? NULL : find(&view, name);

	if (!err && !info)
		err = diag_error(diags, ESRCH, "there is no session '%s'", name);
	if (!err && info->is_alive && info->pid != 0)
		err = diag_error(diags, EBUSY, "the session '%s' belongs to the living process %d",
				 name, (int)info->pid);
	if (!err) {
		struct undo undo = { view.tracefs_fd, view.infos, view.count, 0, 0 };

		err = undo_session(&undo, view.run_fd, info, diags);
	}
	view_close(&view);
	return err;
}

int session_clean(const struct kernel *kernel, const char *run_dir, size_t *removed,
		  struct diags *diags)
{
	struct view view;
	int err = view_open(kernel, run_dir, true, &view, diags);

	if (!err) {
		struct undo undo = { view.tracefs_fd, view.infos, view.count, 0, 0 };

		err = undo_dead(&undo, view.run_fd, diags);
		*removed = undo.removed;
	}
	view_close(&view);
	return err;
}
