/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The text of a value and the display type of a field in, a constant out; a constant and a value
 * in, whether they fit out.
 */
#include "filter/constant.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/alloc.h"
#include "base/diag.h"
#include "probes/names.h"

#define ERRNO_MAX     4095
#define NS_PER_SECOND UINT64_C(1000000000)

struct reading {
	const struct filter_test *test;
	enum probe_display display;
	const struct probe_enum *names;
	struct constant *out;
	char **why, **hint;
};

static int refuse(struct reading *reading, char *why)
{
	*reading->why = why;
	return -EINVAL;
}

/* A unit behind a number of a duration; the text behind it is to be empty. */
static uint64_t unit_of(const char **at)
{
	static const struct {
		const char *name;
		uint64_t ns;
	} units[] = { { "ns", 1 }, { "us", 1000 }, { "ms", 1000000 }, { "s", NS_PER_SECOND } };

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strcmp(*at, units[i].name) != 0)
			continue;
		*at += strlen(*at);
		return units[i].ns;
	}
	return 1;
}

/* What follows the whole number: a fraction as nk prints one, to the nanosecond, and the unit. */
static bool read_duration(const char **at, uint64_t *number)
{
	uint64_t fraction = 0, scale = 1;

	if (**at == '.') {
		const char *digits = ++*at;

		for (; isdigit((unsigned char)**at) && scale < NS_PER_SECOND; ++*at) {
			fraction = fraction * 10 + (uint64_t)(**at - '0');
			scale *= 10;
		}
		if (*at == digits)
			return false;
	}

	uint64_t unit = unit_of(at);

	return fraction * unit % scale == 0 && !__builtin_mul_overflow(*number, unit, number) &&
	       !__builtin_add_overflow(*number, fraction * unit / scale, number);
}

static bool read_number(struct reading *reading)
{
	const char *text = reading->test->value, *end;
	struct constant *out = reading->out;
	bool is_negative = *text == '-';
	uint64_t number;

	text += is_negative;
	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	number = strtoull(text, (char **)&end, text[0] == '0' && text[1] == 'x' ? 16 : 10);
	if (errno || (is_negative && number > (uint64_t)INT64_MAX + 1))
		return false;
	if (reading->display == DISPLAY_DURATION && !read_duration(&end, &number))
		return false;
	if (*end != '\0')
		return false;
	out->kind = CONSTANT_NUMBER;
	out->is_negative = is_negative && number > 0;
	out->number = is_negative ? -number : number;
	return true;
}

static bool set_name(struct constant *out, uint64_t number)
{
	out->kind = CONSTANT_NUMBER;
	out->is_name = true;
	out->number = number;
	return true;
}

static bool read_errno(struct constant *out, const char *name)
{
	name += *name == '-';
	for (int number = 1; number <= ERRNO_MAX; number++) {
		const char *known = strerrorname_np(number);

		if (!known || strcmp(known, name) != 0)
			continue;
		set_name(out, (uint64_t) - (int64_t)number);
		out->is_negative = true;
		return true;
	}
	return false;
}

/* "S." as tcpdump prints it; "none". */
static bool read_flags(struct constant *out, const char *name)
{
	size_t count;
	const struct display_value *flags = display_values(DISPLAY_TCP_FLAGS, &count);
	uint64_t number = 0;

	for (const char *at = strcmp(name, "none") == 0 ? "" : name; *at; at++) {
		size_t i = 0;

		while (i < count && flags[i].name[0] != *at)
			i++;
		if (i == count)
			return false;
		number |= flags[i].value;
	}
	return set_name(out, number);
}

static bool read_enum(struct constant *out, const struct probe_enum *names, const char *name)
{
	for (size_t i = 0; names && i < names->value_count; i++) {
		uint64_t value = names->values[i].value;

		if (strcmp(names->values[i].name, name) != 0)
			continue;
		out->is_negative = names->kernel[0] == 's' && (int64_t)value < 0;
		return set_name(out, value);
	}
	return false;
}

