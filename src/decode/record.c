/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A record and a field of its plan in, the field's value out, read straight from the raw bytes in
 * the byte order of the machine that made them. It holds: data of a half is set only where the
 * record is as long as the plan needs, so that fixed offsets are safe; what the record itself says
 * is checked here.
 */
#include "decode/record.h"

#include <inttypes.h>
#include <string.h>
#include <sys/socket.h>

#include "base/bytes.h"
#include "base/text.h"
#include "decode/context.h"
#include "decode/format.h"

#define POINTER_LOW 4096 /* below: a member of what a NULL pointer points to */

const char *const record_words[RECORD_WORDS] = {
	[RECORD_TIME] = "time", [RECORD_TS] = "ts",	      [RECORD_CPU] = "cpu",
	[RECORD_PID] = "pid",	[RECORD_COMM] = "comm",	      [RECORD_EVENT_NAME] = "event",
	[RECORD_SET] = "set",	[RECORD_LOST_COUNT] = "lost",
};

static bool is_pointer(uint64_t number, unsigned int bytes)
{
	return number >= POINTER_LOW && (uint64_t)bytes_signed(number, bytes) < (uint64_t)-4095;
}

bool plan_guard_holds(const struct plan_guard *guard, uint64_t number)
{
	switch (guard->kind) {
	case GUARD_RESULT:
		return bytes_signed(number, guard->bytes) >= 0;
	case GUARD_FAMILY:
		return number == AF_INET || number == AF_INET6;
	case GUARD_ZERO:
		return number == 0;
	default:
		return is_pointer(number, guard->bytes);
	}
}

static bool passes_guards(const struct record *record, const struct plan_field *field)
{
	bool is_swapped = record->plan->context->is_swapped;

	for (unsigned int i = 0; i < field->guard_count; i++) {
		const struct plan_guard *guard = &field->guards[i];
		const unsigned char *data = record->data[guard->half];

		if (!data || !plan_guard_holds(guard, bytes_number(data + guard->offset,
								   guard->bytes, is_swapped)))
			return false;
	}
	return true;
}

/* What a __data_loc or __rel_data_loc word points to; false where that is not in the record. */
static bool find_dynamic(const struct record *record, const struct plan_field *field,
			 const unsigned char **bytes, uint32_t *length)
{
	const unsigned char *data = record->data[field->half];
	uint32_t word =
		(uint32_t)bytes_number(data + field->offset, 4, record->plan->context->is_swapped);
	uint32_t offset = word & 0xffff;

	*length = word >> 16;
	if (field->is_relative)
		offset += field->offset + 4U;
	if (offset > record->size[field->half] || *length > record->size[field->half] - offset)
		return false;
	*bytes = data + offset;
	return true;
}

static void set_string(const struct plan_field *field, const unsigned char *bytes, uint32_t length,
		       struct value *value)
{
	static const char fault[] =
		"(fault)"; /* what the kernel stores for memory it could not read */

	length = (uint32_t)strnlen((const char *)bytes, length);
	if (field->is_nk && length == sizeof(fault) - 1 && memcmp(bytes, fault, length) == 0)
		return;
	value->kind = VALUE_STRING;
	value->bytes = bytes;
	value->length = length;
}

static void set_dynamic_string(const struct record *record, const struct plan_field *field,
			       struct value *value)
{
	const unsigned char *bytes;
	uint32_t length;

	/* An empty string has one byte, its NUL; none at all is one that could not be read. */
	if (find_dynamic(record, field, &bytes, &length) && (length > 0 || !field->is_nk))
		set_string(field, bytes, length, value);
}

static void set_fixed_string(const struct record *record, const struct plan_field *field,
			     struct value *value)
{
	uint32_t rest = record->size[field->half] - field->offset;

	set_string(field, record->data[field->half] + field->offset,
		   field->size ? field->size : rest, value);
}

static void set_bytes(const struct record *record, const struct plan_field *field,
		      struct value *value)
{
	value->bytes = record->data[field->half] + field->offset;
	value->length = field->display == DISPLAY_IP4	? 4
			: field->display == DISPLAY_IP6 ? 16
			: field->display == DISPLAY_MAC ? 6
							: field->size;
	if (field->is_dynamic && !find_dynamic(record, field, &value->bytes, &value->length))
		return;
	value->kind = VALUE_BYTES;
}

