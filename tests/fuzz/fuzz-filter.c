/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Expressions of -f: any text is one, or has a mistake with its place; one that can be bound to
 * events can be asked of a record, and be put into the kernel's words.
 *
 * Files: tests/fuzz/decoding.c
 * Seeds: tests/fuzz/fuzz-filter.seeds/*
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "decoding.h"
#include "filter/filter.h"

#define RECORD_BYTES 512

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct decoder *events(void)
{
	const struct decoder_options options = { .long_bytes = 8,
						 .page_size = 4096,
						 .cpu_count = 1 };
	struct decoder *decoder = decoder_new(&options, NULL);

	decoding_add_events(decoder);
	return decoder;
}

static void ask(struct bound_filter *bound, struct decoder *decoder)
{
	static const unsigned char bytes[RECORD_BYTES];
	const struct event_plan *plan;

	for (size_t i = 0; (plan = decoder_plan(decoder, i)); i++) {
		const struct record record = { .plan = plan,
					       .pid = 155,
					       .comm = "curl",
					       .data = { bytes },
					       .size = { RECORD_BYTES } };
		struct kernel_filter kernel;

		filter_keeps(bound, &record);
		filter_for_kernel(bound, i, &kernel);
		if (kernel.is_whole && !kernel.text && kernel.rest)
			abort();
		kernel_filter_clear(&kernel);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct decoder *decoder;
	NK_FREE char *text = xstrndup(size ? (const char *)data : "", size);
	struct bound_filter *bound = NULL;
	struct filter *filter = NULL;
	struct diags diags = { 0 };

	if (!decoder)
		decoder = events();
	if (filter_new(text, &filter, &diags) != 0) {
		if (filter || diags.errors == 0)
			abort();
	} else if (filter_bind(filter, decoder, &bound, &diags) != 0) {
		if (diags.errors == 0)
			abort();
	} else {
		ask(bound, decoder);
	}
	bound_filter_free(bound);
	filter_free(filter);
	diags_clear(&diags);
	return 0;
}
