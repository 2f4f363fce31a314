/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A span and a sentence to a struct diag. A line of more than SOURCE_MAX bytes is not quoted, and
 * no more than REPORT_MAX mistakes of a file are kept, so that no file can make messages that are
 * much larger than itself.
 */
#include "probes/report.h"

#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

#define SOURCE_MAX 2000

void report_init(struct report *report, struct diags *diags, const struct probe_set *set)
{
	*report = (struct report){ .diags = diags, .set = set, .first = diags->count };
}

struct probe_place report_place(const struct report *report, struct span span)
{
	struct probe_place place = { .file = report->set->path };
	const struct mapped_piece *piece = mapped_piece_of(span.text, span.at);

	if (!piece)
		return place;
	place.line = piece->line;
	place.column = piece->column + (int)(span.at - piece->start);
	place.width = (int)mapped_run(span.text, span.at, span.length);
	if (piece->line > 0 && (size_t)piece->line <= report->set->line_count)
		place.source = report->set->lines[piece->line - 1];
	return place;
}

static bool is_known(const struct report *report, const struct probe_place *place, const char *text)
{
	for (size_t i = report->first; i < report->diags->count; i++) {
		const struct diag *diag = &report->diags->items[i];

		if (diag->level != DIAG_NOTE && diag->line == place->line &&
		    diag->column == place->column && strcmp(diag->text, text) == 0)
			return true;
	}
	return false;
}

static void add(struct report *report, enum diag_level level, const struct probe_place *place,
		char *text, char *hint)
{
	struct diag *diag = diag_add(report->diags, level);

	diag->file = xstrdup(place->file);
	diag->line = place->line;
	diag->column = place->column;
	diag->width = place->width;
	if (place->source && strlen(place->source) <= SOURCE_MAX)
		diag->source = xstrdup(place->source);
	diag->text = text;
	diag->hint = hint;
}

static void stop(struct report *report)
{
	struct probe_place place = { .file = report->set->path };

	report->is_stopped = true;
	report->errors++;
	add(report, DIAG_ERROR, &place, xstrdup("too many mistakes: the rest is not looked at"),
	    NULL);
}

/* True where the mistake was added, and may have notes. Takes text and hint. */
static bool add_counted(struct report *report, enum diag_level level,
			const struct probe_place *place, char *text, char *hint)
{
	if (report->is_muted || report->is_stopped || is_known(report, place, text)) {
		free(text);
		free(hint);
		return false;
	}
	add(report, level, place, text, hint);
	if (level == DIAG_ERROR)
		report->errors++;
	else
		report->warnings++;
	if (report->errors + report->warnings >= REPORT_MAX)
		stop(report);
	return true;
}

static bool add_span(struct report *report, enum diag_level level, struct span span, char *text,
		     char *hint)
{
	struct probe_place place = report_place(report, span);
	const struct mapped_piece *piece = mapped_piece_of(span.text, span.at);

	if (!add_counted(report, level, &place, text, hint) || !piece)
		return false;
	for (const struct mapped_use *use = piece->use; use; use = use->parent) {
		struct probe_place used = {
			.file = report->set->path,
			.source = report->set->lines[use->line - 1],
			.line = use->line,
			.column = use->column,
			.width = use->width,
		};

		report_note(report, &used, "group '@%s' is used here", use->group);
	}
	return true;
}

bool report_error(struct report *report, struct span span, char *hint, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	bool is_added = add_span(report, DIAG_ERROR, span, xvasprintf(format, args), hint);
	va_end(args);
	return is_added;
}

bool report_warning(struct report *report, struct span span, char *hint, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	bool is_added = add_span(report, DIAG_WARNING, span, xvasprintf(format, args), hint);
	va_end(args);
	return is_added;
}

void report_note(struct report *report, const struct probe_place *place, const char *format, ...)
{
	va_list args;

	if (report->is_muted || report->is_stopped)
		return;
	va_start(args, format);
	add(report, DIAG_NOTE, place, xvasprintf(format, args), NULL);
	va_end(args);
}

void report_line(struct report *report, int line, int column, const char *format, ...)
{
	struct probe_place place = {
		.file = report->set->path,
		.source = report->set->lines[line - 1],
		.line = line,
		.column = column,
		.width = 1,
	};
	va_list args;

	va_start(args, format);
	add_counted(report, DIAG_ERROR, &place, xvasprintf(format, args), NULL);
	va_end(args);
}

char *report_near(const char *word, const char *const *names, size_t count)
{
	const char *near = diag_nearest(word, names, count);

	return near ? xasprintf("did you mean '%s'?", near) : NULL;
}

/* A mistake and its notes: count diags from first on. */
struct block {
	size_t first, count;
	int line, column;
};

static int compare_blocks(const void *a, const void *b)
{
	const struct block *x = a, *y = b;

	if (x->line != y->line)
		return x->line < y->line ? -1 : 1;
	if (x->column != y->column)
		return x->column < y->column ? -1 : 1;
	return x->first < y->first ? -1 : 1;
}

void report_sort(struct report *report)
{
	struct diag *items = report->diags->items;
	size_t total = report->diags->count - report->first, count = 0, to = 0;
	NK_FREE struct block *blocks = NULL;
	NK_FREE struct diag *sorted = NULL;

	if (total == 0)
		return;
	for (size_t i = report->first; i < report->diags->count; i++) {
		if (items[i].level != DIAG_NOTE) {
			struct block *block = array_add(&blocks, &count);

			block->first = i;
			block->line = items[i].line ? items[i].line : INT_MAX;
			block->column = items[i].column;
		}
		blocks[count - 1].count++;
	}
	qsort(blocks, count, sizeof(*blocks), compare_blocks);
	sorted = xcalloc(total, sizeof(*sorted));
	for (size_t i = 0; i < count; i++) {
		memcpy(sorted + to, items + blocks[i].first, blocks[i].count * sizeof(*sorted));
		to += blocks[i].count;
	}
	memcpy(items + report->first, sorted, total * sizeof(*sorted));
}
