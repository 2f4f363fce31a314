/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Numbers and addresses as text, without printf(3). Each function writes at a place that has room
 * enough and returns where it ended; nothing is NUL-terminated.
 */
#ifndef NK_BASE_NUMBER_H
#define NK_BASE_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

#define NUMBER_DECIMAL_MAX  20 /* bytes of the longest, with a sign */
#define NUMBER_HEX_MAX	    18
#define NUMBER_IP4_MAX	    15
#define NUMBER_IP6_MAX	    45
#define NUMBER_MAC_MAX	    17
#define NUMBER_DURATION_MAX 32

char *number_decimal(char *at, uint64_t number);
char *number_signed(char *at, int64_t number);
char *number_hex(char *at, uint64_t number);	     /* 0x..., without leading zeros */
char *number_hex_digits(char *at, uint64_t number);
char *number_nanoseconds(char *at, uint32_t number); /* nine digits */
char *number_padded(char *at, uint64_t number, unsigned int digits); /* with leading zeros */
char *number_ip4(char *at, const unsigned char bytes[4]);
/* As inet_ntop(3): RFC 5952, ::ffff:a.b.c.d for v4-mapped ones. */
char *number_ip6(char *at, const unsigned char bytes[16]);
char *number_mac(char *at, const unsigned char bytes[6]);
/* ns in the unit that fits, with three decimals: 999ns, 12.345us, 1.234ms, 2.000s. */
char *number_duration(char *at, uint64_t ns);

#endif
