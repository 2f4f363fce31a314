/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * In: names of what a session has in the kernel, or a dead one of its name has left there. Out: the
 * list by which it is undone. What is in the list is in the note.
 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "session/instance.h"
#include "session/ownership.h"
#include "session/state.h"

bool session_owns(const struct session *session, const char *event)
{
	const struct session_state *state = session->state;

	for (size_t i = 0; i < state->owned_count; i++)
		if (strcmp(state->owned[i], event) == 0)
			return true;
	return false;
}

int session_own(struct session *session, const char *event)
{
	struct session_state *state = session->state;

	if (session_owns(session, event))
		return 0;

	int err = ownership_add(state->note_fd, "definition", event);
	if (!err)
		*array_add(&state->owned, &state->owned_count) = xstrdup(event);
	return err;
}

void session_disown(struct session *session, const char *event)
{
	struct session_state *state = session->state;

	for (size_t i = 0; i < state->owned_count; i++) {
		if (strcmp(state->owned[i], event) != 0)
			continue;
		/* Without it the note names too much, of which undo finds that it is not there. */
		(void)ownership_add(state->note_fd, "gone", event);
		free(state->owned[i]);
		state->owned[i] = state->owned[state->owned_count - 1];
		state->owned_count--;
		return;
	}
}

static bool is_named(const struct event_def *def, const char *event)
{
	size_t length = strlen(def->desc.group);

	return strncmp(event, def->desc.group, length) == 0 && event[length] == '/' &&
	       strcmp(event + length + 1, def->desc.name) == 0;
}

/* Of the definitions of that name in a probe's carriers; none: 0, several: the most lines. */
static size_t most_lines(const struct resolved_probe *probe, const char *event)
{
	size_t most = 0;

	for (size_t i = 0; i < probe->carrier_count; i++) {
		const struct resolved_carrier *carrier = &probe->carriers[i];

		for (size_t j = 0; j < carrier->event_count; j++)
			if (is_named(&carrier->events[j], event) &&
			    carrier->events[j].line_count > most)
				most = carrier->events[j].line_count;
	}
	return most;
}

bool session_has_one_line(const struct session *session, const char *event)
{
	size_t most = 0;

	for (size_t i = 0; i < session->state->probe_count; i++) {
		size_t lines = most_lines(&session->state->probes[i], event);

		if (lines > most)
			most = lines;
	}
	return most == 1;
}

int session_make_instance(const struct session *session, const char *name, struct diags *diags)
{
	int note_fd = session->state->note_fd;
	int err = instance_look(session->tracefs_fd, name, diags);

	if (err)
		return err;
	err = ownership_add(note_fd, "instance", name);
	if (err)
		return diag_error(diags, -err, "cannot note the instance '%s': %s", name,
				  strerror(-err));
	err = instance_make(session->tracefs_fd, name, diags);
	/* Somebody else may have made it since. */
	if (err)
		(void)ownership_add(note_fd, "gone", name);
	return err;
}

void session_add_stray(struct session *session, const char *instance)
{
	struct session_state *state = session->state;

	*array_add(&state->strays, &state->stray_count) = xstrdup(instance);
}

void session_inherit(struct session *session, const struct session_info *left)
{
	struct session_state *state = session->state;

	for (size_t i = 0; i < left->instance_count; i++)
		session_add_stray(session, left->instances[i]);
	for (size_t i = 0; i < left->definition_count; i++)
		*array_add(&state->owned, &state->owned_count) = xstrdup(left->definitions[i]);
}
