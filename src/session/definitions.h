/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The definitions in kprobe_events: read, compared, written many at a time, deleted many at a time.
 * Follows Documentation/trace/kprobetrace.rst and the kernel's kernel/trace/trace_dynevent.c.
 */
#ifndef NK_SESSION_DEFINITIONS_H
#define NK_SESSION_DEFINITIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "resolve/event.h"
#include "resolve/resolve.h"

/* One line of kprobe_events, in the kernel's own spelling. */
struct definition {
	char *event; /* "nk/tcp_connect" */
	char *body;  /* "p tcp_connect sk=$arg1:x64": kind, function, arguments; names of arguments
			given */
};

struct definitions {
	struct definition *items; /* in the file's order, which kprobe_profile has too */
	size_t count;
};

/* Lines of kprobe_events, or that it would take; what is no definition is skipped. */
void definitions_parse(const char *text, struct definitions *out);
int definitions_read(int tracefs_fd, struct definitions *out);
void definitions_clear(struct definitions *definitions);

/* How many lines there are of one event. */
size_t definitions_count(const struct definitions *definitions, const char *event);
/* All bodies of one event, joined by " & "; malloc'ed. */
char *definitions_show(const struct definitions *definitions, const char *event);

/* How what is there relates to what is wanted; the lines of an event are a set. */
enum definitions_relation {
	DEFINITIONS_NONE, /* nothing of that name */
	DEFINITIONS_SAME,
	DEFINITIONS_PART,  /* some of the lines wanted, and no other */
	DEFINITIONS_OTHER, /* another body */
};
enum definitions_relation definitions_compare(const struct definitions *there,
					      const struct event_def *wanted);

/* "GROUP/EVENT" of a definition; malloc'ed. */
char *definitions_event_name(const struct event_desc *desc);

/*
 * Appends lines to kprobe_events, up to the first that the kernel refuses: *refused is its index
 * then, and the return value its -errno; those before it are defined, those after it not. Lines of
 * an event stand together; -EEXIST where one is there already. Where all went well, or nothing was
 * written since kprobe_events cannot be read, *refused is count.
 */
struct definition_line {
	const char *event; /* GROUP/EVENT */
	const char *text;
};
int definitions_write(int tracefs_fd, const struct definition_line *lines, size_t count,
		      size_t *refused);

/*
 * Deletes events in as few writes as the kernel allows. One that is gone already is fine; busy[i]
 * is set where somebody has event i enabled, and it stays. Returns 0, -EBUSY where any was, or
 * -errno.
 */
int definitions_delete(int tracefs_fd, const char *const *events, size_t count, bool *busy);

#endif
