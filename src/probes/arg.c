/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Words NAME=VALUE:TYPE to struct probe_arg. Names are such as the kernel takes, and each stands
 * once in a function's arguments (but for fallbacks); types are complete, those of enums too.
 */
#include "probes/arg.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "probes/expr.h"

#define NAME_MAX_LENGTH 31  /* MAX_ARG_NAME_LEN of the kernel is 32 */
#define ARGS_MAX	128 /* MAX_TRACE_ARGS */

/* trace_probe.c has these of its own in every event. */
static const char *const reserved_names[] = {
	"common_type", "common_flags", "common_preempt_count", "common_pid",
	"common_tgid", "__probe_ip",   "__probe_func",	       "__probe_ret_ip",
};

static bool is_reserved(struct span name)
{
	for (size_t i = 0; i < sizeof(reserved_names) / sizeof(reserved_names[0]); i++) {
		if (span_is(name, reserved_names[i]))
			return true;
	}
	return false;
}

static bool check_name(struct report *report, struct span name, struct span word)
{
	size_t good = span_name(name, 0);

	if (name.length == 0) {
		report_error(report, span_part(word, 0, 1),
			     xstrdup("an argument is one word, without blanks: NAME=VALUE"),
			     "a name is missing before '='");
		return false;
	}
	if (good < name.length) {
		report_error(report, name, NULL,
			     "'%.*s' is not a name: letters, digits and '_', no digit first",
			     SPAN_SHOWN(name));
		return false;
	}
	if (name.length > NAME_MAX_LENGTH) {
		report_error(report, name, NULL, "a name of an argument has at most %d characters",
			     NAME_MAX_LENGTH);
		return false;
	}
	if (is_reserved(name)) {
		report_error(report, name, NULL, "the kernel has a field '%.*s' of its own",
			     SPAN_SHOWN(name));
		return false;
	}
	return true;
}

/* The offset of the '=' that ends a name, or of the word's end where there is none. */
static size_t find_equals(struct span word)
{
	const char *text = span_text(word);

	/* A value may hold '=' only in a string. */
	if (text[0] == '\\')
		return word.length;

	const char *equals = memchr(text, '=', word.length);
	return equals ? (size_t)(equals - text) : word.length;
}

/* Name and marks of a word; *value is the offset of what is behind them. */
static bool parse_name(struct report *report, struct span word, struct probe_arg *arg,
		       size_t *value)
{
	const char *text = span_text(word);
	size_t equals = find_equals(word);
	size_t end = equals;

	*value = 0;
	if (equals == word.length)
		return true;
	*value = equals + 1;
	for (; end > 0 && (text[end - 1] == '?' || text[end - 1] == '|'); end--) {
		bool *mark = text[end - 1] == '?' ? &arg->optional : &arg->is_fallback;

		if (*mark)
			break;
		*mark = true;
	}

	struct span name = span_part(word, 0, end);
	if (!check_name(report, name, word))
		return false;
	arg->name = span_dup(name);
	arg->place = report_place(report, name);
	return true;
}

/* The offset of the ':' of the type: outside of parentheses and strings. */
static size_t find_colon(struct span word, size_t from)
{
	const char *text = span_text(word);
	size_t depth = 0, at;
	bool is_quoted = false;

	for (at = from; at < word.length; at++) {
		if (text[at] == '"')
			is_quoted = !is_quoted;
		else if (is_quoted)
			continue;
		else if (text[at] == '(')
			depth++;
		else if (text[at] == ')' && depth > 0)
			depth--;
		else if (text[at] == ':' && depth == 0)
			break;
	}
	return at;
}

static char *near_type(const struct probe_set *set, const char *name)
{
	size_t count = probe_type_count + set->enum_count;
	NK_FREE const char **names = xcalloc(count, sizeof(*names));

	for (size_t i = 0; i < probe_type_count; i++)
		names[i] = probe_types[i].name;
	for (size_t i = 0; i < set->enum_count; i++)
		names[probe_type_count + i] = set->enums[i].name;
	return report_near(name, names, count);
}

static char *near_member(struct span bad)
{
	NK_FREE char *name = xstrndup(span_text(bad), span_name(bad, 0));
	const char *near = diag_nearest(name, packet_member_names, PACKET_MEMBER_COUNT);

	return near && strcmp(near, name) != 0 ? xasprintf("did you mean '%s'?", near) : NULL;
}

static bool parse_type(struct report *report, struct span span, struct probe_type *type)
{
	const struct probe_enum *names;
	const char *why;
	size_t at;

	if (probe_type_parse(span_text(span), span.length, type, &why, &at) < 0) {
		struct span bad = span_rest(span, at);
		char *hint = span_starts(span, "packet") ? near_member(bad) : NULL;

		if (span_name(bad, 0))
			bad = span_part(bad, 0, span_name(bad, 0));

		report_error(report, bad, hint, "%s", why);
		return false;
	}
	if (type->kind != PROBE_TYPE_ENUM)
		return true;
	names = probe_set_enum(report->set, type->enum_name);
	if (!names) {
		report_error(report, span, near_type(report->set, type->enum_name),
			     "'%s' is neither a type nor an enum of this file", type->enum_name);
		return false;
	}
	probe_type_set_enum(type, names->kernel);
	return true;
}

