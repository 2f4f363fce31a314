/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One record at a time in; out come observations: the dumped areas put together again, and the
 * facts of the sample with what the record itself tells.
 */
#include "calibrate/collect.h"

#include <errno.h>

#include "base/alloc.h"

static size_t find_sample(const struct samples *samples, uint64_t ts)
{
	for (size_t i = samples->count; i-- > 0;)
		if (samples->items[i].start_ns <= ts && ts <= samples->items[i].end_ns)
			return i;
	return samples->count;
}

static void place_areas(struct collected *collected, unsigned int pointer_size)
{
	const struct dump *dump = collected->dump;
	size_t offset = 0;

	for (size_t i = 0; i < dump->area_count; i++)
		offset += dump_area_size(&dump->areas[i], pointer_size);
	collected->memory = xcalloc(1, offset);
	offset = 0;
	for (size_t i = 0; i < dump->area_count; i++) {
		size_t size = dump_area_size(&dump->areas[i], pointer_size);

		collected->observation.area[dump->areas[i].area] = collected->memory + offset;
		collected->observation.area_size[dump->areas[i].area] = size;
		offset += size;
	}
}

static void copy_field(struct collected *collected, const struct collect_field *field,
		       const uint8_t *data, size_t size)
{
	if (field->offset + (size_t)field->size > size)
		return;
	data += field->offset;
	if (field->value) {
		fact_set(&collected->observation.facts, field->value->fact,
			 candidates_load(data, field->size));
		return;
	}
	const struct dump_piece *piece = field->piece;
	uint8_t *to =
		(uint8_t *)collected->observation.area[collected->dump->areas[piece->area].area] +
		piece->offset + field->piece_offset;
	size_t room = (size_t)piece->bytes - field->piece_offset;

	if (piece->shift)
		*to |= (uint8_t)(*data << piece->shift);
	else
		memcpy(to, data, room < field->size ? room : field->size);
}

/* A packet that does not show the headers of the sample's is another one: an answer, say. */
static bool is_foreign(const struct observation *observation)
{
	const struct fact_pattern *pattern = &observation->facts.network;
	const uint8_t *through = observation->area[AREA_SK_BUFF_THROUGH];

	if (!through)
		return false;
	for (size_t at = 0; at < observation->area_size[AREA_SK_BUFF_THROUGH]; at += AREA_STRIDE)
		if (pattern->length &&
		    !memcmp(through + at + pattern->at, pattern->bytes, pattern->length))
			return false;
	return true;
}

static struct collected *slot_for(struct collection *collection, const struct dump *dump,
				  size_t sample)
{
	for (size_t i = collection->count; dump->is_last_only && i-- > 0;) {
		struct collected *other = &collection->items[i];

		if (other->sample != sample || other->dump != dump)
			continue;
		free(other->memory);
		return other;
	}
	return array_add(&collection->items, &collection->count);
}

/* A hit's records follow each other: the latest that lacks this part is of the same hit. */
static struct collected *find_pending(const struct collection *collection,
				      const struct collect_format *format, size_t sample)
{
	for (size_t i = collection->pending_count; i-- > 0;) {
		struct collected *other = &collection->pending[i];

		if (other->dump == format->dump && other->sample == sample &&
		    !(other->parts & 1u << format->part))
			return other;
	}
	return NULL;
}

static void remove_pending(struct collection *collection, struct collected *item)
{
	size_t index = (size_t)(item - collection->pending);

	collection->pending_count--;
	memmove(item, item + 1, (collection->pending_count - index) * sizeof(*item));
}

static struct collected begin(const struct collect_format *format, const struct samples *samples,
			      size_t sample, unsigned int pointer_size)
{
	struct collected collected = { .dump = format->dump,
				       .net = format->dump->net,
				       .sample = sample };

	collected.observation.facts = samples->items[sample].facts;
	dump_adjust(format->dump, &collected.observation.facts);
	place_areas(&collected, pointer_size);
	return collected;
}

int collect_record(struct collection *collection, const struct collect_format *format,
		   const struct samples *samples, unsigned int pointer_size, uint64_t ts,
		   const uint8_t *data, size_t size)
{
	size_t sample = find_sample(samples, ts);
	struct collected *pending, collected;
	uint32_t all = (1u << format->part_count) - 1;

	if (sample == samples->count)
		return -ENOENT;
	pending = find_pending(collection, format, sample);
	collected = pending ? *pending : begin(format, samples, sample, pointer_size);
	for (size_t i = 0; i < format->field_count; i++)
		copy_field(&collected, &format->fields[i], data, size);
	collected.parts |= 1u << format->part;
	if ((collected.parts & all) != all) {
		if (!pending)
			pending = array_add(&collection->pending, &collection->pending_count);
		*pending = collected;
		return 0;
	}
	if (pending)
		remove_pending(collection, pending);
	if (is_foreign(&collected.observation)) {
		free(collected.memory);
		return -ENOENT;
	}
	*slot_for(collection, format->dump, sample) = collected;
	return 0;
}

void collection_clear(struct collection *collection)
{
	for (size_t i = 0; i < collection->count; i++)
		free(collection->items[i].memory);
	free(collection->items);
	for (size_t i = 0; i < collection->pending_count; i++)
		free(collection->pending[i].memory);
	free(collection->pending);
	*collection = (struct collection){ 0 };
}
