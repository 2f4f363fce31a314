/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pages as trace-cmd.dat.v7(5) has them compressed: a count, then chunks of whole pages, each with
 * its two sizes.
 */
#ifndef NK_DATFILE_CHUNKS_H
#define NK_DATFILE_CHUNKS_H

#include <stdbool.h>
#include <stdint.h>

#include "datfile/compress.h"
#include "datfile/image.h"

/*
 * The pages of page_size that "from" has at place, to where the descriptor "to" stands; *bytes: how many were
 * written, all in all. 0 or -errno.
 */
int chunks_write(const struct compression *compression, bool is_big_endian, int from,
		 const struct dat_place *place, size_t page_size, int to, uint64_t *bytes);

/* Of the bytes of a CPU's data, these first ones are not counted in the size that the file says. */
#define CHUNKS_COUNT_BYTES 4

#endif
