/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nk replay: prints a trace.dat as records, by the same stages as nk trace.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sched.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "cmd/cmd.h"
#include "cmd/isolate.h"
#include "cmd/losses.h"
#include "cmd/recorded.h"
#include "cmd/setup.h"
#include "cmd/span.h"
#include "cmd/tally.h"
#include "datfile/reader.h"
#include "decode/decoder.h"
#include "filter/filter.h"
#include "output/output.h"
#include "output/team.h"
#include "session/privilege.h"

/* A smaller file is printed before threads would be at work. */
#define TEAM_FILE_BYTES (4 << 20)
#define TEAM_MAX	4 /* more print faster than one can read */

struct replay {
	const struct options *options;
	const char *path;
	int fd; /* of the file, until it is the reader's */
	off_t file_bytes;
	struct formats *plugins; /* until they are the decoder's */
	struct dat_reader *file;
	const char *incomplete; /* what is missing of the file */
	struct decoder *decoder;
	struct record_reader *reader;
	struct output *output; /* NULL: of large files, by a team, each in a thread: */
	struct output_member members[TEAM_MAX];
	struct recorded_filter member_keepers[TEAM_MAX];
	size_t member_count;
	struct output_options output_options;
	const char **instances;
	struct output_columns *columns;
	struct tally *tally; /* --stat: instead of both */
	struct span since, until;
	struct filter *filter; /* NULL: all records */
	struct recorded_filter keeper;
	bool is_paced;
	uint64_t paced_from;   /* time of the first record */
	struct timespec began; /* and when it was printed */
	bool is_whole;	       /* every record was read */
	uint64_t gone;	       /* records that have changed while the file was read */
	int read_error;	       /* -errno: the pages of a CPU could not be read to their end */
	struct isolation *isolation;
	bool is_damaged; /* there are events whose format cannot be read */
	bool is_misused; /* what went wrong is the user's expression */
};

static int style_choose(const char *name, enum output_style *style, struct diags *diags)
{
	static const char *const names[] = {
		[OUTPUT_TEXT] = "text",
		[OUTPUT_JSON] = "json",
		[OUTPUT_CSV] = "csv",
		[OUTPUT_TRACE_CMD] = "trace-cmd",
	};

	if (!name)
		return 0;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		if (strcmp(names[i], name) == 0) {
			*style = (enum output_style)i;
			return 0;
		}
	}
	return diag_error(diags, EINVAL, "there is no style '%s': text, json, csv or trace-cmd",
			  name);
}

static struct recorded_options recorded_options(const struct replay *replay)
{
	bool is_raw = replay->options->raw;

	return (struct recorded_options){
		.is_bare = replay->output_options.style == OUTPUT_TRACE_CMD || is_raw,
		.is_raw = is_raw,
		.guard = &replay->isolation->guard,
	};
}

static int open_decoder(struct replay *replay, struct diags *diags)
{
	struct recorded_options options = recorded_options(replay);

	options.plugins = replay->plugins;
	replay->plugins = NULL;
	return recorded_decoder_new(dat_reader_meta(replay->file), &options, &replay->decoder,
				    &replay->is_damaged, diags);
}

static int open_filter(struct replay *replay, struct recorded_filter *own, struct decoder *decoder,
		       struct diags *diags)
{
	const struct recorded_options options = recorded_options(replay);

	if (!replay->filter)
		return 0;
	return recorded_filter_open(own, replay->filter, decoder, replay->file, &options, diags);
}

/* How it is to be printed, and what of it. */
static int choose_output(struct replay *replay, struct diags *diags)
{
	const struct dat_meta *meta = dat_reader_meta(replay->file);
	enum output_style style = replay->output_options.style;
	const struct output_options *output = &replay->output_options;
	int err;

	replay->instances = xcalloc(meta->buffer_count + 1, sizeof(*replay->instances));
	for (size_t i = 0; i < meta->buffer_count; i++)
		replay->instances[i] = meta->buffers[i].name;
	replay->output_options = (struct output_options){
		.style = style,
		.fd = STDOUT_FILENO,
		.wall_offset_ns = meta->wall_offset_ns,
		.has_wall_clock = recorded_has_wall_clock(meta),
		.clock = &meta->clock,
		.instances = replay->instances,
		.instance_count = meta->buffer_count,
		.progress = &replay->isolation->progress,
	};
	err = span_parse(replay->options->since, output, &replay->since, diags);
	if (!err)
		err = span_parse(replay->options->until, output, &replay->until, diags);
	replay->is_misused = err == -EINVAL;
	if (!err && replay->options->pace > 0 && !dat_clock_has_seconds(&meta->clock))
		err = diag_error(
			diags, EINVAL,
			"the recording's trace clock counts no seconds: there is no rhythm "
			"to print it in");
	return err;
}

