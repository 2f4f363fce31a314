/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The expressions of -f: parsed once, bound to the plans of a decoder, and then asked of each
 * record; and, for the kernel, as the text of its own event filter.
 *
 *	expr := expr or expr | expr and expr | not expr | ( expr ) | test
 *	test := host ADDRESS | net ADDRESS[/BITS] | port [OP] N | pid [OP] N | comm [OP] TEXT
 *		| cpu OP N | event OP TEXT | set OP TEXT | FIELD OP VALUE
 *	OP   := == != < <= > >= ~ &
 *
 * A test of a field that the record does not have does not hold, != included. Where that field
 * belongs to the half of a joined call that is missing, it is not known whether it holds: then
 * neither it nor its "not" keeps the record.
 */
#ifndef NK_FILTER_FILTER_H
#define NK_FILTER_FILTER_H

#include <stdbool.h>

#include "base/diag.h"
#include "decode/decoder.h"
#include "decode/record.h"

struct filter;
struct bound_filter;

/* 0, or -EINVAL with a diag that has the place. */
int filter_new(const char *text, struct filter **out, struct diags *diags);
void filter_free(struct filter *filter);

/*
 * For the records of a decoder, all of whose events were added; both are borrowed. -EINVAL with a
 * diag: no event has such a field, or what it is compared with cannot be.
 */
int filter_bind(const struct filter *filter, struct decoder *decoder, struct bound_filter **out,
		struct diags *diags);
void bound_filter_free(struct bound_filter *bound);

/* Whether an event is to be kept. Nothing is allocated. */
bool filter_keeps(const struct bound_filter *bound, const struct record *record);

/* A filter as far as the kernel can do it, for one event. */
struct kernel_filter {
	char *text;    /* malloc'ed; NULL: the kernel can do nothing */
	bool is_whole; /* it keeps what filter_keeps() keeps, and no more */
	/* Where it is not whole: the first test that is not done there, and why; static or of the
	 * filter. */
	const char *rest;
	int rest_length;
	const char *why;
};

/*
 * What the kernel may drop of the events of a plan, all that filter_keeps() would keep excepted.
 * Of a joined call it is the entry's event that is filtered.
 */
void filter_for_kernel(const struct bound_filter *bound, size_t plan_index,
		       struct kernel_filter *out);
void kernel_filter_clear(struct kernel_filter *filter);

#endif
