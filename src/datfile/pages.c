/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A file's pages, stream by stream: pointers into a map of it where they are stored as they are;
 * else, and where a stream is too large to be mapped, out of blocks that live until their last page
 * is released. Only whole pages whose header agrees with their size are given.
 */
#include "datfile/pages.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/bytes.h"

#define BLOCK_BYTES	 (1 << 20)
#define CHUNK_BYTES_MOST (64 << 20)
#define COMMIT_BYTES	 0x07ffffff /* the rest of the commit word is flags */
#define COMMIT_MISSED	 (UINT64_C(1) << 31)
#define COMMIT_STORED	 (UINT64_C(1) << 30) /* a count of the missed follows the data */

struct block {
	struct block *next;
	size_t length; /* a multiple of the page size */
	size_t given;
	size_t released;
	unsigned char bytes[];
};

struct stream {
	const struct parse_stream *info;
	size_t page_size;
	uint64_t at; /* in the file: of the next page, or of what the next block is made from */
	bool has_begun;
	bool has_ended;
	uint32_t chunks_left;
	unsigned char *map; /* aligned down to a page of this machine */
	size_t map_bytes;
	const unsigned char *pages; /* in the map */
	struct block *oldest, *newest;
};

/* Where the header of a page has what; see events/header_page. */
struct header_layout {
	size_t commit_at;
	size_t commit_bytes;
	size_t data_at;
};

struct pages {
	struct page_source source;
	const struct parse *parse;
	struct header_layout header;
	struct stream *streams;
};

/* "field: local_t commit;\toffset:8;\tsize:8;\tsigned:1;" */
static bool header_number(const char *text, const char *field, const char *what, size_t *number)
{
	const char *line = strstr(text, field);
	const char *found = line ? strstr(line, what) : NULL;
	const char *end = line ? strchr(line, '\n') : NULL;

	if (!found || (end && found > end))
		return false;
	*number = strtoul(found + strlen(what), NULL, 10);
	return true;
}

static struct header_layout find_layout(const struct dat_meta *meta)
{
	struct header_layout layout = { 8, meta->long_bytes, 8 + meta->long_bytes };
	struct header_layout read = { 0 };
	const char *text = meta->header_page;

	if (text && header_number(text, " commit;", "offset:", &read.commit_at) &&
	    header_number(text, " commit;", "size:", &read.commit_bytes) &&
	    header_number(text, " data;", "offset:", &read.data_at) &&
	    (read.commit_bytes == 4 || read.commit_bytes == 8) && read.commit_at == 8 &&
	    read.data_at == 8 + read.commit_bytes)
		return read;
	return layout;
}

/*
 * The flags are 32 bits wide, as the kernel writes them: it adds (1 << 31), an int, to a long, so
 * that the upper half of eight bytes is all ones then.
 */
static bool commit_of(const struct pages *pages, const unsigned char *page, uint32_t *commit)
{
	bool is_big = pages->parse->meta.is_big_endian;
	const unsigned char *at = page + pages->header.commit_at;
	uint64_t word;

	if (pages->header.commit_bytes == 4) {
		*commit = bytes_get32(at, is_big);
		return true;
	}
	word = bytes_get64(at, is_big);
	*commit = (uint32_t)word;
	return word >> 32 == 0 || (word >> 32 == UINT32_MAX && (*commit & COMMIT_MISSED));
}

/* 1: it is to be given; 0: there is nothing in it; -EBADMSG: it cannot be what the kernel wrote. */
static int judge(const struct pages *pages, const struct stream *stream, const unsigned char *page)
{
	uint32_t commit;
	uint64_t used;

	if (!commit_of(pages, page, &commit))
		return -EBADMSG;
	/*
	 * Each page of the kernel has a time. All zeros are what a power failure leaves of a page
	 * whose size was written before it.
	 */
	if (commit == 0)
		return bytes_get64(page, pages->parse->meta.is_big_endian) == 0 ? -EBADMSG : 0;
	used = (commit & COMMIT_BYTES) + pages->header.data_at;
	/* The count is a long, too. */
	if ((commit & COMMIT_MISSED) && (commit & COMMIT_STORED))
		used += pages->header.commit_bytes;
	if (commit & ~(COMMIT_BYTES | COMMIT_MISSED | COMMIT_STORED))
		return -EBADMSG;
	return used <= stream->page_size ? 1 : -EBADMSG;
}

