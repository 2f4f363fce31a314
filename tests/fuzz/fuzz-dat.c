/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A trace.dat of whatever bytes: it is refused with a sentence, or opened, and every page that it
 * gives is as large as its buffer says.
 *
 * Stages: base probes kernel resolve datfile
 * Seeds: tests/unit/data/datfile/*.dat
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "base/alloc.h"
#include "base/file.h"
#include "datfile/reader.h"

#define ERRORS_MOST 100

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned char sum_of(const unsigned char *bytes, size_t count)
{
	unsigned char sum = 0;

	while (count--)
		sum += *bytes++;
	return sum;
}

static unsigned char read_stream(struct page_source *source, size_t stream, size_t page_size)
{
	unsigned char sum = 0;
	const void *page;

	for (int errors = 0; errors < ERRORS_MOST;) {
		int ret = source->ops->next(source, stream, &page);

		if (ret == 0)
			break;
		if (ret < 0) {
			errors++;
			continue;
		}
		sum += sum_of(page, page_size);
		source->ops->release(source, stream, page);
	}
	return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	NK_CLOSE int fd = memfd_create("fuzz", MFD_CLOEXEC);
	volatile unsigned char sum = 0;
	struct dat_reader *reader;
	struct diags diags = { 0 };
	const char *incomplete;
	char path[64];

	if (fd < 0 || file_write_all(fd, data, size) < 0)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (dat_reader_open(path, &reader, &incomplete, &diags) < 0) {
		if (!diags.errors)
			abort();
		diags_clear(&diags);
		return 0;
	}
	struct page_source *source = dat_reader_pages(reader);
	const struct dat_meta *meta = dat_reader_meta(reader);
	for (size_t i = 0; i < source->stream_count; i++)
		sum += read_stream(source, i, meta->buffers[source->streams[i].instance].page_size);
	dat_reader_close(reader);
	diags_clear(&diags);
	return 0;
}
