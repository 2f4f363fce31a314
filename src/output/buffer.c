/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bytes in, write(2) out, and strings from outside made harmless: what a program can call itself
 * must not move a terminal's cursor nor end a JSON string. Plain ASCII is copied by runs.
 */
#include "output/buffer.h"

#include <stdbool.h>
#include <stdint.h>

#include "base/alloc.h"
#include "base/utf8.h"

void buffer_open(struct buffer *buffer, int fd)
{
	buffer->data = xmalloc(BUFFER_SIZE);
	buffer->end = buffer->data;
	buffer->fd = fd;
	buffer->error = 0;
	buffer->before_write = NULL;
	buffer->progress = NULL;
}

void buffer_close(struct buffer *buffer)
{
	free(buffer->data);
	buffer->data = NULL;
}

int buffer_flush(struct buffer *buffer)
{
	size_t length = (size_t)(buffer->end - buffer->data);

	buffer->end = buffer->data;
	if (length > 0 && buffer->before_write)
		buffer->before_write(buffer->context);
	if (length > 0 && buffer->error == 0)
		buffer->error =
			output_progress_write(buffer->progress, buffer->fd, buffer->data, length);
	return buffer->error;
}

#define UTF8_LENGTH_MOST 4
#define PART_BYTES	 256 /* a string is copied by */

#define EACH(byte) ((uint64_t)(byte)*0x0101010101010101)

/* Whether eight bytes may have one that is not plain: it is always told, sometimes in vain. */
static inline bool may_be_special(const unsigned char *bytes)
{
	uint64_t eight, quotes, slashes;

	memcpy(&eight, bytes, sizeof(eight));
	quotes = eight ^ EACH('"');
	slashes = eight ^ EACH('\\');
	/* Below ' '; above '~'; and where one of the two is 0 now. */
	return ((eight - EACH(0x20)) | (eight + EACH(1)) | eight | (quotes - EACH(1)) |
		(slashes - EACH(1))) &
	       EACH(0x80);
}

static inline bool is_plain(unsigned char byte)
{
	return byte >= 0x20 && byte < 0x7f && byte != '"' && byte != '\\';
}

static size_t plain_run(const unsigned char *bytes, size_t length)
{
	size_t run = 0;

	for (;;) {
		while (length - run >= 8 && !may_be_special(bytes + run))
			run += 8;
		for (size_t end = length - run > 8 ? run + 8 : length; run < end; run++)
			if (!is_plain(bytes[run]))
				return run;
		if (run == length)
			return run;
	}
}

static void put_hex_escape(struct buffer *buffer, const char *prefix, unsigned char byte)
{
	static const char digits[] = "0123456789abcdef";
	char last[2] = { digits[byte >> 4], digits[byte & 15] };

	buffer_put(buffer, prefix, strlen(prefix));
	buffer_put(buffer, last, sizeof(last));
}

void buffer_put_hex(struct buffer *buffer, const unsigned char *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++)
		put_hex_escape(buffer, "", bytes[i]);
}

static void put_text_character(struct buffer *buffer, const unsigned char *at, size_t size)
{
	if (size > 0 && !utf8_is_control(at, size)) {
		buffer_put(buffer, (const char *)at, size);
		return;
	}
	for (size_t i = 0; i < (size ? size : 1); i++)
		put_hex_escape(buffer, "\\x", at[i]);
}

static void put_line_character(struct buffer *buffer, const unsigned char *at, size_t size)
{
	if (*at == '\n' || *at == '\t')
		buffer_put(buffer, (const char *)at, 1);
	else
		put_text_character(buffer, at, size);
}

static void put_json_character(struct buffer *buffer, const unsigned char *at, size_t size)
{
	if (size == 0) {
		buffer_put_literal(buffer, "\xef\xbf\xbd");
	} else if (size == 1 && (at[0] == '"' || at[0] == '\\')) {
		const char escaped[2] = { '\\', (char)at[0] };

		buffer_put(buffer, escaped, sizeof(escaped));
	} else if (utf8_is_control(at, size)) {
		put_hex_escape(buffer, "\\u00", at[size - 1]);
	} else {
		buffer_put(buffer, (const char *)at, size);
	}
}

/* The bytes may lie in a mapped file, which somebody writes to: what is looked at is a copy. */
static void put_string(struct buffer *buffer, const unsigned char *bytes, size_t length,
		       void (*put)(struct buffer *buffer, const unsigned char *at, size_t size))
{
	while (length > 0) {
		size_t most = length < PART_BYTES ? length : PART_BYTES;
		char *copy = memcpy(buffer_room(buffer, most), bytes, most);
		size_t run = plain_run((const unsigned char *)copy, most);

		buffer->end += run;
		if (run == 0) {
			unsigned char character[UTF8_LENGTH_MOST];
			size_t left = most < sizeof(character) ? most : sizeof(character);

			memcpy(character, copy, left);

			size_t size = utf8_length(character, left);

			put(buffer, character, size);
			run = size ? size : 1;
		}
		bytes += run;
		length -= run;
	}
}

void buffer_put_text(struct buffer *buffer, const unsigned char *bytes, size_t length)
{
	put_string(buffer, bytes, length, put_text_character);
}

void buffer_put_lines(struct buffer *buffer, const unsigned char *bytes, size_t length)
{
	put_string(buffer, bytes, length, put_line_character);
}

void buffer_put_json(struct buffer *buffer, const unsigned char *bytes, size_t length)
{
	put_string(buffer, bytes, length, put_json_character);
}
