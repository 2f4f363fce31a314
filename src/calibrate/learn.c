/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Observations go in as they come; each row that has a value of its own takes its vote from each of
 * them, and the rows that depend on others are judged again over all (relate.c).
 */
#include "calibrate/learn.h"

#include "base/alloc.h"
#include "calibrate/relate.h"

void learner_init(struct learner *learner, unsigned int pointer_size)
{
	*learner = (struct learner){
		.pointer_size = pointer_size,
		.candidates = xcalloc(member_row_count, sizeof(struct candidates)),
		.verdicts = xcalloc(member_row_count, sizeof(struct verdict)),
	};
	for (size_t i = 0; i < member_row_count; i++) {
		member_init(&member_rows[i], pointer_size, &learner->candidates[i]);
		candidates_vote(&learner->candidates[i], 1, &learner->verdicts[i]);
	}
}

void learner_clear(struct learner *learner)
{
	for (size_t i = 0; learner->candidates && i < member_row_count; i++)
		candidates_clear(&learner->candidates[i]);
	free(learner->candidates);
	free(learner->verdicts);
	*learner = (struct learner){ 0 };
}

static bool has_value_of_its_own(const struct member_row *row)
{
	return row->rule != RULE_SPECIAL && row->rule != RULE_POSITION;
}

void learner_update(struct learner *learner, struct collection *collection)
{
	relate_share(learner, collection, learner->fed);
	for (size_t i = 0; i < member_row_count; i++) {
		if (!has_value_of_its_own(&member_rows[i]))
			continue;
		for (size_t j = learner->fed; j < collection->count; j++)
			member_observe(&member_rows[i], &collection->items[j].observation,
				       &learner->candidates[i]);
		member_vote(&member_rows[i], &learner->candidates[i], &learner->verdicts[i]);
	}
	learner->fed = collection->count;
	relate_packets(learner, collection);
	relate_routes(learner, collection);
}

const struct verdict *learner_found(const struct learner *learner, enum member_row_name name)
{
	const struct verdict *verdict = &learner->verdicts[member_index(name)];

	return verdict->kind == VERDICT_FOUND ? verdict : NULL;
}
