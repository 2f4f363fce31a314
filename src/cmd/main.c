/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nk: takes the subcommand by its name and runs it.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/diag.h"
#include "cmd/cmd.h"
#include "config.h"
#include "session/limits.h"
#include "session/privilege.h"

static const struct command *const commands[] = {
	&cmd_list, &cmd_check, &cmd_trace,  &cmd_record,    &cmd_replay, &cmd_start,
	&cmd_dump, &cmd_stop,  &cmd_verify, &cmd_calibrate, &cmd_status, &cmd_clean,
};

#define COMMAND_COUNT (sizeof(commands) / sizeof(*commands))

static void print_help(FILE *out)
{
	fputs("usage: nk COMMAND [OPTION...] [SET|PROBE...] [-- COMMAND]\n\n"
	      "Traces the kernel's network stack by kprobes, without BPF.\n\ncommands:\n",
	      out);
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		fprintf(out, "  %-10s %s\n", commands[i]->name, commands[i]->summary);
	fputs("\n'nk COMMAND --help' tells the options of each; nk(1) has the whole story.\n", out);
}

static const struct command *find(const char *name)
{
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		if (strcmp(commands[i]->name, name) == 0 ||
		    (commands[i]->alias && strcmp(commands[i]->alias, name) == 0))
			return commands[i];
	return NULL;
}

static int unknown(const char *name)
{
	const char *names[COMMAND_COUNT];

	for (size_t i = 0; i < COMMAND_COUNT; i++)
		names[i] = commands[i]->name;

	const char *near = diag_nearest(name, names, COMMAND_COUNT);
	struct diags diags = { 0 };

	if (near)
		diag_error(&diags, EINVAL, "unknown command '%s'; did you mean '%s'?", name, near);
	else
		diag_error(&diags, EINVAL, "unknown command '%s' (see nk --help)", name);
	diags_print(&diags, stderr);
	diags_clear(&diags);
	return CMD_USAGE;
}

/* What could not be written is not done, e.g. a list into a full disk. */
static int flush(int status)
{
	if (fflush(stdout) == 0)
		return status;
	if (errno != EPIPE)
		fprintf(stderr, "nk: cannot write: %s\n", strerror(errno));
	return CMD_FAILED;
}

static int run(const struct command *command, int argc, char **argv)
{
	struct options options;
	int status = CMD_USAGE;

	if (options_parse(command, argc, argv, &options, &status) == 0)
		status = command->run(command, &options);
	options_clear(&options);
	return flush(status);
}

int main(int argc, char **argv)
{
	struct diags diags = { 0 };

	if (argc < 2) {
		print_help(stderr);
		return CMD_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
	    strcmp(argv[1], "help") == 0) {
		print_help(stdout);
		return flush(CMD_DONE);
	}
	if (strcmp(argv[1], "--version") == 0) {
		puts(PACKAGE_STRING);
		return flush(CMD_DONE);
	}

	const struct command *command = find(argv[1]);

	if (!command)
		return unknown(argv[1]);
	if (privilege_drop_borrowed(&diags) != 0) {
		diags_print(&diags, stderr);
		return CMD_FAILED;
	}
	limits_raise();
	return run(command, argc - 1, argv + 1);
}
