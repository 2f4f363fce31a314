/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Numbers and addresses as text, without printf(3). Each function writes at a place that has room
 * enough and returns where it ended; nothing is NUL-terminated.
 */
#ifndef NK_BASE_NUMBER_H
#define NK_BASE_NUMBER_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define NUMBER_DECIMAL_MAX  20 /* bytes of the longest, with a sign */
#define NUMBER_HEX_MAX	    18
#define NUMBER_IP4_MAX	    15
#define NUMBER_IP6_MAX	    45
#define NUMBER_MAC_MAX	    17
#define NUMBER_DURATION_MAX 32

/* The digits of each number below 100, and what has more than eight: for the functions below. */
extern const char number_pairs[];
char *number_long_decimal(char *at, uint64_t number);

/* Two digits, or four. */
static inline char *number_two(char *at, uint32_t number)
{
	memcpy(at, number_pairs + number * 2, 2);
	return at + 2;
}

static inline char *number_four(char *at, uint32_t number)
{
	return number_two(number_two(at, number / 100), number % 100);
}

/* Below 10,000: no leading zeros. */
static inline char *number_short_decimal(char *at, uint32_t number)
{
	if (number >= 1000)
		return number_four(at, number);
	if (number >= 100) {
		*at = (char)('0' + number / 100);
		return number_two(at + 1, number % 100);
	}
	if (number >= 10)
		return number_two(at, number);
	*at = (char)('0' + number);
	return at + 1;
}

static inline char *number_decimal(char *at, uint64_t number)
{
	if (number < 10000)
		return number_short_decimal(at, (uint32_t)number);
	if (number < 100000000)
		return number_four(number_short_decimal(at, (uint32_t)number / 10000),
				   (uint32_t)number % 10000);
	return number_long_decimal(at, number);
}

/* Nine digits. */
static inline char *number_nanoseconds(char *at, uint32_t number)
{
	uint32_t high = number / 10000;

	*at = (char)('0' + high / 10000);
	return number_four(number_four(at + 1, high % 10000), number % 10000);
}

char *number_signed(char *at, int64_t number);
char *number_hex(char *at, uint64_t number);	    /* 0x..., without leading zeros */
char *number_hex_digits(char *at, uint64_t number); /* without the 0x */

/* With leading zeros. */
static inline char *number_padded(char *at, uint64_t number, unsigned int count)
{
	unsigned int left = count;

	for (; left >= 2; left -= 2, number /= 100)
		memcpy(at + left - 2, number_pairs + number % 100 * 2, 2);
	if (left > 0)
		*at = (char)('0' + number % 10);
	return at + count;
}

char *number_ip4(char *at, const unsigned char bytes[4]);
/* As inet_ntop(3): RFC 5952, ::ffff:a.b.c.d for v4-mapped ones. */
char *number_ip6(char *at, const unsigned char bytes[16]);
char *number_mac(char *at, const unsigned char bytes[6]);
/* ns in the unit that fits, with three decimals: 999ns, 12.345us, 1.234ms, 2.000s. */
char *number_duration(char *at, uint64_t ns);

#endif
