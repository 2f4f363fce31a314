/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nk dump: a flight recorder's ring buffers to a trace.dat, while it goes on. All that was in them
 * when nk dump began is taken out; what comes later stays for the next one.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/utf8.h"
#include "cmd/cmd.h"
#include "cmd/flight.h"
#include "cmd/meta.h"
#include "cmd/setup.h"
#include "datfile/reader.h"
#include "datfile/writer.h"
#include "session/clock.h"
#include "session/flight.h"
#include "session/stats.h"

struct dumper {
	const char *name;
	const char *path;
	struct kernel *kernel;
	struct flight flight;
	struct dat_reader *started; /* what nk start left */
	struct dat_meta meta;	    /* borrows from started all but statistics and comms */
	struct dat_writer *writer;
	bool is_incomplete; /* of what was lost something is not known */
	bool was_told_to_end;
};

static int open_meta(struct dumper *dumper, struct diags *diags)
{
	NK_FREE char *path = flight_meta_path(dumper->flight.run_fd, dumper->name);
	const char *incomplete;
	int err = dat_reader_open(path, &dumper->started, &incomplete, diags);

	if (err)
		return err;
	if (incomplete)
		return diag_error(diags, EINVAL, "the flight recorder '%s' is not whole: %s",
				  dumper->name, incomplete);

	dumper->meta = *dat_reader_meta(dumper->started);
	dumper->meta.cpu_stats = NULL;
	dumper->meta.cpu_stats_count = 0;
	dumper->meta.saved_cmdlines = NULL;
	if (dumper->meta.buffer_count != dumper->flight.instance_count)
		return diag_error(diags, EINVAL, "instances of '%s' are missing", dumper->name);
	for (size_t i = 0; i < dumper->meta.buffer_count; i++)
		if (dumper->meta.buffers[i].cpu_count != dumper->flight.instances[i].cpu_count)
			return diag_error(diags, EINVAL, "the machine's CPUs have changed");
	/* As it is now: somebody may have set the time since. */
	dumper->meta.has_wall_offset =
		clock_wall_offset(dumper->meta.buffers[0].clock, &dumper->meta.wall_offset_ns);
	return 0;
}

/*
 * The most that one CPU's ring buffer can hold when it is taken out in whole pages: the size that
 * was asked for counts events only, without the pages' headers, is rounded up, and the reader has a
 * page beside it.
 */
#define PAGE_HEADER_MOST 32

static int ring_bytes(const struct session_instance *instance, int cpu, size_t page_size,
		      uint64_t *bytes)
{
	NK_FREE char *text = NULL;
	char path[64];

	snprintf(path, sizeof(path), "per_cpu/cpu%d/buffer_size_kb", cpu);

	int err = file_read(instance->dir_fd, path, &text, NULL);
	if (err)
		return err;

	uint64_t asked = strtoull(text, NULL, 10) * 1024;
	*bytes = (asked / (page_size - PAGE_HEADER_MOST) + 3) * page_size;
	return 0;
}

/* Events come as fast as they are taken, perhaps: who has taken a whole buffer has those of old. */
static int take_cpu(struct dumper *dumper, size_t buffer, size_t cpu_index)
{
	const struct session_instance *instance = &dumper->flight.instances[buffer];
	uint64_t most, total = 0;
	size_t moved;
	int err = ring_bytes(instance, instance->cpus[cpu_index],
			     dumper->meta.buffers[buffer].page_size, &most);

	do {
		moved = 0;
		if (!err)
			err = dat_writer_splice(dumper->writer, buffer, cpu_index,
						instance->raw_fds[cpu_index], false, &moved);
		total += moved;
	} while (!err && moved > 0 && total <= most);
	/* And the page that the kernel still writes to, as far as it is filled. */
	if (!err)
		err = dat_writer_splice(dumper->writer, buffer, cpu_index,
					instance->raw_fds[cpu_index], true, &moved);
	return err;
}

static int cannot_take(const struct dumper *dumper, int err, struct diags *diags)
{
	if (err != -ENOSPC && err != -EDQUOT)
		return dat_writer_say(dumper->path, err, diags);
	return diag_error(diags, -err,
			  "cannot write '%s': %s; what it has no room for is still there for the "
			  "next dump",
			  dumper->path, strerror(-err));
}

/* A signal does not come between what is taken and what is written of it. */
static int take_all(struct dumper *dumper, struct diags *diags)
{
	for (size_t i = 0; i < dumper->flight.instance_count; i++) {
		for (size_t j = 0; j < dumper->flight.instances[i].cpu_count; j++) {
			int err;

			dumper->was_told_to_end = session_is_told_to_end();
			if (dumper->was_told_to_end)
				return 0;
			err = take_cpu(dumper, i, j);
			if (err)
				return cannot_take(dumper, err, diags);
		}
	}
	return 0;
}

