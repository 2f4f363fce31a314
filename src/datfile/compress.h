/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The algorithms that trace-cmd compresses by, as far as this build has them.
 */
#ifndef NK_DATFILE_COMPRESS_H
#define NK_DATFILE_COMPRESS_H

#include <stddef.h>

struct compression;

/* NULL: "none". -ENOTSUP: this build does not have it. */
int compression_find(const char *name, const struct compression **out);
/* The name by which a file says so. */
const char *compression_name(const struct compression *compression);
/* Of the library. */
const char *compression_version(const struct compression *compression);
/* The most that length bytes may become. */
size_t compression_bound(const struct compression *compression, size_t length);
/* *made: how many bytes there are at to, of room; 0 or -EIO. */
int compression_shrink(const struct compression *compression, const void *from, size_t length,
		       void *to, size_t room, size_t *made);
/* Exactly length bytes come out, or -EINVAL. */
int compression_expand(const struct compression *compression, const void *from, size_t from_length,
		       void *to, size_t length);

#endif