static uint8_t read_family(const struct record *record, const struct plan_field *field)
{
	uint64_t family;

	if (!field->has_family)
		return 0;
	family = bytes_number(record->data[field->half] + field->family_offset, 2,
			      record->plan->context->is_swapped);
	return family <= UINT8_MAX ? (uint8_t)family : UINT8_MAX;
}

static void set_symbol(const struct record *record, struct value *value)
{
	struct decode_context *context = record->plan->context;
	const struct kallsyms_symbol *symbol = kallsyms_find(&context->kallsyms, value->number);

	if (!symbol) {
		value->display = DISPLAY_HEX;
		return;
	}
	value->length = (uint32_t)kallsyms_print(symbol, value->number, context->symbol,
						 sizeof(context->symbol));
	value->kind = VALUE_STRING;
	value->bytes = (const unsigned char *)context->symbol;
}

/* What a number is called depends on more than the number. */
static void set_meaning(const struct record *record, const struct plan_field *field,
			struct value *value)
{
	switch (field->display) {
	case DISPLAY_SYMBOL:
		set_symbol(record, value);
		break;
	case DISPLAY_PROTO:
		value->family = read_family(record, field);
		/* AF_UNIX, AF_NETLINK ... count their own. */
		if (field->has_family && value->family != AF_INET && value->family != AF_INET6)
			value->display = DISPLAY_UNSIGNED;
		break;
	case DISPLAY_ICMP_TYPE:
		value->family = read_family(record, field);
		break;
	case DISPLAY_ENUM:
		value->names = field->names;
		break;
	default:
		break;
	}
}

static void set_number(const struct record *record, const struct plan_field *field,
		       const unsigned char *at, struct value *value)
{
	value->kind = VALUE_UNSIGNED;
	switch (field->display) {
	case DISPLAY_BE16:
	case DISPLAY_BE32:
	case DISPLAY_BE64:
	case DISPLAY_ETHERTYPE:
		value->number = bytes_network(at, field->bytes);
		return;
	default:
		break;
	}
	value->number = bytes_number(at, field->bytes, record->plan->context->is_swapped);
	if (field->is_signed) {
		value->kind = VALUE_SIGNED;
		value->number = (uint64_t)bytes_signed(value->number, field->bytes);
	}
	set_meaning(record, field, value);
}

static bool find_elements(const struct record *record, const struct plan_field *field,
			  const unsigned char **bytes, uint32_t *length)
{
	if (!record->data[field->half])
		return false;
	if (field->is_dynamic)
		return find_dynamic(record, field, bytes, length);
	*bytes = record->data[field->half] + field->offset;
	*length = field->size;
	return true;
}

/* An offset from head where pointers have 64 bits (sk_buff_data_t), else a pointer. */
static uint64_t read_tail(const unsigned char *event, const struct plan_field *field,
			  bool is_swapped)
{
	uint64_t tail = bytes_number(event + field->tail_offset, field->tail_bytes, is_swapped);

	if (field->pointer_bytes < 8)
		return tail;
	return tail + bytes_number(event + field->head_offset, field->pointer_bytes, is_swapped);
}

/* Where the packet's bytes are in its window; false: not there. */
static bool find_packet(const struct record *record, const struct plan_field *field,
			uint64_t *position, uint64_t *length)
{
	const unsigned char *event = record->data[field->half];
	bool is_swapped = record->plan->context->is_swapped;
	uint64_t head = 0, data, start;

	*position = 0;
	*length = field->size;
	if (field->data_offset == PLAN_NO_OFFSET)
		return true;
	data = bytes_number(event + field->data_offset, field->pointer_bytes, is_swapped);
	if (!is_pointer(data, field->pointer_bytes))
		return false;
	start = data - (uint64_t)(int64_t)field->before;
	*position = data - start;
	if (field->head_offset == PLAN_NO_OFFSET)
		return *position < *length;
	head = bytes_number(event + field->head_offset, field->pointer_bytes, is_swapped);
	if (field->nh_offset != PLAN_NO_OFFSET)
		*position = head + bytes_number(event + field->nh_offset, 2, is_swapped) - start;
	if (field->tail_offset != PLAN_NO_OFFSET) {
		uint64_t used = read_tail(event, field, is_swapped) - start;

		if ((int64_t)used < (int64_t)*length)
			*length = (int64_t)used > 0 ? used : 0;
	}
	return *position < *length;
}

