/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nk replay: prints a trace.dat as records, by the same stages as nk trace.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "cmd/setup.h"
#include "datfile/reader.h"
#include "decode/decoder.h"
#include "output/output.h"
#include "session/privilege.h"

struct replay {
	const struct options *options;
	const char *path;
	struct dat_reader *file;
	const char *incomplete; /* what is missing of the file */
	struct decoder *decoder;
	struct record_reader *reader;
	struct output *output;
	uint64_t printed;
};

static const struct event_desc *desc_of(const struct dat_meta *meta, const char *system,
					const char *format)
{
	size_t length = strcspn(format, "\n");

	if (strncmp(format, "name: ", 6) != 0)
		return NULL;
	for (size_t i = 0; i < meta->desc_count; i++) {
		const struct event_desc *desc = &meta->descs[i];

		if (strcmp(desc->group, system) == 0 && strlen(desc->name) == length - 6 &&
		    strncmp(desc->name, format + 6, length - 6) == 0)
			return desc;
	}
	return NULL;
}

static int open_decoder(struct replay *replay, struct diags *diags)
{
	const struct dat_meta *meta = dat_reader_meta(replay->file);
	struct decoder_options options = {
		.header_page = meta->header_page,
		.header_page_size = meta->header_page_size,
		.long_bytes = meta->long_bytes,
		.is_big_endian = meta->is_big_endian,
		.page_size = meta->page_size,
		.cpu_count = meta->cpu_count,
		.wall_offset_ns = meta->wall_offset_ns,
		.has_wall_clock = meta->has_nk,
	};

	replay->decoder = decoder_new(&options, diags);
	if (!replay->decoder)
		return -EINVAL;
	for (size_t i = 0; i < meta->event_count; i++) {
		const struct dat_event_format *event = &meta->events[i];
		int err = decoder_add_event(replay->decoder, event->system, event->text,
					    event->length,
					    desc_of(meta, event->system, event->text), diags);

		if (err)
			return err;
	}
	if (meta->saved_cmdlines)
		decoder_add_comms(replay->decoder, meta->saved_cmdlines);
	if (meta->kallsyms)
		decoder_set_kallsyms(replay->decoder, meta->kallsyms, meta->kallsyms_size);
	return 0;
}

static int open_replay(struct replay *replay, struct diags *diags)
{
	int err = dat_reader_open(replay->path, &replay->file, &replay->incomplete, diags);

	if (!err)
		err = open_decoder(replay, diags);
	if (!err)
		err = record_reader_open(replay->decoder, dat_reader_pages(replay->file),
					 &replay->reader);
	if (err)
		return err;

	const struct dat_meta *meta = dat_reader_meta(replay->file);
	struct output_options output = {
		.style = replay->options->json ? OUTPUT_JSON : OUTPUT_TEXT,
		.fd = STDOUT_FILENO,
		.wall_offset_ns = meta->wall_offset_ns,
		.has_wall_clock = meta->has_nk,
	};
	replay->output = output_new(&output);
	return 0;
}

static void close_replay(struct replay *replay)
{
	output_free(replay->output);
	record_reader_close(replay->reader);
	decoder_free(replay->decoder);
	dat_reader_close(replay->file);
}

static int print_all(struct replay *replay)
{
	struct record record;
	int got;

	while ((got = record_reader_next(replay->reader, &record)) == 1) {
		int err = output_record(replay->output, &record);

		if (err)
			return err;
		if (record.kind == RECORD_EVENT && ++replay->printed == replay->options->count)
			return 0;
	}
	return got == -ENODATA || got == 0 ? 0 : got;
}

static int sum_up(const struct replay *replay, struct diags *diags)
{
	const struct reader_counts *counts = record_reader_counts(replay->reader);

	if (replay->incomplete)
		diag_error(diags, EIO, "%s: %s", replay->path, replay->incomplete);
	if (counts->lost + counts->lost_unknown > 0 && !replay->options->quiet)
		diag_warning(diags, "%s: %" PRIu64 "%s events were lost when it was recorded",
			     replay->path, counts->lost, counts->lost_unknown ? " or more" : "");
	return replay->incomplete || counts->lost + counts->lost_unknown > 0 ? CMD_INCOMPLETE
									     : CMD_DONE;
}

static int run(const struct command *command, const struct options *options)
{
	struct replay replay = { .options = options, .path = "trace.dat" };
	struct diags diags = { 0 };
	int status = CMD_FAILED;

	(void)command;
	if (options->name_count > 0)
		replay.path = options->names[0];
	if (options->input)
		replay.path = options->input;
	int err = open_replay(&replay, &diags);

	/* The file may come from anyone: what reads it has nothing to lose. */
	if (!err)
		err = privilege_drop_all(&diags);
	if (!err) {
		err = print_all(&replay);
		if (!err)
			err = output_flush(replay.output);
		if (err == -EPIPE)
			status = CMD_DONE;
		else if (err)
			diag_error(&diags, -err, "cannot go on: %s", strerror(-err));
		else
			status = sum_up(&replay, &diags);
	}
	setup_say(&diags, false);
	close_replay(&replay);
	return status;
}

static const enum option_id takes[] = { OPTION_INPUT, OPTION_COUNT,   OPTION_JSON,
					OPTION_QUIET, OPTION_VERBOSE, OPTION_END };

const struct command cmd_replay = {
	.name = "replay",
	.alias = "report",
	.summary = "prints a trace.dat as records (also: nk report)",
	.usage = "[OPTION...] [FILE]",
	.takes = takes,
	.max_names = 1,
	.run = run,
};
