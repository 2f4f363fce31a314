/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A trace.dat while it is being read: what the parts of the reader share.
 */
#ifndef NK_DATFILE_PARSE_H
#define NK_DATFILE_PARSE_H

#include <stdbool.h>
#include <stdint.h>

#include "datfile/compress.h"
#include "datfile/meta.h"

/* No section of metadata is as large: kallsyms has some 10 MB. All of a v7 file are not either. */
#define PARSE_SECTION_MOST (UINT64_C(256) << 20)
/* Numbers beyond these are damage, which must not cost memory. Streams: of all buffers. */
#define PARSE_CPUS_MOST	    65536
#define PARSE_BUFFERS_MOST  4096
#define PARSE_STREAMS_MOST  PARSE_CPUS_MOST
#define PARSE_SECTIONS_MOST 64
#define PARSE_PAGE_LEAST    512
#define PARSE_PAGE_MOST	    (16 << 20)

/* Where the pages of one CPU of one buffer are. */
struct parse_stream {
	int cpu;
	size_t buffer;
	uint64_t offset;
	uint64_t bytes; /* in the file */
	bool is_compressed;
};

/* A section of metadata: what it is read as, and where it begins. */
struct parse_section {
	uint16_t id;
	uint64_t offset;
};

struct parse {
	int fd;
	uint64_t file_bytes;
	int version;
	const struct compression *compression;
	struct dat_meta meta;
	struct parse_stream *streams;
	size_t stream_count;
	struct parse_section sections[PARSE_SECTIONS_MOST]; /* v7: those that were read */
	size_t section_count;
	uint64_t section_bytes; /* v7: of sections that were read, expanded */
	char *clock;		/* option TRACECLOCK: "local [mono] ..." or the name alone */
	bool has_text;		/* a "latency" file: text instead of pages */
	char *incomplete;	/* the first sentence of what is missing; NULL: nothing */
};

/* Keeps the first one: what follows a fault mostly follows from it. */
void parse_incomplete(struct parse *parse, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* All of file's bytes from offset on, or an error; at most what there is. */
int parse_read(const struct parse *parse, uint64_t offset, void *to, size_t length);
/* Adds a stream, cut to what the file has; false: there are too many, which has been said. */
bool parse_add_stream(struct parse *parse, const struct parse_stream *stream);
/* The last buffer of meta: a new one. NULL: there are too many, which has been said. */
struct dat_buffer *parse_add_buffer(struct parse *parse, const char *name, const char *clock);

/* The parsing of each version; the cursor stands behind the header. -errno: nothing can be had. */
int parse_v6(struct parse *parse, uint64_t offset);
int parse_v7(struct parse *parse, uint64_t options_at);

#endif