static bool is_icmp_name(const char *name)
{
	for (unsigned int i = 0; i < 256; i++) {
		const char *four = display_value_name(DISPLAY_ICMP_TYPE, i);
		const char *six = display_icmp6_type_name(i);

		if ((four && strcasecmp(four, name) == 0) || (six && strcasecmp(six, name) == 0))
			return true;
	}
	return false;
}

static bool read_name(struct reading *reading)
{
	const char *name = reading->test->value;
	struct constant *out = reading->out;
	const struct display_value *values;
	size_t count;

	switch (reading->display) {
	case DISPLAY_ERRNO:
	case DISPLAY_SIZE_OR_ERRNO:
		return read_errno(out, name);
	case DISPLAY_TCP_FLAGS:
		return read_flags(out, name);
	case DISPLAY_ENUM:
		return read_enum(out, reading->names, name);
	case DISPLAY_ICMP_TYPE:
		out->kind = CONSTANT_ICMP_NAME;
		out->is_name = true;
		out->text = name;
		out->length = strlen(name);
		return is_icmp_name(name);
	default:
		break;
	}
	values = display_values(reading->display, &count);
	for (size_t i = 0; i < count; i++)
		if (strcasecmp(values[i].name, name) == 0)
			return set_name(out, values[i].value);
	return false;
}

static char *near_name(const struct reading *reading)
{
	size_t count = 0;
	const struct display_value *values = display_values(reading->display, &count);
	const struct probe_enum *names = reading->names;
	size_t total = count + (names ? names->value_count : 0);
	NK_FREE const char **all = xcalloc(total + 1, sizeof(*all));
	const char *near;

	for (size_t i = 0; i < total; i++)
		all[i] = i < count ? values[i].name : names->values[i - count].name;
	near = diag_nearest(reading->test->value, all, total);
	return near ? xasprintf("did you mean '%s'?", near) : NULL;
}

static int parse_number(struct reading *reading)
{
	const struct filter_test *test = reading->test;

	if (test->relation == RELATION_GLOB)
		return refuse(reading,
			      xasprintf("'~' compares text, and '%s' is a number", test->name));
	if (!read_number(reading) && !read_name(reading)) {
		*reading->hint = near_name(reading);
		return refuse(reading, xasprintf("'%s' is no value that '%s' can have", test->value,
						 test->name));
	}
	if (test->subject == SUBJECT_PORT &&
	    (reading->out->is_negative || reading->out->number > UINT16_MAX))
		return refuse(reading, xasprintf("'%s' is no port", test->value));
	if (reading->out->is_name && test->relation >= RELATION_LESS &&
	    test->relation <= RELATION_GREATER_EQUAL)
		return refuse(reading,
			      xasprintf("'%s' is a name, and names have no order", test->value));
	if (reading->out->kind == CONSTANT_ICMP_NAME && test->relation == RELATION_BITS)
		return refuse(reading,
			      xasprintf("'%s' is a name: '&' takes a number", test->value));
	return 0;
}

static int parse_text(struct reading *reading)
{
	const struct filter_test *test = reading->test;

	if (test->relation != RELATION_EQUAL && test->relation != RELATION_UNEQUAL &&
	    test->relation != RELATION_GLOB)
		return refuse(reading,
			      xasprintf("'%s' is text: '==', '!=' and '~' compare it", test->name));
	reading->out->kind = CONSTANT_TEXT;
	reading->out->text = test->value;
	reading->out->length = strlen(test->value);
	return 0;
}

