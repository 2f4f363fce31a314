/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names in, a list of columns out, with each plan's field for each of them; a record and that list
 * in, a line out. Text: the values with a blank between them, '-' for none. JSON: an object of what
 * there is. CSV: RFC 4180, after a first line of names.
 */
#include "output/columns.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/number.h"
#include "output/style.h"

struct column {
	enum record_word word; /* RECORD_WORDS: a field */
	char *name;
	int *fields; /* of a field: by event_plan.index, the index of its field, or -1 */
};

struct output_columns {
	struct column *items;
	size_t count;
};

/* Whether any plan has such a field. */
static bool find_fields(struct decoder *decoder, struct column *column)
{
	const struct event_plan *plan;
	size_t count = 0;
	bool is_any = false;

	while ((plan = decoder_plan(decoder, count))) {
		int *field = array_add(&column->fields, &count);

		*field = -1;
		for (size_t i = 0; i < plan->field_count; i++)
			if (strcmp(plan->fields[i].name, column->name) == 0)
				*field = (int)i;
		is_any = is_any || *field >= 0;
	}
	return is_any;
}

static bool has_column(const struct output_columns *columns, const char *name)
{
	for (size_t i = 0; i < columns->count; i++)
		if (strcmp(columns->items[i].name, name) == 0)
			return true;
	return false;
}

static bool add_column(struct output_columns *columns, const char *name, struct decoder *decoder)
{
	struct column *column = array_add(&columns->items, &columns->count);

	*column = (struct column){ .word = RECORD_WORDS, .name = xstrdup(name) };
	for (size_t i = 0; i < RECORD_WORDS; i++)
		if (strcmp(record_words[i], name) == 0)
			column->word = (enum record_word)i;
	return column->word != RECORD_WORDS || find_fields(decoder, column);
}

static void add_all(struct output_columns *columns, struct decoder *decoder, bool has_time)
{
	static const enum record_word first[] = { RECORD_TS, RECORD_CPU, RECORD_PID, RECORD_COMM,
						  RECORD_EVENT_NAME };
	const struct event_plan *plan;

	if (has_time)
		add_column(columns, record_words[RECORD_TIME], decoder);
	for (size_t i = 0; i < sizeof(first) / sizeof(first[0]); i++)
		add_column(columns, record_words[first[i]], decoder);
	for (size_t i = 0; (plan = decoder_plan(decoder, i)); i++)
		for (size_t k = 0; k < plan->field_count; k++)
			if (!has_column(columns, plan->fields[k].name))
				add_column(columns, plan->fields[k].name, decoder);
	add_column(columns, record_words[RECORD_LOST_COUNT], decoder);
}

/* "did you mean 'rport'?", or NULL. */
static char *near_column(struct decoder *decoder, const char *name)
{
	struct output_columns all = { 0 };
	const char **names = NULL;
	size_t count = 0;
	const char *near;
	char *hint;

	add_all(&all, decoder, true);
	for (size_t i = 0; i < all.count; i++)
		*array_add(&names, &count) = all.items[i].name;
	near = diag_nearest(name, names, count);
	hint = near ? xasprintf("did you mean '%s'?", near) : NULL;
	free(names);
	for (size_t i = 0; i < all.count; i++) {
		free(all.items[i].name);
		free(all.items[i].fields);
	}
	free(all.items);
	return hint;
}

static int refuse(struct diags *diags, const char *names, const char *at, size_t length, char *text,
		  char *hint)
{
	struct diag *diag = diag_add(diags, DIAG_ERROR);

	diag->text = text;
	diag->hint = hint;
	diag->source = xstrdup(names);
	diag->column = (int)(at - names) + 1;
	diag->width = (int)length;
	return -EINVAL;
}

static int add_named(struct output_columns *columns, const char *names, struct decoder *decoder,
		     struct diags *diags)
{
	for (const char *at = names;; at++) {
		size_t length = strcspn(at, ",");
		NK_FREE char *name = xstrndup(at, length);

		if (length == 0)
			return refuse(diags, names, at, 1, xstrdup("a field is missing here"),
				      NULL);
		if (has_column(columns, name))
			return refuse(diags, names, at, length,
				      xasprintf("'%s' is named twice", name), NULL);
		/* A recording without a single event has no fields that could be meant. */
		if (!add_column(columns, name, decoder) && decoder_plan(decoder, 0))
			return refuse(diags, names, at, length,
				      xasprintf("no event here has a field '%s'", name),
				      near_column(decoder, name));
		at += length;
		if (*at == '\0')
			return 0;
	}
}

