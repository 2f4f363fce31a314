/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An event's format and description in (two of each for a joined call), its plan out. Fields that
 * are shown under one name become one, as a chain: X4 and X6 by family, a field and what stands in
 * for it, the return's and then the entry's. Names that begin with '_' are read and not shown. It
 * holds: every offset in a plan lies within the size that its raw event has at least.
 */
#include "decode/plan.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "decode/context.h"

struct builder {
	struct plan_field *fields;
	size_t count;
	const struct raw_event *raw;
	const struct event_desc *desc;
	const struct raw_field *family;
	uint8_t half;
	unsigned int long_bytes;
};

const struct raw_field *raw_event_field(const struct raw_event *event, const char *name)
{
	for (size_t i = 0; i < event->field_count; i++)
		if (strcmp(event->fields[i].name, name) == 0)
			return &event->fields[i];
	return NULL;
}

static const struct event_field *desc_field(const struct event_desc *desc, const char *name)
{
	for (size_t i = 0; i < desc->field_count; i++)
		if (strcmp(desc->fields[i].name, name) == 0)
			return &desc->fields[i];
	return NULL;
}

/* The field that says which family's addresses mean something. */
static const struct raw_field *find_family(const struct raw_event *raw,
					   const struct event_desc *desc)
{
	for (size_t i = 0; desc && i < desc->field_count; i++) {
		const struct raw_field *field;

		if (desc->fields[i].type.display != DISPLAY_FAMILY)
			continue;
		field = raw_event_field(raw, desc->fields[i].name);
		if (field && field->size == 2)
			return field;
	}
	return NULL;
}

static bool is_by_family(const char *name, enum probe_display display)
{
	size_t length = strlen(name);
	char suffix = display == DISPLAY_IP4 ? '4' : display == DISPLAY_IP6 ? '6' : '\0';

	return suffix && length > 1 && name[length - 1] == suffix;
}

static bool is_record_word(const char *name)
{
	for (size_t i = 0; i < RECORD_WORDS; i++)
		if (strcmp(record_words[i], name) == 0)
			return true;
	return false;
}

/* A name that means the field and nothing else; the caller's. */
static char *own_name(const struct builder *builder, const char *name, size_t length)
{
	char *own = xstrndup(name, length);

	if (!is_record_word(own))
		return own;
	do {
		char *longer = xasprintf("field_%s", own);

		free(own);
		own = longer;
	} while (raw_event_field(builder->raw, own));
	return own;
}

/* Adds a field under a name; where the name is there, at its place in that field's chain. */
static void add(struct builder *builder, const char *name, size_t length,
		const struct plan_field *field)
{
	NK_FREE char *own = own_name(builder, name, length);
	struct plan_field *shown = NULL;

	for (size_t i = 0; i < builder->count; i++)
		if (strcmp(builder->fields[i].name, own) == 0)
			shown = &builder->fields[i];
	if (!shown) {
		shown = array_add(&builder->fields, &builder->count);
		*shown = *field;
		shown->name = own;
		own = NULL;
		return;
	}

	struct plan_field *link = xcalloc(1, sizeof(*link));

	if (shown->half < field->half) {
		/* The return's value goes first. */
		*link = *shown;
		*shown = *field;
		shown->name = link->name;
		shown->instead = link;
	} else {
		struct plan_field *before = shown;

		while (before->instead && before->instead->half >= field->half)
			before = (struct plan_field *)before->instead;
		*link = *field;
		link->instead = before->instead;
		before->instead = link;
	}
	link->name = shown->name;
}

static void add_guards(const struct builder *builder, const struct event_field *from,
		       struct plan_field *to)
{
	for (size_t i = 0; i < from->guard_count && i < EVENT_GUARDS_MAX; i++) {
		const struct raw_field *raw = raw_event_field(builder->raw, from->guards[i]);
		enum event_guard guard;

		if (!raw)
			continue;
		guard = event_guard(builder->desc, from->guards[i]);
		if (!event_guard_has_size(guard, raw->size))
			continue;
		to->guards[to->guard_count++] = (struct plan_guard){
			.half = builder->half,
			.bytes = (uint8_t)raw->size,
			.kind = (uint8_t)guard,
			.offset = raw->offset,
		};
	}
}

