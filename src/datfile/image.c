/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Meta to the bytes of a v7 file, per trace-cmd.dat.v7(5): sections first, then the options that
 * point to them, then a list of options of its own for each buffer, laid so that the numbers which
 * are published while recording are aligned. Readers go from one list to the next by its DONE.
 */
#include "datfile/image.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/bytes.h"
#include "datfile/format.h"

/* Offsets of the sections that options point to. */
struct sections {
	uint64_t header_info;
	uint64_t ftrace_events;
	uint64_t event_formats;
	uint64_t kallsyms;
	uint64_t printk;
	uint64_t cmdlines;
};

static void put16(struct dat_image *image, uint16_t value)
{
	unsigned char bytes[2];

	bytes_put16(bytes, value, image->is_big_endian);
	text_add_bytes(&image->bytes, bytes, sizeof(bytes));
}

static void put32(struct dat_image *image, uint32_t value)
{
	unsigned char bytes[4];

	bytes_put32(bytes, value, image->is_big_endian);
	text_add_bytes(&image->bytes, bytes, sizeof(bytes));
}

static void put64(struct dat_image *image, uint64_t value)
{
	unsigned char bytes[8];

	bytes_put64(bytes, value, image->is_big_endian);
	text_add_bytes(&image->bytes, bytes, sizeof(bytes));
}

static void put_bytes(struct dat_image *image, const char *bytes, size_t length)
{
	if (length)
		text_add_bytes(&image->bytes, bytes, length);
}

static void put_string(struct dat_image *image, const char *string)
{
	text_add_bytes(&image->bytes, string, strlen(string) + 1);
}

static void put_at(struct dat_image *image, size_t at, uint64_t value)
{
	bytes_put64(image->bytes.data + at, value, image->is_big_endian);
}

static void begin_file(struct dat_image *image, const struct dat_meta *meta, size_t *options_at)
{
	const struct compression *compression = meta->compression;
	unsigned char kind[2] = { meta->is_big_endian, (unsigned char)meta->long_bytes };

	text_add_bytes(&image->bytes, DAT_MAGIC, DAT_MAGIC_BYTES);
	put_string(image, "7");
	text_add_bytes(&image->bytes, kind, sizeof(kind));
	put32(image, (uint32_t)meta->page_size);
	put_string(image, compression ? compression_name(compression) : "none");
	put_string(image, compression ? compression_version(compression) : "");
	*options_at = image->bytes.length;
	put64(image, 0);
}

/* The descriptions of sections that trace-cmd dump shows. */
static const struct {
	enum dat_option section;
	const char *name;
} descriptions[] = {
	{ DAT_STRINGS, "strings" },
	{ DAT_DONE, "options" },
	{ DAT_HEADER_INFO, "headers" },
	{ DAT_FTRACE_EVENTS, "ftrace events" },
	{ DAT_EVENT_FORMATS, "events format" },
	{ DAT_KALLSYMS, "kallsyms" },
	{ DAT_PRINTK, "trace_printk" },
	{ DAT_CMDLINES, "command lines" },
	{ DAT_BUFFER, "buffer flyrecord" },
};

#define DESCRIPTION_COUNT (sizeof(descriptions) / sizeof(descriptions[0]))

static uint32_t description_of(enum dat_option section)
{
	uint32_t offset = 0;

	for (size_t i = 0; i < DESCRIPTION_COUNT && descriptions[i].section != section; i++)
		offset += (uint32_t)strlen(descriptions[i].name) + 1;
	return offset;
}

/* Returns where the section begins. */
static uint64_t begin_section(struct dat_image *image, enum dat_option section)
{
	uint64_t at = image->bytes.length;

	put16(image, (uint16_t)section);
	put16(image, 0);
	put32(image, description_of(section));
	put64(image, 0);
	return at;
}

static void end_section(struct dat_image *image, uint64_t at)
{
	put_at(image, at + 8, image->bytes.length - at - DAT_SECTION_HEADER_BYTES);
}

