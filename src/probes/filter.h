/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The "if EXPR" at the end of a probe's line. Internal to probes/.
 */
#ifndef NK_PROBES_FILTER_H
#define NK_PROBES_FILTER_H

#include "probes/mapped.h"
#include "probes/probe.h"
#include "probes/report.h"

/* Parts the filter from the line: *line ends before "if". False where there is none. */
bool filter_split(struct span *line, struct span *filter, struct report *report);

/*
 * Looks for mistakes that the kernel would refuse; args are those that the filter may name, NULL
 * where they are not known. The text to be kept, NULL after a mistake.
 */
char *filter_parse(struct span filter, const struct probe_arg *args, size_t count,
		   struct report *report);

#endif
