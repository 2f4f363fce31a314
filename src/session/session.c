/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A session's life: created under the lock of all sessions, started, stopped, destroyed. What it
 * holds true: whatever is in the kernel is in the session's note, and is undone on every way out;
 * the signals that would end the process meanwhile are blocked.
 */
#include "session/session.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "session/clock.h"
#include "session/definitions.h"
#include "session/instance.h"
#include "session/ownership.h"
#include "session/permit.h"
#include "session/process.h"
#include "session/state.h"
#include "session/tasks.h"
#include "session/undo.h"

#define DEFAULT_KB    1408
#define DEFAULT_CLOCK "mono"
#define OLDER_CLOCK   "global"

/*
 * Of this process, for the undo when memory runs out: the hook of alloc.h has no argument. Nothing
 * else reads it.
 */
static struct session *all_sessions;

bool session_has_repeated(const struct session *session, size_t event)
{
	for (size_t i = 0; i < event; i++)
		if (session->events[i].id == session->events[event].id)
			return true;
	return false;
}

static void kill_child(pid_t pid)
{
	if (pid <= 0)
		return;
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static bool remove_by_name(const struct session *session, const char *instance)
{
	instance_silence(session->tracefs_fd, instance);
	return instance_remove(session->tracefs_fd, instance) == 0;
}

/*
 * Without memory: the definitions one by one, each in a write of its own. Whether another session
 * has one enabled is not asked: the kernel refuses then, but takes the other functions of an event
 * first, so that those of several stay. Where something is left the note stays, too, for nk clean.
 */
static bool undo_without_memory(struct session *session)
{
	bool is_done = true;

	kill_child(session->state->worker);
	kill_child(session->state->held_command);
	for (size_t i = 0; i < session->instance_count; i++) {
		if (!session->instances[i].is_made)
			continue;
		instance_close(&session->instances[i]);
		is_done &= remove_by_name(session, session->instances[i].name);
	}
	for (size_t i = 0; i < session->state->stray_count; i++)
		is_done &= remove_by_name(session, session->state->strays[i]);
	for (size_t i = 0; i < session->state->owned_count; i++) {
		const char *event = session->state->owned[i];
		char line[256];

		if (!session_has_one_line(session, event)) {
			is_done = false;
			continue;
		}
		snprintf(line, sizeof(line), "-:%s\n", event);

		int err = file_write(session->tracefs_fd, "kprobe_events", line, 1);

		is_done &= err == 0 || err == -ENOENT;
	}
	if (is_done && session->state->note_fd >= 0)
		is_done = ownership_remove(session->run_fd, session->state->name) == 0;
	return is_done;
}

static const char *last_words(void)
{
	bool is_done = true;

	for (struct session *session = all_sessions; session; session = session->state->next)
		if (!session->state->is_kept)
			is_done &= undo_without_memory(session);
	return is_done ? NULL : "'nk clean' removes what is left of the session";
}

static void enlist(struct session *session)
{
	session->state->next = all_sessions;
	all_sessions = session;
	alloc_set_last_words(last_words);
}

static void delist(const struct session *session)
{
	struct session **link = &all_sessions;

	while (*link && *link != session)
		link = &(*link)->state->next;
	if (*link)
		*link = session->state->next;
	if (!all_sessions)
		alloc_set_last_words(NULL);
}

void session_leave_to_parent(struct session *session)
{
	all_sessions = NULL;
	alloc_set_last_words(NULL);
	alloc_set_last_deed(NULL);
	for (size_t i = 0; i < session->instance_count; i++) {
		close(session->instances[i].dir_fd);
		session->instances[i].dir_fd = -1;
	}
	close(session->tracefs_fd);
	close(session->run_fd);
	close(session->state->note_fd);
	close(session->state->kernel->root_fd);
	session->tracefs_fd = session->run_fd = session->state->note_fd = -1;
}

/* In each container nk may be process 1. */
static char *default_name(const struct kernel *kernel)
{
	unsigned long long space = process_space(kernel->root_fd);

	return process_is_in_host(kernel->root_fd) ? xasprintf("nk-%d", (int)getpid())
						   : xasprintf("nk-%d-%llu", (int)getpid(), space);
}

static struct session *session_new(const struct kernel *kernel,
				   const struct session_options *options,
				   const struct resolved_probe *probes, size_t probe_count)
{
	struct session *session = xcalloc(1, sizeof(*session));
	struct session_state *state = xcalloc(1, sizeof(*state));

	session->tracefs_fd = session->run_fd = state->note_fd = -1;
	session->state = state;
	state->kernel = kernel;
	state->probes = probes;
	state->probe_count = probe_count;
	state->is_of_tasks = options->pid_count > 0;
	state->name = options->name ? xstrdup(options->name) : default_name(kernel);
	session_block_signals(state);
	enlist(session);
	return session;
}

static void session_free(struct session *session)
{
	struct session_state *state = session->state;

	delist(session);
	for (size_t i = 0; i < session->instance_count; i++)
		instance_clear(&session->instances[i]);
	for (size_t i = 0; i < session->event_count; i++) {
		free(session->events[i].format);
		free(session->events[i].pushed);
	}
	for (size_t i = 0; i < state->owned_count; i++)
		free(state->owned[i]);
	for (size_t i = 0; i < state->stray_count; i++)
		free(state->strays[i]);
	if (session->tracefs_fd >= 0)
		close(session->tracefs_fd);
	if (session->run_fd >= 0)
		close(session->run_fd);
	if (state->note_fd >= 0)
		close(state->note_fd);
	session_give_signals_back(state);
	free(state->owned);
	free(state->strays);
	free(state->name);
	free(state);
	free(session->instances);
	free(session->events);
	free(session->conflicts);
	free(session->clock);
	free(session->header_page);
	free(session->header_event);
	free(session);
}

static int open_tracefs(const struct kernel *kernel, int *tracefs_fd, struct diags *diags)
{
	int fd = openat(kernel->root_fd, kernel->tracefs, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return diag_error(diags, errno, "cannot open tracefs: %s", strerror(errno));
	*tracefs_fd = fd;
	return 0;
}

/* The best that all CPUs share: on older kernels it is no clock that clock_gettime(2) has. */
static char *default_clock(const struct session *session)
{
	NK_FREE char *known = NULL;

	if (!session->state->kernel->features.has[FEATURE_CLOCK_MONO])
		return xstrdup(OLDER_CLOCK);
	if (file_read(session->tracefs_fd, "trace_clock", &known, NULL) == 0 &&
	    strstr(known, "global") && !strstr(known, DEFAULT_CLOCK))
		return xstrdup(OLDER_CLOCK);
	return xstrdup(DEFAULT_CLOCK);
}

static int open_files(struct session *session, const struct session_options *options,
		      struct diags *diags)
{
	const struct kernel *kernel = session->state->kernel;
	int err = ownership_check_name(session->state->name, diags);

	if (!err)
		err = open_tracefs(kernel, &session->tracefs_fd, diags);
	if (!err)
		err = permit_check(kernel, session->tracefs_fd, diags);
	if (!err && (options->pid_count > 0 || options->follow_children))
		err = permit_check_numbers(kernel, diags);
	if (!err)
		err = ownership_open(kernel->root_fd, options->run_dir, true, &session->run_fd,
				     diags);
	if (err)
		return err;
	session->clock = options->clock ? xstrdup(options->clock) : default_clock(session);
	session->has_wall_offset = clock_wall_offset(session->clock, &session->wall_offset_ns);
	err = file_read(session->tracefs_fd, "events/header_page", &session->header_page, NULL);
	if (!err)
		err = file_read(session->tracefs_fd, "events/header_event", &session->header_event,
				NULL);
	if (err)
		return diag_error(diags, -err, "cannot read the ring buffer's format: %s",
				  strerror(-err));
	return 0;
}

static const struct session_buffer *buffer_of(const struct session_options *options,
					      const char *set)
{
	for (size_t i = 0; i < options->buffer_count; i++)
		for (size_t j = 0; j < options->buffers[i].set_count; j++)
			if (strcmp(options->buffers[i].sets[j], set) == 0)
				return &options->buffers[i];
	return NULL;
}

static struct session_instance *instance_of(struct session *session, const char *buffer)
{
	NK_FREE char *name = buffer ? xasprintf("%s-%s", session->state->name, buffer)
				    : xstrdup(session->state->name);

	for (size_t i = 0; i < session->instance_count; i++)
		if (strcmp(session->instances[i].name, name) == 0)
			return &session->instances[i];

	struct session_instance *instance =
		array_add(&session->instances, &session->instance_count);

	*instance = (struct session_instance){ .name = name, .dir_fd = -1 };
	name = NULL;
	return instance;
}

static void give_set(struct session_instance *instance, const char *set)
{
	for (size_t i = 0; i < instance->set_count; i++)
		if (strcmp(instance->sets[i], set) == 0)
			return;
	*array_add(&instance->sets, &instance->set_count) = set;
}

/* The instances that the probes' sets need, in the order of the probes. */
static void plan_instances(struct session *session, const struct session_options *options)
{
	for (size_t i = 0; i < session->state->probe_count; i++) {
		const char *set = session->state->probes[i].probe->set->name;
		const struct session_buffer *buffer = buffer_of(options, set);
		const char *own = buffer ? buffer->name : options->per_set ? set : NULL;
		struct session_instance *instance = instance_of(session, own);

		instance->kb = options->buffer_kb ? options->buffer_kb : DEFAULT_KB;
		if (buffer && buffer->kb)
			instance->kb = buffer->kb;
		give_set(instance, set);
	}
}

static int make_instance(const struct session *session, struct session_instance *instance,
			 struct diags *diags)
{
	int err = ownership_check_name(instance->name, diags);

	if (!err)
		err = session_make_instance(session, instance->name, diags);
	instance->is_made = !err;
	return err;
}

static int make_instances(struct session *session, struct instance_settings *settings,
			  struct diags *diags)
{
	int err = 0;

	for (size_t i = 0; !err && i < session->instance_count; i++) {
		struct session_instance *instance = &session->instances[i];

		settings->kb = instance->kb;
		err = make_instance(session, instance, diags);
		if (!err)
			err = instance_open(session->tracefs_fd, instance, diags);
		if (!err)
			err = instance_configure(instance, &session->state->kernel->features,
						 settings, diags);
	}
	return err;
}

static int add_tasks(void *context, const char *tasks)
{
	const struct session *session = context;
	int err = 0;

	for (size_t i = 0; !err && i < session->instance_count; i++)
		err = instance_add_tasks(&session->instances[i], tasks);
	return err;
}

static int catch_up(struct session *session, const struct session_options *options,
		    const char *pids, struct diags *diags)
{
	int err = tasks_catch_up(session->state->kernel->root_fd, options->pids, options->pid_count,
				 pids, add_tasks, session);

	return err ? diag_error(diags, -err, "cannot follow child processes: %s", strerror(-err))
		   : 0;
}

static int create_instances(struct session *session, const struct session_options *options,
			    struct diags *diags)
{
	NK_FREE char *pids = NULL;
	struct instance_settings settings = {
		.clock = session->clock,
		.buffer_percent = options->buffer_percent,
		.subbuf_kb = options->subbuf_kb,
		.follow_children = options->follow_children,
	};

	if (options->pid_count > 0) {
		int err = tasks_of(session->state->kernel->root_fd, options->pids,
				   options->pid_count, options->follow_children, &pids, diags);

		if (err)
			return err;
		settings.pids = pids;
	}
	plan_instances(session, options);

	int err = make_instances(session, &settings, diags);
	if (!err && pids && options->follow_children)
		err = catch_up(session, options, pids, diags);
	return err;
}

/* That the dead left something which cannot be removed does not stop the living. */
static void undo_others(struct session *session, struct session_info *infos, size_t count)
{
	struct undo undo = { .tracefs_fd = session->tracefs_fd,
			     .infos = infos,
			     .info_count = count };
	struct diags ignored = { 0 };

	undo_dead(&undo, session->run_fd, &ignored);
	undo_clear(&undo);
	diags_clear(&ignored);
}

/* Undoes the dead; -EBUSY where a session of that name lives. */
static int make_way(struct session *session, struct diags *diags)
{
	struct session_info *infos;
	size_t count;
	int err = ownership_list(session->state->kernel->root_fd, session->run_fd,
				 session->tracefs_fd, &infos, &count);

	if (err)
		return diag_error(diags, -err, "cannot read the run directory: %s", strerror(-err));

	undo_others(session, infos, count);
	for (size_t i = 0; i < count; i++)
		if (infos[i].is_alive && strcmp(infos[i].name, session->state->name) == 0)
			err = diag_error(diags, EBUSY, "there is a session '%s' already",
					 session->state->name);
	session_infos_free(infos, count);
	return err;
}

/* It takes over what a dead session of that name has left, which would be nobody's else. */
static int make_note(struct session *session, struct diags *diags)
{
	struct session_state *state = session->state;
	struct session_info *left =
		ownership_left(session->run_fd, session->tracefs_fd, state->name);
	int err = ownership_create(state->kernel->root_fd, session->run_fd, left, getpid(),
				   &state->note_fd, diags);

	if (!err)
		session_inherit(session, left);
	session_infos_free(left, 1);
	return err;
}

/* For nk status: what the session is about. */
static int note_sets(const struct session *session, struct diags *diags)
{
	const struct session_state *state = session->state;
	int err = 0;

	for (size_t i = 0; !err && i < state->probe_count; i++) {
		const char *name = state->probes[i].probe->set->name;
		bool is_noted = strpbrk(name, " \t\n") != NULL;

		for (size_t j = 0; j < i && !is_noted; j++)
			is_noted = strcmp(state->probes[j].probe->set->name, name) == 0;
		if (!is_noted)
			err = ownership_add(state->note_fd, "set", name);
	}
	if (err)
		diag_error(diags, -err, "cannot note the session in the run directory: %s",
			   strerror(-err));
	return err;
}

static int set_up(struct session *session, const struct session_options *options,
		  struct diags *diags)
{
	NK_CLOSE int lock_fd = -1;
	NK_CLOSE int machine_fd = -1;
	int err = ownership_lock(session->run_fd, OWNERSHIP_SETUP, &lock_fd, diags);

	if (err)
		return err;
	machine_fd = ownership_lock_machine(session->tracefs_fd, OWNERSHIP_SETUP);
	err = make_way(session, diags);
	if (!err)
		err = make_note(session, diags);
	if (!err)
		err = note_sets(session, diags);
	if (!err)
		err = create_instances(session, options, diags);
	return err;
}

int session_create(const struct kernel *kernel, const struct session_options *options,
		   const struct resolved_probe *probes, size_t probe_count, struct session **out,
		   struct diags *diags)
{
	struct session *session = session_new(kernel, options, probes, probe_count);
	int err = open_files(session, options, diags);

	if (!err)
		err = set_up(session, options, diags);
	if (err) {
		session_destroy(session, diags);
		return err;
	}
	*out = session;
	return 0;
}

static int undo_instances(struct session *session, struct undo *undo, struct diags *diags)
{
	int first_error = 0;

	for (size_t i = 0; i < session->instance_count; i++) {
		/* One that was not made has the name of somebody else's, perhaps. */
		if (!session->instances[i].is_made)
			continue;
		instance_close(&session->instances[i]);

		int err = undo_instance(undo, session->instances[i].name, diags);

		if (!first_error)
			first_error = err;
	}
	for (size_t i = 0; i < session->state->stray_count; i++) {
		int err = undo_instance(undo, session->state->strays[i], diags);

		if (!first_error)
			first_error = err;
	}
	return first_error;
}

/* As a user's is removed at the last logout. */
static bool is_place_gone(const struct session *session)
{
	struct stat status;

	return fstat(session->run_fd, &status) == 0 && status.st_nlink == 0;
}

/*
 * Whose definitions are whose is known only under the lock, and by all notes: without them the
 * definitions and the note stay, for the next session or nk clean. Where the run directory is gone
 * nobody has a note, and who comes later would take them for somebody else's: they are deleted but
 * for those that the kernel keeps, since somebody has them enabled.
 */
static int undo_all(struct session *session, bool is_locked, bool is_gone, struct diags *diags)
{
	struct session_state *state = session->state;
	struct undo undo = { .tracefs_fd = session->tracefs_fd };
	struct session_info *infos = NULL;
	int first_error = undo_instances(session, &undo, diags);
	int err = is_gone ? 0 : -ETIMEDOUT;

	if (is_locked)
		err = ownership_list(state->kernel->root_fd, session->run_fd, session->tracefs_fd,
				     &infos, &undo.info_count);
	if (is_locked && err)
		diag_error(diags, -err, "cannot read the run directory: %s", strerror(-err));
	undo.infos = infos;
	/* What a dead session has enabled still could not be deleted. */
	if (is_locked && !err)
		undo_others(session, infos, undo.info_count);
	if (!err)
		err = undo_definitions(&undo, state->owned, state->owned_count, state->name, diags);
	if (!first_error)
		first_error = err;
	/* With something left the note stays: the next session finds it dead, and tries again. */
	if (!first_error && undo.left == 0)
		first_error = undo_note(session->run_fd, state->name, diags);
	else
		for (size_t i = 0; i < undo.info_count; i++)
			if (strcmp(infos[i].name, state->name) == 0)
				undo_forget(&undo, session->run_fd, &infos[i]);
	session_infos_free(infos, undo.info_count);
	undo_clear(&undo);
	return first_error;
}

/* Behind the error, whichever it is. */
static void say_left(struct diags *diags)
{
	struct diag *last = diags && diags->count > 0 ? &diags->items[diags->count - 1] : NULL;

	if (last && !last->hint)
		last->hint = xstrdup("'nk clean' removes what is left of the session");
}

int session_destroy(struct session *session, struct diags *diags)
{
	NK_CLOSE int lock_fd = -1;
	NK_CLOSE int machine_fd = -1;
	int err = 0;

	if (!session)
		return 0;
	session_stop(session, diags);
	/* Without a note nothing was made. */
	if (session->state->note_fd >= 0) {
		session_disable(session);
		bool is_gone = is_place_gone(session);

		err = is_gone ? -ENOENT
			      : ownership_lock(session->run_fd, OWNERSHIP_UNDO, &lock_fd, diags);
		machine_fd = ownership_lock_machine(session->tracefs_fd, OWNERSHIP_UNDO);
		err = undo_all(session, err == 0, is_gone, diags);
		if (err && !is_gone)
			say_left(diags);
	}
	session_free(session);
	return err;
}

/* Who looks at it later cannot tell from its instances what they should record. */
static int note_events(const struct session *session)
{
	int err = 0;

	for (size_t i = 0; !err && i < session->event_count; i++) {
		NK_FREE char *name = definitions_event_name(&session->events[i].def->desc);

		if (!session_has_repeated(session, i))
			err = ownership_add(session->state->note_fd, "event", name);
	}
	return err;
}

int session_keep(struct session *session, struct diags *diags)
{
	int err = note_events(session);

	if (!err && session_is_told_to_end())
		return -EINTR;
	/* The last such line is the one that counts: until now its maker had to live for it. */
	if (!err)
		err = ownership_add(session->state->note_fd, "pid", "0 0");
	if (err)
		return diag_error(diags, -err, "cannot note the session in the run directory: %s",
				  strerror(-err));
	session->state->is_kept = session->state->is_over = true;
	session_free(session);
	return 0;
}

int session_comms(const struct session *session, char **saved_cmdlines)
{
	NK_FREE char *saved = NULL;
	int err = file_read(session->tracefs_fd, "saved_cmdlines", &saved, NULL);

	if (err && err != -ENOENT)
		return err;
	*saved_cmdlines = tasks_comms(session->state->kernel->root_fd, saved);
	return 0;
}
