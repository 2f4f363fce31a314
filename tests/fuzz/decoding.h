/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What targets that decode have in common; what cannot go wrong here ends the process.
 */
#ifndef NK_FUZZ_DECODING_H
#define NK_FUZZ_DECODING_H

#include "decode/decoder.h"
#include "output/output.h"

/* The events whose formats were captured beside the pages of tests/unit/data/pages/6.1. */
void decoding_add_events(struct decoder *decoder);

/* All records of the source, to where nobody reads them; options.fd is set here. */
void decoding_print(struct decoder *decoder, struct page_source *source,
		    struct output_options options);

/* For a source whose pages stay. */
void decoding_keep_page(struct page_source *source, size_t stream, const void *page);

#endif
