/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A session turned on and off, and what the kernel has counted meanwhile. A probe counts hits while
 * its instance is off, too: counters are read on both sides of each turn, so that what is known of
 * the session's own hits is known to be so.
 */
#include <errno.h>
#include <linux/membarrier.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "session/definitions.h"
#include "session/instance.h"
#include "session/session.h"
#include "session/state.h"
#include "session/stats.h"
#include "session/unreadable.h"

#define HANDLER_NS 10000000L

/* counts[i] is of session->events[i]; the caller frees them. */
static int read_counts(const struct session *session, struct profile_counts **out)
{
	NK_FREE struct profile_counts *counts = xcalloc(session->event_count, sizeof(*counts));
	char **names = xcalloc(session->event_count, sizeof(*names));

	for (size_t i = 0; i < session->event_count; i++)
		names[i] = definitions_event_name(&session->events[i].def->desc);

	int err = stats_read_profile(session->tracefs_fd, (const char *const *)names,
				     session->event_count, counts);
	for (size_t i = 0; i < session->event_count; i++)
		free(names[i]);
	free(names);
	if (err)
		return err;
	*out = counts;
	counts = NULL;
	return 0;
}

static uint64_t sum(const struct profile_counts *counts)
{
	return counts->hits + counts->misses;
}

static void take_start(struct session *session, const struct profile_counts *before,
		       const struct profile_counts *after)
{
	for (size_t i = 0; i < session->event_count; i++) {
		struct session_event *event = &session->events[i];

		event->is_counted = before[i].is_there && after[i].is_there;
		event->hits_before = before[i].hits;
		event->misses_before = before[i].misses;
		event->edge = sum(&after[i]) - sum(&before[i]);
	}
}

static void say_unknown(struct session *session, int err, struct diags *diags)
{
	session->is_uncounted = true;
	diag_warning(diags, "cannot read kprobe_profile: %s; hits and misses are not known",
		     strerror(-err));
}

/*
 * A hit is counted first and recorded then. When counters are read or an instance is turned, one
 * may be in between: it is counted on one side and recorded, or not any more, on the other. Who
 * handles a hit cannot be preempted, which membarrier(2) waits for; where it is not to be had, a
 * moment has to do.
 */
static void await_handlers(void)
{
	if (syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0) != 0)
		nanosleep(&(struct timespec){ .tv_nsec = HANDLER_NS }, NULL);
}

int session_start(struct session *session, struct diags *diags)
{
	NK_FREE struct profile_counts *before = NULL;
	NK_FREE struct profile_counts *after = NULL;
	int unknown = read_counts(session, &before);

	/* A hit that is counted already must not be kept. */
	await_handlers();
	session->state->is_on = true;
	for (size_t i = 0; i < session->instance_count; i++) {
		int err = instance_turn(&session->instances[i], true);

		if (err) {
			session_stop(session, NULL);
			return diag_error(diags, -err, "cannot turn the instance '%s' on: %s",
					  session->instances[i].name, strerror(-err));
		}
	}
	if (!unknown)
		unknown = read_counts(session, &after);
	if (unknown)
		say_unknown(session, unknown, diags);
	else
		take_start(session, before, after);
	return 0;
}

static void disturbed(struct session *session, struct diags *diags, const char *what,
		      const char *name)
{
	session->is_disturbed = true;
	diag_warning(diags, "somebody else has %s %s meanwhile: events are missing", what, name);
}

static void look_at_instance(struct session *session, const struct session_instance *instance,
			     struct diags *diags)
{
	NK_FREE char *on = NULL;

	if (file_read(instance->dir_fd, "tracing_on", &on, NULL) == 0 && on[0] == '0')
		disturbed(session, diags, "turned off the instance", instance->name);
}

/* One that is gone is told of by its counts. */
static void look_at_event(struct session *session, const struct session_event *event,
			  struct diags *diags)
{
	NK_FREE char *name = definitions_event_name(&event->def->desc);
	NK_FREE char *path = xasprintf("events/%s/enable", name);
	NK_FREE char *enabled = NULL;

