/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One argument of a probe, as this kernel is to be given it. Private to resolve/.
 */
#ifndef NK_RESOLVE_RENDER_H
#define NK_RESOLVE_RENDER_H

#include <stdbool.h>
#include <stddef.h>

#include "kernel/kernel.h"
#include "probes/probe.h"
#include "resolve/resolve.h"

#define ARG_TEXT_MAX   63   /* MAX_ARGSTR_LEN of kernel/trace/trace_probe.h; with its type */
#define ARG_NAME_MAX   31   /* MAX_ARG_NAME_LEN and its NUL */
#define ARG_COUNT_MAX  128  /* MAX_TRACE_ARGS */
#define EVENT_NAME_MAX 63   /* MAX_EVENT_NAME_LEN and its NUL */
#define LINE_MAX_BYTES 4094 /* WRITE_BUFSIZE, its newline and NUL */
#define RECORD_MAX     3072 /* MAX_PROBE_EVENT_SIZE */

/* Why something cannot be, and where in the probe file. */
struct refusal {
	char *reason; /* NULL: nothing is refused */
	struct probe_place place;
	bool is_absence; /* this kernel lacks it: an optional field is left out for that */
};

void refuse(struct refusal *refusal, const struct probe_place *place, bool is_absence,
	    const char *format, ...) __attribute__((format(printf, 4, 5)));

/* A pointer that a value is read through, as the kernel's text of it. */
struct pointer {
	char *text;
	bool is_doubtful; /* may be none, for all that is known: needs a guard */
};

struct rendered {
	const struct probe_arg *arg; /* NULL: one that nk adds */
	char *name;
	char **texts; /* of the fetch-arg, without NAME= and :TYPE; several where it is split in
			 parts */
	size_t text_count;
	struct probe_type type; /* as in struct event_field */
	bool has_type;		/* :TYPE is written on the line */
	char *instead_of;
	int before;
	struct pointer *pointers; /* innermost first */
	size_t pointer_count;
	bool is_call_memory; /* read through $argN at the return */
	char *guards[EVENT_GUARDS_MAX];
	size_t guard_count;
};

void rendered_clear(struct rendered *rendered);

/* The half of a call that is being rendered. */
struct render_context {
	const struct kernel *kernel;
	const struct probe_func *func;
	bool is_return;
	bool is_plain; /* the line reaches the kernel as it was written */
};

/*
 * 0: *out is filled; -ENOENT: it is optional and this kernel lacks it; -EINVAL: it cannot be. With
 * either error the refusal says why. origin gets where its offsets came from.
 */
int render_arg(const struct render_context *context, const struct probe_arg *arg,
	       struct rendered *out, struct field_origin *origin, struct refusal *refusal);

/* The width of one fetch-arg of this type in the record. */
size_t rendered_bytes(const struct rendered *rendered);

/* "NAME=TEXT:TYPE" of the part. */
void rendered_write(const struct rendered *rendered, size_t part, struct text *out);

#endif
