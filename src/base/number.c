/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Numbers, addresses and durations in, their text out. Decimal goes two digits at a time by a
 * table.
 */
#include "base/number.h"

#include <endian.h>
#include <string.h>

const char number_pairs[] = "00010203040506070809101112131415161718192021222324"
			    "25262728293031323334353637383940414243444546474849"
			    "50515253545556575859606162636465666768697071727374"
			    "75767778798081828384858687888990919293949596979899";
static const char digits[] = "0123456789abcdef";

char *number_long_decimal(char *at, uint64_t number)
{
	char text[NUMBER_DECIMAL_MAX];
	char *first = text + sizeof(text);

	while (number >= 100) {
		first -= 2;
		memcpy(first, number_pairs + number % 100 * 2, 2);
		number /= 100;
	}
	if (number >= 10) {
		first -= 2;
		memcpy(first, number_pairs + number * 2, 2);
	} else {
		*--first = (char)('0' + number);
	}

	size_t length = (size_t)(text + sizeof(text) - first);

	memcpy(at, first, length);
	return at + length;
}

char *number_signed(char *at, int64_t number)
{
	if (number >= 0)
		return number_decimal(at, (uint64_t)number);
	*at++ = '-';
	return number_decimal(at, -(uint64_t)number);
}

/* Four bytes as eight digits, the first digit in the first byte: nibbles spread out to bytes, each
 * 0 to 9 or, by a carry of six, 10 to 15. */
static inline void eight_hex(char *at, uint32_t number)
{
	uint64_t spread = number;
	uint64_t letters;

	spread = ((spread << 16) | spread) & 0x0000ffff0000ffff;
	spread = ((spread << 8) | spread) & 0x00ff00ff00ff00ff;
	spread = ((spread << 4) | spread) & 0x0f0f0f0f0f0f0f0f;
	letters = ((spread + 0x0606060606060606) >> 4) & 0x0101010101010101;
	spread = htobe64(spread + 0x3030303030303030 + letters * ('a' - '0' - 10));
	memcpy(at, &spread, sizeof(spread));
}

static char *hex(char *at, uint64_t number)
{
	unsigned int count = number ? (67 - (unsigned int)__builtin_clzll(number)) / 4 : 1;

	number <<= 64 - 4 * count;
	if (count <= 4) {
		for (unsigned int i = 0; i < count; i++)
			at[i] = digits[number >> (60 - 4 * i) & 15];
		return at + count;
	}
	eight_hex(at, (uint32_t)(number >> 32));
	if (count > 8)
		eight_hex(at + 8, (uint32_t)number);
	return at + count;
}

char *number_hex_digits(char *at, uint64_t number)
{
	return hex(at, number);
}

char *number_hex(char *at, uint64_t number)
{
	*at++ = '0';
	*at++ = 'x';
	return hex(at, number);
}

static char *byte(char *at, unsigned int number)
{
	if (number >= 100) {
		*at++ = (char)('0' + number / 100);
		number %= 100;
	} else if (number < 10) {
		*at++ = (char)('0' + number);
		return at;
	}
	memcpy(at, number_pairs + number * 2, 2);
	return at + 2;
}

char *number_ip4(char *at, const unsigned char bytes[4])
{
	at = byte(at, bytes[0]);
	*at++ = '.';
	at = byte(at, bytes[1]);
	*at++ = '.';
	at = byte(at, bytes[2]);
	*at++ = '.';
	return byte(at, bytes[3]);
}

/* The first of the longest runs of at least two zero words; *first is 8 where there is none. */
static void find_zeros(const uint16_t words[8], unsigned int *first, unsigned int *count)
{
	unsigned int start = 0;

	*first = 8;
	*count = 1;
	for (unsigned int i = 0; i < 8; i++) {
		if (words[i] != 0) {
			start = i + 1;
		} else if (i - start + 1 > *count) {
			*first = start;
			*count = i - start + 1;
		}
	}
}

char *number_ip6(char *at, const unsigned char bytes[16])
{
	uint16_t words[8];
	unsigned int first, count;

	for (int i = 0; i < 8; i++)
		words[i] = (uint16_t)(bytes[2 * i] << 8 | bytes[2 * i + 1]);
	find_zeros(words, &first, &count);

	/* v4-mapped and v4-compatible. */
	bool has_ip4 = first == 0 && (count == 6 || (count == 5 && words[5] == 0xffff));
	unsigned int end = has_ip4 ? 6 : 8;

	for (unsigned int i = 0; i < end; i++) {
		if (i == first) {
			*at++ = ':';
			if (i + count == 8)
				*at++ = ':';
			i += count - 1;
			continue;
		}
		if (i > 0)
			*at++ = ':';
		at = hex(at, words[i]);
	}
	if (has_ip4) {
		*at++ = ':';
		at = number_ip4(at, bytes + 12);
	}
	return at;
}

char *number_mac(char *at, const unsigned char bytes[6])
{
	for (int i = 0; i < 6; i++) {
		if (i > 0)
			*at++ = ':';
		*at++ = digits[bytes[i] >> 4];
		*at++ = digits[bytes[i] & 15];
	}
	return at;
}

char *number_duration(char *at, uint64_t ns)
{
	static const struct {
		uint64_t unit;
		char name[3];
	} units[] = { { 1000000000, "s" }, { 1000000, "ms" }, { 1000, "us" } };

	for (unsigned int i = 0; i < sizeof(units) / sizeof(*units); i++) {
		if (ns < units[i].unit)
			continue;
		at = number_decimal(at, ns / units[i].unit);
		*at++ = '.';
		at = number_padded(at, ns % units[i].unit / (units[i].unit / 1000), 3);
		return stpcpy(at, units[i].name);
	}
	return stpcpy(number_decimal(at, ns), "ns");
}
