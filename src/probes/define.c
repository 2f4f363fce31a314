/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lines to probes: the first line of a probe, the functions and return halves joined to it. A line
 * with a mistake is read on as far as it can be, so that every mistake is told, and none because of
 * another: what is joined to a mistaken line goes unheard.
 */
#include "probes/define.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "probes/arg.h"
#include "probes/filter.h"
#include "probes/func.h"

#define PROBES_MAX	4096
#define FUNCS_MAX	64
#define NAME_MAX_LENGTH 63  /* MAX_EVENT_NAME_LEN of the kernel is 64 */
#define UNNAMED		"?" /* of a probe whose name and function are missing, which was told */

/* The first word of a line, "r10:nk/tcp_accept". */
struct head {
	char letter;
	bool has_name;
	struct span kind; /* "r10" */
	struct span name; /* "nk/tcp_accept" */
	struct span word;
	struct span rest; /* of the line */
};

static bool split_head(struct span line, struct head *head)
{
	struct span rest = line;
	const char *colon;

	if (!span_next_word(&rest, &head->word))
		return false;
	colon = memchr(span_text(head->word), ':', head->word.length);

	size_t length = colon ? (size_t)(colon - span_text(head->word)) : head->word.length;
	head->kind = span_part(head->word, 0, length);
	head->letter = length ? span_text(head->word)[0] : '\0';
	head->has_name = colon;
	head->name = span_rest(head->word, length + 1);
	head->rest = rest;
	for (size_t i = 1; i < length; i++) {
		if (!is_digit(span_text(head->word)[i]))
			return false;
	}
	return true;
}

static bool check_event_name(struct parser *parser, struct span name, const char *what)
{
	size_t good = span_name(name, 0);

	if (good == 0 || good < name.length) {
		report_error(
			&parser->report, name, NULL,
			"'%.*s' is not a name of a %s: letters, digits and '_', no digit first",
			SPAN_SHOWN(name), what);
		return false;
	}
	if (name.length > NAME_MAX_LENGTH) {
		report_error(&parser->report, name, NULL,
			     "the name of a %s has at most %d characters", what, NAME_MAX_LENGTH);
		return false;
	}
	return true;
}

/* "[GROUP/][NAME]"; probe->name stays NULL where it is not written. */
static bool parse_event_name(struct parser *parser, const struct head *head, struct probe *probe)
{
	struct span name = head->name;
	const char *text = span_text(name);
	size_t slash = 0;

	while (slash < name.length && text[slash] != '/' && text[slash] != '.')
		slash++;
	if (slash < name.length) {
		if (!check_event_name(parser, span_part(name, 0, slash), "group"))
			return false;
		free(probe->group);
		probe->group = span_dup(span_part(name, 0, slash));
		name = span_rest(name, slash + 1);
		if (name.length == 0)
			return true;
	}
	if (name.length == 0) {
		report_error(&parser->report, head->word, NULL, "a name is missing after ':'");
		return false;
	}
	if (!check_event_name(parser, name, "probe"))
		return false;
	probe->name = span_dup(name);
	probe->place = report_place(&parser->report, name);
	return true;
}

/* The probe that was just filled is the set's, unless its name is used already. */
static bool add_probe(struct parser *parser, struct span where, struct probe *probe)
{
	struct probe_set *set = parser->set;

	for (size_t i = 0; i < set->probe_count; i++) {
		if (strcmp(probe->name, UNNAMED) == 0 ||
		    strcmp(set->probes[i].name, probe->name) != 0)
			continue;
		if (report_error(&parser->report, where, NULL, "the probe '%s' is defined twice",
				 probe->name))
			report_note(&parser->report, &set->probes[i].place,
				    "it is defined here, too");
		break;
	}
	if (set->probe_count == PROBES_MAX) {
		report_error(&parser->report, where, NULL, "a file has at most %d probes",
			     PROBES_MAX);
		return false;
	}
	doc_give_probe(&parser->doc, probe);
	*array_add(&set->probes, &set->probe_count) = *probe;
	*probe = (struct probe){ 0 };
	parser->probe = &set->probes[set->probe_count - 1];
	parser->func_count = 0;
	return true;
}

