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

/* A multiple of every sub-buffer size; a reader expands one at a time for each CPU. */
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

static int write_count(int to, uint64_t pages_bytes, bool is_big_endian)
{
	unsigned char count[CHUNKS_COUNT_BYTES];

	bytes_put32(count, (uint32_t)((pages_bytes + CHUNK_BYTES - 1) / CHUNK_BYTES),
		    is_big_endian);
	return file_write_all(to, count, sizeof(count));
}

int chunks_write(const struct compression *compression, bool is_big_endian, int from,
		 const struct dat_place *place, int to, uint64_t *bytes)
{
	size_t room = compression_bound(compression, CHUNK_BYTES);
	NK_FREE unsigned char *pages = xmalloc(CHUNK_BYTES);
	NK_FREE unsigned char *made = xmalloc(SIZES_BYTES + room);
	int ret = write_count(to, place->bytes, is_big_endian);

	*bytes = CHUNKS_COUNT_BYTES;
	for (uint64_t at = 0; !ret && at < place->bytes; at += CHUNK_BYTES) {
		uint64_t left = place->bytes - at;
		size_t length = left < CHUNK_BYTES ? (size_t)left : CHUNK_BYTES;
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
