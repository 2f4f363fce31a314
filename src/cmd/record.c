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
#include "cmd/meter.h"
#include "cmd/progress.h"
#include "cmd/volumes.h"
#include "ring/raw.h"

/*
 * The worker is woken when a CPU's ring buffer is this full, or each second; sooner where events
 * are counted or progress is shown.
 */
#define WAKE_PERCENT 25
#define WAIT_MS	     1000
#define COUNT_MS     20
#define GATHER_MS    5
#define PROGRESS_MS  500

struct recorder {
	const struct options *options;
	const char *path;
	struct dat_meta meta;
	struct volumes volumes;
	struct meter meter;
	struct progress progress;
	struct pollfd *polls; /* the broker, then one a CPU and instance */
	size_t poll_count;
	int wait_ms;
	bool is_full; /* of --size */
};

/* One round over all CPUs; *moved: bytes. partial: as of dat_writer_splice(). */
static int splice_all(struct recorder *recorder, const struct session *session, bool partial,
		      size_t *moved)
{
	struct pollfd *poll = recorder->polls;

	*moved = 0;
	for (size_t i = 0; i < session->instance_count; i++) {
		const struct session_instance *instance = &session->instances[i];

		for (size_t j = 0; j < instance->cpu_count && !recorder->is_full; j++) {
			size_t bytes = 0;
			int err = volumes_splice(&recorder->volumes, i, j, instance->raw_fds[j],
						 partial, &bytes, &recorder->is_full);

			if (err)
				return err;
			poll++;
			if (bytes > 0)
				poll->fd = instance->raw_fds[j];
			*moved += bytes;
		}
	}
	return 0;
}

static void add_poll(struct recorder *recorder, int fd)
{
	*array_add(&recorder->polls, &recorder->poll_count) =
		(struct pollfd){ .fd = fd, .events = POLLIN };
}

static void add_polls(struct recorder *recorder, const struct worker *worker)
{
	const struct session *session = worker->session;

	add_poll(recorder, worker->control_fd);
	for (size_t i = 0; i < session->instance_count; i++)
		for (size_t j = 0; j < session->instances[i].cpu_count; j++)
			add_poll(recorder, session->instances[i].raw_fds[j]);
}

/* Whether -n has been reached, by what waits, too; progress is shown beside it. */
static bool has_enough(struct recorder *recorder)
{
	unsigned long wanted = recorder->options->count;
	struct meter_counts counts;

	if (!wanted && !progress_is_due(&recorder->progress))
		return false;
	meter_read(&recorder->meter, &counts);
	progress_show(&recorder->progress, &counts, volumes_size(&recorder->volumes));
	return wanted && counts.read + counts.waiting >= wanted;
}

/* The session goes on meanwhile: of what comes as it is taken, the file need have nothing. */
static bool has_taken_enough(const struct recorder *recorder)
{
	struct meter_counts counts;

	meter_read(&recorder->meter, &counts);
	return counts.read >= recorder->options->count;
}

/*
 * Older kernels say that there is something as soon as one event is, of which splice(2) then moves
 * nothing: so that it is not asked for without end, the broker alone is listened to at first.
 */
static int await(struct recorder *recorder)
{
	int ready = raw_poll(recorder->polls, 1, GATHER_MS);

	if (ready == 0)
		ready = raw_poll(recorder->polls, recorder->poll_count, recorder->wait_ms);
	return ready < 0 && ready != -EINTR ? ready : 0;
}

/* Until the session stops, or the file is full, or -n events are there. */
static int fill(struct recorder *recorder, struct worker *worker)
{
	for (;;) {
		bool enough = has_enough(recorder), stopping = worker->is_stopping;
		size_t moved;
		int err = splice_all(recorder, worker->session, enough || stopping, &moved);

		if (err || recorder->is_full)
			return err;
		if ((stopping && moved == 0) || (enough && has_taken_enough(recorder)))
			return 0;
		if (!enough && !stopping && moved == 0)
			err = await(recorder);
		if (!err)
			err = worker_poll(worker);
		if (err)
			return err;
	}
}

