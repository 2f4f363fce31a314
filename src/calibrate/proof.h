/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The last check: what was learnt is used as probes use it, in plain fetch-args with offsets, on
 * objects that it was not learnt from.
 */
#ifndef NK_CALIBRATE_PROOF_H
#define NK_CALIBRATE_PROOF_H

#include "calibrate/learn.h"

enum { PROOF_PLANS_MAX = DUMP_COUNT };

/* Probes that fetch every member found; how many plans were made. */
size_t proof_plan(const struct learner *learner, bool has_arrays,
		  struct dump_plan plans[PROOF_PLANS_MAX]);

struct proof_result {
	unsigned int agreed, disagreed;
};

/* results: one a row. */
void proof_judge(const struct learner *learner, const struct collection *collection,
		 struct proof_result *results);

#endif
