/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A plan in, the operations that write its fields in one style out. It holds: an operation that is
 * not OP_FIELD or OP_ENDS writes for every record what record_value() and the style's put_value()
 * would write; whatever is not known to do so is left to those two.
 */
#include <string.h>
#include <sys/socket.h>

#include "base/alloc.h"
#include "output/program.h"
#include "output/style.h"

#define OP_ROOM	  128 /* of one op that is no array, its prefix included */
#define ARRAY_MAX 64
/* Of the ops of a record: as much has to lie in the buffer at once, and with it one more chain. */
#define ROOM_MAX (BUFFER_SIZE / 2)

struct compiler {
	struct program *program;
	const struct style_ops *style;
	const struct event_plan *plan;
	struct buffer *scratch;
};

static bool is_same_guard(const struct plan_guard *a, const struct plan_guard *b)
{
	return a->half == b->half && a->bytes == b->bytes && a->kind == b->kind &&
	       a->offset == b->offset;
}

/* The bits of what a field rests on; false: there are too many. */
static bool add_guards(struct program *program, const struct plan_field *field, uint32_t *bits)
{
	*bits = 1U << (GUARD_BITS + field->half);
	for (size_t i = 0; i < field->guard_count; i++) {
		size_t at = 0;

		while (at < program->guard_count &&
		       !is_same_guard(&program->guards[at], &field->guards[i]))
			at++;
		if (at == GUARD_BITS)
			return false;
		if (at == program->guard_count)
			program->guards[program->guard_count++] = field->guards[i];
		*bits |= 1U << at;
	}
	return true;
}

static enum op_kind number_kind(const struct style_ops *style, const struct plan_field *field)
{
	enum op_kind plain = field->is_signed ? OP_SIGNED : OP_UNSIGNED;

	switch (field->display) {
	case DISPLAY_BE16:
	case DISPLAY_BE32:
	case DISPLAY_BE64:
		return OP_NETWORK;
	case DISPLAY_HEX:
		return field->is_signed ? OP_FIELD : OP_HEX;
	case DISPLAY_ERRNO:
	case DISPLAY_SIZE_OR_ERRNO:
		return style->is_json || !field->is_signed ? plain : OP_RESULT;
	case DISPLAY_ICMP_TYPE:
		return style->is_json ? plain : OP_NAMED;
	case DISPLAY_FAMILY:
	case DISPLAY_SOCK_TYPE:
	case DISPLAY_TCP_STATE:
	case DISPLAY_PROTO:
	case DISPLAY_ETHERTYPE:
	case DISPLAY_TCP_FLAGS:
	case DISPLAY_ENUM:
		return OP_NAMED;
	case DISPLAY_NONE:
	case DISPLAY_UNSIGNED:
	case DISPLAY_SIGNED:
		return plain;
	default:
		return OP_FIELD;
	}
}

static enum op_kind bytes_kind(const struct plan_field *field)
{
	if (field->is_dynamic)
		return OP_FIELD;
	return field->display == DISPLAY_IP4   ? OP_IP4
	       : field->display == DISPLAY_IP6 ? OP_IP6
	       : field->display == DISPLAY_MAC ? OP_MAC
					       : OP_FIELD;
}

static enum op_kind member_kind(const struct style_ops *style, const struct plan_field *field)
{
	switch (field->member) {
	case PACKET_SADDR:
	case PACKET_DADDR:
		return OP_MEMBER_ADDRESS;
	case PACKET_TYPE:
		return style->is_json ? OP_MEMBER : OP_MEMBER_NAMED;
	case PACKET_PROTO:
	case PACKET_L4PROTO:
	case PACKET_FLAGS:
		return OP_MEMBER_NAMED;
	default:
		return OP_MEMBER;
	}
}

static enum op_kind array_kind(const struct style_ops *style, const struct plan_field *field)
{
	size_t count = field->bytes ? field->size / field->bytes : 0;
	bool is_plain = field->display == DISPLAY_UNSIGNED || field->display == DISPLAY_SIGNED;

	if (field->is_dynamic || count == 0 || count > ARRAY_MAX)
		return OP_FIELD;
	if (field->display == DISPLAY_HEX)
		return field->is_signed || style->is_json ? OP_FIELD : OP_ARRAY;
	return is_plain ? OP_ARRAY : OP_FIELD;
}

