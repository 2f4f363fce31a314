/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Groups of fields are collected from the whole file, then put into lines as text, parameters
 * replaced by what the use gives. Every byte that comes out keeps its place: that of the group's
 * body, or of the use for what was given. No file can make much out of little: see the limits.
 */
#include "probes/group.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

#define GROUPS_MAX     512
#define PARAMETERS_MAX 16
#define DEPTH_MAX      16
#define LINE_MAX_BYTES ((size_t)64 << 10)
#define FILE_MAX_BYTES ((size_t)16 << 20)
#define USES_MAX       16384

static struct group *find_group(const struct groups *groups, struct span name)
{
	for (size_t i = 0; i < groups->count; i++) {
		if (span_is(name, groups->items[i].name))
			return &groups->items[i];
	}
	return NULL;
}

static void clear_group(struct group *group)
{
	for (size_t i = 0; i < group->parameter_count; i++)
		free(group->parameters[i]);
	free(group->parameters);
	free(group->name);
	mapped_clear(&group->body);
	mapped_clear(&group->head);
}

static bool add_parameter(struct group *group, struct span parameter, struct report *report)
{
	if (span_name(parameter, 0) == 0 || span_name(parameter, 0) < parameter.length) {
		report_error(report, parameter, NULL,
			     "a parameter is a name: letters, digits and '_', no digit first");
		return false;
	}
	if (group->parameter_count == PARAMETERS_MAX) {
		report_error(report, parameter, NULL, "a group has at most %d parameters",
			     PARAMETERS_MAX);
		return false;
	}
	for (size_t i = 0; i < group->parameter_count; i++) {
		if (!span_is(parameter, group->parameters[i]))
			continue;
		report_error(report, parameter, NULL, "the parameter '%.*s' is named twice",
			     SPAN_SHOWN(parameter));
		return false;
	}
	*array_add(&group->parameters, &group->parameter_count) = span_dup(parameter);
	return true;
}

/* What stands before the next comma outside of parentheses; list moves on behind it. */
static bool next_item(struct span *list, struct span *item)
{
	const char *text = span_text(*list);
	size_t depth = 0, at;

	if (list->length == 0)
		return false;
	for (at = 0; at < list->length && (depth > 0 || text[at] != ','); at++) {
		if (text[at] == '(')
			depth++;
		else if (text[at] == ')' && depth > 0)
			depth--;
	}
	*item = span_trim(span_part(*list, 0, at));
	*list = span_rest(*list, at + 1);
	return true;
}

static bool parse_parameters(struct group *group, struct span list, struct span head,
			     struct report *report)
{
	struct span item;

	if (span_trim(list).length == 0) {
		report_error(report, head, xasprintf("@%s(S) = ...", group->name),
			     "a group has one parameter or more");
		return false;
	}
	while (next_item(&list, &item)) {
		if (!add_parameter(group, item, report))
			return false;
	}
	return true;
}

static bool parse_group(struct group *group, struct span line, size_t name_length,
			struct report *report)
{
	struct span head = span_part(line, 0, name_length + 1);
	size_t open = name_length + 1;
	size_t close = span_close(line, open);
	struct span rest, body;

	if (name_length == 0) {
		report_error(report, head, NULL, "the name of a group follows '@'");
		return false;
	}
	if (open >= line.length || span_text(line)[open] != '(') {
		report_error(report, head, xasprintf("@%s(S) = ...", group->name),
			     "the parameters of the group are missing");
		return false;
	}
	if (close == line.length) {
		report_error(report, span_part(line, open, 1), NULL, "'(' is not closed");
		return false;
	}
	rest = span_trim(span_rest(line, close + 1));
	if (!span_starts(rest, "=")) {
		report_error(report, head,
			     xstrdup("a line begins with a probe; a group is used in it"),
			     "'=' is missing in the definition of the group");
		return false;
	}
	if (!parse_parameters(group, span_part(line, open + 1, close - open - 1), head, report))
		return false;
	body = span_trim(span_rest(rest, 1));
	if (body.length == 0) {
		report_error(report, head, NULL, "the group has no arguments");
		return false;
	}
	mapped_copy(&group->body, body, NULL);
	mapped_copy(&group->head, head, NULL);
	return true;
}

