/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Groups of fields: "@NAME(PARAMETER, ...) = ARGUMENT ...", and their uses in a line. Internal to
 * probes/.
 */
#ifndef NK_PROBES_GROUP_H
#define NK_PROBES_GROUP_H

#include "probes/mapped.h"
#include "probes/report.h"

struct group {
	char *name;
	char **parameters;
	size_t parameter_count;
	struct mapped body;
	struct mapped head; /* "@NAME", for messages */
	bool is_used;
	bool is_open; /* is being expanded: a further use in it is a cycle */
};

struct groups {
	struct group *items;
	size_t count;
	struct mapped_use **uses; /* that places borrow */
	size_t use_count;
	size_t expanded; /* bytes, of all lines */
};

/* A line that begins with '@'. Mistakes are told. */
void groups_define(struct groups *groups, struct span line, struct report *report);
/* Adds the line to *out with all groups replaced. False after a mistake, which was told. */
bool groups_expand(struct groups *groups, struct span line, struct mapped *out,
		   struct report *report);
/* Warns of those that no line uses: what stands in them was not looked at. */
void groups_check_used(const struct groups *groups, struct report *report);
void groups_clear(struct groups *groups);

#endif