static void check_group(struct parser *parser, const struct probe *probe, struct span where,
			bool is_nk)
{
	if (strcmp(probe->group, "nk") == 0)
		return;
	if (is_nk)
		report_error(&parser->report, where, xasprintf("nk/%s", probe->name),
			     "a probe with what is nk's own is of group nk, not '%s'",
			     probe->group);
	else
		report_warning(&parser->report, where, xasprintf("nk/%s", probe->name),
			       "definitions of nk are of group nk; this one stays of group '%s'",
			       probe->group);
}

/* Names the probe after what it is attached to, where it has no name. */
static bool name_after(struct parser *parser, struct probe *probe, struct span word)
{
	NK_FREE char *symbol = span_dup(word);

	if (probe->name)
		return true;
	probe->name = func_automatic_name(symbol);
	probe->place = report_place(&parser->report, word);
	if (probe->name[0] && strlen(probe->name) <= NAME_MAX_LENGTH)
		return true;
	report_error(&parser->report, word, xstrdup("give the probe a name: p:NAME SYMBOL"),
		     "no name of a probe can be made of this");
	return false;
}

/* A line that the kernel gets as it is, but for the name that it is known by. */
static void parse_native(struct parser *parser, const struct head *head, struct probe *probe)
{
	struct report *report = &parser->report;
	struct span text = span_trim(head->rest), filter, word, where;
	bool has_filter = filter_split(&text, &filter, report);
	struct span rest = text;

	if (!span_next_word(&rest, &word)) {
		report_error(report, head->word, NULL, "what to attach to is missing");
		return;
	}
	where = head->has_name && probe->name ? head->name : word;
	if (!name_after(parser, probe, word))
		return;
	args_check_native(report, rest);
	/* An event probe's filter is a part of its definition. */
	if (has_filter && head->letter != 'e')
		probe->filter = filter_parse(filter, NULL, 0, report);
	else
		text = span_trim(head->rest);
	probe->kind = PROBE_NATIVE;
	check_group(parser, probe, where, false);

	struct span body = span_trim(text);
	probe->verbatim =
		xasprintf("%.*s:%s/%s %.*s", (int)head->kind.length, span_text(head->kind),
			  probe->group, probe->name, (int)body.length, span_text(body));
	add_probe(parser, where, probe);
}

static bool check_func_count(struct parser *parser, struct span where)
{
	if (parser->func_count++ < FUNCS_MAX)
		return true;
	report_error(&parser->report, where, NULL, "a probe has at most %d functions", FUNCS_MAX);
	return false;
}

static void add_func(struct probe_carrier *carrier, const struct probe_func *func)
{
	*array_add(&carrier->funcs, &carrier->func_count) = *func;
}

static void parse_kprobe(struct parser *parser, const struct head *head, struct probe *probe)
{
	struct probe_func func = { 0 };
	struct span rest = head->rest, word = head->word, where;
	bool is_nk = false;

	func_parse_kind(&parser->report, head->kind, &func.is_return, &func.max_active);
	span_next_word(&rest, &word);
	if (func_is_native(head->rest)) {
		parse_native(parser, head, probe);
		return;
	}
	where = head->has_name && probe->name ? head->name : word;
	func_parse(&parser->report, span_trim(head->rest), &func, &is_nk);
	probe->kind = PROBE_KPROBE;
	/* A function without a name was told already. */
	if (!func.symbol[0])
		parser->is_lost = true;
	if (!probe->name && !func.symbol[0]) {
		probe->name = xstrdup(UNNAMED);
		probe->place = report_place(&parser->report, word);
	}
	if (name_after(parser, probe, word))
		check_group(parser, probe, where, is_nk);
	add_func(array_add(&probe->carriers, &probe->carrier_count), &func);
	if (add_probe(parser, where, probe))
		parser->func_count = 1;
}