/*
 * All that needs a path, none of which the file has a say in: the file itself, plugins, the time
 * zone, which the C library reads when it is first asked for it.
 */
static int open_paths(struct replay *replay, struct diags *diags)
{
	enum output_style *style = &replay->output_options.style;
	struct stat status;
	int err;

	*style = replay->options->json	? OUTPUT_JSON
		 : replay->options->csv ? OUTPUT_CSV
					: OUTPUT_TEXT;
	err = style_choose(replay->options->style, style, diags);
	replay->is_misused = err;
	if (!err)
		err = dat_reader_open_file(replay->path, &replay->fd, diags);
	if (err)
		return err;
	if (fstat(replay->fd, &status) == 0)
		replay->file_bytes = status.st_size;
	if (*style == OUTPUT_TRACE_CMD)
		replay->plugins = decoder_load_plugins();
	tzset();
	return 0;
}

static int choose_columns(struct replay *replay, struct diags *diags)
{
	struct output_options *options = &replay->output_options;
	int err;

	if (!replay->options->fields && options->style != OUTPUT_CSV)
		return 0;
	if (options->style == OUTPUT_TRACE_CMD)
		err = diag_error(diags, EINVAL, "trace-cmd's lines cannot be had in parts");
	else
		err = output_columns_new(replay->options->fields, replay->decoder,
					 options->has_wall_clock, &replay->columns, diags);
	replay->is_misused = err;
	options->columns = replay->columns;
	return err;
}

static int open_replay(struct replay *replay, struct diags *diags)
{
	int fd = replay->fd;
	int err;

	replay->fd = -1;
	err = dat_reader_open_fd(fd, replay->path, &replay->file, &replay->incomplete, diags);
	if (!err)
		err = choose_output(replay, diags);
	if (!err)
		err = open_decoder(replay, diags);
	if (!err) {
		err = open_filter(replay, &replay->keeper, replay->decoder, diags);
		replay->is_misused = err;
	}
	if (!err)
		err = choose_columns(replay, diags);
	if (!err)
		err = record_reader_open(replay->decoder, dat_reader_pages(replay->file),
					 &replay->reader);
	if (err)
		return err;

	return 0;
}

/* How many threads print: none of their own for small files, and where there is one CPU. */
static size_t team_size(const struct replay *replay)
{
	cpu_set_t cpus;

	if (replay->options->count > 0 || replay->options->pace > 0 ||
	    replay->output_options.style == OUTPUT_TRACE_CMD ||
	    replay->file_bytes < TEAM_FILE_BYTES || sched_getaffinity(0, sizeof(cpus), &cpus) < 0)
		return 0;

	size_t count = (size_t)CPU_COUNT(&cpus);

	return count < 2 ? 0 : count > TEAM_MAX ? TEAM_MAX : count;
}

/* The first line of trace-cmd report. */
static int put_cpus(const struct replay *replay)
{
	NK_FREE char *line = xasprintf("cpus=%d\n", dat_reader_meta(replay->file)->cpu_count);

	return output_progress_write(&replay->isolation->progress, STDOUT_FILENO, line,
				     strlen(line));
}

/* Before there are threads. */
static int put_head(const struct replay *replay)
{
	struct output *output;
	int err;

	if (replay->output_options.style == OUTPUT_TRACE_CMD)
		return put_cpus(replay);
	if (replay->output_options.style != OUTPUT_CSV)
		return 0;
	output = output_new(&replay->output_options);
	output_put_head(output);
	err = output_flush(output);
	output_free(output);
	return err;
}

static bool member_keeps(const void *context, const struct record *record)
{
	return recorded_filter_keeps(context, record);
}

