/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The metadata of a v7 trace.dat without compression as bytes, before it is known where the pages
 * will lie: places are filled in afterwards, they do not change its length.
 */
#ifndef NK_DATFILE_IMAGE_H
#define NK_DATFILE_IMAGE_H

#include <stdint.h>

#include "base/text.h"
#include "datfile/meta.h"

struct dat_place {
	uint64_t offset;
	uint64_t bytes;
};

/*
 * Streams are the CPUs of the first buffer, those of the second ...
 */
struct dat_image {
	struct text bytes; /* of the file, from its beginning */
	bool is_big_endian;
	bool is_compressed; /* the pages are */
	size_t next_at;	    /* where the last list of options says where the next one is: 0 */
	size_t reserve_at;  /* a multiple of 8 */
	size_t reserve_bytes;
	size_t buffer_count, stream_count;
	struct dat_place *sections; /* by buffer: header, and the bytes that follow it */
	struct dat_place *places;   /* by stream: pages */
	size_t *section_at;	    /* by buffer: where the offset of its section stands in bytes */
	/* By stream: where the offset of its pages stands; their size is 8 on, aligned to 4. */
	size_t *place_at;
};

/* reserve: bytes left free behind the metadata, for dat_image_addition(); may be 0. */
void dat_image_build(const struct dat_meta *meta, size_t reserve, struct dat_image *image);
/*
 * What is known only at the end (comms, statistics, summary) as bytes for the reserve. Readers read
 * them after all else, and take the later of two, once the 8 bytes at next_at say *list_offset.
 * Where the reserve is too small, without comms: 1; or without statistics, too: 2; or -ENOSPC.
 */
int dat_image_addition(const struct dat_image *image, const struct dat_meta *meta, struct text *out,
		       uint64_t *list_offset);
/*
 * Gives each buffer a section and each stream room in it, from the end of the bytes on, with no
 * bytes of pages in it yet. Returns where the last one ends.
 */
uint64_t dat_image_lay_out(struct dat_image *image, const struct dat_meta *meta,
			   const uint64_t *room, uint64_t alignment);
void dat_image_set_bytes(struct dat_image *image, size_t stream, uint64_t bytes);
/* The same where it is known only afterwards how long each is: one place, one section. */
void dat_image_set_place(struct dat_image *image, size_t stream, const struct dat_place *place);
void dat_image_set_section(struct dat_image *image, size_t buffer, const struct dat_place *place);
/* What stands at the beginning of a buffer's section: DAT_SECTION_HEADER_BYTES. */
void dat_image_section_header(const struct dat_image *image, size_t buffer, unsigned char *header);
void dat_image_clear(struct dat_image *image);

#endif