static uint16_t read_ethertype(const struct record *record, const struct plan_field *field)
{
	if (field->ethertype_offset == PLAN_NO_OFFSET)
		return 0;
	return (uint16_t)bytes_network(record->data[field->half] + field->ethertype_offset, 2);
}

/*
 * A driver may leave a packet in its page with less than the headers in the linear data, until the
 * stack asks for them (virtio_net: more than 128 bytes); GRO keeps where they are (frag0). What was
 * read there is this packet if the pointer is one of the kernel's, and if its first bytes and the
 * length in its header are this packet's.
 */
static bool parse_page(const struct record *record, const struct plan_field *field,
		       const unsigned char *linear, uint64_t length, struct packet *packet)
{
	const unsigned char *event = record->data[field->half];
	bool is_swapped = record->plan->context->is_swapped;
	unsigned int bytes = field->pointer_bytes;
	uint64_t frag;

	if (field->page_offset == PLAN_NO_OFFSET || length >= field->page_size)
		return false;
	frag = bytes_number(event + field->frag_offset, bytes, is_swapped);
	if (!is_pointer(frag, bytes) || bytes_signed(frag, bytes) >= 0 ||
	    memcmp(event + field->page_offset, linear, (size_t)length) != 0)
		return false;
	packet_parse(packet, read_ethertype(record, field), event + field->page_offset,
		     field->page_size);
	return packet->members & 1U << PACKET_LEN &&
	       packet->numbers[PACKET_LEN] ==
		       bytes_number(event + field->len_offset, 4, is_swapped);
}

const struct packet *record_packet(const struct record *record, const struct plan_field *field)
{
	struct decode_context *context = record->plan->context;
	const unsigned char *window = record->data[field->half] + field->offset;
	uint64_t position, length, left;

	if (context->generation != 0 && context->packet_generation == context->generation &&
	    context->packet_window == window)
		return &context->packet;
	left = find_packet(record, field, &position, &length) ? length - position : 0;
	if (!parse_page(record, field, left ? window + position : window, left, &context->packet))
		packet_parse(&context->packet, read_ethertype(record, field),
			     left ? window + position : window, (size_t)left);
	context->packet_generation = context->generation;
	context->packet_window = window;
	return &context->packet;
}

enum probe_display plan_field_display(const struct plan_field *field)
{
	static const enum probe_display displays[PACKET_MEMBER_COUNT] = {
		[PACKET_SADDR] = DISPLAY_IP6,	    [PACKET_DADDR] = DISPLAY_IP6,
		[PACKET_PROTO] = DISPLAY_PROTO,	    [PACKET_L4PROTO] = DISPLAY_PROTO,
		[PACKET_FLAGS] = DISPLAY_TCP_FLAGS, [PACKET_TYPE] = DISPLAY_ICMP_TYPE,
	};

	if (field->kind != PLAN_PACKET)
		return field->display;
	return displays[field->member] ? displays[field->member] : DISPLAY_UNSIGNED;
}

bool record_linear(const struct record *record, const struct plan_field *field, int64_t *bytes)
{
	const unsigned char *event = record->data[field->half];
	bool is_swapped = record->plan->context->is_swapped;
	uint64_t data, tail;

	if (field->kind != PLAN_PACKET || !event || field->data_offset == PLAN_NO_OFFSET ||
	    field->head_offset == PLAN_NO_OFFSET || field->tail_offset == PLAN_NO_OFFSET)
		return false;
	data = bytes_number(event + field->data_offset, field->pointer_bytes, is_swapped);
	tail = read_tail(event, field, is_swapped);
	*bytes = bytes_signed(tail - data, field->pointer_bytes);
	return true;
}

static void set_member(const struct record *record, const struct plan_field *field,
		       struct value *value)
{
	const struct packet *packet = record_packet(record, field);

	if (!(packet->members & 1U << field->member))
		return;
	value->family = packet->family;
	if (field->member == PACKET_SADDR || field->member == PACKET_DADDR) {
		value->kind = VALUE_BYTES;
		value->display = packet->family == AF_INET ? DISPLAY_IP4 : DISPLAY_IP6;
		value->bytes = packet->addresses[field->member];
		value->length = packet->family == AF_INET ? 4 : 16;
		return;
	}
	value->kind = VALUE_UNSIGNED;
	value->number = packet->numbers[field->member];
	value->display = plan_field_display(field);
}

