/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a probe file says, as data: sets, probes, their carriers, their arguments as expression
 * trees. Nothing here knows a kernel. See nk-probes(5) for the syntax and
 * Documentation/trace/kprobetrace.rst of the kernel for what a native line may hold.
 */
#ifndef NK_PROBES_PROBE_H
#define NK_PROBES_PROBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "probes/type.h"

/*
 * Where a thing stands in its probe file, for messages; file is borrowed from the set. What comes
 * from a group of fields stands in the group's line.
 */
struct probe_place {
	const char *file;   /* path as given by the user, or "-e" */
	const char *source; /* the line of the file, borrowed from the set */
	int line;	    /* from 1 */
	int column;	    /* from 1 */
	int width;
};

enum probe_expr_kind {
	PROBE_EXPR_ARG,	      /* $argN: number */
	PROBE_EXPR_RETVAL,    /* $retval */
	PROBE_EXPR_STACK,     /* $stack */
	PROBE_EXPR_STACK_N,   /* $stackN: number */
	PROBE_EXPR_COMM,      /* $comm */
	PROBE_EXPR_REGISTER,  /* %name: text */
	PROBE_EXPR_ADDRESS,   /* @ADDR, @SYM+off, @+FOFF: text, as written, with the '@' */
	PROBE_EXPR_IMMEDIATE, /* \VALUE or \"string": text, as written */
	PROBE_EXPR_DEREF,     /* +N(inner), -N(inner), +uN(inner): number, user */
	/* +STRUCT.MEMBER(inner), +STRUCT.MEMBER+N(inner), +u.STRUCT...: text "STRUCT.MEMBER",
	   number */
	PROBE_EXPR_MEMBER,
	PROBE_EXPR_NATIVE, /* anything else that only the kernel judges (BTF names): text */
};

struct probe_expr {
	enum probe_expr_kind kind;
	long number;  /* N of $argN and $stackN; bytes added in DEREF and MEMBER */
	bool user;    /* DEREF, MEMBER: reads user memory (+u) */
	bool is_sure; /* VALUE!: never a bad pointer */
	char *text;
	struct probe_expr *inner; /* DEREF, MEMBER */
	struct probe_place place;
};

/* One NAME=EXPR[:TYPE] */
struct probe_arg {
	char *name;    /* as written; a name that begins with '_' is not shown to the reader */
	bool optional; /* name?= */
	/*
	 * name|=: a further source of the field of that name before it, shown where those before it
	 * mean nothing (their pointer was NULL), e.g. the socket's own peer where sendto() named
	 * none.
	 */
	bool is_fallback;
	struct probe_expr *expr;
	struct probe_type type; /* type.kind PROBE_TYPE_NONE where none was written */
	struct probe_place place;
};

/* One function that a probe is attached to. */
struct probe_func {
	bool is_return; /* r:, at the return of the function */
	int max_active; /* rN:, 0 where not given */
	char *symbol;	/* without offset; may be MODULE:SYMBOL */
	long offset;	/* SYMBOL+offset */
	struct probe_arg *args;
	size_t arg_count;
	struct probe_arg *ret_args; /* of the joined return half */
	size_t ret_arg_count;
	bool has_return_half;
	int ret_max_active;
	/* "unless FUNCTION": attached only where the kernel does not have that one; NULL: always.
	 */
	char *unless;
	char *filter; /* of a trailing "if EXPR": the kernel's event filter on its fields, or NULL
		       */
	struct probe_place place;     /* of the symbol */
	struct probe_place ret_place; /* of the r line */
};

/*
 * Functions that together carry a probe: what & joins. They share one trace event where their
 * arguments' names and types and their filters are the same and the kernel can do it; otherwise
 * each has an event of its own, shown under the probe's name. So they may differ.
 */
struct probe_carrier {
	struct probe_func *funcs;
	size_t func_count;
};

/* name = value pairs of an "enum NAME [u32] { 1 ESTABLISHED, ... }" */
struct probe_enum {
	char *name;
	char kernel[4]; /* the kernel's type of its values: "u8" ... "u64", "s8" ... */
	struct probe_enum_value {
		uint64_t value;
		char *name;
	} * values;
	size_t value_count;
	struct probe_place place;
};

enum probe_kind {
	PROBE_KPROBE,
	PROBE_TRACEPOINT, /* t SYSTEM:EVENT */
	PROBE_NATIVE, /* a kprobe_events line that holds what nk does not parse: passed on as it is
		       */
};

struct probe {
	enum probe_kind kind;
	char *group;	/* "nk" where none is written */
	char *name;	/* of the event; for a tracepoint its EVENT, with group its SYSTEM */
	char *verbatim; /* PROBE_NATIVE: the line */
	char *doc;	/* "##" lines, joined by a blank; NULL where there is none */
	char *doc_ko;	/* "## ko:" */
	char *use;	/* "## use:" */
	char *counter;	/* "## counter:" */
	char *filter;	/* of a tracepoint or native line; functions have their own */
	struct probe_carrier *carriers; /* best first: what | separates */
	size_t carrier_count;
	const struct probe_set *set; /* the set that it belongs to; borrowed, stable */
	struct probe_place place;    /* of the name */
};

struct probe_set {
	char *name; /* file name without .probes; "-e" for inline probes */
	char *path;
	bool is_given; /* by the user, on the command line: -P, -e; false: of the search path */
	char *doc;
	char *doc_ko;
	struct probe *probes;
	size_t probe_count;
	struct probe_enum *enums;
	size_t enum_count;
	char **lines; /* lines of the file, which places borrow; what is not text is '?' there */
	size_t line_count;
};

const struct probe_enum *probe_set_enum(const struct probe_set *set, const char *name);
void probe_set_free(struct probe_set *set);
void probe_clear(struct probe *probe);
/* Whether something of nk's own is in it, so that the kernel cannot be given it as it was written.
 */
bool probe_arg_is_nk(const struct probe_arg *arg);
void probe_args_free(struct probe_arg *args, size_t count);
void probe_expr_free(struct probe_expr *expr);

#endif
