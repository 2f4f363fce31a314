/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Numbers of a file's byte order, at any alignment.
 */
#ifndef NK_DATFILE_BYTES_H
#define NK_DATFILE_BYTES_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

static inline bool bytes_host_is_big(void)
{
	return __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__;
}

static inline uint16_t bytes_get16(const void *from, bool is_big)
{
	uint16_t value;

	memcpy(&value, from, sizeof(value));
	return is_big == bytes_host_is_big() ? value : __builtin_bswap16(value);
}

static inline uint32_t bytes_get32(const void *from, bool is_big)
{
	uint32_t value;

	memcpy(&value, from, sizeof(value));
	return is_big == bytes_host_is_big() ? value : __builtin_bswap32(value);
}

static inline uint64_t bytes_get64(const void *from, bool is_big)
{
	uint64_t value;

	memcpy(&value, from, sizeof(value));
	return is_big == bytes_host_is_big() ? value : __builtin_bswap64(value);
}

static inline void bytes_put16(void *to, uint16_t value, bool is_big)
{
	if (is_big != bytes_host_is_big())
		value = __builtin_bswap16(value);
	memcpy(to, &value, sizeof(value));
}

static inline void bytes_put32(void *to, uint32_t value, bool is_big)
{
	if (is_big != bytes_host_is_big())
		value = __builtin_bswap32(value);
	memcpy(to, &value, sizeof(value));
}

static inline void bytes_put64(void *to, uint64_t value, bool is_big)
{
	if (is_big != bytes_host_is_big())
		value = __builtin_bswap64(value);
	memcpy(to, &value, sizeof(value));
}

#endif
