/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Numbers of 1, 2, 4 or 8 bytes at any alignment, in either byte order: by whether it is this
 * machine's (is_swapped: it is not), or by which it is (is_big). Whoever asks has made sure that
 * the bytes are there.
 */
#ifndef NK_BASE_BYTES_H
#define NK_BASE_BYTES_H

#include <byteswap.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

static inline uint16_t bytes_16(const unsigned char *at, bool is_swapped)
{
	uint16_t number;

	memcpy(&number, at, sizeof(number));
	return is_swapped ? bswap_16(number) : number;
}

static inline uint32_t bytes_32(const unsigned char *at, bool is_swapped)
{
	uint32_t number;

	memcpy(&number, at, sizeof(number));
	return is_swapped ? bswap_32(number) : number;
}

static inline uint64_t bytes_64(const unsigned char *at, bool is_swapped)
{
	uint64_t number;

	memcpy(&number, at, sizeof(number));
	return is_swapped ? bswap_64(number) : number;
}

static inline uint64_t bytes_number(const unsigned char *at, unsigned int bytes, bool is_swapped)
{
	switch (bytes) {
	case 1:
		return *at;
	case 2:
		return bytes_16(at, is_swapped);
	case 4:
		return bytes_32(at, is_swapped);
	default:
		return bytes_64(at, is_swapped);
	}
}

/* In network order, of any length up to 8. */
static inline uint64_t bytes_network(const unsigned char *at, unsigned int bytes)
{
	uint64_t number = 0;

	for (unsigned int i = 0; i < bytes; i++)
		number = number << 8 | at[i];
	return number;
}

/* A number of so many bytes as one of 64 bits with its sign. */
static inline int64_t bytes_signed(uint64_t number, unsigned int bytes)
{
	unsigned int unused = 64 - bytes * 8;

	return (int64_t)(number << unused) >> unused;
}

static inline bool bytes_host_is_big(void)
{
	return __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__;
}

static inline uint16_t bytes_get16(const void *from, bool is_big)
{
	return bytes_16(from, is_big != bytes_host_is_big());
}

static inline uint32_t bytes_get32(const void *from, bool is_big)
{
	return bytes_32(from, is_big != bytes_host_is_big());
}

static inline uint64_t bytes_get64(const void *from, bool is_big)
{
	return bytes_64(from, is_big != bytes_host_is_big());
}

static inline void bytes_put16(void *to, uint16_t value, bool is_big)
{
	value = bytes_get16(&value, is_big);
	memcpy(to, &value, sizeof(value));
}

static inline void bytes_put32(void *to, uint32_t value, bool is_big)
{
	value = bytes_get32(&value, is_big);
	memcpy(to, &value, sizeof(value));
}

static inline void bytes_put64(void *to, uint64_t value, bool is_big)
{
	value = bytes_get64(&value, is_big);
	memcpy(to, &value, sizeof(value));
}

#endif
