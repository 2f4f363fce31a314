/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Event descriptions to text and back. The text comes out of a file that anybody may have made: it
 * is judged word by word, and nothing is believed that the reading of types has not confirmed. What
 * was written reads back as the same.
 */
#include "resolve/event.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

static const char *const half_names[] = {
	[EVENT_WHOLE] = "whole",
	[EVENT_ENTRY] = "entry",
	[EVENT_RETURN] = "return",
};

static void field_clear(struct event_field *field)
{
	for (size_t i = 0; i < field->guard_count; i++)
		free(field->guards[i]);
	free(field->name);
	free(field->instead_of);
}

static void enum_clear(struct probe_enum *values)
{
	for (size_t i = 0; i < values->value_count; i++)
		free(values->values[i].name);
	free(values->values);
	free(values->name);
	*values = (struct probe_enum){ 0 };
}

void event_desc_clear(struct event_desc *desc)
{
	for (size_t i = 0; i < desc->field_count; i++)
		field_clear(&desc->fields[i]);
	for (size_t i = 0; i < desc->enum_count; i++)
		enum_clear(&desc->enums[i]);
	free(desc->fields);
	free(desc->enums);
	free(desc->group);
	free(desc->name);
	free(desc->probe);
	free(desc->set);
	free(desc->pair);
	*desc = (struct event_desc){ 0 };
}

void event_descs_free(struct event_desc *descs, size_t count)
{
	for (size_t i = 0; i < count; i++)
		event_desc_clear(&descs[i]);
	free(descs);
}

enum event_guard event_guard(const struct event_desc *desc, const char *name)
{
	enum probe_display display = DISPLAY_NONE;

	for (size_t i = 0; i < desc->field_count; i++)
		if (desc->fields[i].name && strcmp(desc->fields[i].name, name) == 0)
			display = desc->fields[i].type.display;
	if (display == DISPLAY_ERRNO || display == DISPLAY_SIZE_OR_ERRNO)
		return GUARD_RESULT;
	if (display == DISPLAY_FAMILY)
		return GUARD_FAMILY;
	return strcmp(name, EVENT_UNFILLED) == 0 ? GUARD_ZERO : GUARD_POINTER;
}

bool event_guard_has_size(enum event_guard guard, size_t bytes)
{
	return guard == GUARD_FAMILY ? bytes == 2 : bytes == 4 || bytes == 8;
}

const char *event_own_family(const struct event_desc *desc, const struct event_field *field)
{
	for (size_t i = 0; i < field->guard_count; i++)
		if (event_guard(desc, field->guards[i]) == GUARD_FAMILY)
			return field->guards[i];
	return NULL;
}

/* Writing */

static void write_value(struct text *out, const char *value)
{
	for (; *value; value++) {
		unsigned char c = (unsigned char)*value;

		if (c <= ' ' || c == 0x7f || c == '=' || c == '%')
			text_addf(out, "%%%02X", c);
		else
			text_add_bytes(out, value, 1);
	}
}

static void write_word(struct text *out, const char *key, const char *value)
{
	if (!value)
		return;
	text_addf(out, " %s=", key);
	write_value(out, value);
}

static const char *type_name(const struct probe_type *type)
{
	for (size_t i = 0; i < probe_type_count; i++) {
		if (probe_types[i].display == type->display && probe_types[i].bytes == type->bytes)
			return probe_types[i].name;
	}
	return NULL;
}

/* As a probe file would have it, so that reading it is probe_type_parse(). */
static void write_type(struct text *out, const struct probe_type *type)
{
	const char *name = type_name(type);

	text_add(out, " type=");
	if (type->kind == PROBE_TYPE_BITFIELD) {
		text_addf(out, "b%u@%u/%u", type->bit_width, type->bit_offset, type->bytes * 8u);
		return;
	}
	if (type->kind == PROBE_TYPE_ENUM)
		text_addf(out, "enum:%s", type->enum_name);
	else
		text_add(out, name ? name : "x64");
	if (type->count)
		text_addf(out, "[%u]", type->count);
	for (unsigned int i = 0; i < type->packet_member_count; i++)
		text_addf(out, "%c%s", i ? ',' : '(', packet_member_names[type->packet_order[i]]);
	if (type->packet_member_count)
		text_add(out, ")");
	write_word(out, "kernel", type->kernel[0] ? type->kernel : NULL);
}

static void write_field(struct text *out, const struct event_field *field)
{
	text_add(out, "field");
	write_word(out, "name", field->name);
	write_type(out, &field->type);
	if (field->parts)
		text_addf(out, " parts=%u", field->parts);
	if (field->before)
		text_addf(out, " before=%d", field->before);
	write_word(out, "or", field->instead_of);
	for (size_t i = 0; i < field->guard_count; i++)
		write_word(out, "guard", field->guards[i]);
	text_add(out, "\n");
}

