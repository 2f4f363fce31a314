/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A value of nk-probes(5) to a tree of expressions: what the kernel's FETCHARG is
 * (Documentation/trace/kprobetrace.rst), and offsets by name. Names of BTF are kept as text: only
 * the kernel knows them. Nested at most DEREF_MAX deep, as the kernel has it (FETCH_INSN_MAX).
 */
#include "probes/expr.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

#define DEREF_MAX 16

struct context {
	struct report *report;
	bool is_return;
	int depth;
};

static struct probe_expr *parse(struct context *context, struct span span);

static struct probe_expr *expr_new(struct context *context, enum probe_expr_kind kind,
				   struct span span)
{
	struct probe_expr *expr = xcalloc(1, sizeof(*expr));

	expr->kind = kind;
	expr->place = report_place(context->report, span);
	return expr;
}

static struct probe_expr *expr_text(struct context *context, enum probe_expr_kind kind,
				    struct span span)
{
	struct probe_expr *expr = expr_new(context, kind, span);

	expr->text = span_dup(span);
	return expr;
}

/* All of the span as the kernel's kstrtol() takes it: of base 0, octal with a 0 before. */
static bool read_number(struct span span, int base, long *number)
{
	NK_FREE char *text = span_dup(span);
	char *end;

	if (!is_digit(text[0]))
		return false;
	errno = 0;
	*number = strtol(text, &end, base);
	return *end == '\0' && errno == 0;
}

static struct probe_expr *parse_argument(struct context *context, struct span span)
{
	struct probe_expr *expr;
	long number;

	if (!read_number(span_rest(span, 4), 10, &number) || number > 1000) {
		report_error(context->report, span, NULL,
			     "'%.*s' is not an argument: '$arg' and a number", SPAN_SHOWN(span));
		return NULL;
	}
	if (number == 0) {
		report_error(context->report, span, xstrdup("the first one is '$arg1'"),
			     "arguments are counted from 1");
		return NULL;
	}
	expr = expr_new(context, PROBE_EXPR_ARG, span);
	expr->number = number;
	return expr;
}

static struct probe_expr *parse_stack(struct context *context, struct span span)
{
	struct probe_expr *expr;
	long number;

	if (span.length == strlen("$stack"))
		return expr_new(context, PROBE_EXPR_STACK, span);
	if (!read_number(span_rest(span, strlen("$stack")), 10, &number)) {
		report_error(context->report, span, NULL,
			     "'%.*s' is not an entry of the stack: '$stack' and a number",
			     SPAN_SHOWN(span));
		return NULL;
	}
	expr = expr_new(context, PROBE_EXPR_STACK_N, span);
	expr->number = number;
	return expr;
}

static struct probe_expr *parse_retval(struct context *context, struct span span)
{
	if (!context->is_return) {
		report_error(context->report, span,
			     xstrdup("put it on an 'r' line below: the return half"),
			     "'$retval' is known only when the function returns");
		return NULL;
	}
	return expr_new(context, PROBE_EXPR_RETVAL, span);
}

/* What '->', '.' and '[' lead on to is of BTF. */
static bool has_members(struct span span, size_t from)
{
	const char *text = span_text(span);

	if (from >= span.length)
		return false;
	return text[from] == '.' || text[from] == '[' ||
	       (text[from] == '-' && from + 1 < span.length && text[from + 1] == '>');
}

static struct probe_expr *parse_variable(struct context *context, struct span span)
{
	static const char *const names[] = { "$arg1", "$retval", "$stack", "$comm" };
	size_t name = 1 + span_name(span, 1);

	if (has_members(span, name))
		return expr_text(context, PROBE_EXPR_NATIVE, span);
	if (span_is(span, "$retval"))
		return parse_retval(context, span);
	if (span_is(span, "$comm"))
		return expr_new(context, PROBE_EXPR_COMM, span);
	if (span_starts(span, "$arg"))
		return parse_argument(context, span);
	if (span_starts(span, "$stack"))
		return parse_stack(context, span);

	NK_FREE char *text = span_dup(span);
	report_error(context->report, span, report_near(text, names, 4),
		     "'%.*s' is not a variable: $argN, $retval, $stack, $stackN, $comm",
		     SPAN_SHOWN(span));
	return NULL;
}

