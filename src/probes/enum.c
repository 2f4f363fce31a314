/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names of numbers, declared in a probe file. Each enum has a name that no type has, a kernel type
 * that all its numbers fit into, and each number once.
 */
#include "probes/enum.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

#define ENUMS_MAX  512
#define VALUES_MAX 1024

bool enum_begins(struct span line)
{
	struct span word;

	return span_next_word(&line, &word) && span_name(word, 0) == 4 && span_starts(word, "enum");
}

/* A line that goes on with an enum begins with a number, or is its end. */
static bool goes_on(const struct lines *lines)
{
	const char *text;

	if (lines->next >= lines->set->line_count)
		return false;
	text = lines->set->lines[lines->next];
	text += strspn(text, " \t");
	return *text == '\0' || strchr("{},-", *text) || is_digit(*text) ||
	       (text[0] == '#' && text[1] != '#');
}

static bool has_brace(const struct line *line)
{
	struct span text = span_all(&line->text);

	return memchr(span_text(text), '}', text.length);
}

static bool join_lines(struct lines *lines, struct line *first)
{
	bool is_closed = has_brace(first);

	while (!is_closed && goes_on(lines)) {
		struct line line;

		lines_next(lines, &line);
		if (line.kind == LINE_CODE) {
			mapped_add(&first->text, " ", 1, (int)lines->next, 1);
			mapped_copy(&first->text, span_all(&line.text), NULL);
			first->is_broken |= line.is_broken;
			is_closed = has_brace(&line);
		}
		line_clear(&line);
	}
	return is_closed;
}

static bool check_enum_name(const struct probe_set *set, struct span name, struct report *report)
{
	static const size_t name_max = sizeof(((struct probe_type *)0)->enum_name) - 1;
	NK_FREE char *text = span_dup(name);
	const struct probe_enum *other = probe_set_enum(set, text);

	if (name.length > name_max) {
		report_error(report, name, NULL, "the name of an enum has at most %zu characters",
			     name_max);
		return false;
	}
	for (size_t i = 0; i < probe_type_count; i++) {
		if (strcmp(probe_types[i].name, text) != 0)
			continue;
		report_error(report, name, NULL, "'%s' is a type already", text);
		return false;
	}
	if (other) {
		if (report_error(report, name, NULL, "enum '%s' is declared twice", text))
			report_note(report, &other->place, "it is declared here, too");
		return false;
	}
	if (set->enum_count < ENUMS_MAX)
		return true;
	report_error(report, name, NULL, "a file has at most %d enums", ENUMS_MAX);
	return false;
}

static bool parse_kernel_type(struct probe_enum *names, struct span word, struct report *report)
{
	static const char *const types[] = { "u8",  "u16", "u32", "u64", "s8",	"s16",
					     "s32", "s64", "x8",  "x16", "x32", "x64" };

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (!span_is(word, types[i]))
			continue;
		strcpy(names->kernel, types[i]);
		return true;
	}
	report_error(report, word, NULL,
		     "the type of an enum's numbers is u8, u16, u32, u64, s8 ... or x8 ...");
	return false;
}

/* "NAME [TYPE]", between the word enum and the '{'. */
static bool parse_enum_head(const struct probe_set *set, struct probe_enum *names, struct span head,
			    struct report *report)
{
	struct span rest = span_rest(head, strlen("enum")), word, type;
	size_t length;

	if (!span_next_word(&rest, &word)) {
		report_error(report, span_part(head, 0, 4), NULL,
			     "the name of the enum is missing");
		return false;
	}
	length = span_name(word, 0);
	if (length == 0 || length < word.length) {
		report_error(report, word, NULL,
			     "'%.*s' is not a name: letters, digits and '_', no digit first",
			     SPAN_SHOWN(word));
		return false;
	}
	if (!check_enum_name(set, word, report))
		return false;
	names->name = span_dup(word);
	names->place = report_place(report, word);
	if (!span_next_word(&rest, &type)) {
		strcpy(names->kernel, "u32");
		return true;
	}
	if (!parse_kernel_type(names, type, report))
		return false;
	if (!span_next_word(&rest, &word))
		return true;
	report_error(report, word, NULL, "'{' is expected here");
	return false;
}

static int type_bits(const struct probe_enum *names)
{
	return atoi(names->kernel + 1);
}

