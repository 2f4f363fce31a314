/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A recording in, the same in another form out: version 6 or 7, either byte order, compressed or
 * not; as machines write it that the tests do not have. That it is the same is judged by trace-cmd
 * report, which prints the same lines for both. Further, so that trace-cmd can say what is left of
 * a file that was damaged: a file that has the same pages but for some.
 *
 * reencode [-v VERSION] [-b] [-c zlib|zstd] [-k BYTES] [-x PAGE] [-l PAGE:COUNT]
 *          [-C CLOCK] [-t MULTIPLIER:SHIFT] [-d US] [-o NS] FROM TO
 *   -b  big-endian           -k  only pages that end within so many bytes of TO
 *   -x  without this page    -l  COUNT events lost before this page     (pages count from 0 in TO)
 *   -C  the trace clock      -t, -d, -o  options TSC2NSEC, DATE, OFFSET
 * With -p it prints where each page of TO is, one a line.
 */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config.h"

#ifdef HAVE_ZLIB
#include <zlib.h>
#endif
#ifdef HAVE_ZSTD
#include <zstd.h>
#endif

#include "base/alloc.h"
#include "base/bytes.h"
#include "base/diag.h"
#include "datfile/format.h"
#include "datfile/reader.h"

#define HEADER_BYTES 16
#define LOST	     (UINT64_C(1) << 31)
#define LOST_COUNTED (UINT64_C(1) << 30)
#define USED	     0x07ffffffU

enum { TYPE_LONG = 0, TYPE_PADDING = 29, TYPE_EXTEND = 30 };

struct field {
	size_t offset, size, element;
	bool is_located; /* __data_loc: at offset is a word that says where it is */
};

struct event {
	unsigned int id;
	struct field *fields;
	size_t field_count;
};

struct out {
	unsigned char *data;
	size_t length, room;
};

struct reencode {
	int version;
	bool is_big, is_told;
	const char *compression; /* NULL: none */
	uint64_t keep;		 /* bytes of TO */
	long left_out, lossy;	 /* numbers of pages; -1: none */
	uint64_t lost;
	const char *clock, *date, *offset; /* the last two NULL: no such option */
	uint32_t multiplier, shift;
	struct dat_reader *reader;
	const struct dat_meta *meta;
	struct page_source *source;
	struct event *events;
	size_t event_count;
	struct out out;
	long page_number;
};

static void die(const char *what)
{
	fprintf(stderr, "reencode: %s\n", what);
	exit(EXIT_FAILURE);
}

/* Bytes and numbers in the order of TO. */

static void put(struct reencode *re, const void *bytes, size_t length)
{
	struct out *out = &re->out;

	while (out->length + length > out->room) {
		out->room = out->room ? 2 * out->room : 65536;
		out->data = xrealloc_array(out->data, out->room, 1);
	}
	if (length > 0)
		memcpy(out->data + out->length, bytes, length);
	out->length += length;
}

static void put16(struct reencode *re, uint16_t number)
{
	bytes_put16(&number, number, re->is_big);
	put(re, &number, sizeof(number));
}

static void put32(struct reencode *re, uint32_t number)
{
	bytes_put32(&number, number, re->is_big);
	put(re, &number, sizeof(number));
}

static void put64(struct reencode *re, uint64_t number)
{
	bytes_put64(&number, number, re->is_big);
	put(re, &number, sizeof(number));
}

static void set64(struct reencode *re, size_t at, uint64_t number)
{
	bytes_put64(re->out.data + at, number, re->is_big);
}

static void put_string(struct reencode *re, const char *string)
{
	put(re, string, strlen(string) + 1);
}

static void put_text(struct reencode *re, const char *text, size_t length)
{
	put64(re, length);
	put(re, text, length);
}

static void align(struct reencode *re, size_t to)
{
	static const unsigned char zero;

	while (re->out.length % to)
		put(re, &zero, 1);
}

