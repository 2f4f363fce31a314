/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nk start: arms a flight recorder and leaves it to itself. Beside the session's note stays a
 * trace.dat without events, from which nk dump knows what the ring buffers hold.
 */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "base/alloc.h"
#include "cmd/cmd.h"
#include "cmd/flight.h"
#include "cmd/live.h"
#include "cmd/meta.h"
#include "cmd/until.h"
#include "datfile/writer.h"
#include "session/flight.h"
#include "session/ownership.h"

static int write_meta(const struct session *session, const char *name, struct diags *diags)
{
	NK_FREE char *path = flight_meta_path(session->run_fd, name);
	struct dat_meta meta = { 0 };
	struct dat_writer *writer;

	meta_fill(&meta, session);
	int err = dat_writer_create(path, &meta, &writer, diags);

	/* A finished one would leave out the CPUs without events: all of them. */
	if (!err)
		dat_writer_abandon(writer);
	dat_meta_clear(&meta);
	return err;
}

/* From the moment it is kept nobody but nk stop undoes it. */
static int arm(struct session *session, const char *name, struct diags *diags)
{
	int err = write_meta(session, name, diags);

	if (!err)
		err = session_start(session, diags);
	if (!err)
		err = session_keep(session, diags);
	if (err)
		session_destroy(session, diags);
	return err;
}

static void warn_of_place(const struct kernel *kernel, struct diags *diags)
{
	NK_FREE char *place = ownership_short_lived(kernel->root_fd);

	if (place)
		diag_warning(diags,
			     "it is noted in '%s', which may go when you log out: it is forgotten "
			     "then. With a /run/nk-%u of your own it stays (PERMISSIONS in nk(1))",
			     place, (unsigned int)geteuid());
}

static int run(const struct command *command, const struct options *options)
{
	const struct live_wish wish = {
		.name = options->name ? options->name : FLIGHT_NAME,
		.stays = true,
		.decodes_nothing = true,
	};
	struct setup setup = { 0 };
	struct diags diags = { 0 };
	struct session *session = NULL;
	bool incomplete = false;
	int status = live_open_session(&setup, options, &wish, &session, &incomplete, &diags);

	(void)command;
	if (status == CMD_DONE && options->freeze_at) {
		status = until_session(options->freeze_at, &setup, session, &diags);
		if (status != CMD_DONE)
			session_destroy(session, &diags);
	}
	if (status == CMD_DONE && arm(session, wish.name, &diags) != 0)
		status = CMD_FAILED;
	if (status == CMD_DONE)
		warn_of_place(setup.kernel, &diags);
	setup_say(&diags, options->quiet);
	setup_clear(&setup);
	if (status != CMD_DONE)
		return status;
	if (!options->quiet)
		fprintf(stderr, "nk: %s records until 'nk stop%s%s'\n", wish.name,
			options->name ? " " : "", options->name ? options->name : "");
	return incomplete ? CMD_INCOMPLETE : CMD_DONE;
}

static const enum option_id takes[] = {
	OPTION_PROBE_FILE, OPTION_EXPRESSION, OPTION_PROBES_DIR, OPTION_PID,	 OPTION_CHILDREN,
	OPTION_FILTER,	   OPTION_BUFFER,     OPTION_CLOCK,	 OPTION_PER_SET, OPTION_BUFFERS,
	OPTION_SUBBUF,	   OPTION_NAME,	      OPTION_FREEZE,	 OPTION_BTF,	 OPTION_PROFILE,
	OPTION_WITHOUT,	   OPTION_QUIET,      OPTION_VERBOSE,	 OPTION_END,
};

const struct command cmd_start = {
	.name = "start",
	.summary = "arms a flight recorder, and leaves no process behind",
	.usage = "[OPTION...] [SET|PROBE...]",
	.details = "The newest events stay in the ring buffers until nk dump takes them or newer\n"
		   "ones push them out; nk stop ends it. With --until they stay from the first\n"
		   "event of PROBE on of which EXPR holds.",
	.takes = takes,
	.max_names = -1,
	.run = run,
};
