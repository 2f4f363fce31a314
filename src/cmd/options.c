/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * argv to struct options, by one table of all options and the list of those that a subcommand
 * takes. Options and names may be mixed; "--" begins COMMAND.
 */
#include "cmd/options.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/diag.h"
#include "base/text.h"
#include "cmd/cmd.h"

enum option_kind {
	KIND_FLAG,
	KIND_STRING,
	KIND_STRINGS,
	KIND_NUMBER,
	KIND_BYTES,
	KIND_SECONDS,
	KIND_SPEED,
	KIND_PIDS
};

struct option_spec {
	enum option_id id;
	char letter; /* '\0': long only */
	const char *name;
	const char *argument; /* NULL: a flag */
	const char *help;     /* NULL: not shown, for tests */
	enum option_kind kind;
	size_t offset;	     /* into struct options */
	size_t count_offset; /* of lists */
};

/* What a time_t of 32 bits can be, too. */
#define SECONDS_MOST 1e9

#define AT(field) offsetof(struct options, field)

static const struct option_spec specs[] = {
	{ OPTION_PROBE_FILE, 'P', "probe-file", "FILE", "read probes from FILE too", KIND_STRINGS,
	  AT(probe_files), AT(probe_file_count) },
	{ OPTION_EXPRESSION, 'e', "event", "LINE", "a probe given here, as a line of a probe file",
	  KIND_STRINGS, AT(expressions), AT(expression_count) },
	{ OPTION_PROBES_DIR, '\0', "probes-dir", "DIR", "look for probe files in DIR first",
	  KIND_STRING, AT(probes_dir), 0 },
	{ OPTION_PID, 'p', "pid", "PID[,PID...]", "only these processes", KIND_PIDS, AT(pids),
	  AT(pid_count) },
	{ OPTION_CHILDREN, 'c', "children", NULL,
	  "and their children; without -p, COMMAND and its children", KIND_FLAG, AT(children), 0 },
	{ OPTION_FILTER, 'f', "filter", "EXPR", "only events for which EXPR holds", KIND_STRING,
	  AT(filter), 0 },
	{ OPTION_SECONDS, 'd', "duration", "SECONDS", "stop after this time", KIND_SECONDS,
	  AT(seconds), 0 },
	{ OPTION_COUNT, 'n', "count", "COUNT", "stop after this many records", KIND_NUMBER,
	  AT(count), 0 },
	{ OPTION_OUTPUT, 'o', "output", "FILE", "write to FILE", KIND_STRING, AT(output), 0 },
	{ OPTION_INPUT, 'i', "input", "FILE", "read FILE instead of trace.dat", KIND_STRING,
	  AT(input), 0 },
	{ OPTION_BUFFER, 'b', "buffer-size", "KB", "ring buffer of each CPU, in KiB", KIND_NUMBER,
	  AT(buffer_kb), 0 },
	{ OPTION_CLOCK, 'C', "clock", "CLOCK", "trace clock: mono (default), boot, local, ...",
	  KIND_STRING, AT(clock), 0 },
	{ OPTION_PER_SET, '\0', "per-set", NULL, "a ring buffer of its own for each set", KIND_FLAG,
	  AT(per_set), 0 },
	{ OPTION_BUFFERS, 'B', "buffer", "NAME=SET[,SET...][:KB]",
	  "a ring buffer of its own for these sets", KIND_STRINGS, AT(buffers), AT(buffer_count) },
	{ OPTION_SUBBUF, '\0', "subbuf-size", "KB", "sub-buffers of this size instead of a page",
	  KIND_NUMBER, AT(subbuf_kb), 0 },
	{ OPTION_COMPRESS, '\0', "compress", NULL, "compress the file when it is complete",
	  KIND_FLAG, AT(compress), 0 },
	{ OPTION_SIZE, '\0', "size", "LIMIT", "stop when the file has this many bytes (K, M, G)",
	  KIND_BYTES, AT(size), 0 },
	{ OPTION_ROTATE, '\0', "rotate", "N", "with --size: go on in the next of N files",
	  KIND_NUMBER, AT(rotate), 0 },
	{ OPTION_NAME, '\0', "name", "NAME", "what the flight recorder is called (nk-flight)",
	  KIND_STRING, AT(name), 0 },
	{ OPTION_JSON, 'j', "json", NULL, "JSON Lines instead of text", KIND_FLAG, AT(json), 0 },
	{ OPTION_CSV, '\0', "csv", NULL, "comma-separated values instead of text", KIND_FLAG,
	  AT(csv), 0 },
	{ OPTION_FIELDS, '\0', "fields", "NAME[,...]", "only these of each record, in this order",
	  KIND_STRING, AT(fields), 0 },
	{ OPTION_STYLE, '\0', "style", "STYLE", "text, json, csv or trace-cmd", KIND_STRING,
	  AT(style), 0 },
	{ OPTION_STAT, '\0', "stat", NULL, "count records by probe, CPU and second, print none",
	  KIND_FLAG, AT(stat), 0 },
	{ OPTION_RAW, '\0', "raw", NULL, "fields as the kernel has them, by their formats alone",
	  KIND_FLAG, AT(raw), 0 },
	{ OPTION_PACE, '\0', "pace", "[=SPEED]", "in the recorded rhythm, SPEED times as fast",
	  KIND_SPEED, AT(pace), 0 },
	{ OPTION_SINCE, '\0', "since", "TIME", "from HH:MM:SS[.N] or SECONDS of the trace clock on",
	  KIND_STRING, AT(since), 0 },
	{ OPTION_UNTIL, '\0', "until", "TIME", "up to this time", KIND_STRING, AT(until), 0 },
	{ OPTION_FREEZE, '\0', "until", "PROBE[ if EXPR]", "stop recording at this event",
	  KIND_STRING, AT(freeze_at), 0 },
	{ OPTION_BTF, '\0', "btf", "FILE", "take struct layouts from this BTF file", KIND_STRING,
	  AT(btf), 0 },
	{ OPTION_PROFILE, '\0', "profile", "FILE", "take struct layouts from this profile",
	  KIND_STRING, AT(profile), 0 },
	{ OPTION_NO_CALIBRATE, '\0', "no-calibrate", NULL,
	  "do not learn layouts where the kernel has no BTF", KIND_FLAG, AT(no_calibrate), 0 },
	{ OPTION_WITHOUT, '\0', "without", "FEATURE[,...]",
	  "do as if the kernel lacked these features", KIND_STRING, AT(without), 0 },
	{ OPTION_LIST_TYPES, '\0', "list-types", NULL, "list the types that a field may have",
	  KIND_FLAG, AT(list_types), 0 },
	{ OPTION_CHECK, '\0', "check", NULL, "compare with BTF", KIND_FLAG, AT(check), 0 },
	{ OPTION_QUIET, 'q', "quiet", NULL, "no summary, no progress, no warnings", KIND_FLAG,
	  AT(quiet), 0 },
	{ OPTION_VERBOSE, 'v', "verbose", NULL, "say more", KIND_FLAG, AT(verbose), 0 },
	{ OPTION_HELP, 'h', "help", NULL, "show this help", KIND_FLAG, 0, 0 },
};