/* Formats: which bytes of a record are one number. */

static size_t element_bytes(const char *type, size_t size, bool is_array)
{
	static const struct {
		const char *word;
		size_t bytes;
	} types[] = { { "char", 1 }, { "8", 1 },  { "16", 2 },	 { "short", 2 },
		      { "32", 4 },   { "64", 8 }, { "long", 8 }, { "int", 4 } };

	if (!is_array)
		return size;
	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
		if (strstr(type, types[i].word))
			return types[i].bytes;
	return 1;
}

/* "\tfield:u64 laddr6[2];\toffset:40;\tsize:16;\tsigned:0;" */
static void take_field(struct event *event, const char *line)
{
	char text[256];
	size_t offset, size;
	struct field *field;

	if (sscanf(line, "\tfield:%255[^;];\toffset:%zu;\tsize:%zu;", text, &offset, &size) != 3)
		return;
	field = array_add(&event->fields, &event->field_count);
	field->offset = offset;
	field->size = size;
	field->is_located = strncmp(text, "__data_loc", 10) == 0;
	if (field->is_located)
		field->element = element_bytes(text, 0, true);
	else
		field->element = element_bytes(text, size, strchr(text, '[') != NULL);
}

static void take_event(struct reencode *re, const char *format)
{
	struct event *event = array_add(&re->events, &re->event_count);
	const char *id = strstr(format, "\nID: ");

	event->id = id ? (unsigned int)strtoul(id + 5, NULL, 10) : 0;
	for (const char *line = format; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, "\tfield:", 7) == 0)
			take_field(event, line);
	}
}

/* Records */

static void turn(unsigned char *at, size_t bytes)
{
	for (size_t i = 0; i < bytes / 2; i++) {
		unsigned char byte = at[i];

		at[i] = at[bytes - 1 - i];
		at[bytes - 1 - i] = byte;
	}
}

static void turn_elements(unsigned char *at, size_t bytes, size_t element)
{
	for (; bytes >= element; bytes -= element, at += element)
		turn(at, element);
}

static void turn_record(const struct reencode *re, unsigned char *record, size_t size)
{
	unsigned int id = size < 2 ? 0 : bytes_get16(record, false);

	for (size_t i = 0; i < re->event_count; i++) {
		const struct event *event = &re->events[i];

		for (size_t k = 0; event->id == id && k < event->field_count; k++) {
			const struct field *field = &event->fields[k];
			uint32_t word;

			if (field->offset + field->size > size)
				die("a record is shorter than its format");
			if (!field->is_located) {
				turn_elements(record + field->offset, field->size, field->element);
				continue;
			}
			word = bytes_get32(record + field->offset, false);
			if ((word & 0xffff) + (word >> 16) <= size)
				turn_elements(record + (word & 0xffff), word >> 16, field->element);
			turn(record + field->offset, 4);
		}
	}
}

/* One entry of the ring buffer; its length. */
static size_t turn_entry(const struct reencode *re, unsigned char *at)
{
	uint32_t word = bytes_get32(at, false), type = word & 31, delta = word >> 5;
	uint32_t length = bytes_get32(at + 4, false);

	bytes_put32(at, type << 27 | delta, true);
	if (type > TYPE_LONG && type < TYPE_PADDING) {
		turn_record(re, at + 4, type * 4);
		return 4 + type * 4;
	}
	if (type == TYPE_PADDING && delta == 0)
		return SIZE_MAX;
	turn(at + 4, 4);
	if (type >= TYPE_EXTEND)
		return 8;
	if (type == TYPE_LONG)
		turn_record(re, at + 8, length - 4);
	return 4 + ((length + 3) & ~3U);
}

