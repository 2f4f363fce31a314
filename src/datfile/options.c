/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Options to meta; among them what nk keeps behind the NUL of the VERSION option: lines of words,
 * of which those that are not known here are for event_descs_read() or for a later nk.
 */
#include "datfile/options.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"

/* A description of an event takes some hundred bytes; one of so many bytes is damage. */
#define OWN_BYTES_MOST (16 << 20)

/* Up to its NUL or, where there is none, to the end of the data. */
static char *text_of(struct cursor *data)
{
	size_t left = cursor_left(data);
	size_t length = strnlen((const char *)data->at, left);
	char *text = cursor_copy(data, length);

	if (length < left)
		cursor_u8(data);
	return text;
}

static void replace_text(char **old, char *text)
{
	free(*old);
	*old = text;
}

static void take_own_line(struct dat_meta *meta, const char *line, struct text *summary)
{
	if (text_starts_with(line, "wall ")) {
		meta->wall_offset_ns = strtoll(line + 5, NULL, 10);
		meta->has_wall_offset = meta->wall_offset_ns != 0;
	} else if (text_starts_with(line, "summary ")) {
		text_add(summary, line + 8);
		text_add(summary, "\n");
	} else if (!strcmp(line, "summary")) {
		text_add(summary, "");
	}
}

/* A summary of no lines is one too: the session came to its end. */
static void take_own(struct parse *parse, const char *own)
{
	struct dat_meta *meta = &parse->meta;
	NK_FREE char *copy = xstrdup(own);
	struct text summary = { 0 };
	struct diags diags = { 0 };
	char *rest = copy;
	char *line;

	meta->has_nk = true;
	meta->has_wall_offset = false;
	while ((line = text_next_line(&rest)))
		take_own_line(meta, line, &summary);
	free(meta->summary);
	meta->summary = summary.data;
	event_descs_free(meta->descs, meta->desc_count);
	meta->descs = NULL;
	meta->desc_count = 0;
	if (event_descs_read(own, &meta->descs, &meta->desc_count, &diags) < 0)
		parse_incomplete(parse, "nk's own description of the events is damaged%s%s",
				 diags.count ? ": " : "", diags.count ? diags.items[0].text : "");
	diags_clear(&diags);
}

static void take_version(struct parse *parse, struct cursor *data)
{
	NK_FREE char *own = NULL;

	replace_text(&parse->meta.version, text_of(data));
	if (cursor_left(data) > OWN_BYTES_MOST) {
		parse_incomplete(parse, "nk's own description of the events is damaged");
		return;
	}
	own = text_of(data);
	if (own && text_starts_with(own, DAT_OWN_MARK "\n"))
		take_own(parse, own);
}

static void take_cpu_stat(struct parse *parse, struct cursor *data)
{
	if (parse->meta.cpu_stats_count < PARSE_STREAMS_MOST)
		*(char **)array_add(&parse->meta.cpu_stats, &parse->meta.cpu_stats_count) =
			text_of(data);
}

/* The name in brackets; *length is 0 where there is none. */
static const char *current_clock(const char *text, size_t *length)
{
	const char *open = strchr(text, '[');

	*length = open ? strcspn(open + 1, "]") : 0;
	return open ? open + 1 : text;
}

/* A clock that trace-cmd report shows as seconds: one of these, or none that it is told of. */
static bool is_in_seconds(const char *name, size_t length)
{
	static const char *const names[] = { "local", "global", "uptime",  "perf",
					     "tai",   "mono",	"tsc2nsec" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strlen(names[i]) == length && !memcmp(name, names[i], length))
			return true;
	/* mono_raw, and whatever else begins so. */
	return !length || (length > 4 && !memcmp(name, "mono", 4));
}

static void classify(const char *name, size_t length, struct dat_clock *clock)
{
	clock->is_bare = !is_in_seconds(name, length);
	clock->is_count = clock->is_bare && (length != 4 || memcmp(name, "boot", 4) != 0);
}

void dat_clock_of(const char *name, struct dat_clock *clock)
{
	*clock = (struct dat_clock){ 0 };
	classify(name, strlen(name), clock);
}

static void take_clock(struct parse *parse, struct cursor *data)
{
	struct dat_clock *clock = &parse->meta.clock;
	const char *name;
	size_t length;

	replace_text(&parse->clock, text_of(data));
	if (!parse->clock)
		return;
	name = current_clock(parse->clock, &length);
	classify(name, length, clock);
	/* A conversion that stands before it makes ns of any clock. */
	if (clock->multiplier)
		clock->is_bare = false;
}

/* Its offset is not read: trace-cmd report adds none. */
static void take_conversion(struct parse *parse, struct cursor *data)
{
	struct dat_clock *clock = &parse->meta.clock;
	uint32_t multiplier = cursor_u32(data);
	uint32_t shift = cursor_u32(data);

	cursor_u64(data);
	if (data->has_failed || shift >= 64) {
		parse_incomplete(parse, "the file is damaged where it says what its clock counts");
		return;
	}
	clock->multiplier = multiplier;
	clock->shift = shift;
	clock->is_bare = false;
}

/* Text: a decimal or hexadecimal number, in units of so many ns. Several add up. */
static void take_offset(struct parse *parse, struct cursor *data, uint64_t unit)
{
	NK_FREE char *text = text_of(data);

	if (text)
		parse->meta.clock.offset += (uint64_t)strtoll(text, NULL, 0) * unit;
}

void option_take(struct parse *parse, uint16_t option, struct cursor *data)
{
	switch ((enum dat_option)option) {
	case DAT_CPUSTAT:
		take_cpu_stat(parse, data);
		break;
	case DAT_DATE:
		take_offset(parse, data, 1000);
		break;
	case DAT_OFFSET:
		take_offset(parse, data, 1);
		break;
	case DAT_TRACECLOCK:
		take_clock(parse, data);
		break;
	case DAT_TSC2NSEC:
		take_conversion(parse, data);
		break;
	case DAT_UNAME:
		replace_text(&parse->meta.uname, text_of(data));
		break;
	case DAT_CPUCOUNT:
		if (cursor_left(data) >= 4)
			parse->meta.cpu_count = (int)(cursor_u32(data) & 0xffff);
		break;
	case DAT_VERSION:
		take_version(parse, data);
		break;
	case DAT_BUFFER_TEXT:
		parse->has_text = true;
		break;
	default:
		break;
	}
}
