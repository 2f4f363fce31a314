/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A recording's meta in, decoders and filters of its records out.
 */
#include "cmd/recorded.h"

#include <errno.h>
#include <string.h>

static const struct event_desc *desc_of(const struct dat_meta *meta, const char *system,
					const char *format)
{
	size_t length = strcspn(format, "\n");

	if (strncmp(format, "name: ", 6) != 0)
		return NULL;
	for (size_t i = 0; i < meta->desc_count; i++) {
		const struct event_desc *desc = &meta->descs[i];

		if (strcmp(desc->group, system) == 0 && strlen(desc->name) == length - 6 &&
		    strncmp(desc->name, format + 6, length - 6) == 0)
			return desc;
	}
	return NULL;
}

static void add_events(struct decoder *decoder, const struct dat_meta *meta, bool is_bare,
		       bool *is_damaged, struct diags *diags)
{
	for (size_t i = 0; i < meta->event_count; i++) {
		const struct dat_event_format *event = &meta->events[i];
		const struct event_desc *desc =
			is_bare ? NULL : desc_of(meta, event->system, event->text);
		struct diags own = { 0 };

		if (decoder_add_event(decoder, event->system, event->text, event->length, desc,
				      &own) < 0)
			*is_damaged = true;
		diags_soften(&own);
		diags_move(diags, &own);
		diags_clear(&own);
	}
}

bool recorded_has_wall_clock(const struct dat_meta *meta)
{
	return meta->has_wall_offset && !meta->clock.is_count;
}

int recorded_decoder_new(const struct dat_meta *meta, const struct recorded_options *from,
			 struct decoder **out, bool *is_damaged, struct diags *diags)
{
	struct decoder_options options = {
		.header_page = meta->header_page,
		.header_page_size = meta->header_page_size,
		.long_bytes = meta->long_bytes,
		.is_big_endian = meta->is_big_endian,
		.page_size = meta->page_size,
		.cpu_count = meta->cpu_count,
		.wall_offset_ns = meta->wall_offset_ns,
		.has_wall_clock = recorded_has_wall_clock(meta),
		.is_raw = from->is_raw,
		.plugins = from->plugins,
		.guard = from->guard,
	};
	struct decoder *decoder = decoder_new(&options, diags);

	if (!decoder)
		return -EINVAL;
	add_events(decoder, meta, from->is_bare, is_damaged, diags);
	if (meta->saved_cmdlines)
		decoder_add_comms(decoder, meta->saved_cmdlines);
	if (options.plugins)
		decoder_learn_comms(decoder);
	if (meta->printk)
		decoder_set_printk(decoder, meta->printk);
	if (meta->kallsyms)
		decoder_set_kallsyms(decoder, meta->kallsyms, meta->kallsyms_size);
	*out = decoder;
	return 0;
}

/* What there is to say of the events, the decoder that reads has said. */
static int open_decoder(struct recorded_filter *own, struct dat_reader *file, struct guard *guard)
{
	const struct recorded_options options = { .guard = guard };
	struct diags diags = { 0 };
	bool is_damaged;
	int err = recorded_decoder_new(dat_reader_meta(file), &options, &own->decoder, &is_damaged,
				       &diags);

	diags_clear(&diags);
	if (!err)
		own->maker = record_maker_new(own->decoder, dat_reader_pages(file));
	return err;
}

int recorded_filter_open(struct recorded_filter *own, const struct filter *filter,
			 struct decoder *decoder, struct dat_reader *file,
			 const struct recorded_options *options, struct diags *diags)
{
	int err = options->is_bare ? open_decoder(own, file, options->guard) : 0;

	if (err)
		return err;
	return filter_bind(filter, own->decoder ? own->decoder : decoder, &own->bound, diags);
}

bool recorded_filter_keeps(const struct recorded_filter *own, const struct record *record)
{
	struct record made;

	if (!own->bound)
		return true;
	if (!own->maker)
		return filter_keeps(own->bound, record);
	return record_remake(own->maker, record, &made) && filter_keeps(own->bound, &made);
}

void recorded_filter_close(struct recorded_filter *own)
{
	bound_filter_free(own->bound);
	record_maker_free(own->maker);
	decoder_free(own->decoder);
	*own = (struct recorded_filter){ 0 };
}
