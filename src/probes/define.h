/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lines that define probes, and what has been read so far. Internal to probes/.
 */
#ifndef NK_PROBES_DEFINE_H
#define NK_PROBES_DEFINE_H

#include <stdbool.h>
#include <stddef.h>

#include "probes/doc.h"
#include "probes/group.h"
#include "probes/lines.h"
#include "probes/probe.h"
#include "probes/report.h"

struct parser {
	struct probe_set *set;
	struct report report;
	struct groups groups;
	struct line *lines;
	size_t line_count;
	struct doc doc;
	struct probe *probe; /* that lines are joined to; NULL: none */
	size_t func_count;   /* of probe */
	bool is_lost;	     /* the line above was mistaken: what is joined to it goes unheard */
};

/* A logical line without its comment, its groups replaced: a probe, or what is joined to one. */
void define_line(struct parser *parser, struct span line);

#endif
