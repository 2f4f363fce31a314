/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Records to lines on several CPUs: the caller reads records and gives them here, threads print
 * batches of them side by side, and the lines come out in the order in which the records came in.
 */
#ifndef NK_OUTPUT_TEAM_H
#define NK_OUTPUT_TEAM_H

#include "decode/decoder.h"
#include "output/output.h"

struct output_team;

/*
 * A thread for each decoder, which is that thread's alone from now on (borrowed, must outlive the
 * team); each was made from the same events, in the same order, as the reader's. NULL: no thread
 * can be had.
 */
struct output_team *output_team_new(const struct output_options *options,
				    struct decoder *const *decoders, size_t count);
/* What the record points to is copied where it does not last. 0, or -errno of a write. */
int output_team_record(struct output_team *team, const struct record *record);
/* Waits until all is written. 0, or -errno of a write. */
int output_team_flush(struct output_team *team);
void output_team_free(struct output_team *team); /* without flushing */

#endif
