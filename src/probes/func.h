/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The part of a probe's line that says where to attach and what to fetch. Internal to probes/.
 */
#ifndef NK_PROBES_FUNC_H
#define NK_PROBES_FUNC_H

#include <stdbool.h>

#include "probes/mapped.h"
#include "probes/probe.h"
#include "probes/report.h"

/*
 * "SYMBOL[+OFFSET] ARGUMENT... [unless FUNCTION] [if FILTER]". func has is_return and max_active set; the rest is
 * filled in as far as it is good, symbol always. is_nk as in args_parse().
 */
void func_parse(struct report *report, struct span text, struct probe_func *func, bool *is_nk);

/* "ARGUMENT..." of a return half. */
void func_parse_return(struct report *report, struct span text, struct probe_func *half,
		       bool *is_nk);
/* Makes half, whose place is ret_place, the return half of func; half keeps its own. */
void func_join_return(struct probe_func *func, const struct probe_func *half);

/* True where only the kernel can take the line apart: "$arg*", a function by its address. */
bool func_is_native(struct span text);

/* "r10": a letter of letters, and a number of up to 4096 behind r. False: no such word. */
bool func_parse_kind(struct report *report, struct span word, bool *is_return, int *max_active);

/* The name that a probe on this symbol has where none is written. */
char *func_automatic_name(const char *symbol);

#endif
