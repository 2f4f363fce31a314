/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nk trace: live records on standard output.
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "cmd/cmd.h"
#include "cmd/live.h"
#include "cmd/losses.h"
#include "decode/decoder.h"
#include "decode/guard.h"
#include "output/output.h"
#include "ring/live.h"
#include "session/process.h"

/* How often, in records, the broker is listened to while there is always more to read. */
#define LISTEN_EVERY 1024
#define WAIT_MS	     50

/* Everything of the worker. */
struct tracer {
	const struct options *options;
	struct decoder *decoder;
	struct page_source *source;
	struct record_reader *reader;
	struct output *output;
	struct output_columns *columns; /* NULL: all */
	const struct filter *filter;	/* NULL: all records */
	struct bound_filter *bound;
	bool finds_tasks; /* by the numbers that records have */
	struct dat_clock clock;
	uint64_t read, printed;
};

static size_t stream_count(const struct session *session)
{
	size_t count = 0;

	for (size_t i = 0; i < session->instance_count; i++)
		count += session->instances[i].cpu_count;
	return count;
}

static int open_source(struct tracer *tracer, const struct session *session)
{
	size_t count = stream_count(session);
	NK_FREE struct live_stream *streams = xcalloc(count, sizeof(*streams));
	size_t next = 0;

	for (size_t i = 0; i < session->instance_count; i++) {
		const struct session_instance *instance = &session->instances[i];

		for (size_t j = 0; j < instance->cpu_count; j++)
			streams[next++] = (struct live_stream){ .fd = instance->raw_fds[j],
								.cpu = instance->cpus[j],
								.instance = (int)i };
	}
	return live_open(streams, count, (size_t)sysconf(_SC_PAGESIZE), &tracer->source);
}

/* Probes given verbatim fetch no comm: the task is asked, once, while it lives. */
static const char *comm_of(void *context, int pid)
{
	static char comm[32];
	char path[40];
	char *text;

	(void)context;
	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	if (file_read(-1, path, &text, NULL) != 0)
		return "<...>";
	text[strcspn(text, "\n")] = '\0';
	snprintf(comm, sizeof(comm), "%s", text);
	free(text);
	return comm;
}

static int open_tracer(struct tracer *tracer, const struct session *session, struct diags *diags)
{
	struct output_options output = {
		.style = tracer->options->json	? OUTPUT_JSON
			 : tracer->options->csv ? OUTPUT_CSV
						: OUTPUT_TEXT,
		.fd = STDOUT_FILENO,
		.wall_offset_ns = session->wall_offset_ns,
		.has_wall_clock = session->has_wall_offset,
		.clock = &tracer->clock,
		.is_live = true,
	};

	dat_clock_of(session->clock, &tracer->clock);
	int err = live_decoder(session, &tracer->decoder, diags);

	if (!err && tracer->filter)
		err = filter_bind(tracer->filter, tracer->decoder, &tracer->bound, diags);
	if (!err && (tracer->options->fields || tracer->options->csv))
		err = output_columns_new(tracer->options->fields, tracer->decoder,
					 session->has_wall_offset, &tracer->columns, diags);
	if (!err)
		err = open_source(tracer, session);
	if (!err)
		err = record_reader_open(tracer->decoder, tracer->source, &tracer->reader);
	if (err)
		return err;
	if (tracer->finds_tasks)
		decoder_set_comm_source(tracer->decoder, comm_of, NULL);
	output.columns = tracer->columns;
	tracer->output = output_new(&output);
	output_put_head(tracer->output);
	return 0;
}

static void close_tracer(struct tracer *tracer)
{
	output_free(tracer->output);
	output_columns_free(tracer->columns);
	record_reader_close(tracer->reader);
	if (tracer->source)
		tracer->source->ops->close(tracer->source);
	bound_filter_free(tracer->bound);
	decoder_free(tracer->decoder);
}

static bool is_wanted(const struct tracer *tracer, const struct record *record)
{
	return !tracer->bound || record->kind != RECORD_EVENT ||
	       filter_keeps(tracer->bound, record);
}

/* 1: the number of records that was asked for is reached. */
static int print_ready(struct tracer *tracer, struct worker *worker)
{
	struct record record;
	int got;

	while ((got = record_reader_next(tracer->reader, &record)) == 1) {
		int err;

		if (is_wanted(tracer, &record)) {
			err = output_record(tracer->output, &record);
			if (err)
				return err;
			if (record.kind == RECORD_EVENT &&
			    ++tracer->printed == tracer->options->count)
				return 1;
		}
		if (++tracer->read % LISTEN_EVERY == 0) {
			err = worker_poll(worker);
			if (err)
				return err;
		}
	}
	return got;
}

static int run_tracer(struct tracer *tracer, struct worker *worker)
{
	bool flushed = false;

	for (;;) {
		int err = print_ready(tracer, worker);
		int flush = output_flush(tracer->output);

		if (err == 1 || err == -ENODATA)
			return flush;
		if (err < 0 || flush < 0)
			return err < 0 ? err : flush;
		if (worker->is_stopping && !flushed) {
			record_reader_flush(tracer->reader);
			flushed = true;
			continue;
		}
		err = tracer->source->ops->wait(tracer->source, worker->control_fd, WAIT_MS);
		if (err >= 0)
			err = worker_poll(worker);
		if (err < 0)
			return err;
	}
}

