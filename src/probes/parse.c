/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The text of a probe file to a set, per nk-probes(5), in two rounds: groups and enums first, which
 * may stand anywhere, then documentation and probes, line by line.
 */
#include "probes/parse.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/file.h"
#include "probes/define.h"
#include "probes/enum.h"

#define FILE_MAX ((size_t)4 << 20)

static void parse_line(struct parser *parser, const struct line *line)
{
	struct mapped expanded = { 0 };

	switch (line->kind) {
	case LINE_BLANK:
		doc_give_set(&parser->doc, parser->set, &parser->report);
		break;
	case LINE_DOC:
		doc_add(&parser->doc, span_all(&line->text), &parser->report);
		break;
	case LINE_DEFINITION:
		doc_clear(&parser->doc);
		break;
	case LINE_COMMENT:
		break;
	case LINE_CODE:
		parser->report.is_muted = line->is_broken;
		/* What groups would have brought is not missed twice. */
		if (!groups_expand(&parser->groups, span_all(&line->text), &expanded,
				   &parser->report))
			parser->report.is_muted = true;
		define_line(parser, span_trim(span_all(&expanded)));
		parser->report.is_muted = false;
		mapped_clear(&expanded);
		break;
	}
}

/* What looks like a blank and is none comes from web pages and office programs. */
static void check_blanks(struct parser *parser, struct line *line)
{
	struct span text = span_all(&line->text);
	const char *found = line->kind == LINE_CODE ? strstr(span_text(text), "\xc2\xa0") : NULL;

	if (!found || line->is_broken)
		return;
	report_error(&parser->report, span_part(text, (size_t)(found - span_text(text)), 2),
		     xstrdup("write a plain blank"), "a no-break space stands here");
	line->is_broken = true;
}

/* The first round: groups and enums are read, all other lines kept for the second. */
static void read_lines(struct parser *parser, struct lines *lines)
{
	struct line line;

	while (!parser->report.is_stopped && lines_next(lines, &line)) {
		struct span text = span_trim(span_all(&line.text));

		check_blanks(parser, &line);
		if (line.kind == LINE_CODE && span_starts(text, "@")) {
			parser->report.is_muted = line.is_broken;
			groups_define(&parser->groups, text, &parser->report);
			parser->report.is_muted = false;
			line.kind = LINE_DEFINITION;
		} else if (line.kind == LINE_CODE && enum_begins(text)) {
			enum_parse(parser->set, lines, &line, &parser->report);
			line.kind = LINE_DEFINITION;
		}
		*array_add(&parser->lines, &parser->line_count) = line;
	}
}

static void parser_clear(struct parser *parser)
{
	for (size_t i = 0; i < parser->line_count; i++)
		line_clear(&parser->lines[i]);
	free(parser->lines);
	groups_clear(&parser->groups);
	doc_clear(&parser->doc);
}

static void parse_text(struct parser *parser, const char *text, size_t length)
{
	struct lines lines;

	lines_open(&lines, parser->set, text, length, &parser->report);
	read_lines(parser, &lines);
	for (size_t i = 0; i < parser->line_count && !parser->report.is_stopped; i++)
		parse_line(parser, &parser->lines[i]);
	doc_give_set(&parser->doc, parser->set, &parser->report);
	if (parser->report.errors == 0)
		groups_check_used(&parser->groups, &parser->report);
	for (size_t i = 0; i < parser->set->probe_count; i++)
		parser->set->probes[i].set = parser->set;
	lines_close(&lines);
}

static int parse(const char *name, const char *path, const char *text, size_t length,
		 struct probe_set **out, struct diags *diags)
{
	struct parser parser = { .set = xcalloc(1, sizeof(*parser.set)) };
	size_t errors;

	parser.set->name = xstrdup(name);
	parser.set->path = xstrdup(path);
	report_init(&parser.report, diags, parser.set);
	/* A byte order mark is of no use in UTF-8, and there all the same after some editors. */
	if (length >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
		text += 3;
		length -= 3;
	}
	parse_text(&parser, text, length);
	report_sort(&parser.report);
	errors = parser.report.errors;
	parser_clear(&parser);
	if (errors) {
		probe_set_free(parser.set);
		return -EINVAL;
	}
	*out = parser.set;
	return 0;
}

static int parse_checked(const char *name, const char *path, const char *text, size_t length,
			 struct probe_set **out, struct diags *diags)
{
	struct diags unheard = { 0 };
	int err;

	if (length > FILE_MAX)
		return diag_error(diags, EINVAL, "%s: a probe file has at most %zu MiB", path,
				  FILE_MAX >> 20);
	err = parse(name, path, text, length, out, diags ? diags : &unheard);
	diags_clear(&unheard);
	return err;
}

int probe_parse(const char *name, const char *path, const char *text, struct probe_set **out,
		struct diags *diags)
{
	return parse_checked(name, path, text, strlen(text), out, diags);
}

int probe_parse_bytes(const char *path, const char *text, size_t length, struct probe_set **out,
		      struct diags *diags)
{
	const char *slash = strrchr(path, '/');
	NK_FREE char *name = xstrdup(slash ? slash + 1 : path);

	if (strlen(name) > 7 && strcmp(name + strlen(name) - 7, ".probes") == 0)
		name[strlen(name) - 7] = '\0';
	return parse_checked(name, path, text, length, out, diags);
}

int probe_parse_file(const char *path, struct probe_set **out, struct diags *diags)
{
	NK_FREE char *text = NULL;
	size_t length;
	int err = file_read(AT_FDCWD, path, &text, &length);

	if (err)
		return diag_error(diags, -err, "cannot read %s: %s", path, strerror(-err));
	return probe_parse_bytes(path, text, length, out, diags);
}
