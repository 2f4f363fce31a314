/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Planned functions to trace events. Private to resolve/.
 */
#ifndef NK_RESOLVE_DEFINE_H
#define NK_RESOLVE_DEFINE_H

#include <stdbool.h>
#include <stddef.h>

#include "resolve/plan.h"
#include "resolve/resolve.h"

/*
 * The events of one carrier: functions that are alike share one. 0, or -EINVAL with a refusal and
 * nothing defined.
 */
int define_events(const struct probe *probe, const struct kernel *kernel, const struct plan *plans,
		  size_t count, bool is_plain, struct event_def **events, size_t *event_count,
		  struct refusal *refusal);

/* An event of no definition of nk's own: a tracepoint, or a line that nk does not take apart. */
struct event_def *define_foreign(const struct probe *probe);

void define_free(struct event_def *events, size_t count);

/* Whether the clone can be probed for certain. */
bool define_is_usable(const struct symbol_clone *clone);

#endif
