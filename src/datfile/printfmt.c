/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A kprobe event's format text and description to the format text that is stored: fields that the
 * kernel could only call arrays of numbers become what they are, and the print fmt shows what nk
 * shows, in the same order under the same names; what means nothing (read through a NULL, of the
 * other family, not in the packet) is not printed.
 */
#include "datfile/printfmt.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/alloc.h"
#include "base/text.h"
#include "datfile/printexpr.h"
#include "datfile/printfield.h"
#include "datfile/printout.h"
#include "datfile/printpkt.h"

/* A field of the format text. */
struct raw {
	char *name;
	char *type;
	size_t offset;
	size_t size;
};

struct raws {
	struct raw *items;
	size_t count;
};

/* One raw field, or a part of it, that is shown under a name. */
struct source {
	char *name;
	const struct event_field *field;
	const struct raw *raw;
	int member;	       /* of a packet window; -1: none */
	int family;	       /* that it means something in; 0: any */
	const struct raw *by;  /* says which one it is; NULL: the packet does */
	struct expr condition; /* none: always */
};

struct builder {
	const struct event_desc *desc;
	struct raws raws;
	struct source *sources;
	size_t source_count;
	struct printout out;
};

static const struct raw *find_raw(const struct raws *raws, const char *name)
{
	for (size_t i = 0; i < raws->count; i++)
		if (!strcmp(raws->items[i].name, name))
			return &raws->items[i];
	return NULL;
}

static const struct event_field *find_field(const struct event_desc *desc, const char *name)
{
	for (size_t i = 0; i < desc->field_count; i++)
		if (!strcmp(desc->fields[i].name, name))
			return &desc->fields[i];
	return NULL;
}

/* "\tfield:u64 laddr6[2];\toffset:38;\tsize:16;\tsigned:0;" */
static bool parse_raw(const char *line, struct raw *raw)
{
	const char *declared = strstr(line, "field:");
	const char *end = declared ? strchr(declared, ';') : NULL;
	const char *offset = end ? strstr(end, "offset:") : NULL;
	const char *size = offset ? strstr(offset, "size:") : NULL;
	const char *name, *bracket;

	if (!size)
		return false;
	declared += strlen("field:");
	for (name = end; name > declared && name[-1] != ' ';)
		name--;
	if (name == declared)
		return false;
	bracket = memchr(name, '[', (size_t)(end - name));
	raw->name = xstrndup(name, (size_t)((bracket ? bracket : end) - name));
	raw->type = xstrndup(declared, (size_t)(name - 1 - declared));
	raw->offset = strtoul(offset + strlen("offset:"), NULL, 10);
	raw->size = strtoul(size + strlen("size:"), NULL, 10);
	return true;
}

static void parse_raws(const char *format, struct raws *raws)
{
	NK_FREE char *copy = xstrdup(format);
	char *rest = copy;
	char *line;

	while ((line = text_next_line(&rest)) && !text_starts_with(line, "print fmt:")) {
		struct raw raw;

		if (parse_raw(line, &raw))
			*(struct raw *)array_add(&raws->items, &raws->count) = raw;
	}
}

static bool is_dynamic(const struct raw *raw)
{
	return !strncmp(raw->type, "__data_loc", strlen("__data_loc"));
}

static size_t whole_size(const struct event_field *field, const struct raw *raw)
{
	return field->parts ? raw->size * field->parts : raw->size;
}

/* The declaration of a field that is to be stored otherwise; NULL: it stays as it is. */
static char *retyped(const struct event_field *field, const struct raw *raw)
{
	size_t size = whole_size(field, raw);
	unsigned int element = field->type.bytes;

	if (is_dynamic(raw) || !size)
		return NULL;
	switch (field->type.display) {
	case DISPLAY_IP6:
	case DISPLAY_MAC:
	case DISPLAY_PACKET:
		return xasprintf("u8 %s[%zu]", raw->name, size);
	case DISPLAY_IP4:
		return NULL;
	case DISPLAY_STRING:
		/* The words that a text lies in. */
		return strstr(raw->type, "char") ? NULL
						 : xasprintf("char %s[%zu]", raw->name, size);
	default:
		/* "x[]" is what later kernels write, and what libtraceevent reads as nothing. */
		if (!field->type.count || !element || size % element)
			return NULL;
		return xasprintf("%s %s[%zu]", raw->type, raw->name, size / element);
	}
}

static void add_field_line(struct builder *builder, const char *line, struct text *out)
{
	struct raw raw;
	NK_FREE char *declared = NULL;
	const struct event_field *field;

	if (!parse_raw(line, &raw)) {
		text_addf(out, "%s\n", line);
		return;
	}
	field = find_field(builder->desc, raw.name);
	declared = field ? retyped(field, &raw) : NULL;
	if (declared)
		text_addf(out, "\tfield:%s;\toffset:%zu;\tsize:%zu;\tsigned:0;\n", declared,
			  raw.offset, whole_size(field, &raw));
	else
		text_addf(out, "%s\n", line);
	free(raw.name);
	free(raw.type);
}