static struct block *add_block(struct stream *stream, size_t length)
{
	size_t rounded = (length + stream->page_size - 1) / stream->page_size * stream->page_size;
	struct block *block = xcalloc(1, sizeof(*block) + rounded);

	block->length = rounded;
	if (stream->newest)
		stream->newest->next = block;
	else
		stream->oldest = block;
	stream->newest = block;
	return block;
}

static void drop_oldest(struct stream *stream)
{
	struct block *block = stream->oldest;

	stream->oldest = block->next;
	if (!stream->oldest)
		stream->newest = NULL;
	free(block);
}

static void drop_newest(struct stream *stream)
{
	struct block **link = &stream->oldest;
	struct block *before = NULL;

	while (*link != stream->newest) {
		before = *link;
		link = &before->next;
	}
	free(stream->newest);
	*link = NULL;
	stream->newest = before;
}

/* Blocks that have given everything and got it back. */
static void drop_done(struct stream *stream)
{
	while (stream->oldest && stream->oldest->given == stream->oldest->length &&
	       stream->oldest->released >= stream->oldest->given)
		drop_oldest(stream);
}

static void map_stream(struct pages *pages, struct stream *stream)
{
	const struct parse_stream *info = stream->info;
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	uint64_t begin = info->offset / page * page;
	uint64_t length = info->offset - begin + info->bytes;
	void *map;

	if (length > SIZE_MAX / 2) {
		pages->source.is_lasting = false;
		return;
	}
	map = mmap(NULL, (size_t)length, PROT_READ, MAP_SHARED, pages->parse->fd, (off_t)begin);
	if (map == MAP_FAILED) {
		pages->source.is_lasting = false;
		return;
	}
	(void)madvise(map, (size_t)length, MADV_SEQUENTIAL);
	stream->map = map;
	stream->map_bytes = (size_t)length;
	stream->pages = stream->map + (info->offset - begin);
}

static uint64_t stream_end(const struct stream *stream)
{
	return stream->info->offset + stream->info->bytes;
}

/* As many pages as make a block, or what is left of the stream. */
static int load_plain(struct pages *pages, struct stream *stream)
{
	uint64_t left = stream_end(stream) - stream->at;
	size_t most = BLOCK_BYTES < stream->page_size ? stream->page_size : BLOCK_BYTES;
	size_t length = left < most ? (size_t)left : most;
	struct block *block;
	int ret;

	length -= length % stream->page_size;
	if (!length) {
		stream->has_ended = true;
		return 0;
	}
	block = add_block(stream, length);
	ret = parse_read(pages->parse, stream->at, block->bytes, length);
	stream->at += length;
	if (ret < 0)
		drop_newest(stream);
	return ret < 0 ? ret : 1;
}

static int read_u32(const struct pages *pages, uint64_t offset, uint32_t *value)
{
	unsigned char bytes[4];
	int ret = parse_read(pages->parse, offset, bytes, sizeof(bytes));

	if (!ret)
		*value = bytes_get32(bytes, pages->parse->meta.is_big_endian);
	return ret;
}

static int expand_chunk(struct pages *pages, struct stream *stream, uint64_t offset,
			uint32_t from_length, uint32_t length)
{
	NK_FREE unsigned char *from = xmalloc(from_length);
	struct block *block;
	int ret = parse_read(pages->parse, offset, from, from_length);

	if (ret < 0)
		return ret;
	block = add_block(stream, length);
	ret = compression_expand(pages->parse->compression, from, from_length, block->bytes,
				 length);
	if (ret < 0) {
		drop_newest(stream);
		return -EBADMSG;
	}
	return 1;
}

/* A chunk that is damaged is left out where its length lets the next one be found. */
static int load_chunk(struct pages *pages, struct stream *stream)
{
	uint32_t from_length = 0, length = 0;
	uint64_t at = stream->at;

	if (!stream->chunks_left) {
		stream->has_ended = true;
		return 0;
	}
	stream->chunks_left--;
	if (read_u32(pages, at, &from_length) < 0 || read_u32(pages, at + 4, &length) < 0 ||
	    from_length > CHUNK_BYTES_MOST || length > CHUNK_BYTES_MOST || !length ||
	    from_length > pages->parse->file_bytes - at - 8) {
		stream->has_ended = true;
		return -EBADMSG;
	}
	stream->at = at + 8 + from_length;
	return expand_chunk(pages, stream, at + 8, from_length, length);
}

