/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One block of compressed bytes to the bytes that it was made from, and back.
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
	const char *(*version)(void);
	int (*expand)(const void *from, size_t from_length, void *to, size_t length);
	size_t (*bound)(size_t length);
	int (*shrink)(const void *from, size_t length, void *to, size_t room, size_t *made);
};

/* Recordings are written once, at the end: what more it takes to be smaller is time to wait. */
#define ZSTD_LEVEL 3

#ifdef HAVE_ZSTD
static const char *version_zstd(void)
{
	return ZSTD_versionString();
}

static int expand_zstd(const void *from, size_t from_length, void *to, size_t length)
{
	return ZSTD_decompress(to, length, from, from_length) == length ? 0 : -EINVAL;
}

static size_t bound_zstd(size_t length)
{
	return ZSTD_compressBound(length);
}

static int shrink_zstd(const void *from, size_t length, void *to, size_t room, size_t *made)
{
	*made = ZSTD_compress(to, room, from, length, ZSTD_LEVEL);
	return ZSTD_isError(*made) ? -EIO : 0;
}
#endif

#ifdef HAVE_ZLIB
static const char *version_zlib(void)
{
	return zlibVersion();
}

static int expand_zlib(const void *from, size_t from_length, void *to, size_t length)
{
	uLongf expanded = (uLongf)length;

	if (uncompress(to, &expanded, from, (uLong)from_length) != Z_OK)
		return -EINVAL;
	return expanded == length ? 0 : -EINVAL;
}

static size_t bound_zlib(size_t length)
{
	return compressBound((uLong)length);
}

static int shrink_zlib(const void *from, size_t length, void *to, size_t room, size_t *made)
{
	uLongf size = (uLongf)room;

	if (compress(to, &size, from, (uLong)length) != Z_OK)
		return -EIO;
	*made = size;
	return 0;
}
#endif

static const struct compression compressions[] = {
#ifdef HAVE_ZSTD
	{ "zstd", version_zstd, expand_zstd, bound_zstd, shrink_zstd },
#endif
#ifdef HAVE_ZLIB
	{ "zlib", version_zlib, expand_zlib, bound_zlib, shrink_zlib },
#endif
	{ NULL, NULL, NULL, NULL, NULL },
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

const char *compression_name(const struct compression *compression)
{
	return compression->name;
}

size_t compression_bound(const struct compression *compression, size_t length)
{
	return compression->bound(length);
}

int compression_shrink(const struct compression *compression, const void *from, size_t length,
		       void *to, size_t room, size_t *made)
{
	return compression->shrink(from, length, to, room, made);
}

const char *compression_version(const struct compression *compression)
{
	return compression->version();
}