/* Not NULL and no error pointer: all numbers are unsigned, so one comparison tells. */
static struct expr is_pointer(const struct raw *raw)
{
	struct expr moved =
		printexpr_op(printexpr_leaf("REC->%s", raw->name), "+", printexpr_number(4095));

	if (raw->size == 4)
		moved = printexpr_op(moved, "&", printexpr_number(0xffffffff));
	return printexpr_op(moved, ">", printexpr_number(8190));
}

static struct expr is_success(const struct raw *raw)
{
	return printexpr_not(printexpr_op(printexpr_leaf("REC->%s", raw->name), ">>",
					  printexpr_number(raw->size * 8 - 1)));
}

static struct expr is_family(const struct raw *raw, unsigned long family)
{
	return printexpr_op(printexpr_leaf("REC->%s", raw->name), "==", printexpr_number(family));
}

static struct expr guard_holds(enum event_guard guard, const struct raw *raw)
{
	switch (guard) {
	case GUARD_RESULT:
		return is_success(raw);
	case GUARD_FAMILY:
		return printexpr_or(is_family(raw, AF_INET), is_family(raw, AF_INET6));
	case GUARD_ZERO:
		return printexpr_not(printexpr_leaf("REC->%s", raw->name));
	default:
		return is_pointer(raw);
	}
}

static struct expr guard_condition(const struct builder *builder, const struct event_field *field)
{
	struct expr condition = { 0 };

	for (size_t i = 0; i < field->guard_count; i++) {
		const struct raw *raw = find_raw(&builder->raws, field->guards[i]);
		enum event_guard guard = event_guard(builder->desc, field->guards[i]);

		if (raw && event_guard_has_size(guard, raw->size))
			condition = printexpr_and(condition, guard_holds(guard, raw));
	}
	return condition;
}

/* The first field of two bytes that is shown so, or NULL. */
static const struct raw *first_shown_as(const struct builder *builder, enum probe_display display)
{
	for (size_t i = 0; i < builder->desc->field_count; i++) {
		const struct event_field *field = &builder->desc->fields[i];
		const struct raw *raw = find_raw(&builder->raws, field->name);

		if (field->type.display == display && raw && raw->size == 2)
			return raw;
	}
	return NULL;
}

/* What says which family's addresses mean something: the field's own, where it has one. */
static const struct raw *family_of(const struct builder *builder, const struct event_field *field)
{
	const char *name = event_own_family(builder->desc, field);
	const struct raw *own = name ? find_raw(&builder->raws, name) : NULL;

	return own && own->size == 2 ? own : first_shown_as(builder, DISPLAY_FAMILY);
}

/* The family that an address is of, where the event says which one counts; else 0. */
static int address_family(const struct event_field *field, const char *name)
{
	enum probe_display display = field->type.display;
	size_t length = strlen(name);

	if (length < 2)
		return 0;
	if (display == DISPLAY_IP4 && name[length - 1] == '4')
		return AF_INET;
	if (display == DISPLAY_IP6 && name[length - 1] == '6')
		return AF_INET6;
	return 0;
}

static struct source *add_source(struct builder *builder, const struct source *like)
{
	struct source *source = array_add(&builder->sources, &builder->source_count);

	*source = *like;
	return source;
}

static struct printpkt packet_of(const struct builder *builder, const struct source *source)
{
	const struct raws *raws = &builder->raws;
	const struct raw *data = find_raw(raws, "_data");
	const struct raw *tail = find_raw(raws, "_tail");
	const struct raw *ethertype = first_shown_as(builder, DISPLAY_ETHERTYPE);
	bool has_data = data && (data->size == 8 || data->size == 4);

	return (struct printpkt){
		.field = source->raw->name,
		.ethertype = ethertype ? ethertype->name : NULL,
		.bytes = whole_size(source->field, source->raw),
		.before = source->field->before,
		.has_data = has_data,
		.has_head = has_data && find_raw(raws, "_head"),
		.has_nh = find_raw(raws, "_nh"),
		.has_tail = tail,
		.is_tail_pointer = has_data && data->size == 4,
	};
}

static void add_member(struct builder *builder, const struct source *window, uint8_t member,
		       int family)
{
	struct source source = *window;
	struct printpkt packet = packet_of(builder, window);

	source.name = xstrdup(packet_member_names[member]);
	source.member = member;
	source.family = family;
	source.condition = printexpr_and(printpkt_condition(&packet, member, family),
					 printexpr_copy(&window->condition));
	add_source(builder, &source);
}

static void add_window(struct builder *builder, const struct source *window)
{
	const struct probe_type *type = &window->field->type;

	for (size_t i = 0; i < type->packet_member_count; i++) {
		uint8_t member = type->packet_order[i];

		if (member >= PACKET_MEMBER_COUNT)
			continue;
		if (member == PACKET_SADDR || member == PACKET_DADDR) {
			add_member(builder, window, member, 2);
			add_member(builder, window, member, 10);
		} else {
			add_member(builder, window, member, 0);
		}
	}
}

static bool has_guard(const struct event_field *field, const char *name)
{
	for (size_t i = 0; i < field->guard_count; i++)
		if (!strcmp(field->guards[i], name))
			return true;
	return false;
}

