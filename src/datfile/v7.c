/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A version 7 file, per trace-cmd.dat.v7(5): lists of options, each of which says where the next
 * one is, point to sections and to the pages of each buffer. A section that is damaged costs only
 * itself.
 */
#include "datfile/parse.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/bytes.h"
#include "datfile/cursor.h"
#include "datfile/options.h"
#include "datfile/sections.h"

#define CPU_ENTRY_BYTES 20 /* in a BUFFER option: a CPU, where its pages are, and how long */

struct section_header {
	uint16_t id;
	bool is_compressed;
	uint64_t bytes;
};

static int read_section_header(struct parse *parse, uint64_t offset, struct section_header *header)
{
	unsigned char bytes[DAT_SECTION_HEADER_BYTES] = { 0 };
	struct cursor cursor = cursor_over(bytes, sizeof(bytes), parse->meta.is_big_endian);
	int ret = parse_read(parse, offset, bytes, sizeof(bytes));

	if (ret < 0)
		return ret;
	header->id = cursor_u16(&cursor);
	header->is_compressed = cursor_u16(&cursor) & DAT_SECTION_COMPRESSED;
	cursor_u32(&cursor);
	header->bytes = cursor_u64(&cursor);
	return 0;
}

/* Small files can have sections that expand to large ones, any number of times. */
static int claim(struct parse *parse, uint64_t length)
{
	if (length > PARSE_SECTION_MOST - parse->section_bytes)
		return -EFBIG;
	parse->section_bytes += length;
	return 0;
}

static int read_plain(struct parse *parse, uint64_t offset, uint64_t length, unsigned char **out)
{
	NK_FREE unsigned char *bytes = NULL;
	int ret;

	if (offset > parse->file_bytes || length > parse->file_bytes - offset)
		return -ENODATA;
	ret = claim(parse, length);
	if (ret < 0)
		return ret;
	bytes = xmalloc((size_t)length);
	ret = parse_read(parse, offset, bytes, (size_t)length);
	if (ret < 0)
		return ret;
	*out = bytes;
	bytes = NULL;
	return 0;
}

static int read_compressed(struct parse *parse, uint64_t offset, unsigned char **out,
			   size_t *length)
{
	NK_FREE unsigned char *from = NULL, *to = NULL;
	unsigned char sizes[8] = { 0 };
	uint32_t from_length, to_length;
	int ret = parse_read(parse, offset, sizes, sizeof(sizes));
	struct cursor cursor = cursor_over(sizes, sizeof(sizes), parse->meta.is_big_endian);

	if (ret < 0)
		return ret;
	if (!parse->compression)
		return -EINVAL;
	from_length = cursor_u32(&cursor);
	to_length = cursor_u32(&cursor);
	ret = claim(parse, to_length);
	if (ret < 0)
		return ret;
	ret = read_plain(parse, offset + sizeof(sizes), from_length, &from);
	if (ret < 0)
		return ret;
	to = xmalloc(to_length);
	ret = compression_expand(parse->compression, from, from_length, to, to_length);
	if (ret < 0)
		return ret;
	*out = to;
	*length = to_length;
	to = NULL;
	return 0;
}

/* The body of the section at offset, expanded; malloc'ed. */
static int read_section(struct parse *parse, uint64_t offset, uint16_t id, unsigned char **out,
			size_t *length)
{
	struct section_header header;
	int ret = read_section_header(parse, offset, &header);

	if (ret < 0)
		return ret;
	if (header.id != id)
		return -EINVAL;
	offset += DAT_SECTION_HEADER_BYTES;
	if (header.is_compressed)
		return read_compressed(parse, offset, out, length);
	ret = read_plain(parse, offset, header.bytes, out);
	if (!ret)
		*length = (size_t)header.bytes;
	return ret;
}

