/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pages for tests: those that tests/capture-pages brought from real kernels, and pages made here.
 */
#ifndef NK_TESTS_PAGES_H
#define NK_TESTS_PAGES_H

#include "decode/decoder.h"
#include "ring/page.h"

#define PAGE_BYTES 4096

/* A page source over bytes in memory, one stream a CPU. It counts what is not released in order. */
struct memory_source {
	struct page_source source;
	struct page_stream streams[8];
	unsigned char *data[8]; /* owned */
	size_t size[8];
	size_t next[8], released[8];
	int misreleased;
};

struct memory_source *memory_source_new(void);
/* Adds a stream; bytes are copied. */
void memory_source_add(struct memory_source *memory, const void *bytes, size_t size);
void memory_source_free(struct memory_source *memory);

/* A file below tests/unit/data/pages/, NUL-terminated; never NULL. */
char *pages_file(const char *kernel, const char *path, size_t *size);
/* main or lost of a captured kernel. */
struct memory_source *pages_source(const char *kernel, const char *instance);
/* A decoder with all captured formats; descs by event name (ends with a NULL name) or NULL. */
struct decoder *pages_decoder(const char *kernel, const struct event_desc *descs);

/* Builds a page in the layout of a machine. */
struct page_builder {
	unsigned char bytes[PAGE_BYTES];
	size_t used;
	bool is_big_endian;
	unsigned int long_bytes;
};

void page_begin(struct page_builder *page, uint64_t ts, bool is_big_endian,
		unsigned int long_bytes);
void page_event(struct page_builder *page, uint32_t delta, const void *data, uint32_t size);
void page_word(struct page_builder *page, uint32_t type, uint32_t delta);
void page_number(struct page_builder *page, uint64_t number, unsigned int bytes);
void page_end(struct page_builder *page, uint32_t flags);

#endif
