/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Meta to a sparse file that pages can be written to, and its name.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/alloc.h"
#include "datfile/sparse.h"
#include "datfile/state.h"
#include "datfile/writer.h"

/* For what is known only at the end, where there is no room to write it anew. */
#define RESERVE_BYTES 65536

static size_t shared_bytes(const struct dat_writer *writer)
{
	return sizeof(struct writer_shared) + writer->image.stream_count * sizeof(uint64_t);
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
	(void)fcntl(writer->pipe_fds[1], F_SETPIPE_SZ, WRITER_PIPE_BYTES);
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

void writer_free(struct dat_writer *writer)
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
	int ret = newfile_open(&writer->place, WRITER_FILE_MODE, &writer->file);

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
