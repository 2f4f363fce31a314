/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A version 6 file, per trace-cmd.dat.v6(5): its metadata stand one behind the other at its
 * beginning, the buffers of instances are options that point to a table of their own.
 */
#include "datfile/parse.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/alloc.h"
#include "datfile/cursor.h"
#include "datfile/options.h"
#include "datfile/sections.h"

#define KIND_BYTES	  10 /* "flyrecord" and its NUL */
#define TABLE_ENTRY_BYTES 16 /* a CPU's: where its pages are, and how long they are */

/* An instance's name and where its table is, until the main buffer's has been read. */
struct instance {
	char *name;
	uint64_t offset;
};

struct v6 {
	struct parse *parse;
	struct cursor cursor;
	uint32_t cpu_count;
	struct instance *instances;
	size_t instance_count;
};

static const struct {
	const char *name;
	void (*read)(struct cursor *cursor, struct dat_meta *meta);
} bodies[] = {
	{ "the header format", section_header_info },
	{ "the formats of ftrace's own events", section_ftrace_events },
	{ "the event formats", section_event_formats },
	{ "the kernel's symbols", section_kallsyms },
	{ "the printk formats", section_printk },
	{ "the command names", section_cmdlines },
};

static int read_bodies(struct v6 *v6)
{
	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		bodies[i].read(&v6->cursor, &v6->parse->meta);
		if (v6->cursor.has_failed) {
			parse_incomplete(v6->parse, "the file is cut short or damaged within %s",
					 bodies[i].name);
			return -ENODATA;
		}
	}
	return 0;
}

static void take_instance(struct v6 *v6, struct cursor *data)
{
	uint64_t offset = cursor_u64(data);
	const char *name = cursor_string(data);
	struct instance *instance;

	if (!name || v6->instance_count == PARSE_BUFFERS_MOST) {
		parse_incomplete(v6->parse, "the description of a buffer is damaged");
		return;
	}
	instance = array_add(&v6->instances, &v6->instance_count);
	instance->name = xstrdup(name);
	instance->offset = offset;
}

static int read_options(struct v6 *v6)
{
	for (;;) {
		uint16_t option = cursor_u16(&v6->cursor);
		uint32_t length;
		const unsigned char *bytes;
		struct cursor data;

		if (!v6->cursor.has_failed && option == DAT_DONE)
			return 0;
		length = cursor_u32(&v6->cursor);
		bytes = cursor_bytes(&v6->cursor, length);
		if (!bytes) {
			parse_incomplete(v6->parse, "the file is cut short within its options");
			return -ENODATA;
		}
		data = cursor_over(bytes, length, v6->cursor.is_big_endian);
		if (option == DAT_BUFFER)
			take_instance(v6, &data);
		else
			option_take(v6->parse, option, &data);
	}
}

static bool add_cpu(struct parse *parse, struct dat_buffer *buffer, int cpu, uint64_t offset,
		    uint64_t bytes)
{
	struct parse_stream stream = {
		.cpu = cpu,
		.buffer = parse->meta.buffer_count - 1,
		.offset = offset,
		.bytes = bytes,
	};

	if (!parse_add_stream(parse, &stream))
		return false;
	*(int *)array_add(&buffer->cpus, &buffer->cpu_count) = cpu;
	return true;
}

/* Where the pages of each CPU are. The main buffer's table is all zeros where it was not used. */
static void read_table(struct v6 *v6, struct cursor *cursor, const char *name)
{
	struct parse *parse = v6->parse;
	struct cursor first = *cursor;
	struct dat_buffer *buffer;
	uint64_t any = 0;

	for (uint32_t i = 0; i < v6->cpu_count && !first.has_failed; i++)
		any |= cursor_u64(&first) | cursor_u64(&first);
	if (!any && !first.has_failed && v6->instance_count)
		return;
	buffer = parse_add_buffer(parse, name, parse->clock);
	if (!buffer)
		return;
	for (uint32_t i = 0; i < v6->cpu_count; i++) {
		uint64_t offset = cursor_u64(cursor);
		uint64_t bytes = cursor_u64(cursor);

		if (cursor->has_failed) {
			parse_incomplete(parse,
					 "the file is cut short where it says where the "
					 "pages of CPU %u are",
					 i);
			return;
		}
		if (!add_cpu(parse, buffer, (int)i, offset, bytes))
			return;
	}
}

static bool skip_kind(struct cursor *cursor, const char *kind)
{
	return cursor_skip(cursor, kind, KIND_BYTES);
}

static void read_buffer(struct v6 *v6, struct cursor *cursor, const char *name)
{
	if (skip_kind(cursor, "flyrecord"))
		read_table(v6, cursor, name);
	else if (skip_kind(cursor, "latency  "))
		v6->parse->has_text = true;
	else
		parse_incomplete(v6->parse, "the file is cut short or damaged before its pages");
}

/*
 * An instance's table stands behind the pages of the buffers before it, so at any distance: it is
 * read from there, or so much of it as the file has.
 */
static void read_instance(struct v6 *v6, const struct instance *instance)
{
	struct parse *parse = v6->parse;
	uint64_t left =
		instance->offset < parse->file_bytes ? parse->file_bytes - instance->offset : 0;
	uint64_t whole = KIND_BYTES + TABLE_ENTRY_BYTES * (uint64_t)v6->cpu_count;
	size_t length = (size_t)(left < whole ? left : whole);
	NK_FREE unsigned char *bytes = xmalloc(length + 1);
	struct cursor cursor;

	if (!length || parse_read(parse, instance->offset, bytes, length) < 0) {
		parse_incomplete(parse, "the file ends before instance '%s'", instance->name);
		return;
	}
	cursor = cursor_over(bytes, length, parse->meta.is_big_endian);
	read_buffer(v6, &cursor, instance->name);
}

static void read_all(struct v6 *v6)
{
	struct parse *parse = v6->parse;

	if (read_bodies(v6) < 0)
		return;
	v6->cpu_count = cursor_u32(&v6->cursor);
	if (v6->cpu_count > PARSE_CPUS_MOST) {
		parse_incomplete(parse, "the file is damaged: it speaks of %u CPUs", v6->cpu_count);
		return;
	}
	parse->meta.cpu_count = (int)v6->cpu_count;
	if (skip_kind(&v6->cursor, "options  ") && read_options(v6) < 0)
		return;
	read_buffer(v6, &v6->cursor, "");
	for (size_t i = 0; i < v6->instance_count; i++)
		read_instance(v6, &v6->instances[i]);
}

int parse_v6(struct parse *parse, uint64_t offset)
{
	size_t length = parse->file_bytes < PARSE_SECTION_MOST ? (size_t)parse->file_bytes
							       : (size_t)PARSE_SECTION_MOST;
	unsigned char *map = mmap(NULL, length, PROT_READ, MAP_SHARED, parse->fd, 0);
	struct v6 v6 = { .parse = parse };

	if (map == MAP_FAILED)
		return -errno;
	v6.cursor = cursor_over(map, length, parse->meta.is_big_endian);
	v6.cursor.at += offset;
	read_all(&v6);
	for (size_t i = 0; i < v6.instance_count; i++)
		free(v6.instances[i].name);
	free(v6.instances);
	munmap(map, length);
	return 0;
}
