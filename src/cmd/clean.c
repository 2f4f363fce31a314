/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nk clean: removes what dead sessions left behind, and says what it was.
 */
#include <stdio.h>
#include <stdlib.h>

#include "cmd/cmd.h"
#include "cmd/setup.h"
#include "session/session.h"

static void say_removed(char *const *removed, size_t count, bool is_told)
{
	for (size_t i = 0; i < count; i++)
		fprintf(stderr, "nk: removed the %s\n", removed[i]);
	if (count == 0 && !is_told)
		fputs("nk: dead sessions have left nothing\n", stderr);
}

static int run(const struct command *command, const struct options *options)
{
	struct kernel_options kernel_options = { .for_undo = true };
	struct kernel *kernel = NULL;
	struct diags diags = { 0 };
	char **removed = NULL;
	size_t count = 0;
	size_t left = 0;
	int err = kernel_open(&kernel_options, &kernel, &diags);
	size_t before = diags.count;

	(void)command;
	if (!err)
		err = session_clean(kernel, NULL, &removed, &count, &left, &diags);
	if (!options->quiet && (!err || count > 0))
		say_removed(removed, count, diags.count > before); /* of what stays */
	if (!err)
		session_say_unnoted(kernel, NULL, &diags);
	setup_say(&diags, options->quiet);
	for (size_t i = 0; i < count; i++)
		free(removed[i]);
	free(removed);
	kernel_close(kernel);
	return err ? CMD_FAILED : left > 0 ? CMD_INCOMPLETE : CMD_DONE;
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
