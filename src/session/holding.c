/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * In: names of what a session has in the kernel, or a dead one of its name has left there. Out: the
 * list by which it is undone. What is in the list is in the note.
 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "session/ownership.h"
#include "session/state.h"

int session_own(struct session *session, const char *event)
{
	struct session_state *state = session->state;

	for (size_t i = 0; i < state->owned_count; i++)
		if (strcmp(state->owned[i], event) == 0)
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