static bool read_value(const struct probe_enum *names, const char *text, uint64_t *value)
{
	int bits = type_bits(names);
	bool is_signed = names->kernel[0] == 's';
	bool is_negative = text[0] == '-';
	const char *digits = text + is_negative;
	bool is_hex = digits[0] == '0' && (digits[1] == 'x' || digits[1] == 'X');
	uint64_t most = bits == 64 ? UINT64_MAX : ((uint64_t)1 << bits) - 1;
	char *end;

	if (!is_digit(digits[0]))
		return false;
	errno = 0;
	*value = strtoull(digits, &end, is_hex ? 16 : 10);
	if (*end || errno || (is_hex && end == digits + 2))
		return false;
	if (is_signed)
		most = (most >> 1) + is_negative;
	if (*value > most || (is_negative && !is_signed))
		return false;
	if (is_negative)
		*value = -*value;
	return true;
}

static const struct probe_enum_value *find_value(const struct probe_enum *names, uint64_t value)
{
	for (size_t i = 0; i < names->value_count; i++) {
		if (names->values[i].value == value)
			return &names->values[i];
	}
	return NULL;
}

/* "NUMBER TEXT", between two commas. */
static void parse_pair(struct probe_enum *names, struct span pair, struct report *report)
{
	struct span rest = pair, number, name, more;
	struct probe_enum_value *added;
	uint64_t value;

	if (!span_next_word(&rest, &number))
		return;

	NK_FREE char *text = span_dup(number);
	if (!read_value(names, text, &value)) {
		report_error(report, number, NULL, "'%.*s' is not a number that fits into %s",
			     SPAN_SHOWN(number), names->kernel);
		return;
	}
	if (!span_next_word(&rest, &name)) {
		report_error(report, number, NULL, "the name of %s is missing", text);
		return;
	}
	if (span_next_word(&rest, &more)) {
		report_error(report, more, NULL, "',' is missing before '%.*s'", SPAN_SHOWN(more));
		return;
	}
	if (find_value(names, value)) {
		report_error(report, number, NULL, "%s has a name already: '%s'", text,
			     find_value(names, value)->name);
		return;
	}
	if (names->value_count == VALUES_MAX) {
		report_error(report, number, NULL, "an enum has at most %d numbers", VALUES_MAX);
		return;
	}
	added = array_add(&names->values, &names->value_count);
	added->value = value;
	added->name = span_dup(name);
}

static void parse_pairs(struct probe_enum *names, struct span body, struct report *report)
{
	const char *text = span_text(body);

	for (size_t at = 0; at < body.length;) {
		const char *comma = memchr(text + at, ',', body.length - at);
		size_t end = comma ? (size_t)(comma - text) : body.length;

		parse_pair(names, span_part(body, at, end - at), report);
		at = end + 1;
	}
}

/* The offset of c from from on, or the span's length. */
static size_t find(struct span span, size_t from, char c)
{
	const char *text = span_text(span);
	const char *found = from < span.length ? memchr(text + from, c, span.length - from) : NULL;

	return found ? (size_t)(found - text) : span.length;
}

static void parse_text(struct probe_set *set, struct span line, struct report *report)
{
	size_t open = find(line, 0, '{');
	size_t close = find(line, open, '}');
	struct span rest = span_trim(span_rest(line, close + 1));
	size_t errors = report->errors;
	struct probe_enum names = { 0 };

	if (open == line.length) {
		report_error(report, span_part(line, 0, 4), xstrdup("enum NAME { 1 ONE, 2 TWO }"),
			     "'{' is missing in the declaration of the enum");
		return;
	}
	if (parse_enum_head(set, &names, span_part(line, 0, open), report)) {
		parse_pairs(&names, span_part(line, open + 1, close - open - 1), report);
		if (names.value_count == 0 && report->errors == errors)
			report_error(report, span_part(line, open, 1), NULL, "the enum is empty");
		if (rest.length > 0)
			report_error(report, rest, NULL, "nothing can follow the '}'");
		/* A mistaken one is declared all the same: its uses are no mistakes. */
		*array_add(&set->enums, &set->enum_count) = names;
		return;
	}
	free(names.name);
}

void enum_parse(struct probe_set *set, struct lines *lines, struct line *first,
		struct report *report)
{
	bool is_closed = join_lines(lines, first);
	struct span line = span_trim(span_all(&first->text));

	report->is_muted = first->is_broken;
	if (!is_closed && find(line, 0, '{') < line.length)
		report_error(report, span_part(line, find(line, 0, '{'), 1), NULL,
			     "'{' is not closed");
	else
		parse_text(set, line, report);
	report->is_muted = false;
}
