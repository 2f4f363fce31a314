/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a field is compared with, read as the field's display type has it. Internal to filter/.
 */
#ifndef NK_FILTER_CONSTANT_H
#define NK_FILTER_CONSTANT_H

#include <stdint.h>

#include "decode/record.h"
#include "filter/parse.h"
#include "probes/probe.h"

enum constant_kind {
	CONSTANT_NUMBER,
	CONSTANT_TEXT,
	CONSTANT_ADDRESS,
	CONSTANT_MAC,
	CONSTANT_ICMP_NAME, /* which number it is depends on the family */
};

struct constant {
	enum constant_kind kind;
	enum probe_display display; /* of the values that it is for */
	bool is_name;		    /* NUMBER: written as one */
	bool is_negative;	    /* NUMBER: as int64_t */
	uint64_t number;
	const char *text; /* TEXT, ICMP_NAME: borrowed from the test */
	size_t length;
	uint8_t family, bits; /* ADDRESS: those that count */
	unsigned char bytes[16];
};

/*
 * names: of an ENUM, or NULL. 0, or -EINVAL with *why malloc'ed, a sentence, and *hint malloc'ed or
 * NULL.
 */
int constant_parse(const struct filter_test *test, enum probe_display display,
		   const struct probe_enum *names, struct constant *out, char **why, char **hint);

/* How a value compares with a constant of its display. */
bool constant_holds(const struct constant *constant, enum filter_relation relation,
		    const struct value *value);
/* The same of bytes of text; and of a number, -1, 0, 1. */
bool constant_holds_text(const struct constant *constant, enum filter_relation relation,
			 const char *text, size_t length);
bool constant_holds_number(const struct constant *constant, enum filter_relation relation,
			   uint64_t number, bool is_signed);

/* The glob of the kernel's filters (lib/glob.c): * ? [a-z] [!a-z] \x. */
bool glob_matches(const char *pattern, const char *text, size_t length);

#endif