static void add_strings(struct dat_image *image)
{
	uint64_t at = begin_section(image, DAT_STRINGS);

	for (size_t i = 0; i < DESCRIPTION_COUNT; i++)
		put_string(image, descriptions[i].name);
	end_section(image, at);
}

static uint64_t add_header_info(struct dat_image *image, const struct dat_meta *meta)
{
	uint64_t at = begin_section(image, DAT_HEADER_INFO);

	put_string(image, "header_page");
	put64(image, meta->header_page_size);
	put_bytes(image, meta->header_page, meta->header_page_size);
	put_string(image, "header_event");
	put64(image, meta->header_event_size);
	put_bytes(image, meta->header_event, meta->header_event_size);
	end_section(image, at);
	return at;
}

static uint32_t count_events(const struct dat_meta *meta, const char *system)
{
	uint32_t count = 0;

	for (size_t i = 0; i < meta->event_count; i++)
		count += !strcmp(meta->events[i].system, system);
	return count;
}

static bool is_first_of_system(const struct dat_meta *meta, size_t event)
{
	for (size_t i = 0; i < event; i++)
		if (!strcmp(meta->events[i].system, meta->events[event].system))
			return false;
	return true;
}

static void add_formats_of(struct dat_image *image, const struct dat_meta *meta, const char *system)
{
	for (size_t i = 0; i < meta->event_count; i++) {
		const struct dat_event_format *event = &meta->events[i];

		if (strcmp(event->system, system))
			continue;
		put64(image, event->length);
		put_bytes(image, event->text, event->length);
	}
}

/* Formats of the system "ftrace" have a section of their own. */
static uint64_t add_ftrace_events(struct dat_image *image, const struct dat_meta *meta)
{
	uint64_t at = begin_section(image, DAT_FTRACE_EVENTS);

	put32(image, count_events(meta, "ftrace"));
	add_formats_of(image, meta, "ftrace");
	end_section(image, at);
	return at;
}

static uint64_t add_event_formats(struct dat_image *image, const struct dat_meta *meta)
{
	uint64_t at = begin_section(image, DAT_EVENT_FORMATS);
	size_t count_at = image->bytes.length;
	uint32_t systems = 0;

	put32(image, 0);
	for (size_t i = 0; i < meta->event_count; i++) {
		const char *system = meta->events[i].system;

		if (!strcmp(system, "ftrace") || !is_first_of_system(meta, i))
			continue;
		put_string(image, system);
		put32(image, count_events(meta, system));
		add_formats_of(image, meta, system);
		systems++;
	}
	bytes_put32(image->bytes.data + count_at, systems, image->is_big_endian);
	end_section(image, at);
	return at;
}

/* trace-cmd convert wants these two to be there, if only to be empty. */
static uint64_t add_kallsyms(struct dat_image *image, const struct dat_meta *meta)
{
	uint64_t at = begin_section(image, DAT_KALLSYMS);

	put32(image, (uint32_t)meta->kallsyms_size);
	put_bytes(image, meta->kallsyms, meta->kallsyms_size);
	end_section(image, at);
	return at;
}

static uint64_t add_printk(struct dat_image *image)
{
	uint64_t at = begin_section(image, DAT_PRINTK);

	put32(image, 0);
	end_section(image, at);
	return at;
}

static uint64_t add_cmdlines(struct dat_image *image, const struct dat_meta *meta)
{
	const char *comms = meta->saved_cmdlines ? meta->saved_cmdlines : "";
	uint64_t at = begin_section(image, DAT_CMDLINES);

	put64(image, strlen(comms));
	text_add(&image->bytes, comms);
	end_section(image, at);
	return at;
}

static void begin_option(struct dat_image *image, enum dat_option option, size_t bytes)
{
	put16(image, (uint16_t)option);
	put32(image, (uint32_t)bytes);
}

static void option_section(struct dat_image *image, enum dat_option option, uint64_t offset)
{
	begin_option(image, option, 8);
	put64(image, offset);
}

