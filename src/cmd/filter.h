/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * -f of a session: what of it the kernel does.
 */
#ifndef NK_CMD_FILTER_H
#define NK_CMD_FILTER_H

#include "cmd/live.h"

/*
 * Sets the kernel's filters of a session's events, as far as setup->filter can be done there. An
 * exit status: CMD_USAGE where the events have no such fields, CMD_FAILED where the kernel would
 * have to do what it cannot.
 */
int filter_session(struct setup *setup, const struct options *options, const struct live_wish *wish,
		   struct session *session, struct diags *diags);

#endif