static void turn_page(const struct reencode *re, unsigned char *page)
{
	uint64_t commit = bytes_get64(page + 8, false);
	size_t end = HEADER_BYTES + (commit & USED);

	turn(page, 8);
	turn(page + 8, 8);
	if (commit & LOST_COUNTED)
		turn(page + end, 8);
	for (size_t at = HEADER_BYTES; at + 8 <= end;) {
		size_t length = turn_entry(re, page + at);

		if (length > end - at)
			break;
		at += length;
	}
}

static void lose(struct reencode *re, unsigned char *page, size_t size)
{
	uint64_t commit = bytes_get64(page + 8, false);
	size_t end = HEADER_BYTES + (commit & USED);

	if (end + 8 > size)
		die("no room for a count in this page");
	bytes_put64(page + 8, commit | LOST | LOST_COUNTED, false);
	bytes_put64(page + end, re->lost, false);
}

/* Pages of a stream, as they are in TO. false: that was all. */
static bool next_page(struct reencode *re, size_t stream, unsigned char *page)
{
	size_t size = re->source->page_size;
	const void *from;
	int got;

	for (;;) {
		got = re->source->ops->next(re->source, stream, &from);
		if (got < 0)
			die("FROM is damaged");
		if (got == 0)
			return false;
		memcpy(page, from, size);
		re->source->ops->release(re->source, stream, from);
		if (re->page_number++ != re->left_out)
			break;
	}
	if (re->page_number - 1 == re->lossy)
		lose(re, page, size);
	if (re->is_big)
		turn_page(re, page);
	return true;
}

static size_t squeeze(struct reencode *re, const void *from, size_t size, void *to, size_t room)
{
#ifdef HAVE_ZLIB
	uLongf length = room;

	if (strcmp(re->compression, "zlib") == 0)
		return compress2(to, &length, from, size, Z_BEST_SPEED) == Z_OK ? length : 0;
#endif
#ifdef HAVE_ZSTD
	if (strcmp(re->compression, "zstd") == 0)
		return ZSTD_compress(to, room, from, size, 1);
#endif
	die("built without this compression");
	return 0;
}

static void put_squeezed(struct reencode *re, const void *from, size_t size)
{
	size_t room = size * 2 + 4096, length;
	NK_FREE unsigned char *to = xmalloc(room);

	length = squeeze(re, from, size, to, room);
	put32(re, (uint32_t)length);
	put32(re, (uint32_t)size);
	put(re, to, length);
}

/* The pages of a CPU; *at and *bytes are what the table has of them. */
static void put_pages(struct reencode *re, size_t stream, uint64_t *at, uint64_t *bytes)
{
	size_t size = re->source->page_size, chunks_at;
	NK_FREE unsigned char *page = xmalloc(size);
	uint32_t chunks = 0;

	if (!re->compression)
		align(re, 4096);
	*at = chunks_at = re->out.length;
	if (re->compression)
		put32(re, 0);
	while (next_page(re, stream, page)) {
		if (re->is_told)
			printf("%ld %zu\n", re->page_number - 1, re->out.length);
		if (re->compression)
			put_squeezed(re, page, size);
		else if (re->keep && re->out.length + size > re->keep)
			continue;
		else
			put(re, page, size);
		chunks++;
	}
	if (re->compression)
		bytes_put32(re->out.data + chunks_at, chunks, re->is_big);
	/* Readers take the count for granted. */
	*bytes = re->out.length - *at - (re->compression ? 4 : 0);
}

/* Parts that both versions have. */

static void put_header_info(struct reencode *re)
{
	put_string(re, "header_page");
	put_text(re, re->meta->header_page, re->meta->header_page_size);
	put_string(re, "header_event");
	put_text(re, re->meta->header_event, re->meta->header_event_size);
}

/* Each as if it were alone in its system: readers do not mind. */
static void put_formats(struct reencode *re)
{
	put32(re, (uint32_t)re->meta->event_count);
	for (size_t i = 0; i < re->meta->event_count; i++) {
		put_string(re, re->meta->events[i].system);
		put32(re, 1);
		put_text(re, re->meta->events[i].text, re->meta->events[i].length);
	}
}

