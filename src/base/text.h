/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A string that grows. Zero-initialise; text is NULL until something was added, NUL-terminated
 * from then on.
 */
#ifndef NK_BASE_TEXT_H
#define NK_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

struct text {
	char *data;
	size_t length;
	size_t room;
};

void text_add(struct text *text, const char *string);
void text_add_bytes(struct text *text, const void *bytes, size_t length);
void text_addf(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_clear(struct text *text); /* frees */
/* Hands the string over: the caller frees it; "" rather than NULL where nothing was added. */
char *text_steal(struct text *text);

bool text_starts_with(const char *string, const char *prefix);

/* The next whitespace-separated word of *cursor, NUL-terminated in place; NULL at the end. */
char *text_next_word(char **cursor);
/* The next line of *cursor, NUL-terminated in place, without its newline; NULL at the end. */
char *text_next_line(char **cursor);

#endif
