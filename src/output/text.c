/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Records as text, made to be read:
 *	14:02:11.123456789 [001] curl/155 tcp_connect 127.0.0.1:33762 > 127.0.0.1:5555
 *state=SYN_SENT The two ends first, as tcpdump prints them, then the other fields as key=value in
 *their order. The family is left out where an address shows it.
 */
#include "base/number.h"
#include "output/style.h"

static void put_event(struct buffer *buffer, const struct event_plan *plan)
{
	buffer_put_literal(buffer, " ");
	buffer_put_text(buffer, (const unsigned char *)plan->name, strnlen(plan->name, 4096));
}

static void put_field(struct buffer *buffer, const struct plan_field *field)
{
	buffer_put_literal(buffer, " ");
	buffer_put_text(buffer, (const unsigned char *)field->name, strnlen(field->name, 4096));
	buffer_put_literal(buffer, "=");
}

/* Time and CPU: what a loss has too. */
static void put_start(struct output *output, const struct record *record)
{
	char *at = buffer_room(&output->buffer, 2 * TIME_MAX + VALUE_ROOM);

	if (output->options.has_wall_clock)
		at = time_local(&output->second, at,
				record->ts + (uint64_t)output->options.wall_offset_ns);
	else
		at = time_clock(&output->second, at, record->ts);
	*at++ = ' ';
	*at++ = '[';
	if (record->cpu < 1000)
		at = number_padded(at, (uint64_t)record->cpu, 3);
	else
		at = number_decimal(at, (uint64_t)record->cpu);
	*at++ = ']';
	*at++ = ' ';
	output->buffer.end = at;
}

static void put_string(struct buffer *buffer, const struct value *value)
{
	bool is_quoted = value->length == 0 || memchr(value->bytes, ' ', value->length);

	if (is_quoted)
		buffer_put_literal(buffer, "\"");
	buffer_put_text(buffer, value->bytes, value->length);
	if (is_quoted)
		buffer_put_literal(buffer, "\"");
}

static void put_bytes(struct buffer *buffer, const struct value *value)
{
	char *at = buffer_room(buffer, VALUE_ROOM);

	if (value->display == DISPLAY_IP4)
		at = number_ip4(at, value->bytes);
	else if (value->display == DISPLAY_IP6)
		at = number_ip6(at, value->bytes);
	else if (value->display == DISPLAY_MAC)
		at = number_mac(at, value->bytes);
	buffer->end = at;
	if (value->display == DISPLAY_NONE)
		buffer_put_hex(buffer, value->bytes, value->length);
}

static char *put_plain(char *at, const struct value *value)
{
	if (value->kind == VALUE_SIGNED)
		return number_signed(at, (int64_t)value->number);
	return number_decimal(at, value->number);
}

static char *put_errno(char *at, const struct value *value)
{
	int64_t number = (int64_t)value->number;
	const char *name = errno_name(number);

	if (!name)
		return number_signed(at, number);
	*at++ = '-';
	return stpcpy(at, name);
}

static void put_named(struct buffer *buffer, const struct value *value)
{
	bool is_foreign;
	const char *name = value_name(value, &is_foreign);
	char *at = buffer_room(buffer, VALUE_ROOM);

	if (name && is_foreign)
		buffer_put_text(buffer, (const unsigned char *)name, strlen(name));
	else if (name)
		buffer->end = stpcpy(at, name);
	else if (value->display == DISPLAY_ETHERTYPE)
		buffer->end = number_hex(at, value->number);
	else
		buffer->end = put_plain(at, value);
}