int output_columns_new(const char *names, struct decoder *decoder, bool has_time,
		       struct output_columns **out, struct diags *diags)
{
	struct output_columns *columns = xcalloc(1, sizeof(*columns));
	int err = 0;

	if (names)
		err = add_named(columns, names, decoder, diags);
	else
		add_all(columns, decoder, has_time);
	if (err)
		output_columns_free(columns);
	else
		*out = columns;
	return err;
}

void output_columns_free(struct output_columns *columns)
{
	if (!columns)
		return;
	for (size_t i = 0; i < columns->count; i++) {
		free(columns->items[i].name);
		free(columns->items[i].fields);
	}
	free(columns->items);
	free(columns);
}

/* Text of unknown bytes as the style quotes it. */
static void put_string(struct output *output, const char *bytes, size_t length)
{
	struct buffer *buffer = &output->buffer;
	struct value value = { .kind = VALUE_STRING,
			       .display = DISPLAY_STRING,
			       .bytes = (const unsigned char *)bytes,
			       .length = (uint32_t)length };
	bool is_quoted = memchr(bytes, ',', length) || memchr(bytes, '"', length);

	if (output->options.style != OUTPUT_CSV) {
		output->ops->put_value(buffer, &value);
		return;
	}
	if (is_quoted)
		buffer_put_literal(buffer, "\"");
	while (length > 0) {
		const char *quote = memchr(bytes, '"', length);
		size_t run = quote ? (size_t)(quote + 1 - bytes) : length;

		buffer_put_text(buffer, (const unsigned char *)bytes, run);
		if (quote)
			buffer_put_literal(buffer, "\"");
		bytes += run;
		length -= run;
	}
	if (is_quoted)
		buffer_put_literal(buffer, "\"");
}

/* A name of a probe file's own, of any length; NULL: what value is has none, or is not for CSV. */
static const char *csv_name(const struct output *output, const struct value *value)
{
	bool is_foreign, is_number = value->kind == VALUE_UNSIGNED || value->kind == VALUE_SIGNED;

	if (output->options.style != OUTPUT_CSV || !is_number || value->display != DISPLAY_ENUM)
		return NULL;
	return value_name(value, &is_foreign);
}

/* In CSV as in JSON, without its quotes: what is left to that is short, and in one piece. */
static void put_value(struct output *output, const struct value *value)
{
	struct buffer *buffer = &output->buffer;
	const char *name = csv_name(output, value);
	char *start;
	size_t length;

	if (value->kind == VALUE_STRING) {
		put_string(output, (const char *)value->bytes, value->length);
		return;
	}
	if (name) {
		put_string(output, name, strlen(name));
		return;
	}
	start = buffer_room(buffer, VALUE_ROOM + 3 * (size_t)value->length);
	output->ops->put_value(buffer, value);
	length = (size_t)(buffer->end - start);
	if (output->options.style != OUTPUT_CSV || *start != '"' || length < 2)
		return;
	memmove(start, start + 1, length - 2);
	buffer->end = start + length - 2;
}

/* How many values were put; in CSV blanks part those of an array. */
static size_t put_field(struct output *output, const struct record *record,
			const struct plan_field *field)
{
	const char *array = output->options.style == OUTPUT_CSV ? NULL : output->ops->array;
	size_t count = record_elements(record, field), put = 0;
	struct value value;

	for (size_t i = 0; i < count; i++) {
		record_value(record, field, i, &value);
		if (value.kind == VALUE_ABSENT)
			continue;
		if (field->kind == PLAN_ARRAY && array)
			buffer_put(&output->buffer, put == 0 ? array : ",", 1);
		else if (put > 0)
			buffer_put_literal(&output->buffer, " ");
		put_value(output, &value);
		put++;
	}
	if (put > 0 && field->kind == PLAN_ARRAY && array)
		buffer_put(&output->buffer, array + 1, 1);
	return put;
}