static void write_enum(struct text *out, const struct probe_enum *values)
{
	text_add(out, "enum");
	write_word(out, "name", values->name);
	write_word(out, "kernel", values->kernel);
	for (size_t i = 0; i < values->value_count; i++) {
		text_addf(out, " %llu=", (unsigned long long)values->values[i].value);
		write_value(out, values->values[i].name);
	}
	text_add(out, "\n");
}

void event_desc_write(const struct event_desc *desc, struct text *out)
{
	text_add(out, "event");
	write_word(out, "group", desc->group);
	write_word(out, "name", desc->name);
	write_word(out, "probe", desc->probe);
	write_word(out, "set", desc->set);
	write_word(out, "half", half_names[desc->half]);
	write_word(out, "pair", desc->pair);
	if (desc->is_filtered)
		text_add(out, " filtered=1");
	text_add(out, "\n");
	for (size_t i = 0; i < desc->field_count; i++)
		write_field(out, &desc->fields[i]);
	for (size_t i = 0; i < desc->enum_count; i++)
		write_enum(out, &desc->enums[i]);
}

/* Reading */

struct reader {
	struct event_desc *descs;
	size_t count;
	const char *why; /* what is wrong with this line, or NULL */
};

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static void unescape(char *value)
{
	char *to = value;

	while (*value) {
		int high = value[0] == '%' ? hex_digit(value[1]) : -1;
		int low = high >= 0 ? hex_digit(value[2]) : -1;

		if (low >= 0 && (high || low)) {
			*to++ = (char)(high * 16 + low);
			value += 3;
		} else {
			*to++ = *value++;
		}
	}
	*to = '\0';
}

/* The next word, split at its '='; false at the end. A word without one is skipped. */
static bool next_pair(char **cursor, const char **key, char **value)
{
	char *word;

	while ((word = text_next_word(cursor))) {
		char *equals = strchr(word, '=');

		if (!equals)
			continue;
		*equals = '\0';
		*key = word;
		*value = equals + 1;
		unescape(*value);
		return true;
	}
	return false;
}

static bool read_number(const char *text, unsigned long long limit, unsigned long long *number)
{
	char *end;

	if (!isdigit((unsigned char)text[0]))
		return false;
	errno = 0;
	*number = strtoull(text, &end, 10);
	return !*end && !errno && *number <= limit;
}

static void set(char **to, const char *value)
{
	free(*to);
	*to = xstrdup(value);
}

static void read_half(struct reader *reader, struct event_desc *desc, const char *value)
{
	for (unsigned int i = 0; i < sizeof(half_names) / sizeof(half_names[0]); i++) {
		if (strcmp(half_names[i], value) == 0) {
			desc->half = (enum event_half)i;
			return;
		}
	}
	reader->why = "a half is whole, entry or return";
}

static void read_event(struct reader *reader, char *cursor)
{
	struct event_desc *desc = array_add(&reader->descs, &reader->count);
	const char *key;
	char *value;

	while (next_pair(&cursor, &key, &value)) {
		if (strcmp(key, "group") == 0)
			set(&desc->group, value);
		else if (strcmp(key, "name") == 0)
			set(&desc->name, value);
		else if (strcmp(key, "probe") == 0)
			set(&desc->probe, value);
		else if (strcmp(key, "set") == 0)
			set(&desc->set, value);
		else if (strcmp(key, "pair") == 0)
			set(&desc->pair, value);
		else if (strcmp(key, "half") == 0)
			read_half(reader, desc, value);
		else if (strcmp(key, "filtered") == 0)
			desc->is_filtered = strcmp(value, "1") == 0;
	}
	if (!desc->group || !desc->group[0] || !desc->name || !desc->name[0])
		reader->why = "an event has a group and a name";
	else if ((desc->half == EVENT_WHOLE) != !desc->pair)
		reader->why = "the halves of a call, and only they, name their other half";
	if (!desc->probe)
		desc->probe = xstrdup(desc->name ? desc->name : "");
}

static bool parse_type(const char *text, struct probe_type *type)
{
	const char *why;
	size_t at;

	return probe_type_parse(text, strlen(text), type, &why, &at) == 0;
}

/* What the kernel was given decides the width of an enum, and stands in for a display not known
 * here. */
