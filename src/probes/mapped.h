/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Text that knows for each of its bytes which place of the probe file it comes from, through joined
 * lines and groups of fields.
 */
#ifndef NK_PROBES_MAPPED_H
#define NK_PROBES_MAPPED_H

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"

/* The use of a group that text was brought in by; the text itself stands in the group's line. */
struct mapped_use {
	char *group;
	int line, column, width;	 /* of the use */
	const struct mapped_use *parent; /* the use that this use was brought in by, or NULL */
};

/* A run of bytes, up to the next piece, that stand one behind the other in the file. */
struct mapped_piece {
	size_t start;
	int line, column;
	const struct mapped_use *use; /* borrowed; NULL: stands where it was written */
};

struct mapped {
	struct text text;
	struct mapped_piece *pieces;
	size_t piece_count;
};

/* Bytes at..at+length of a mapped text, which it borrows. */
struct span {
	const struct mapped *text;
	size_t at, length;
};

void mapped_add(struct mapped *to, const char *bytes, size_t length, int line, int column);
/* Copies a span with its places; use replaces the pieces' own where it is not NULL. */
void mapped_copy(struct mapped *to, struct span from, const struct mapped_use *use);
void mapped_clear(struct mapped *mapped);

/* The piece that byte at is in, or stands right behind of; NULL only for an empty text. */
const struct mapped_piece *mapped_piece_of(const struct mapped *mapped, size_t at);
/* How many bytes from at on, up to length, stand in one piece; at least 1. */
size_t mapped_run(const struct mapped *mapped, size_t at, size_t length);

static inline const char *span_text(struct span span)
{
	return span.text->text.data ? span.text->text.data + span.at : "";
}

/* The part of a span from offset on; length is cut to what there is. */
static inline struct span span_part(struct span span, size_t offset, size_t length)
{
	if (offset > span.length)
		offset = span.length;
	if (length > span.length - offset)
		length = span.length - offset;
	return (struct span){ span.text, span.at + offset, length };
}

static inline struct span span_rest(struct span span, size_t offset)
{
	return span_part(span, offset, span.length);
}

struct span span_all(const struct mapped *text);
struct span span_trim(struct span span);
/* The next word (no blanks in it) of rest, which moves on behind it; false at the end. */
bool span_next_word(struct span *rest, struct span *word);
bool span_is(struct span span, const char *text);
bool span_starts(struct span span, const char *text);
char *span_dup(struct span span);
/* The character at offset, with all of its bytes. */
struct span span_character(struct span span, size_t offset);
/* For "%.*s" in messages: at most 80 bytes of it. */
#define SPAN_SHOWN(span) span_shown_length(span), span_text(span)
int span_shown_length(struct span span);

bool is_blank(char c);
bool is_digit(char c);
bool is_name_start(char c);
bool is_name(char c);
/* How many bytes of the span, from offset on, are a name; 0: none begins there. */
size_t span_name(struct span span, size_t offset);
/* The offset of the ')' that closes the '(' at open, or the span's length. */
size_t span_close(struct span span, size_t open);

#endif
