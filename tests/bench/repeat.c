/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A recording in, a longer one of the same kernel out, to measure by: repeat FROM TO RECORDS
 * [LOST]. The records follow each other again and again with their time moved on, in pages filled
 * as the kernel fills them, until there are at least so many; formats, names and descriptions stay.
 * LOST events are said to be lost before each hundredth page that has room for the number.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/diag.h"
#include "datfile/reader.h"
#include "datfile/writer.h"
#include "decode/walk.h"

#define HEADER_BYTES 16
#define DELTA_MAX    ((1U << 27) - 1)
#define SHORT_MAX    (28 * 4)
#define TYPE_EXTEND  30
#define LOSSY_PAGES  100
#define LOST	     (UINT64_C(3) << 30) /* of the commit word: a count follows the data */

struct stored {
	uint64_t ts;
	uint32_t size;
	unsigned char *data;
};

struct stream {
	size_t buffer, cpu_index;
	struct stored *records;
	size_t record_count;
	unsigned char *page;
	size_t used;
	uint64_t ts; /* of the last record in page */
};

struct repeat {
	struct dat_reader *reader;
	const struct dat_meta *meta;
	struct page_source *source;
	struct dat_writer *writer;
	struct stream *streams;
	uint64_t first, last; /* of all records */
	uint64_t lost, page_count;
	size_t record_count;
};

static int fail(const char *what, int err, struct diags *diags)
{
	diags_print(diags, stderr);
	fprintf(stderr, "repeat: %s: %s\n", what, strerror(-err));
	return EXIT_FAILURE;
}

/* Streams of a source are the CPUs of the first buffer, then those of the second ... */
static void find_place(const struct dat_meta *meta, const struct page_stream *from,
		       struct stream *to)
{
	const struct dat_buffer *buffer = &meta->buffers[from->instance];

	to->buffer = (size_t)from->instance;
	for (size_t i = 0; i < buffer->cpu_count; i++)
		if (buffer->cpus[i] == from->cpu)
			to->cpu_index = i;
}

static void take_page(struct repeat *repeat, struct stream *stream,
		      const struct walk_layout *layout, const void *page)
{
	struct walk_record record;
	struct walk_loss loss;
	struct walk walk;

	if (walk_start(&walk, layout, page, &loss) < 0)
		return;
	while (walk_next(&walk, &record) == 1) {
		struct stored *stored = array_add(&stream->records, &stream->record_count);

		*stored = (struct stored){ record.ts, record.size, xmalloc(record.size) };
		memcpy(stored->data, record.data, record.size);
		if (record.ts < repeat->first)
			repeat->first = record.ts;
		if (record.ts > repeat->last)
			repeat->last = record.ts;
		repeat->record_count++;
	}
}

static void take_all(struct repeat *repeat)
{
	struct walk_layout layout = { .page_size = repeat->source->page_size, .commit_bytes = 8 };
	const void *page;

	repeat->first = UINT64_MAX;
	repeat->streams = xcalloc(repeat->source->stream_count + 1, sizeof(struct stream));
	for (size_t i = 0; i < repeat->source->stream_count; i++) {
		struct stream *stream = &repeat->streams[i];

		find_place(repeat->meta, &repeat->source->streams[i], stream);
		stream->page = xcalloc(1, layout.page_size);
		while (repeat->source->ops->next(repeat->source, i, &page) == 1) {
			take_page(repeat, stream, &layout, page);
			repeat->source->ops->release(repeat->source, i, page);
		}
	}
}

static int write_page(struct repeat *repeat, struct stream *stream)
{
	uint64_t commit = stream->used - HEADER_BYTES;

	if (stream->used <= HEADER_BYTES)
		return 0;
	memset(stream->page + stream->used, 0, repeat->source->page_size - stream->used);
	if (repeat->lost > 0 && stream->used + 8 <= repeat->source->page_size &&
	    ++repeat->page_count % LOSSY_PAGES == 0) {
		memcpy(stream->page + stream->used, &repeat->lost, sizeof(repeat->lost));
		commit |= LOST;
	}
	memcpy(stream->page + 8, &commit, sizeof(commit));
	stream->used = 0;
	return dat_writer_write_page(repeat->writer, stream->buffer, stream->cpu_index,
				     stream->page, repeat->source->page_size);
}

