/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * In: records of any probe. Out: those of their fields that have a common name, copied, so that
 * they outlive the record. A value that the record does not show is absent, never zero.
 */
#include "verify/fields.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

const char *const verify_field_names[FIELD_COUNT] = {
	[FIELD_FAMILY] = "family", [FIELD_LADDR] = "laddr",	[FIELD_LPORT] = "lport",
	[FIELD_RADDR] = "raddr",   [FIELD_RPORT] = "rport",	[FIELD_SADDR] = "saddr",
	[FIELD_SPORT] = "sport",   [FIELD_DADDR] = "daddr",	[FIELD_DPORT] = "dport",
	[FIELD_LEN] = "len",	   [FIELD_BYTES] = "bytes",	[FIELD_STATE] = "state",
	[FIELD_TYPE] = "type",	   [FIELD_PROTO] = "proto",	[FIELD_L4PROTO] = "l4proto",
	[FIELD_CODE] = "code",	   [FIELD_BACKLOG] = "backlog", [FIELD_ADDR] = "addr",
	[FIELD_PORT] = "port",	   [FIELD_ERR] = "err",		[FIELD_DEV] = "dev",
	[FIELD_FLAGS] = "flags",   [FIELD_SKB] = "skb",		[FIELD_CLONE] = "clone",
	[FIELD_DUR] = "dur",	   [FIELD_TAIL] = "_tail",
};

void verify_set_number(struct verify_fields *fields, enum verify_field field, int64_t number)
{
	fields->of[field] = (struct verify_value){ .kind = VERIFY_NUMBER, .number = number };
}

void verify_set_text(struct verify_fields *fields, enum verify_field field, const char *text)
{
	struct verify_value *value = &fields->of[field];

	*value = (struct verify_value){ .kind = VERIFY_TEXT };
	snprintf(value->text, sizeof(value->text), "%s", text);
}

void verify_set_end(struct verify_fields *fields, enum verify_field address, enum verify_field port,
		    const struct endpoint *end)
{
	struct verify_value *value = &fields->of[address];
	size_t length;
	const void *bytes = endpoint_address(end, &length);

	if (!bytes)
		return;
	*value = (struct verify_value){ .kind = VERIFY_ADDRESS, .length = (uint8_t)length };
	memcpy(value->bytes, bytes, length);
	verify_set_number(fields, port, endpoint_port(end));
}

static void read_value(const struct value *from, struct verify_value *to)
{
	to->kind = VERIFY_ABSENT;
	switch (from->kind) {
	case VALUE_ABSENT:
		break;
	case VALUE_UNSIGNED:
	case VALUE_SIGNED:
		to->kind = VERIFY_NUMBER;
		to->number = (int64_t)from->number;
		break;
	case VALUE_BYTES:
		if (from->length > sizeof(to->bytes))
			break;
		to->kind = VERIFY_ADDRESS;
		to->length = (uint8_t)from->length;
		memcpy(to->bytes, from->bytes, from->length);
		break;
	case VALUE_STRING:
		to->kind = VERIFY_TEXT;
		snprintf(to->text, sizeof(to->text), "%.*s", (int)from->length,
			 (const char *)from->bytes);
		break;
	}
}

void verify_fields_read(const struct record *record, struct verify_fields *fields)
{
	const struct event_plan *plan = record->plan;

	*fields = (struct verify_fields){ 0 };
	for (size_t i = 0; i < plan->field_count; i++) {
		const struct plan_field *field = &plan->fields[i];
		struct value value;
		size_t known = 0;
		int64_t bytes;

		if (record_linear(record, field, &bytes))
			verify_set_number(fields, FIELD_TAIL, bytes);
		while (known < FIELD_COUNT && strcmp(verify_field_names[known], field->name) != 0)
			known++;
		if (known == FIELD_COUNT || field->kind == PLAN_ARRAY)
			continue;
		record_value(record, field, 0, &value);
		read_value(&value, &fields->of[known]);
	}
}

bool verify_is_comparable(const struct verify_value *want, const struct verify_value *seen)
{
	return want->kind != VERIFY_NONE && seen->kind != VERIFY_NONE;
}

bool verify_is_right(const struct verify_value *want, const struct verify_value *seen)
{
	if (!verify_is_comparable(want, seen))
		return true;
	if (want->kind == VERIFY_NONZERO)
		return seen->kind == VERIFY_NUMBER && seen->number != 0;
	if (want->kind == VERIFY_AT_MOST)
		return seen->kind == VERIFY_NUMBER && seen->number >= 0 &&
		       seen->number <= want->number;
	if (seen->kind != want->kind)
		return false;
	switch (want->kind) {
	case VERIFY_NUMBER:
		return want->number == seen->number;
	case VERIFY_ADDRESS:
		return want->length == seen->length &&
		       memcmp(want->bytes, seen->bytes, want->length) == 0;
	case VERIFY_TEXT:
		return strcmp(want->text, seen->text) == 0;
	default:
		return want->kind == VERIFY_ABSENT;
	}
}

char *verify_value_print(const struct verify_value *value, char text[VERIFY_VALUE_TEXT_MAX])
{
	static const char *const words[] = { [VERIFY_NONE] = "anything",
					     [VERIFY_ABSENT] = "nothing",
					     [VERIFY_NONZERO] = "anything but 0" };

	switch (value->kind) {
	case VERIFY_NUMBER:
		snprintf(text, VERIFY_VALUE_TEXT_MAX, "%" PRId64, value->number);
		break;
	case VERIFY_AT_MOST:
		snprintf(text, VERIFY_VALUE_TEXT_MAX, "at most %" PRId64, value->number);
		break;
	case VERIFY_TEXT:
		snprintf(text, VERIFY_VALUE_TEXT_MAX, "%s", value->text);
		break;
	case VERIFY_ADDRESS:
		if (!inet_ntop(value->length == 16 ? AF_INET6 : AF_INET, value->bytes, text,
			       VERIFY_VALUE_TEXT_MAX))
			*text = '\0';
		break;
	default:
		snprintf(text, VERIFY_VALUE_TEXT_MAX, "%s", words[value->kind]);
	}
	return text;
}