static void put_kallsyms(struct reencode *re)
{
	put32(re, (uint32_t)re->meta->kallsyms_size);
	put(re, re->meta->kallsyms, re->meta->kallsyms_size);
}

static void put_printk(struct reencode *re)
{
	size_t length = re->meta->printk ? strlen(re->meta->printk) : 0;

	put32(re, (uint32_t)length);
	put(re, re->meta->printk, length);
}

static void put_cmdlines(struct reencode *re)
{
	const char *lines = re->meta->saved_cmdlines ? re->meta->saved_cmdlines : "";

	put_text(re, lines, strlen(lines));
}

static void put_start(struct reencode *re)
{
	const unsigned char kind[2] = { re->is_big, 8 };

	put(re, DAT_MAGIC, DAT_MAGIC_BYTES);
	put_string(re, re->version == 6 ? "6" : "7");
	put(re, kind, sizeof(kind));
	put32(re, (uint32_t)re->meta->page_size);
}

static void put_option(struct reencode *re, enum dat_option option, const void *data, size_t size)
{
	put16(re, (uint16_t)option);
	put32(re, (uint32_t)size);
	put(re, data, size);
}

static void put_time_options(struct reencode *re)
{
	NK_FREE char *clock = xasprintf("[%s]", re->clock);

	if (re->date)
		put_option(re, DAT_DATE, re->date, strlen(re->date) + 1);
	if (re->offset)
		put_option(re, DAT_OFFSET, re->offset, strlen(re->offset) + 1);
	if (re->multiplier) {
		put16(re, DAT_TSC2NSEC);
		put32(re, 16);
		put32(re, re->multiplier);
		put32(re, re->shift);
		put64(re, 0);
	}
	put_option(re, DAT_TRACECLOCK, clock, strlen(clock) + 1);
}

static void put_common_options(struct reencode *re)
{
	uint32_t cpus;

	bytes_put32(&cpus, (uint32_t)re->meta->cpu_count, re->is_big);
	put_option(re, DAT_CPUCOUNT, &cpus, sizeof(cpus));
	if (re->meta->uname)
		put_option(re, DAT_UNAME, re->meta->uname, strlen(re->meta->uname) + 1);
	put_time_options(re);
}

/* The stream of a CPU of a buffer; SIZE_MAX: it has none. */
static size_t find_stream(const struct reencode *re, size_t buffer, int cpu)
{
	for (size_t i = 0; i < re->source->stream_count; i++)
		if ((size_t)re->source->streams[i].instance == buffer &&
		    re->source->streams[i].cpu == cpu)
			return i;
	return SIZE_MAX;
}

/* Version 6: one table for the CPUs of each buffer, then their pages. */

static void put_v6_pages(struct reencode *re, size_t table, size_t buffer)
{
	for (int cpu = 0; cpu < re->meta->cpu_count; cpu++) {
		size_t stream = buffer == SIZE_MAX ? SIZE_MAX : find_stream(re, buffer, cpu);
		uint64_t at = 0, bytes = 0;

		if (stream != SIZE_MAX)
			put_pages(re, stream, &at, &bytes);
		set64(re, table + 16 * (size_t)cpu, at);
		set64(re, table + 16 * (size_t)cpu + 8, bytes);
	}
}

static size_t put_v6_table(struct reencode *re)
{
	size_t table;

	put(re, "flyrecord", 10);
	table = re->out.length;
	for (int cpu = 0; cpu < 2 * re->meta->cpu_count; cpu++)
		put64(re, 0);
	return table;
}

