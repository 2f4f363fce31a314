/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Raw records in time order in, records out: each gets its plan, pid and comm; entries wait for
 * their returns (join.c); what was lost is told where it is missing. It holds: record.data of a
 * half is set only where the record is as long as its event's format says.
 */
#include "decode/reader.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/bytes.h"
#include "decode/context.h"
#include "decode/events.h"
#include "decode/join.h"
#include "decode/merge.h"

#define OPEN_CALLS_MAX 4096
#define FLAG_SOFTIRQ   0x10 /* TRACE_FLAG_SOFTIRQ of include/linux/trace_events.h */

/* What a record is made of, beside its place. */
struct record_maker {
	struct decoder *decoder;
	const struct page_source *source;
	struct decode_context *context;
	const struct decoder_event *events; /* by id, and what else is asked once a record */
	size_t event_count;
	struct comms *comms;
	char comm[COMM_LENGTH]; /* of the last record, where its probe fetched it */
};

struct record_reader {
	struct record_maker maker;
	struct page_source *source;
	struct merge *merge;
	struct join *join; /* NULL: no event has two halves */
	uint64_t last_ts;  /* of what was read last */
	bool has_pending;
	struct record pending; /* given by the next call */
	struct reader_counts counts;
	uint64_t *kept; /* by instance and number of the event */
	size_t instance_count, kept_events;
};

static void maker_set(struct record_maker *maker, struct decoder *decoder,
		      const struct page_source *source)
{
	decoder_prepare(decoder);
	*maker = (struct record_maker){ .decoder = decoder,
					.source = source,
					.context = decoder_context(decoder),
					.comms = decoder_comms(decoder) };
	maker->events = decoder_events(decoder, &maker->event_count);
}

int record_reader_open(struct decoder *decoder, struct page_source *source,
		       struct record_reader **out)
{
	struct record_reader *reader = xcalloc(1, sizeof(*reader));

	maker_set(&reader->maker, decoder, source);
	reader->source = source;
	for (size_t i = 0; i < source->stream_count; i++)
		if ((size_t)source->streams[i].instance >= reader->instance_count)
			reader->instance_count = (size_t)source->streams[i].instance + 1;
	reader->kept_events = decoder_event_count(decoder);
	reader->kept = xcalloc(reader->instance_count * reader->kept_events, sizeof(*reader->kept));
	reader->merge = merge_new(source, decoder_layout(decoder));
	if (decoder_entry_bytes(decoder) > 0)
		reader->join = join_new(OPEN_CALLS_MAX, decoder_entry_bytes(decoder),
					source->stream_count);
	*out = reader;
	return 0;
}

void record_reader_close(struct record_reader *reader)
{
	if (!reader)
		return;
	merge_free(reader->merge);
	join_free(reader->join);
	free(reader->kept);
	free(reader);
}

void record_reader_flush(struct record_reader *reader)
{
	merge_flush(reader->merge);
}

/* A copy: a file may be written to while it is read, and its strings be without an end then. */
static bool copy_comm(struct record_maker *maker, const struct decoder_event *event,
		      const struct record_place *place)
{
	uint32_t word = bytes_32(place->data + event->comm_offset, maker->context->is_swapped);
	uint32_t offset = word & 0xffff, length = word >> 16;

	if (offset > place->size || length > place->size - offset || length <= 1)
		return false;
	if (length > COMM_LENGTH)
		length = COMM_LENGTH;
	memcpy(maker->comm, place->data + offset, length);
	maker->comm[length - 1] = '\0';
	return true;
}

/* The name that the probe fetched, where it did; else the one that is known of the pid. */
static void set_comm(struct record_maker *maker, const struct decoder_event *event,
		     const struct record_place *place, struct record *record)
{
	if (event->comm_offset != EVENT_NO_COMM && copy_comm(maker, event, place)) {
		record->comm = maker->comm;
		record->is_lasting = false;
	} else {
		record->comm = comms_find(maker->comms, record->pid);
	}
}

static void set_lost(struct record_reader *reader, const struct record_place *raw,
		     struct record *record)
{
	const struct page_stream *stream = &reader->source->streams[raw->stream];
	uint64_t lost = merge_lost(reader->merge);