static enum op_kind kind_of(const struct compiler *compiler, const struct plan_field *field)
{
	if (compiler->plan->is_swapped)
		return OP_FIELD;
	switch (field->kind) {
	case PLAN_NUMBER:
		return number_kind(compiler->style, field);
	case PLAN_ARRAY:
		return array_kind(compiler->style, field);
	case PLAN_ADDRESS:
		return field->has_family ? bytes_kind(field) : OP_FIELD;
	case PLAN_BYTES:
		return bytes_kind(field);
	case PLAN_STRING:
		return OP_STRING;
	case PLAN_PACKET:
		return member_kind(compiler->style, field);
	case PLAN_DURATION:
		return OP_DURATION;
	default:
		return OP_FIELD;
	}
}

/* Whether JSON puts quotes around it; what is named has them in its text. */
static bool is_quoted(enum op_kind kind)
{
	return kind == OP_HEX || kind == OP_IP4 || kind == OP_IP6 || kind == OP_MAC ||
	       kind == OP_STRING || kind == OP_MEMBER_ADDRESS;
}

static bool set_prefix(struct op *op, const char *text, size_t length)
{
	if (length + 1 > sizeof(op->prefix))
		return false;
	memcpy(op->prefix, text, length);
	op->before = (uint8_t)length;
	if (op->is_quoted)
		op->prefix[op->before++] = '"';
	return true;
}

/* One link of a field's chain as an op of its own; false: it has to be an OP_FIELD. */
static bool set_op(struct compiler *compiler, struct op *op, const struct plan_field *link,
		   const char *prefix, size_t length)
{
	enum op_kind kind = kind_of(compiler, link);

	*op = (struct op){ .kind = (uint8_t)kind,
			   .half = link->half,
			   .bytes = link->bytes,
			   .member = link->member,
			   .offset = link->offset,
			   .family_offset = link->family_offset,
			   .is_signed = link->is_signed,
			   .is_hex = link->display == DISPLAY_HEX,
			   .is_quoted = compiler->style->is_json && is_quoted(kind),
			   .link = link };
	if (kind == OP_FIELD || !add_guards(compiler->program, link, &op->guards) ||
	    !set_prefix(op, prefix, length))
		return false;
	if (link->kind == PLAN_ADDRESS)
		op->family = link->display == DISPLAY_IP4 ? AF_INET : AF_INET6;
	if (kind == OP_ARRAY)
		op->count = link->size / link->bytes;
	if (kind == OP_DURATION)
		op->guards |= 1U << (GUARD_BITS + 1);
	op->has_family = link->has_family &&
			 (link->display == DISPLAY_PROTO || link->display == DISPLAY_ICMP_TYPE);
	return true;
}

/* What is written field by field asks for its own. */
static size_t op_room(const struct op *op)
{
	return op->kind == OP_FIELD || op->kind == OP_ENDS ? 0 : OP_ROOM + op->count * 22U;
}

static void drop_last_op(struct program *program)
{
	struct op *op = &program->ops[--program->op_count];

	program->room -= op_room(op);
	free(op->names);
}

static struct op *add_op(struct program *program, const struct op *from)
{
	struct op *op = array_add(&program->ops, &program->op_count);

	*op = *from;
	if (op->kind == OP_NAMED || op->kind == OP_MEMBER_NAMED || op->kind == OP_RESULT)
		op->names = xcalloc(NAME_SLOTS, sizeof(*op->names));
	program->room += op_room(op);
	return op;
}

static size_t chain_length(const struct plan_field *field)
{
	size_t length = 0;

	for (; field; field = field->instead)
		length++;
	return length;
}

/* A field is the ops of its chain, or one OP_FIELD. */
static void compile_field(struct compiler *compiler, const struct plan_field *field, uint8_t unless)
{
	struct program *program = compiler->program;
	char *start = compiler->scratch->end;
	size_t first = program->op_count, links = chain_length(field);
	bool is_fast =
		program->room < ROOM_MAX && links < 16 && (links == 1 || field->kind != PLAN_ARRAY);

	compiler->style->put_field(compiler->scratch, field);

	size_t length = (size_t)(compiler->scratch->end - start);

	compiler->scratch->end = start;
	for (const struct plan_field *link = field; link && is_fast; link = link->instead) {
		struct op op;

		is_fast = set_op(compiler, &op, link, start, length);
		op.field = field;
		op.unless = unless;
		op.skip = (uint8_t)--links;
		if (is_fast)
			add_op(program, &op);
	}
	if (is_fast)
		return;
	while (program->op_count > first)
		drop_last_op(program);
	add_op(program, &(struct op){ .kind = OP_FIELD, .field = field, .unless = unless });
}