#define SPEC_COUNT (sizeof(specs) / sizeof(*specs))

static bool command_takes(const struct command *command, enum option_id id)
{
	if (id == OPTION_HELP)
		return true;
	for (const enum option_id *taken = command->takes; *taken != OPTION_END; taken++)
		if (*taken == id)
			return true;
	return false;
}

void options_help(const struct command *command)
{
	printf("usage: nk %s %s\n\n%s.\n", command->name, command->usage, command->summary);
	if (command->details)
		printf("\n%s\n", command->details);
	puts("\noptions:");
	for (size_t i = 0; i < SPEC_COUNT; i++) {
		const struct option_spec *spec = &specs[i];
		char left[64];

		if (!spec->help || !command_takes(command, spec->id))
			continue;
		snprintf(left, sizeof(left), "%c%c%s --%s%s%s", spec->letter ? '-' : ' ',
			 spec->letter ? spec->letter : ' ', spec->letter ? "," : " ", spec->name,
			 spec->argument && spec->argument[0] != '[' ? " " : "",
			 spec->argument ? spec->argument : "");
		printf("  %-30s %s\n", left, spec->help);
	}
	printf("\nnk-%s(1) has the whole story.\n", command->name);
}

static int wrong(const struct command *command, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static int wrong(const struct command *command, const char *format, ...)
{
	struct diags diags = { 0 };
	va_list args;

	va_start(args, format);
	NK_FREE char *what = xvasprintf(format, args);
	va_end(args);
	diag_error(&diags, EINVAL, "%s (see nk %s --help)", what, command->name);
	diags_print(&diags, stderr);
	diags_clear(&diags);
	return -EINVAL;
}

static int add_pids(const struct command *command, const char *text, struct options *options)
{
	const char *next = text;

	do {
		char *end;

		errno = 0;
		long pid = strtol(next, &end, 10);
		if (!isdigit((unsigned char)*next) || (*end && *end != ',') || (*end && !end[1]) ||
		    errno || pid <= 0 || pid > INT_MAX)
			return wrong(command, "'%s' is not a process id", text);
		*array_add(&options->pids, &options->pid_count) = (pid_t)pid;
		next = *end ? end + 1 : end;
	} while (*next);
	return 0;
}

static int set_number(const struct command *command, const struct option_spec *spec,
		      const char *text, unsigned long *number)
{
	char *end;

	errno = 0;
	*number = strtoul(text, &end, 10);
	if (!isdigit((unsigned char)*text) || *end || errno || *number == 0)
		return wrong(command, "--%s takes a whole number above 0, not '%s'", spec->name,
			     text);
	return 0;
}

/* With a suffix, as dd(1) and trace-cmd(1) take it. */
static int set_bytes(const struct command *command, const struct option_spec *spec,
		     const char *text, unsigned long long *bytes)
{
	static const char suffixes[] = "KMG";
	unsigned long long number;
	unsigned int shift = 0;
	char *end;

	errno = 0;
	number = strtoull(text, &end, 10);
	if (end != text && *end) {
		const char *suffix = strchr(suffixes, toupper((unsigned char)*end));

		if (suffix) {
			shift = 10 * (unsigned int)(suffix - suffixes + 1);
			end++;
		}
	}
	if (!isdigit((unsigned char)*text) || *end || errno || number == 0 ||
	    number > ULLONG_MAX >> shift)
		return wrong(command, "--%s takes bytes, with K, M or G behind or not, not '%s'",
			     spec->name, text);
	*bytes = number << shift;
	return 0;
}

static int set_seconds(const struct command *command, const struct option_spec *spec,
		       const char *text, double *seconds)
{
	char *end;

	errno = 0;
	*seconds = strtod(text, &end);
	if (end == text || *end || errno || !isfinite(*seconds) || *seconds <= 0)
		return wrong(command, "--%s takes %s above 0, not '%s'", spec->name,
			     spec->kind == KIND_SPEED ? "a number" : "seconds", text);
	if (spec->kind == KIND_SECONDS && *seconds > SECONDS_MOST)
		return wrong(command, "--%s takes no more than %.0f seconds, not '%s'", spec->name,
			     SECONDS_MOST, text);
	return 0;
}

static int set_option(const struct command *command, const struct option_spec *spec,
		      const char *text, struct options *options)
{
	char *field = (char *)options + spec->offset;

	switch (spec->kind) {
	case KIND_FLAG:
		*(bool *)field = true;
		return 0;
	case KIND_STRING:
		*(const char **)field = text;
		return 0;
	case KIND_STRINGS:
		*array_add((const char ***)field,
			   (size_t *)((char *)options + spec->count_offset)) = text;
		return 0;
	case KIND_NUMBER:
		return set_number(command, spec, text, (unsigned long *)field);
	case KIND_BYTES:
		return set_bytes(command, spec, text, (unsigned long long *)field);
	case KIND_SECONDS:
		return set_seconds(command, spec, text, (double *)field);
	case KIND_SPEED:
		*(double *)field = 1;
		return text ? set_seconds(command, spec, text, (double *)field) : 0;
	case KIND_PIDS:
		return add_pids(command, text, options);
	}
	return -EINVAL;
}

/* What getopt_long() is told: all options, so that one that another subcommand has is named. */
struct parser {
	struct option longs[SPEC_COUNT + 1];
	char shorts[3 * SPEC_COUNT + 2];
};

#define LONG_BASE 256

static void parser_init(struct parser *parser)
{
	char *next = parser->shorts;

	memset(parser, 0, sizeof(*parser));
	*next++ = ':';
	for (size_t i = 0; i < SPEC_COUNT; i++) {
		parser->longs[i] = (struct option){ specs[i].name,
						    specs[i].kind == KIND_SPEED ? optional_argument
						    : specs[i].argument		? required_argument
										: no_argument,
						    NULL, LONG_BASE + (int)i };
		if (!specs[i].letter)
			continue;
		*next++ = specs[i].letter;
		if (specs[i].argument)
			*next++ = ':';
	}
}

static const struct option_spec *spec_of(int found)
{
	if (found >= LONG_BASE)
		return &specs[found - LONG_BASE];
	for (size_t i = 0; i < SPEC_COUNT; i++)
		if (specs[i].letter == found)
			return &specs[i];
	return NULL;
}

/* One name may mean something else to another subcommand. */
static const struct option_spec *spec_of_command(const struct command *command,
						 const struct option_spec *spec)
{
	for (size_t i = 0; i < SPEC_COUNT; i++)
		if (strcmp(specs[i].name, spec->name) == 0 && command_takes(command, specs[i].id))
			return &specs[i];
	return spec;
}

static int take_option(const struct command *command, int found, char **argv,
		       struct options *options, int *status)
{
	/* A flag that was given a value is known; what is wrong is the value. */
	bool has_value = found == '?' && optopt >= LONG_BASE;
	const struct option_spec *spec = spec_of(has_value ? optopt : found);
	const char *given = argv[optind - 1];

	*status = CMD_USAGE;
	if (found == ':')
		return wrong(command, "option %s needs an argument", given);
	if (found == '?' && optopt && optopt < LONG_BASE)
		return wrong(command, "unknown option -%c", optopt);
	if (!spec)
		return wrong(command, "unknown option %s", given);
	spec = spec_of_command(command, spec);
	if (!command_takes(command, spec->id))
		return wrong(command, "nk %s has no option --%s", command->name, spec->name);
	if (has_value)
		return wrong(command, "option --%s takes no value", spec->name);
	if (spec->id == OPTION_HELP) {
		options_help(command);
		*status = CMD_DONE;
		return -ECANCELED;
	}
	return set_option(command, spec, optarg, options);
}

/* What stands before "--" is nk's, what stands behind it is COMMAND. */
static int split_command(char **argv, int argc)
{
	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], "--") == 0)
			return i;
	return argc;
}

