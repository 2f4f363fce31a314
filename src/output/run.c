/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A record and its program in, the fields' text in the buffer out, straight from the raw bytes. It
 * holds: room for all operations is there before the first; what has no bound of its own (strings,
 * OP_FIELD) asks for its own and then again for the rest.
 */
#include <string.h>
#include <sys/socket.h>

#include "base/bytes.h"
#include "base/number.h"
#include "output/program.h"
#include "output/style.h"

struct run {
	const struct program *program;
	const struct style_ops *style;
	const struct record *record;
	struct buffer *buffer;
	uint32_t failed; /* guards that do not hold, halves that are not there */
	unsigned int shown;
};

static inline uint64_t read_number(const unsigned char *at, unsigned int bytes)
{
	return bytes_number(at, bytes, false);
}

static inline int64_t read_signed(const unsigned char *at, unsigned int bytes)
{
	return bytes_signed(read_number(at, bytes), bytes);
}

static uint32_t failed_guards(const struct program *program, const struct record *record)
{
	uint32_t failed = (record->data[0] ? 0 : 1U << GUARD_BITS) |
			  (record->data[1] ? 0 : 1U << (GUARD_BITS + 1));

	for (size_t i = 0; i < program->guard_count; i++) {
		const struct plan_guard *guard = &program->guards[i];
		const unsigned char *data = record->data[guard->half];
		bool holds = data && plan_guard_holds(guard, read_number(data + guard->offset,
									 guard->bytes));

		failed |= (uint32_t)!holds << i;
	}
	return failed;
}

static inline char *put_prefix(const struct op *op, char *at)
{
	/* Copies of a length that the compiler knows; the room for it is there. */
	memcpy(at, op->prefix, 16);
	if (op->before > 16)
		memcpy(at + 16, op->prefix + 16, OP_PREFIX_MAX - 16);
	return at + op->before;
}

static char *put_quote(const struct op *op, char *at)
{
	if (op->is_quoted)
		*at++ = '"';
	return at;
}

static char *put_whole_field(struct run *run, const struct op *op, char *at, bool *has_value)
{
	run->buffer->end = at;
	*has_value = style_put_field(run->style, run->buffer, run->record, op->field);
	return buffer_room(run->buffer, run->program->room);
}

/* Known by its number, or written the long way and remembered. */
static char *put_named(struct run *run, const struct op *op, uint64_t key, char *at)
{
	struct name_slot *slot = &op->names[(key ^ key >> 8 ^ key >> 56) % NAME_SLOTS];
	struct value value;

	at = put_prefix(op, at);
	if (slot->length > 0 && slot->key == key) {
		memcpy(at, slot->text, sizeof(slot->text));
		return at + slot->length;
	}
	run->buffer->end = at;
	record_value(run->record, op->field, 0, &value);
	run->style->put_value(run->buffer, &value);

	/* It may have been flushed before the value was put: then what is there is no more than it.
	 */
	size_t length = (size_t)(run->buffer->end - at);

	if (run->buffer->end > at && length <= sizeof(slot->text)) {
		slot->key = key;
		slot->length = (uint8_t)length;
		memcpy(slot->text, at, length);
	}
	return buffer_room(run->buffer, run->program->room);
}

static uint64_t family_key(const struct op *op, const unsigned char *data)
{
	uint64_t family = op->has_family ? read_number(data + op->family_offset, 2) : 0;

	return (family > UINT8_MAX ? UINT8_MAX : family) << 56;
}

static inline char *put_ip4(const struct op *op, char *at, const unsigned char *bytes)
{
	return put_quote(op, number_ip4(put_prefix(op, at), bytes));
}

static char *put_port(const struct op_port *port, char *at, uint64_t number)
{
	(void)port;
	*at++ = ':';
	return number_decimal(at, number);
}

/* An address, with the port where it is an end of a record that has one. */
static char *put_address(struct run *run, const struct op *op, char *at, bool is_ip6,
			 const unsigned char *bytes, const struct packet *packet)
{
	const struct op_port *port = &op->port;
	bool has_port = port->is_there && !(port->guards & run->failed) &&
			(!port->is_member || (packet->members & 1U << port->member));

	if (!is_ip6) {
		at = put_ip4(op, at, bytes);
	} else {
		at = put_prefix(op, at);
		if (has_port)
			*at++ = '[';
		at = number_ip6(at, bytes);
		if (has_port)
			*at++ = ']';
		at = put_quote(op, at);
	}
	run->shown |= op->shows;
	if (!has_port)
		return at;
	if (port->is_member)
		return put_port(port, at, packet->numbers[port->member]);

	const unsigned char *number = run->record->data[port->half] + port->offset;

	return put_port(port, at,
			port->is_network ? bytes_network(number, port->bytes)
					 : read_number(number, port->bytes));
}

static char *put_member(struct run *run, const struct op *op, char *at, bool *has_value)
{
	const struct packet *packet = record_packet(run->record, op->link);

	if (!(packet->members & 1U << op->member)) {
		*has_value = false;
		return at;
	}
	if (op->kind == OP_MEMBER_ADDRESS)
		return put_address(run, op, at, packet->family != AF_INET,
				   packet->addresses[op->member], packet);
	if (op->kind == OP_MEMBER)
		return number_decimal(put_prefix(op, at), packet->numbers[op->member]);
	return put_named(run, op, packet->numbers[op->member] | (uint64_t)packet->family << 56, at);
}

