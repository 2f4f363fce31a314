/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A string that grows, and words and lines of a string that is taken apart in place.
 */
#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"

static void make_room(struct text *text, size_t more)
{
	size_t want = text->length + more + 1;

	if (want <= text->room)
		return;
	if (want < text->room * 2)
		want = text->room * 2;
	text->data = xrealloc_array(text->data, want, 1);
	text->room = want;
}

void text_add_bytes(struct text *text, const void *bytes, size_t length)
{
	make_room(text, length);
	memcpy(text->data + text->length, bytes, length);
	text->length += length;
	text->data[text->length] = '\0';
}

void text_add(struct text *text, const char *string)
{
	text_add_bytes(text, string, strlen(string));
}

void text_addf(struct text *text, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	NK_FREE char *added = xvasprintf(format, args);
	va_end(args);
	text_add(text, added);
}

void text_clear(struct text *text)
{
	free(text->data);
	*text = (struct text){ 0 };
}

char *text_steal(struct text *text)
{
	char *data = text->data ? text->data : xstrdup("");

	*text = (struct text){ 0 };
	return data;
}

bool text_starts_with(const char *string, const char *prefix)
{
	return strncmp(string, prefix, strlen(prefix)) == 0;
}

char *text_next_word(char **cursor)
{
	char *word = *cursor + strspn(*cursor, " \t\n");

	if (!*word)
		return NULL;

	char *end = word + strcspn(word, " \t\n");
	*cursor = *end ? end + 1 : end;
	*end = '\0';
	return word;
}

char *text_next_line(char **cursor)
{
	char *line = *cursor;

	if (!*line)
		return NULL;

	char *end = line + strcspn(line, "\n");
	*cursor = *end ? end + 1 : end;
	*end = '\0';
	return line;
}
