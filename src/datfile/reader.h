/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads a trace.dat, v6 or v7, of nk or trace-cmd, as meta and a page source. The file is mapped.
 */
#ifndef NK_DATFILE_READER_H
#define NK_DATFILE_READER_H

#include "base/diag.h"
#include "datfile/meta.h"
#include "ring/page.h"

struct dat_reader;

/*
 * -ENOENT ...: cannot be opened; -EINVAL: not a trace.dat. A file that is cut short or damaged is
 * opened as far as it goes: *incomplete is then a sentence of what is missing (the reader's), else
 * NULL.
 */
int dat_reader_open(const char *path, struct dat_reader **out, const char **incomplete,
		    struct diags *diags);
/*
 * The same in two steps, between which nothing of the file has been read: *fd is a regular file.
 * What opens the reader owns fd, also where it fails; path is for messages.
 */
int dat_reader_open_file(const char *path, int *fd, struct diags *diags);
int dat_reader_open_fd(int fd, const char *path, struct dat_reader **out, const char **incomplete,
		       struct diags *diags);
const struct dat_meta *dat_reader_meta(const struct dat_reader *reader);
/*
 * All CPUs of all buffers that have pages; owned by the reader. next() skips pages without events.
 * -EBADMSG from it: a page or a compressed chunk is damaged; the next call gives what comes after
 * it.
 */
struct page_source *dat_reader_pages(struct dat_reader *reader);
void dat_reader_close(struct dat_reader *reader);

#endif
