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
/* Exactly length bytes come out, or -EINVAL. */
int compression_expand(const struct compression *compression, const void *from, size_t from_length,
		       void *to, size_t length);

#endif
