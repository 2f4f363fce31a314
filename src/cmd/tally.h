/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Records counted: by probe, CPU and second, and what was lost.
 */
#ifndef NK_CMD_TALLY_H
#define NK_CMD_TALLY_H

#include <stdio.h>

#include "decode/record.h"
#include "output/output.h"

struct tally;

/*
 * Of options the clocks matter; they must live as long. Seconds are those of the trace clock where
 * there is no other, and none where it counts something else.
 */
struct tally *tally_new(const struct output_options *options);
void tally_free(struct tally *tally);
/* The record's plan must live as long as the tally. */
void tally_add(struct tally *tally, const struct record *record);
void tally_print(struct tally *tally, FILE *out);

#endif