static bool check_defined(const struct groups *groups, struct span head, struct report *report)
{
	const struct group *other;

	if (groups->count == GROUPS_MAX) {
		report_error(report, head, NULL, "a file has at most %d groups", GROUPS_MAX);
		return false;
	}
	other = find_group(groups, span_rest(head, 1));
	if (other) {
		struct probe_place place = report_place(report, span_all(&other->head));

		if (report_error(report, head, NULL, "group '@%s' is defined twice", other->name))
			report_note(report, &place, "it is defined here, too");
		return false;
	}
	return true;
}

void groups_define(struct groups *groups, struct span line, struct report *report)
{
	size_t name_length = span_name(line, 1);
	struct group group = { 0 };

	group.name = span_dup(span_part(line, 1, name_length));
	if (parse_group(&group, line, name_length, report) &&
	    check_defined(groups, span_all(&group.head), report))
		*array_add(&groups->items, &groups->count) = group;
	else
		clear_group(&group);
}

static struct mapped_use *add_use(struct groups *groups, const struct group *group,
				  struct span head, struct report *report)
{
	struct mapped_use *use = xcalloc(1, sizeof(*use));
	struct probe_place place = report_place(report, head);
	const struct mapped_piece *piece = mapped_piece_of(head.text, head.at);

	use->group = xstrdup(group->name);
	use->line = place.line;
	use->column = place.column;
	use->width = place.width;
	use->parent = piece ? piece->use : NULL;
	*array_add(&groups->uses, &groups->use_count) = use;
	return use;
}

/* The arguments of a use, one a parameter. */
static bool parse_arguments(const struct group *group, struct span list, struct span head,
			    struct span *arguments, struct report *report)
{
	size_t count = 0;
	struct span item;

	while (next_item(&list, &item)) {
		if (item.length == 0) {
			report_error(report, head, NULL, "an argument of group '@%s' is empty",
				     group->name);
			return false;
		}
		if (count < group->parameter_count)
			arguments[count] = item;
		count++;
	}
	if (count == group->parameter_count)
		return true;
	report_error(report, head, NULL, "group '@%s' takes %zu argument%s, not %zu", group->name,
		     group->parameter_count, group->parameter_count == 1 ? "" : "s", count);
	return false;
}

static const struct span *find_argument(const struct group *group, const struct span *arguments,
					struct span word)
{
	for (size_t i = 0; i < group->parameter_count; i++) {
		if (span_is(word, group->parameters[i]))
			return &arguments[i];
	}
	return NULL;
}

/* The body with its parameters replaced; false where it grows too large. */
static bool substitute(const struct group *group, const struct span *arguments,
		       const struct mapped_use *use, struct mapped *out)
{
	struct span body = span_all(&group->body);
	const char *text = span_text(body);
	size_t copied = 0;

	for (size_t at = 0; at < body.length;) {
		size_t length = 0;
		const struct span *argument;

		while (at + length < body.length && is_name(text[at + length]))
			length++;
		argument = find_argument(group, arguments, span_part(body, at, length));
		if (length > 0 && argument) {
			mapped_copy(out, span_part(body, copied, at - copied), use);
			mapped_copy(out, *argument, NULL);
			copied = at + length;
		}
		if (out->text.length > LINE_MAX_BYTES)
			return false;
		at += length ? length : 1;
	}
	mapped_copy(out, span_rest(body, copied), use);
	return out->text.length <= LINE_MAX_BYTES;
}

static bool too_long(struct span where, struct report *report)
{
	report_error(report, span_part(where, 0, 1), NULL,
		     "with its groups replaced, the line has more than %zu bytes", LINE_MAX_BYTES);
	return false;
}

static bool expand(struct groups *groups, struct span line, int depth, struct mapped *out,
		   struct report *report);

static bool check_use(struct groups *groups, const struct group *group, struct span head, int depth,
		      struct report *report)
{
	if (group->is_open) {
		report_error(report, head, NULL, "group '@%s' uses itself", group->name);
		return false;
	}
	if (depth == DEPTH_MAX) {
		report_error(report, head, NULL, "groups are used more than %d deep", DEPTH_MAX);
		return false;
	}
	if (groups->use_count >= USES_MAX || groups->expanded >= FILE_MAX_BYTES) {
		report_error(report, head, NULL,
			     "the groups of this file make more than %d uses or %zu bytes",
			     USES_MAX, FILE_MAX_BYTES);
		return false;
	}
	return true;
}

