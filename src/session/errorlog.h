/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tracefs' error_log (Documentation/trace/ftrace.rst): why the kernel refused a line, with the
 * caret that it puts under its own text mapped back to the probe file.
 */
#ifndef NK_SESSION_ERRORLOG_H
#define NK_SESSION_ERRORLOG_H

#include <stdbool.h>
#include <stddef.h>

#include "base/diag.h"
#include "resolve/resolve.h"

struct errorlog_entry {
	char *message; /* "Failed to register probe event" */
	char *command; /* as the kernel shows it: words with one blank between, perhaps cut */
	size_t column; /* of the caret in command, from 0 */
	bool is_cut;   /* command is only the beginning, and column means nothing */
};

/* The newest entry about a line or filter; -ENOENT: none. */
int errorlog_find(const char *log, const char *command, struct errorlog_entry *out);
void errorlog_entry_clear(struct errorlog_entry *entry);

/*
 * Says that the kernel refused a line with err (negative), and what it says of it in log (NULL:
 * this kernel has no error_log), at the probe file's own line and column.
 */
void errorlog_report(struct diags *diags, enum diag_level level, const char *log,
		     const struct probe *probe, const struct event_line *line, int err);

#endif