static bool set_port(struct compiler *compiler, const struct plan_field *field,
		     struct op_port *port)
{
	enum op_kind kind = field ? kind_of(compiler, field) : OP_FIELD;

	*port = (struct op_port){ 0 };
	if (!field)
		return true;
	if (field->instead || (kind != OP_UNSIGNED && kind != OP_NETWORK && kind != OP_MEMBER))
		return false;
	*port = (struct op_port){ .is_there = true,
				  .is_network = kind == OP_NETWORK,
				  .is_member = kind == OP_MEMBER,
				  .half = field->half,
				  .bytes = field->bytes,
				  .member = field->member,
				  .offset = field->offset };
	return add_guards(compiler->program, field, &port->guards);
}

/* A member's port is looked up in the packet of its address: it has to be the same one. */
static bool is_of_packet(const struct op_port *port, const struct op *address,
			 const struct plan_field *port_field)
{
	if (!port->is_member)
		return address->kind != OP_MEMBER_ADDRESS || !port->is_there;
	return address->kind == OP_MEMBER_ADDRESS && port_field->half == address->half &&
	       port_field->offset == address->offset && port->guards == address->guards;
}

/* Numbers alone are no address. */
static bool can_be_address(const struct plan_field *field)
{
	for (; field; field = field->instead)
		if (field->kind != PLAN_NUMBER)
			return true;
	return false;
}

/* One end: the ops of its address's chain, each with the port. */
static bool compile_end(struct compiler *compiler, unsigned int end)
{
	const struct event_plan *plan = compiler->plan;
	const int16_t *at = &plan->endpoints[2 * end];
	const struct plan_field *port = at[1] >= 0 ? &plan->fields[at[1]] : NULL;
	const struct plan_field *address = at[0] >= 0 ? &plan->fields[at[0]] : NULL;
	size_t links = address ? chain_length(address) : 0;
	const char *prefix = end == 0 ? " " : " > ";
	struct op op;

	if (!can_be_address(address))
		return true;
	for (const struct plan_field *link = address; link; link = link->instead) {
		if (!set_op(compiler, &op, link, prefix, strlen(prefix)) ||
		    (op.kind != OP_IP4 && op.kind != OP_IP6 && op.kind != OP_MEMBER_ADDRESS) ||
		    !set_port(compiler, port, &op.port) || !is_of_packet(&op.port, &op, port) ||
		    links > 16)
			return false;
		op.field = address;
		op.shows = (uint8_t)(1U << end);
		op.skip = (uint8_t)--links;
		add_op(compiler->program, &op);
	}
	return true;
}

static void compile_ends(struct compiler *compiler)
{
	struct program *program = compiler->program;

	if (!compiler->style->put_ends || (compile_end(compiler, 0) && compile_end(compiler, 1)))
		return;
	while (program->op_count > 0)
		drop_last_op(program);
	add_op(program, &(struct op){ .kind = OP_ENDS });
}

/* Which ends, where they are shown, make a field of its own superfluous. */
static uint8_t shown_by(const struct compiler *compiler, size_t field)
{
	const struct event_plan *plan = compiler->plan;
	uint8_t ends = 0;

	if (!compiler->style->put_ends)
		return 0;
	for (int i = 0; i < 4; i++)
		if (plan->endpoints[i] == (int16_t)field)
			ends |= (uint8_t)(1U << i / 2);
	/* An address tells its family. */
	if (plan->fields[field].display == DISPLAY_FAMILY &&
	    plan->fields[field].kind == PLAN_NUMBER)
		ends = 3;
	return ends;
}

void program_compile(struct program *program, const struct style_ops *style,
		     const struct event_plan *plan, struct buffer *scratch)
{
	struct compiler compiler = { program, style, plan, scratch };

	*program = (struct program){ 0 };
	if (style->is_unfielded || (plan->is_foreign && !style->is_json))
		return;
	compile_ends(&compiler);
	for (size_t i = 0; i < plan->field_count; i++)
		compile_field(&compiler, &plan->fields[i], shown_by(&compiler, i));
}

void program_clear(struct program *program)
{
	for (size_t i = 0; i < program->op_count; i++)
		free(program->ops[i].names);
	free(program->ops);
	*program = (struct program){ 0 };
}