static const struct {
	enum dat_option option;
	const char *name;
	void (*read)(struct cursor *cursor, struct dat_meta *meta);
} bodies[] = {
	{ DAT_HEADER_INFO, "the header format", section_header_info },
	{ DAT_FTRACE_EVENTS, "the formats of ftrace's own events", section_ftrace_events },
	{ DAT_EVENT_FORMATS, "the event formats", section_event_formats },
	{ DAT_KALLSYMS, "the kernel's symbols", section_kallsyms },
	{ DAT_PRINTK, "the printk formats", section_printk },
	{ DAT_CMDLINES, "the command names", section_cmdlines },
};

#define BODY_COUNT (sizeof(bodies) / sizeof(bodies[0]))

/*
 * Megabytes, of which a few bytes are looked at, if any: they stay in the file. A page of its own
 * is made only of the last one, for the NUL. false: it has to be read.
 */
static bool map_kallsyms(struct parse *parse, uint64_t offset)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	struct section_header header;
	unsigned char bytes[4];
	uint64_t size, begin;
	char *map;

	if (read_section_header(parse, offset, &header) < 0 || header.id != DAT_KALLSYMS ||
	    header.is_compressed || header.bytes > PARSE_SECTION_MOST)
		return false;
	offset += DAT_SECTION_HEADER_BYTES;
	if (parse_read(parse, offset, bytes, sizeof(bytes)) < 0)
		return false;
	size = bytes_get32(bytes, parse->meta.is_big_endian);
	offset += sizeof(bytes);
	if (size + sizeof(bytes) > header.bytes || size >= parse->file_bytes - offset)
		return false;
	begin = offset / page * page;
	map = mmap(NULL, offset - begin + size + 1, PROT_READ | PROT_WRITE, MAP_PRIVATE, parse->fd,
		   (off_t)begin);
	if (map == MAP_FAILED)
		return false;
	parse->meta.kallsyms_map = map;
	parse->meta.kallsyms_map_bytes = offset - begin + size + 1;
	parse->meta.kallsyms = map + (offset - begin);
	parse->meta.kallsyms_size = size;
	parse->meta.kallsyms[size] = '\0';
	return true;
}

/* Whether a section is to be read: each is, once as what an option takes it for. */
static bool is_new_section(struct parse *parse, uint16_t id, uint64_t offset)
{
	for (size_t i = 0; i < parse->section_count; i++)
		if (parse->sections[i].id == id && parse->sections[i].offset == offset)
			return false;
	if (parse->section_count == PARSE_SECTIONS_MOST) {
		parse_incomplete(parse, "the file is damaged: it speaks of more than %d sections",
				 PARSE_SECTIONS_MOST);
		return false;
	}
	parse->sections[parse->section_count++] =
		(struct parse_section){ .id = id, .offset = offset };
	return true;
}

static void take_section(struct parse *parse, size_t body, uint64_t offset)
{
	NK_FREE unsigned char *bytes = NULL;
	struct cursor cursor;
	size_t length;
	int ret;

	if (!is_new_section(parse, (uint16_t)bodies[body].option, offset))
		return;
	if (bodies[body].option == DAT_KALLSYMS) {
		/* A file may have several: the last one counts. */
		dat_meta_clear_kallsyms(&parse->meta);
		if (map_kallsyms(parse, offset))
			return;
	}
	ret = read_section(parse, offset, (uint16_t)bodies[body].option, &bytes, &length);

	if (!ret) {
		cursor = cursor_over(bytes, length, parse->meta.is_big_endian);
		bodies[body].read(&cursor, &parse->meta);
		if (!cursor.has_failed)
			return;
	}
	if (ret == -ENODATA)
		parse_incomplete(parse, "the file ends before %s", bodies[body].name);
	else
		parse_incomplete(parse, "the file is damaged within %s", bodies[body].name);
}

static bool take_cpu(struct parse *parse, struct dat_buffer *buffer, struct cursor *data,
		     bool is_compressed)
{
	uint32_t cpu = cursor_u32(data);
	struct parse_stream stream = {
		.cpu = (int)cpu,
		.buffer = parse->meta.buffer_count - 1,
		.offset = cursor_u64(data),
		.bytes = cursor_u64(data),
		.is_compressed = is_compressed,
	};

	if (data->has_failed || cpu > PARSE_CPUS_MOST || !parse_add_stream(parse, &stream))
		return false;
	*(int *)array_add(&buffer->cpus, &buffer->cpu_count) = stream.cpu;
	return true;
}