	*record = (struct record){ .kind = RECORD_LOST,
				   .ts = raw->ts,
				   .lost = lost,
				   .cpu = stream->cpu,
				   .instance = stream->instance };
	reader->counts.lost += lost;
	if (lost == 0 && !merge_is_lost_by_damage(reader->merge))
		reader->counts.lost_unknown++;
	if (reader->join)
		join_lost(reader->join, raw->stream, raw->ts);
}

/* An entry as a record of its own, at the time of what made its return hopeless. */
static void set_entry(struct record *record, const struct join_entry *entry,
		      const struct page_source *source, const struct event_plan *plan, uint64_t ts)
{
	const struct page_stream *stream = &source->streams[entry->stream];

	*record = (struct record){ .ts = ts,
				   .entry_ts = entry->ts,
				   .cpu = stream->cpu,
				   .instance = stream->instance,
				   .pid = entry->key.pid,
				   .comm = entry->comm,
				   .plan = plan,
				   .data = { entry->data },
				   .size = { entry->size } };
}

static bool take_entry(struct record_reader *reader, const struct join_key *key,
		       const struct record_place *raw, struct record *record)
{
	struct join_entry entry = { .key = *key,
				    .ts = raw->ts,
				    .stream = raw->stream,
				    .size = raw->size,
				    .data = raw->data,
				    .comm = record->comm };
	const struct join_entry *gone = join_enter(reader->join, &entry);

	if (!gone)
		return false;
	reader->counts.unjoined_entries++;
	set_entry(record, gone, reader->source,
		  decoder_event(reader->maker.decoder, gone->key.pair)->plan, raw->ts);
	return true;
}

static bool take_return(struct record_reader *reader, const struct decoder_event *event,
			const struct join_key *key, const struct record_place *raw,
			struct record *record)
{
	bool is_sure = true;
	const struct join_entry *entry = join_leave(reader->join, key, raw->stream, &is_sure);

	if (!entry && event->is_filtered)
		return false;
	if (!entry || !is_sure)
		reader->counts.unjoined_returns++;
	if (entry && !is_sure) {
		reader->counts.unjoined_entries++;
		reader->pending = *record;
		reader->has_pending = true;
		set_entry(record, entry, reader->source, record->plan, raw->ts);
	} else if (entry) {
		record->entry_ts = entry->ts;
		record->data[0] = entry->data;
		record->size[0] = entry->size;
		record->comm = entry->comm;
	}
	return true;
}

/* What every record has. One by one: to set all of it to zero first takes as long as the rest. */
static void set_event(struct record_maker *maker, const struct decoder_event *event,
		      const struct record_place *place, struct record *record)
{
	const struct page_stream *stream = &maker->source->streams[place->stream];

	record->kind = RECORD_EVENT;
	record->ts = place->ts;
	record->entry_ts = 0;
	record->lost = 0;
	record->cpu = stream->cpu;
	record->instance = stream->instance;
	record->pid = (int)bytes_32(place->data + event->pid_offset, maker->context->is_swapped);
	record->is_lasting = maker->source->is_lasting && event->half == EVENT_WHOLE;
	set_comm(maker, event, place, record);
	record->plan = event->plan;
	record->data[!event->data] = NULL;
	record->size[!event->data] = 0;
	record->data[event->data] = place->data;
	record->size[event->data] = place->size;
}

/* NULL: it is of none that is known, or is not as long as its event. */
static const struct decoder_event *find_event(struct record_reader *reader,
					      const struct record_place *raw)
{
	const struct record_maker *maker = &reader->maker;
	const struct decoder_event *event;
	uint16_t id;

	if (raw->size < 2) {
		reader->counts.damaged++;
		return NULL;
	}
	id = bytes_16(raw->data, maker->context->is_swapped);
	if (id >= maker->event_count || !maker->events[id].plan) {
		reader->counts.unknown++;
		return NULL;
	}
	event = &maker->events[id];
	if (raw->size < event->size) {
		reader->counts.damaged++;
		return NULL;
	}

	size_t instance = (size_t)reader->source->streams[raw->stream].instance;

	reader->kept[instance * reader->kept_events + event->number]++;
	return event;
}

