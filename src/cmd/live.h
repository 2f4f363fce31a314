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
#include "decode/decoder.h"
#include "session/broker.h"
#include "session/session.h"

/* What a subcommand wants of its session that is no option of every subcommand. */
struct live_wish {
	int buffer_percent;   /* wake-up level of the reader */
	const char *name;     /* NULL: of the process */
	bool stays;	      /* a flight recorder, see session_keep() */
	bool decodes_nothing; /* a filter has to be done by the kernel, all of it */
};

/*
 * Chooses, resolves, creates and installs. *incomplete: some probe could not attach. Returns an
 * exit status; CMD_DONE: the session is there and *session must be destroyed.
 */
int live_open_session(struct setup *setup, const struct options *options,
		      const struct live_wish *wish, struct session **session, bool *incomplete,
		      struct diags *diags);

/* For the records of a session, with all of its events. 0 or -errno with a diag. */
int live_decoder(const struct session *session, struct decoder **out, struct diags *diags);

/*
 * What is to be done in the broker when the session has stopped and is still there; ran is false
 * where it could not even be started. 0, 1: done but incomplete, or -errno.
 */
struct live_finish {
	int (*run)(void *context, const struct session *session, const struct broker_result *result,
		   struct diags *diags);
	void *context;
};

/* Runs job, then finish (may be NULL), destroys the session whatever happened: an exit status. */
int live_run(struct session *session, const struct broker_job *job,
	     const struct live_finish *finish, const struct options *options, bool incomplete,
	     struct diags *diags);

#endif
