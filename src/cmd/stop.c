/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nk stop: ends a flight recorder, and removes all that it has in the kernel.
 */
#include "cmd/cmd.h"
#include "cmd/flight.h"
#include "cmd/setup.h"
#include "session/session.h"

static int run(const struct command *command, const struct options *options)
{
	const char *name = options->name_count > 0 ? options->names[0] : FLIGHT_NAME;
	struct kernel_options kernel_options = { .for_undo = true };
	struct kernel *kernel = NULL;
	struct diags diags = { 0 };
	size_t left = 0;
	int err = kernel_open(&kernel_options, &kernel, &diags);

	(void)command;
	if (!err)
		err = session_remove(kernel, NULL, name, &left, &diags);
	setup_say(&diags, options->quiet);
	kernel_close(kernel);
	return err ? CMD_FAILED : left > 0 ? CMD_INCOMPLETE : CMD_DONE;
}

static const enum option_id takes[] = { OPTION_QUIET, OPTION_END };

const struct command cmd_stop = {
	.name = "stop",
	.summary = "ends a flight recorder",
	.usage = "[OPTION...] [NAME]",
	.takes = takes,
	.max_names = 1,
	.run = run,
};