/* As its usage says. */
static bool runs_command(const struct command *command)
{
	return strstr(command->usage, "-- COMMAND") != NULL;
}

/* Records are printed in one way, and counts in one of their own. */
static int check_style(const struct command *command, const struct options *options)
{
	const char *style = options->json ? "json" : options->csv ? "csv" : options->style;

	if (options->json && options->csv)
		return wrong(command, "-j and --csv: one of them can be had");
	if (options->style && strcmp(options->style, style) != 0)
		return wrong(command, "--style %s and %s: one of them can be had", options->style,
			     options->json ? "-j" : "--csv");
	if (options->stat && (options->fields || (style && strcmp(style, "text") != 0)))
		return wrong(command, "--stat prints a table and no records: neither fields of "
				      "them nor a style can be chosen");
	if (options->stat && options->pace > 0)
		return wrong(command, "--stat prints a table and no records: it has no pace");
	return 0;
}

/* What means nothing without something else, and a COMMAND that nobody would run. */
static int check_together(const struct command *command, const struct options *options)
{
	if (options->command && !runs_command(command))
		return wrong(command, "nk %s runs no command, as '%s'", command->name,
			     options->command[0]);
	if (options->children && options->pid_count == 0 && !options->command)
		return wrong(command, runs_command(command)
					      ? "-c needs -p or a COMMAND: whose children?"
					      : "-c needs -p: whose children?");
	if (options->input && options->name_count > 0)
		return wrong(command, "-i %s and '%s': one file can be read", options->input,
			     options->names[0]);
	if (options->list_types && options->name_count + options->expression_count > 0)
		return wrong(command, "--list-types checks nothing: not '%s' either",
			     options->name_count ? options->names[0] : options->expressions[0]);
	return 0;
}

int options_parse(const struct command *command, int argc, char **argv, struct options *options,
		  int *status)
{
	struct parser parser;
	int own = split_command(argv, argc);
	int found, err;

	*options = (struct options){ 0 };
	parser_init(&parser);
	optind = 0;
	opterr = 0;
	while ((found = getopt_long(own, argv, parser.shorts, parser.longs, NULL)) != -1) {
		err = take_option(command, found, argv, options, status);
		if (err)
			return err;
	}
	*status = CMD_USAGE;
	for (int i = optind; i < own; i++)
		*array_add(&options->names, &options->name_count) = argv[i];
	if (command->max_names >= 0 && options->name_count > (size_t)command->max_names)
		return wrong(command, "nk %s does not know what to do with '%s'", command->name,
			     options->names[command->max_names]);
	if (own + 1 < argc)
		options->command = &argv[own + 1];
	else if (own < argc)
		return wrong(command, "there is no command behind --");
	err = check_together(command, options);
	return err ? err : check_style(command, options);
}

void options_clear(struct options *options)
{
	free(options->probe_files);
	free(options->expressions);
	free(options->pids);
	free(options->buffers);
	free(options->names);
	*options = (struct options){ 0 };
}
