/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes a v7 trace.dat without compression. While it is written every CPU has a region of its own
 * in a sparse file; pages are written first, then the CPU's size is published in the header: a
 * recording that is killed at any moment is readable up to what was published. A finished one is
 * made compact, in a new file that takes the name by rename(2).
 */
#ifndef NK_DATFILE_WRITER_H
#define NK_DATFILE_WRITER_H

#include "base/diag.h"
#include "datfile/compress.h"
#include "datfile/meta.h"

struct dat_writer;

/*
 * Creates the file, without a name or with a temporary one, with its metadata in it. What is not a
 * regular file is not replaced, nor one that is being recorded to: -EBUSY. Mode 0640, less the
 * umask: records hold kernel addresses. meta is borrowed for the call.
 */
int dat_writer_prepare(const char *path, const struct dat_meta *meta, struct dat_writer **out,
		       struct diags *diags);
/*
 * The file can be seen by its name from now on. An older one is set aside: dat_writer_remove()
 * gives it its name back.
 */
int dat_writer_take_name(struct dat_writer *writer, struct diags *diags);
/* It goes. */
void dat_writer_settle(struct dat_writer *writer, struct diags *diags);

/* All three: an older file is lost only once the new one is readable. */
int dat_writer_create(const char *path, const struct dat_meta *meta, struct dat_writer **out,
		      struct diags *diags);

/*
 * Moves what is ready in a trace_pipe_raw to the file by splice(2), whole pages, some MiB at most;
 * *bytes says how much: who wants all asks until it is 0. partial: then also what is in the page
 * that is not full yet, as a page. 0, or -errno (-ENOSPC, -EIO ...): from then on nothing more is
 * taken. -EFBIG: the CPU's region is full, and *bytes says how much came before. -ESTALE: somebody
 * else has truncated the file, or written over it.
 */
int dat_writer_splice(struct dat_writer *writer, size_t buffer, size_t cpu_index, int raw_fd,
		      bool partial, size_t *bytes);
/* The same for one page in memory; what is short of a page is filled up with zeros. */
int dat_writer_write_page(struct dat_writer *writer, size_t buffer, size_t cpu_index,
			  const void *page, size_t size);

/*
 * Says what ended the writing, and returns it; nothing where dat_writer_finish() will, which finds
 * the file spoilt, too.
 */
int dat_writer_say(const char *path, int err, struct diags *diags);

/* Bytes of pages so far. */
uint64_t dat_writer_size(const struct dat_writer *writer);

/* From now on what the file has no room for is not taken: -ENOSPC leaves it where it was. */
void dat_writer_reserve(struct dat_writer *writer);

/*
 * No more bytes of pages than this, or a page of it: then nothing is moved any more. 0: no limit.
 */
void dat_writer_limit(struct dat_writer *writer, uint64_t bytes);
bool dat_writer_is_full(const struct dat_writer *writer);
/* The next page is the first anew: until it comes, those that are there stay. */
void dat_writer_renew(struct dat_writer *writer);

/* dat_writer_finish() compresses, by an algorithm of compress.h; NULL: it does not. */
void dat_writer_compress(struct dat_writer *writer, const struct compression *compression);

/*
 * Makes the file compact, with comms, statistics and summary of meta; closes it and frees. It may
 * be called in another process than the one that wrote the pages. 0 also where there is no room to
 * make it compact: the file stays sparse, comms, statistics and summary go to a place that was kept
 * free for them, as far as they have room there, and diags has a warning. 1: they are not in it,
 * the summary neither. -ESTALE: somebody else has changed the file, or put another one in its
 * place: then the recording has a name like it, which diags tells.
 */
int dat_writer_finish(struct dat_writer *writer, const struct dat_meta *meta, struct diags *diags);
/* Leaves the file as it is: readable up to what was published. Frees. */
void dat_writer_abandon(struct dat_writer *writer);
/* Takes the file away, unless somebody else has put another one in its place, and frees. */
void dat_writer_remove(struct dat_writer *writer);

#endif