	if (file_read(session->instances[event->instance].dir_fd, path, &enabled, NULL) == 0 &&
	    enabled[0] == '0')
		disturbed(session, diags, "disabled", name);
}

static void take_end(struct session *session, const struct profile_counts *before,
		     const struct profile_counts *after, struct diags *diags)
{
	for (size_t i = 0; i < session->event_count; i++) {
		struct session_event *event = &session->events[i];
		NK_FREE char *name = definitions_event_name(&event->def->desc);

		if (!event->is_counted)
			continue;
		/* Where it has been defined anew its counters have begun again. */
		if (!after[i].is_there || after[i].hits < event->hits_before ||
		    after[i].misses < event->misses_before) {
			event->is_counted = false;
			disturbed(session, diags, "deleted the definition", name);
			continue;
		}
		event->hits = after[i].hits - event->hits_before;
		event->misses = after[i].misses - event->misses_before;
		event->edge += sum(&after[i]) - sum(&before[i]);
	}
}

/* Some kernels count memory that could not be read as a miss, though the hit has its record. */
static void doubt_misses(struct session *session)
{
	bool is_unsure = false;

	for (size_t i = 0; i < session->event_count; i++)
		is_unsure |= session->events[i].misses > 0 && session->events[i].def->may_not_read;
	if (!is_unsure || !unreadable_counts_as_missed(session))
		return;
	for (size_t i = 0; i < session->event_count; i++) {
		struct session_event *event = &session->events[i];

		if (!event->def->may_not_read)
			continue;
		event->unsure = event->misses;
		event->misses = 0;
	}
}

/* They go on until they are disabled and removed: what they have recorded since is nobody's. */
static int turn_off(struct session *session, struct diags *diags)
{
	int first_error = 0;

	for (size_t i = 0; i < session->instance_count; i++) {
		int err = instance_turn(&session->instances[i], false);

		if (!err)
			continue;
		session->is_uncounted = true;
		diag_warning(diags,
			     "cannot turn the instance '%s' off: %s; its counts are not known",
			     session->instances[i].name, strerror(-err));
		if (!first_error)
			first_error = err;
	}
	await_handlers();
	return first_error;
}

static void read_losses(struct session *session, struct diags *diags)
{
	for (size_t i = 0; i < session->instance_count; i++) {
		int err = stats_read_cpus(&session->instances[i]);

		if (!err)
			continue;
		session->is_uncounted = true;
		diag_warning(diags, "cannot read the losses of instance '%s': %s",
			     session->instances[i].name, strerror(-err));
	}
}

static void forget_counts(struct session *session)
{
	for (size_t i = 0; i < session->event_count; i++)
		session->events[i].is_counted = false;
}

int session_stop(struct session *session, struct diags *diags)
{
	NK_FREE struct profile_counts *before = NULL;
	NK_FREE struct profile_counts *after = NULL;

	if (!session->state->is_on)
		return 0;
	session->state->is_on = false;
	for (size_t i = 0; i < session->instance_count; i++)
		look_at_instance(session, &session->instances[i], diags);

	int unknown = read_counts(session, &before);

	/* A hit that is counted already must be kept. */
	await_handlers();

	int result = turn_off(session, diags);

	if (!unknown)
		unknown = read_counts(session, &after);
	if (unknown) {
		say_unknown(session, unknown, diags);
		forget_counts(session);
	} else {
		take_end(session, before, after, diags);
		doubt_misses(session);
	}
	for (size_t i = 0; i < session->event_count; i++)
		look_at_event(session, &session->events[i], diags);
	read_losses(session, diags);
	return result;
}

void session_disable(struct session *session)
{
	/* One that cannot be disabled is when its instance is removed. */
	for (size_t i = 0; i < session->instance_count; i++)
		instance_disable(&session->instances[i]);
}