static void say_summary(const struct tracer *tracer, const struct ledger *ledger, bool has_report)
{
	fprintf(stderr, "nk: %" PRIu64 " record%s, %" PRIu64 " lost", tracer->printed,
		tracer->printed == 1 ? "" : "s", ledger->lost);
	if (has_report)
		fprintf(stderr, ", %" PRIu64 " missed", ledger->missed);
	fputc('\n', stderr);
	losses_print_unsure(ledger, stderr);
}

/*
 * What came after the last record that was asked for is nobody's loss: it has no report. What was
 * lost before is told by the pages; live_run() tells what was missed.
 */
static int sum_up(const struct tracer *tracer, const struct worker *worker, int *status)
{
	const struct reader_counts *counts = record_reader_counts(tracer->reader);
	const struct options *options = tracer->options;
	struct ledger ledger = { 0 };
	int err = 0;

	if (worker->report) {
		ledger_of_session(worker->session, worker->report, &ledger);
		losses_settle(&ledger, tracer->reader);
	} else {
		ledger.lost = counts->lost;
	}

	bool any = losses_any(&ledger) || ledger.lost > 0 || counts->lost_unknown > 0;

	if (!options->quiet)
		say_summary(tracer, &ledger, worker->report != NULL);
	if (worker->report && !options->quiet && (any || options->verbose))
		losses_print(&ledger, stderr);
	if (worker->report && options->json && (any || options->verbose))
		err = losses_print_json(&ledger, counts, STDOUT_FILENO);
	ledger_clear(&ledger);
	*status = any ? CMD_INCOMPLETE : CMD_DONE;
	return err;
}

static struct sigaction before_fault;

/* libtraceevent does not look everywhere whether it got memory. Any other fault is our own. */
static void on_fault(int number)
{
	if (guard_is_asking())
		alloc_failed();
	sigaction(number, &before_fault, NULL);
}

static int work(struct worker *worker, void *context, struct diags *diags)
{
	const struct sigaction action = { .sa_handler = on_fault };
	struct tracer *tracer = context;

	sigaction(SIGSEGV, &action, &before_fault);

	int status = CMD_FAILED;
	int err = open_tracer(tracer, worker->session, diags);
	bool is_told = err && diags->errors > 0;

	if (!err)
		err = run_tracer(tracer, worker);
	if (!err)
		err = sum_up(tracer, worker, &status);
	if (err)
		status = CMD_FAILED;

	/* A reader that has seen enough (head) is no failure. */
	if (err == -EPIPE)
		status = CMD_DONE;
	else if (err && !is_told)
		diag_error(diags, -err, "cannot go on: %s", strerror(-err));
	close_tracer(tracer);
	return status;
}

/* The worker finds it, too, but only when COMMAND is on its way. */
static int check_fields(const struct options *options, const struct session *session,
			struct diags *diags)
{
	struct output_columns *columns = NULL;
	struct decoder *decoder = NULL;
	int status = CMD_DONE;

	if (!options->fields)
		return CMD_DONE;
	if (live_decoder(session, &decoder, diags) != 0)
		return CMD_FAILED;
	if (output_columns_new(options->fields, decoder, session->has_wall_offset, &columns,
			       diags) != 0)
		status = CMD_USAGE;
	output_columns_free(columns);
	decoder_free(decoder);
	return status;
}

static int run(const struct command *command, const struct options *options)
{
	struct tracer tracer = { .options = options };
	struct broker_job job = {
		.work = work,
		.context = &tracer,
		.command = options->command,
		.trace_command_only = options->children && options->pid_count == 0,
		.seconds = options->seconds,
		.reads_files = true, /* comm_of() */
		.sheds_capabilities = true,
	};
	const struct live_wish wish = { .buffer_percent = 0 };
	struct setup setup = { 0 };
	struct diags diags = { 0 };
	struct session *session = NULL;
	bool incomplete = false;

	(void)command;
	int status = live_open_session(&setup, options, &wish, &session, &incomplete, &diags);

	if (status == CMD_DONE) {
		status = check_fields(options, session, &diags);
		if (status != CMD_DONE)
			session_destroy(session, &diags);
	}
	setup_say(&diags, options->quiet);
	tracer.filter = setup.filter;
	if (status == CMD_DONE) {
		tracer.finds_tasks = process_is_in_host(setup.kernel->root_fd);
		status = live_run(session, &job, NULL, options, incomplete, &diags);
	}
	setup_clear(&setup);
	return status;
}

static const enum option_id takes[] = {
	OPTION_PROBE_FILE, OPTION_EXPRESSION, OPTION_PROBES_DIR,   OPTION_PID,	   OPTION_CHILDREN,
	OPTION_FILTER,	   OPTION_SECONDS,    OPTION_COUNT,	   OPTION_BUFFER,  OPTION_CLOCK,
	OPTION_JSON,	   OPTION_CSV,	      OPTION_FIELDS,	   OPTION_PER_SET, OPTION_BUFFERS,
	OPTION_BTF,	   OPTION_PROFILE,    OPTION_NO_CALIBRATE, OPTION_WITHOUT, OPTION_QUIET,
	OPTION_VERBOSE,	   OPTION_END,
};

const struct command cmd_trace = {
	.name = "trace",
	.summary = "prints records as they happen",
	.usage = "[OPTION...] [SET|PROBE...] [-- COMMAND]",
	.takes = takes,
	.max_names = -1,
	.run = run,
};
