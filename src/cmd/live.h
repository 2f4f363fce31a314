/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What trace and record have in common: a session made from options, and what is said when it has
 * ended.
 */
#ifndef NK_CMD_LIVE_H
#define NK_CMD_LIVE_H

#include "base/diag.h"
#include "cmd/options.h"
#include "cmd/setup.h"
#include "session/broker.h"
#include "session/session.h"

/*
 * Chooses, resolves, creates and installs. *incomplete: some probe could not attach. Returns an
 * exit status; CMD_DONE: the session is there and *session must be destroyed.
 */
int live_open_session(struct setup *setup, const struct options *options, int buffer_percent,
		      struct session **session, bool *incomplete, struct diags *diags);

/*
 * Runs job, then finish (may be NULL; in the broker, with the session stopped and still there),
 * destroys the session whatever happened, and gives the exit status of the whole.
 */
int live_run(struct session *session, const struct broker_job *job,
	     int (*finish)(void *context, const struct session *session, struct diags *diags),
	     const struct options *options, bool incomplete, struct diags *diags);

/* Losses of a session as the report tells them: events overrun, probe hits missed. */
struct live_losses {
	uint64_t overrun;
	uint64_t missed;
};
void live_losses(const struct session *session, const struct broker_report *report,
		 struct live_losses *losses);

#endif
