/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * In: a path, limits, pages. Out: one file, or several of about --size bytes each.
 */
#include "cmd/volumes.h"

#include <errno.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "datfile/newfile.h"

static int create_one(const char *path, const struct options *options, const struct dat_meta *meta,
		      const struct compression *compression, struct volumes *volumes,
		      struct diags *diags)
{
	struct dat_writer *writer;
	int err = dat_writer_prepare(path, meta, &writer, diags);

	if (err)
		return err;
	dat_writer_limit(writer, options->size);
	dat_writer_compress(writer, compression);
	*array_add(&volumes->writers, &volumes->count) = writer;
	return 0;
}

int volumes_create(const char *path, const struct options *options, const struct dat_meta *meta,
		   struct volumes *out, struct diags *diags)
{
	const struct compression *compression = NULL;
	struct volumes volumes = { .rotates = options->rotate > 0 };
	size_t count = volumes.rotates ? options->rotate : 1;
	int err = 0;

	if (options->compress && compression_find("zstd", &compression) != 0)
		return diag_error(diags, ENOTSUP, "this nk is built without zstd");
	for (size_t i = 0; !err && i < count; i++) {
		NK_FREE char *name = volumes.rotates ? newfile_numbered(path, i) : xstrdup(path);

		err = create_one(name, options, meta, compression, &volumes, diags);
	}
	/* Names last: until each file has been made, and has got its own, the older ones stay. */
	for (size_t i = 0; !err && i < count; i++)
		err = dat_writer_take_name(volumes.writers[i], diags);
	if (err)
		volumes_remove(&volumes);
	else
		*out = volumes;
	return err;
}

void volumes_settle(struct volumes *volumes, struct diags *diags)
{
	for (size_t i = 0; i < volumes->count; i++)
		dat_writer_settle(volumes->writers[i], diags);
	volumes->is_settled = true;
}

void volumes_remove(struct volumes *volumes)
{
	for (size_t i = 0; i < volumes->count; i++)
		dat_writer_remove(volumes->writers[i]);
	free(volumes->writers);
	*volumes = (struct volumes){ 0 };
}

static void turn(struct volumes *volumes)
{
	volumes->current = (volumes->current + 1) % volumes->count;
	volumes->turns++;
	dat_writer_renew(volumes->writers[volumes->current]);
}

int volumes_splice(struct volumes *volumes, size_t buffer, size_t cpu_index, int raw_fd,
		   bool partial, size_t *bytes, bool *is_full)
{
	struct dat_writer *writer = volumes->writers[volumes->current];
	int err = dat_writer_splice(writer, buffer, cpu_index, raw_fd, partial, bytes);

	if (err == -EFBIG && volumes->rotates) {
		/* Nothing moved would mean that nothing is there. */
		turn(volumes);
		if (*bytes)
			return 0;
		writer = volumes->writers[volumes->current];
		err = dat_writer_splice(writer, buffer, cpu_index, raw_fd, partial, bytes);
	}
	if (err || !dat_writer_is_full(writer))
		return err;
	*is_full = !volumes->rotates;
	if (volumes->rotates)
		turn(volumes);
	return 0;
}

char *volumes_name(const struct volumes *volumes, const char *path)
{
	size_t newest = volumes->current;

	if (!volumes->rotates)
		return xstrdup(path);
	/* One whose turn has come, and which has nothing yet, may be taken away again. */
	if (volumes->turns > 0 && dat_writer_size(volumes->writers[newest]) == 0)
		newest = (newest + volumes->count - 1) % volumes->count;
	return newfile_numbered(path, newest);
}

uint64_t volumes_size(const struct volumes *volumes)
{
	uint64_t size = 0;

	for (size_t i = 0; i < volumes->count; i++)
		size += dat_writer_size(volumes->writers[i]);
	return size;
}

int volumes_finish(struct volumes *volumes, const struct dat_meta *meta, struct diags *diags)
{
	bool is_empty = volumes_size(volumes) == 0;
	int result = 0;

	for (size_t i = 0; i < volumes->count; i++) {
		int err = 0;

		if (dat_writer_size(volumes->writers[i]) > 0 || (is_empty && i == 0))
			err = dat_writer_finish(volumes->writers[i], meta, diags);
		else
			dat_writer_remove(volumes->writers[i]);
		if (result == 0 || (err < 0 && result > 0))
			result = err;
	}
	free(volumes->writers);
	*volumes = (struct volumes){ 0 };
	return result;
}

void volumes_abandon(struct volumes *volumes)
{
	for (size_t i = 0; i < volumes->count; i++) {
		/* Of those that stood by, nothing is to be read. */
		if (i > 0 && dat_writer_size(volumes->writers[i]) == 0)
			dat_writer_remove(volumes->writers[i]);
		else
			dat_writer_abandon(volumes->writers[i]);
	}
	free(volumes->writers);
	*volumes = (struct volumes){ 0 };
}
