/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fields by the names that mean the same in every probe, as values that can be held against the
 * truth: numbers, addresses, texts.
 */
#ifndef NK_VERIFY_FIELDS_H
#define NK_VERIFY_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "decode/record.h"
#include "traffic/endpoint.h"

enum verify_field {
	FIELD_FAMILY,
	FIELD_LADDR,
	FIELD_LPORT,
	FIELD_RADDR,
	FIELD_RPORT,
	FIELD_SADDR,
	FIELD_SPORT,
	FIELD_DADDR,
	FIELD_DPORT,
	FIELD_LEN,
	FIELD_BYTES,
	FIELD_STATE,
	FIELD_TYPE,
	FIELD_PROTO,
	FIELD_L4PROTO,
	FIELD_CODE,
	FIELD_BACKLOG,
	FIELD_ADDR,
	FIELD_PORT,
	FIELD_ERR,
	FIELD_DEV,
	FIELD_FLAGS,
	FIELD_SKB,
	FIELD_CLONE,
	FIELD_DUR,
	/* Hidden: bytes of a packet from its sk_buff's data to its tail. */
	FIELD_TAIL,
	FIELD_COUNT
};

extern const char *const verify_field_names[FIELD_COUNT];

enum verify_value_kind {
	VERIFY_NONE,   /* wanted: anything; seen: the probe has no such field */
	VERIFY_ABSENT, /* seen: the record shows none */
	VERIFY_NUMBER,
	VERIFY_ADDRESS, /* 4 or 16 bytes, network order */
	VERIFY_TEXT,
	VERIFY_NONZERO, /* wanted: a number other than 0 */
	VERIFY_AT_MOST, /* wanted: a number up to this one */
};

struct verify_value {
	enum verify_value_kind kind;
	uint8_t length; /* of an address */
	int64_t number;
	union {
		uint8_t bytes[16];
		char text[16]; /* a device's name has 15 characters */
	};
};

struct verify_fields {
	struct verify_value of[FIELD_COUNT];
};

/* Longest text of a value. */
#define VERIFY_VALUE_TEXT_MAX 64

void verify_set_number(struct verify_fields *fields, enum verify_field field, int64_t number);
void verify_set_text(struct verify_fields *fields, enum verify_field field, const char *text);
/* Address and port; nothing where the end is not known. */
void verify_set_end(struct verify_fields *fields, enum verify_field address, enum verify_field port,
		    const struct endpoint *end);

/* The fields of a record; those of no common name are left out. */
void verify_fields_read(const struct record *record, struct verify_fields *fields);

/* Whether there is something to compare: wanted, and a field of the probe. */
bool verify_is_comparable(const struct verify_value *want, const struct verify_value *seen);
bool verify_is_right(const struct verify_value *want, const struct verify_value *seen);

/* Returns text. */
char *verify_value_print(const struct verify_value *value, char text[VERIFY_VALUE_TEXT_MAX]);

#endif
