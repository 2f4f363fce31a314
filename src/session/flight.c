/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * In: the note of a flight recorder. Out: descriptors of its instances. Nothing of the session is
 * changed, and nothing is owned but the descriptors.
 */
#include "session/flight.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "session/instance.h"
#include "session/ownership.h"
#include "session/tasks.h"

char *flight_meta_path(int run_fd, const char *name)
{
	NK_FREE char *base = ownership_meta_name(name);

	return xasprintf("/proc/self/fd/%d/%s", run_fd, base);
}

int flight_comms(const struct kernel *kernel, const struct flight *flight, char **saved_cmdlines)
{
	NK_FREE char *saved = NULL;
	int err = file_read(flight->tracefs_fd, "saved_cmdlines", &saved, NULL);

	if (err && err != -ENOENT)
		return err;
	*saved_cmdlines = tasks_comms(kernel->root_fd, saved);
	return 0;
}

void flight_close(struct flight *flight)
{
	for (size_t i = 0; i < flight->instance_count; i++)
		instance_clear(&flight->instances[i]);
	free(flight->instances);
	for (size_t i = 0; i < flight->silent_count; i++)
		free(flight->silent[i]);
	free(flight->silent);
	if (flight->lock_fd >= 0)
		close(flight->lock_fd);
	if (flight->run_fd >= 0)
		close(flight->run_fd);
	if (flight->tracefs_fd >= 0)
		close(flight->tracefs_fd);
	*flight = FLIGHT_CLOSED;
}

/* What two readers take from one ring buffer is in neither's file as a whole. */
static int lock(struct flight *flight, const char *name, struct diags *diags)
{
	int err = ownership_lock_meta(flight->run_fd, name, &flight->lock_fd);

	if (err == -ENOENT)
		return diag_error(diags, ENOENT, "the flight recorder '%s' has not been started",
				  name);
	if (err == -EWOULDBLOCK)
		return diag_error(diags, EBUSY,
				  "somebody else reads the flight recorder '%s', or ends it", name);
	if (err)
		return diag_error(diags, -err, "cannot lock the flight recorder '%s': %s", name,
				  strerror(-err));
	return 0;
}

static int open_instances(struct flight *flight, const struct session_info *info,
			  struct diags *diags)
{
	for (size_t i = 0; i < info->instance_count; i++) {
		struct session_instance *instance =
			array_add(&flight->instances, &flight->instance_count);

		*instance = (struct session_instance){ .name = xstrdup(info->instances[i]),
						       .dir_fd = -1 };

		int err = instance_open(flight->tracefs_fd, instance, diags);
		if (err)
			return err;
	}
	return 0;
}

static const struct session_info *find(const struct session_info *infos, size_t count,
				       const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(infos[i].name, name) == 0)
			return &infos[i];
	return NULL;
}

static int open_noted(struct flight *flight, const struct session_info *info, const char *name,
		      struct diags *diags)
{
	if (!info || !info->is_alive)
		return diag_error(diags, ESRCH, "there is no flight recorder '%s'", name);
	if (info->pid != 0)
		return diag_error(diags, EBUSY, "the session '%s' belongs to the living process %d",
				  name, (int)info->pid);

	int err = lock(flight, name, diags);

	for (size_t i = 0; i < info->silent_count; i++)
		*array_add(&flight->silent, &flight->silent_count) = xstrdup(info->silent[i]);
	return err ? err : open_instances(flight, info, diags);
}

int flight_open(const struct kernel *kernel, const char *run_dir, const char *name,
		struct flight *out, struct diags *diags)
{
	struct flight flight = FLIGHT_CLOSED;
	struct session_info *infos = NULL;
	size_t count = 0;
	int err = session_list(kernel, run_dir, &infos, &count, diags);

	if (!err) {
		err = ownership_open(kernel->root_fd, run_dir, false, &flight.run_fd, diags);
		/* Nobody has ever made a session here. */
		if (err == -ENOENT)
			err = 0;
	}
	if (!err) {
		flight.tracefs_fd = openat(kernel->root_fd, kernel->tracefs,
					   O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (flight.tracefs_fd < 0)
			err = diag_error(diags, errno, "cannot open tracefs: %s", strerror(errno));
	}
	if (!err)
		err = open_noted(&flight, find(infos, count, name), name, diags);
	session_infos_free(infos, count);
	if (err)
		flight_close(&flight);
	else
		*out = flight;
	return err;
}
