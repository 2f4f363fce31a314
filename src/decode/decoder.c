/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Formats and descriptions of events in, a table by event id out: the plan of each, and which
 * halves belong together. Plans are compiled when all events are known. It holds: a record as long
 * as the table says can be read at every fixed offset of its plan.
 */
#include "decode/decoder.h"

#include <endian.h>
#include <errno.h>
#include <string.h>

#include "base/alloc.h"
#include "decode/context.h"
#include "decode/events.h"
#include "decode/format.h"
#include "decode/plan.h"

#define STRING_ROOM 4096 /* of a string in the copy of an entry: the kernel takes PATH_MAX */

struct source_event {
	struct raw_event raw;
	const struct event_desc *desc;
	bool is_planned;
};

struct decoder {
	struct decode_context context;
	struct walk_layout layout;
	struct comms *comms;
	struct source_event *events;
	size_t event_count;
	size_t prepared_count; /* events that have a plan */
	struct event_plan **plans;
	size_t plan_count;
	struct decoder_event *table; /* by id */
	size_t table_size;
	size_t entry_bytes;
};

static const char *find_symbol(void *context, uint64_t *address)
{
	struct decoder *decoder = context;
	const struct kallsyms_symbol *symbol = kallsyms_find(&decoder->context.kallsyms, *address);

	if (!symbol)
		return NULL;
	*address = symbol->address;
	return symbol->name;
}

struct decoder *decoder_new(const struct decoder_options *options, struct diags *diags)
{
	struct decoder *decoder = xcalloc(1, sizeof(*decoder));
	struct decode_context *context = &decoder->context;

	context->long_bytes = options->long_bytes == 4 ? 4 : 8;
	if (options->long_bytes != context->long_bytes)
		diag_warning(diags, "a long of %u bytes cannot be: 8 are taken",
			     options->long_bytes);
	context->is_raw = options->is_raw;
	context->is_swapped = options->is_big_endian != (__BYTE_ORDER == __BIG_ENDIAN);
	context->formats = options->plugins;
	if (context->formats)
		formats_set_machine(context->formats, context->long_bytes, options->is_big_endian,
				    options->cpu_count);
	else
		context->formats = formats_new(context->long_bytes, options->is_big_endian,
					       options->cpu_count);
	formats_set_guard(context->formats, options->guard);
	formats_set_symbols(context->formats, find_symbol, decoder);
	decoder->comms = comms_new();
	decoder->layout = (struct walk_layout){
		.page_size = options->page_size,
		.commit_bytes = (uint8_t)formats_commit_bytes(
			context->formats, options->header_page, options->header_page_size,
			context->long_bytes),
		.is_big_endian = options->is_big_endian,
		.is_swapped = context->is_swapped,
	};
	return decoder;
}

void decoder_free(struct decoder *decoder)
{
	if (!decoder)
		return;
	for (size_t i = 0; i < decoder->plan_count; i++)
		plan_free(decoder->plans[i]);
	for (size_t i = 0; i < decoder->event_count; i++)
		raw_event_clear(&decoder->events[i].raw);
	free(decoder->plans);
	free(decoder->events);
	free(decoder->table);
	comms_free(decoder->comms);
	kallsyms_clear(&decoder->context.kallsyms);
	formats_free(decoder->context.formats);
	free(decoder);
}

int decoder_add_event(struct decoder *decoder, const char *system, const char *format,
		      size_t length, const struct event_desc *desc, struct diags *diags)
{
	struct raw_event raw;
	int result = formats_add(decoder->context.formats, system, format, length, &raw, diags);

	if (result < 0)
		return result;
	for (size_t i = 0; i < decoder->event_count; i++) {
		if (decoder->events[i].raw.id != raw.id)
			continue;
		result = diag_error(diags, EINVAL, "%s:%s and %s:%s have the same ID %d", system,
				    raw.name, decoder->events[i].raw.system,
				    decoder->events[i].raw.name, raw.id);
		raw_event_clear(&raw);
		return result;
	}

	struct source_event *event = array_add(&decoder->events, &decoder->event_count);

	event->raw = raw;
	event->desc = desc;
	return 0;
}

