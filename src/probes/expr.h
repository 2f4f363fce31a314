/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Values of arguments, as expression trees. Internal to probes/.
 */
#ifndef NK_PROBES_EXPR_H
#define NK_PROBES_EXPR_H

#include "probes/mapped.h"
#include "probes/probe.h"
#include "probes/report.h"

/* One value, all of the span; NULL where it is mistaken, which has been told. */
struct probe_expr *expr_parse(struct report *report, struct span span, bool is_return);
struct probe_expr *expr_copy(const struct probe_expr *expr);

#endif