static void put_number(struct buffer *buffer, const struct value *value)
{
	char *at = buffer_room(buffer, VALUE_ROOM);

	switch (value->display) {
	case DISPLAY_HEX:
	case DISPLAY_SYMBOL:
		buffer->end = number_hex(at, value->number);
		break;
	case DISPLAY_ERRNO:
	case DISPLAY_SIZE_OR_ERRNO:
		buffer->end = put_errno(at, value);
		break;
	case DISPLAY_TCP_FLAGS:
		buffer->end = put_tcp_flags(at, value->number);
		break;
	case DISPLAY_DURATION:
		buffer->end = number_duration(at, value->number);
		break;
	case DISPLAY_FAMILY:
	case DISPLAY_SOCK_TYPE:
	case DISPLAY_TCP_STATE:
	case DISPLAY_PROTO:
	case DISPLAY_ETHERTYPE:
	case DISPLAY_ICMP_TYPE:
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
		break;
	case VALUE_STRING:
		put_string(buffer, value);
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

/* One end, "ADDRESS", "ADDRESS:PORT" or "[IPV6]:PORT"; false where there is no address. */
static bool put_endpoint(struct buffer *buffer, const char *before, const struct value *address,
			 const struct value *port)
{
	bool is_bracketed = address->display == DISPLAY_IP6 && port->kind != VALUE_ABSENT;

	if (address->kind != VALUE_BYTES)
		return false;
	buffer_put(buffer, before, strlen(before));
	if (is_bracketed)
		buffer_put_literal(buffer, "[");
	put_bytes(buffer, address);
	if (is_bracketed)
		buffer_put_literal(buffer, "]");
	if (port->kind != VALUE_ABSENT) {
		buffer_put_literal(buffer, ":");
		put_number(buffer, port);
	}
	return true;
}

/* Both ends; which of them there were, as bits. */
static unsigned int put_endpoints(struct buffer *buffer, const struct record *record)
{
	const struct event_plan *plan = record->plan;
	struct value values[4] = { 0 };
	unsigned int shown = 0;

	for (int i = 0; i < 4; i++)
		if (plan->endpoints[i] >= 0)
			record_value(record, &plan->fields[plan->endpoints[i]], 0, &values[i]);
	if (put_endpoint(buffer, " ", &values[ENDPOINT_ADDRESS], &values[ENDPOINT_PORT]))
		shown |= 1;
	if (put_endpoint(buffer, " > ", &values[ENDPOINT_PEER_ADDRESS],
			 &values[ENDPOINT_PEER_PORT]))
		shown |= 2;
	return shown;
}

static void put_foreign(struct output *output, const struct record *record)
{
	size_t length = record_foreign_text(record, output->foreign, sizeof(output->foreign));

	while (length > 0 &&
	       (output->foreign[length - 1] == '\n' || output->foreign[length - 1] == ' '))
		length--;
	buffer_put_literal(&output->buffer, " ");
	buffer_put_text(&output->buffer, (const unsigned char *)output->foreign, length);
}

static void put_task(struct buffer *buffer, const struct record *record)
{
	buffer_put_text(buffer, (const unsigned char *)record->comm, strlen(record->comm));
	buffer_put_literal(buffer, "/");
	buffer->end = number_signed(buffer_room(buffer, VALUE_ROOM), record->pid);
}

static void put_record(struct output *output, const struct prepared *prepared,
		       const struct record *record)
{
	struct buffer *buffer = &output->buffer;

	put_start(output, record);
	style_put_task(output, record);
	buffer_put(buffer, prepared->event.text, prepared->event.length);
	if (record->plan->is_foreign)
		put_foreign(output, record);
	else
		program_run(&prepared->program, &text_style, record, buffer);
	buffer_put_literal(buffer, "\n");
}

static void put_lost(struct output *output, const struct record *record)
{
	struct buffer *buffer = &output->buffer;

	put_start(output, record);
	buffer_put_literal(buffer, "nk: ");
	if (record->lost) {
		buffer->end = number_decimal(buffer_room(buffer, VALUE_ROOM), record->lost);
		buffer_put_literal(buffer, " ");
	}
	buffer_put_literal(buffer, "events lost\n");
}

const struct style_ops text_style = {
	.put_event = put_event,
	.put_field = put_field,
	.put_value = put_value,
	.put_ends = put_endpoints,
	.array = { '{', '}' },
	.put_task = put_task,
	.put_record = put_record,
	.put_lost = put_lost,
};
