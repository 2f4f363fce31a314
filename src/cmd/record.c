/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nk record: records to a trace.dat. Nothing is decoded: pages go from the ring buffers to the
 * file. The broker makes the file and makes it compact at the end, since only it has the rights;
 * the worker fills it.
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/utf8.h"
#include "cmd/cmd.h"
#include "cmd/live.h"
#include "cmd/losses.h"
#include "cmd/meta.h"
#include "datfile/writer.h"

/* The worker is woken when a CPU's ring buffer is this full, or each second. */
#define WAKE_PERCENT 25
#define WAIT_MS	     1000

struct recorder {
	const struct options *options;
	const char *path;
	struct dat_meta meta;
	struct dat_writer *writer;
};

/* One round over all CPUs; *moved: bytes. */
static int splice_all(struct recorder *recorder, const struct session *session, bool all,
		      size_t *moved)
{
	*moved = 0;
	for (size_t i = 0; i < session->instance_count; i++) {
		const struct session_instance *instance = &session->instances[i];

		for (size_t j = 0; j < instance->cpu_count; j++) {
			size_t bytes = 0;
			int err = dat_writer_splice(recorder->writer, i, j, instance->raw_fds[j],
						    all, &bytes);

			if (err)
				return err;
			*moved += bytes;
		}
	}
	return 0;
}

static struct pollfd *poll_set(const struct worker *worker, size_t *count)
{
	const struct session *session = worker->session;
	struct pollfd *fds = NULL;

	*count = 0;
	*array_add(&fds, count) = (struct pollfd){ .fd = worker->control_fd, .events = POLLIN };
	for (size_t i = 0; i < session->instance_count; i++)
		for (size_t j = 0; j < session->instances[i].cpu_count; j++)
			*array_add(&fds, count) =
				(struct pollfd){ .fd = session->instances[i].raw_fds[j],
						 .events = POLLIN };
	return fds;
}

static int fill(struct recorder *recorder, struct worker *worker)
{
	size_t count;
	NK_FREE struct pollfd *fds = poll_set(worker, &count);

	for (;;) {
		bool stopping = worker->is_stopping;
		size_t moved;
		int err = splice_all(recorder, worker->session, stopping, &moved);

		if (err)
			return err;
		if (stopping && moved == 0)
			return 0;
		if (!stopping && moved == 0 && poll(fds, count, WAIT_MS) < 0 && errno != EINTR)
			return -errno;
		err = worker_poll(worker);
		if (err)
			return err;
	}
}

static int work(struct worker *worker, void *context, struct diags *diags)
{
	struct recorder *recorder = context;
	struct ledger ledger = { 0 };
	int err = fill(recorder, worker);

	if (err) {
		diag_error(diags, -err, "cannot write '%s': %s", recorder->path, strerror(-err));
		return CMD_FAILED;
	}
	/* Whose records were lost is known once they are decoded: nk replay tells. */
	if (worker->report) {
		ledger_of_session(worker->session, worker->report, &ledger);
		ledger_balance(&ledger);
	}
	if (!recorder->options->quiet) {
		NK_FREE char *path = utf8_visible(recorder->path, "");

		fprintf(stderr,
			"nk: %s: %" PRIu64 " KiB of events, %" PRIu64 " lost, %" PRIu64 " missed\n",
			path, dat_writer_size(recorder->writer) / 1024, ledger.lost, ledger.missed);
		losses_print_unsure(&ledger, stderr);
	}

	bool any = ledger.lost + ledger.missed > 0;

	ledger_clear(&ledger);
	return any ? CMD_INCOMPLETE : CMD_DONE;
}

/* In the broker: statistics and comms as they are now that the session has ended. */
static int finish(void *context, const struct session *session, bool ran, struct diags *diags)
{
	struct recorder *recorder = context;
	struct dat_meta *meta = &recorder->meta;

	if (!ran) {
		dat_writer_abandon(recorder->writer);
		return 0;
	}
	for (size_t i = 0; i < session->instance_count; i++)
		meta_add_stats(meta, &session->instances[i]);
	meta_add_ledger(meta, session);

	int err = session_comms(session, &meta->saved_cmdlines);

	if (err)
		diag_warning(diags, "cannot read the names of tasks: %s; '%s' is without them",
			     strerror(-err), recorder->path);
	return dat_writer_finish(recorder->writer, meta, diags);
}

static int record(struct recorder *recorder, struct session *session, bool incomplete,
		  struct diags *diags)
{
	const struct options *options = recorder->options;
	struct broker_job job = {
		.work = work,
		.context = recorder,
		.command = options->command,
		.trace_command_only = options->children && options->pid_count == 0,
		.seconds = options->seconds,
		.sheds_capabilities = true,
	};

	const struct live_finish last = { .run = finish, .context = recorder };

	meta_fill(&recorder->meta, session);
	int err = dat_writer_create(recorder->path, &recorder->meta, &recorder->writer, diags);

	if (err) {
		session_destroy(session, diags);
		setup_say(diags, false);
		return CMD_FAILED;
	}
	return live_run(session, &job, &last, options, incomplete, diags);
}

static int run(const struct command *command, const struct options *options)
{
	struct recorder recorder = { .options = options, .path = "trace.dat" };
	const struct live_wish wish = { .buffer_percent = WAKE_PERCENT, .decodes_nothing = true };
	struct setup setup = { 0 };
	struct diags diags = { 0 };
	struct session *session = NULL;
	bool incomplete = false;

	(void)command;
	if (options->output)
		recorder.path = options->output;
	int status = live_open_session(&setup, options, &wish, &session, &incomplete, &diags);

	setup_say(&diags, options->quiet);
	if (status == CMD_DONE)
		status = record(&recorder, session, incomplete, &diags);
	dat_meta_clear(&recorder.meta);
	setup_clear(&setup);
	return status;
}

static const enum option_id takes[] = {
	OPTION_PROBE_FILE, OPTION_EXPRESSION,	OPTION_PROBES_DIR, OPTION_PID,
	OPTION_CHILDREN,   OPTION_FILTER,	OPTION_SECONDS,	   OPTION_OUTPUT,
	OPTION_BUFFER,	   OPTION_CLOCK,	OPTION_PER_SET,	   OPTION_BTF,
	OPTION_PROFILE,	   OPTION_NO_CALIBRATE, OPTION_WITHOUT,	   OPTION_QUIET,
	OPTION_VERBOSE,	   OPTION_END,
};

const struct command cmd_record = {
	.name = "record",
	.summary = "records to a trace.dat for nk replay, trace-cmd and KernelShark",
	.usage = "[OPTION...] [SET|PROBE...] [-- COMMAND]",
	.details = "Records until COMMAND ends, -d SECONDS pass, or Ctrl-C. With COMMAND the exit "
		   "status is\n"
		   "COMMAND's own when all else went well.",
	.takes = takes,
	.max_names = -1,
	.run = run,
};