static void put_time(struct output *output, const struct record *record)
{
	uint64_t wall = record->ts + (uint64_t)output->options.wall_offset_ns;
	bool is_text = output->options.style == OUTPUT_TEXT;
	char *at = buffer_room(&output->buffer, 2 * TIME_MAX);

	if (output->options.style == OUTPUT_JSON)
		*at++ = '"';
	at = !output->options.has_wall_clock ? time_clock(&output->second, at, record->ts)
	     : is_text			     ? time_local(&output->second, at, wall)
					     : time_utc(&output->second, at, wall);
	if (output->options.style == OUTPUT_JSON)
		*at++ = '"';
	output->buffer.end = at;
}

static void put_number(struct output *output, int64_t number)
{
	output->buffer.end = number_signed(buffer_room(&output->buffer, VALUE_ROOM), number);
}

/* What every record has, and losses. */
static bool put_own(struct output *output, const struct record *record, enum record_word word)
{
	bool is_event = record->kind == RECORD_EVENT;
	const char *string = word == RECORD_COMM  ? record->comm
			     : !is_event	  ? "lost"
			     : word == RECORD_SET ? record->plan->set
						  : record->plan->name;

	switch (word) {
	case RECORD_TIME:
		/* Text has the trace clock's; what reads the others takes it for a time of day. */
		if (!output->options.has_wall_clock && output->options.style != OUTPUT_TEXT)
			return false;
		put_time(output, record);
		return true;
	case RECORD_TS:
		put_number(output, (int64_t)record->ts);
		return true;
	case RECORD_CPU:
		put_number(output, record->cpu);
		return true;
	case RECORD_PID:
		if (is_event)
			put_number(output, record->pid);
		return is_event;
	case RECORD_LOST_COUNT:
		if (!is_event && record->lost > 0)
			put_number(output, (int64_t)record->lost);
		return !is_event && record->lost > 0;
	default:
		if (!string || (!is_event && word != RECORD_EVENT_NAME))
			return false;
		put_string(output, string, strlen(string));
		return true;
	}
}

static bool put_column(struct output *output, const struct record *record,
		       const struct column *column)
{
	int field;

	if (column->word != RECORD_WORDS)
		return put_own(output, record, column->word);
	if (record->kind != RECORD_EVENT)
		return false;
	field = column->fields[record->plan->index];
	return field >= 0 && put_field(output, record, &record->plan->fields[field]) > 0;
}

static void put_key(struct buffer *buffer, const char *name)
{
	buffer_put_literal(buffer, "\"");
	buffer_put_json(buffer, (const unsigned char *)name, strlen(name));
	buffer_put_literal(buffer, "\":");
}

static void put_object(struct output *output, const struct record *record)
{
	const struct output_columns *columns = output->options.columns;
	struct buffer *buffer = &output->buffer;
	bool is_first = true;

	buffer_put_literal(buffer, "{");
	for (size_t i = 0; i < columns->count; i++) {
		size_t name = strlen(columns->items[i].name);
		/* The key may turn out to be in vain: it must not be flushed before. */
		char *start = buffer_room(buffer, 6 * name + FOREIGN_TEXT_MAX);

		if (!is_first)
			buffer_put_literal(buffer, ",");
		put_key(buffer, columns->items[i].name);
		if (put_column(output, record, &columns->items[i]))
			is_first = false;
		else
			buffer->end = start;
	}
	buffer_put_literal(buffer, "}\n");
}

void columns_put_record(struct output *output, const struct record *record)
{
	const struct output_columns *columns = output->options.columns;
	bool is_csv = output->options.style == OUTPUT_CSV;

	if (output->options.style == OUTPUT_JSON) {
		put_object(output, record);
		return;
	}
	for (size_t i = 0; i < columns->count; i++) {
		if (i > 0)
			buffer_put(&output->buffer, is_csv ? "," : " ", 1);
		if (!put_column(output, record, &columns->items[i]) && !is_csv)
			buffer_put_literal(&output->buffer, "-");
	}
	buffer_put_literal(&output->buffer, "\n");
}

void output_put_head(struct output *output)
{
	const struct output_columns *columns = output->options.columns;

	for (size_t i = 0; output->options.style == OUTPUT_CSV && i < columns->count; i++) {
		if (i > 0)
			buffer_put_literal(&output->buffer, ",");
		put_string(output, columns->items[i].name, strlen(columns->items[i].name));
	}
	if (output->options.style == OUTPUT_CSV)
		buffer_put_literal(&output->buffer, "\n");
}
