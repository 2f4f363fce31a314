/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pages of a sparse file to a new file of the same pages, page-aligned, one CPU after the other. It
 * is on the disk before it takes the name: neither a kill nor a power failure leaves less than
 * there was.
 */
#include "datfile/compact.h"

#include <errno.h>
#include <stdint.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "datfile/chunks.h"
#include "datfile/format.h"

#define COPY_BYTES (1 << 20)

static int copy_by_hand(int from, off_t offset, int to, uint64_t left)
{
	NK_FREE unsigned char *bytes = xmalloc(COPY_BYTES);

	while (left) {
		ssize_t got = pread(from, bytes, left < COPY_BYTES ? left : COPY_BYTES, offset);
		int ret;

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got < 0 ? -errno : -EIO;
		ret = file_write_all(to, bytes, (size_t)got);
		if (ret < 0)
			return ret;
		offset += got;
		left -= (uint64_t)got;
	}
	return 0;
}

static bool is_unsupported(int err)
{
	return err == EXDEV || err == ENOSYS || err == EOPNOTSUPP || err == EINVAL;
}

/* To where the descriptor "to" stands. */
static int copy(int from, const struct dat_place *place, int to)
{
	off_t offset = (off_t)place->offset;
	uint64_t left = place->bytes;

	while (left) {
		size_t part = left < COPY_BYTES * 64 ? (size_t)left : COPY_BYTES * 64;
		ssize_t copied = copy_file_range(from, &offset, to, NULL, part, 0);

		if (copied < 0 && errno == EINTR)
			continue;
		/* Some file systems say 0 instead of that they cannot. */
		if (copied == 0 || (copied < 0 && is_unsupported(errno)))
			return copy_by_hand(from, offset, to, left);
		if (copied < 0)
			return -errno;
		left -= (uint64_t)copied;
	}
	return 0;
}

static int write_section_header(int fd, const struct dat_image *image, size_t buffer)
{
	unsigned char header[DAT_SECTION_HEADER_BYTES];

	dat_image_section_header(image, buffer, header);
	if (lseek(fd, (off_t)image->sections[buffer].offset, SEEK_SET) < 0)
		return -errno;
	return file_write_all(fd, header, sizeof(header));
}

static int write_pages(int to, const struct dat_image *image, const struct dat_meta *meta, int from,
		       const struct dat_place *places)
{
	int ret = file_write_all(to, image->bytes.data, image->bytes.length);
	size_t stream = 0;

	for (size_t i = 0; !ret && i < meta->buffer_count; i++) {
		ret = write_section_header(to, image, i);
		for (size_t j = 0; !ret && j < meta->buffers[i].cpu_count; j++, stream++) {
			if (lseek(to, (off_t)image->places[stream].offset, SEEK_SET) < 0)
				return -errno;
			ret = copy(from, &places[stream], to);
		}
	}
	return ret;
}

/* One buffer from *end on, which becomes its end; stream: its first. */
static int write_chunks(int to, struct dat_image *image, const struct dat_meta *meta, size_t buffer,
			size_t stream, int from, const struct dat_place *places, uint64_t *end)
{
	uint64_t begin = *end;
	int ret = 0;

	*end += DAT_SECTION_HEADER_BYTES;
	if (lseek(to, (off_t)*end, SEEK_SET) < 0)
		return -errno;
	for (size_t i = 0; !ret && i < meta->buffers[buffer].cpu_count; i++) {
		uint64_t bytes;

		ret = chunks_write(meta->compression, image->is_big_endian, from,
				   &places[stream + i], meta->buffers[buffer].page_size, to,
				   &bytes);
		dat_image_set_place(image, stream + i,
				    &(struct dat_place){ *end, bytes - CHUNKS_COUNT_BYTES });
		*end += bytes;
	}
	dat_image_set_section(
		image, buffer,
		&(struct dat_place){ begin, *end - begin - DAT_SECTION_HEADER_BYTES });
	return ret ? ret : write_section_header(to, image, buffer);
}

