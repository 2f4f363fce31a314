/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A recording without its holes, with the metadata as they are at its end.
 */
#ifndef NK_DATFILE_COMPACT_H
#define NK_DATFILE_COMPACT_H

#include "datfile/image.h"
#include "datfile/meta.h"
#include "datfile/newfile.h"

/*
 * Writes a new file from the pages that fd has at places (by stream) and gives it the name, see
 * newfile_replace() for *beside; CPUs without pages are left out, of places too. compression: of
 * the pages; NULL: none. 0 or -errno: then the file of that name is what it was.
 */
int compact_write(const struct newfile_place *place, const struct dat_meta *meta, int fd,
		  struct dat_place *places, const struct compression *compression, mode_t mode,
		  char **beside);

#endif
