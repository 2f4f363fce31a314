/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One block of compressed bytes to the bytes that it was made from.
 */
#include "config.h"

#include "datfile/compress.h"

#include <errno.h>
#include <string.h>

#ifdef HAVE_ZSTD
#include <zstd.h>
#endif
#ifdef HAVE_ZLIB
#include <zlib.h>
#endif

struct compression {
	const char *name;
	int (*expand)(const void *from, size_t from_length, void *to, size_t length);
};

#ifdef HAVE_ZSTD
static int expand_zstd(const void *from, size_t from_length, void *to, size_t length)
{
	return ZSTD_decompress(to, length, from, from_length) == length ? 0 : -EINVAL;
}
#endif

#ifdef HAVE_ZLIB
static int expand_zlib(const void *from, size_t from_length, void *to, size_t length)
{
	uLongf expanded = (uLongf)length;

	if (uncompress(to, &expanded, from, (uLong)from_length) != Z_OK)
		return -EINVAL;
	return expanded == length ? 0 : -EINVAL;
}
#endif

static const struct compression compressions[] = {
#ifdef HAVE_ZSTD
	{ "zstd", expand_zstd },
#endif
#ifdef HAVE_ZLIB
	{ "zlib", expand_zlib },
#endif
	{ NULL, NULL },
};

int compression_find(const char *name, const struct compression **out)
{
	if (!strcmp(name, "none")) {
		*out = NULL;
		return 0;
	}
	for (const struct compression *each = compressions; each->name; each++) {
		if (!strcmp(each->name, name)) {
			*out = each;
			return 0;
		}
	}
	return -ENOTSUP;
}

int compression_expand(const struct compression *compression, const void *from, size_t from_length,
		       void *to, size_t length)
{
	return compression->expand(from, from_length, to, length);
}