static void put_v6(struct reencode *re)
{
	size_t buffers = re->meta->buffer_count, top = SIZE_MAX, table;
	NK_FREE size_t *offsets = xcalloc(buffers + 1, sizeof(*offsets));
	NK_FREE char *clock = xasprintf("[%s]", re->clock);

	put_start(re);
	put_header_info(re);
	put32(re, 0);
	put_formats(re);
	put_kallsyms(re);
	put_printk(re);
	put_cmdlines(re);
	put32(re, (uint32_t)re->meta->cpu_count);
	put(re, "options  ", 10);
	put_common_options(re);
	for (size_t i = 0; i < buffers; i++) {
		const char *name = re->meta->buffers[i].name;

		if (!*name) {
			top = i;
			continue;
		}
		put16(re, DAT_BUFFER);
		put32(re, (uint32_t)(8 + strlen(name) + 1));
		offsets[i] = re->out.length;
		put64(re, 0);
		put_string(re, name);
	}
	put16(re, DAT_DONE);
	table = put_v6_table(re);
	put_text(re, clock, strlen(clock) + 1);
	put_v6_pages(re, table, top);
	for (size_t i = 0; i < buffers; i++) {
		if (i == top)
			continue;
		set64(re, offsets[i], re->out.length);
		table = put_v6_table(re);
		put_v6_pages(re, table, i);
	}
}

/* Version 7: sections, and a list of options that says where they are, before the pages. */

static size_t begin_section(struct reencode *re, enum dat_option id, bool is_compressed)
{
	put16(re, (uint16_t)id);
	put16(re, is_compressed ? DAT_SECTION_COMPRESSED : 0);
	put32(re, 0);
	put64(re, 0);
	return re->out.length;
}

static void end_section(struct reencode *re, size_t begin, bool is_compressed)
{
	size_t length = re->out.length - begin;

	if (is_compressed) {
		NK_FREE unsigned char *body = xmalloc(length + 1);

		memcpy(body, re->out.data + begin, length);
		re->out.length = begin;
		put_squeezed(re, body, length);
	}
	set64(re, begin - 8, re->out.length - begin);
}

static void put_v7_buffer(struct reencode *re, size_t index, size_t *tables)
{
	const struct dat_buffer *buffer = &re->meta->buffers[index];
	size_t strings = strlen(buffer->name) + strlen(buffer->clock) + 2;

	put16(re, DAT_BUFFER);
	put32(re, (uint32_t)(8 + strings + 8 + 20 * buffer->cpu_count));
	tables[index] = re->out.length;
	put64(re, 0);
	put_string(re, buffer->name);
	put_string(re, buffer->clock);
	put32(re, (uint32_t)buffer->page_size);
	put32(re, (uint32_t)buffer->cpu_count);
	for (size_t i = 0; i < buffer->cpu_count; i++) {
		put32(re, (uint32_t)buffer->cpus[i]);
		put64(re, 0);
		put64(re, 0);
	}
}

static void put_v7_pages(struct reencode *re, size_t index, size_t table)
{
	const struct dat_buffer *buffer = &re->meta->buffers[index];
	size_t cpus = table + 8 + strlen(buffer->name) + strlen(buffer->clock) + 2 + 8;
	size_t begin = begin_section(re, DAT_BUFFER, re->compression != NULL);

	set64(re, table, begin - DAT_SECTION_HEADER_BYTES);
	for (size_t i = 0; i < buffer->cpu_count; i++) {
		size_t stream = find_stream(re, index, buffer->cpus[i]);
		uint64_t at, bytes;

		put_pages(re, stream, &at, &bytes);
		set64(re, cpus + 20 * i + 4, at);
		set64(re, cpus + 20 * i + 12, bytes);
	}
	set64(re, begin - 8, re->out.length - begin);
}

