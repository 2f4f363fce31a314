/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bytes of a section's body to meta, per trace-cmd.dat.v6(5) and v7(5).
 */
#include "datfile/sections.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

/* The number of an event has 16 bits: so many a kernel has at most. */
#define EVENTS_MOST 65536

/* Text in place of an older one, only where it is whole. */
static void take_text(struct cursor *cursor, uint64_t length, char **text, size_t *size)
{
	char *copy = cursor_copy(cursor, length);

	if (!copy)
		return;
	free(*text);
	*text = copy;
	if (size)
		*size = (size_t)length;
}

void section_header_info(struct cursor *cursor, struct dat_meta *meta)
{
	static const char page[] = "header_page", event[] = "header_event";

	if (!cursor_skip(cursor, page, sizeof(page))) {
		cursor->has_failed = true;
		return;
	}
	take_text(cursor, cursor_u64(cursor), &meta->header_page, &meta->header_page_size);
	if (!cursor_skip(cursor, event, sizeof(event))) {
		cursor->has_failed = true;
		return;
	}
	take_text(cursor, cursor_u64(cursor), &meta->header_event, &meta->header_event_size);
}

static void add_formats(struct cursor *cursor, struct dat_meta *meta, const char *system,
			uint32_t count)
{
	while (count-- && !cursor->has_failed) {
		uint64_t length = cursor_u64(cursor);
		char *text = NULL;
		struct dat_event_format *event;

		if (length > 0 && meta->event_count < EVENTS_MOST)
			text = cursor_copy(cursor, length);
		if (!text) {
			cursor->has_failed = true;
			return;
		}
		event = array_add(&meta->events, &meta->event_count);
		event->system = xstrdup(system);
		event->text = text;
		event->length = (size_t)length;
	}
}

void section_ftrace_events(struct cursor *cursor, struct dat_meta *meta)
{
	add_formats(cursor, meta, "ftrace", cursor_u32(cursor));
}

void section_event_formats(struct cursor *cursor, struct dat_meta *meta)
{
	uint32_t systems = cursor_u32(cursor);

	while (systems-- && !cursor->has_failed) {
		const char *system = cursor_string(cursor);
		uint32_t count = cursor_u32(cursor);

		if (system)
			add_formats(cursor, meta, system, count);
	}
}

void section_kallsyms(struct cursor *cursor, struct dat_meta *meta)
{
	take_text(cursor, cursor_u32(cursor), &meta->kallsyms, &meta->kallsyms_size);
}

void section_printk(struct cursor *cursor, struct dat_meta *meta)
{
	take_text(cursor, cursor_u32(cursor), &meta->printk, NULL);
}

void section_cmdlines(struct cursor *cursor, struct dat_meta *meta)
{
	take_text(cursor, cursor_u64(cursor), &meta->saved_cmdlines, NULL);
}
