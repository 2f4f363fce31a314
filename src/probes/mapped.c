/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pieces of text of known places are put together to one text; spans of it are taken apart again.
 * Pieces are in the order of their bytes, and none is empty.
 */
#include "probes/mapped.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

static void add_piece(struct mapped *to, int line, int column, const struct mapped_use *use)
{
	struct mapped_piece *piece = array_add(&to->pieces, &to->piece_count);

	piece->start = to->text.length;
	piece->line = line;
	piece->column = column;
	piece->use = use;
}

void mapped_add(struct mapped *to, const char *bytes, size_t length, int line, int column)
{
	if (length == 0)
		return;
	add_piece(to, line, column, NULL);
	text_add_bytes(&to->text, bytes, length);
}

const struct mapped_piece *mapped_piece_of(const struct mapped *mapped, size_t at)
{
	size_t low = 0, high = mapped->piece_count;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (mapped->pieces[middle].start <= at)
			low = middle;
		else
			high = middle;
	}
	return mapped->piece_count ? &mapped->pieces[low] : NULL;
}

size_t mapped_run(const struct mapped *mapped, size_t at, size_t length)
{
	const struct mapped_piece *piece = mapped_piece_of(mapped, at);
	size_t end = at + length;

	if (piece && piece + 1 < mapped->pieces + mapped->piece_count && piece[1].start < end)
		end = piece[1].start;
	return end > at ? end - at : 1;
}

void mapped_copy(struct mapped *to, struct span from, const struct mapped_use *use)
{
	size_t done = 0;

	while (done < from.length) {
		size_t at = from.at + done;
		size_t run = mapped_run(from.text, at, from.length - done);
		const struct mapped_piece *piece = mapped_piece_of(from.text, at);

		add_piece(to, piece->line, piece->column + (int)(at - piece->start),
			  use ? use : piece->use);
		text_add_bytes(&to->text, from.text->text.data + at, run);
		done += run;
	}
}

void mapped_clear(struct mapped *mapped)
{
	text_clear(&mapped->text);
	free(mapped->pieces);
	*mapped = (struct mapped){ 0 };
}

bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

bool is_name_start(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

bool is_name(char c)
{
	return is_name_start(c) || is_digit(c);
}

struct span span_all(const struct mapped *text)
{
	return (struct span){ text, 0, text->text.length };
}

struct span span_trim(struct span span)
{
	const char *text = span_text(span);
	size_t start = 0, end = span.length;

	while (start < end && is_blank(text[start]))
		start++;
	while (end > start && is_blank(text[end - 1]))
		end--;
	return span_part(span, start, end - start);
}

bool span_next_word(struct span *rest, struct span *word)
{
	const char *text = span_text(*rest);
	size_t start = 0, end;

	while (start < rest->length && is_blank(text[start]))
		start++;
	for (end = start; end < rest->length && !is_blank(text[end]);)
		end++;
	if (start == end)
		return false;
	*word = span_part(*rest, start, end - start);
	*rest = span_rest(*rest, end);
	return true;
}

bool span_is(struct span span, const char *text)
{
	return strlen(text) == span.length && span_starts(span, text);
}

bool span_starts(struct span span, const char *text)
{
	size_t length = strlen(text);

	return length <= span.length && memcmp(span_text(span), text, length) == 0;
}

char *span_dup(struct span span)
{
	return xstrndup(span_text(span), span.length);
}

struct span span_character(struct span span, size_t offset)
{
	const char *text = span_text(span);
	size_t end = offset + 1;

	while (end < span.length && ((unsigned char)text[end] & 0xc0) == 0x80)
		end++;
	return span_part(span, offset, end - offset);
}

int span_shown_length(struct span span)
{
	const char *text = span_text(span);
	size_t length = span.length;

	if (length <= 80)
		return (int)length;
	length = 80;
	while (length > 0 && ((unsigned char)text[length] & 0xc0) == 0x80)
		length--;
	return (int)length;
}

size_t span_name(struct span span, size_t offset)
{
	const char *text = span_text(span);
	size_t end = offset;

	if (offset >= span.length || !is_name_start(text[offset]))
		return 0;
	while (end < span.length && is_name(text[end]))
		end++;
	return end - offset;
}

size_t span_close(struct span span, size_t open)
{
	const char *text = span_text(span);
	size_t depth = 0, at;

	for (at = open; at < span.length; at++) {
		if (text[at] == '(')
			depth++;
		else if (text[at] == ')' && --depth == 0)
			break;
	}
	return at;
}