/* Events that nobody has read any more are in no file. */
static void say_summary(const struct recorder *recorder, const struct meter_counts *counts,
			const struct ledger *ledger, bool has_report)
{
	const struct volumes *volumes = &recorder->volumes;
	NK_FREE char *name = volumes_name(volumes, recorder->path);
	NK_FREE char *path = utf8_visible(name, "");
	bool have_gone = volumes->turns >= volumes->count;

	fprintf(stderr, "nk: %s%s: %" PRIu64 " events%s, %" PRIu64 " KiB, %" PRIu64 " lost", path,
		volumes->turns > 0 ? " and those before it" : "", counts->read,
		have_gone ? " of which the newest are there" : "", volumes_size(volumes) / 1024,
		ledger->lost);
	if (has_report)
		fprintf(stderr, ", %" PRIu64 " missed", ledger->missed);
	fputc('\n', stderr);
	losses_print_unsure(ledger, stderr);
}

/* Who ends the session itself, by -n or --size, has no report of it: live_run() tells of misses. */
static int sum_up(const struct recorder *recorder, const struct worker *worker)
{
	struct ledger ledger = { 0 };
	struct meter_counts counts;

	meter_read(&recorder->meter, &counts);
	ledger.lost = counts.lost;
	/* Whose records were lost is known once they are decoded: nk replay tells. */
	if (worker->report) {
		ledger_of_session(worker->session, worker->report, &ledger);
		ledger_balance(&ledger);
	}
	if (!recorder->options->quiet)
		say_summary(recorder, &counts, &ledger, worker->report != NULL);

	bool any = ledger.lost + ledger.missed > 0;

	ledger_clear(&ledger);
	return any ? CMD_INCOMPLETE : CMD_DONE;
}

static int work(struct worker *worker, void *context, struct diags *diags)
{
	struct recorder *recorder = context;
	int err;

	add_polls(recorder, worker);
	err = fill(recorder, worker);
	free(recorder->polls);
	progress_end(&recorder->progress);
	if (err) {
		NK_FREE char *name = volumes_name(&recorder->volumes, recorder->path);

		dat_writer_say(name, err, diags);
		return CMD_FAILED;
	}
	return sum_up(recorder, worker);
}

/* The session's account is of all its events: what of them the file was to have, and has. */
static enum ledger_part part_of(const struct recorder *recorder, const struct meter_counts *counts,
				const struct broker_result *result)
{
	const struct options *options = recorder->options;

	if (result->worker_status != CMD_DONE && result->worker_status != CMD_INCOMPLETE)
		return LEDGER_FAILED;
	if (options->rotate || (counts->waiting > 0 && (options->count || options->size)))
		return LEDGER_WANTED;
	return LEDGER_WHOLE;
}

/* What was taken and could not be written nk replay tells, who counts what is there. */
static void say_waiting(const struct meter_counts *counts, struct diags *diags)
{
	if (counts->waiting + counts->lost > 0)
		diag_warning(diags,
			     "%" PRIu64 " events lost, and %" PRIu64
			     " more were left in the ring buffers",
			     counts->lost, counts->waiting);
}

/* In the broker: from now on there is a recording, for which an older one may go. */
static void started(void *context, struct diags *diags)
{
	struct recorder *recorder = context;

	volumes_settle(&recorder->volumes, diags);
}

/* A COMMAND that cannot be run, or the like, costs nobody an older recording. */
static void give_up(struct recorder *recorder)
{
	if (recorder->volumes.is_settled)
		volumes_abandon(&recorder->volumes);
	else
		volumes_remove(&recorder->volumes);
}

