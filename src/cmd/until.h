/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nk start --until 'PROBE if EXPR': the kernel turns a flight recorder off at the first event of
 * PROBE of which EXPR holds, without any process to watch for it.
 */
#ifndef NK_CMD_UNTIL_H
#define NK_CMD_UNTIL_H

#include "cmd/setup.h"
#include "session/session.h"

/*
 * For a session that is installed and not yet started. An exit status: CMD_USAGE where text is none
 * of that form, or names what the session has not; CMD_FAILED where the kernel cannot do it.
 */
int until_session(const char *text, const struct setup *setup, struct session *session,
		  struct diags *diags);

#endif
