/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A probe and a kernel make event definitions, or reasons why not. Pure: reads what kernel/ has
 * read, writes nothing.
 */
#ifndef NK_RESOLVE_RESOLVE_H
#define NK_RESOLVE_RESOLVE_H

#include "base/diag.h"
#include "kernel/kernel.h"
#include "probes/probe.h"
#include "resolve/event.h"

/* A line for kprobe_events, and where in the probe file it comes from. */
struct event_line {
	char *text;   /* "p:nk/tcp_connect tcp_connect sk=$arg1:x64 ...", without newline */
	char *symbol; /* the function as written there, with its clone suffix; NULL for a native
			 line */
	const struct probe_func *func; /* NULL for a native line; borrowed from the probe */
	/*
	 * Which argument of the probe file each argument of the line comes from (args of the line
	 * in order; NULL for those that nk added), so that the kernel's caret can be mapped back.
	 */
	const struct probe_arg **origins;
	size_t origin_count;
};

/* One trace event: its lines (the functions attached to it) and how it is shown. */
struct event_def {
	struct event_desc desc;
	char *filter; /* kernel event filter, set in the instance before it starts; NULL: none */
	bool may_not_read; /* it reads through pointers that may be none */
	struct event_line *lines;
	size_t line_count;
};

/* A member that a field is read through, and where it is. */
struct origin_member {
	const char *path; /* STRUCT.MEMBER as the probe file has it, borrowed */
	struct layout_member place;
};

/* A field's type and where its offsets came from, for nk list. */
struct field_origin {
	const char *name;	       /* borrowed from the probe_arg */
	struct probe_type type;	       /* as on this kernel; as written where it is left out */
	struct origin_member *members; /* outermost first; those that were found */
	size_t member_count;
	enum layout_source source; /* of the weakest member in its expression */
	bool is_symbolic;	   /* false: no layout was needed */
	bool lacks_member;	   /* the layout was needed, and does not know a member */
	bool is_left_out;	   /* optional, and not to be had here */
	char *reason;		   /* why it was left out; else NULL */
};

/* One carrier of a probe, ready to be installed: all of its events, or why it cannot be. */
struct resolved_carrier {
	const struct probe_carrier *carrier; /* NULL for native lines and tracepoints */
	struct event_def
		*events; /* entry and, where there is one, return; more without multiprobe */
	size_t event_count;
	char **missing; /* functions that cannot be probed here; those joined to them by & carry on
			 */
	size_t missing_count;
	/* Those whose "unless" is not there, borrowed; where they are missing, too, nobody stands in. */
	const struct probe_func **stand_ins;
	size_t stand_in_count;
	struct field_origin *fields;
	size_t field_count;
	char *reason;		  /* one sentence why it cannot be resolved, or NULL: usable */
	struct probe_place place; /* of what the reason is about */
	const struct profile_carrier
		*known; /* what verify found, borrowed from the kernel; or NULL */
};

struct resolved_probe {
	const struct probe *probe;
	struct resolved_carrier *carriers; /* in the order of the probe file, usable or not */
	size_t carrier_count;
	/*
	 * Index of the best usable one, before those that the profile says were silent; ==
	 * carrier_count: the probe cannot attach.
	 */
	size_t first;
	char *reason; /* one sentence, where it cannot */
};

/* All symbols that the probes name, for kernel_load_symbols(); array malloc'ed, items borrowed. */
void resolve_wanted_symbols(const struct probe *const *probes, size_t count, const char ***names,
			    size_t *name_count);

/* Never fails as a whole: what cannot be is said in each. kernel->symbols must be loaded. */
void resolve_probe(const struct probe *probe, const struct kernel *kernel,
		   struct resolved_probe *out);
void resolved_probe_clear(struct resolved_probe *resolved);

/* "udp_sendmsg udpv6_sendmsg": those that are attached, as the kernel calls them. malloc'ed. */
char *resolved_carrier_functions(const struct resolved_carrier *carrier);
/*
 * Of these, clones that the compiler may have taken parameters away from (GCC's constprop and
 * isra), so that $argN may be another one there. "" where there are none. malloc'ed.
 */
char *resolved_carrier_clones(const struct resolved_carrier *carrier);

/*
 * The functions of a probe's carrier as a profile names them: joined by '+', and "~2" behind those
 * that an earlier carrier has, too (it takes other arguments for what it shows). malloc'ed.
 */
char *resolve_carrier_key(const struct probe *probe, size_t carrier);

#endif
