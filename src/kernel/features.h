/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What this kernel's kprobe_events takes, told from the tracefs README and from which files
 * exist; never from a version number.
 */
#ifndef NK_KERNEL_FEATURES_H
#define NK_KERNEL_FEATURES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/diag.h"

enum feature {
	FEATURE_ARGN,          /* "$argN": v4.20 */
	FEATURE_ARGN_RETURN,   /* "$argN" in a return probe: v6.9 */
	FEATURE_ARRAY,         /* "x64[4]": v4.20 */
	FEATURE_USER,          /* "+uN()", ustring: v5.3 */
	FEATURE_MULTIPROBE,    /* several functions in one event: v5.4 */
	FEATURE_IMMEDIATE,     /* "\VALUE": v5.4 */
	FEATURE_SYMBOL,        /* symbol type: v4.20 */
	FEATURE_SYMSTR,        /* v6.1 */
	FEATURE_COMM,          /* "$comm": v4.8 */
	FEATURE_STRING,        /* string type */
	FEATURE_HEX,           /* x8 ... x64: v4.9 */
	FEATURE_MAXACTIVE,     /* "rN:": v4.12 */
	FEATURE_ERROR_LOG,     /* error_log: v5.2 */
	FEATURE_INSTANCE_FILTER, /* set_event_pid in an instance */
	FEATURE_EVENT_FORK,    /* options/event-fork */
	FEATURE_BUFFER_PERCENT,/* buffer_percent: v5.0 */
	FEATURE_SUBBUF_SIZE,   /* buffer_subbuf_size_kb: v6.8 */
	FEATURE_INSTANCE_OPTIONS, /* options/ of an instance: v4.4; looked for in the instance */
	FEATURE_CLOCK_MONO,    /* the trace clock "mono": v3.17; looked for where one is chosen */
	/*
	 * Triggers of an instance turn off that instance, and not the top (v5.17), as a README of
	 * v5.19 on tells.
	 */
	FEATURE_INSTANCE_TRIGGER,
	FEATURE_EVENT_FILTER,  /* filters of events, wherever there are events */
	FEATURE_COUNT
};

struct features {
	bool has[FEATURE_COUNT];
};

/* As --without takes it: "argn-return"; "all" is every one. */
const char *feature_name(enum feature feature);

/*
 * tracefs_fd: the tracefs directory. without: names to be taken as missing, comma-separated, or
 * NULL; an unknown one is -EINVAL.
 */
int features_read(int tracefs_fd, const char *without, struct features *features,
		  struct diags *diags);

#endif