/* Decoders of threads have nothing to say that the first one has not said. */
static int open_member(struct replay *replay, size_t index, struct diags *diags)
{
	const struct recorded_options options = recorded_options(replay);
	struct output_member *member = &replay->members[index];
	struct recorded_filter *keeper = &replay->member_keepers[index];
	struct diags own = { 0 };
	int err = recorded_decoder_new(dat_reader_meta(replay->file), &options, &member->decoder,
				       &replay->is_damaged, &own);

	if (!err)
		err = open_filter(replay, keeper, member->decoder, &own);
	if (err)
		diags_move(diags, &own);
	diags_clear(&own);
	if (replay->filter)
		member->keeps = member_keeps;
	member->context = keeper;
	return err;
}

static int open_output(struct replay *replay, struct diags *diags)
{
	const struct output_options *options = &replay->output_options;
	size_t count = replay->options->stat ? 0 : team_size(replay);

	if (replay->options->stat) {
		replay->tally = tally_new(options);
		return 0;
	}
	while (replay->member_count < count) {
		int err = open_member(replay, replay->member_count++, diags);

		if (err)
			return err;
	}
	if (count == 0)
		replay->output = output_new(&replay->output_options);
	return 0;
}

static void close_replay(struct replay *replay)
{
	tally_free(replay->tally);
	output_free(replay->output);
	for (size_t i = 0; i < replay->member_count; i++) {
		recorded_filter_close(&replay->member_keepers[i]);
		decoder_free(replay->members[i].decoder);
	}
	record_reader_close(replay->reader);
	recorded_filter_close(&replay->keeper);
	filter_free(replay->filter);
	decoder_free(replay->decoder);
	dat_reader_close(replay->file);
	decoder_unload_plugins(replay->plugins);
	if (replay->fd >= 0)
		close(replay->fd);
	free(replay->instances);
	output_columns_free(replay->columns);
	/* Closing it again is fine: both processes do, where there are two. */
	*replay = (struct replay){ .fd = -1 };
}

/* Until a record is due; what was printed before is seen meanwhile. */
static int keep_pace(struct replay *replay, const struct record *record)
{
	uint64_t ts = dat_clock_convert(replay->output_options.clock, record->ts);
	struct timespec now, due;
	uint64_t after;

	clock_gettime(CLOCK_MONOTONIC, &now);
	/* What a process before this one has written is not waited for again. */
	if (replay->isolation->progress.skip > 0)
		replay->is_paced =
			output_flush(replay->output) == 0 && replay->isolation->progress.skip == 0;
	if (!replay->is_paced) {
		replay->is_paced = true;
		replay->paced_from = ts;
		replay->began = now;
		return 0;
	}
	after = (uint64_t)((double)(ts - replay->paced_from) / replay->options->pace) +
		(uint64_t)replay->began.tv_nsec;
	due = (struct timespec){ replay->began.tv_sec + (time_t)(after / 1000000000),
				 (long)(after % 1000000000) };
	if (due.tv_sec < now.tv_sec || (due.tv_sec == now.tv_sec && due.tv_nsec <= now.tv_nsec))
		return 0;

	int err = replay->output ? output_flush(replay->output) : 0;

	while (!err && clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL) == EINTR)
		;
	return err;
}

/* Of a time in the span: negative before it, positive behind it. */
static int compare_span(struct replay *replay, uint64_t ts)
{
	if (span_is_before(&replay->since, &replay->output_options, ts))
		return -1;
	return replay->until.is_given &&
	       !span_is_before(&replay->until, &replay->output_options, ts);
}

/* The next record within the span, as record_reader_next_place(); place NULL: only records. */
static int next_record(void *context, struct record_place *place, struct record *record)
{
	struct replay *replay = context;
	int got, side;

	do {
		got = place ? record_reader_next_place(replay->reader, place, record)
			    : record_reader_next(replay->reader, record);
		if (got <= 0) {
			replay->is_whole = got == -ENODATA && !replay->since.is_given;
			replay->read_error = got == -ENODATA ? 0 : got;
			return got;
		}
		side = compare_span(replay, got == 2 ? place->ts : record->ts);
	} while (side < 0);
	return side > 0 ? -ENODATA : got;
}