static bool read_address(const char *value, struct constant *out)
{
	char text[INET6_ADDRSTRLEN + 1];
	size_t length = strcspn(value, "/");
	int most;

	if (length >= sizeof(text))
		return false;
	memcpy(text, value, length);
	text[length] = '\0';
	out->family = inet_pton(AF_INET, text, out->bytes) == 1	   ? AF_INET
		      : inet_pton(AF_INET6, text, out->bytes) == 1 ? AF_INET6
								   : 0;
	most = out->family == AF_INET ? 32 : 128;
	out->bits = (uint8_t)most;
	if (out->family && value[length] == '/') {
		char *end;
		unsigned long bits = strtoul(value + length + 1, &end, 10);

		if (end == value + length + 1 || *end || value[length + 1] == '-' ||
		    value[length + 1] == '+' || bits > (unsigned long)most)
			return false;
		out->bits = (uint8_t)bits;
	}
	return out->family != 0;
}

/* Bits behind the prefix would never be equal: told, for it is a slip. */
static bool has_host_bits(const struct constant *constant)
{
	unsigned int most = constant->family == AF_INET ? 32 : 128;

	for (unsigned int bit = constant->bits; bit < most; bit++)
		if (constant->bytes[bit / 8] & 0x80U >> bit % 8)
			return true;
	return false;
}

static int parse_address(struct reading *reading)
{
	const struct filter_test *test = reading->test;

	if (test->relation != RELATION_EQUAL && test->relation != RELATION_UNEQUAL)
		return refuse(reading, xasprintf("'%s' is an address: '==' and '!=' compare it",
						 test->name));
	reading->out->kind = CONSTANT_ADDRESS;
	if (!read_address(test->value, reading->out))
		return refuse(reading, xasprintf("'%s' is no address: A.B.C.D, an IPv6 address, "
						 "or one of them with /BITS",
						 test->value));
	if (has_host_bits(reading->out))
		return refuse(reading, xasprintf("'%s' has bits behind its first %u", test->value,
						 reading->out->bits));
	return 0;
}

static int parse_mac(struct reading *reading)
{
	const struct filter_test *test = reading->test;
	unsigned char *bytes = reading->out->bytes;
	int length = 0;

	if (test->relation != RELATION_EQUAL && test->relation != RELATION_UNEQUAL)
		return refuse(reading, xasprintf("'%s' is an address: '==' and '!=' compare it",
						 test->name));
	reading->out->kind = CONSTANT_MAC;
	if (sscanf(test->value, "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx%n", &bytes[0], &bytes[1],
		   &bytes[2], &bytes[3], &bytes[4], &bytes[5], &length) == 6 &&
	    length == (int)strlen(test->value))
		return 0;
	return refuse(reading, xasprintf("'%s' is no hardware address", test->value));
}

int constant_parse(const struct filter_test *test, enum probe_display display,
		   const struct probe_enum *names, struct constant *out, char **why, char **hint)
{
	struct reading reading = { test, display, names, out, why, hint };

	*out = (struct constant){ .display = display };
	*why = *hint = NULL;
	switch (display) {
	case DISPLAY_STRING:
	case DISPLAY_SYMBOL:
		return parse_text(&reading);
	case DISPLAY_IP4:
	case DISPLAY_IP6:
		return parse_address(&reading);
	case DISPLAY_MAC:
		return parse_mac(&reading);
	case DISPLAY_PACKET:
	case DISPLAY_COUNT:
		return refuse(&reading, xasprintf("'%s' cannot be compared", test->name));
	default:
		return parse_number(&reading);
	}
}

/* pattern is behind its '['; false: it is no class, and the '[' is itself. */
static bool match_class(const char **pattern, unsigned char byte, bool *matches)
{
	const char *at = *pattern;
	bool is_inverted = *at == '!', is_in = false;
	unsigned char first, last;

	at += is_inverted;
	do {
		first = last = (unsigned char)*at++;
		if (first == '\0')
			return false;
		if (at[0] == '-' && at[1] != ']' && at[1] != '\0') {
			last = (unsigned char)at[1];
			at += 2;
		}
		is_in = is_in || (first <= byte && byte <= last);
	} while (*at != ']');
	*pattern = at + 1;
	*matches = is_in != is_inverted;
	return true;
}