struct formats *decoder_load_plugins(void)
{
	return formats_new_with_plugins();
}

void decoder_unload_plugins(struct formats *plugins)
{
	formats_free(plugins);
}

static void enter(struct decoder *decoder, const struct source_event *event,
		  const struct event_plan *plan, enum event_half half, uint8_t data)
{
	const struct raw_field *comm = raw_event_field(&event->raw, "_comm");
	size_t id = (size_t)event->raw.id;

	if (id >= decoder->table_size) {
		decoder->table = xrealloc_array(decoder->table, id + 1, sizeof(*decoder->table));
		memset(decoder->table + decoder->table_size, 0,
		       (id + 1 - decoder->table_size) * sizeof(*decoder->table));
		decoder->table_size = id + 1;
	}
	if (!event->desc || !comm || !comm->is_dynamic || comm->size != 4)
		comm = NULL;
	decoder->table[id] = (struct decoder_event){
		.plan = plan,
		.half = half,
		.data = data,
		.is_filtered = event->desc && event->desc->is_filtered,
		.size = (uint32_t)event->raw.size,
		.number = (uint32_t)(event - decoder->events),
		.pid_offset = event->raw.pid_offset,
		.flags_offset = event->raw.flags_offset,
		.comm_offset = comm ? comm->offset : EVENT_NO_COMM,
	};
}

static void note_entry_bytes(struct decoder *decoder, const struct raw_event *raw)
{
	size_t bytes = raw->size;

	/* Where in a record a string may begin is a number of 16 bits. */
	for (size_t i = 0; i < raw->field_count && bytes <= UINT16_MAX; i++)
		if (raw->fields[i].is_dynamic)
			bytes += STRING_ROOM;
	if (bytes > decoder->entry_bytes)
		decoder->entry_bytes = bytes;
}

static void plan_pair(struct decoder *decoder, struct source_event *entry,
		      struct source_event *other)
{
	const struct plan_half halves[2] = { { &entry->raw, entry->desc },
					     { &other->raw, other->desc } };
	size_t index = decoder->plan_count;
	struct event_plan **plan = array_add(&decoder->plans, &decoder->plan_count);

	*plan = plan_new(&decoder->context, halves, (uint32_t)index);
	enter(decoder, entry, *plan, EVENT_ENTRY, 0);
	enter(decoder, other, *plan, EVENT_RETURN, 1);
	entry->is_planned = other->is_planned = true;
	note_entry_bytes(decoder, &entry->raw);
}

/* The event that an entry names as its return. */
static struct source_event *find_other_half(struct decoder *decoder,
					    const struct source_event *entry)
{
	const struct event_desc *desc = entry->desc;

	if (!desc || desc->half != EVENT_ENTRY || !desc->pair)
		return NULL;
	for (size_t i = 0; i < decoder->event_count; i++) {
		struct source_event *event = &decoder->events[i];

		if (!event->is_planned && event != entry &&
		    strcmp(event->raw.system, entry->raw.system) == 0 &&
		    strcmp(event->raw.name, desc->pair) == 0)
			return event;
	}
	return NULL;
}

/* Where no entry names it, a return is planned after all entries. */
static void plan_alone(struct decoder *decoder, struct source_event *event)
{
	uint8_t data = event->desc && event->desc->half == EVENT_RETURN ? 1 : 0;
	struct plan_half halves[2] = { 0 };
	size_t index = decoder->plan_count;
	struct event_plan **plan = array_add(&decoder->plans, &decoder->plan_count);

	halves[data] = (struct plan_half){ &event->raw, event->desc };
	*plan = plan_new(&decoder->context, halves, (uint32_t)index);
	enter(decoder, event, *plan, EVENT_WHOLE, data);
	event->is_planned = true;
}

