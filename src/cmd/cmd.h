/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A subcommand is one file with one const struct; main.c has the table of them.
 */
#ifndef NK_CMD_CMD_H
#define NK_CMD_CMD_H

#include "cmd/options.h"

/* Exit statuses, per DESIGN: the same for every subcommand. */
enum cmd_status { CMD_DONE = 0, CMD_FAILED = 1, CMD_USAGE = 2, CMD_INCOMPLETE = 3 };

struct command {
	const char *name;
	const char *alias;	     /* another name for it, or NULL */
	const char *summary;	     /* one line of "nk --help" */
	const char *usage;	     /* what follows "usage: nk NAME" */
	const char *details;	     /* a paragraph of --help, or NULL */
	const enum option_id *takes; /* ends with OPTION_END; --help goes without saying */
	int max_names;		     /* positional arguments; -1: any number */
	int (*run)(const struct command *command, const struct options *options);
};

extern const struct command cmd_calibrate;
extern const struct command cmd_check;
extern const struct command cmd_clean;
extern const struct command cmd_dump;
extern const struct command cmd_list;
extern const struct command cmd_record;
extern const struct command cmd_replay;
extern const struct command cmd_start;
extern const struct command cmd_status;
extern const struct command cmd_stop;
extern const struct command cmd_trace;
extern const struct command cmd_verify;

#endif