/* One byte of text against what stands at *pattern, which moves behind it. */
static bool match_byte(const char **pattern, unsigned char byte)
{
	char c = *(*pattern)++;
	bool matches;

	switch (c) {
	case '?':
		return true;
	case '[':
		if (match_class(pattern, byte, &matches))
			return matches;
		break;
	case '\\':
		if (**pattern)
			c = *(*pattern)++;
		break;
	default:
		break;
	}
	return (unsigned char)c == byte;
}

bool glob_matches(const char *pattern, const char *text, size_t length)
{
	const char *end = text + length;
	const char *star = NULL, *from = NULL; /* behind the last '*', and what it began with */

	while (text < end) {
		if (*pattern == '*') {
			star = ++pattern;
			from = text;
		} else if (*pattern && match_byte(&pattern, (unsigned char)*text)) {
			text++;
		} else if (star) {
			pattern = star;
			text = ++from;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return *pattern == '\0';
}

bool constant_holds_text(const struct constant *constant, enum filter_relation relation,
			 const char *text, size_t length)
{
	bool is_equal;

	if (relation == RELATION_GLOB)
		return glob_matches(constant->text, text, length);
	is_equal = length == constant->length && memcmp(text, constant->text, length) == 0;
	return is_equal == (relation == RELATION_EQUAL);
}

bool constant_holds_number(const struct constant *constant, enum filter_relation relation,
			   uint64_t number, bool is_signed)
{
	bool is_negative = is_signed && (int64_t)number < 0;
	int order = (number > constant->number) - (number < constant->number);

	if (is_negative != constant->is_negative)
		order = is_negative ? -1 : 1;
	switch (relation) {
	case RELATION_EQUAL:
		return order == 0;
	case RELATION_UNEQUAL:
		return order != 0;
	case RELATION_LESS:
		return order < 0;
	case RELATION_LESS_EQUAL:
		return order <= 0;
	case RELATION_GREATER:
		return order > 0;
	case RELATION_GREATER_EQUAL:
		return order >= 0;
	case RELATION_BITS:
		return number & constant->number;
	case RELATION_GLOB:
		break;
	}
	return false;
}

static bool is_address(const struct constant *constant, const struct value *value)
{
	unsigned int whole = constant->bits / 8, rest = constant->bits % 8;

	if (value->length != (constant->family == AF_INET ? 4 : 16) ||
	    memcmp(value->bytes, constant->bytes, whole) != 0)
		return false;
	return rest == 0 || (value->bytes[whole] ^ constant->bytes[whole]) >> (8 - rest) == 0;
}

static bool is_icmp_type(const struct constant *constant, const struct value *value)
{
	const char *name = value->family == AF_INET6
				   ? display_icmp6_type_name(value->number)
				   : display_value_name(DISPLAY_ICMP_TYPE, value->number);

	return name && strcasecmp(name, constant->text) == 0;
}

bool constant_holds(const struct constant *constant, enum filter_relation relation,
		    const struct value *value)
{
	bool is_number = value->kind == VALUE_UNSIGNED || value->kind == VALUE_SIGNED;
	bool is_wanted = relation == RELATION_EQUAL;

	switch (constant->kind) {
	case CONSTANT_NUMBER:
		return is_number && constant_holds_number(constant, relation, value->number,
							  value->kind == VALUE_SIGNED);
	case CONSTANT_TEXT:
		return value->kind == VALUE_STRING &&
		       constant_holds_text(constant, relation, (const char *)value->bytes,
					   value->length);
	case CONSTANT_ADDRESS:
		return value->kind == VALUE_BYTES && is_address(constant, value) == is_wanted;
	case CONSTANT_MAC:
		return value->kind == VALUE_BYTES && value->length == 6 &&
		       (memcmp(value->bytes, constant->bytes, 6) == 0) == is_wanted;
	case CONSTANT_ICMP_NAME:
		return is_number && is_icmp_type(constant, value) == is_wanted;
	}
	return false;
}