/* The family that it rests on, where it does so on one of its own. */
static void set_family(const struct builder *builder, struct plan_field *field)
{
	field->has_family = builder->family;
	field->family_offset = builder->family ? builder->family->offset : 0;
	for (unsigned int i = field->guard_count; i-- > 0;) {
		if (field->guards[i].kind != GUARD_FAMILY)
			continue;
		field->has_family = true;
		field->family_offset = field->guards[i].offset;
	}
}

static const struct probe_enum *find_enum(const struct event_desc *desc, const char *name)
{
	for (size_t i = 0; i < desc->enum_count; i++)
		if (strcmp(desc->enums[i].name, name) == 0)
			return &desc->enums[i];
	return NULL;
}

static uint16_t pointer_offset(const struct builder *builder, const char *name)
{
	const struct raw_field *raw = raw_event_field(builder->raw, name);

	return raw && raw->size == builder->long_bytes ? raw->offset : PLAN_NO_OFFSET;
}

/*
 * The raw field of a described one. Where this kernel has no arrays, its parts one behind the other
 * make one in *whole. NULL: not there, or not all of it.
 */
static const struct raw_field *find_raw(const struct raw_event *event,
					const struct event_field *from, struct raw_field *whole)
{
	const struct raw_field *first = raw_event_field(event, from->name);

	if (!first || from->parts < 2)
		return first;
	*whole = *first;
	for (unsigned int i = 1; i < from->parts; i++) {
		NK_FREE char *name = xasprintf("%s__%u", from->name, i);
		const struct raw_field *part = raw_event_field(event, name);

		if (!part || part->size != first->size ||
		    part->offset != whole->offset + whole->size)
			return NULL;
		whole->size += part->size;
	}
	whole->is_array = true;
	whole->element = (uint8_t)first->size;
	return whole;
}

/* Where the packet's first bytes are in a page; nothing where any of it is missing. */
static void set_page(const struct builder *builder, struct plan_field *field)
{
	const struct event_field *page = desc_field(builder->desc, "_page");
	const struct raw_field *length = raw_event_field(builder->raw, "len");
	struct raw_field whole;
	const struct raw_field *raw = page ? find_raw(builder->raw, page, &whole) : NULL;

	field->frag_offset = pointer_offset(builder, "_frag");
	field->page_offset = PLAN_NO_OFFSET;
	if (!raw || raw->is_dynamic || field->frag_offset == PLAN_NO_OFFSET || !length ||
	    length->size != 4)
		return;
	field->page_offset = raw->offset;
	field->page_size = raw->size;
	field->len_offset = length->offset;
}

/* The field that says what the packet is; nothing where the event has none. */
static uint16_t ethertype_offset(const struct builder *builder)
{
	const struct event_desc *desc = builder->desc;

	for (size_t i = 0; i < desc->field_count; i++) {
		const struct raw_field *raw;

		if (desc->fields[i].type.display != DISPLAY_ETHERTYPE)
			continue;
		raw = raw_event_field(builder->raw, desc->fields[i].name);
		if (raw && raw->size == 2)
			return raw->offset;
	}
	return PLAN_NO_OFFSET;
}

static void add_packet(struct builder *builder, const struct event_field *from,
		       struct plan_field *field)
{
	const struct raw_field *nh = raw_event_field(builder->raw, "_nh");
	const struct raw_field *tail = raw_event_field(builder->raw, "_tail");

	field->kind = PLAN_PACKET;
	field->display = DISPLAY_PACKET;
	field->before = (int16_t)from->before;
	field->head_offset = pointer_offset(builder, "_head");
	field->data_offset = pointer_offset(builder, "_data");
	field->nh_offset = nh && nh->size == 2 ? nh->offset : PLAN_NO_OFFSET;
	field->tail_offset =
		tail && (tail->size == 4 || tail->size == 8) ? tail->offset : PLAN_NO_OFFSET;
	field->tail_bytes = tail ? (uint8_t)tail->size : 0;
	field->pointer_bytes = (uint8_t)builder->long_bytes;
	field->ethertype_offset = ethertype_offset(builder);
	set_page(builder, field);
	for (size_t i = 0; i < from->type.packet_member_count; i++) {
		uint8_t member = from->type.packet_order[i];

		if (member >= PACKET_MEMBER_COUNT)
			continue;
		field->member = member;
		add(builder, packet_member_names[member], strlen(packet_member_names[member]),
		    field);
	}
}

