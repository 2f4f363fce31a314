/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * In: a name and settings. Out: a directory in instances/, turned off, and its descriptors.
 */
#include "session/instance.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"

#define REMOVE_TRIES   200
#define REMOVE_WAIT_NS 10000000L

static int say_busy(const char *name, struct diags *diags)
{
	return diag_error(diags, EBUSY, "there is an instance '%s' already", name);
}

int instance_look(int tracefs_fd, const char *name, struct diags *diags)
{
	NK_FREE char *path = xasprintf("instances/%s", name);

	if (faccessat(tracefs_fd, path, F_OK, 0) == 0)
		return say_busy(name, diags);
	return errno == ENOENT ? 0
			       : diag_error(diags, errno, "cannot look for the instance '%s': %s",
					    name, strerror(errno));
}

int instance_make(int tracefs_fd, const char *name, struct diags *diags)
{
	NK_FREE char *path = xasprintf("instances/%s", name);

	if (mkdirat(tracefs_fd, path, 0700) == 0)
		return 0;
	if (errno == EEXIST)
		return say_busy(name, diags);
	return diag_error(diags, errno, "cannot make the instance '%s': %s", name, strerror(errno));
}

static int write_setting(int dir_fd, const char *file, const char *value, struct diags *diags)
{
	int err = file_write(dir_fd, file, value, 0);

	if (err)
		diag_error(diags, -err, "cannot write '%s' to the instance's %s: %s", value, file,
			   strerror(-err));
	return err;
}

static int set_clock(int dir_fd, const char *clock, struct diags *diags)
{
	NK_FREE char *known = NULL;
	int err = file_write(dir_fd, "trace_clock", clock, 0);

	if (!err)
		return 0;
	if (err != -EINVAL || file_read(dir_fd, "trace_clock", &known, NULL) != 0)
		return diag_error(diags, -err, "cannot use the trace clock '%s': %s", clock,
				  strerror(-err));
	known[strcspn(known, "\n")] = '\0';
	return diag_error(diags, -err, "this kernel has no trace clock '%s'; it has: %s", clock,
			  known);
}

static int set_buffer(int dir_fd, size_t kb, struct diags *diags)
{
	char text[32];

	snprintf(text, sizeof(text), "%zu", kb);

	int err = file_write(dir_fd, "buffer_size_kb", text, 0);
	if (err)
		return diag_error(diags, -err, "cannot have a ring buffer of %zu KiB per CPU: %s",
				  kb, strerror(-err));
	return 0;
}

static int set_subbuf(int dir_fd, const struct features *features, size_t kb, struct diags *diags)
{
	char text[32];

	if (kb == 0)
		return 0;
	if (!features->has[FEATURE_SUBBUF_SIZE])
		return diag_error(diags, ENOTSUP,
				  "this kernel has sub-buffers of a page only (others since v6.8)");
	snprintf(text, sizeof(text), "%zu", kb);

	int err = file_write(dir_fd, "buffer_subbuf_size_kb", text, 0);
	if (err)
		return diag_error(diags, -err, "cannot have sub-buffers of %zu KiB: %s", kb,
				  strerror(-err));
	return 0;
}

size_t instance_page_size(const struct session_instance *instance)
{
	NK_FREE char *text = NULL;
	unsigned long kb = 0;

	if (file_read(instance->dir_fd, "buffer_subbuf_size_kb", &text, NULL) == 0)
		kb = strtoul(text, NULL, 10);
	return kb ? kb * 1024 : (size_t)sysconf(_SC_PAGESIZE);
}

static int set_pids(int dir_fd, const struct features *features,
		    const struct instance_settings *settings, struct diags *diags)
{
	if (settings->pids && !features->has[FEATURE_INSTANCE_FILTER])
		return diag_error(diags, ENOTSUP,
				  "this kernel cannot trace single processes in an instance");
	if (settings->follow_children && !features->has[FEATURE_EVENT_FORK])
		return diag_error(diags, ENOTSUP, "this kernel cannot follow child processes");
	if (settings->follow_children) {
		int err = write_setting(dir_fd, "options/event-fork", "1", diags);

		if (err)
			return err;
	}
	return settings->pids ? write_setting(dir_fd, "set_event_pid", settings->pids, diags) : 0;
}

/*
 * Of what a new instance inherits from the top as somebody has set it there, that which changes
 * what is recorded. With stacks each event has a record behind it that is none of the session's;
 * kernels whose instances have no options of their own have one such switch for all, which stays as
 * it is.
 */
static const struct {
	const char *path;
	const char *value;
	const char *without; /* the kernel's older way; NULL: none */
} inherited[] = {
	{ "options/overwrite", "1", "overwrite" },
	{ "options/stacktrace", "0", NULL },
	{ "options/userstacktrace", "0", NULL },
};

static int set_options(int dir_fd, const struct features *features, struct diags *diags)
{
	int err = 0;

	for (size_t i = 0; !err && i < sizeof(inherited) / sizeof(*inherited); i++) {
		if (features->has[FEATURE_INSTANCE_OPTIONS] &&
		    faccessat(dir_fd, inherited[i].path, F_OK, 0) == 0)
			err = write_setting(dir_fd, inherited[i].path, inherited[i].value, diags);
		else if (inherited[i].without)
			err = write_setting(dir_fd, "trace_options", inherited[i].without, diags);
	}
	return err;
}

