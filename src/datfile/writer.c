/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Meta and pages to a trace.dat that can be read at any moment. A page is in the file before the
 * size that covers it is published. The sizes are also in memory that a fork shares, so that either
 * process can finish the file; and not in a mapping of it: who truncates the file would kill both.
 */
#include "datfile/writer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/bytes.h"
#include "base/file.h"
#include "datfile/compact.h"
#include "datfile/format.h"
#include "datfile/image.h"
#include "datfile/newfile.h"
#include "datfile/sparse.h"
#include "ring/raw.h"

#define FILE_MODE 0640

#define PIPE_BYTES     (1 << 20)
#define BYTES_PER_CALL (8 << 20)

/* For what is known only at the end, where there is no room to write it anew. */
#define RESERVE_BYTES 65536

/* How many bytes at the beginning of the file tell that it still is what was written. */
#define MARK_BYTES 16

/* What the process that writes and the one that finishes have in common. */
struct shared {
	bool is_spoilt;	  /* somebody else has changed the file */
	uint64_t sizes[]; /* by stream: bytes of pages */
};

struct dat_writer {
	struct newfile_place place;
	struct newfile file;
	int fd; /* of file */
	int pipe_fds[2];
	struct dat_image image; /* as it was written, but for the sizes */
	size_t *first_stream;	/* by buffer */
	size_t *page_sizes;	/* by buffer */
	uint64_t room;		/* of a stream */
	uint64_t limit;		/* of all pages; 0: none */
	const struct compression *compression;
	struct shared *shared;
	unsigned char *page; /* for read(2) */
	int failed;	     /* -errno that ended the recording */
	bool is_stale;	     /* the pages that it has go when the next one comes */
	bool reserves;	     /* room, before anything is taken for it */
};

static size_t shared_bytes(const struct dat_writer *writer)
{
	return sizeof(struct shared) + writer->image.stream_count * sizeof(uint64_t);
}

static uint64_t published(const struct dat_writer *writer, size_t stream)
{
	return writer->shared->sizes[stream];
}

static int put_at(const struct dat_writer *writer, const void *bytes, size_t length,
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
	return put_at(writer, size, sizeof(size), writer->image.place_at[stream] + 8);
}

/* What the file has at least, as long as nobody else makes it shorter. */
static uint64_t bytes_written(const struct dat_writer *writer)
{
	uint64_t least = writer->image.bytes.length;

	for (size_t i = 0; i < writer->image.stream_count; i++) {
		uint64_t end = writer->image.places[i].offset + published(writer, i);

		if (published(writer, i) && end > least)
			least = end;
	}
	return least;
}

/* 0, or -ESTALE: somebody has truncated the file, or written another one into it. */
static int check_file(const struct dat_writer *writer)
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

static void note_buffers(struct dat_writer *writer, const struct dat_meta *meta)
{
	size_t stream = 0, largest = 0;

	writer->first_stream = xcalloc(meta->buffer_count, sizeof(*writer->first_stream));
	writer->page_sizes = xcalloc(meta->buffer_count, sizeof(*writer->page_sizes));
	for (size_t i = 0; i < meta->buffer_count; i++) {
		writer->first_stream[i] = stream;
		writer->page_sizes[i] = meta->buffers[i].page_size;
		stream += meta->buffers[i].cpu_count;
		if (meta->buffers[i].page_size > largest)
			largest = meta->buffers[i].page_size;
	}
	writer->page = xmalloc(largest);
}

static int lay_out(struct dat_writer *writer, const struct dat_meta *meta)
{
	size_t streams = writer->image.stream_count;
	NK_FREE uint64_t *rooms = xcalloc(streams, sizeof(*rooms));
	int ret =
		sparse_choose_room(writer->fd, streams, writer->image.bytes.length, &writer->room);

	if (ret < 0)
		return ret;
	for (size_t i = 0; i < streams; i++)
		rooms[i] = writer->room;
	dat_image_lay_out(&writer->image, meta, rooms, SPARSE_ALIGNMENT);
	return sparse_write_image(writer->fd, &writer->image);
}

