/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One stream's pages to compressed chunks, in bounded memory: a chunk is read, compressed, written.
 */
#include "datfile/chunks.h"

#include <errno.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/bytes.h"

/* A reader expands one at a time for each CPU. */
#define CHUNK_BYTES (256 << 10)
#define SIZES_BYTES 8

static int read_at(int fd, unsigned char *bytes, size_t length, uint64_t offset)
{
	while (length) {
		ssize_t got = pread(fd, bytes, length, (off_t)offset);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got < 0 ? -errno : -EIO;
		bytes += got;
		offset += (uint64_t)got;
		length -= (size_t)got;
	}
	return 0;
}

/* Whole pages: each chunk is expanded by itself. Sizes of pages are powers of two. */
static size_t chunk_size(size_t page_size)
{
	return page_size > CHUNK_BYTES ? page_size : CHUNK_BYTES;
}

static int write_count(int to, uint64_t pages_bytes, size_t chunk, bool is_big_endian)
{
	unsigned char count[CHUNKS_COUNT_BYTES];

	bytes_put32(count, (uint32_t)((pages_bytes + chunk - 1) / chunk), is_big_endian);
	return file_write_all(to, count, sizeof(count));
}

int chunks_write(const struct compression *compression, bool is_big_endian, int from,
		 const struct dat_place *place, size_t page_size, int to, uint64_t *bytes)
{
	size_t chunk = chunk_size(page_size);
	size_t room = compression_bound(compression, chunk);
	NK_FREE unsigned char *pages = xmalloc(chunk);
	NK_FREE unsigned char *made = xmalloc(SIZES_BYTES + room);
	int ret = write_count(to, place->bytes, chunk, is_big_endian);

	*bytes = CHUNKS_COUNT_BYTES;
	for (uint64_t at = 0; !ret && at < place->bytes; at += chunk) {
		uint64_t left = place->bytes - at;
		size_t length = left < chunk ? (size_t)left : chunk;
		size_t size = 0;

		ret = read_at(from, pages, length, place->offset + at);
		if (!ret)
			ret = compression_shrink(compression, pages, length, made + SIZES_BYTES,
						 room, &size);
		if (ret)
			break;
		bytes_put32(made, (uint32_t)size, is_big_endian);
		bytes_put32(made + 4, (uint32_t)length, is_big_endian);
		ret = file_write_all(to, made, SIZES_BYTES + size);
		*bytes += SIZES_BYTES + size;
	}
	return ret;
}
