/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What both versions need while a file is read: its bytes, its streams, and the one sentence on
 * what is missing.
 */
#include "datfile/parse.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"

void parse_incomplete(struct parse *parse, const char *format, ...)
{
	va_list args;

	if (parse->incomplete)
		return;
	va_start(args, format);
	parse->incomplete = xvasprintf(format, args);
	va_end(args);
}

int parse_read(const struct parse *parse, uint64_t offset, void *to, size_t length)
{
	unsigned char *bytes = to;

	if (offset > parse->file_bytes || length > parse->file_bytes - offset)
		return -ENODATA;
	while (length) {
		ssize_t got = pread(parse->fd, bytes, length, (off_t)offset);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got < 0 ? -errno : -ENODATA;
		bytes += got;
		offset += (uint64_t)got;
		length -= (size_t)got;
	}
	return 0;
}

bool parse_add_stream(struct parse *parse, const struct parse_stream *stream)
{
	struct parse_stream *added;

	if (parse->stream_count >= PARSE_STREAMS_MOST) {
		parse_incomplete(parse,
				 "the file is damaged: its buffers have more than %d CPUs together",
				 PARSE_STREAMS_MOST);
		return false;
	}
	added = array_add(&parse->streams, &parse->stream_count);
	*added = *stream;
	if (added->offset > parse->file_bytes) {
		if (added->bytes)
			parse_incomplete(parse, "the file ends before the pages of CPU %d begin",
					 added->cpu);
		added->offset = parse->file_bytes;
	}
	if (added->bytes > parse->file_bytes - added->offset) {
		added->bytes = parse->file_bytes - added->offset;
		parse_incomplete(parse, "the file ends within the pages of CPU %d", added->cpu);
	}
	return true;
}

/* "local global [mono] boot" is the text of trace_clock; others have the name alone. */
static char *current_clock(const char *text)
{
	const char *open = strchr(text, '[');
	const char *close = open ? strchr(open, ']') : NULL;

	if (close)
		return xstrndup(open + 1, (size_t)(close - open - 1));
	return xstrndup(text, strcspn(text, "\n"));
}

struct dat_buffer *parse_add_buffer(struct parse *parse, const char *name, const char *clock)
{
	struct dat_buffer *buffer;

	if (parse->meta.buffer_count >= PARSE_BUFFERS_MOST) {
		parse_incomplete(parse, "the file is damaged: it speaks of more than %d buffers",
				 PARSE_BUFFERS_MOST);
		return NULL;
	}
	buffer = array_add(&parse->meta.buffers, &parse->meta.buffer_count);
	buffer->name = xstrdup(name);
	buffer->clock = current_clock(clock ? clock : "local");
	buffer->page_size = parse->meta.page_size;
	return buffer;
}