static void add_packet(struct builder *builder, const struct event_field *field,
		       const struct raw *raw)
{
	const struct raw *data = find_raw(&builder->raws, "_data");
	struct source window = { .field = field, .raw = raw };

	window.condition = guard_condition(builder, field);
	if (data && (data->size == 4 || data->size == 8) && !has_guard(field, "_data"))
		window.condition = printexpr_and(window.condition, is_pointer(data));
	add_window(builder, &window);
	printexpr_free(&window.condition);
}

static void add_field(struct builder *builder, const struct event_field *field)
{
	const struct raw *raw = find_raw(&builder->raws, field->name);
	const char *name = field->instead_of ? field->instead_of : field->name;
	struct source source = { .field = field, .raw = raw, .member = -1 };

	if (!raw)
		return;
	if (field->type.display == DISPLAY_PACKET) {
		add_packet(builder, field, raw);
		return;
	}
	if (name[0] == '_')
		return;
	source.by = family_of(builder, field);
	source.family = source.by ? address_family(field, name) : 0;
	source.name = xstrndup(name, strlen(name) - (source.family ? 1 : 0));
	source.condition = guard_condition(builder, field);
	/* First what tells the most of them apart. */
	if (source.family)
		source.condition = printexpr_and(is_family(source.by, (unsigned long)source.family),
						 source.condition);
	add_source(builder, &source);
}

static bool is_first_of_name(const struct builder *builder, size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (!strcmp(builder->sources[i].name, builder->sources[index].name))
			return false;
	return true;
}

/*
 * A source counts where those of its name before it do not. Sources of different families, by one
 * field or packet, never count at once.
 */
static struct expr condition_among(const struct builder *builder, size_t index)
{
	const struct source *source = &builder->sources[index];
	struct expr condition = printexpr_copy(&source->condition);

	for (size_t i = 0; i < index; i++) {
		const struct source *before = &builder->sources[i];

		if (strcmp(before->name, source->name) ||
		    (before->family && source->family && before->family != source->family &&
		     before->by == source->by))
			continue;
		condition = printexpr_and(
			condition, before->condition.text
					   ? printexpr_not(printexpr_copy(&before->condition))
					   : printexpr_number(0));
	}
	return condition;
}

static void print_member(struct builder *builder, const struct source *source,
			 const char *condition)
{
	struct printpkt packet = packet_of(builder, source);

	printpkt_add(&packet, (enum packet_member)source->member, source->family, source->name,
		     condition, &builder->out);
}

static void print_field(struct builder *builder, const struct source *source, const char *condition)
{
	const struct raw *family = family_of(builder, source->field);
	struct printfield field = {
		.raw = source->raw->name,
		.bytes = whole_size(source->field, source->raw),
		.is_dynamic = is_dynamic(source->raw),
		.raw_family = family ? family->name : NULL,
		.field = source->field,
		.desc = builder->desc,
	};

	printfield_add(&field, source->name, condition, &builder->out);
}

static void print_source(struct builder *builder, size_t index)
{
	const struct source *source = &builder->sources[index];
	struct expr condition = condition_among(builder, index);

	if (source->member >= 0)
		print_member(builder, source, condition.text);
	else
		print_field(builder, source, condition.text);
	printexpr_free(&condition);
}

static void print_all(struct builder *builder)
{
	for (size_t i = 0; i < builder->desc->field_count; i++)
		add_field(builder, &builder->desc->fields[i]);
	for (size_t i = 0; i < builder->source_count; i++) {
		if (!is_first_of_name(builder, i))
			continue;
		for (size_t j = i; j < builder->source_count; j++)
			if (!strcmp(builder->sources[j].name, builder->sources[i].name))
				print_source(builder, j);
	}
}

static char *assemble(struct builder *builder, const char *format)
{
	NK_FREE char *copy = xstrdup(format);
	struct text text = { 0 };
	char *rest = copy;
	char *line;
	const char *shown = builder->out.format.data ? builder->out.format.data : "";

	while ((line = text_next_line(&rest)) && !text_starts_with(line, "print fmt:"))
		add_field_line(builder, line, &text);
	/* The blank before the first field. */
	text_addf(&text, "print fmt: \"%s\"", shown + (*shown == ' '));
	if (builder->out.args.data)
		text_add(&text, builder->out.args.data);
	text_add(&text, "\n");
	return text_steal(&text);
}

char *printfmt_enrich(const char *format, const struct event_desc *desc)
{
	struct builder builder = { .desc = desc };
	char *enriched;

	if (!desc->field_count)
		return xstrdup(format);
	parse_raws(format, &builder.raws);
	print_all(&builder);
	enriched = assemble(&builder, format);
	for (size_t i = 0; i < builder.source_count; i++) {
		free(builder.sources[i].name);
		printexpr_free(&builder.sources[i].condition);
	}
	free(builder.sources);
	for (size_t i = 0; i < builder.raws.count; i++) {
		free(builder.raws.items[i].name);
		free(builder.raws.items[i].type);
	}
	free(builder.raws.items);
	text_clear(&builder.out.format);
	text_clear(&builder.out.args);
	return enriched;
}