static bool read_type(struct event_field *field, const char *name, const char *kernel)
{
	bool is_enum = text_starts_with(name, "enum:");
	struct probe_type plain = { 0 };
	struct probe_type type;

	if (kernel && (!parse_type(kernel, &plain) || plain.kind == PROBE_TYPE_ENUM ||
		       plain.kind == PROBE_TYPE_DISPLAY))
		return false;
	if (!parse_type(is_enum ? name + strlen("enum:") : name, &type))
		return false;
	if (is_enum != (type.kind == PROBE_TYPE_ENUM)) {
		if (is_enum || !kernel)
			return false;
		type = plain;
	}
	if (type.kind == PROBE_TYPE_ENUM)
		type.bytes = plain.bytes;
	if (kernel)
		memcpy(type.kernel, plain.kernel, sizeof(type.kernel));
	field->type = type;
	return true;
}

static void read_guard(struct reader *reader, struct event_field *field, const char *value)
{
	if (field->guard_count == EVENT_GUARDS_MAX)
		reader->why = "a field has too many guards";
	else
		field->guards[field->guard_count++] = xstrdup(value);
}

static void read_field_numbers(struct reader *reader, struct event_field *field, const char *key,
			       const char *value)
{
	unsigned long long number = 0;

	if (!read_number(value, strcmp(key, "parts") == 0 ? 64 : 65535, &number))
		reader->why = "a field's number is out of range";
	else if (strcmp(key, "parts") == 0)
		field->parts = (unsigned int)number;
	else
		field->before = (int)number;
}

static void read_field(struct reader *reader, char *cursor)
{
	struct event_desc *desc = reader->count ? &reader->descs[reader->count - 1] : NULL;
	struct event_field *field;
	const char *key, *type = NULL, *kernel = NULL;
	char *value;

	if (!desc) {
		reader->why = "a field stands before any event";
		return;
	}
	field = array_add(&desc->fields, &desc->field_count);
	while (next_pair(&cursor, &key, &value)) {
		if (strcmp(key, "name") == 0)
			set(&field->name, value);
		else if (strcmp(key, "type") == 0)
			type = value;
		else if (strcmp(key, "kernel") == 0)
			kernel = value;
		else if (strcmp(key, "or") == 0)
			set(&field->instead_of, value);
		else if (strcmp(key, "guard") == 0)
			read_guard(reader, field, value);
		else if (strcmp(key, "parts") == 0 || strcmp(key, "before") == 0)
			read_field_numbers(reader, field, key, value);
	}
	if (!field->name || !field->name[0])
		reader->why = "a field has a name";
	else if (!type || !read_type(field, type, kernel))
		reader->why = "a field has a type";
}

static void read_enum(struct reader *reader, char *cursor)
{
	struct event_desc *desc = reader->count ? &reader->descs[reader->count - 1] : NULL;
	struct probe_enum *values;
	unsigned long long number;
	const char *key;
	char *value;

	if (!desc) {
		reader->why = "an enum stands before any event";
		return;
	}
	values = array_add(&desc->enums, &desc->enum_count);
	while (next_pair(&cursor, &key, &value)) {
		if (strcmp(key, "name") == 0) {
			set(&values->name, value);
		} else if (strcmp(key, "kernel") == 0 && strlen(value) < sizeof(values->kernel)) {
			memset(values->kernel, 0, sizeof(values->kernel));
			memcpy(values->kernel, value, strlen(value));
		} else if (read_number(key, ~0ull, &number)) {
			struct probe_enum_value *item =
				array_add(&values->values, &values->value_count);

			item->value = number;
			item->name = xstrdup(value);
		}
	}
	if (!values->name || !values->name[0])
		reader->why = "an enum has a name";
}

static void read_line(struct reader *reader, char *line)
{
	const char *word = text_next_word(&line);

	if (!word)
		return;
	if (strcmp(word, "event") == 0)
		read_event(reader, line);
	else if (strcmp(word, "field") == 0)
		read_field(reader, line);
	else if (strcmp(word, "enum") == 0)
		read_enum(reader, line);
}

int event_descs_read(const char *text, struct event_desc **descs, size_t *count,
		     struct diags *diags)
{
	NK_FREE char *copy = xstrdup(text);
	struct reader reader = { 0 };
	char *cursor = copy;
	int number = 0;
	char *line;

	while (!reader.why && (line = text_next_line(&cursor))) {
		number++;
		read_line(&reader, line);
	}
	if (reader.why) {
		event_descs_free(reader.descs, reader.count);
		return diag_error(diags, EINVAL,
				  "the descriptions of events are damaged: line %d: %s", number,
				  reader.why);
	}
	*descs = reader.descs;
	*count = reader.count;
	return 0;
}
