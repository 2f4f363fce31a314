/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bytes to numbers and strings, never past their end.
 */
#include "datfile/cursor.h"

#include <string.h>

#include "base/alloc.h"
#include "base/bytes.h"

struct cursor cursor_over(const void *bytes, size_t length, bool is_big_endian)
{
	static const unsigned char nothing[1];
	const unsigned char *at = bytes ? bytes : nothing;

	return (struct cursor){ .at = at, .end = at + length, .is_big_endian = is_big_endian };
}

size_t cursor_left(const struct cursor *cursor)
{
	return cursor->has_failed ? 0 : (size_t)(cursor->end - cursor->at);
}

const unsigned char *cursor_bytes(struct cursor *cursor, uint64_t length)
{
	const unsigned char *bytes = cursor->at;

	if (cursor->has_failed || length > (uint64_t)(cursor->end - cursor->at)) {
		cursor->has_failed = true;
		return NULL;
	}
	cursor->at += length;
	return bytes;
}

uint8_t cursor_u8(struct cursor *cursor)
{
	const unsigned char *bytes = cursor_bytes(cursor, 1);

	return bytes ? bytes[0] : 0;
}

uint16_t cursor_u16(struct cursor *cursor)
{
	const unsigned char *bytes = cursor_bytes(cursor, 2);

	return bytes ? bytes_get16(bytes, cursor->is_big_endian) : 0;
}

uint32_t cursor_u32(struct cursor *cursor)
{
	const unsigned char *bytes = cursor_bytes(cursor, 4);

	return bytes ? bytes_get32(bytes, cursor->is_big_endian) : 0;
}

uint64_t cursor_u64(struct cursor *cursor)
{
	const unsigned char *bytes = cursor_bytes(cursor, 8);

	return bytes ? bytes_get64(bytes, cursor->is_big_endian) : 0;
}

const char *cursor_string(struct cursor *cursor)
{
	const unsigned char *nul;

	if (cursor->has_failed)
		return NULL;
	nul = memchr(cursor->at, '\0', cursor_left(cursor));
	if (!nul) {
		cursor->has_failed = true;
		return NULL;
	}
	return (const char *)cursor_bytes(cursor, (uint64_t)(nul - cursor->at) + 1);
}

char *cursor_copy(struct cursor *cursor, uint64_t length)
{
	const unsigned char *bytes = cursor_bytes(cursor, length);
	char *copy;

	if (!bytes)
		return NULL;
	copy = xmalloc(length + 1);
	memcpy(copy, bytes, length);
	copy[length] = '\0';
	return copy;
}

bool cursor_skip(struct cursor *cursor, const void *bytes, size_t length)
{
	if (cursor_left(cursor) < length || memcmp(cursor->at, bytes, length))
		return false;
	cursor->at += length;
	return true;
}
