/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * "enum NAME [TYPE] { NUMBER TEXT, ... }" of a probe file. Internal to probes/.
 */
#ifndef NK_PROBES_ENUM_H
#define NK_PROBES_ENUM_H

#include <stdbool.h>

#include "probes/lines.h"
#include "probes/report.h"

/* True where the line begins with the word enum. */
bool enum_begins(struct span line);

/*
 * Reads the lines up to the '}' into first, and adds the enum to the set. Mistakes are told, and
 * reading stops before a line that cannot be of an enum.
 */
void enum_parse(struct probe_set *set, struct lines *lines, struct line *first,
		struct report *report);

#endif