static void parse_tracepoint(struct parser *parser, const struct head *head, struct probe *probe)
{
	struct report *report = &parser->report;
	struct span rest = head->rest, filter, word;
	bool has_filter = filter_split(&rest, &filter, report);
	size_t colon;

	if (!span_next_word(&rest, &word)) {
		report_error(report, head->word, NULL, "a tracepoint is missing: t SYSTEM:EVENT");
		return;
	}
	for (colon = 0; colon < word.length && span_text(word)[colon] != ':';)
		colon++;
	if (colon == word.length) {
		report_error(report, word, xasprintf("t SYSTEM:%.*s", SPAN_SHOWN(word)),
			     "the system of the tracepoint is missing");
		return;
	}

	struct span event = span_rest(word, colon + 1);
	if (!check_event_name(parser, span_part(word, 0, colon), "system") ||
	    !check_event_name(parser, event, "tracepoint"))
		return;
	probe->kind = PROBE_TRACEPOINT;
	free(probe->group);
	probe->group = span_dup(span_part(word, 0, colon));
	probe->name = span_dup(event);
	probe->place = report_place(report, event);
	if (has_filter)
		probe->filter = filter_parse(filter, NULL, 0, report);
	if (span_next_word(&rest, &word))
		report_error(
			report, word, NULL,
			"a tracepoint has the fields that it has: nothing can follow it but 'if'");
	add_probe(parser, event, probe);
}

static bool check_joined(struct parser *parser, struct span where)
{
	struct report *report = &parser->report;

	if (parser->is_lost)
		return false;
	if (!parser->probe) {
		report_error(report, where, NULL, "there is no probe above to join this line to");
		return false;
	}
	if (parser->probe->kind != PROBE_KPROBE) {
		if (report_error(report, where, NULL, "nothing can be joined to %s",
				 parser->probe->kind == PROBE_TRACEPOINT
					 ? "a tracepoint"
					 : "a line that is the kernel's as it is"))
			report_note(report, &parser->probe->place, "which is here");
		return false;
	}
	if (parser->doc.is_there)
		report_warning(
			report, span_trim(span_all(&parser->doc.head)), NULL,
			"this documents nothing: it belongs above the first line of a probe");
	doc_clear(&parser->doc);
	return true;
}

/* "& [p|r[N]] SYMBOL ..." and "| ...". */
static void parse_join(struct parser *parser, struct span line)
{
	struct report *report = &parser->report;
	struct span mark = span_part(line, 0, 1), rest = span_trim(span_rest(line, 1)), word, after;
	bool is_new = span_is(mark, "|"), is_nk = false;
	struct probe_func func = { 0 };
	struct probe_carrier *carrier;

	if (!check_joined(parser, mark))
		return;
	carrier = &parser->probe->carriers[is_new ? 0 : parser->probe->carrier_count - 1];
	func.is_return = carrier->funcs[is_new ? 0 : carrier->func_count - 1].is_return;
	func.max_active = carrier->funcs[is_new ? 0 : carrier->func_count - 1].max_active;
	after = rest;
	if (span_next_word(&after, &word) &&
	    func_parse_kind(report, word, &func.is_return, &func.max_active))
		rest = span_trim(after);
	else if (rest.length > 0 && (span_starts(rest, "p:") || span_starts(rest, "r:")))
		report_error(
			report, word,
			xasprintf("write '%.*s %c SYMBOL'", SPAN_SHOWN(mark), span_text(rest)[0]),
			"a function that is joined has no name of its own");
	if (rest.length == 0)
		rest = mark;
	if (func_is_native(rest)) {
		report_error(report, rest, NULL,
			     "a line that is the kernel's as it is cannot be joined");
		return;
	}
	if (!check_func_count(parser, mark))
		return;
	if (rest.at == mark.at) {
		report_error(report, mark, NULL, "the name of a function is missing");
		return;
	}
	func_parse(report, rest, &func, &is_nk);
	check_group(parser, parser->probe, mark, is_nk);
	if (is_new)
		carrier = array_add(&parser->probe->carriers, &parser->probe->carrier_count);
	add_func(carrier, &func);
}