static struct probe_expr *parse_register(struct context *context, struct span span)
{
	struct probe_expr *expr;

	if (span.length == 1 || span_name(span, 1) + 1 != span.length) {
		report_error(context->report, span, NULL, "'%.*s' is not the name of a register",
			     SPAN_SHOWN(span));
		return NULL;
	}
	expr = expr_new(context, PROBE_EXPR_REGISTER, span);
	expr->text = span_dup(span_rest(span, 1));
	return expr;
}

static struct probe_expr *parse_address(struct context *context, struct span span)
{
	if (span.length == 1) {
		report_error(context->report, span, NULL,
			     "an address or symbol is missing after '@'");
		return NULL;
	}
	if (span_text(span)[1] == '+') {
		report_error(context->report, span, NULL,
			     "an offset in a file is of a program, not of the kernel");
		return NULL;
	}
	return expr_text(context, PROBE_EXPR_ADDRESS, span);
}

static struct probe_expr *parse_immediate(struct context *context, struct span span)
{
	const char *text = span_text(span);

	if (span.length == 1) {
		report_error(context->report, span, NULL,
			     "a number or \"text\" is missing after '\\'");
		return NULL;
	}
	if (text[1] == '"' && (span.length < 3 || text[span.length - 1] != '"')) {
		report_error(context->report, span,
			     xstrdup("an argument is one word, without blanks"),
			     "the closing '\"' is missing");
		return NULL;
	}
	return expr_text(context, PROBE_EXPR_IMMEDIATE, span);
}

static struct probe_expr *parse_native(struct context *context, struct span span)
{
	const char *text = span_text(span);
	size_t at = span_name(span, 0);

	while (at < span.length && (is_name(text[at]) || strchr(".[]>-", text[at])))
		at++;
	if (at < span.length) {
		struct span bad = span_character(span, at);

		report_error(context->report, bad, NULL,
			     "'%.*s' cannot stand in the name of a variable", SPAN_SHOWN(bad));
		return NULL;
	}
	return expr_text(context, PROBE_EXPR_NATIVE, span);
}

/* Where the path STRUCT.MEMBER[.MEMBER] that begins at start ends; start: there is none. */
static size_t member_path(struct span span, size_t start)
{
	const char *text = span_text(span);
	size_t at = start + span_name(span, start);
	size_t members = 0;

	while (at > start && at < span.length && text[at] == '.') {
		size_t name = span_name(span, at + 1);

		if (name == 0)
			return start;
		at += 1 + name;
		members++;
	}
	return members ? at : start;
}

/* The "STRUCT.MEMBER" of a dereference, and "+N" or "-N" behind it; span is what the '(' follows.
 */
static bool parse_member(struct context *context, struct span span, struct probe_expr *expr)
{
	const char *text = span_text(span);
	size_t end = member_path(span, 0);

	if (end == 0) {
		report_error(context->report, span, NULL,
			     "'%.*s' is neither a number of bytes nor STRUCT.MEMBER",
			     SPAN_SHOWN(span));
		return false;
	}
	expr->kind = PROBE_EXPR_MEMBER;
	expr->text = span_dup(span_part(span, 0, end));
	expr->number = 0;
	if (end == span.length)
		return true;
	if ((text[end] != '+' && text[end] != '-') ||
	    !read_number(span_rest(span, end + 1), 0, &expr->number)) {
		report_error(context->report, span_rest(span, end), NULL,
			     "only '+' or '-' and a number of bytes can follow the member");
		return false;
	}
	if (text[end] == '-')
		expr->number = -expr->number;
	return true;
}