/* A count that is damaged says too many or, with CPUs left behind the last one, too few. */
static void take_cpus(struct parse *parse, struct dat_buffer *buffer, struct cursor *data,
		      bool is_compressed)
{
	uint32_t count = cursor_u32(data);
	bool is_whole = !data->has_failed;

	while (is_whole && count--)
		is_whole = take_cpu(parse, buffer, data, is_compressed);
	if (!is_whole || cursor_left(data) >= CPU_ENTRY_BYTES)
		parse_incomplete(parse, "the list of the CPUs of a buffer is damaged");
}

static void take_buffer(struct parse *parse, struct cursor *data)
{
	uint64_t offset = cursor_u64(data);
	const char *name = cursor_string(data);
	const char *clock = cursor_string(data);
	uint32_t page_size = cursor_u32(data);
	struct section_header header = { 0 };
	struct dat_buffer *buffer;

	if (data->has_failed || page_size < PARSE_PAGE_LEAST || page_size > PARSE_PAGE_MOST) {
		parse_incomplete(parse, "the description of a buffer is damaged");
		return;
	}
	if (read_section_header(parse, offset, &header) < 0)
		parse_incomplete(parse, "the file ends before its pages");
	buffer = parse_add_buffer(parse, name, clock);
	if (!buffer)
		return;
	buffer->page_size = page_size;
	take_cpus(parse, buffer, data, header.is_compressed);
}

static void take_option(struct parse *parse, uint16_t option, struct cursor *data)
{
	if (option == DAT_BUFFER) {
		take_buffer(parse, data);
		return;
	}
	for (size_t i = 0; i < BODY_COUNT; i++) {
		if (bodies[i].option == option) {
			take_section(parse, i, cursor_u64(data));
			return;
		}
	}
	option_take(parse, option, data);
}

/* One list; *next is where the following one is, 0 at the end. */
static int take_list(struct parse *parse, struct cursor *list, uint64_t *next)
{
	for (;;) {
		uint16_t option = cursor_u16(list);
		uint32_t length = cursor_u32(list);
		const unsigned char *bytes = cursor_bytes(list, length);
		struct cursor data;

		if (!bytes)
			return -EINVAL;
		data = cursor_over(bytes, length, list->is_big_endian);
		if (option == DAT_DONE) {
			*next = cursor_u64(&data);
			return data.has_failed ? -EINVAL : 0;
		}
		take_option(parse, option, &data);
	}
}

static void lost_list(struct parse *parse, uint64_t at, int err)
{
	if (err == -ENODATA)
		parse_incomplete(parse,
				 "the file is cut short: its list of contents, at byte %" PRIu64
				 ", is missing",
				 at);
	else
		parse_incomplete(parse, "the list of contents at byte %" PRIu64 " is damaged", at);
}

int parse_v7(struct parse *parse, uint64_t options_at)
{
	/* It is put there when all else of the head has been written. */
	if (!options_at)
		parse_incomplete(parse, "the file is cut short: it has no list of contents");
	while (options_at) {
		NK_FREE unsigned char *bytes = NULL;
		uint64_t next = 0;
		struct cursor list;
		size_t length;
		int ret = read_section(parse, options_at, DAT_DONE, &bytes, &length);

		if (!ret) {
			list = cursor_over(bytes, length, parse->meta.is_big_endian);
			ret = take_list(parse, &list, &next);
			/* Lists are appended: one that points back would go in a circle. */
			if (!ret && next && next <= options_at)
				ret = -EINVAL;
		}
		if (ret < 0) {
			lost_list(parse, options_at, ret);
			break;
		}
		options_at = next;
	}
	if (!parse->meta.buffer_count && !parse->has_text)
		parse_incomplete(parse, "the file is damaged: it does not say where its pages are");
	return 0;
}
