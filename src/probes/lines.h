/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The lines of a probe file, and the logical lines that they make: comments taken off, continued
 * lines joined. Internal to probes/.
 */
#ifndef NK_PROBES_LINES_H
#define NK_PROBES_LINES_H

#include "probes/mapped.h"
#include "probes/probe.h"
#include "probes/report.h"

enum line_kind {
	LINE_BLANK,
	LINE_COMMENT,
	LINE_DOC, /* "##": text is what follows */
	LINE_CODE,
	LINE_DEFINITION, /* of a group or an enum, which has been read already */
};

struct line {
	enum line_kind kind;
	struct mapped text;
	bool is_broken; /* holds what is not text: told already */
};

/* Which lines of the file are broken, and where reading goes on. */
struct lines {
	const struct probe_set *set;
	bool *is_broken; /* of each of the set's lines */
	size_t next;	 /* index of the next line */
};

/* Splits the file into set->lines; what is not text is told, and '?' there. */
void lines_open(struct lines *lines, struct probe_set *set, const char *text, size_t length,
		struct report *report);
/* False at the end. *line is to be given to line_clear(). */
bool lines_next(struct lines *lines, struct line *line);
void lines_close(struct lines *lines);

void line_clear(struct line *line);

#endif
