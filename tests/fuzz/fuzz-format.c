/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An event's format, as events/SYSTEM/EVENT/format has it, and behind its NUL the bytes of one
 * record of that event: it is printed in every style, or its format is refused with a sentence.
 *
 * Files: tests/fuzz/isolated.c tests/fuzz/decoding.c
 * Wrap: tep_parse_format tep_parse_header_page tep_print_event tep_free
 * Seeds: tests/kernels/6.1/sys/kernel/tracing/events/*?/*?/format
 *
 * Seeds: tests/fuzz/fuzz-format.seeds/*
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "decode/events.h"
#include "decoding.h"

#define PAGE_SIZE   65536
#define PAGE_HEADER 16
#define LONG_RECORD 8 /* two words in front of a record of any length */
#define RECORD_MOST 32768

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A source of one page. */
struct one_page {
	struct page_source source;
	const void *page; /* NULL: was given */
};

static int next_page(struct page_source *source, size_t stream, const void **page)
{
	struct one_page *one = (struct one_page *)source;

	(void)stream;
	*page = one->page;
	one->page = NULL;
	return *page ? 1 : 0;
}

/* A sub-buffer with a record of the event in it, of these bytes and as long as it has to be. */
static unsigned char *make_page(struct decoder *decoder, const uint8_t *bytes, size_t size)
{
	unsigned char *page = xcalloc(1, PAGE_SIZE), *record = page + PAGE_HEADER + LONG_RECORD;
	uint16_t id = (uint16_t)decoder_plan(decoder, 0)->id;
	uint32_t least = decoder_event(decoder, id)->size;
	uint32_t length = size < RECORD_MOST ? (uint32_t)size : RECORD_MOST;
	uint32_t words[2] = { 0, (length > least ? length : least) + 4 };
	uint64_t commit = LONG_RECORD + ((words[1] - 4 + 3) & ~3U);

	memcpy(page + 8, &commit, sizeof(commit));
	memcpy(page + PAGE_HEADER, words, sizeof(words));
	memcpy(record, bytes, length);
	memcpy(record, &id, sizeof(id));
	return page;
}

static void print(struct decoder *decoder, const void *page, enum output_style style)
{
	static const struct page_source_ops ops = { .next = next_page,
						    .release = decoding_keep_page };
	static const struct page_stream stream = { 0 };
	static const char *const instances[] = { "" };
	struct one_page one = { { &ops, &stream, 1, PAGE_SIZE, false }, page };

	decoding_print(decoder, &one.source,
		       (struct output_options){
			       .style = style, .instances = instances, .instance_count = 1 });
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct decoder_options options = { .long_bytes = 8,
						 .page_size = PAGE_SIZE,
						 .cpu_count = 1 };
	size_t length = strnlen((const char *)data, size);
	size_t rest = length < size ? length + 1 : size;
	struct diags diags = { 0 };
	struct decoder *decoder = decoder_new(&options, &diags);
	NK_FREE char *text = xstrndup((const char *)data, length);

	if (decoder_add_event(decoder, "fuzz", text, length, NULL, &diags) != 0) {
		if (diags.errors != 1)
			abort();
	} else {
		NK_FREE unsigned char *page = make_page(decoder, data + rest, size - rest);

		print(decoder, page, OUTPUT_TEXT);
		print(decoder, page, OUTPUT_JSON);
		print(decoder, page, OUTPUT_TRACE_CMD);
	}
	diags_clear(&diags);
	decoder_free(decoder);
	return 0;
}