static int share_sizes(struct dat_writer *writer)
{
	void *shared = mmap(NULL, shared_bytes(writer), PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (shared == MAP_FAILED)
		return -errno;
	writer->shared = shared;
	return 0;
}

static int open_pipe(struct dat_writer *writer)
{
	if (pipe2(writer->pipe_fds, O_CLOEXEC | O_NONBLOCK) < 0)
		return -errno;
	/* A smaller pipe does as well, in more calls. */
	(void)fcntl(writer->pipe_fds[1], F_SETPIPE_SZ, PIPE_BYTES);
	return 0;
}

static int check_meta(const struct dat_meta *meta, struct diags *diags)
{
	for (size_t i = 0; i < meta->buffer_count; i++) {
		size_t size = meta->buffers[i].page_size;

		if (size < 1024 || size > (16 << 20) || SPARSE_ROOM_LEAST % size)
			return diag_error(diags, EINVAL, "cannot record sub-buffers of %zu bytes",
					  size);
	}
	return 0;
}

static void writer_free(struct dat_writer *writer)
{
	if (writer->shared)
		munmap(writer->shared, shared_bytes(writer));
	newfile_close(&writer->file);
	for (int i = 0; i < 2; i++)
		if (writer->pipe_fds[i] >= 0)
			close(writer->pipe_fds[i]);
	newfile_place_close(&writer->place);
	dat_image_clear(&writer->image);
	free(writer->first_stream);
	free(writer->page_sizes);
	free(writer->page);
	free(writer);
}

static int create_file(struct dat_writer *writer, const struct dat_meta *meta)
{
	int ret = newfile_open(&writer->place, FILE_MODE, &writer->file);

	if (ret < 0)
		return ret;
	writer->fd = writer->file.fd;
	ret = lay_out(writer, meta);
	return ret ? ret : share_sizes(writer);
}

static int create_failed(const struct newfile_place *place, int err, struct diags *diags)
{
	const char *path = place->path;

	if (err == EOPNOTSUPP)
		return diag_error(diags, err,
				  "cannot record to '%s': its file system cannot leave holes in a "
				  "file; record to another one, and copy",
				  path);
	if (err == EFBIG)
		return diag_error(diags, err,
				  "cannot record to '%s': its file system or 'ulimit -f' allows no "
				  "file large enough",
				  path);
	return newfile_refused(place, -err, diags);
}

int dat_writer_prepare(const char *path, const struct dat_meta *meta, struct dat_writer **out,
		       struct diags *diags)
{
	struct dat_writer *writer;
	int ret = check_meta(meta, diags);

	if (ret < 0)
		return ret;
	writer = xcalloc(1, sizeof(*writer));
	writer->fd = writer->pipe_fds[0] = writer->pipe_fds[1] = writer->place.dir_fd = -1;
	writer->file.fd = writer->file.older_fd = -1;
	ret = newfile_place_open(path, &writer->place, diags);
	if (!ret) {
		note_buffers(writer, meta);
		dat_image_build(meta, RESERVE_BYTES, &writer->image);
		ret = create_file(writer, meta);
		if (!ret)
			ret = open_pipe(writer);
		if (ret < 0)
			create_failed(&writer->place, -ret, diags);
	}
	if (ret < 0)
		dat_writer_remove(writer);
	else
		*out = writer;
	return ret;
}

int dat_writer_take_name(struct dat_writer *writer, struct diags *diags)
{
	int ret = newfile_take_name(&writer->place, &writer->file);

	return ret < 0 ? create_failed(&writer->place, -ret, diags) : 0;
}

void dat_writer_settle(struct dat_writer *writer, struct diags *diags)
{
	NK_FREE char *older = xstrdup(writer->file.temporary ? writer->file.temporary : "");
	int ret = newfile_settle(&writer->place, &writer->file);

	if (ret < 0)
		diag_warning(diags, "the older '%s' stays beside it as '%s': %s",
			     writer->place.path, older, strerror(-ret));
}

int dat_writer_create(const char *path, const struct dat_meta *meta, struct dat_writer **out,
		      struct diags *diags)
{
	struct dat_writer *writer;
	int ret = dat_writer_prepare(path, meta, &writer, diags);

	if (ret < 0)
		return ret;
	ret = dat_writer_take_name(writer, diags);
	if (ret < 0) {
		dat_writer_remove(writer);
		return ret;
	}
	dat_writer_settle(writer, diags);
	*out = writer;
	return 0;
}

/*
 * First of the sizes, then of what they cover: a kill in between leaves a recording without events.
 * For pages that are in hand already, so that none go where none come.
 */
static int clear_stale(struct dat_writer *writer)
{
	int mode = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;

	if (!writer->is_stale)
		return 0;
	writer->is_stale = false;
	for (size_t i = 0; i < writer->image.stream_count; i++) {
		uint64_t bytes = published(writer, i);

		int ret = publish(writer, i, 0);

		if (ret < 0)
			return ret;
		if (bytes && fallocate(writer->fd, mode, (off_t)writer->image.places[i].offset,
				       (off_t)bytes) < 0)
			return -errno;
	}
	return 0;
}

static uint64_t room_left(const struct dat_writer *writer, size_t stream)
{
	return writer->is_stale ? writer->room : writer->room - published(writer, stream);
}

static uint64_t bytes_left(const struct dat_writer *writer)
{
	uint64_t size = writer->is_stale ? 0 : dat_writer_size(writer);

	return size < writer->limit ? writer->limit - size : 0;
}

static off_t end_of(const struct dat_writer *writer, size_t stream)
{
	return (off_t)(writer->image.places[stream].offset + published(writer, stream));
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
		ret = check_file(writer);
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
		ret = publish(writer, stream, published(writer, stream) + page_size);
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
	int ret = bytes ? check_file(writer) : 0;

	if (!ret && bytes)
		ret = clear_stale(writer);
	if (!ret)
		ret = move_on(writer, end_of(writer, stream), &left);

	size_t whole = (bytes - left) / page_size * page_size;
	int unpublished = whole ? publish(writer, stream, published(writer, stream) + whole) : 0;

	if (!ret)
		ret = unpublished;
	writer->failed = ret;
	return ret;
}

/* What may be moved at once, in whole pages; there is room for one. */
static size_t most_at_once(const struct dat_writer *writer, size_t stream, size_t page_size)
{
	uint64_t most = PIPE_BYTES;

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
		size += published(writer, i);
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

static size_t count_streams(const struct dat_meta *meta)
{
	size_t count = 0;

	for (size_t i = 0; i < meta->buffer_count; i++)
		count += meta->buffers[i].cpu_count;
	return count;
}

/* Into the file as it is: it needs no further room. As dat_image_addition(). */
static int add_in_place(struct dat_writer *writer, const struct dat_meta *meta)
{
	unsigned char next[8];
	struct text added;
	uint64_t list_offset;
	int left_out = dat_image_addition(&writer->image, meta, &added, &list_offset);
	int ret;

	if (left_out < 0)
		return left_out;
	bytes_put64(next, list_offset, writer->image.is_big_endian);
	ret = put_at(writer, added.data, added.length, writer->image.reserve_at);
	if (!ret)
		ret = put_at(writer, next, sizeof(next), writer->image.next_at);
	text_clear(&added);
	return ret ? ret : left_out;
}

static int write_compact(struct dat_writer *writer, const struct dat_meta *meta, char **beside)
{
	size_t streams = writer->image.stream_count;
	NK_FREE struct dat_place *places = xcalloc(streams, sizeof(*places));

	for (size_t i = 0; i < streams; i++)
		places[i] =
			(struct dat_place){ writer->image.places[i].offset, published(writer, i) };
	return compact_write(&writer->place, meta, writer->fd, places, writer->compression,
			     FILE_MODE, beside);
}

/* There was no room, or the like, for a compact one. As dat_writer_finish(). */
static int finish_sparse(struct dat_writer *writer, const struct dat_meta *meta, int err,
			 struct diags *diags)
{
	static const char *const without[] = { "", " and without the names of tasks",
					       " and without names of tasks and statistics of CPUs",
					       " and without its summary" };
	const char *path = writer->place.path;
	int left_out;

	if (newfile_has_name(&writer->place, writer->fd) == 0)
		return diag_error(diags, -err,
				  "'%s' was removed or replaced while it was recorded, and it "
				  "cannot be written anew: %s",
				  path, strerror(-err));
	left_out = add_in_place(writer, meta);
	diag_warning(diags, "'%s' stays sparse%s: %s", path, without[left_out < 0 ? 3 : left_out],
		     strerror(-err));
	return left_out < 0;
}

static int finish_file(struct dat_writer *writer, const struct dat_meta *meta, struct diags *diags)
{
	const char *path = writer->place.path;
	NK_FREE char *beside = NULL;
	int ret;

	ret = check_file(writer);
	if (ret != -ESTALE)
		ret = write_compact(writer, meta, &beside);
	/* Perhaps just now. */
	if (ret < 0 && check_file(writer) == -ESTALE)
		return diag_error(diags, ESTALE,
				  "'%s' was truncated or overwritten while it was recorded: what "
				  "it had is lost",
				  path);
	if (ret < 0)
		return finish_sparse(writer, meta, ret, diags);
	if (beside)
		return diag_error(diags, ESTALE,
				  "'%s' was replaced while it was recorded: the recording is '%s'",
				  path, beside);
	return 0;
}

int dat_writer_finish(struct dat_writer *writer, const struct dat_meta *meta, struct diags *diags)
{
	int ret;

	dat_writer_settle(writer, diags);
	if (count_streams(meta) == writer->image.stream_count)
		ret = finish_file(writer, meta, diags);
	else
		ret = diag_error(diags, EINVAL, "the recording's CPUs have changed");
	writer_free(writer);
	return ret;
}

void dat_writer_abandon(struct dat_writer *writer)
{
	dat_writer_settle(writer, NULL);
	writer_free(writer);
}

void dat_writer_remove(struct dat_writer *writer)
{
	newfile_discard(&writer->place, &writer->file);
	writer_free(writer);
}
