/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An error as data: where it is, what is wrong, what was perhaps meant. Whoever finds the error
 * fills it; only cmd/ prints it, once.
 */
#ifndef NK_BASE_DIAG_H
#define NK_BASE_DIAG_H

#include <stddef.h>
#include <stdio.h>

enum diag_level { DIAG_ERROR, DIAG_WARNING, DIAG_NOTE };

struct diag {
	enum diag_level level;
	char *file;   /* NULL: not about a file */
	int line;     /* from 1; 0: about the file as a whole */
	int column;   /* from 1, in bytes; 0: about the line as a whole */
	int width;    /* bytes underlined from column on; 0 or 1: a caret alone */
	char *source; /* the line itself, NULL where there is none */
	char *text;   /* one sentence, without a full stop or newline */
	char *hint;   /* e.g. "did you mean 'skc_dport'?", or NULL */
};

/* A list, since a probe file with five mistakes is told all five. Zero-initialise. */
struct diags {
	struct diag *items;
	size_t count;
	size_t errors; /* how many of them are DIAG_ERROR */
};

/*
 * Adds a diagnostic about no file and returns -err, so that "return diag_error(d, EPERM, ...)"
 * works. err is a positive errno value. diags may be NULL: then nothing is kept.
 */
int diag_error(struct diags *diags, int err, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void diag_warning(struct diags *diags, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Adds an empty diagnostic to be filled; what it points to must be malloc'ed. Never NULL. */
struct diag *diag_add(struct diags *diags, enum diag_level level);

/* As a compiler prints it: file:line:column: error: text, the line, the caret, the hint. */
void diag_print(const struct diag *diag, FILE *out);
void diags_print(const struct diags *diags, FILE *out);

/* Moves all of from to the end of to; from is empty then. */
void diags_move(struct diags *to, struct diags *from);
/* Makes warnings of its errors: what went wrong need not stop what it is a part of. */
void diags_soften(struct diags *diags);
void diags_clear(struct diags *diags);

/*
 * The nearest of count names by edit distance, or NULL where none is near enough to be a slip of
 * the fingers (a third of the length of word). Borrowed from names.
 */
const char *diag_nearest(const char *word, const char *const *names, size_t count);

#endif
