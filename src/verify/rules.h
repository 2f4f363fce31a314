/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What each probe must show of a step's calls and packets. Probes are known by their names; of a
 * probe with another name nothing is known.
 */
#ifndef NK_VERIFY_RULES_H
#define NK_VERIFY_RULES_H

#include "verify/fields.h"
#include "verify/truth.h"

/* Records that must be there: one of a call or a datagram, or those of a flow. */
struct want {
	uint64_t from_ns, to_ns; /* they are in between */
	uint32_t min, max;
	struct verify_fields fields; /* of each */
	bool has_sum;		     /* all len less overhead for each are sum */
	int64_t sum, overhead;
	bool has_flags; /* one of the records has SYN */
};

struct wants {
	struct want *items;
	size_t count;
};

enum { WANT_ANY_NUMBER = UINT32_MAX };

enum verify_view {
	VIEW_CALLS,   /* records belong to calls by their time */
	VIEW_PACKETS, /* by what they show: softirqs of others come to the process, too */
};

struct verify_rule {
	const char *probe;
	enum verify_view view;
	/* One call: fills a want and returns true where it makes a record. NULL: see layers.h. */
	bool (*of_call)(const struct truth *truth, const struct traffic_call *call,
			struct want *want);
};

/* NULL: a probe of the user's own. */
const struct verify_rule *verify_rule_find(const char *probe);
/* Appends what a step's truth makes of a rule. */
void verify_rule_apply(const struct verify_rule *rule, const struct truth *truth,
		       struct wants *wants);
void wants_clear(struct wants *wants);

#endif