static void option_string(struct dat_image *image, enum dat_option option, const char *string)
{
	begin_option(image, option, strlen(string) + 1);
	put_string(image, string);
}

/* nk's own lines, which event_descs_read() of any version reads past. */
static void write_own(const struct dat_meta *meta, struct text *out)
{
	NK_FREE char *summary = meta->summary ? xstrdup(meta->summary) : NULL;
	char *rest = summary;
	char *line;

	text_addf(out, "%s\n", DAT_OWN_MARK);
	if (meta->has_wall_offset)
		text_addf(out, "wall %lld\n", (long long)meta->wall_offset_ns);
	if (summary)
		text_add(out, "summary\n");
	while (rest && (line = text_next_line(&rest)))
		text_addf(out, "summary %s\n", line);
	for (size_t i = 0; i < meta->desc_count; i++)
		event_desc_write(&meta->descs[i], out);
}

/* Readers show the text up to the NUL and keep all of it. */
static void option_version(struct dat_image *image, const struct dat_meta *meta)
{
	struct text own = { 0 };
	const char *version = meta->version ? meta->version : "";

	if (!meta->has_nk) {
		if (meta->version)
			option_string(image, DAT_VERSION, version);
		return;
	}
	write_own(meta, &own);
	begin_option(image, DAT_VERSION, strlen(version) + 1 + own.length + 1);
	put_string(image, version);
	text_add_bytes(&image->bytes, own.data, own.length + 1);
	text_clear(&own);
}

/* The clock as the file trace_clock of tracefs names it, the current one in brackets. */
static void option_clock(struct dat_image *image, const struct dat_meta *meta)
{
	const char *clock = meta->buffer_count ? meta->buffers[0].clock : NULL;

	if (!clock)
		return;
	/* The boot clock is printed as a bare counter unless a conversion, here by one, is given.
	 */
	if (!strcmp(clock, "boot")) {
		begin_option(image, DAT_TSC2NSEC, 16);
		put32(image, 1);
		put32(image, 0);
		put64(image, 0);
	}
	begin_option(image, DAT_TRACECLOCK, strlen(clock) + 3);
	text_addf(&image->bytes, "[%s]", clock);
	text_add_bytes(&image->bytes, "", 1);
}

static void option_cpu_count(struct dat_image *image, const struct dat_meta *meta)
{
	begin_option(image, DAT_CPUCOUNT, 4);
	put32(image, (uint32_t)meta->cpu_count);
}

static void option_cpu_stats(struct dat_image *image, const struct dat_meta *meta)
{
	for (size_t i = 0; i < meta->cpu_stats_count; i++)
		option_string(image, DAT_CPUSTAT, meta->cpu_stats[i]);
}

/* The last of a list: where the next one is; returns where that stands. */
static size_t option_done(struct dat_image *image)
{
	begin_option(image, DAT_DONE, 8);
	put64(image, 0);
	return image->bytes.length - 8;
}

/* Bytes of a BUFFER option before its first CPU. */
static size_t buffer_fixed_bytes(const struct dat_buffer *buffer)
{
	return 8 + strlen(buffer->name) + 1 + strlen(buffer->clock) + 1 + 4 + 4;
}

/*
 * Ends a list of options so that the places in the list of the buffer that comes next are aligned:
 * each CPU is number, offset, size, 20 bytes, so all are where the first is. The gap counts to the
 * list before, since readers also go from section to section by their sizes.
 */
static void align_next(struct dat_image *image, const struct dat_meta *meta, size_t next)
{
	size_t first = image->bytes.length + DAT_SECTION_HEADER_BYTES + 6;

	if (next >= meta->buffer_count)
		return;
	first += buffer_fixed_bytes(&meta->buffers[next]);
	text_add_bytes(&image->bytes, "\0\0\0", -first & 3);
}

