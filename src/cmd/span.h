/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where in a recording to begin or to end: --since, --until.
 */
#ifndef NK_CMD_SPAN_H
#define NK_CMD_SPAN_H

#include "base/diag.h"
#include "output/output.h"

struct span {
	bool is_given;
	bool is_time_of_day; /* else of the trace clock */
	bool is_shown;	     /* as the lines of trace-cmd report show that */
	uint64_t ns;	     /* or what the trace clock counts */
};

/*
 * text NULL: nothing is given. Of options it matters what the records' times are printed as, that
 * is what the text has. 0; with a diag -EINVAL, or -ENOTSUP: another recording could do that.
 */
int span_parse(const char *text, const struct output_options *options, struct span *span,
	       struct diags *diags);

/*
 * Whether a record at ts comes before it. A time of day is one of the day of the first record that
 * was asked about, or of the following one where it lies more than twelve hours before that.
 */
bool span_is_before(struct span *span, const struct output_options *options, uint64_t ts);

#endif
