/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * In: an event whose definition the kernel has. Out: its format, and the event filtered and enabled
 * in its instance, which is off until the session starts.
 */
#include "session/attach.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/file.h"
#include "session/errorlog.h"
#include "session/state.h"

static int event_file(const struct session *session, const struct session_event *event,
		      const char *file, char **path)
{
	*path = xasprintf("events/%s/%s/%s", event->def->desc.group, event->def->desc.name, file);
	return session->instances[event->instance].dir_fd;
}

static int read_event(const struct session *session, const struct session_event *event,
		      const char *file, char **text)
{
	NK_FREE char *path = NULL;
	int dir_fd = event_file(session, event, file, &path);

	return file_read(dir_fd, path, text, NULL);
}

static int write_event(const struct session *session, const struct session_event *event,
		       const char *file, const char *text)
{
	NK_FREE char *path = NULL;
	int dir_fd = event_file(session, event, file, &path);

	return file_write(dir_fd, path, text, 0);
}

static int read_format(const struct session *session, struct session_event *event,
		       struct diags *diags)
{
	NK_FREE char *id = NULL;
	int err = read_event(session, event, "id", &id);

	if (!err)
		err = read_event(session, event, "format", &event->format);
	if (err)
		return diag_error(diags, -err, "cannot read the format of %s/%s: %s",
				  event->def->desc.group, event->def->desc.name, strerror(-err));
	event->id = atoi(id);
	return 0;
}

/* Each set was given to one when the instances were planned. */
static size_t find_instance(const struct session *session, const char *set)
{
	for (size_t i = 0; i < session->instance_count; i++)
		for (size_t j = 0; j < session->instances[i].set_count; j++)
			if (strcmp(session->instances[i].sets[j], set) == 0)
				return i;
	return 0;
}

/* Filters are logged where they are set: in the instance. */
static int set_filter(const struct session *session, const struct session_event *event,
		      const char *filter, struct diags *diags)
{
	int err = write_event(session, event, "filter", filter);
	struct errorlog_entry entry = { 0 };
	NK_FREE char *log = NULL;
	const char *why = strerror(-err);
	struct diag *diag;

	if (!err || !diags)
		return err;
	if (session->state->kernel->features.has[FEATURE_ERROR_LOG] &&
	    file_read(session->instances[event->instance].dir_fd, "error_log", &log, NULL) == 0 &&
	    errorlog_find(log, filter, &entry) == 0)
		why = entry.message;
	diag = diag_add(diags, DIAG_ERROR);
	diag->text = xasprintf("the kernel refuses this filter of %s: %s",
			       event->probe->probe->name, why);
	diag->source = xstrdup(filter);
	if (entry.command && !entry.is_cut && strcmp(entry.command, filter) == 0)
		diag->column = (int)entry.column + 1;
	errorlog_entry_clear(&entry);
	return err;
}

static int enable(const struct session *session, const struct session_event *event,
		  struct diags *diags)
{
	const struct event_def *def = event->def;
	/* A tracepoint has none, and a line given verbatim may have an address instead. */
	const char *symbol = def->line_count ? def->lines[0].symbol : NULL;
	int err = write_event(session, event, "enable", "1");

	if (!err)
		return 0;
	return diag_error(diags, -err, "the kernel cannot enable %s%s%s: %s",
			  event->probe->probe->name, symbol ? " on " : "", symbol ? symbol : "",
			  strerror(-err));
}

int attach_event(struct session *session, struct session_event *event, struct diags *diags)
{
	const struct probe *probe = event->probe->probe;
	int err;

	event->instance = find_instance(session, probe->set->name);
	event->is_filtered = event->def->filter != NULL;
	err = read_format(session, event, diags);
	if (!err && event->def->filter)
		err = set_filter(session, event, event->def->filter, diags);
	if (!err)
		err = enable(session, event, diags);
	if (err)
		attach_undo(session, event);
	return err;
}

void attach_undo(struct session *session, struct session_event *event)
{
	/* Some functions of an event may be armed where another was refused. */
	write_event(session, event, "enable", "0");
	free(event->format);
	event->format = NULL;
}

/* "0" takes a filter away. */
static char *combine(const char *own, const char *expr)
{
	if (own && expr)
		return xasprintf("(%s) && (%s)", own, expr);
	return xstrdup(own ? own : expr ? expr : "0");
}

int session_filter_event(struct session *session, size_t index, const char *expr,
			 struct diags *diags)
{
	struct session_event *event = &session->events[index];
	NK_FREE char *filter = combine(event->def->filter, expr);
	NK_FREE char *own = combine(event->def->filter, NULL);
	int err = set_filter(session, event, filter, diags);

	event->is_filtered = event->is_filtered || !err;
	free(event->pushed);
	event->pushed = expr && !err ? xstrdup(expr) : NULL;
	/* The kernel has taken away the one that there was. */
	if (err)
		set_filter(session, event, own, NULL);
	return err;
}

int session_set_filter(struct session *session, const struct resolved_probe *probe,
		       const char *expr, struct diags *diags)
{
	struct diags found = { 0 };
	size_t taken = 0;
	int err = 0;

	for (size_t i = 0; i < session->event_count; i++) {
		struct session_event *event = &session->events[i];

		if (event->probe != probe)
			continue;

		NK_FREE char *filter = combine(event->def->filter, expr);
		int refused = set_filter(session, event, filter, &found);

		taken += refused == 0;
		event->is_filtered = event->is_filtered || refused == 0;
		err = refused ? refused : err;
	}
	if (taken == 0)
		diags_move(diags, &found);
	diags_clear(&found);
	return taken == 0 ? err : 0;
}

/*
 * A trigger is asked before the event's filters are: it has to have them in its own condition, or
 * an event that is not recorded would be the one to freeze at. Without a condition the kernel would
 * turn off before it records: such a one as always holds is there for the event itself. Where an
 * instance does not record the event its trigger sees it all the same.
 */
int session_freeze_at(struct session *session, size_t index, const char *expr, struct diags *diags)
{
	const struct session_event *event = &session->events[index];
	bool is_filtered = event->def->filter || event->pushed;
	NK_FREE char *recorded = is_filtered ? combine(event->def->filter, event->pushed) : NULL;
	NK_FREE char *filter =
		recorded || expr ? combine(recorded, expr) : xstrdup("common_type != 0");
	NK_FREE char *trigger = xasprintf("traceoff:1 if %s", filter);
	NK_FREE char *path =
		xasprintf("events/%s/%s/trigger", event->def->desc.group, event->def->desc.name);

	for (size_t i = 0; i < session->instance_count; i++) {
		int err = file_write(session->instances[i].dir_fd, path, trigger, 0);

		if (err)
			return diag_error(diags, -err,
					  "the kernel refuses the trigger '%s' of %s: %s", trigger,
					  event->probe->probe->name, strerror(-err));
	}
	return 0;
}
