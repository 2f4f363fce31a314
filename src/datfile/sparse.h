/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A file in which each stream has a room of its own, far larger than what it may come to have.
 */
#ifndef NK_DATFILE_SPARSE_H
#define NK_DATFILE_SPARSE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "datfile/image.h"

#define SPARSE_ROOM_LEAST (UINT64_C(16) << 20)
/* trace-cmd maps on machines with 64K pages, too. */
#define SPARSE_ALIGNMENT 65536

/*
 * The largest room that the file system of an empty file lets every stream have behind the first
 * used bytes. 0, -EFBIG: none is large enough, -EOPNOTSUPP: it leaves no holes; or -errno.
 */
int sparse_choose_room(int fd, size_t streams, uint64_t used, uint64_t *room);

/* Metadata, and the headers of the sections. 0 or -errno. */
int sparse_write_image(int fd, const struct dat_image *image);
/* The descriptor stands behind what was written then. 0 or -errno. */
int sparse_write_at(int fd, const void *data, size_t length, uint64_t offset);

/*
 * Blocks of the disk for *bytes from offset on, or for as many units of them as there are: *bytes.
 * The file's size stays. 0 also where the file system reserves none; -ENOSPC: not even for a unit.
 */
int sparse_reserve(int fd, off_t offset, size_t unit, size_t *bytes);
/* What was reserved and not written to. */
void sparse_release(int fd, off_t offset, size_t bytes);

#endif
