/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A trace.dat while it is written, private to create.c, writer.c and finish.c. The sizes are in the
 * file, and in memory that a fork shares, so that either process can finish the file; they are not
 * read through a mapping of it: who truncates the file would kill both.
 */
#ifndef NK_DATFILE_STATE_H
#define NK_DATFILE_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "datfile/compress.h"
#include "datfile/image.h"
#include "datfile/newfile.h"

#define WRITER_FILE_MODE  0640
#define WRITER_PIPE_BYTES (1 << 20)

/* What the process that writes and the one that finishes have in common. */
struct writer_shared {
	bool is_spoilt;	  /* somebody else has changed the file */
	uint64_t sizes[]; /* by stream: bytes of pages */
};

struct dat_writer {
	struct newfile_place place;
	struct newfile file;
	int fd; /* of file */
	int pipe_fds[2];
	struct dat_image image; /* as it was written, but for the sizes */
	size_t *first_stream;	/* by buffer */
	size_t *page_sizes;	/* by buffer */
	uint64_t room;		/* of a stream */
	uint64_t limit;		/* of all pages; 0: none */
	const struct compression *compression;
	struct writer_shared *shared;
	unsigned char *page; /* for read(2) */
	int failed;	     /* -errno that ended the recording */
	bool is_stale;	     /* the pages that it has go when the next one comes */
	bool reserves;	     /* room, before anything is taken for it */
};

void writer_free(struct dat_writer *writer);

/* Bytes of pages of a stream. */
uint64_t writer_published(const struct dat_writer *writer, size_t stream);
/* By a write, which a kill does not part. 0 or -errno. */
int writer_put_at(const struct dat_writer *writer, const void *bytes, size_t length,
		  uint64_t offset);
/* 0, or -ESTALE: somebody has truncated the file, or written another one into it. */
int writer_check_file(const struct dat_writer *writer);

#endif