static void put_word(struct stream *stream, uint32_t word)
{
	memcpy(stream->page + stream->used, &word, sizeof(word));
	stream->used += sizeof(word);
}

static int put_record(struct repeat *repeat, struct stream *stream, const struct stored *stored,
		      uint64_t ts)
{
	uint32_t size = (stored->size + 3) & ~3U;
	uint64_t delta = ts - stream->ts;
	int err = 0;

	if (stream->used + size + 16 > repeat->source->page_size)
		err = write_page(repeat, stream);
	if (stream->used == 0) {
		memcpy(stream->page, &ts, sizeof(ts));
		stream->used = HEADER_BYTES;
		delta = 0;
	}
	stream->ts = ts;
	if (delta > DELTA_MAX) {
		put_word(stream, (uint32_t)(delta & DELTA_MAX) << 5 | TYPE_EXTEND);
		put_word(stream, (uint32_t)(delta >> 27));
		delta = 0;
	}
	if (size <= SHORT_MAX && size > 0) {
		put_word(stream, (uint32_t)delta << 5 | size / 4);
	} else {
		put_word(stream, (uint32_t)delta << 5);
		put_word(stream, size + 4);
	}
	memset(stream->page + stream->used, 0, size);
	memcpy(stream->page + stream->used, stored->data, stored->size);
	stream->used += size;
	return err;
}

static int write_all(struct repeat *repeat, size_t wanted)
{
	uint64_t span = repeat->last - repeat->first + 1000;
	size_t count = repeat->source->stream_count;
	int err = 0;

	for (size_t round = 0; round * repeat->record_count < wanted; round++)
		for (size_t i = 0; i < count && !err; i++)
			for (size_t k = 0; k < repeat->streams[i].record_count && !err; k++)
				err = put_record(repeat, &repeat->streams[i],
						 &repeat->streams[i].records[k],
						 repeat->streams[i].records[k].ts + round * span);
	for (size_t i = 0; i < count && !err; i++)
		err = write_page(repeat, &repeat->streams[i]);
	return err;
}

static void clear(struct repeat *repeat)
{
	for (size_t i = 0; repeat->streams && i < repeat->source->stream_count; i++) {
		for (size_t k = 0; k < repeat->streams[i].record_count; k++)
			free(repeat->streams[i].records[k].data);
		free(repeat->streams[i].records);
		free(repeat->streams[i].page);
	}
	free(repeat->streams);
	dat_reader_close(repeat->reader);
}

int main(int argc, char **argv)
{
	struct repeat repeat = { 0 };
	struct diags diags = { 0 };
	const char *incomplete;

	if (argc != 4 && argc != 5) {
		fputs("usage: repeat FROM TO RECORDS [LOST]\n", stderr);
		return 2;
	}
	if (argc == 5)
		repeat.lost = strtoull(argv[4], NULL, 10);
	int err = dat_reader_open(argv[1], &repeat.reader, &incomplete, &diags);
	if (err)
		return fail(argv[1], err, &diags);
	repeat.meta = dat_reader_meta(repeat.reader);
	repeat.source = dat_reader_pages(repeat.reader);
	if (repeat.meta->is_big_endian || repeat.meta->long_bytes != 8)
		return fail("only of 64-bit little-endian kernels", -ENOTSUP, &diags);
	take_all(&repeat);
	if (repeat.record_count == 0)
		return fail("no records in it", -ENODATA, &diags);
	err = dat_writer_create(argv[2], repeat.meta, &repeat.writer, &diags);
	if (err)
		return fail(argv[2], err, &diags);
	err = write_all(&repeat, strtoull(argv[3], NULL, 10));
	if (!err)
		err = dat_writer_finish(repeat.writer, repeat.meta, &diags);
	if (err)
		return fail(argv[2], err, &diags);
	clear(&repeat);
	diags_clear(&diags);
	return EXIT_SUCCESS;
}
