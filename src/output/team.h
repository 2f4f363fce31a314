/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Records to lines on several CPUs: each thread reads a stretch of them, prints it into a buffer of
 * its own while others read and print theirs, and writes it when its turn has come: the lines are
 * those of one thread.
 */
#ifndef NK_OUTPUT_TEAM_H
#define NK_OUTPUT_TEAM_H

#include "decode/decoder.h"
#include "decode/reader.h"
#include "output/output.h"

/*
 * Of one thread. Its decoder is that thread's alone meanwhile (borrowed), and was made from the
 * same events, in the same order, as the reader's.
 */
struct output_member {
	struct decoder *decoder;
	bool (*keeps)(const void *context, const struct record *record); /* NULL: all */
	const void *context;
};

/* Where records come from; called by one thread at a time, and not again after the end. */
struct output_supply {
	const struct page_source *source;
	/* As record_reader_next_place(): 0 and less are the end. */
	int (*next)(void *context, struct record_place *place, struct record *record);
	void *context;
};

/*
 * Up to the end of the supply, in the caller's thread and, where they can be had, in as many others
 * as there are members beside the first. *gone: records that were not printed, since somebody has
 * written to the file meanwhile. 0, or -errno of a write.
 */
int output_team_print(const struct output_options *options, const struct output_supply *supply,
		      const struct output_member *members, size_t count, uint64_t *gone);

#endif
