/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pages to a trace.dat that can be read at any moment. A page is in the file before the size that
 * covers it is published.
 */
#include "datfile/writer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/file.h"
#include "datfile/sparse.h"
#include "datfile/state.h"
#include "ring/raw.h"

#define BYTES_PER_CALL (8 << 20)

/* How many bytes at the beginning of the file tell that it still is what was written. */
#define MARK_BYTES 16

uint64_t writer_published(const struct dat_writer *writer, size_t stream)
{
	return writer->shared->sizes[stream];
}

int writer_put_at(const struct dat_writer *writer, const void *bytes, size_t length,
		  uint64_t offset)
{
	ssize_t done;

	do {
		done = pwrite(writer->fd, bytes, length, (off_t)offset);
	} while (done < 0 && errno == EINTR);
	if (done < 0)
		return -errno;
	return (size_t)done == length ? 0 : -EIO;
}

/*
 * By a write, which a kill does not part. In memory first: what is in the file and in no size that
 * is known to the process that finishes it would be lost.
 */
static int publish(const struct dat_writer *writer, size_t stream, uint64_t bytes)
{
	unsigned char size[8];

	writer->shared->sizes[stream] = bytes;
	bytes_put64(size, bytes, writer->image.is_big_endian);
	return writer_put_at(writer, size, sizeof(size), writer->image.place_at[stream] + 8);
}

/* What the file has at least, as long as nobody else makes it shorter. */
static uint64_t bytes_written(const struct dat_writer *writer)
{
	uint64_t least = writer->image.bytes.length;

	for (size_t i = 0; i < writer->image.stream_count; i++) {
		uint64_t end = writer->image.places[i].offset + writer_published(writer, i);

		if (writer_published(writer, i) && end > least)
			least = end;
	}
	return least;
}

int writer_check_file(const struct dat_writer *writer)
{
	unsigned char mark[MARK_BYTES];
	struct stat status;
	ssize_t got;

	if (fstat(writer->fd, &status) < 0)
		return -errno;
	do {
		got = pread(writer->fd, mark, sizeof(mark), 0);
	} while (got < 0 && errno == EINTR);
	if (got < 0)
		return -errno;
	if (got < MARK_BYTES || memcmp(mark, writer->image.bytes.data, MARK_BYTES) != 0 ||
	    (uint64_t)status.st_size < bytes_written(writer))
		writer->shared->is_spoilt = true;
	return writer->shared->is_spoilt ? -ESTALE : 0;
}

/*
 * First of the sizes, then of what they cover: a kill in between leaves a recording without events.
 * For pages that are in hand already, so that none go where none come. File systems that make no
 * holes keep the old pages, in no size, until new ones are written over them.
 */
static int clear_stale(struct dat_writer *writer)
{
	int mode = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;

	if (!writer->is_stale)
		return 0;
	writer->is_stale = false;
	for (size_t i = 0; i < writer->image.stream_count; i++) {
		uint64_t bytes = writer_published(writer, i);

		int ret = publish(writer, i, 0);

		if (ret < 0)
			return ret;
		if (bytes &&
		    fallocate(writer->fd, mode, (off_t)writer->image.places[i].offset,
			      (off_t)bytes) < 0 &&
		    errno != EOPNOTSUPP)
			return -errno;
	}
	return 0;
}

static uint64_t room_left(const struct dat_writer *writer, size_t stream)
{
	return writer->is_stale ? writer->room : writer->room - writer_published(writer, stream);
}

static uint64_t bytes_left(const struct dat_writer *writer)
{
	uint64_t size = writer->is_stale ? 0 : dat_writer_size(writer);

	return size < writer->limit ? writer->limit - size : 0;
}

static off_t end_of(const struct dat_writer *writer, size_t stream)
{
	return (off_t)(writer->image.places[stream].offset + writer_published(writer, stream));
}

int dat_writer_write_page(struct dat_writer *writer, size_t buffer, size_t cpu_index,
			  const void *page, size_t size)
{
	static const unsigned char zeros[4096];
	size_t stream = writer->first_stream[buffer] + cpu_index;
	size_t page_size = writer->page_sizes[buffer];
	int ret = writer->failed;

	if (size > page_size)
		return -EINVAL;
	if (!ret && room_left(writer, stream) < page_size)
		return -EFBIG;
	if (!ret)
		ret = writer_check_file(writer);
	if (!ret)
		ret = clear_stale(writer);
	if (!ret)
		ret = sparse_write_at(writer->fd, page, size, (uint64_t)end_of(writer, stream));
	for (size_t left = page_size - size; !ret && left;) {
		size_t part = left < sizeof(zeros) ? left : sizeof(zeros);

		ret = file_write_all(writer->fd, zeros, part);
		left -= part;
	}
	if (!ret)
		ret = publish(writer, stream, writer_published(writer, stream) + page_size);
	writer->failed = ret;
	return ret;
}

/* What is in the pipe into the file, as far as that has room: *left did not go. */
static int move_on(struct dat_writer *writer, off_t offset, size_t *left)
{
	while (*left) {
		ssize_t moved = splice(writer->pipe_fds[0], NULL, writer->fd, &offset, *left,
				       SPLICE_F_MOVE);

		if (moved < 0 && errno == EINTR)
			continue;
		if (moved <= 0)
			return moved < 0 ? -errno : -EIO;
		*left -= (size_t)moved;
	}
	return 0;
}

/*
 * What is in the pipe to the end of a stream. It is nowhere else any more: of what the file did not
 * take whole, the pages that it did take are kept; the rest is in the way of all that would follow.
 */