static size_t add_options(struct dat_image *image, const struct dat_meta *meta,
			  const struct sections *sections)
{
	uint64_t at = begin_section(image, DAT_DONE);
	size_t next_at;

	option_section(image, DAT_HEADER_INFO, sections->header_info);
	option_section(image, DAT_FTRACE_EVENTS, sections->ftrace_events);
	option_section(image, DAT_EVENT_FORMATS, sections->event_formats);
	option_section(image, DAT_KALLSYMS, sections->kallsyms);
	option_section(image, DAT_PRINTK, sections->printk);
	option_section(image, DAT_CMDLINES, sections->cmdlines);
	option_clock(image, meta);
	if (meta->uname)
		option_string(image, DAT_UNAME, meta->uname);
	option_version(image, meta);
	option_cpu_count(image, meta);
	option_cpu_stats(image, meta);
	next_at = option_done(image);
	align_next(image, meta, 0);
	end_section(image, at);
	return next_at;
}

static size_t add_buffer(struct dat_image *image, const struct dat_meta *meta, size_t index,
			 size_t *stream)
{
	const struct dat_buffer *buffer = &meta->buffers[index];
	uint64_t at = begin_section(image, DAT_DONE);
	size_t next_at;

	begin_option(image, DAT_BUFFER, buffer_fixed_bytes(buffer) + buffer->cpu_count * 20);
	image->section_at[index] = image->bytes.length;
	put64(image, 0);
	put_string(image, buffer->name);
	put_string(image, buffer->clock);
	put32(image, (uint32_t)buffer->page_size);
	put32(image, (uint32_t)buffer->cpu_count);
	for (size_t i = 0; i < buffer->cpu_count; i++) {
		put32(image, (uint32_t)buffer->cpus[i]);
		image->place_at[(*stream)++] = image->bytes.length;
		put64(image, 0);
		put64(image, 0);
	}
	next_at = option_done(image);
	align_next(image, meta, index + 1);
	end_section(image, at);
	return next_at;
}

static void allocate_places(struct dat_image *image, const struct dat_meta *meta)
{
	image->buffer_count = meta->buffer_count;
	for (size_t i = 0; i < meta->buffer_count; i++)
		image->stream_count += meta->buffers[i].cpu_count;
	image->section_at = xcalloc(image->buffer_count, sizeof(*image->section_at));
	image->place_at = xcalloc(image->stream_count, sizeof(*image->place_at));
	image->sections = xcalloc(image->buffer_count, sizeof(*image->sections));
	image->places = xcalloc(image->stream_count, sizeof(*image->places));
}

/* Counted to the last list: readers also go from section to section by their sizes. */
static void add_reserve(struct dat_image *image, size_t reserve, uint64_t list_at)
{
	NK_FREE char *zeros = xcalloc(1, reserve + 8);

	text_add_bytes(&image->bytes, zeros, -image->bytes.length & 7);
	image->reserve_at = image->bytes.length;
	image->reserve_bytes = reserve;
	text_add_bytes(&image->bytes, zeros, reserve);
	end_section(image, list_at);
}

void dat_image_build(const struct dat_meta *meta, size_t reserve, struct dat_image *image)
{
	struct sections sections;
	size_t next_at, list_at, stream = 0;

	*image = (struct dat_image){ .is_big_endian = meta->is_big_endian,
				     .is_compressed = meta->compression != NULL };
	allocate_places(image, meta);
	begin_file(image, meta, &next_at);
	add_strings(image);
	sections.header_info = add_header_info(image, meta);
	sections.ftrace_events = add_ftrace_events(image, meta);
	sections.event_formats = add_event_formats(image, meta);
	sections.kallsyms = add_kallsyms(image, meta);
	sections.printk = add_printk(image);
	sections.cmdlines = add_cmdlines(image, meta);
	list_at = image->bytes.length;
	put_at(image, next_at, list_at);
	next_at = add_options(image, meta, &sections);
	for (size_t i = 0; i < meta->buffer_count; i++) {
		list_at = image->bytes.length;
		put_at(image, next_at, list_at);
		next_at = add_buffer(image, meta, i, &stream);
	}
	image->next_at = next_at;
	add_reserve(image, reserve, list_at);
}