static bool check_parens(struct report *report, struct span word)
{
	const char *text = span_text(word);
	size_t depth = 0, open = 0;

	for (size_t at = 0; at < word.length && text[at] != '"'; at++) {
		if (text[at] == '(' && depth++ == 0)
			open = at;
		if (text[at] != ')' || (depth > 0 && depth-- > 0))
			continue;
		report_error(report, span_part(word, at, 1), NULL, "there is no '(' for this ')'");
		return false;
	}
	if (depth == 0)
		return true;
	report_error(report, span_part(word, open, 1),
		     xstrdup("an argument is one word, without blanks"), "'(' is not closed");
	return false;
}

/* The kernel's own name for an argument without one: of a BTF variable its own, else argN. */
static char *automatic_name(const struct probe_expr *expr, size_t index)
{
	if (expr->kind == PROBE_EXPR_NATIVE && !strpbrk(expr->text, ".[->$") &&
	    strlen(expr->text) <= NAME_MAX_LENGTH)
		return xstrdup(expr->text);
	return xasprintf("arg%zu", index + 1);
}

static bool parse_word(struct report *report, struct span word, bool is_return, size_t index,
		       struct probe_arg *arg)
{
	size_t value, colon;
	bool is_good;

	if (!parse_name(report, word, arg, &value) || !check_parens(report, word))
		return false;
	colon = find_colon(word, value);
	if (value > 0 && colon == value) {
		report_error(report, span_part(word, value - 1, 1), NULL,
			     "the value of '%s' is missing", arg->name);
		return false;
	}
	arg->expr = expr_parse(report, span_part(word, value, colon - value), is_return);
	is_good = arg->expr;
	if (colon < word.length && !parse_type(report, span_rest(word, colon + 1), &arg->type))
		is_good = false;
	if (is_good && !arg->name) {
		arg->name = automatic_name(arg->expr, index);
		arg->place = report_place(report, word);
	}
	return is_good;
}

static const struct probe_arg *find_arg(const struct probe_arg *args, size_t count,
					const char *name)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(args[i].name, name) == 0)
			return &args[i];
	}
	return NULL;
}

/* A name that stands once before a "|=", and no more than once without it. */
static bool check_once(struct report *report, struct span word, const struct probe_arg *args,
		       size_t count, const struct probe_arg *arg)
{
	const struct probe_arg *before = find_arg(args, count, arg->name);
	struct span name = span_part(word, 0, span_name(word, 0));

	if (!before && arg->is_fallback) {
		report_error(report, name, NULL, "there is no '%s' before for '|=' to stand in for",
			     arg->name);
		return false;
	}
	if (before && !arg->is_fallback) {
		if (report_error(report, name, NULL, "the name '%s' is used twice", arg->name))
			report_note(report, &before->place, "'%s' is here, too", arg->name);
		return false;
	}
	return true;
}

static void add_arg(struct report *report, struct span word, bool is_return,
		    struct probe_arg **args, size_t *count, bool *is_nk, size_t index)
{
	struct probe_arg arg = { 0 };

	if (!parse_word(report, word, is_return, index, &arg) ||
	    !check_once(report, word, *args, *count, &arg)) {
		free(arg.name);
		probe_expr_free(arg.expr);
		return;
	}
	*is_nk |= probe_arg_is_nk(&arg);
	*array_add(args, count) = arg;
}

void args_parse(struct report *report, struct span span, bool is_return, struct probe_arg **args,
		size_t *count, bool *is_nk)
{
	struct span word;

	for (size_t index = 0; span_next_word(&span, &word); index++) {
		if (index == ARGS_MAX) {
			report_error(report, word, NULL, "a function has at most %d arguments",
				     ARGS_MAX);
			return;
		}
		add_arg(report, word, is_return, args, count, is_nk, index);
	}
}

static void check_native_word(struct report *report, struct span word)
{
	struct probe_type type;
	size_t equals = find_equals(word);
	size_t value = equals < word.length ? equals + 1 : 0;
	size_t colon = find_colon(word, value);

	if (!check_parens(report, word))
		return;
	if (equals < word.length && !check_name(report, span_part(word, 0, equals), word))
		return;
	if (value > 0 && colon == value) {
		report_error(report, word, NULL, "the value of '%.*s' is missing",
			     SPAN_SHOWN(span_part(word, 0, equals)));
		return;
	}
	if (colon == word.length || !parse_type(report, span_rest(word, colon + 1), &type))
		return;
	if (type.kind == PROBE_TYPE_DISPLAY || type.kind == PROBE_TYPE_ENUM)
		report_error(report, span_rest(word, colon + 1),
			     type.kernel[0] ? xasprintf("write '%s'", type.kernel) : NULL,
			     "this line is for the kernel as it is, which does not know the type");
}

void args_check_native(struct report *report, struct span span)
{
	struct span word;

	while (span_next_word(&span, &word))
		check_native_word(report, word);
}

struct probe_arg *args_copy(const struct probe_arg *args, size_t count)
{
	struct probe_arg *copy = NULL;
	size_t copied = 0;

	for (size_t i = 0; i < count; i++) {
		struct probe_arg *arg = array_add(&copy, &copied);

		*arg = args[i];
		arg->name = xstrdup(args[i].name);
		arg->expr = expr_copy(args[i].expr);
	}
	return copy;
}
