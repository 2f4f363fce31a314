/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Work on what anyone may have made, in a process of its own: where libtraceevent brings that down,
 * or keeps it for seconds, another one does the work again without what it failed on.
 */
#ifndef NK_CMD_ISOLATE_H
#define NK_CMD_ISOLATE_H

#include "decode/guard.h"
#include "output/progress.h"

/* What the processes share, one after the other: for decoder_options and output_options. */
struct isolation {
	struct guard guard;
	struct output_progress progress;
};

/*
 * work's exit status, or CMD_FAILED after a sentence. All of its output to standard output goes by
 * isolation->progress, and is the same each time up to the record that brought it down.
 */
int isolate(int (*work)(struct isolation *isolation, void *context), void *context);

#endif
