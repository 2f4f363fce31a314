/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Records in, lines on a descriptor out, by the style's table of operations. What is the same in
 * every record of an event is prepared when its first record comes; after that nothing is
 * allocated.
 */
#include "output/output.h"

#include <string.h>

#include "base/alloc.h"
#include "output/style.h"
#include "probes/names.h"

#define NAME_ROOM (64 * 1024) /* of one name, escaped */

static const struct style_ops *const styles[] = {
	[OUTPUT_TEXT] = &text_style,
	[OUTPUT_JSON] = &json_style,
	[OUTPUT_CSV] = &json_style,
	[OUTPUT_TRACE_CMD] = &tracecmd_style,
};

struct output *output_new(const struct output_options *options)
{
	struct output *output = xcalloc(1, sizeof(*output));

	buffer_open(&output->buffer, options->fd);
	output->buffer.progress = options->progress;
	output->options = *options;
	if (options->clock && options->clock->is_count) {
		output->options.has_wall_clock = false;
		output->second.is_count = true;
	}
	output->ops = styles[options->style];
	return output;
}

static void forget(struct prepared *prepared)
{
	program_clear(&prepared->program);
	free(prepared->event.text);
	*prepared = (struct prepared){ 0 };
}

void output_free(struct output *output)
{
	if (!output)
		return;
	for (size_t i = 0; i < output->prepared_count; i++)
		forget(&output->prepared[i]);
	free(output->prepared);
	buffer_close(&output->buffer);
	free(output);
}

/* What was put behind start becomes a piece. */
static struct piece cut(struct buffer *buffer, char *start)
{
	struct piece piece = { .length = (size_t)(buffer->end - start) };

	piece.text = xstrndup(start, piece.length);
	buffer->end = start;
	return piece;
}

static void prepare(struct output *output, struct prepared *prepared, const struct event_plan *plan)
{
	struct buffer *buffer = &output->buffer;
	char *start = buffer_room(buffer, NAME_ROOM);

	forget(prepared);
	prepared->plan = plan;
	output->ops->put_event(buffer, plan);
	prepared->event = cut(buffer, start);
	program_compile(&prepared->program, output->ops, plan, buffer);
}

static const struct prepared *find_prepared(struct output *output, const struct event_plan *plan)
{
	while (plan->index >= output->prepared_count)
		array_add(&output->prepared, &output->prepared_count);

	struct prepared *prepared = &output->prepared[plan->index];

	if (prepared->plan != plan)
		prepare(output, prepared, plan);
	return prepared;
}

static bool put_array(const struct style_ops *style, struct buffer *buffer,
		      const struct record *record, const struct plan_field *field)
{
	size_t count = record_elements(record, field);
	struct value value;

	for (size_t i = 0; i < count; i++) {
		if (i == 0)
			style->put_field(buffer, field);
		buffer_put(buffer, i == 0 ? &style->array[0] : ",", 1);
		record_value(record, field, i, &value);
		style->put_value(buffer, &value);
	}
	if (count > 0)
		buffer_put(buffer, &style->array[1], 1);
	return count > 0;
}

bool style_put_field(const struct style_ops *style, struct buffer *buffer,
		     const struct record *record, const struct plan_field *field)
{
	struct value value;

	if (field->kind == PLAN_ARRAY)
		return put_array(style, buffer, record, field);
	record_value(record, field, 0, &value);
	if (value.kind == VALUE_ABSENT)
		return false;
	style->put_field(buffer, field);
	style->put_value(buffer, &value);
	return true;
}

void style_put_task(struct output *output, const struct record *record)
{
	struct task_slot *slot = &output->tasks[(unsigned int)record->pid % TASK_SLOTS];
	char *at = buffer_room(&output->buffer, NAME_ROOM);
	size_t length;

	if (slot->length > 0 && slot->pid == record->pid &&
	    ((record->is_lasting && slot->lasting == record->comm) ||
	     strcmp(slot->comm, record->comm) == 0)) {
		/* Copies of lengths that the compiler knows. */
		memcpy(at, slot->text, TASK_SHORT);
		if (slot->length > TASK_SHORT)
			memcpy(at + TASK_SHORT, slot->text + TASK_SHORT,
			       sizeof(slot->text) - TASK_SHORT);
		output->buffer.end += slot->length;
		return;
	}
	output->ops->put_task(&output->buffer, record);
	length = (size_t)(output->buffer.end - at);
	if (strlen(record->comm) >= sizeof(slot->comm) || length > sizeof(slot->text))
		return;
	slot->pid = record->pid;
	slot->lasting = record->is_lasting ? record->comm : NULL;
	slot->length = (uint8_t)length;
	strcpy(slot->comm, record->comm);
	memcpy(slot->text, at, length);
}

int output_record(struct output *output, const struct record *record)
{
	if (output->options.columns)
		columns_put_record(output, record);
	else if (record->kind == RECORD_LOST)
		output->ops->put_lost(output, record);
	else
		output->ops->put_record(output, find_prepared(output, record->plan), record);
	return output->buffer.error;
}

int output_flush(struct output *output)
{
	return buffer_flush(&output->buffer);
}

static const char *enum_name(const struct probe_enum *names, uint64_t number)
{
	for (size_t i = 0; names && i < names->value_count; i++)
		if (names->values[i].value == number)
			return names->values[i].name;
	return NULL;
}

const char *value_name(const struct value *value, bool *is_foreign)
{
	*is_foreign = value->display == DISPLAY_ENUM;
	if (value->display == DISPLAY_ENUM)
		return enum_name(value->names, value->number);
	if (value->display == DISPLAY_ICMP_TYPE && value->family == 10)
		return display_icmp6_type_name(value->number);
	return display_value_name(value->display, value->number);
}

const char *errno_name(int64_t number)
{
	/* include/linux/errno.h of the kernel: programs never see them, return probes do. */
	static const char *const internal[] = { "ERESTARTSYS",		 "ERESTARTNOINTR",
						"ERESTARTNOHAND",	 "ENOIOCTLCMD",
						"ERESTART_RESTARTBLOCK", "EPROBE_DEFER" };

	if (number >= 0 || number < -4095)
		return NULL;
	if (number <= -512 && number > -512 - (int64_t)(sizeof(internal) / sizeof(*internal)))
		return internal[-number - 512];
	return number == -524 ? "ENOTSUPP" : strerrorname_np((int)-number);
}

char *put_tcp_flags(char *at, uint64_t flags)
{
	static const char letters[] = "FSRP.UEW";
	char *start = at;

	for (int i = 0; i < 8; i++)
		if (flags & 1U << i)
			*at++ = letters[i];
	return at == start ? stpcpy(at, "none") : at;
}
