/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * See pages.h.
 */
#include "pages.h"

#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <string.h>

#include "base/alloc.h"
#include "base/file.h"

static int memory_next(struct page_source *source, size_t stream, const void **page)
{
	struct memory_source *memory = (struct memory_source *)source;

	if (memory->next[stream] + source->page_size > memory->size[stream])
		return 0;
	*page = memory->data[stream] + memory->next[stream];
	memory->next[stream] += source->page_size;
	return 1;
}

static void memory_release(struct page_source *source, size_t stream, const void *page)
{
	struct memory_source *memory = (struct memory_source *)source;

	if (page != memory->data[stream] + memory->released[stream])
		memory->misreleased++;
	memory->released[stream] += source->page_size;
}

static int memory_wait(struct page_source *source, int wake_fd, int timeout_ms)
{
	(void)source, (void)wake_fd, (void)timeout_ms;
	return 0;
}

static void memory_close(struct page_source *source)
{
	memory_source_free((struct memory_source *)source);
}

static const struct page_source_ops memory_ops = { memory_next, memory_release, memory_wait,
						   memory_close };

struct memory_source *memory_source_new(void)
{
	struct memory_source *memory = xcalloc(1, sizeof(*memory));

	memory->source = (struct page_source){ .ops = &memory_ops,
					       .streams = memory->streams,
					       .page_size = PAGE_BYTES };
	return memory;
}

void memory_source_add(struct memory_source *memory, const void *bytes, size_t size)
{
	size_t stream = memory->source.stream_count++;

	ck_assert_uint_lt(stream, 8);
	memory->streams[stream].cpu = (int)stream;
	memory->data[stream] = xmalloc(size ? size : 1);
	memcpy(memory->data[stream], bytes, size);
	memory->size[stream] = size;
}

void memory_source_free(struct memory_source *memory)
{
	for (size_t i = 0; i < memory->source.stream_count; i++)
		free(memory->data[i]);
	free(memory);
}

char *pages_file(const char *kernel, const char *path, size_t *size)
{
	NK_FREE char *full = xasprintf("%s/unit/data/pages/%s/%s", TESTDIR, kernel, path);
	char *text = NULL;

	ck_assert_msg(file_read(AT_FDCWD, full, &text, size) == 0, "cannot read %s", full);
	return text;
}

struct memory_source *pages_source(const char *kernel, const char *instance)
{
	struct memory_source *memory = memory_source_new();

	for (int cpu = 0; cpu < 2; cpu++) {
		NK_FREE char *path = xasprintf("%s/cpu%d.raw", instance, cpu);
		size_t size;
		NK_FREE char *bytes = pages_file(kernel, path, &size);

		memory_source_add(memory, bytes, size);
	}
	return memory;
}

static const struct event_desc *find_desc(const struct event_desc *descs, const char *name)
{
	for (; descs && descs->name; descs++)
		if (strcmp(descs->name, name) == 0)
			return descs;
	return NULL;
}

struct decoder *pages_decoder(const char *kernel, const struct event_desc *descs)
{
	static const char *const events[] = { "tcp_connect", "dev_queue_xmit", "tcp_recvmsg",
					      "tcp_recvmsg__return", "plain" };
	size_t size;
	NK_FREE char *header = pages_file(kernel, "header_page", &size);
	NK_FREE char *comms = pages_file(kernel, "saved_cmdlines", NULL);
	struct decoder_options options = { .header_page = header,
					   .header_page_size = size,
					   .long_bytes = 8,
					   .page_size = PAGE_BYTES,
					   .cpu_count = 2 };
	struct diags diags = { 0 };
	struct decoder *decoder = decoder_new(&options, &diags);

	for (size_t i = 0; i < sizeof(events) / sizeof(*events); i++) {
		NK_FREE char *path = xasprintf("formats/%s", events[i]);
		NK_FREE char *format = pages_file(kernel, path, &size);

		ck_assert_int_eq(decoder_add_event(decoder, "nk", format, size,
						   find_desc(descs, events[i]), &diags),
				 0);
	}
	decoder_add_comms(decoder, comms);
	ck_assert_uint_eq(diags.count, 0);
	return decoder;
}

void page_number(struct page_builder *page, uint64_t number, unsigned int bytes)
{
	ck_assert_uint_le(page->used + bytes, PAGE_BYTES);
	for (unsigned int i = 0; i < bytes; i++) {
		unsigned int shift = page->is_big_endian ? 8 * (bytes - 1 - i) : 8 * i;

		page->bytes[page->used++] = (unsigned char)(number >> shift);
	}
}

void page_begin(struct page_builder *page, uint64_t ts, bool is_big_endian, unsigned int long_bytes)
{
	memset(page, 0, sizeof(*page));
	page->is_big_endian = is_big_endian;
	page->long_bytes = long_bytes;
	page_number(page, ts, 8);
	page_number(page, 0, long_bytes);
}

void page_word(struct page_builder *page, uint32_t type, uint32_t delta)
{
	page_number(page, page->is_big_endian ? type << 27 | delta : delta << 5 | type, 4);
}

void page_event(struct page_builder *page, uint32_t delta, const void *data, uint32_t size)
{
	if (size % 4 == 0 && size > 0 && size <= 28 * 4) {
		page_word(page, size / 4, delta);
	} else {
		page_word(page, 0, delta);
		page_number(page, (size + 3) / 4 * 4 + 4, 4);
	}
	ck_assert_uint_le(page->used + size, PAGE_BYTES);
	memcpy(page->bytes + page->used, data, size);
	page->used += (size + 3) / 4 * 4;
}

void page_end(struct page_builder *page, uint32_t flags)
{
	size_t end = page->used;

	page->used = 8;
	page_number(page, (end - 8 - page->long_bytes) | flags, page->long_bytes);
	page->used = end;
}
