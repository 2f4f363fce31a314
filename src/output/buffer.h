/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bytes on their way to a descriptor, written a megabyte at a time. A write that fails is
 * remembered and what follows is thrown away: it is asked for once a record.
 */
#ifndef NK_OUTPUT_BUFFER_H
#define NK_OUTPUT_BUFFER_H

#include <stddef.h>
#include <string.h>

#include "output/progress.h"

#define BUFFER_SIZE (1U << 20)

struct buffer {
	char *data; /* BUFFER_SIZE */
	char *end;  /* of what is in it */
	int fd;
	int error;			     /* 0 or -errno of the first write that failed */
	void (*before_write)(void *context); /* NULL: none */
	void *context;
	struct output_progress *progress; /* NULL: not kept */
};

void buffer_open(struct buffer *buffer, int fd);
void buffer_close(struct buffer *buffer); /* without flushing */
/* 0, or -errno of this or an earlier write. */
int buffer_flush(struct buffer *buffer);

/*
 * Room for length bytes (up to BUFFER_SIZE) at buffer->end: whoever writes there moves end on. A
 * record's fields ask for room; the functions of number.h and time.h take it for granted.
 */
static inline char *buffer_room(struct buffer *buffer, size_t length)
{
	if (__builtin_expect((size_t)(buffer->data + BUFFER_SIZE - buffer->end) < length, 0))
		buffer_flush(buffer);
	return buffer->end;
}

static inline void buffer_put(struct buffer *buffer, const char *bytes, size_t length)
{
	memcpy(buffer_room(buffer, length), bytes, length);
	buffer->end += length;
}

#define buffer_put_literal(buffer, literal) buffer_put((buffer), (literal), sizeof(literal) - 1)

/*
 * A string of unknown bytes: text with control bytes, escape sequences and what is not UTF-8 as
 * \xNN; JSON with its own escapes, and U+FFFD for what is not UTF-8. Without quotes.
 */
void buffer_put_text(struct buffer *buffer, const unsigned char *bytes, size_t length);
/* As text, but lines stay lines, and tabs are tabs. */
void buffer_put_lines(struct buffer *buffer, const unsigned char *bytes, size_t length);
void buffer_put_json(struct buffer *buffer, const unsigned char *bytes, size_t length);

/* Bytes of no known meaning, two hex digits each. */
void buffer_put_hex(struct buffer *buffer, const unsigned char *bytes, size_t length);

#endif