static int finish(struct dumper *dumper, struct diags *diags)
{
	struct flight *flight = &dumper->flight;

	for (size_t i = 0; i < flight->instance_count; i++) {
		struct session_instance *instance = &flight->instances[i];
		int err = stats_read_cpus(instance);

		if (err) {
			dumper->is_incomplete = true;
			diag_warning(diags, "cannot read the losses of instance '%s': %s",
				     instance->name, strerror(-err));
		}
		meta_add_stats(&dumper->meta, instance);
	}

	int err = flight_comms(dumper->kernel, flight, &dumper->meta.saved_cmdlines);

	if (err)
		diag_warning(diags, "cannot read the names of tasks: %s; '%s' is without them",
			     strerror(-err), dumper->path);

	int finished = dat_writer_finish(dumper->writer, &dumper->meta, diags);

	if (finished > 0)
		dumper->is_incomplete = true;
	return finished < 0 ? finished : 0;
}

static void say_silent(struct dumper *dumper, struct diags *diags)
{
	for (size_t i = 0; i < dumper->flight.silent_count; i++)
		diag_warning(diags, "somebody else has disabled or deleted %s: events are missing",
			     dumper->flight.silent[i]);
	dumper->is_incomplete |= dumper->flight.silent_count > 0;
}

/* An older file may be a dump, too, whose events are nowhere else: it goes for events only. */
static int give_up(struct dumper *dumper, int err, struct diags *diags)
{
	dat_writer_remove(dumper->writer);
	return err ? err
		   : diag_error(diags, EINTR, "interrupted before it began: nothing is taken");
}

static int take(struct dumper *dumper, uint64_t *bytes, struct diags *diags)
{
	dat_writer_reserve(dumper->writer);
	int err = dat_writer_take_name(dumper->writer, diags);

	if (!err)
		err = take_all(dumper, diags);
	*bytes = dat_writer_size(dumper->writer);
	if (!*bytes && (err || dumper->was_told_to_end))
		return give_up(dumper, err, diags);

	/* What has been taken is nowhere else: it is finished as far as it goes. */
	int finished = finish(dumper, diags);

	if (dumper->was_told_to_end)
		diag_warning(diags, "ended by a signal: what was not taken is still there for the "
				    "next dump");
	return err ? err : finished;
}

static int dump(struct dumper *dumper, uint64_t *bytes, struct diags *diags)
{
	sigset_t signals;
	int err = flight_open(dumper->kernel, NULL, dumper->name, &dumper->flight, diags);

	if (!err)
		err = open_meta(dumper, diags);
	if (!err)
		err = dat_writer_prepare(dumper->path, &dumper->meta, &dumper->writer, diags);
	if (err)
		return err;
	say_silent(dumper, diags);
	session_end_signals(&signals);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	return take(dumper, bytes, diags);
}

static void dumper_clear(struct dumper *dumper)
{
	for (size_t i = 0; i < dumper->meta.cpu_stats_count; i++)
		free(dumper->meta.cpu_stats[i]);
	free(dumper->meta.cpu_stats);
	free(dumper->meta.saved_cmdlines);
	dat_reader_close(dumper->started);
	flight_close(&dumper->flight);
	kernel_close(dumper->kernel);
}

static int run(const struct command *command, const struct options *options)
{
	struct dumper dumper = {
		.name = options->name_count > 0 ? options->names[0] : FLIGHT_NAME,
		.path = options->output ? options->output : "trace.dat",
		.flight = FLIGHT_CLOSED,
	};
	struct kernel_options kernel_options = { .for_undo = true };
	struct diags diags = { 0 };
	uint64_t bytes = 0;
	int err = kernel_open(&kernel_options, &dumper.kernel, &diags);

	(void)command;
	if (!err)
		err = dump(&dumper, &bytes, &diags);
	setup_say(&diags, options->quiet);
	if (!err && !options->quiet) {
		NK_FREE char *path = utf8_visible(dumper.path, "");

		fprintf(stderr, "nk: %s: %" PRIu64 " KiB of events\n", path, bytes / 1024);
	}
	bool is_incomplete = dumper.is_incomplete || dumper.was_told_to_end;

	dumper_clear(&dumper);
	return err ? CMD_FAILED : is_incomplete ? CMD_INCOMPLETE : CMD_DONE;
}

static const enum option_id takes[] = { OPTION_OUTPUT, OPTION_QUIET, OPTION_END };

const struct command cmd_dump = {
	.name = "dump",
	.summary = "takes a flight recorder's events to a trace.dat",
	.usage = "[OPTION...] [NAME]",
	.details =
		"The flight recorder goes on. What has been taken is no more in its ring buffers:\n"
		"the next dump has what has come since.",
	.takes = takes,
	.max_names = 1,
	.run = run,
};
