/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The files of one recording: one, or a ring of them (--rotate) in which the oldest is written anew
 * when the newest is full. All are made beforehand, since who fills them may make none.
 */
#ifndef NK_CMD_VOLUMES_H
#define NK_CMD_VOLUMES_H

#include "base/diag.h"
#include "cmd/options.h"
#include "datfile/writer.h"

struct volumes {
	struct dat_writer **writers;
	size_t count;
	size_t current;
	size_t turns; /* to a next one */
	bool rotates;
	bool is_settled;
};

/*
 * path is the file, or with --rotate N what its number is put into: trace.0.dat ... Older files of
 * these names are set aside until volumes_settle().
 */
int volumes_create(const char *path, const struct options *options, const struct dat_meta *meta,
		   struct volumes *out, struct diags *diags);
/* They go. */
void volumes_settle(struct volumes *volumes, struct diags *diags);
/* Takes the files away: those that were set aside for them have their names again. Frees. */
void volumes_remove(struct volumes *volumes);
/*
 * As dat_writer_splice(), into the file whose turn it is; the next one's turn comes when it is
 * full, or has no more room for this CPU. *is_full: there is no next one.
 */
int volumes_splice(struct volumes *volumes, size_t buffer, size_t cpu_index, int raw_fd,
		   bool partial, size_t *bytes, bool *is_full);
/* The newest file that has pages, of those that volumes_create() has made of path; malloc'ed. */
char *volumes_name(const struct volumes *volumes, const char *path);
uint64_t volumes_size(const struct volumes *volumes);
/*
 * Finishes each file that has pages, and one at least; takes away the others. Frees. As
 * dat_writer_finish(), of the worst.
 */
int volumes_finish(struct volumes *volumes, const struct dat_meta *meta, struct diags *diags);
/* Leaves the files as they are, but for those after the first that have no pages. Frees. */
void volumes_abandon(struct volumes *volumes);

#endif
