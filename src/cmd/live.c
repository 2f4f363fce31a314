/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A session from options, its run, and its exit status.
 */
#include "cmd/live.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "cmd/buffers.h"
#include "cmd/cmd.h"
#include "cmd/filter.h"
#include "cmd/learn.h"
#include "session/command.h"
#include "session/ledger.h"

static int create(struct setup *setup, const struct options *options, const struct live_wish *wish,
		  const struct buffers *buffers, struct session **session, struct diags *diags)
{
	struct session_options session_options = {
		.name = wish->name,
		.overwrite = wish->stays,
		.buffer_kb = options->buffer_kb,
		.clock = options->clock,
		.pids = options->pids,
		.pid_count = options->pid_count,
		.follow_children = options->children,
		.buffer_percent = wish->buffer_percent,
		.subbuf_kb = options->subbuf_kb,
		.per_set = options->per_set,
		.buffers = buffers->items,
		.buffer_count = buffers->count,
	};

	return session_create(setup->kernel, &session_options, setup->resolved, setup->chosen_count,
			      session, diags);
}

/* An exit status. */
static int install(struct setup *setup, const struct options *options, const struct live_wish *wish,
		   struct session **session, size_t *refused, struct diags *diags)
{
	struct buffers buffers = { 0 };

	if (buffers_parse(options, setup, &buffers, diags) != 0)
		return CMD_USAGE;

	int err = create(setup, options, wish, &buffers, session, diags);

	buffers_clear(&buffers);
	if (err)
		return CMD_FAILED;
	if (session_install(*session, refused, diags) == 0)
		return CMD_DONE;
	session_destroy(*session, diags);
	*session = NULL;
	return CMD_FAILED;
}

int live_decoder(const struct session *session, struct decoder **out, struct diags *diags)
{
	const uint16_t probe = 1;
	struct decoder_options options = {
		.header_page = session->header_page,
		.header_page_size = strlen(session->header_page),
		.long_bytes = sizeof(long),
		.is_big_endian = *(const unsigned char *)&probe == 0,
		.page_size = (size_t)sysconf(_SC_PAGESIZE),
		.cpu_count = (int)sysconf(_SC_NPROCESSORS_CONF),
		.wall_offset_ns = session->wall_offset_ns,
		.has_wall_clock = session->has_wall_offset,
	};
	struct decoder *decoder = decoder_new(&options, diags);
	int err = 0;

	for (size_t i = 0; i < session->event_count && !err; i++) {
		const struct session_event *event = &session->events[i];

		if (session_has_repeated(session, i))
			continue;
		err = decoder_add_event(decoder, event->def->desc.group, event->format,
					strlen(event->format), &event->def->desc, diags);
	}
	if (err)
		decoder_free(decoder);
	else
		*out = decoder;
	return err;
}

int live_open_session(struct setup *setup, const struct options *options,
		      const struct live_wish *wish, struct session **session, bool *incomplete,
		      struct diags *diags)
{
	size_t refused = 0;
	/* A slip in COMMAND is told before anything is made or overwritten. */
	int err = options->command ? command_find(options->command[0], diags) : 0;

	if (!err && options->filter && filter_new(options->filter, &setup->filter, diags) < 0)
		return CMD_USAGE;
	if (!err)
		err = setup_choose(setup, options, diags);
	if (!err)
		err = setup_resolve(setup, options, diags);
	if (!err)
		err = learn_layout(setup, options, diags);
	if (err)
		return CMD_FAILED;

	size_t missing = setup_report_unresolved(setup, diags);
	if (missing == setup->chosen_count)
		return CMD_FAILED;

	int status = install(setup, options, wish, session, &refused, diags);

	if (status != CMD_DONE)
		return status;
	*incomplete = missing + refused > 0;
	if (setup->filter)
		status = filter_session(setup, options, wish, *session, diags);
	if (status != CMD_DONE) {
		session_destroy(*session, diags);
		*session = NULL;
	}
	return status;
}

/*
 * What was missed makes every session incomplete. A worker that ended it, by -n, --size or a closed
 * pipe, could not tell: the kernel's counts were read after its end.
 */
static bool has_missed(const struct session *session, const struct broker_result *result,
		       struct diags *diags)
{
	struct ledger ledger;
	uint64_t missed;

	ledger_of_session(session, NULL, &ledger);
	ledger_balance(&ledger);
	missed = ledger.missed;
	if (missed > 0 && result->is_unreported)
		diag_warning(diags, "%" PRIu64 " missed until the session had ended", missed);
	ledger_clear(&ledger);
	return missed > 0;
}

/* The worker's failure weighs most, then COMMAND's own status, then what is incomplete. */
static int combine(const struct broker_result *result, bool incomplete)
{
	if (result->worker_status != CMD_DONE && result->worker_status != CMD_INCOMPLETE)
		return CMD_FAILED;
	if (result->command_status > 0)
		return result->command_status;
	return incomplete || result->worker_status == CMD_INCOMPLETE ? CMD_INCOMPLETE : CMD_DONE;
}

int live_run(struct session *session, const struct broker_job *job,
	     const struct live_finish *finish, const struct options *options, bool incomplete,
	     struct diags *diags)
{
	struct broker_result result = { .command_status = -1 };

	setup_note_sandbox(options, diags);
	setup_say(diags, options->quiet);

	int err = broker_run(session, job, &result, diags);
	int finished =
		finish ? finish->run(finish->context, session, err ? NULL : &result, diags) : 0;
	bool disturbed = session->is_disturbed || session->is_uncounted;
	bool missed = has_missed(session, &result, diags);
	int undone = session_destroy(session, diags);

	/* Not sooner: who reads it may take his time, and no signal would end that. */
	setup_say(diags, options->quiet);
	if (err || finished < 0 || undone)
		return CMD_FAILED;
	return combine(&result, incomplete || disturbed || missed || finished > 0);
}