static void put_v7(struct reencode *re)
{
	static const struct {
		enum dat_option id;
		void (*put)(struct reencode *re);
	} bodies[] = { { DAT_HEADER_INFO, put_header_info },
		       { DAT_EVENT_FORMATS, put_formats },
		       { DAT_KALLSYMS, put_kallsyms },
		       { DAT_PRINTK, put_printk },
		       { DAT_CMDLINES, put_cmdlines } };
	enum { COUNT = sizeof(bodies) / sizeof(*bodies) };
	NK_FREE size_t *tables = xcalloc(re->meta->buffer_count + 1, sizeof(*tables));
	size_t places[COUNT], options_at, begin;

	put_start(re);
	put_string(re, re->compression ? re->compression : "none");
	put_string(re, "");
	options_at = re->out.length;
	put64(re, 0);
	for (size_t i = 0; i < COUNT; i++) {
		places[i] = re->out.length;
		begin = begin_section(re, bodies[i].id, re->compression != NULL);
		bodies[i].put(re);
		end_section(re, begin, re->compression != NULL);
	}
	set64(re, options_at, re->out.length);
	begin = begin_section(re, DAT_DONE, false);
	put_common_options(re);
	for (size_t i = 0; i < COUNT; i++) {
		put16(re, (uint16_t)bodies[i].id);
		put32(re, 8);
		put64(re, places[i]);
	}
	for (size_t i = 0; i < re->meta->buffer_count; i++)
		put_v7_buffer(re, i, tables);
	put16(re, DAT_DONE);
	put32(re, 8);
	put64(re, 0);
	end_section(re, begin, false);
	for (size_t i = 0; i < re->meta->buffer_count; i++)
		put_v7_pages(re, i, tables[i]);
}

static void take_options(struct reencode *re, int argc, char **argv)
{
	int option;

	while ((option = getopt(argc, argv, "v:bc:k:x:l:C:t:d:o:p")) != -1) {
		switch (option) {
		case 'v':
			re->version = atoi(optarg);
			break;
		case 'b':
			re->is_big = true;
			break;
		case 'c':
			re->compression = optarg;
			break;
		case 'k':
			re->keep = strtoull(optarg, NULL, 10);
			break;
		case 'x':
			re->left_out = atol(optarg);
			break;
		case 'l':
			if (sscanf(optarg, "%ld:%" SCNu64, &re->lossy, &re->lost) != 2)
				die("-l PAGE:COUNT");
			break;
		case 'C':
			re->clock = optarg;
			break;
		case 't':
			if (sscanf(optarg, "%" SCNu32 ":%" SCNu32, &re->multiplier, &re->shift) !=
			    2)
				die("-t MULTIPLIER:SHIFT");
			break;
		case 'd':
			re->date = optarg;
			break;
		case 'o':
			re->offset = optarg;
			break;
		case 'p':
			re->is_told = true;
			break;
		default:
			exit(2);
		}
	}
	if (argc - optind != 2)
		die("FROM and TO are missing");
}

int main(int argc, char **argv)
{
	struct reencode re = { .version = 7, .left_out = -1, .lossy = -1, .clock = "mono" };
	struct diags diags = { 0 };
	const char *incomplete;
	FILE *to;

	take_options(&re, argc, argv);
	if (dat_reader_open(argv[optind], &re.reader, &incomplete, &diags) < 0 || incomplete)
		die("FROM cannot be read");
	re.meta = dat_reader_meta(re.reader);
	re.source = dat_reader_pages(re.reader);
	if (re.meta->is_big_endian || re.meta->long_bytes != 8)
		die("FROM is not of a 64-bit little-endian machine");
	for (size_t i = 0; i < re.meta->event_count; i++)
		take_event(&re, re.meta->events[i].text);
	re.version == 6 ? put_v6(&re) : put_v7(&re);
	to = fopen(argv[optind + 1], "w");
	if (!to || fwrite(re.out.data, 1, re.out.length, to) != re.out.length || fclose(to) == EOF)
		die("TO cannot be written");
	for (size_t i = 0; i < re.event_count; i++)
		free(re.events[i].fields);
	free(re.events);
	free(re.out.data);
	dat_reader_close(re.reader);
	diags_clear(&diags);
	return EXIT_SUCCESS;
}