/* Short and harmless strings; false: it has to be looked at closely. */
static bool put_short_string(struct run *run, const struct op *op, char **at)
{
	const unsigned char *data = run->record->data[op->half];
	uint32_t word = (uint32_t)read_number(data + op->offset, 4);
	uint32_t offset = word & 0xffff, length = word >> 16;
	char *start = put_prefix(op, *at), *end = start;

	if (op->link->is_relative)
		offset += op->offset + 4U;
	if (offset > run->record->size[op->half] || length > run->record->size[op->half] - offset ||
	    length > 64)
		return false;
	/* Each byte is read once: somebody may write to a recording that is mapped. */
	for (const volatile unsigned char *from = data + offset; length > 0; length--) {
		unsigned char byte = *from++;

		if (byte == '\0')
			break;
		if (byte <= ' ' || byte >= 0x7f || byte == '"' || byte == '\\')
			return false;
		*end++ = (char)byte;
	}
	/* An empty one has quotes, "(fault)" is none. */
	if (end == start || *start == '(')
		return false;
	*at = put_quote(op, end);
	return true;
}

static char *put_array(const struct run *run, const struct op *op, char *at)
{
	const unsigned char *data = run->record->data[op->half] + op->offset;

	at = put_prefix(op, at);
	*at++ = run->style->is_json ? '[' : '{';
	for (unsigned int i = 0; i < op->count; i++, data += op->bytes) {
		if (i > 0)
			*at++ = ',';
		if (op->is_hex)
			at = number_hex(at, read_number(data, op->bytes));
		else if (op->is_signed)
			at = number_signed(at, read_signed(data, op->bytes));
		else
			at = number_decimal(at, read_number(data, op->bytes));
	}
	*at++ = run->style->is_json ? ']' : '}';
	return at;
}

static char *put_result(struct run *run, const struct op *op, char *at, int64_t number)
{
	if (number >= 0)
		return number_decimal(put_prefix(op, at), (uint64_t)number);
	return put_named(run, op, (uint64_t)number, at);
}

static char *put_duration(const struct run *run, const struct op *op, char *at)
{
	uint64_t ns = run->record->ts - run->record->entry_ts;

	at = put_prefix(op, at);
	return run->style->is_json ? number_decimal(at, ns) : number_duration(at, ns);
}

static char *put_number_named(struct run *run, const struct op *op, char *at,
			      const unsigned char *data)
{
	uint64_t number = op->link->display == DISPLAY_ETHERTYPE
				  ? bytes_network(data + op->offset, op->bytes)
			  : op->is_signed ? (uint64_t)read_signed(data + op->offset, op->bytes)
					  : read_number(data + op->offset, op->bytes);
	bool has_value;

	/* The key of a number that needs its upper bits would not tell its family. */
	if (op->has_family && number >> 56)
		return put_whole_field(run, op, at, &has_value);
	return put_named(run, op, number | family_key(op, data), at);
}

/* Returns where it ended; *has_value false: nothing was written. */
static char *run_op(struct run *run, const struct op *op, char *at, bool *has_value)
{
	const unsigned char *data = run->record->data[op->half];

	switch (op->kind) {
	case OP_UNSIGNED:
		return number_decimal(put_prefix(op, at),
				      read_number(data + op->offset, op->bytes));
	case OP_SIGNED:
		return number_signed(put_prefix(op, at), read_signed(data + op->offset, op->bytes));
	case OP_NETWORK:
		return number_decimal(put_prefix(op, at),
				      bytes_network(data + op->offset, op->bytes));
	case OP_HEX:
		at = number_hex(put_prefix(op, at), read_number(data + op->offset, op->bytes));
		return put_quote(op, at);
	case OP_RESULT:
		return put_result(run, op, at, read_signed(data + op->offset, op->bytes));
	case OP_NAMED:
		return put_number_named(run, op, at, data);
	case OP_IP4:
	case OP_IP6:
		if (!op->family || read_number(data + op->family_offset, 2) == op->family)
			return put_address(run, op, at, op->kind == OP_IP6, data + op->offset,
					   NULL);
		*has_value = false;
		return at;
	case OP_MAC:
		return put_quote(op, number_mac(put_prefix(op, at), data + op->offset));
	case OP_STRING:
		if (put_short_string(run, op, &at))
			return at;
		return put_whole_field(run, op, at, has_value);
	case OP_ARRAY:
		return put_array(run, op, at);
	case OP_DURATION:
		return put_duration(run, op, at);
	case OP_MEMBER:
	case OP_MEMBER_NAMED:
	case OP_MEMBER_ADDRESS:
		return put_member(run, op, at, has_value);
	case OP_ENDS:
		run->buffer->end = at;
		run->shown = run->style->put_ends(run->buffer, run->record);
		return buffer_room(run->buffer, run->program->room);
	default:
		return put_whole_field(run, op, at, has_value);
	}
}

void program_run(const struct program *program, const struct style_ops *style,
		 const struct record *record, struct buffer *buffer)
{
	struct run run = { program, style, record, buffer, failed_guards(program, record), 0 };
	char *at = buffer_room(buffer, program->room);

	for (size_t i = 0; i < program->op_count; i++) {
		const struct op *op = &program->ops[i];
		bool has_value = true;

		if ((op->guards & run.failed) || (op->unless & run.shown))
			continue;
		at = run_op(&run, op, at, &has_value);
		if (has_value)
			i += op->skip;
	}
	buffer->end = at;
}
