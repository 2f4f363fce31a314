/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nk check: what is wrong with probe files, without touching the kernel.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/diag.h"
#include "base/file.h"
#include "base/utf8.h"
#include "cmd/cmd.h"
#include "cmd/setup.h"
#include "probes/parse.h"
#include "probes/type.h"
#include "session/privilege.h"

static int list_types(void)
{
	printf("%-12s %-8s %s\n", "TYPE", "KERNEL", "SHOWN AS");
	for (size_t i = 0; i < probe_type_count; i++)
		printf("%-12s %-8s %s\n", probe_types[i].name, probe_types[i].kernel,
		       probe_types[i].doc);
	return CMD_DONE;
}

/* One of the files, read before any of them is looked into. */
struct input {
	char *text;
	size_t length;
	int err;
};

static struct input *read_files(const struct options *options)
{
	struct input *inputs = xcalloc(options->name_count, sizeof(*inputs));

	for (size_t i = 0; i < options->name_count; i++)
		inputs[i].err =
			file_read(AT_FDCWD, options->names[i], &inputs[i].text, &inputs[i].length);
	return inputs;
}

static int check_file(const char *path, const struct input *input, const struct options *options)
{
	struct diags diags = { 0 };
	struct probe_set *set = NULL;
	int err = input->err;

	if (err)
		diag_error(&diags, -err, "cannot read %s: %s", path, strerror(-err));
	else
		err = probe_parse_bytes(path, input->text, input->length, &set, &diags);

	setup_say(&diags, options->quiet);
	if (err)
		return CMD_FAILED;
	if (!options->quiet) {
		NK_FREE char *name = utf8_visible(path, "");

		printf("%s: %zu probe%s, no mistakes\n", name, set->probe_count,
		       set->probe_count == 1 ? "" : "s");
	}
	probe_set_free(set);
	return CMD_DONE;
}

static int check_expressions(const struct options *options)
{
	struct diags diags = { 0 };
	struct probe_set *set = NULL;

	if (options->expression_count == 0)
		return CMD_DONE;
	int err = setup_parse_expressions(options, &set, &diags);
	if (!err)
		probe_set_free(set);
	setup_say(&diags, options->quiet);
	return err ? CMD_FAILED : CMD_DONE;
}

static int check_files(const struct input *inputs, const struct options *options)
{
	int status = CMD_DONE;

	for (size_t i = 0; i < options->name_count; i++) {
		int one = check_file(options->names[i], &inputs[i], options);

		if (one != CMD_DONE)
			status = one;
	}
	return status;
}

static int run(const struct command *command, const struct options *options)
{
	int status = CMD_FAILED;
	struct diags diags = { 0 };

	(void)command;
	if (options->list_types)
		return list_types();
	if (options->name_count + options->expression_count == 0) {
		fputs("nk: which probe file is to be checked? (see nk check --help)\n", stderr);
		return CMD_USAGE;
	}

	struct input *inputs = read_files(options);

	/* Files may come from anyone: what parses them has nothing to lose, and can open nothing.
	 */
	if (privilege_drop_all(PRIVILEGE_OPEN_FILES, &diags) == 0) {
		int inline_status;

		status = check_files(inputs, options);
		inline_status = check_expressions(options);
		if (status == CMD_DONE)
			status = inline_status;
	}
	setup_say(&diags, false);
	for (size_t i = 0; i < options->name_count; i++)
		free(inputs[i].text);
	free(inputs);
	return status;
}

static const enum option_id takes[] = { OPTION_EXPRESSION, OPTION_LIST_TYPES, OPTION_QUIET,
					OPTION_END };

const struct command cmd_check = {
	.name = "check",
	.summary = "reads probe files and says what is wrong with them",
	.usage = "[OPTION...] FILE... | --list-types",
	.takes = takes,
	.max_names = -1,
	.run = run,
};
