/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An event of an instance: its format, filter and enabling.
 */
#ifndef NK_SESSION_ATTACH_H
#define NK_SESSION_ATTACH_H

#include "base/diag.h"
#include "session/session.h"

/*
 * Of an event whose definition is there: finds its instance, reads id and format, sets the filter
 * of its definition, enables it. On an error nothing of it is left enabled, and nothing is owned by
 * event.
 */
int attach_event(struct session *session, struct session_event *event, struct diags *diags);
/* Disables, and frees what event owns. */
void attach_undo(struct session *session, struct session_event *event);

#endif
