/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Options: one table for all subcommands, so that a letter means the same in each and --help is
 * made from what is really parsed. A subcommand lists which it takes.
 */
#ifndef NK_CMD_OPTIONS_H
#define NK_CMD_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Ends each list of option_id. */
enum option_id {
	OPTION_END,
	OPTION_PROBE_FILE,
	OPTION_EXPRESSION,
	OPTION_PROBES_DIR,
	OPTION_PID,
	OPTION_CHILDREN,
	OPTION_FILTER,
	OPTION_SECONDS,
	OPTION_COUNT,
	OPTION_OUTPUT,
	OPTION_INPUT,
	OPTION_BUFFER,
	OPTION_CLOCK,
	OPTION_PER_SET,
	OPTION_BUFFERS,
	OPTION_SUBBUF,
	OPTION_COMPRESS,
	OPTION_SIZE,
	OPTION_ROTATE,
	OPTION_NAME,
	OPTION_JSON,
	OPTION_CSV,
	OPTION_FIELDS,
	OPTION_STYLE,
	OPTION_STAT,
	OPTION_RAW,
	OPTION_PACE,
	OPTION_SINCE,
	OPTION_UNTIL,
	OPTION_FREEZE,
	OPTION_BTF,
	OPTION_PROFILE,
	OPTION_NO_CALIBRATE,
	OPTION_WITHOUT,
	OPTION_LIST_TYPES,
	OPTION_CHECK,
	OPTION_QUIET,
	OPTION_VERBOSE,
	OPTION_HELP,
};

/* What was given; strings are borrowed from argv. Lists are malloc'ed. */
struct options {
	const char **probe_files;
	size_t probe_file_count;
	const char **expressions; /* -e */
	size_t expression_count;
	const char *probes_dir;
	pid_t *pids;
	size_t pid_count;
	bool children;
	const char *filter;
	double seconds;
	unsigned long count;
	const char *output;
	const char *input;
	unsigned long buffer_kb;
	const char *clock;
	bool per_set;
	const char **buffers; /* -B, as they were given */
	size_t buffer_count;
	unsigned long subbuf_kb;
	bool compress;
	unsigned long long size; /* bytes */
	unsigned long rotate;
	const char *name;
	bool json;
	bool csv;
	const char *fields;
	const char *style;
	bool stat;
	bool raw;
	double pace; /* 0: as fast as it goes */
	const char *since;
	const char *until;
	const char *freeze_at; /* --until of nk start */
	const char *btf;
	const char *profile;
	bool no_calibrate;
	const char *without;
	bool list_types;
	bool check;
	bool quiet;
	bool verbose;
	const char **names; /* positional */
	size_t name_count;
	char **command; /* behind "--"; NULL where there is none */
};

struct command;

/*
 * 0: go on; else end with *status: after --help (printed to standard output), or after a wrong
 * use, with one sentence on standard error.
 */
int options_parse(const struct command *command, int argc, char **argv, struct options *options,
		  int *status);
void options_clear(struct options *options);
void options_help(const struct command *command);

#endif
