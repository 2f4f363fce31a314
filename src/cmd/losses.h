/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What became of the hits of a session, told: as a table to standard error, as an object of JSON
 * Lines to standard output.
 */
#ifndef NK_CMD_LOSSES_H
#define NK_CMD_LOSSES_H

#include <stdbool.h>
#include <stdio.h>

#include "decode/reader.h"
#include "session/ledger.h"

/* Fills kept in from what was read, all of it, and balances. */
void losses_settle(struct ledger *ledger, const struct record_reader *reader);
/* Whether any event was lost, or any hit missed. */
bool losses_any(const struct ledger *ledger);

/* How many more may have been missed, where that is not known. */
void losses_print_unsure(const struct ledger *ledger, FILE *out);
void losses_print(const struct ledger *ledger, FILE *out);
/* An object on a line of its own; counts: what could not be joined. 0 or -errno. */
int losses_print_json(const struct ledger *ledger, const struct reader_counts *counts, int fd);

#endif
