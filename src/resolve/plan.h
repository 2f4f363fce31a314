/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One function of a carrier with all its arguments rendered: of its entry (or of its return, where
 * it is a return probe), and of its return half. Private to resolve/.
 */
#ifndef NK_RESOLVE_PLAN_H
#define NK_RESOLVE_PLAN_H

#include <stdbool.h>
#include <stddef.h>

#include "resolve/render.h"

struct plan_half {
	struct rendered *args; /* those of the probe file, then those that nk adds */
	size_t count;
};

struct plan {
	const struct probe_func *func;
	const struct symbol *symbol;
	struct plan_half main, ret;
};

/*
 * Renders all arguments of func. is_plain: a line as the kernel takes it, to which nothing may be
 * added. fields gets one entry for each argument of the probe file. 0 or -EINVAL with a refusal.
 */
int plan_func(const struct kernel *kernel, const struct probe_func *func,
	      const struct symbol *symbol, bool is_plain, struct plan *out,
	      struct field_origin **fields, size_t *field_count, struct refusal *refusal);
void plan_clear(struct plan *plan);

/* True where both can be attached to one trace event and be shown alike. */
bool plan_is_alike(const struct plan *a, const struct plan *b);

#endif