int instance_configure(struct session_instance *instance, const struct features *features,
		       const struct instance_settings *settings, struct diags *diags)
{
	int dir_fd = instance->dir_fd;
	char percent[16];
	int err = write_setting(dir_fd, "tracing_on", "0", diags);

	if (!err)
		err = set_clock(dir_fd, settings->clock, diags);
	/* Before the size of the whole: the kernel keeps that, in whole sub-buffers. */
	if (!err)
		err = set_subbuf(dir_fd, features, settings->subbuf_kb, diags);
	if (!err)
		err = set_buffer(dir_fd, settings->kb, diags);
	if (!err)
		err = set_options(dir_fd, features, diags);
	/* v5.10 lets nobody but root write to it, not even its owner; readers look by the clock,
	 * too. */
	if (!err && features->has[FEATURE_BUFFER_PERCENT] &&
	    (geteuid() == 0 || faccessat(dir_fd, "buffer_percent", W_OK, AT_EACCESS) == 0)) {
		snprintf(percent, sizeof(percent), "%d", settings->buffer_percent);
		err = write_setting(dir_fd, "buffer_percent", percent, diags);
	}
	if (!err)
		err = set_pids(dir_fd, features, settings, diags);
	instance->page_size = instance_page_size(instance);
	return err;
}

static int compare_cpus(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

static int list_cpus(struct session_instance *instance)
{
	const struct dirent *entry;
	DIR *dir;
	int cpu;
	char rest;
	int err = file_open_dir(instance->dir_fd, "per_cpu", &dir);

	if (err)
		return err;
	while ((err = file_next_entry(dir, &entry)) == 0 && entry)
		if (sscanf(entry->d_name, "cpu%d%c", &cpu, &rest) == 1)
			*array_add(&instance->cpus, &instance->cpu_count) = cpu;
	closedir(dir);
	if (err || instance->cpu_count == 0)
		return err ? err : -ENOENT;
	qsort(instance->cpus, instance->cpu_count, sizeof(*instance->cpus), compare_cpus);
	return 0;
}

static int open_cpus(struct session_instance *instance, struct diags *diags)
{
	instance->raw_fds = xcalloc(instance->cpu_count, sizeof(*instance->raw_fds));
	for (size_t i = 0; i < instance->cpu_count; i++)
		instance->raw_fds[i] = -1;
	for (size_t i = 0; i < instance->cpu_count; i++) {
		char path[64];

		snprintf(path, sizeof(path), "per_cpu/cpu%d/trace_pipe_raw", instance->cpus[i]);
		instance->raw_fds[i] =
			openat(instance->dir_fd, path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
		if (instance->raw_fds[i] < 0)
			return diag_error(diags, errno, "cannot open %s of instance '%s': %s", path,
					  instance->name, strerror(errno));
	}
	return 0;
}

int instance_look_into(int tracefs_fd, struct session_instance *out, struct diags *diags)
{
	NK_FREE char *path = xasprintf("instances/%s", out->name);

	out->dir_fd = openat(tracefs_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (out->dir_fd < 0)
		return diag_error(diags, errno, "cannot open the instance '%s': %s", out->name,
				  strerror(errno));

	int err = list_cpus(out);
	if (err)
		return diag_error(diags, -err, "cannot list the CPUs of instance '%s': %s",
				  out->name, strerror(-err));
	return 0;
}

int instance_open(int tracefs_fd, struct session_instance *out, struct diags *diags)
{
	int err = instance_look_into(tracefs_fd, out, diags);

	return err ? err : open_cpus(out, diags);
}

void instance_close(struct session_instance *instance)
{
	for (size_t i = 0; instance->raw_fds && i < instance->cpu_count; i++) {
		if (instance->raw_fds[i] >= 0)
			close(instance->raw_fds[i]);
		instance->raw_fds[i] = -1;
	}
	if (instance->dir_fd >= 0)
		close(instance->dir_fd);
	instance->dir_fd = -1;
}

void instance_clear(struct session_instance *instance)
{
	instance_close(instance);
	for (size_t i = 0; instance->stats && i < instance->cpu_count; i++)
		free(instance->stats[i].text);
	free(instance->stats);
	free(instance->raw_fds);
	free(instance->cpus);
	free(instance->sets);
	free(instance->name);
	*instance = (struct session_instance){ .dir_fd = -1 };
}

void instance_silence(int tracefs_fd, const char *name)
{
	char path[NAME_MAX + 32];

	snprintf(path, sizeof(path), "instances/%s/tracing_on", name);
	file_write(tracefs_fd, path, "0", 0);
	snprintf(path, sizeof(path), "instances/%s/events/enable", name);
	file_write(tracefs_fd, path, "0", 0);
}

int instance_remove(int tracefs_fd, const char *name)
{
	char path[NAME_MAX + 16];

	/* Not allocated: it is called for want of memory, too. */
	snprintf(path, sizeof(path), "instances/%s", name);
	for (int i = 0; i < REMOVE_TRIES; i++) {
		if (unlinkat(tracefs_fd, path, AT_REMOVEDIR) == 0 || errno == ENOENT)
			return 0;
		/* A worker that was killed may not have let go of its trace_pipe_raw yet. */
		if (errno != EBUSY)
			return -errno;
		nanosleep(&(struct timespec){ .tv_nsec = REMOVE_WAIT_NS }, NULL);
	}
	return -EBUSY;
}

int instance_turn(const struct session_instance *instance, bool on)
{
	return file_write(instance->dir_fd, "tracing_on", on ? "1" : "0", 0);
}

int instance_add_pid(const struct session_instance *instance, pid_t pid)
{
	char text[32];

	snprintf(text, sizeof(text), "%d\n", (int)pid);
	return instance_add_tasks(instance, text);
}

int instance_add_tasks(const struct session_instance *instance, const char *tasks)
{
	return file_write(instance->dir_fd, "set_event_pid", tasks, 1);
}

int instance_disable(const struct session_instance *instance)
{
	return file_write(instance->dir_fd, "events/enable", "0", 0);
}