static bool expand_use(struct groups *groups, struct group *group, struct span head,
		       struct span list, int depth, struct mapped *out, struct report *report)
{
	struct span arguments[PARAMETERS_MAX];
	struct mapped body = { 0 };
	bool is_good;

	group->is_used = true;
	if (!check_use(groups, group, head, depth, report) ||
	    !parse_arguments(group, list, head, arguments, report))
		return false;
	is_good = substitute(group, arguments, add_use(groups, group, head, report), &body) ||
		  too_long(head, report);
	groups->expanded += body.text.length;
	group->is_open = true;
	is_good = is_good && expand(groups, span_all(&body), depth + 1, out, report);
	group->is_open = false;
	mapped_clear(&body);
	return is_good;
}

static char *near_group(const struct groups *groups, struct span name)
{
	NK_FREE const char **names = xcalloc(groups->count, sizeof(*names));
	NK_FREE char *word = span_dup(name);
	const char *near;

	for (size_t i = 0; i < groups->count; i++)
		names[i] = groups->items[i].name;
	near = diag_nearest(word, names, groups->count);
	return near ? xasprintf("did you mean '@%s'?", near) : NULL;
}

/* A word that begins with '@': a use, or an address. *end is moved behind it. */
static bool expand_word(struct groups *groups, struct span line, size_t *end, int depth,
			struct mapped *out, struct report *report)
{
	size_t start = *end;
	size_t name_length = span_name(line, start + 1);
	struct span head = span_part(line, start, name_length + 1);
	struct group *group = find_group(groups, span_rest(head, 1));
	size_t open = start + head.length, close;

	*end = open;
	if (open >= line.length || span_text(line)[open] != '(' || name_length == 0) {
		if (group && (open >= line.length || is_blank(span_text(line)[open]))) {
			report_error(report, head, xasprintf("@%s(...)", group->name),
				     "group '@%s' is used without its arguments", group->name);
			return false;
		}
		mapped_copy(out, head, NULL);
		return true;
	}
	close = span_close(line, open);
	*end = close < line.length ? close + 1 : close;
	if (close == line.length) {
		report_error(report, span_part(line, open, 1), NULL, "'(' is not closed");
		return false;
	}
	if (!group) {
		report_error(report, head, near_group(groups, span_rest(head, 1)),
			     "there is no group '%.*s'", SPAN_SHOWN(head));
		return false;
	}
	return expand_use(groups, group, head, span_part(line, open + 1, close - open - 1), depth,
			  out, report);
}

static bool expand(struct groups *groups, struct span line, int depth, struct mapped *out,
		   struct report *report)
{
	const char *text = span_text(line);
	bool is_good = true;

	for (size_t at = 0; at < line.length;) {
		size_t start = at;

		while (at < line.length && (text[at] != '@' || (at > 0 && !is_blank(text[at - 1]))))
			at++;
		mapped_copy(out, span_part(line, start, at - start), NULL);
		if (out->text.length > LINE_MAX_BYTES)
			return too_long(span_rest(line, start), report);
		if (at < line.length && !expand_word(groups, line, &at, depth, out, report))
			is_good = false;
		if (at < line.length && at > start && !is_blank(text[at]) && text[at - 1] == ')') {
			report_error(report, span_part(line, at, 1),
				     xstrdup("a use of a group is a word of its own"),
				     "a blank is missing here");
			is_good = false;
		}
	}
	return is_good;
}

bool groups_expand(struct groups *groups, struct span line, struct mapped *out,
		   struct report *report)
{
	return expand(groups, line, 0, out, report);
}

void groups_check_used(const struct groups *groups, struct report *report)
{
	for (size_t i = 0; i < groups->count; i++) {
		const struct group *group = &groups->items[i];

		if (!group->is_used)
			report_warning(report, span_all(&group->head), NULL,
				       "group '@%s' is not used: its arguments were not checked",
				       group->name);
	}
}

void groups_clear(struct groups *groups)
{
	for (size_t i = 0; i < groups->count; i++)
		clear_group(&groups->items[i]);
	for (size_t i = 0; i < groups->use_count; i++) {
		free(groups->uses[i]->group);
		free(groups->uses[i]);
	}
	free(groups->items);
	free(groups->uses);
	*groups = (struct groups){ 0 };
}
