/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which parts of a record are written, and in which order: for CSV always, for text and JSON where
 * they were named. Made once and not changed, so that threads may share it.
 */
#ifndef NK_OUTPUT_COLUMNS_H
#define NK_OUTPUT_COLUMNS_H

#include "base/diag.h"
#include "decode/decoder.h"

struct output_columns;

/*
 * names: "time,pid,rport"; time, ts, cpu, pid, comm, event, set, lost and the fields of the
 * decoder's plans. NULL: all of them, time where has_time. 0, or -EINVAL with a diag.
 */
int output_columns_new(const char *names, struct decoder *decoder, bool has_time,
		       struct output_columns **out, struct diags *diags);
void output_columns_free(struct output_columns *columns);

#endif