void decoder_prepare(struct decoder *decoder)
{
	if (decoder->prepared_count == decoder->event_count)
		return;
	for (size_t i = 0; i < decoder->event_count; i++) {
		struct source_event *event = &decoder->events[i];
		struct source_event *other =
			event->is_planned ? NULL : find_other_half(decoder, event);

		if (other)
			plan_pair(decoder, event, other);
	}
	for (size_t i = 0; i < decoder->event_count; i++)
		if (!decoder->events[i].is_planned)
			plan_alone(decoder, &decoder->events[i]);
	decoder->prepared_count = decoder->event_count;
}

const struct event_plan *decoder_plan(struct decoder *decoder, size_t index)
{
	decoder_prepare(decoder);
	return index < decoder->plan_count ? decoder->plans[index] : NULL;
}

/* The event that fills a half of a plan's records. */
static const struct source_event *event_of(const struct decoder *decoder,
					   const struct event_plan *plan, unsigned int half)
{
	for (size_t i = 0; i < decoder->event_count; i++) {
		const struct decoder_event *event =
			decoder_event(decoder, (unsigned int)decoder->events[i].raw.id);

		if (event && event->plan == plan && event->data == half)
			return &decoder->events[i];
	}
	return NULL;
}

const struct raw_field *decoder_raw_field(const struct decoder *decoder,
					  const struct event_plan *plan, unsigned int half,
					  unsigned int offset)
{
	const struct source_event *event = event_of(decoder, plan, half);

	for (size_t i = 0; event && i < event->raw.field_count; i++)
		if (event->raw.fields[i].offset == offset)
			return &event->raw.fields[i];
	return NULL;
}

bool decoder_has_raw_field(const struct decoder *decoder, const struct event_plan *plan,
			   const char *name)
{
	for (unsigned int half = 0; half < 2; half++) {
		const struct source_event *event = event_of(decoder, plan, half);

		if (event && raw_event_field(&event->raw, name))
			return true;
	}
	return false;
}

bool decoder_fetches_comm(const struct decoder *decoder, const struct event_plan *plan)
{
	const struct decoder_event *event = decoder_event(decoder, (unsigned int)plan->id);

	return event && event->comm_offset != EVENT_NO_COMM;
}

void decoder_add_comms(struct decoder *decoder, const char *saved_cmdlines)
{
	comms_add(decoder->comms, saved_cmdlines);
}

void decoder_set_comm_source(struct decoder *decoder, const char *(*find)(void *context, int pid),
			     void *context)
{
	comms_set_source(decoder->comms, find, context);
}

static const char *find_printed_comm(void *context, int pid)
{
	return formats_find_comm(context, pid);
}

void decoder_learn_comms(struct decoder *decoder)
{
	comms_set_source(decoder->comms, find_printed_comm, decoder->context.formats);
}

void decoder_set_kallsyms(struct decoder *decoder, const char *text, size_t length)
{
	kallsyms_set(&decoder->context.kallsyms, text, length);
}

void decoder_set_printk(struct decoder *decoder, const char *text)
{
	formats_add_strings(decoder->context.formats, text);
}

const struct decoder_event *decoder_event(const struct decoder *decoder, unsigned int id)
{
	return id < decoder->table_size && decoder->table[id].plan ? &decoder->table[id] : NULL;
}

const struct decoder_event *decoder_events(const struct decoder *decoder, size_t *count)
{
	*count = decoder->table_size;
	return decoder->table;
}

size_t decoder_event_count(const struct decoder *decoder)
{
	return decoder->event_count;
}

const struct walk_layout *decoder_layout(const struct decoder *decoder)
{
	return &decoder->layout;
}

struct decode_context *decoder_context(struct decoder *decoder)
{
	return &decoder->context;
}

struct comms *decoder_comms(struct decoder *decoder)
{
	return decoder->comms;
}

size_t decoder_entry_bytes(const struct decoder *decoder)
{
	return decoder->entry_bytes;
}
