/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a sparse file is in the end: a compact one, or none.
 */
#include <errno.h>
#include <string.h>

#include "base/alloc.h"
#include "base/bytes.h"
#include "datfile/compact.h"
#include "datfile/state.h"
#include "datfile/writer.h"

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
	ret = writer_put_at(writer, added.data, added.length, writer->image.reserve_at);
	if (!ret)
		ret = writer_put_at(writer, next, sizeof(next), writer->image.next_at);
	text_clear(&added);
	return ret ? ret : left_out;
}

static int write_compact(struct dat_writer *writer, const struct dat_meta *meta, char **beside)
{
	size_t streams = writer->image.stream_count;
	NK_FREE struct dat_place *places = xcalloc(streams, sizeof(*places));

	for (size_t i = 0; i < streams; i++)
		places[i] = (struct dat_place){ writer->image.places[i].offset,
						writer_published(writer, i) };
	return compact_write(&writer->place, meta, writer->fd, places, writer->compression,
			     WRITER_FILE_MODE, beside);
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

	ret = writer_check_file(writer);
	if (ret != -ESTALE)
		ret = write_compact(writer, meta, &beside);
	/* Perhaps just now. */
	if (ret < 0 && writer_check_file(writer) == -ESTALE)
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