/* The offset of its list of options is from its beginning. */
static void build_addition(const struct dat_image *image, const struct dat_meta *meta,
			   struct text *out, uint64_t *list_offset)
{
	struct dat_image added = { .is_big_endian = image->is_big_endian };
	uint64_t cmdlines = add_cmdlines(&added, meta);

	*list_offset = added.bytes.length;
	begin_section(&added, DAT_DONE);
	option_section(&added, DAT_CMDLINES, image->reserve_at + cmdlines);
	option_version(&added, meta);
	option_cpu_stats(&added, meta);
	option_done(&added);
	end_section(&added, *list_offset);
	*out = added.bytes;
}

int dat_image_addition(const struct dat_image *image, const struct dat_meta *meta, struct text *out,
		       uint64_t *list_offset)
{
	struct dat_meta less = *meta;

	for (int left_out = 0; left_out <= 2; left_out++) {
		struct text bytes;
		uint64_t list_at;

		if (left_out == 1)
			less.saved_cmdlines = NULL;
		if (left_out == 2)
			less.cpu_stats_count = 0;
		build_addition(image, &less, &bytes, &list_at);
		if (bytes.length <= image->reserve_bytes) {
			*list_offset = image->reserve_at + list_at;
			*out = bytes;
			return left_out;
		}
		text_clear(&bytes);
	}
	return -ENOSPC;
}

static uint64_t align_up(uint64_t value, uint64_t alignment)
{
	return (value + alignment - 1) / alignment * alignment;
}

static void place_section(struct dat_image *image, size_t buffer, uint64_t offset)
{
	image->sections[buffer].offset = offset;
	put_at(image, image->section_at[buffer], offset);
}

uint64_t dat_image_lay_out(struct dat_image *image, const struct dat_meta *meta,
			   const uint64_t *room, uint64_t alignment)
{
	uint64_t end = image->bytes.length;
	size_t stream = 0;

	for (size_t i = 0; i < image->buffer_count; i++) {
		struct dat_place *section = &image->sections[i];

		place_section(image, i, end);
		end += DAT_SECTION_HEADER_BYTES;
		for (size_t j = 0; j < meta->buffers[i].cpu_count; j++, stream++) {
			end = align_up(end, alignment);
			image->places[stream] = (struct dat_place){ .offset = end };
			put_at(image, image->place_at[stream], end);
			end += room[stream];
		}
		section->bytes = end - section->offset - DAT_SECTION_HEADER_BYTES;
	}
	return end;
}

void dat_image_set_bytes(struct dat_image *image, size_t stream, uint64_t bytes)
{
	image->places[stream].bytes = bytes;
	put_at(image, image->place_at[stream] + 8, bytes);
}

void dat_image_set_place(struct dat_image *image, size_t stream, const struct dat_place *place)
{
	put_at(image, image->place_at[stream], place->offset);
	dat_image_set_bytes(image, stream, place->bytes);
	image->places[stream] = *place;
}

void dat_image_set_section(struct dat_image *image, size_t buffer, const struct dat_place *place)
{
	image->sections[buffer] = *place;
	put_at(image, image->section_at[buffer], place->offset);
}

void dat_image_section_header(const struct dat_image *image, size_t buffer, unsigned char *header)
{
	bytes_put16(header, DAT_BUFFER, image->is_big_endian);
	bytes_put16(header + 2, image->is_compressed ? DAT_SECTION_COMPRESSED : 0,
		    image->is_big_endian);
	bytes_put32(header + 4, description_of(DAT_BUFFER), image->is_big_endian);
	bytes_put64(header + 8, image->sections[buffer].bytes, image->is_big_endian);
}

void dat_image_clear(struct dat_image *image)
{
	text_clear(&image->bytes);
	free(image->section_at);
	free(image->place_at);
	free(image->sections);
	free(image->places);
	*image = (struct dat_image){ 0 };
}
