/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A file to meta and pages: the header, which both versions begin with, and what becomes of the
 * rest.
 */
#include "datfile/reader.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "datfile/cursor.h"
#include "datfile/format.h"
#include "datfile/pages.h"
#include "datfile/parse.h"

#define HEADER_BYTES_MOST 256

struct dat_reader {
	struct parse parse;
	struct page_source *pages;
};

int dat_reader_open_file(const char *path, int *fd, struct diags *diags)
{
	NK_CLOSE int file = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat status;

	if (file < 0 || fstat(file, &status) < 0)
		return diag_error(diags, errno, "cannot open '%s': %s", path, strerror(errno));
	if (S_ISDIR(status.st_mode))
		return diag_error(diags, EISDIR, "cannot read '%s': it is a directory", path);
	if (!S_ISREG(status.st_mode))
		return diag_error(diags, EINVAL, "cannot read '%s': it is not a regular file",
				  path);
	*fd = file;
	file = -1;
	return 0;
}

static int take_file(struct parse *parse, int fd, const char *path, struct diags *diags)
{
	struct stat status;

	parse->fd = fd;
	if (fstat(fd, &status) < 0)
		return diag_error(diags, errno, "cannot read '%s': %s", path, strerror(errno));
	parse->file_bytes = (uint64_t)status.st_size;
	return 0;
}

static int read_compression(struct parse *parse, struct cursor *header, const char *path,
			    struct diags *diags)
{
	const char *name = cursor_string(header);

	cursor_string(header);
	if (name && compression_find(name, &parse->compression) < 0)
		return diag_error(diags, ENOTSUP,
				  "cannot read '%s': it is compressed by '%.32s', which this nk "
				  "was built without",
				  path, name);
	return 0;
}

/* Leaves the cursor behind what both versions have. */
static int read_header(struct parse *parse, struct cursor *header, const char *path,
		       struct diags *diags)
{
	const char *version;

	if (!cursor_skip(header, DAT_MAGIC, DAT_MAGIC_BYTES))
		return diag_error(diags, EINVAL, "'%s' is not a trace.dat", path);
	version = cursor_string(header);
	if (!version)
		return diag_error(diags, EINVAL, "'%s' is cut short within its header", path);
	if (strcmp(version, "6") && strcmp(version, "7"))
		return diag_error(
			diags, EINVAL,
			"'%s' is a trace.dat of version '%.16s', which is neither 6 nor 7", path,
			version);
	parse->version = version[0] - '0';
	parse->meta.is_big_endian = cursor_u8(header) != 0;
	parse->meta.long_bytes = cursor_u8(header);
	header->is_big_endian = parse->meta.is_big_endian;
	parse->meta.page_size = cursor_u32(header);
	return 0;
}

static int check_header(const struct parse *parse, const struct cursor *header, const char *path,
			struct diags *diags)
{
	size_t page_size = parse->meta.page_size;

	if (header->has_failed)
		return diag_error(diags, EINVAL, "'%s' is cut short within its header", path);
	if (parse->meta.long_bytes != 4 && parse->meta.long_bytes != 8)
		return diag_error(diags, EINVAL, "'%s' is damaged: longs of %u bytes", path,
				  parse->meta.long_bytes);
	if (page_size < PARSE_PAGE_LEAST || page_size > PARSE_PAGE_MOST)
		return diag_error(diags, EINVAL, "'%s' is damaged: pages of %zu bytes", path,
				  page_size);
	return 0;
}

