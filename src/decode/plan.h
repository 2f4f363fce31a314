/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Compiles event formats and descriptions into a plan: which fields a record has, where, and how
 * each is to be shown. Done once an event, so that nothing is looked up while records are read.
 */
#ifndef NK_DECODE_PLAN_H
#define NK_DECODE_PLAN_H

#include "decode/format.h"
#include "decode/record.h"

/* One half of a plan: raw NULL: there is none. desc NULL: not of nk. Both borrowed. */
struct plan_half {
	const struct raw_event *raw;
	const struct event_desc *desc;
};

/* halves[0]: a whole event or an entry, halves[1]: a return. At least one is there. */
struct event_plan *plan_new(struct decode_context *context, const struct plan_half halves[2],
			    uint32_t index);
void plan_free(struct event_plan *plan);

/* A raw field of an event by its name; NULL. */
const struct raw_field *raw_event_field(const struct raw_event *event, const char *name);

#endif