static bool is_number_size(unsigned int bytes)
{
	return bytes == 1 || bytes == 2 || bytes == 4 || bytes == 8;
}

/* How a raw field is read where only its format is known, or the type says nothing else. */
static bool set_plain_kind(struct plan_field *field, const struct raw_field *raw)
{
	field->is_dynamic = raw->is_dynamic;
	field->is_relative = raw->is_relative;
	field->bytes = raw->element;
	if (raw->is_dynamic && raw->size < 4)
		return false;
	if (raw->is_string)
		field->kind = raw->is_dynamic ? PLAN_STRING : PLAN_FIXED_STRING;
	else if (raw->is_dynamic || raw->is_array)
		field->kind = raw->element ? PLAN_ARRAY : PLAN_BYTES;
	else
		field->kind = is_number_size(raw->size) ? PLAN_NUMBER : PLAN_BYTES;
	if (field->kind == PLAN_NUMBER)
		field->bytes = (uint8_t)raw->size;
	return raw->size > 0 || field->kind == PLAN_FIXED_STRING;
}

static size_t fixed_bytes(enum probe_display display)
{
	return display == DISPLAY_IP4 ? 4 : display == DISPLAY_IP6 ? 16 : 6;
}

/* False: the format does not hold what the type needs. */
static bool set_kind(const struct builder *builder, const struct event_field *from,
		     const struct raw_field *raw, struct plan_field *field)
{
	const struct probe_type *type = &from->type;

	field->display = type->kind == PROBE_TYPE_NONE ? DISPLAY_HEX : type->display;
	field->is_signed = field->display == DISPLAY_SIGNED || field->display == DISPLAY_ERRNO ||
			   field->display == DISPLAY_SIZE_OR_ERRNO;
	switch (field->display) {
	case DISPLAY_IP4:
	case DISPLAY_IP6:
	case DISPLAY_MAC:
		field->kind = PLAN_BYTES;
		return raw->size >= fixed_bytes(field->display) && !raw->is_dynamic;
	case DISPLAY_ENUM:
		field->names = find_enum(builder->desc, type->enum_name);
		field->is_signed = field->names && field->names->kernel[0] == 's' && raw->is_signed;
		break;
	case DISPLAY_STRING:
		/* The words that it lies in, where the kernel has no such type. */
		if (!raw->is_string && !raw->is_dynamic && raw->size > 0) {
			field->kind = PLAN_FIXED_STRING;
			return true;
		}
		return raw->is_string && set_plain_kind(field, raw);
	default:
		break;
	}
	if (!set_plain_kind(field, raw))
		return false;
	/* An array of one element may have lost its brackets on the way, and the format may be
	 * enriched. */
	if (type->count > 0 && is_number_size(type->bytes) && raw->size >= type->bytes &&
	    !raw->is_dynamic) {
		field->kind = PLAN_ARRAY;
		field->bytes = type->bytes;
	}
	return true;
}

static void add_described(struct builder *builder, const struct event_field *from)
{
	struct raw_field whole;
	const struct raw_field *raw = find_raw(builder->raw, from, &whole);
	const char *name = from->instead_of ? from->instead_of : from->name;
	struct plan_field field = { .half = builder->half, .is_nk = true };

	if (!raw)
		return;
	field.offset = raw->offset;
	field.size = raw->size;
	add_guards(builder, from, &field);
	set_family(builder, &field);
	if (from->type.display == DISPLAY_PACKET) {
		add_packet(builder, from, &field);
		return;
	}
	if (name[0] == '_' || !set_kind(builder, from, raw, &field))
		return;

	size_t length = strlen(name);

	if (field.has_family && is_by_family(name, field.display)) {
		field.kind = PLAN_ADDRESS;
		length--;
	}
	add(builder, name, length, &field);
}