/* In the broker: statistics and comms as they are now that the session has ended. */
static int finish(void *context, const struct session *session, const struct broker_result *result,
		  struct diags *diags)
{
	struct recorder *recorder = context;
	struct dat_meta *meta = &recorder->meta;
	struct meter_counts counts;

	meter_read(&recorder->meter, &counts);
	/* An instance of which a file is open cannot be removed. */
	meter_close(&recorder->meter);
	if (!result || !recorder->volumes.is_settled) {
		give_up(recorder);
		/* Of all else something was said. */
		return result && result->signal
			       ? diag_error(diags, EINTR,
					    "interrupted before it began: nothing is recorded")
			       : 0;
	}
	for (size_t i = 0; i < session->instance_count; i++)
		meta_add_stats(meta, &session->instances[i]);

	enum ledger_part part = part_of(recorder, &counts, result);

	meta_add_ledger(meta, session, part);
	if (part == LEDGER_FAILED)
		say_waiting(&counts, diags);

	NK_FREE char *name = volumes_name(&recorder->volumes, recorder->path);
	int err = session_comms(session, &meta->saved_cmdlines);

	if (err)
		diag_warning(diags, "cannot read the names of tasks: %s; '%s' is without them",
			     strerror(-err), name);
	return volumes_finish(&recorder->volumes, meta, diags);
}

/* What the worker is to read is opened here: it may open nothing. */
static int prepare_counts(struct recorder *recorder, const struct session *session,
			  struct diags *diags)
{
	const struct options *options = recorder->options;
	bool shows = !options->quiet && progress_is_wanted();

	recorder->wait_ms = WAIT_MS;
	if (shows) {
		progress_begin(&recorder->progress, PROGRESS_MS);
		recorder->wait_ms = PROGRESS_MS;
	}
	if (options->count)
		recorder->wait_ms = COUNT_MS;
	return meter_open(&recorder->meter, session, diags);
}

static int record(struct recorder *recorder, struct session *session, bool incomplete,
		  struct diags *diags)
{
	const struct options *options = recorder->options;
	struct broker_job job = {
		.work = work,
		.started = started,
		.context = recorder,
		.command = options->command,
		.trace_command_only = options->children && options->pid_count == 0,
		.seconds = options->seconds,
		.sheds_capabilities = true,
	};

	const struct live_finish last = { .run = finish, .context = recorder };

	meta_fill(&recorder->meta, session);
	int err = prepare_counts(recorder, session, diags);

	if (!err)
		err = volumes_create(recorder->path, options, &recorder->meta, &recorder->volumes,
				     diags);
	if (err) {
		meter_close(&recorder->meter);
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
	if (options->rotate && !options->size) {
		diag_error(&diags, EINVAL, "--rotate needs --size: when is a file full?");
		setup_say(&diags, false);
		return CMD_USAGE;
	}
	int status = live_open_session(&setup, options, &wish, &session, &incomplete, &diags);

	setup_say(&diags, options->quiet);
	if (status == CMD_DONE)
		status = record(&recorder, session, incomplete, &diags);
	dat_meta_clear(&recorder.meta);
	setup_clear(&setup);
	return status;
}

static const enum option_id takes[] = {
	OPTION_PROBE_FILE, OPTION_EXPRESSION, OPTION_PROBES_DIR, OPTION_PID,
	OPTION_CHILDREN,   OPTION_FILTER,     OPTION_SECONDS,	 OPTION_COUNT,
	OPTION_OUTPUT,	   OPTION_BUFFER,     OPTION_CLOCK,	 OPTION_PER_SET,
	OPTION_BUFFERS,	   OPTION_SUBBUF,     OPTION_COMPRESS,	 OPTION_SIZE,
	OPTION_ROTATE,	   OPTION_BTF,	      OPTION_PROFILE,	 OPTION_NO_CALIBRATE,
	OPTION_WITHOUT,	   OPTION_QUIET,      OPTION_VERBOSE,	 OPTION_END,
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
