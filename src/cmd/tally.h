/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Records counted: by probe, CPU and second, and what was lost.
 */
#ifndef NK_CMD_TALLY_H
#define NK_CMD_TALLY_H

#include <stdio.h>

#include "decode/record.h"

struct tally;

/* wall_offset_ns: as in struct output_options; seconds are those of the trace clock without. */
struct tally *tally_new(bool has_wall_clock, int64_t wall_offset_ns);
void tally_free(struct tally *tally);
/* The record's plan must live as long as the tally. */
void tally_add(struct tally *tally, const struct record *record);
void tally_print(struct tally *tally, FILE *out);

#endif
