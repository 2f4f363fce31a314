/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Errors as data, and how a compiler would print them.
 */
#include "base/diag.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/utf8.h"

static const char *const level_names[] = {
	[DIAG_ERROR] = "error",
	[DIAG_WARNING] = "warning",
	[DIAG_NOTE] = "note",
};

struct diag *diag_add(struct diags *diags, enum diag_level level)
{
	struct diag *diag = array_add(&diags->items, &diags->count);

	diag->level = level;
	if (level == DIAG_ERROR)
		diags->errors++;
	return diag;
}

int diag_error(struct diags *diags, int err, const char *format, ...)
{
	va_list args;

	if (diags) {
		va_start(args, format);
		diag_add(diags, DIAG_ERROR)->text = xvasprintf(format, args);
		va_end(args);
	}
	return -err;
}

void diag_warning(struct diags *diags, const char *format, ...)
{
	va_list args;

	if (!diags)
		return;
	va_start(args, format);
	diag_add(diags, DIAG_WARNING)->text = xvasprintf(format, args);
	va_end(args);
}

/* Messages quote what anyone may have written: a terminal is to show it, not to obey it. */
static void put_visible(const char *before, const char *text, const char *keep, FILE *out)
{
	NK_FREE char *visible = utf8_visible(text, keep);

	fputs(before, out);
	fputs(visible, out);
}

static void print_place(const struct diag *diag, FILE *out)
{
	if (!diag->file) {
		fputs("nk: ", out);
		return;
	}
	put_visible("", diag->file, "\t", out);
	if (diag->line)
		fprintf(out, ":%d", diag->line);
	if (diag->line && diag->column)
		fprintf(out, ":%d", diag->column);
	fputs(": ", out);
}

/* Tabs of the source line stay tabs under it, so that the caret stands where the eye expects it. */
static void print_caret(const struct diag *diag, FILE *out)
{
	size_t length = strlen(diag->source);
	size_t before = (size_t)diag->column - 1;

	fputs("  ", out);
	for (size_t i = 0; i < before; i++) {
		unsigned char c = i < length ? (unsigned char)diag->source[i] : ' ';

		/* Bytes that continue a UTF-8 character take no column of the terminal. */
		if ((c & 0xc0) != 0x80)
			fputc(c == '\t' ? '\t' : ' ', out);
	}
	fputc('^', out);
	for (int i = 1; i < diag->width; i++)
		fputc('~', out);
	fputc('\n', out);
}

void diag_print(const struct diag *diag, FILE *out)
{
	print_place(diag, out);
	if (diag->file || diag->level != DIAG_ERROR)
		fprintf(out, "%s: ", level_names[diag->level]);
	put_visible("", diag->text, "\t", out);
	fputc('\n', out);
	if (diag->source) {
		put_visible("  ", diag->source, "\t", out);
		fputc('\n', out);
		if (diag->column > 0)
			print_caret(diag, out);
	}
	if (diag->hint) {
		put_visible("  ", diag->hint, "\t\n", out);
		fputc('\n', out);
	}
}

void diags_print(const struct diags *diags, FILE *out)
{
	for (size_t i = 0; i < diags->count; i++)
		diag_print(&diags->items[i], out);
}

void diags_move(struct diags *to, struct diags *from)
{
	for (size_t i = 0; i < from->count; i++)
		*diag_add(to, from->items[i].level) = from->items[i];
	free(from->items);
	*from = (struct diags){ 0 };
}

void diags_soften(struct diags *diags)
{
	for (size_t i = 0; i < diags->count; i++)
		if (diags->items[i].level == DIAG_ERROR)
			diags->items[i].level = DIAG_WARNING;
	diags->errors = 0;
}

void diags_clear(struct diags *diags)
{
	for (size_t i = 0; i < diags->count; i++) {
		struct diag *diag = &diags->items[i];

		free(diag->file);
		free(diag->source);
		free(diag->text);
		free(diag->hint);
	}
	free(diags->items);
	*diags = (struct diags){ 0 };
}

/* Edit distance with neighbours swapped counted once (optimal string alignment). */
static size_t distance(const char *a, const char *b)
{
	size_t rows = strlen(a) + 1;
	size_t columns = strlen(b) + 1;
	NK_FREE size_t *cells = xcalloc(rows * columns, sizeof(*cells));
#define CELL(i, j) cells[(i)*columns + (j)]

	for (size_t i = 0; i < rows; i++)
		CELL(i, 0) = i;
	for (size_t j = 0; j < columns; j++)
		CELL(0, j) = j;
	for (size_t i = 1; i < rows; i++) {
		for (size_t j = 1; j < columns; j++) {
			size_t best = CELL(i - 1, j - 1) + (a[i - 1] != b[j - 1]);

			if (CELL(i - 1, j) + 1 < best)
				best = CELL(i - 1, j) + 1;
			if (CELL(i, j - 1) + 1 < best)
				best = CELL(i, j - 1) + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    CELL(i - 2, j - 2) + 1 < best)
				best = CELL(i - 2, j - 2) + 1;
			CELL(i, j) = best;
		}
	}
	return CELL(rows - 1, columns - 1);
#undef CELL
}

const char *diag_nearest(const char *word, const char *const *names, size_t count)
{
	size_t limit = strlen(word) / 3 + 1;
	const char *nearest = NULL;

	if (strlen(word) > 200)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		if (strlen(names[i]) > 200)
			continue;

		size_t far = distance(word, names[i]);

		if (far < limit) {
			limit = far;
			nearest = names[i];
		}
	}
	return nearest;
}