static void set_element(const struct record *record, const struct plan_field *field, size_t element,
			struct value *value)
{
	const unsigned char *bytes;
	uint32_t length;

	if (find_elements(record, field, &bytes, &length) && element < length / field->bytes)
		set_number(record, field, bytes + element * field->bytes, value);
}

/* One field of a chain: value stays absent where it means nothing. */
static void set_value(const struct record *record, const struct plan_field *field, size_t element,
		      struct value *value)
{
	const unsigned char *data = record->data[field->half];

	if (!data || (field->guard_count > 0 && !passes_guards(record, field)))
		return;
	switch (field->kind) {
	case PLAN_NUMBER:
		set_number(record, field, data + field->offset, value);
		break;
	case PLAN_ARRAY:
		set_element(record, field, element, value);
		break;
	case PLAN_ADDRESS:
		if (read_family(record, field) ==
		    (field->display == DISPLAY_IP4 ? AF_INET : AF_INET6))
			set_bytes(record, field, value);
		break;
	case PLAN_BYTES:
		set_bytes(record, field, value);
		break;
	case PLAN_STRING:
		set_dynamic_string(record, field, value);
		break;
	case PLAN_FIXED_STRING:
		set_fixed_string(record, field, value);
		break;
	case PLAN_PACKET:
		set_member(record, field, value);
		break;
	case PLAN_DURATION:
		if (!record->data[1])
			break;
		value->kind = VALUE_UNSIGNED;
		value->number = record->ts - record->entry_ts;
		break;
	}
}

void record_value(const struct record *record, const struct plan_field *field, size_t element,
		  struct value *value)
{
	for (; field; field = field->instead) {
		*value = (struct value){ .kind = VALUE_ABSENT, .display = field->display };
		set_value(record, field, element, value);
		if (value->kind != VALUE_ABSENT)
			return;
	}
}

size_t record_elements(const struct record *record, const struct plan_field *field)
{
	const unsigned char *bytes;
	uint32_t length;

	if (field->kind != PLAN_ARRAY)
		return 1;
	if (!find_elements(record, field, &bytes, &length) || !passes_guards(record, field))
		return 0;
	return length / field->bytes;
}

static void add_value(struct text *text, const struct value *value)
{
	switch (value->kind) {
	case VALUE_ABSENT:
		break;
	case VALUE_STRING:
		text_add_bytes(text, value->bytes, value->length);
		break;
	case VALUE_BYTES:
		for (uint32_t i = 0; i < value->length; i++)
			text_addf(text, "%02x", value->bytes[i]);
		break;
	case VALUE_SIGNED:
		text_addf(text, "%" PRId64, (int64_t)value->number);
		break;
	case VALUE_UNSIGNED:
		text_addf(text, value->display == DISPLAY_HEX ? "0x%" PRIx64 : "%" PRIu64,
			  value->number);
		break;
	}
}

/* The fields one by one, as far as there is room. */
static size_t fields_text(const struct record *record, char *buffer, size_t room)
{
	const struct event_plan *plan = record->plan;
	struct text text = { 0 };
	struct value value;

	for (size_t i = 0; i < plan->field_count && text.length < room; i++) {
		const struct plan_field *field = &plan->fields[i];
		size_t elements = record_elements(record, field);

		text_addf(&text, "%s%s=", i ? " " : "", field->name);
		for (size_t j = 0; j < elements && text.length < room; j++) {
			record_value(record, field, j, &value);
			if (j > 0)
				text_add(&text, ",");
			add_value(&text, &value);
		}
	}

	size_t length = text.length < room ? text.length : room - 1;

	if (length > 0)
		memcpy(buffer, text.data, length);
	buffer[length] = '\0';
	text_clear(&text);
	return length;
}

size_t record_foreign_text(const struct record *record, char *buffer, size_t room)
{
	int half = record->data[0] ? 0 : 1;
	long length =
		formats_print(record->plan->context->formats, record->plan->id, record->data[half],
			      record->size[half], record->cpu, record->ts, buffer, room);

	return length < 0 ? fields_text(record, buffer, room) : (size_t)length;
}