static void add_raw(struct builder *builder, const struct raw_field *raw)
{
	struct plan_field field = {
		.half = builder->half,
		.is_nk = builder->desc,
		.is_signed = raw->is_signed,
		.display = raw->is_string   ? DISPLAY_STRING
			   : raw->is_hex    ? DISPLAY_HEX
			   : raw->is_signed ? DISPLAY_SIGNED
					    : DISPLAY_UNSIGNED,
		.offset = raw->offset,
		.size = raw->size,
	};

	if (strncmp(raw->name, "__probe_", 8) == 0 || (builder->desc && raw->name[0] == '_'))
		return;
	if (!set_plain_kind(&field, raw))
		return;
	if (field.kind == PLAN_BYTES)
		field.display = DISPLAY_NONE;
	add(builder, raw->name, strlen(raw->name), &field);
}

static void add_half(struct builder *builder, const struct plan_half *half, uint8_t index)
{
	builder->raw = half->raw;
	builder->desc = half->desc;
	builder->half = index;
	builder->family = find_family(half->raw, half->desc);
	if (half->desc && half->desc->field_count > 0)
		for (size_t i = 0; i < half->desc->field_count; i++)
			add_described(builder, &half->desc->fields[i]);
	else
		for (size_t i = 0; i < half->raw->field_count; i++)
			add_raw(builder, &half->raw->fields[i]);
}

static int16_t find_shown(const struct builder *builder, const char *name)
{
	for (size_t i = 0; i < builder->count; i++)
		if (strcmp(builder->fields[i].name, name) == 0)
			return (int16_t)i;
	return -1;
}

static void find_endpoints(const struct builder *builder, int16_t endpoints[4])
{
	static const char *const names[2][4] = {
		{ "laddr", "lport", "raddr", "rport" },
		{ "saddr", "sport", "daddr", "dport" },
	};

	/* Those of a socket, or those of a packet; never one end of each. */
	for (int kind = 0; kind < 2; kind++) {
		bool is_any = false;

		for (int i = 0; i < 4; i++) {
			endpoints[i] = find_shown(builder, names[kind][i]);
			is_any |= endpoints[i] >= 0 && i % 2 == 0;
		}
		if (is_any)
			return;
	}
	for (int i = 0; i < 4; i++)
		endpoints[i] = -1;
}

static void name_plan(struct event_plan *plan, const struct plan_half *half)
{
	bool is_described = half->desc && half->desc->field_count > 0;

	plan->id = half->raw->id;
	plan->system = half->raw->system;
	plan->name = half->desc && half->desc->probe ? half->desc->probe : half->raw->name;
	plan->set = half->desc ? half->desc->set : NULL;
	/* Kprobe events are plain lists of fields, and libtraceevent 1.7 prints arrays of 6.x as
	 * zeros. */
	plan->is_foreign = !is_described && !half->raw->is_kprobe;
}

struct event_plan *plan_new(struct decode_context *context, const struct plan_half halves[2],
			    uint32_t index)
{
	struct event_plan *plan = xcalloc(1, sizeof(*plan));
	struct builder builder = { .long_bytes = context->long_bytes };

	for (uint8_t i = 0; i < 2; i++)
		if (halves[i].raw)
			add_half(&builder, &halves[i], i);
	if (halves[0].raw && halves[1].raw) {
		struct plan_field field = { .kind = PLAN_DURATION, .display = DISPLAY_DURATION };

		add(&builder, "dur", 3, &field);
	}
	plan->context = context;
	plan->is_swapped = context->is_swapped;
	plan->index = index;
	plan->fields = builder.fields;
	plan->field_count = builder.count;
	find_endpoints(&builder, plan->endpoints);
	name_plan(plan, halves[0].raw ? &halves[0] : &halves[1]);
	plan->is_foreign = plan->is_foreign && !context->is_raw;
	return plan;
}

void plan_free(struct event_plan *plan)
{
	if (!plan)
		return;
	for (size_t i = 0; i < plan->field_count; i++) {
		const struct plan_field *link = plan->fields[i].instead;

		free((char *)plan->fields[i].name);
		while (link) {
			const struct plan_field *next = link->instead;

			free((void *)link);
			link = next;
		}
	}
	free((void *)plan->fields);
	free(plan);
}