static int print_record(struct replay *replay, const struct record *record)
{
	int err;

	if (replay->tally) {
		tally_add(replay->tally, record);
		return 0;
	}
	err = replay->options->pace > 0 ? keep_pace(replay, record) : 0;
	return err ? err : output_record(replay->output, record);
}

static int print_one_by_one(struct replay *replay)
{
	uint64_t left = replay->options->count;
	struct record record;
	int err = 0;

	while (!err && next_record(replay, NULL, &record) > 0) {
		bool is_event = record.kind == RECORD_EVENT;

		if (is_event && !recorded_filter_keeps(&replay->keeper, &record))
			continue;
		err = print_record(replay, &record);
		/* 0 asks for all. */
		if (is_event && --left == 0)
			break;
	}
	if (err || replay->output)
		return err ? err : output_flush(replay->output);
	tally_print(replay->tally, stdout);
	return fflush(stdout) == EOF ? -errno : 0;
}

static int print_all(struct replay *replay)
{
	const struct output_supply supply = { dat_reader_pages(replay->file), next_record, replay };
	int err = replay->tally ? 0 : put_head(replay);

	if (err)
		return err;
	if (replay->member_count == 0)
		return print_one_by_one(replay);
	return output_team_print(&replay->output_options, &supply, replay->members,
				 replay->member_count, &replay->gone);
}

/* The session's own account, which takes all of the records. 1: something was lost; or -errno. */
static int tell_losses(const struct replay *replay)
{
	const struct options *options = replay->options;
	const char *summary = dat_reader_meta(replay->file)->summary;
	struct ledger ledger;
	bool any;
	int err = 0;

	if (!summary || !replay->is_whole || replay->incomplete)
		return 0;
	ledger_read(summary, &ledger);
	losses_settle(&ledger, replay->reader);
	any = losses_any(&ledger);
	if (!options->quiet && (any || options->verbose))
		losses_print(&ledger, stderr);
	if (replay->output_options.style == OUTPUT_JSON && !options->stat &&
	    (any || options->verbose))
		err = losses_print_json(&ledger, record_reader_counts(replay->reader),
					STDOUT_FILENO);
	ledger_clear(&ledger);
	return err ? err : any;
}

/* What is missing of the file, in a sentence; false: nothing is. */
static bool tell_missing(const struct replay *replay, const struct reader_counts *counts,
			 struct diags *diags)
{
	if (replay->incomplete)
		diag_error(diags, EIO, "%s: %s", replay->path, replay->incomplete);
	else if (replay->read_error)
		diag_error(diags, -replay->read_error, "%s: not read to its end: %s", replay->path,
			   strerror(-replay->read_error));
	else if (counts->damaged > 0)
		diag_error(diags, EIO,
			   "%s: %" PRIu64 " of its pages and records are damaged, and left out",
			   replay->path, counts->damaged);
	else if (replay->gone > 0)
		diag_error(diags, EIO,
			   "%s: %" PRIu64 " of its records were overwritten while it was read",
			   replay->path, replay->gone);
	else if (counts->unknown > 0)
		diag_error(diags, EIO,
			   "%s: %" PRIu64
			   " records of events that it does not describe are left out",
			   replay->path, counts->unknown);
	else
		return false;
	return true;
}

/* A reader that has seen enough (head) is no failure. */
static int cannot_go_on(int err, struct diags *diags)
{
	if (err == -EPIPE)
		return CMD_DONE;
	diag_error(diags, -err, "cannot go on: %s", strerror(-err));
	return CMD_FAILED;
}

static int sum_up(const struct replay *replay, struct diags *diags)
{
	const struct reader_counts *counts = record_reader_counts(replay->reader);
	bool is_lossy = counts->lost + counts->lost_unknown > 0;
	bool is_missing = tell_missing(replay, counts, diags);

	if (is_lossy && !replay->options->quiet && counts->lost == 0)
		diag_warning(diags, "%s: some events were lost when it was recorded", replay->path);
	else if (is_lossy && !replay->options->quiet)
		diag_warning(diags, "%s: %" PRIu64 "%s events were lost when it was recorded",
			     replay->path, counts->lost, counts->lost_unknown ? " or more" : "");

	int any = tell_losses(replay);

	if (any < 0)
		return cannot_go_on(any, diags);
	is_lossy |= any > 0;
	return is_missing || is_lossy || replay->is_damaged ||
			       replay->isolation->guard.fault_count > 0
		       ? CMD_INCOMPLETE
		       : CMD_DONE;
}