/* 1: the newest block has pages to give. */
static int load_block(struct pages *pages, struct stream *stream)
{
	drop_done(stream);
	if (stream->newest && stream->newest->given < stream->newest->length)
		return 1;
	if (stream->has_ended)
		return 0;
	return stream->info->is_compressed ? load_chunk(pages, stream) : load_plain(pages, stream);
}

static int begin_stream(struct pages *pages, struct stream *stream)
{
	const struct parse_stream *info = stream->info;

	stream->has_begun = true;
	stream->at = info->offset;
	stream->has_ended = !info->bytes;
	if (!info->bytes)
		return 0;
	if (!info->is_compressed) {
		map_stream(pages, stream);
		return 0;
	}
	if (!pages->parse->compression || read_u32(pages, stream->at, &stream->chunks_left) < 0) {
		stream->has_ended = true;
		return -EBADMSG;
	}
	stream->at += 4;
	return 0;
}

/* The next page, whatever is in it. */
static int take_page(struct pages *pages, struct stream *stream, const unsigned char **page)
{
	int ret;

	if (stream->pages && stream_end(stream) - stream->at >= stream->page_size) {
		*page = stream->pages + (stream->at - stream->info->offset);
		stream->at += stream->page_size;
		return 1;
	}
	ret = load_block(pages, stream);
	if (ret <= 0)
		return ret;
	*page = stream->newest->bytes + stream->newest->given;
	stream->newest->given += stream->page_size;
	return 1;
}

static void release_page(struct stream *stream, const unsigned char *page)
{
	if (stream->map && page >= stream->map && page < stream->map + stream->map_bytes)
		return;
	for (struct block *block = stream->oldest; block; block = block->next) {
		if (page >= block->bytes && page < block->bytes + block->length) {
			block->released += stream->page_size;
			return;
		}
	}
}

static int pages_next(struct page_source *source, size_t index, const void **page)
{
	struct pages *pages = (struct pages *)source;
	struct stream *stream = &pages->streams[index];
	const unsigned char *taken;
	int ret = 0;

	if (!stream->has_begun)
		ret = begin_stream(pages, stream);
	if (ret < 0)
		return ret;
	for (;;) {
		ret = take_page(pages, stream, &taken);
		if (ret <= 0)
			return ret;
		ret = judge(pages, stream, taken);
		if (ret == 1) {
			*page = taken;
			return 1;
		}
		release_page(stream, taken);
		if (ret < 0)
			return ret;
	}
}

static void pages_release(struct page_source *source, size_t index, const void *page)
{
	release_page(&((struct pages *)source)->streams[index], page);
}

static int pages_wait(struct page_source *source, int wake_fd, int timeout_ms)
{
	(void)source;
	(void)wake_fd;
	(void)timeout_ms;
	return 0;
}

static void pages_close(struct page_source *source)
{
	struct pages *pages = (struct pages *)source;

	for (size_t i = 0; i < source->stream_count; i++) {
		struct stream *stream = &pages->streams[i];

		while (stream->oldest)
			drop_oldest(stream);
		if (stream->map)
			munmap(stream->map, stream->map_bytes);
	}
	free((void *)source->streams);
	free(pages->streams);
	free(pages);
}

static const struct page_source_ops pages_ops = {
	.next = pages_next,
	.release = pages_release,
	.wait = pages_wait,
	.close = pages_close,
};

struct page_source *pages_new(const struct parse *parse)
{
	struct pages *pages = xcalloc(1, sizeof(*pages));
	struct page_stream *streams = xcalloc(parse->stream_count, sizeof(*streams));

	pages->parse = parse;
	pages->header = find_layout(&parse->meta);
	pages->streams = xcalloc(parse->stream_count, sizeof(*pages->streams));
	pages->source = (struct page_source){
		.ops = &pages_ops,
		.streams = streams,
		.stream_count = parse->stream_count,
		.page_size = parse->meta.page_size,
		.is_lasting = true,
	};
	for (size_t i = 0; i < parse->stream_count; i++) {
		const struct parse_stream *info = &parse->streams[i];
		size_t page_size = parse->meta.buffers[info->buffer].page_size;

		streams[i] = (struct page_stream){ info->cpu, (int)info->buffer, page_size };
		pages->streams[i].info = info;
		if (info->is_compressed)
			pages->source.is_lasting = false;
		pages->streams[i].page_size = page_size;
		if (page_size > pages->source.page_size)
			pages->source.page_size = page_size;
	}
	return &pages->source;
}
