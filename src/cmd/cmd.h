/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A subcommand is one file with one const struct; main.c has the table of them.
 */
#ifndef NK_CMD_CMD_H
#define NK_CMD_CMD_H

/* Exit statuses, per DESIGN: the same for every subcommand. */
enum cmd_status { CMD_DONE = 0, CMD_FAILED = 1, CMD_USAGE = 2, CMD_INCOMPLETE = 3 };

struct command {
	const char *name;
	const char *alias;    /* another name for it, or NULL */
	const char *summary;  /* one line of "nk --help" */
	const char *usage;    /* what follows "usage: nk NAME" */
	const char *help;     /* the options, as --help prints them */
	int (*run)(const struct command *command, int argc, char **argv);
};

#endif
