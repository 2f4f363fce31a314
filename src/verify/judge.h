/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Records of one probe in one step, held against what must be there.
 */
#ifndef NK_VERIFY_JUDGE_H
#define NK_VERIFY_JUDGE_H

#include "verify/rules.h"

struct verify_seen {
	uint64_t ts; /* when the call was entered */
	struct verify_fields fields;
};

/* A field that showed another value than it should; the first of its kind in the step. */
struct verify_wrong {
	const char *step;
	enum verify_field field;
	struct verify_value want, seen;
};

struct outcome {
	uint32_t expected; /* at least, unless is_exact */
	bool is_exact;
	uint32_t counted;      /* records of the step's traffic */
	uint32_t failed;       /* of these, calls that returned an error: no counter counts them */
	uint32_t missing;      /* of those expected */
	uint32_t surplus;      /* that the step's calls do not account for */
	uint32_t foreign;      /* packets of others that this process was interrupted for */
	uint32_t right, wrong; /* bits by enum verify_field: compared and always right; ever not */
	struct verify_wrong *wrongs;
	size_t wrong_count;
	bool has_counter; /* the kernel's own count is known and to be compared */
	int64_t counter;
};

void judge(const struct verify_rule *rule, const struct truth *truth,
	   const struct verify_seen *seen, size_t count, struct outcome *outcome);
/* Every record is there and right, and the kernel counts the same. */
bool outcome_is_good(const struct outcome *outcome);
void outcome_clear(struct outcome *outcome);

#endif
