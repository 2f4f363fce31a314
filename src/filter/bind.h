/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An expression's tests, tied to the fields of each plan. Internal to filter/.
 */
#ifndef NK_FILTER_BIND_H
#define NK_FILTER_BIND_H

#include "filter/constant.h"
#include "filter/filter.h"

/* A field that a test looks at, with a constant for each display type that its value can have. */
struct bound_field {
	const struct plan_field *field;
	struct constant *constants;
	size_t constant_count;
	uint8_t halves; /* bits of those that it is read from */
};

/* A test of one plan: any of the fields; none: it does not hold. */
struct bound_test {
	bool is_decided; /* by the plan alone: holds */
	bool holds;
	struct bound_field *fields;
	size_t field_count;
};

struct bound_plan {
	const struct event_plan *plan;
	struct bound_test *tests; /* as many as the expression has */
};

struct bound_filter {
	const struct filter *filter;
	struct decoder *decoder;
	struct bound_plan *plans; /* by event_plan.index */
	size_t plan_count;
	struct constant *constants; /* of tests of the record itself: pid, comm, cpu */
};

#endif
