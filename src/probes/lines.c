/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bytes of a file to lines: those of the file first, checked to be UTF-8 text, then logical ones. A
 * comment ends with its line of the file; a backslash before it still continues the line.
 */
#include "probes/lines.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/utf8.h"

/* A terminal might obey what a message quotes. */
static bool is_bad(const unsigned char *at, size_t size)
{
	return size == 0 || (utf8_is_control(at, size) && *at != '\t');
}

/* Replaces what is not text, and tells the first of it. True where there was none. */
static bool clean_line(char *line, size_t length, int number, struct report *report)
{
	unsigned char *text = (unsigned char *)line;
	bool is_clean = true, is_character = false;
	unsigned char bad = 0;
	size_t bad_at = 0;

	for (size_t at = 0; at < length;) {
		size_t size = utf8_length(text + at, length - at);
		size_t step = size ? size : 1;

		if (is_bad(text + at, size)) {
			if (is_clean) {
				bad_at = at;
				bad = text[at + step - 1];
				is_character = size > 0;
			}
			is_clean = false;
			memset(text + at, '?', step);
		}
		at += step;
	}
	if (!is_clean)
		report_line(report, number, (int)bad_at + 1,
			    is_character ? "control character 0x%02x"
					 : "byte 0x%02x is not UTF-8 text",
			    bad);
	return is_clean;
}

static size_t count_lines(const char *text, size_t length)
{
	size_t count = 0;

	for (size_t at = 0; at < length; count++) {
		const char *end = memchr(text + at, '\n', length - at);

		at = end ? (size_t)(end - text) + 1 : length;
	}
	return count;
}

void lines_open(struct lines *lines, struct probe_set *set, const char *text, size_t length,
		struct report *report)
{
	size_t count = count_lines(text, length);

	*lines = (struct lines){ .set = set, .is_broken = xcalloc(count, sizeof(bool)) };
	set->lines = xcalloc(count, sizeof(*set->lines));
	for (size_t at = 0; set->line_count < count;) {
		const char *end = memchr(text + at, '\n', length - at);
		size_t size = end ? (size_t)(end - text) - at : length - at;
		size_t next = at + size + 1;

		if (size > 0 && text[at + size - 1] == '\r')
			size--;

		char *line = xmalloc(size + 1);
		memcpy(line, text + at, size);
		line[size] = '\0';
		set->lines[set->line_count++] = line;
		lines->is_broken[set->line_count - 1] =
			!clean_line(line, size, (int)set->line_count, report);
		at = next;
	}
}

void lines_close(struct lines *lines)
{
	free(lines->is_broken);
}

void line_clear(struct line *line)
{
	mapped_clear(&line->text);
}

/* How many bytes of a line are left without its comment and the blanks at its end. */
static size_t code_length(const char *text)
{
	size_t length;
	bool is_quoted = false;

	for (length = 0; text[length]; length++) {
		if (text[length] == '"')
			is_quoted = !is_quoted;
		else if (text[length] == '#' && !is_quoted)
			break;
	}
	while (length > 0 && is_blank(text[length - 1]))
		length--;
	return length;
}

static void join_lines(struct lines *lines, struct line *line)
{
	while (lines->next < lines->set->line_count) {
		const char *text = lines->set->lines[lines->next];
		size_t length = code_length(text);
		bool goes_on = length > 0 && text[length - 1] == '\\';

		line->is_broken |= lines->is_broken[lines->next];
		lines->next++;
		if (goes_on)
			length--;
		mapped_add(&line->text, text, length, (int)lines->next, 1);
		if (!goes_on)
			break;
		/* What stands on two lines is two words. */
		mapped_add(&line->text, " ", 1, (int)lines->next, (int)length + 1);
	}
}

bool lines_next(struct lines *lines, struct line *line)
{
	*line = (struct line){ 0 };
	if (lines->next >= lines->set->line_count)
		return false;

	const char *text = lines->set->lines[lines->next];
	size_t start = strspn(text, " \t");

	if (text[start] == '#' && text[start + 1] == '#') {
		line->kind = LINE_DOC;
		line->is_broken = lines->is_broken[lines->next++];
		mapped_add(&line->text, text + start + 2, strlen(text + start + 2),
			   (int)lines->next, (int)start + 3);
	} else if (text[start] == '#' || text[start] == '\0') {
		line->kind = text[start] ? LINE_COMMENT : LINE_BLANK;
		lines->next++;
	} else {
		line->kind = LINE_CODE;
		join_lines(lines, line);
	}
	return true;
}