/* False: there is nothing to give for it, or not yet. */
static bool read_event(struct record_reader *reader, const struct decoder_event *event,
		       const struct record_place *raw, struct record *record)
{
	set_event(&reader->maker, event, raw, record);
	if (event->half == EVENT_WHOLE)
		return true;

	/* Both halves of a pair have one plan, and that the id of the entry. */
	struct join_key key = { .pair = (uint32_t)event->plan->id,
				.pid = record->pid,
				.instance = (uint32_t)record->instance,
				.cpu = record->pid == 0 ? record->cpu : 0,
				.is_softirq = event->flags_offset &&
					      (raw->data[event->flags_offset] & FLAG_SOFTIRQ) };

	if (event->half == EVENT_ENTRY)
		return take_entry(reader, &key, raw, record);
	return take_return(reader, event, &key, raw, record);
}

/* At the end: a call that did not return is what may be looked for. */
static bool take_open(struct record_reader *reader, struct record *record)
{
	const struct join_entry *entry = reader->join ? join_take_oldest(reader->join) : NULL;

	if (!entry)
		return false;
	reader->counts.unjoined_entries++;
	reader->counts.records++;
	set_entry(record, entry, reader->source,
		  decoder_event(reader->maker.decoder, entry->key.pair)->plan, reader->last_ts);
	return true;
}

/* has_places: those that last are given as they are. */
static inline int next(struct record_reader *reader, bool has_places, struct record_place *place,
		       struct record *record)
{
	bool is_lasting = has_places && reader->source->is_lasting;
	const struct decoder_event *event;
	int result;

	reader->maker.context->generation++;
	if (reader->has_pending) {
		reader->has_pending = false;
		reader->counts.records++;
		*record = reader->pending;
		return 1;
	}
	while ((result = merge_next(reader->merge, place)) > 0) {
		reader->last_ts = place->ts;
		if (!place->data) {
			set_lost(reader, place, record);
			return 1;
		}
		event = find_event(reader, place);
		if (event && is_lasting && event->half == EVENT_WHOLE) {
			reader->counts.records++;
			return 2;
		}
		if (event && read_event(reader, event, place, record)) {
			reader->counts.records++;
			return 1;
		}
	}
	return result < 0 && take_open(reader, record) ? 1 : result;
}

int record_reader_next(struct record_reader *reader, struct record *record)
{
	struct record_place place;

	return next(reader, false, &place, record);
}

int record_reader_next_place(struct record_reader *reader, struct record_place *place,
			     struct record *record)
{
	return next(reader, true, place, record);
}

struct record_maker *record_maker_new(struct decoder *decoder, const struct page_source *source)
{
	struct record_maker *maker = xcalloc(1, sizeof(*maker));

	maker_set(maker, decoder, source);
	return maker;
}

void record_maker_free(struct record_maker *maker)
{
	free(maker);
}

bool record_make(struct record_maker *maker, const struct record_place *place,
		 struct record *record)
{
	uint16_t id = bytes_16(place->data, maker->context->is_swapped);

	/* find_event() has asked all of this, of a file that may have been written to since. */
	if (id >= maker->event_count || !maker->events[id].plan ||
	    place->size < maker->events[id].size)
		return false;
	/* What was kept of the record before is not of this one. */
	maker->context->generation++;
	set_event(maker, &maker->events[id], place, record);
	return true;
}

bool record_remake(struct record_maker *maker, const struct record *from, struct record *record)
{
	int half = from->data[0] ? 0 : 1;
	const struct record_place place = { .ts = from->ts,
					    .data = from->data[half],
					    .size = from->size[half] };

	if (!record_make(maker, &place, record))
		return false;
	record->cpu = from->cpu;
	record->instance = from->instance;
	return true;
}

void record_adopt(struct record_maker *maker, struct record *record)
{
	maker->context->generation++;
	if (record->plan)
		record->plan = maker->events[record->plan->id].plan;
}

const struct reader_counts *record_reader_counts(const struct record_reader *reader)
{
	struct record_reader *own = (struct record_reader *)reader;

	own->counts.damaged += merge_take_damaged(reader->merge);
	return &reader->counts;
}

uint64_t record_reader_kept(const struct record_reader *reader, size_t instance, unsigned int id)
{
	const struct record_maker *maker = &reader->maker;

	if (instance >= reader->instance_count || id >= maker->event_count ||
	    !maker->events[id].plan)
		return 0;
	return reader->kept[instance * reader->kept_events + maker->events[id].number];
}
