/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sub-buffers of two CPUs, of events with real formats: whatever lengths, times and data words they
 * have, they are walked to their end and each record can be printed. The first byte chooses the
 * size of a sub-buffer and the byte order.
 *
 * Files: tests/fuzz/decoding.c
 * Seeds: tests/fuzz/fuzz-page.seeds/*
 */
#include <stdint.h>

#include "decoding.h"

#define STREAMS 2

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Sub-buffers one behind the other, for the CPUs in turn. */
struct pages {
	struct page_source source;
	const uint8_t *next[STREAMS], *end;
};

static int next_page(struct page_source *source, size_t stream, const void **page)
{
	struct pages *pages = (struct pages *)source;
	const uint8_t *next = pages->next[stream];

	if ((size_t)(pages->end - next) < source->page_size)
		return 0;
	*page = next;
	pages->next[stream] = (size_t)(pages->end - next) < 2 * source->page_size
				      ? pages->end
				      : next + STREAMS * source->page_size;
	return 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct page_source_ops ops = { .next = next_page,
						    .release = decoding_keep_page };
	static const struct page_stream streams[STREAMS] = { { .cpu = 0 }, { .cpu = 1 } };
	static const size_t sizes[] = { 512, 1024, 4096, 65536 };
	static struct decoder *decoders[4][2];

	if (size < 1)
		return 0;

	unsigned int which = data[0] % 4, big = data[0] / 4 % 2;
	struct decoder **decoder = &decoders[which][big];

	if (!*decoder) {
		*decoder = decoder_new(&(struct decoder_options){ .long_bytes = 8,
								  .is_big_endian = big,
								  .page_size = sizes[which],
								  .cpu_count = STREAMS },
				       NULL);
		decoding_add_events(*decoder);
	}

	struct pages pages = { .source = { &ops, streams, STREAMS, sizes[which], false },
			       .next = { data + 1, data + 1 },
			       .end = data + size };

	if (size - 1 > sizes[which])
		pages.next[1] += sizes[which];
	decoding_print(*decoder, &pages.source,
		       (struct output_options){ .style = data[0] & 8 ? OUTPUT_JSON : OUTPUT_TEXT });
	return 0;
}
