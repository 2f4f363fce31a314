/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Mistakes in a probe file, each as a struct diag with its place. Internal to probes/.
 */
#ifndef NK_PROBES_REPORT_H
#define NK_PROBES_REPORT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/diag.h"
#include "probes/mapped.h"
#include "probes/probe.h"

#define REPORT_MAX 1000 /* errors and warnings of one file, after which reading stops */

struct report {
	struct diags *diags;
	const struct probe_set *set; /* its path and lines */
	size_t errors, warnings;
	bool is_muted;	 /* the line has been found to be broken: nothing more is said of it */
	bool is_stopped; /* too many: no more are taken */
	size_t first;	 /* diags of this file begin here */
};

void report_init(struct report *report, struct diags *diags, const struct probe_set *set);

/*
 * Adds a mistake at a span, with a note of each use that brought it in. hint is malloc'ed and
 * taken, or NULL. The same mistake at the same place is told once: false where it was not added.
 */
bool report_error(struct report *report, struct span span, char *hint, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
bool report_warning(struct report *report, struct span span, char *hint, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
/* A note to the mistake before it. */
void report_note(struct report *report, const struct probe_place *place, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* A mistake of a physical line, before there are spans. */
void report_line(struct report *report, int line, int column, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* "did you mean 'NAME'?", malloc'ed, or NULL where no name is near. */
char *report_near(const char *word, const char *const *names, size_t count);

/* Puts the mistakes of this file in the order of its lines, each with its notes. */
void report_sort(struct report *report);

/* The place of a span: of its first run of bytes that stand together. */
struct probe_place report_place(const struct report *report, struct span span);

#endif