static bool parse_offset(struct context *context, struct span span, struct probe_expr *expr)
{
	const char *text = span_text(span);
	struct span offset = span_rest(span, 1);
	bool is_minus = text[0] == '-';

	if (offset.length > 1 && text[1] == 'u' && is_digit(text[2])) {
		expr->user = true;
		offset = span_rest(span, 2);
	} else if (offset.length > 1 && text[1] == 'u' && text[2] == '.') {
		expr->user = true;
		offset = span_rest(span, 3);
	}
	if (offset.length == 0) {
		report_error(context->report, span, NULL,
			     "a number of bytes or STRUCT.MEMBER is missing after '%c'", text[0]);
		return false;
	}
	if (read_number(offset, 0, &expr->number)) {
		expr->number = is_minus ? -expr->number : expr->number;
		return true;
	}
	if (is_minus && member_path(offset, 0) > 0) {
		report_error(context->report, span, NULL,
			     "the offset of a member is added: write '+%.*s'", SPAN_SHOWN(offset));
		return false;
	}
	return parse_member(context, offset, expr);
}

static struct probe_expr *parse_inner(struct context *context, struct span span)
{
	struct probe_expr *inner;

	if (context->depth == DEREF_MAX) {
		report_error(context->report, span, NULL,
			     "more than %d dereferences, one in another", DEREF_MAX);
		return NULL;
	}
	context->depth++;
	inner = parse(context, span);
	context->depth--;
	return inner;
}

static struct probe_expr *parse_deref(struct context *context, struct span span)
{
	const char *text = span_text(span);
	const char *paren = memchr(text, '(', span.length);
	struct probe_expr *expr;
	size_t open, close;

	if (!paren) {
		report_error(context->report, span, NULL,
			     "the address to add to is missing: %.*s(ADDRESS)", SPAN_SHOWN(span));
		return NULL;
	}
	open = (size_t)(paren - text);
	close = span_close(span, open);
	if (close == span.length) {
		report_error(context->report, span_part(span, open, 1),
			     xstrdup("an argument is one word, without blanks"),
			     "'(' is not closed");
		return NULL;
	}
	if (close + 1 < span.length) {
		report_error(context->report, span_rest(span, close + 1), NULL,
			     "nothing can follow the ')' here but a type");
		return NULL;
	}
	expr = expr_new(context, PROBE_EXPR_DEREF, span);
	if (parse_offset(context, span_part(span, 0, open), expr))
		expr->inner = parse_inner(context, span_part(span, open + 1, close - open - 1));
	if (!expr->inner) {
		probe_expr_free(expr);
		return NULL;
	}
	return expr;
}

static struct probe_expr *parse_value(struct context *context, struct span span)
{
	char first = span.length ? span_text(span)[0] : '\0';

	switch (first) {
	case '\0':
		report_error(context->report, span, NULL, "a value is missing here");
		return NULL;
	case '$':
		return parse_variable(context, span);
	case '%':
		return parse_register(context, span);
	case '@':
		return parse_address(context, span);
	case '\\':
		return parse_immediate(context, span);
	case '+':
	case '-':
		return parse_deref(context, span);
	}
	if (is_name_start(first))
		return parse_native(context, span);
	report_error(context->report, span,
		     is_digit(first) ? xasprintf("the number itself is '\\%.*s'", SPAN_SHOWN(span))
				     : NULL,
		     "'%.*s' is not a value: it begins with $, %%, +, -, @ or \\",
		     SPAN_SHOWN(span));
	return NULL;
}

/* What stands before a '!' is never a bad pointer: the file knows the function. */
static struct probe_expr *parse(struct context *context, struct span span)
{
	const char *text = span_text(span);
	bool is_sure = span.length > 1 && strchr("$%@+-", text[0]) && text[span.length - 1] == '!';
	struct probe_expr *expr =
		parse_value(context, is_sure ? span_part(span, 0, span.length - 1) : span);

	if (expr)
		expr->is_sure = is_sure;
	return expr;
}

struct probe_expr *expr_parse(struct report *report, struct span span, bool is_return)
{
	struct context context = { .report = report, .is_return = is_return };

	return parse(&context, span);
}

struct probe_expr *expr_copy(const struct probe_expr *expr)
{
	struct probe_expr *first = NULL, **to = &first;

	for (; expr; expr = expr->inner, to = &(*to)->inner) {
		*to = xmalloc(sizeof(**to));
		**to = *expr;
		(*to)->text = expr->text ? xstrdup(expr->text) : NULL;
		(*to)->inner = NULL;
	}
	return first;
}