static bool is_return_half(const struct head *head)
{
	struct span rest = head->rest, word;
	const char *text;

	if (head->letter != 'r' || head->has_name)
		return false;
	if (!span_next_word(&rest, &word) || span_is(word, "if"))
		return true;
	text = span_text(word);
	return strchr("$%+-@\\", text[0]) || memchr(text, '=', word.length);
}

/* True where the function is one that a return half can be joined to. */
static bool wants_return(const struct probe_func *func)
{
	return !func->is_return && !func->has_return_half;
}

static size_t join_return(struct probe *probe, const struct probe_func *half)
{
	size_t joined = 0;

	for (size_t i = 0; i < probe->carrier_count; i++) {
		struct probe_carrier *carrier = &probe->carriers[i];

		for (size_t j = 0; j < carrier->func_count; j++) {
			if (!wants_return(&carrier->funcs[j]))
				continue;
			func_join_return(&carrier->funcs[j], half);
			joined++;
		}
	}
	return joined;
}

static void parse_return_half(struct parser *parser, const struct head *head)
{
	struct report *report = &parser->report;
	struct probe_func half = { 0 };
	bool is_nk = false, is_return;

	if (!check_joined(parser, head->word))
		return;
	func_parse_kind(report, head->kind, &is_return, &half.ret_max_active);
	half.ret_place = report_place(report, head->word);
	func_parse_return(report, head->rest, &half, &is_nk);
	check_group(parser, parser->probe, head->word, true);
	if (join_return(parser->probe, &half) == 0)
		report_error(report, head->word, NULL,
			     "every function above is probed at its return already");
	probe_args_free(half.ret_args, half.ret_arg_count);
}

static void parse_unknown(struct parser *parser, const struct head *head)
{
	if (head->letter == '-')
		report_error(&parser->report, head->word, NULL,
			     "a probe file defines probes, it does not delete any");
	else
		report_error(&parser->report, head->word,
			     xstrdup("a line begins with p, r, t, &, |, enum, # or @GROUP(...) ="),
			     "no line begins with '%.*s'", SPAN_SHOWN(head->word));
}

/* The first line of a probe. */
static void parse_probe(struct parser *parser, const struct head *head)
{
	struct probe probe = { .group = xstrdup("nk") };
	bool is_named;

	parser->probe = NULL;
	parser->is_lost = false;
	is_named = !head->has_name || parse_event_name(parser, head, &probe);
	if (!is_named)
		parser->report.is_muted = true;
	if (head->letter == 't' && !head->has_name)
		parse_tracepoint(parser, head, &probe);
	else if (strchr("fet", head->letter))
		parse_native(parser, head, &probe);
	else
		parse_kprobe(parser, head, &probe);
	if (!parser->probe)
		parser->is_lost = true;
	doc_clear(&parser->doc);
	probe_clear(&probe);
}

void define_line(struct parser *parser, struct span line)
{
	struct head head = { 0 };
	bool is_known = split_head(line, &head);

	if (line.length == 0)
		return;
	if (span_starts(line, "&") || span_starts(line, "|")) {
		parse_join(parser, line);
	} else if (!is_known || !head.letter || !strchr("prtfe", head.letter)) {
		parse_unknown(parser, &head);
		parser->probe = NULL;
		parser->is_lost = true;
		doc_clear(&parser->doc);
	} else if (is_return_half(&head)) {
		parse_return_half(parser, &head);
	} else {
		parse_probe(parser, &head);
	}
}