static int drain_pipe(struct dat_writer *writer, size_t stream, size_t page_size, size_t bytes)
{
	size_t left = bytes;
	int ret = bytes ? writer_check_file(writer) : 0;

	if (!ret && bytes)
		ret = clear_stale(writer);
	if (!ret)
		ret = move_on(writer, end_of(writer, stream), &left);

	size_t whole = (bytes - left) / page_size * page_size;
	int unpublished =
		whole ? publish(writer, stream, writer_published(writer, stream) + whole) : 0;

	if (!ret)
		ret = unpublished;
	writer->failed = ret;
	return ret;
}

/* What may be moved at once, in whole pages; there is room for one. */
static size_t most_at_once(const struct dat_writer *writer, size_t stream, size_t page_size)
{
	uint64_t most = WRITER_PIPE_BYTES;

	if (writer->limit && bytes_left(writer) < most)
		most = bytes_left(writer);
	if (room_left(writer, stream) < most)
		most = room_left(writer, stream);
	return most < page_size ? page_size : (size_t)most / page_size * page_size;
}

static int take(struct dat_writer *writer, int raw_fd, size_t most, size_t page_size, size_t *bytes)
{
	ssize_t taken;

	do {
		taken = splice(raw_fd, NULL, writer->pipe_fds[1], NULL, most,
			       SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
	} while (taken < 0 && errno == EINTR);
	if (taken < 0)
		return raw_is_empty(errno) ? 0 : -errno;
	*bytes = (size_t)taken;
	/* Half a page would put all that follow out of step. */
	return *bytes % page_size ? -EIO : 0;
}

/* One pipe full: *bytes 0 where nothing is ready. */
static int splice_once(struct dat_writer *writer, size_t stream, size_t page_size, int raw_fd,
		       size_t *bytes)
{
	size_t most;
	int ret = 0;

	*bytes = 0;
	if (dat_writer_is_full(writer))
		return 0;
	if (room_left(writer, stream) < page_size)
		return -EFBIG;
	most = most_at_once(writer, stream, page_size);
	if (writer->reserves)
		ret = sparse_reserve(writer->fd, end_of(writer, stream), page_size, &most);
	if (ret < 0)
		return ret;
	ret = take(writer, raw_fd, most, page_size, bytes);
	if (!ret)
		ret = drain_pipe(writer, stream, page_size, *bytes);
	if (!ret && writer->reserves)
		sparse_release(writer->fd, end_of(writer, stream), most - *bytes);
	return ret;
}

/*
 * splice(2) leaves the page that the kernel still writes to; read(2) takes what is in it. Once:
 * while events come there is always something in it, and each time it costs a page.
 */
static int read_rest(struct dat_writer *writer, size_t buffer, size_t cpu_index, int raw_fd,
		     size_t *bytes)
{
	off_t end = end_of(writer, writer->first_stream[buffer] + cpu_index);
	size_t page_size = writer->page_sizes[buffer], room = page_size;
	ssize_t got;
	int ret = 0;

	if (dat_writer_is_full(writer))
		return 0;
	/* What has been read is nowhere else. */
	if (room_left(writer, writer->first_stream[buffer] + cpu_index) < page_size)
		return -EFBIG;
	if (writer->reserves)
		ret = sparse_reserve(writer->fd, end, page_size, &room);
	if (ret < 0)
		return ret;
	got = raw_read(raw_fd, writer->page, page_size);
	if (got <= 0)
		return (int)got;
	ret = dat_writer_write_page(writer, buffer, cpu_index, writer->page, (size_t)got);
	if (!ret)
		*bytes += page_size;
	return ret;
}

int dat_writer_splice(struct dat_writer *writer, size_t buffer, size_t cpu_index, int raw_fd,
		      bool partial, size_t *bytes)
{
	size_t stream = writer->first_stream[buffer] + cpu_index;
	size_t total = 0, moved;
	int ret = writer->failed;

	if (ret < 0)
		return ret;
	do {
		ret = splice_once(writer, stream, writer->page_sizes[buffer], raw_fd, &moved);
		total += moved;
	} while (!ret && moved && total < BYTES_PER_CALL);
	if (!ret && !moved && partial)
		ret = read_rest(writer, buffer, cpu_index, raw_fd, &total);
	if (!ret || ret == -EFBIG)
		*bytes = total;
	else
		writer->failed = ret;
	return ret;
}

int dat_writer_say(const char *path, int err, struct diags *diags)
{
	if (err == -ESTALE)
		return err;
	if (err == -EFBIG)
		return diag_error(diags, EFBIG,
				  "'%s' has no more room for the events of one CPU; what was "
				  "recorded is in it",
				  path);
	return diag_error(diags, -err, "cannot write '%s': %s", path, strerror(-err));
}

uint64_t dat_writer_size(const struct dat_writer *writer)
{
	uint64_t size = 0;

	for (size_t i = 0; i < writer->image.stream_count; i++)
		size += writer_published(writer, i);
	return size;
}

void dat_writer_reserve(struct dat_writer *writer)
{
	writer->reserves = true;
}

void dat_writer_limit(struct dat_writer *writer, uint64_t bytes)
{
	writer->limit = bytes;
}

bool dat_writer_is_full(const struct dat_writer *writer)
{
	return writer->limit && bytes_left(writer) == 0;
}

void dat_writer_renew(struct dat_writer *writer)
{
	writer->is_stale = true;
}

void dat_writer_compress(struct dat_writer *writer, const struct compression *compression)
{
	writer->compression = compression;
}
