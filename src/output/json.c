/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Records as JSON Lines (RFC 8259, one object a line), made to be read by programs: time, ts, cpu,
 * pid, comm, event, then the fields in their order. Numbers are numbers; addresses, names and hex
 * values strings.
 */
#include "base/number.h"
#include "output/style.h"

static void put_event(struct buffer *buffer, const struct event_plan *plan)
{
	buffer_put_literal(buffer, "\",\"event\":\"");
	buffer_put_json(buffer, (const unsigned char *)plan->name, strnlen(plan->name, 4096));
	buffer_put_literal(buffer, "\"");
}

static void put_field(struct buffer *buffer, const struct plan_field *field)
{
	buffer_put_literal(buffer, ",\"");
	buffer_put_json(buffer, (const unsigned char *)field->name, strnlen(field->name, 4096));
	buffer_put_literal(buffer, "\":");
}

/* Up to the CPU: what a loss has too. */
static void put_start(struct output *output, const struct record *record)
{
	char *at = buffer_room(&output->buffer, 2 * TIME_MAX + 2 * VALUE_ROOM);

	*at++ = '{';
	if (output->options.has_wall_clock) {
		at = stpcpy(at, "\"time\":\"");
		at = time_utc(&output->second, at,
			      record->ts + (uint64_t)output->options.wall_offset_ns);
		at = stpcpy(at, "\",");
	}
	at = stpcpy(at, "\"ts\":");
	at = number_decimal(at, record->ts);
	at = stpcpy(at, ",\"cpu\":");
	output->buffer.end = number_signed(at, record->cpu);
}

static void put_quoted(struct buffer *buffer, const unsigned char *bytes, size_t length)
{
	buffer_put_literal(buffer, "\"");
	buffer_put_json(buffer, bytes, length);
	buffer_put_literal(buffer, "\"");
}

static void put_bytes(struct buffer *buffer, const struct value *value)
{
	char *at = buffer_room(buffer, VALUE_ROOM);

	*at++ = '"';
	if (value->display == DISPLAY_IP4)
		at = number_ip4(at, value->bytes);
	else if (value->display == DISPLAY_IP6)
		at = number_ip6(at, value->bytes);
	else if (value->display == DISPLAY_MAC)
		at = number_mac(at, value->bytes);
	buffer->end = at;
	if (value->display == DISPLAY_NONE)
		buffer_put_hex(buffer, value->bytes, value->length);
	buffer_put_literal(buffer, "\"");
}

static char *put_plain(char *at, const struct value *value)
{
	if (value->kind == VALUE_SIGNED)
		return number_signed(at, (int64_t)value->number);
	return number_decimal(at, value->number);
}

static void put_named(struct buffer *buffer, const struct value *value)
{
	bool is_foreign;
	const char *name = value_name(value, &is_foreign);

	if (name)
		put_quoted(buffer, (const unsigned char *)name, strlen(name));
	else
		buffer->end = put_plain(buffer_room(buffer, VALUE_ROOM), value);
}

static void put_number(struct buffer *buffer, const struct value *value)
{
	char *at = buffer_room(buffer, VALUE_ROOM);

	switch (value->display) {
	case DISPLAY_HEX:
	case DISPLAY_SYMBOL:
		*at++ = '"';
		at = number_hex(at, value->number);
		*at++ = '"';
		buffer->end = at;
		break;
	case DISPLAY_TCP_FLAGS:
		*at++ = '"';
		at = put_tcp_flags(at, value->number);
		*at++ = '"';
		buffer->end = at;
		break;
	case DISPLAY_FAMILY:
	case DISPLAY_SOCK_TYPE:
	case DISPLAY_TCP_STATE:
	case DISPLAY_PROTO:
	case DISPLAY_ETHERTYPE:
	case DISPLAY_ENUM:
		put_named(buffer, value);
		break;
	default:
		buffer->end = put_plain(at, value);
		break;
	}
}

static void put_value(struct buffer *buffer, const struct value *value)
{
	switch (value->kind) {
	case VALUE_ABSENT:
		buffer_put_literal(buffer, "null");
		break;
	case VALUE_STRING:
		put_quoted(buffer, value->bytes, value->length);
		break;
	case VALUE_BYTES:
		put_bytes(buffer, value);
		break;
	case VALUE_UNSIGNED:
	case VALUE_SIGNED:
		put_number(buffer, value);
		break;
	}
}

static void put_task(struct buffer *buffer, const struct record *record)
{
	buffer_put_literal(buffer, ",\"pid\":");
	buffer->end = number_signed(buffer_room(buffer, VALUE_ROOM), record->pid);
	buffer_put_literal(buffer, ",\"comm\":\"");
	buffer_put_json(buffer, (const unsigned char *)record->comm, strlen(record->comm));
}

static void put_record(struct output *output, const struct prepared *prepared,
		       const struct record *record)
{
	struct buffer *buffer = &output->buffer;

	put_start(output, record);
	style_put_task(output, record);
	buffer_put(buffer, prepared->event.text, prepared->event.length);
	program_run(&prepared->program, &json_style, record, buffer);
	buffer_put_literal(buffer, "}\n");
}

static void put_lost(struct output *output, const struct record *record)
{
	struct buffer *buffer = &output->buffer;

	put_start(output, record);
	buffer_put_literal(buffer, ",\"event\":\"lost\",\"lost\":");
	if (record->lost)
		buffer->end = number_decimal(buffer_room(buffer, VALUE_ROOM), record->lost);
	else
		buffer_put_literal(buffer, "null");
	buffer_put_literal(buffer, "}\n");
}

const struct style_ops json_style = {
	.put_event = put_event,
	.put_field = put_field,
	.put_value = put_value,
	.array = { '[', ']' },
	.is_json = true,
	.put_task = put_task,
	.put_record = put_record,
	.put_lost = put_lost,
};
