/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A symbol, arguments and a filter to struct probe_func. What is mistaken is told and left out; the
 * function itself is there all the same, so that the lines that follow can be joined to it.
 */
#include "probes/func.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "probes/arg.h"
#include "probes/filter.h"

#define ACTIVE_MAX 4096 /* KRETPROBE_MAXACTIVE_MAX of the kernel */

bool func_parse_kind(struct report *report, struct span word, bool *is_return, int *max_active)
{
	const char *text = span_text(word);
	struct span number = span_rest(word, 1);
	long active = 0;

	if (word.length == 0 || (text[0] != 'p' && text[0] != 'r'))
		return false;
	for (size_t i = 1; i < word.length; i++) {
		if (!is_digit(text[i]))
			return false;
		active = active > ACTIVE_MAX ? active : active * 10 + (text[i] - '0');
	}
	if (text[0] == 'p' && number.length > 0)
		report_error(report, number, NULL,
			     "only a probe at the return (r) has a maxactive");
	else if (active > ACTIVE_MAX)
		report_error(report, number, NULL, "maxactive is at most %d", ACTIVE_MAX);
	*is_return = text[0] == 'r';
	*max_active = active <= ACTIVE_MAX ? (int)active : 0;
	return true;
}

char *func_automatic_name(const char *symbol)
{
	const char *colon = strrchr(symbol, ':');
	const char *start = colon ? colon + 1 : symbol;
	size_t length = strcspn(start, ".+%");
	char *name = is_digit(start[0]) ? xasprintf("p_%.*s", (int)length, start)
					: xstrndup(start, length);

	for (char *c = name; *c; c++) {
		if (!is_name(*c))
			*c = '_';
	}
	return name;
}

bool func_is_native(struct span text)
{
	struct span word, rest = text;

	if (span_next_word(&rest, &word) && is_digit(span_text(word)[0]))
		return true;
	while (span_next_word(&rest, &word) && !span_is(word, "if")) {
		if (span_is(word, "$arg*"))
			return true;
	}
	return false;
}

/* How many bytes of the word are MODULE:SYMBOL; 0: none. */
static size_t symbol_length(struct span word)
{
	const char *text = span_text(word);
	size_t at = 0, colons = 0;

	/* An argument stands where the symbol should. */
	if ((!is_name_start(text[0]) && text[0] != '.') || memchr(text, '=', word.length))
		return 0;
	while (at < word.length && (is_name(text[at]) || text[at] == '.' || text[at] == ':')) {
		if (text[at] == ':' && (++colons > 1 || at + 1 == word.length))
			return 0;
		at++;
	}
	return at;
}

/* "+0x10" behind the symbol, as the kernel's kstrtol() takes it: octal with a 0 before. */
static bool parse_offset(struct span span, long *offset)
{
	NK_FREE char *text = span_dup(span);
	char *end;

	if (text[0] != '+' || !is_digit(text[1]))
		return false;
	errno = 0;
	*offset = strtol(text + 1, &end, 0);
	return *end == '\0' && errno == 0;
}

static void parse_symbol(struct report *report, struct span word, struct probe_func *func)
{
	size_t length = symbol_length(word);
	struct span rest = span_rest(word, length);

	func->place = report_place(report, word);
	func->symbol = span_dup(span_part(word, 0, length));
	if (length == 0) {
		report_error(report, word, NULL,
			     "the name of a function is expected here, not '%.*s'",
			     SPAN_SHOWN(word));
		return;
	}
	if (rest.length >= 7 && span_is(span_rest(rest, rest.length - 7), "%return")) {
		func->is_return = true;
		rest = span_part(rest, 0, rest.length - 7);
	}
	if (rest.length > 0 && !parse_offset(rest, &func->offset))
		report_error(report, rest, NULL,
			     "only '+' and a number of bytes can follow the function's name");
}

/* "unless FUNCTION" at the end of what stands before the filter. */
static void split_unless(struct report *report, struct span *line, struct probe_func *func,
			 bool *is_nk)
{
	struct span rest = *line, word, name;
	bool is_there = false;

	while (!is_there && span_next_word(&rest, &word))
		is_there = span_is(word, "unless");
	if (!is_there)
		return;
	*is_nk = true;
	*line = span_part(*line, 0, word.at - line->at);
	if (!span_next_word(&rest, &name))
		report_error(report, word, NULL,
			     "the name of a function is missing after 'unless'");
	else if (symbol_length(name) < name.length)
		report_error(report, name, NULL,
			     "the name of a function is expected here, not '%.*s'",
			     SPAN_SHOWN(name));
	else if (span_next_word(&rest, &word))
		report_error(report, word, NULL,
			     "only 'if' can follow the function after 'unless'");
	else
		func->unless = span_dup(name);
}

void func_parse(struct report *report, struct span text, struct probe_func *func, bool *is_nk)
{
	static const struct probe_arg none;
	size_t errors = report->errors;
	struct span filter, word;
	bool has_filter = filter_split(&text, &filter, report);

	if (!span_next_word(&text, &word)) {
		func->symbol = xstrdup("");
		func->place = report_place(report, text);
		report_error(report, text, NULL, "the name of a function is missing");
		return;
	}
	parse_symbol(report, word, func);
	split_unless(report, &text, func, is_nk);
	args_parse(report, text, func->is_return, &func->args, &func->arg_count, is_nk);
	if (has_filter) {
		bool is_known = report->errors == errors;
		const struct probe_arg *args = func->arg_count ? func->args : &none;

		func->filter =
			filter_parse(filter, is_known ? args : NULL, func->arg_count, report);
	}
}

void func_parse_return(struct report *report, struct span text, struct probe_func *half,
		       bool *is_nk)
{
	struct span filter;

	if (filter_split(&text, &filter, report))
		report_error(report, filter, xstrdup("put it on the line of the function"),
			     "a return half has no filter of its own");
	args_parse(report, text, true, &half->ret_args, &half->ret_arg_count, is_nk);
}

void func_join_return(struct probe_func *func, const struct probe_func *half)
{
	func->has_return_half = true;
	func->ret_max_active = half->ret_max_active;
	func->ret_place = half->ret_place;
	func->ret_args = args_copy(half->ret_args, half->ret_arg_count);
	func->ret_arg_count = half->ret_arg_count;
}
