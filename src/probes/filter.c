/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Filters are the kernel's (Documentation/trace/events.rst, "Event filtering") and handed to it as
 * they are. What can be told beforehand is told with its place: quotes, parentheses, a '=' for
 * '==', and names that are no field.
 */
#include "probes/filter.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

/* Fields that every event has, and what trace_events_filter.c takes beside them. */
static const char *const common_fields[] = {
	"comm",
	"COMM",
	"cpu",
	"CPU",
	"stacktrace",
	"common_stacktrace",
	"common_pid",
	"common_type",
	"common_flags",
	"common_preempt_count",
	"__probe_ip",
	"__probe_func",
	"__probe_ret_ip",
};
#define COMMON_COUNT (sizeof(common_fields) / sizeof(common_fields[0]))

bool filter_split(struct span *line, struct span *filter, struct report *report)
{
	struct span rest = *line, word;

	while (span_next_word(&rest, &word)) {
		if (!span_is(word, "if"))
			continue;
		*filter = span_trim(rest);
		if (filter->length == 0)
			report_error(report, word, NULL, "a filter is missing after 'if'");
		*line = span_part(*line, 0, word.at - line->at);
		return true;
	}
	return false;
}

static bool check_parens(struct span filter, struct report *report)
{
	const char *text = span_text(filter);
	size_t depth = 0, open = 0, quote = 0;
	char quoted = '\0';

	for (size_t at = 0; at < filter.length; at++) {
		if (quoted) {
			quoted = text[at] == quoted ? '\0' : quoted;
		} else if (text[at] == '"' || text[at] == '\'') {
			quoted = text[at];
			quote = at;
		} else if (text[at] == '(') {
			open = depth++ ? open : at;
		} else if (text[at] == ')' && depth-- == 0) {
			report_error(report, span_part(filter, at, 1), NULL,
				     "there is no '(' for this ')'");
			return false;
		}
	}
	if (quoted)
		report_error(report, span_part(filter, quote, 1), NULL, "the string is not closed");
	else if (depth)
		report_error(report, span_part(filter, open, 1), NULL, "'(' is not closed");
	return !quoted && !depth;
}

static size_t skip_blanks(struct span filter, size_t at)
{
	const char *text = span_text(filter);

	while (at < filter.length && is_blank(text[at]))
		at++;
	return at;
}

/* The length of the comparison that begins at at; 0: there is none. */
static size_t comparison(struct span filter, size_t at)
{
	static const char *const operators[] = { "==", "!=", "<=", ">=", "&&", "||" };
	struct span rest = span_rest(filter, at);

	for (size_t i = 0; i < sizeof(operators) / sizeof(operators[0]); i++) {
		if (span_starts(rest, operators[i]))
			return i < 4 ? 2 : 0;
	}
	return rest.length && strchr("=<>~&", span_text(rest)[0]) ? 1 : 0;
}

static bool is_field(struct span name, const struct probe_arg *args, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (span_is(name, args[i].name))
			return true;
	}
	for (size_t i = 0; i < COMMON_COUNT; i++) {
		if (span_is(name, common_fields[i]))
			return true;
	}
	return false;
}

static char *near_field(struct span name, const struct probe_arg *args, size_t count)
{
	NK_FREE const char **names = xcalloc(count + COMMON_COUNT, sizeof(*names));
	NK_FREE char *word = span_dup(name);

	for (size_t i = 0; i < count; i++)
		names[i] = args[i].name;
	memcpy(names + count, common_fields, sizeof(common_fields));
	return report_near(word, names, count + COMMON_COUNT);
}

/* A word of the filter, and the comparison that follows it. */
static bool check_word(struct span filter, size_t at, size_t length, const struct probe_arg *args,
		       size_t count, struct report *report)
{
	struct span name = span_part(filter, at, length);
	size_t operator= skip_blanks(filter, at + length);
	size_t size = comparison(filter, operator);

	if (size == 0)
		return true;
	if (size == 1 && span_text(filter)[operator] == '=') {
		report_error(report, span_part(filter, operator, 1), NULL,
			     "'=' does not compare: write '=='");
		return false;
	}
	if (!args || is_field(name, args, count))
		return true;
	report_error(report, name, near_field(name, args, count),
		     "the filter names '%.*s', which is no field here", SPAN_SHOWN(name));
	return false;
}

static bool check_fields(struct span filter, const struct probe_arg *args, size_t count,
			 struct report *report)
{
	const char *text = span_text(filter);
	char quoted = '\0';

	for (size_t at = 0; at < filter.length;) {
		size_t length = 0;

		if (quoted || text[at] == '"' || text[at] == '\'') {
			quoted = !quoted ? text[at] : text[at] == quoted ? '\0' : quoted;
			at++;
			continue;
		}
		while (at + length < filter.length && (is_name(text[at + length])))
			length++;
		if (span_name(filter, at) && !check_word(filter, at, length, args, count, report))
			return false;
		/* What follows '.' is no field, but how one is compared: "ip.function == ..." */
		at += length ? length : 1;
		while (length && at < filter.length && (text[at] == '.' || is_name(text[at])))
			at++;
	}
	return true;
}

char *filter_parse(struct span filter, const struct probe_arg *args, size_t count,
		   struct report *report)
{
	if (filter.length == 0 || !check_parens(filter, report) ||
	    !check_fields(filter, args, count, report))
		return NULL;
	return span_dup(filter);
}
