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
		piece->offset;

	if (piece->shift)
		*to |= (uint8_t)(*data << piece->shift);
	else
		memcpy(to, data, piece->bytes < field->size ? piece->bytes : field->size);
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

int collect_record(struct collection *collection, const struct collect_format *format,
		   const struct samples *samples, unsigned int pointer_size, uint64_t ts,
		   const uint8_t *data, size_t size)
{
	size_t sample = find_sample(samples, ts);
	struct collected collected = { .dump = format->dump,
				       .net = format->dump->net,
				       .sample = sample };

	if (sample == samples->count)
		return -ENOENT;
	collected.observation.facts = samples->items[sample].facts;
	dump_adjust(format->dump, &collected.observation.facts);
	place_areas(&collected, pointer_size);
	for (size_t i = 0; i < format->field_count; i++)
		copy_field(&collected, &format->fields[i], data, size);
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
	*collection = (struct collection){ 0 };
}