/* The records of these are not all printed as libtraceevent would. */
static void tell_format_fault(const struct dat_event_format *event, struct diags *diags)
{
	bool is_named = strncmp(event->text, "name: ", 6) == 0;
	int length = is_named ? (int)strcspn(event->text + 6, "\n") : 0;

	diag_warning(diags, "libtraceevent fails on the format of %s:%.*s", event->system,
		     length < 64 ? length : 64, is_named ? event->text + 6 : "");
}

static void tell_print_fault(struct decoder *decoder, int id, struct diags *diags)
{
	const struct event_plan *plan;

	for (size_t i = 0; (plan = decoder_plan(decoder, i)); i++)
		if (plan->id == id)
			diag_warning(diags,
				     "libtraceevent fails on a record of %s:%s: those from there "
				     "on are shown by their fields",
				     plan->system, plan->name);
}

/* What libtraceevent failed on in a process before this one. */
static void tell_faults(const struct replay *replay, struct diags *diags)
{
	const struct guard *guard = &replay->isolation->guard;

	if (!replay->decoder)
		return;
	for (size_t i = 0; i < guard->fault_count; i++) {
		const struct guard_call *fault = &guard->faults[i];
		const struct dat_meta *meta = dat_reader_meta(replay->file);

		if (fault->kind == GUARD_FORMAT && (size_t)fault->what < meta->event_count)
			tell_format_fault(&meta->events[fault->what], diags);
		if (fault->kind == GUARD_PRINT)
			tell_print_fault(replay->decoder, fault->what, diags);
	}
}

/* In the process that reads: what was opened is open. */
static int replay_file(struct isolation *isolation, void *context)
{
	struct replay *replay = context;
	struct diags diags = { 0 };
	int status = CMD_FAILED;

	replay->isolation = isolation;

	/* The file may come from anyone: what reads it has nothing to lose, and can open nothing.
	 */
	int err = privilege_drop_all(PRIVILEGE_OPEN_FILES, &diags);

	if (!err)
		err = open_replay(replay, &diags);
	if (replay->is_misused)
		status = CMD_USAGE;
	if (!err)
		err = open_output(replay, &diags);
	if (!err) {
		err = print_all(replay);
		status = err ? cannot_go_on(err, &diags) : sum_up(replay, &diags);
	}
	tell_faults(replay, &diags);
	setup_say(&diags, false);
	close_replay(replay);
	return status;
}

static int run(const struct command *command, const struct options *options)
{
	struct replay replay = { .options = options, .path = "trace.dat", .fd = -1 };
	struct diags diags = { 0 };
	int status = CMD_FAILED;

	(void)command;
	if (options->name_count > 0)
		replay.path = options->names[0];
	if (options->input)
		replay.path = options->input;
	int err = options->filter ? filter_new(options->filter, &replay.filter, &diags) : 0;

	replay.is_misused = err;
	if (!err)
		err = open_paths(&replay, &diags);
	if (replay.is_misused)
		status = CMD_USAGE;
	if (!err)
		err = privilege_drop_all(PRIVILEGE_START_PROCESSES, &diags);
	setup_note_sandbox(options, &diags);
	setup_say(&diags, false);
	if (!err)
		status = isolate(replay_file, &replay);
	close_replay(&replay);
	return status;
}

static const enum option_id takes[] = { OPTION_INPUT,  OPTION_COUNT,   OPTION_JSON,   OPTION_CSV,
					OPTION_FIELDS, OPTION_STYLE,   OPTION_FILTER, OPTION_STAT,
					OPTION_RAW,    OPTION_PACE,    OPTION_SINCE,  OPTION_UNTIL,
					OPTION_QUIET,  OPTION_VERBOSE, OPTION_END };

const struct command cmd_replay = {
	.name = "replay",
	.alias = "report",
	.summary = "prints a trace.dat as records (also: nk report)",
	.usage = "[OPTION...] [FILE]",
	.takes = takes,
	.max_names = 1,
	.run = run,
};
