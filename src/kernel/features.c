/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * In: the tracefs directory. Out: what kprobe_events takes there. The README of tracefs is written
 * with the code that reads kprobe_events (readme_msg in kernel/trace/trace.c), so each word of the
 * syntax is looked for in it; what is not syntax is told by a file that is there or not.
 */
#include "kernel/features.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/text.h"

struct feature_test {
	const char *name;
	const char *line;   /* README: a line that holds this ... */
	const char *needle; /* ... and, behind it, this; "" for none */
	const char *file;   /* or: a file of tracefs */
};

static const struct feature_test tests[FEATURE_COUNT] = {
	[FEATURE_ARGN] = { "argn", "$stack", "$arg<N>", NULL },
	[FEATURE_ARGN_RETURN] = { "argn-return", "return probes support:", "$arg<N>", NULL },
	[FEATURE_ARRAY] = { "array", "<type>", "[<array-size>", NULL },
	[FEATURE_USER] = { "user", "+|-[u]<offset>", "", NULL },
	/* The very words that tools/testing/selftests/ftrace asks for, in kprobe_multiprobe.tc. */
	[FEATURE_MULTIPROBE] = { "multiprobe", "kprobe_events", "Create/append/", NULL },
	[FEATURE_IMMEDIATE] = { "immediate", "\\imm-value", "", NULL },
	[FEATURE_SYMBOL] = { "symbol", "/64, ", "symbol", NULL },
	[FEATURE_SYMSTR] = { "symstr", "symstr", "", NULL },
	[FEATURE_COMM] = { "comm", "$stack", "$comm", NULL },
	[FEATURE_STRING] = { "string", "/64, ", "string", NULL },
	[FEATURE_HEX] = { "hex", "x8/16/32/64", "", NULL },
	[FEATURE_MAXACTIVE] = { "maxactive", "r[maxactive]", "", NULL },
	[FEATURE_ERROR_LOG] = { "error-log", NULL, NULL, "error_log" },
	[FEATURE_INSTANCE_FILTER] = { "instance-filter", NULL, NULL, "set_event_pid" },
	[FEATURE_EVENT_FORK] = { "event-fork", NULL, NULL, "options/event-fork" },
	[FEATURE_BUFFER_PERCENT] = { "buffer-percent", NULL, NULL, "buffer_percent" },
	[FEATURE_SUBBUF_SIZE] = { "subbuf-size", NULL, NULL, "buffer_subbuf_size_kb" },
	[FEATURE_INSTANCE_OPTIONS] = { "instance-options", NULL, NULL, NULL },
	[FEATURE_CLOCK_MONO] = { "clock-mono", NULL, NULL, NULL },
	[FEATURE_INSTANCE_TRIGGER] = { "instance-trigger", "e[:[<group>/]", "[<event>]]", NULL },
	[FEATURE_EVENT_FILTER] = { "event-filter", NULL, NULL, NULL },
};

const char *feature_name(enum feature feature)
{
	return tests[feature].name;
}

static bool readme_has(const char *readme, const struct feature_test *test)
{
	for (const char *at = readme; (at = strstr(at, test->line)); at++) {
		const char *found = strstr(at, test->needle);

		if (found && (size_t)(found - at) <= strcspn(at, "\n"))
			return true;
	}
	return false;
}

static bool is_there(int tracefs_fd, const char *readme, const struct feature_test *test)
{
	if (test->file)
		return faccessat(tracefs_fd, test->file, F_OK, 0) == 0;
	/* Without any test: told where it is used. */
	return !test->line || readme_has(readme, test);
}

static void say_unknown(const char *name, size_t length, struct diags *diags)
{
	struct diag *diag = diag_add(diags, DIAG_ERROR);
	struct text known = { 0 };

	for (size_t i = 0; i < FEATURE_COUNT; i++)
		text_addf(&known, " %s", tests[i].name);
	diag->text = xasprintf("there is no feature '%.*s'", (int)length, name);
	diag->hint = xasprintf("there are:%s, and all", known.data);
	text_clear(&known);
}

static int take_away(const char *names, struct features *features, struct diags *diags)
{
	if (strcmp(names, "all") == 0) {
		*features = (struct features){ 0 };
		return 0;
	}
	for (const char *at = names; *at;) {
		size_t length = strcspn(at, ",");
		size_t i = 0;

		while (i < FEATURE_COUNT &&
		       (strlen(tests[i].name) != length || memcmp(tests[i].name, at, length) != 0))
			i++;
		if (i == FEATURE_COUNT) {
			say_unknown(at, length, diags);
			return -EINVAL;
		}
		features->has[i] = false;
		at += length;
		at += *at == ',';
	}
	return 0;
}

int features_read(int tracefs_fd, const char *without, struct features *features,
		  struct diags *diags)
{
	NK_FREE char *readme = NULL;
	struct features found = { 0 };
	int err = file_read(tracefs_fd, "README", &readme, NULL);

	if (err)
		return diag_error(diags, -err, "the README of tracefs cannot be read: %s",
				  strerror(-err));
	for (size_t i = 0; i < FEATURE_COUNT; i++)
		found.has[i] = is_there(tracefs_fd, readme, &tests[i]);
	err = without ? take_away(without, &found, diags) : 0;
	if (!err)
		*features = found;
	return err;
}