static int parse_file(struct parse *parse, const char *path, struct diags *diags)
{
	unsigned char bytes[HEADER_BYTES_MOST] = { 0 };
	size_t length =
		parse->file_bytes < sizeof(bytes) ? (size_t)parse->file_bytes : sizeof(bytes);
	struct cursor header = cursor_over(bytes, length, false);
	uint64_t options_at = 0;
	int ret = parse_read(parse, 0, bytes, length);

	if (ret < 0)
		return diag_error(diags, -ret, "cannot read '%s': %s", path, strerror(-ret));
	ret = read_header(parse, &header, path, diags);
	if (!ret && parse->version == 7) {
		ret = read_compression(parse, &header, path, diags);
		options_at = cursor_u64(&header);
	}
	if (!ret)
		ret = check_header(parse, &header, path, diags);
	if (ret < 0)
		return ret;
	ret = parse->version == 7 ? parse_v7(parse, options_at)
				  : parse_v6(parse, (uint64_t)(header.at - bytes));
	if (ret < 0)
		return diag_error(diags, -ret, "cannot read '%s': %s", path, strerror(-ret));
	if (parse->has_text && !parse->stream_count)
		return diag_error(diags, EINVAL,
				  "'%s' holds the text of a latency tracer, not recorded events",
				  path);
	return 0;
}

/* The machine has every CPU that has pages, whatever the file says. */
static void count_cpus(struct parse *parse)
{
	for (size_t i = 0; i < parse->stream_count; i++)
		if (parse->streams[i].cpu >= parse->meta.cpu_count)
			parse->meta.cpu_count = parse->streams[i].cpu + 1;
}

static int compare_offsets(const void *a, const void *b)
{
	const struct parse_stream *left = *(struct parse_stream *const *)a;
	const struct parse_stream *right = *(struct parse_stream *const *)b;

	return left->offset < right->offset ? -1 : left->offset > right->offset;
}

/* No writer has the pages of two CPUs in one place: a small file would be read as an endless one.
 */
static void part_streams(struct parse *parse)
{
	NK_FREE struct parse_stream **order =
		xcalloc(parse->stream_count + 1, sizeof(struct parse_stream *));
	uint64_t end = 0;

	for (size_t i = 0; i < parse->stream_count; i++)
		order[i] = &parse->streams[i];
	if (parse->stream_count > 1)
		qsort(order, parse->stream_count, sizeof(*order), compare_offsets);
	for (size_t i = 0; i < parse->stream_count; i++) {
		if (!order[i]->bytes)
			continue;
		if (order[i]->offset < end) {
			parse_incomplete(
				parse,
				"the file is damaged: pages of CPU %d are another CPU's, too",
				order[i]->cpu);
			order[i]->bytes = 0;
			continue;
		}
		end = order[i]->offset + order[i]->bytes;
	}
}

static void parse_clear(struct parse *parse)
{
	dat_meta_clear(&parse->meta);
	free(parse->streams);
	free(parse->clock);
	free(parse->incomplete);
	if (parse->fd >= 0)
		close(parse->fd);
}

int dat_reader_open(const char *path, struct dat_reader **out, const char **incomplete,
		    struct diags *diags)
{
	int fd;
	int ret = dat_reader_open_file(path, &fd, diags);

	return ret < 0 ? ret : dat_reader_open_fd(fd, path, out, incomplete, diags);
}

int dat_reader_open_fd(int fd, const char *path, struct dat_reader **out, const char **incomplete,
		       struct diags *diags)
{
	struct dat_reader *reader = xcalloc(1, sizeof(*reader));
	int ret = take_file(&reader->parse, fd, path, diags);

	if (!ret)
		ret = parse_file(&reader->parse, path, diags);
	if (ret < 0) {
		parse_clear(&reader->parse);
		free(reader);
		return ret;
	}
	part_streams(&reader->parse);
	count_cpus(&reader->parse);
	reader->pages = pages_new(&reader->parse);
	*out = reader;
	*incomplete = reader->parse.incomplete;
	return 0;
}

const struct dat_meta *dat_reader_meta(const struct dat_reader *reader)
{
	return &reader->parse.meta;
}

struct page_source *dat_reader_pages(struct dat_reader *reader)
{
	return reader->pages;
}

void dat_reader_close(struct dat_reader *reader)
{
	if (!reader)
		return;
	reader->pages->ops->close(reader->pages);
	parse_clear(&reader->parse);
	free(reader);
}
