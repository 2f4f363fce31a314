/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nk clean: removes what dead sessions left behind.
 */
#include <stdio.h>

#include "cmd/cmd.h"
#include "cmd/setup.h"
#include "session/session.h"

static int run(const struct command *command, const struct options *options)
{
	struct kernel_options kernel_options = { 0 };
	struct kernel *kernel = NULL;
	struct diags diags = { 0 };
	size_t removed = 0;
	int err = kernel_open(&kernel_options, &kernel, &diags);

	(void)command;
	if (!err)
		err = session_clean(kernel, NULL, &removed, &diags);
	setup_say(&diags, options->quiet);
	if (!err && !options->quiet)
		fprintf(stderr, "nk: removed %zu instance%s and definition%s of dead sessions\n",
			removed, removed == 1 ? "" : "s", removed == 1 ? "" : "s");
	kernel_close(kernel);
	return err ? CMD_FAILED : CMD_DONE;
}

static const enum option_id takes[] = { OPTION_QUIET, OPTION_END };

const struct command cmd_clean = {
	.name = "clean",
	.summary = "removes what dead sessions left behind",
	.usage = "[OPTION...]",
	.takes = takes,
	.max_names = 0,
	.run = run,
};