/* How long each stream becomes is known when it is written: the metadata last. */
static int write_compressed(int to, struct dat_image *image, const struct dat_meta *meta, int from,
			    const struct dat_place *places, uint64_t *end)
{
	size_t stream = 0;
	int ret = 0;

	*end = image->bytes.length;
	for (size_t i = 0; !ret && i < meta->buffer_count; i++) {
		ret = write_chunks(to, image, meta, i, stream, from, places, end);
		stream += meta->buffers[i].cpu_count;
	}
	if (!ret && lseek(to, 0, SEEK_SET) < 0)
		ret = -errno;
	return ret ? ret : file_write_all(to, image->bytes.data, image->bytes.length);
}

static uint64_t lay_out(struct dat_image *image, const struct dat_meta *meta,
			const struct dat_place *places)
{
	NK_FREE uint64_t *room = xcalloc(image->stream_count, sizeof(*room));
	size_t alignment = 4096;
	uint64_t end;

	for (size_t i = 0; i < meta->buffer_count; i++)
		if (meta->buffers[i].page_size > alignment)
			alignment = meta->buffers[i].page_size;
	for (size_t i = 0; i < image->stream_count; i++)
		room[i] = places[i].bytes;
	end = dat_image_lay_out(image, meta, room, alignment);
	for (size_t i = 0; i < image->stream_count; i++)
		dat_image_set_bytes(image, i, places[i].bytes);
	return end;
}

/*
 * Buffers with those of their CPUs that have pages: trace-cmd writes no others, and its convert
 * fails over a buffer that has CPUs and no pages. places becomes as short.
 */
static struct dat_buffer *without_empty(const struct dat_meta *meta, struct dat_place *places)
{
	struct dat_buffer *buffers = xcalloc(meta->buffer_count, sizeof(*buffers));
	size_t stream = 0, kept = 0;

	for (size_t i = 0; i < meta->buffer_count; i++) {
		buffers[i] = meta->buffers[i];
		buffers[i].cpus = NULL;
		buffers[i].cpu_count = 0;
		for (size_t j = 0; j < meta->buffers[i].cpu_count; j++, stream++) {
			if (!places[stream].bytes)
				continue;
			places[kept++] = places[stream];
			*(int *)array_add(&buffers[i].cpus, &buffers[i].cpu_count) =
				meta->buffers[i].cpus[j];
		}
	}
	return buffers;
}

static int write_file(int to, const struct dat_meta *meta, int from, const struct dat_place *places)
{
	struct dat_image image;
	uint64_t end;
	int ret;

	dat_image_build(meta, 0, &image);
	if (meta->compression) {
		ret = write_compressed(to, &image, meta, from, places, &end);
	} else {
		end = lay_out(&image, meta, places);
		ret = write_pages(to, &image, meta, from, places);
	}
	if (!ret && ftruncate(to, (off_t)end) < 0)
		ret = -errno;
	if (!ret && fdatasync(to) < 0)
		ret = -errno;
	dat_image_clear(&image);
	return ret;
}

int compact_write(const struct newfile_place *place, const struct dat_meta *meta, int fd,
		  struct dat_place *places, const struct compression *compression, mode_t mode,
		  char **beside)
{
	struct dat_meta compact = *meta;
	struct newfile file;
	int ret = newfile_open(place, mode, &file);

	if (ret < 0)
		return ret;
	compact.compression = compression;
	compact.buffers = without_empty(meta, places);
	ret = write_file(file.fd, &compact, fd, places);
	if (!ret)
		ret = newfile_replace(place, fd, &file, beside);
	if (ret < 0)
		newfile_discard(place, &file);
	else
		newfile_close(&file);
	for (size_t i = 0; i < compact.buffer_count; i++)
		free(compact.buffers[i].cpus);
	free(compact.buffers);
	return ret;
}
