/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading bytes from outside: past the end everything is 0 or NULL, and the cursor remembers it.
 */
#ifndef NK_DATFILE_CURSOR_H
#define NK_DATFILE_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cursor {
	const unsigned char *at, *end;
	bool is_big_endian;
	bool has_failed; /* something was asked for that was not there; from then on nothing is */
};

struct cursor cursor_over(const void *bytes, size_t length, bool is_big_endian);
size_t cursor_left(const struct cursor *cursor);
uint8_t cursor_u8(struct cursor *cursor);
uint16_t cursor_u16(struct cursor *cursor);
uint32_t cursor_u32(struct cursor *cursor);
uint64_t cursor_u64(struct cursor *cursor);
/* Up to and with its NUL; borrowed from the bytes. */
const char *cursor_string(struct cursor *cursor);
/* Borrowed from the bytes; NULL where there are not so many. */
const unsigned char *cursor_bytes(struct cursor *cursor, uint64_t length);
/* A malloc'ed, NUL-terminated copy. */
char *cursor_copy(struct cursor *cursor, uint64_t length);
/* Whether these very bytes come next; moves past them where they do. */
bool cursor_skip(struct cursor *cursor, const void *bytes, size_t length);

#endif
