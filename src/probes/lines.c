/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bytes of a file to lines: those of the file first, checked to be UTF-8 text, then logical ones. A
 * comment ends with its line of the file; a backslash before it still continues the line.
 */
#include "probes/lines.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

/* The length of the UTF-8 character that begins at text, 0 where none does (RFC 3629). */
static size_t character_length(const unsigned char *text, size_t length)
{
	size_t size;
	unsigned char low = 0x80, high = 0xbf;

	if (text[0] < 0x80)
		return 1;
	if (text[0] < 0xc2 || text[0] > 0xf4)
		return 0;
	size = text[0] < 0xe0 ? 2 : text[0] < 0xf0 ? 3 : 4;
	if (size > length)
		return 0;
	if (text[0] == 0xe0)
		low = 0xa0;
	else if (text[0] == 0xed)
		high = 0x9f;
	else if (text[0] == 0xf0)
		low = 0x90;
	else if (text[0] == 0xf4)
		high = 0x8f;
	if (text[1] < low || text[1] > high)
		return 0;
	for (size_t i = 2; i < size; i++) {
		if ((text[i] & 0xc0) != 0x80)
			return 0;
	}
	return size;
}

/* C0, DEL and C1: a terminal might obey what a message quotes. */
static bool is_control(const unsigned char *text, size_t size)
{
	if (size == 1)
		return (text[0] < 0x20 && text[0] != '\t') || text[0] == 0x7f;
	return size == 2 && text[0] == 0xc2 && text[1] < 0xa0;
}

/* Replaces what is not text, and tells the first of it. True where there was none. */
static bool clean_line(char *line, size_t length, int number, struct report *report)
{
	unsigned char *text = (unsigned char *)line;
	bool is_clean = true, is_character = false;
	unsigned char bad = 0;
	size_t bad_at = 0;

	for (size_t at = 0; at < length;) {
		size_t size = character_length(text + at, length - at);
		size_t step = size ? size : 1;

		if (size == 0 || is_control(text + at, size)) {
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
