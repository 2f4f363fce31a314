/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Each record is given to one want of its time: first to those whose ends it shows rightly, then
 * what is left to what is still missing, so that a field read from a wrong offset is told as wrong
 * and not as a record too few and one too many. Only then the same for records that are in time for
 * the clock's error alone: calls that follow each other closely are not mistaken for each other.
 */
#include "verify/judge.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

/* The trace clock is read without a lock, and may be behind by so much. */
enum { CLOCK_NS = 2000, FLAG_SYN = 0x02 };

/* What has been given to a want so far. */
struct given {
	uint32_t count, syns;
	int64_t sum;
	bool has_length, has_flags;
};

/* Who is given what: only what is missing goes to records with something wrong. */
struct pass {
	uint64_t slack_ns;
	bool may_be_wrong;
};

static const struct pass passes[] = {
	{ 0, false }, { 0, true }, { CLOCK_NS, false }, { CLOCK_NS, true }
};

struct judgement {
	const struct verify_rule *rule;
	const struct truth *truth;
	struct wants wants;
	struct given *given;
	struct outcome *outcome;
};

static const enum verify_field keys[] = { FIELD_SADDR, FIELD_SPORT, FIELD_DADDR, FIELD_DPORT,
					  FIELD_LADDR, FIELD_LPORT, FIELD_RADDR, FIELD_RPORT,
					  FIELD_PROTO, FIELD_TYPE,  FIELD_CODE };

static bool is_in_time(const struct want *want, const struct verify_seen *seen, uint64_t slack_ns)
{
	return seen->ts + slack_ns >= want->from_ns && seen->ts <= want->to_ns + slack_ns;
}

static unsigned int wrong_keys(const struct want *want, const struct verify_seen *seen)
{
	unsigned int wrong = 0;

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		wrong += !verify_is_right(&want->fields.of[keys[i]], &seen->fields.of[keys[i]]);
	return wrong;
}

/*
 * The want that fits best; what is still missing goes first. Of those that fit alike, the one whose
 * time ends first: records are given in the order of time, and what comes later fits the others
 * still.
 */
static size_t find_want(const struct judgement *judgement, const struct verify_seen *seen,
			const struct pass *pass)
{
	const struct wants *wants = &judgement->wants;
	size_t best = wants->count;
	unsigned int best_score = UINT32_MAX;

	for (size_t i = 0; i < wants->count; i++) {
		const struct want *want = &wants->items[i];
		uint32_t given = judgement->given[i].count;
		unsigned int wrong = wrong_keys(want, seen);
		unsigned int score = wrong * 2 + (given >= want->min);

		if (!is_in_time(want, seen, pass->slack_ns) || given >= want->max ||
		    (wrong > 0 && !pass->may_be_wrong) ||
		    (pass->may_be_wrong && given >= want->min))
			continue;
		if (score < best_score ||
		    (score == best_score && want->to_ns < wants->items[best].to_ns)) {
			best = i;
			best_score = score;
		}
	}
	return best;
}

static void note_wrong(struct judgement *judgement, enum verify_field field,
		       const struct verify_value *want, const struct verify_value *seen)
{
	struct outcome *outcome = judgement->outcome;

	if (!(outcome->wrong & 1u << field))
		*array_add(&outcome->wrongs, &outcome->wrong_count) =
			(struct verify_wrong){ judgement->truth->step->name, field, *want, *seen };
	outcome->wrong |= 1u << field;
	outcome->right &= ~(1u << field);
}

static void compare(struct judgement *judgement, const struct want *want,
		    const struct verify_seen *seen)
{
	struct outcome *outcome = judgement->outcome;

	for (unsigned int field = 0; field < FIELD_COUNT; field++) {
		const struct verify_value *wanted = &want->fields.of[field];
		const struct verify_value *got = &seen->fields.of[field];

		if (!verify_is_comparable(wanted, got))
			continue;
		if (!verify_is_right(wanted, got))
			note_wrong(judgement, field, wanted, got);
		else if (!(outcome->wrong & 1u << field))
			outcome->right |= 1u << field;
	}
}

/*
 * No value is shown of the tail, but what lies behind it is not the packet's: it must not be
 * farther than the packet is long. A part of it may be in fragments.
 */
static void compare_tail(struct judgement *judgement, const struct want *want,
			 const struct verify_seen *seen)
{
	const struct verify_value *tail = &seen->fields.of[FIELD_TAIL];
	const struct verify_value *length = &want->fields.of[FIELD_LEN];

	if (length->kind != VERIFY_NUMBER)
		length = &seen->fields.of[FIELD_LEN];
	if (length->kind != VERIFY_NUMBER || tail->kind != VERIFY_NUMBER)
		return;

	const struct verify_value limit = { .kind = VERIFY_AT_MOST, .number = length->number };
	if (!verify_is_right(&limit, tail))
		note_wrong(judgement, FIELD_TAIL, &limit, tail);
}

static bool is_failed(const struct verify_seen *seen)
{
	const struct verify_value *bytes = &seen->fields.of[FIELD_BYTES];
	const struct verify_value *err = &seen->fields.of[FIELD_ERR];

	return (bytes->kind == VERIFY_NUMBER && bytes->number < 0) ||
	       (err->kind == VERIFY_NUMBER && err->number != 0);
}

static void give(struct judgement *judgement, size_t index, const struct verify_seen *seen)
{
	struct given *given = &judgement->given[index];
	const struct verify_value *length = &seen->fields.of[FIELD_LEN];
	const struct verify_value *flags = &seen->fields.of[FIELD_FLAGS];

	given->count++;
	judgement->outcome->counted++;
	judgement->outcome->failed += is_failed(seen);
	if (length->kind == VERIFY_NUMBER) {
		given->has_length = true;
		given->sum += length->number - judgement->wants.items[index].overhead;
	}
	if (flags->kind == VERIFY_NUMBER) {
		given->has_flags = true;
		given->syns += (flags->number & FLAG_SYN) != 0;
	}
	compare(judgement, &judgement->wants.items[index], seen);
	compare_tail(judgement, &judgement->wants.items[index], seen);
}

/* Of packets that nothing explains, those that show none of our ends are somebody else's. */
static void leave_over(struct judgement *judgement, const struct verify_seen *seen)
{
	const struct wants *wants = &judgement->wants;
	bool is_ours = judgement->rule->view == VIEW_CALLS;

	for (size_t i = 0; i < wants->count && !is_ours; i++)
		is_ours = wrong_keys(&wants->items[i], seen) == 0;
	if (is_ours)
		judgement->outcome->surplus++;
	else
		judgement->outcome->foreign++;
}

static void compare_number(struct judgement *judgement, enum verify_field field, int64_t wanted,
			   int64_t got)
{
	const struct verify_value want = { .kind = VERIFY_NUMBER, .number = wanted };
	const struct verify_value seen = { .kind = VERIFY_NUMBER, .number = got };

	if (wanted != got)
		note_wrong(judgement, field, &want, &seen);
	else if (!(judgement->outcome->wrong & 1u << field))
		judgement->outcome->right |= 1u << field;
}

/* The tail of a segment was held against its length, which is found out to be wrong itself. */
static void forgive_tail(struct outcome *outcome)
{
	size_t kept = 0;

	for (size_t i = 0; i < outcome->wrong_count; i++)
		if (outcome->wrongs[i].field != FIELD_TAIL)
			outcome->wrongs[kept++] = outcome->wrongs[i];
	outcome->wrong_count = kept;
	outcome->wrong &= ~(1u << FIELD_TAIL);
}

/* What all records of a want together must show. */
static void sum_up(struct judgement *judgement)
{
	struct outcome *outcome = judgement->outcome;

	outcome->is_exact = true;
	for (size_t i = 0; i < judgement->wants.count; i++) {
		const struct want *want = &judgement->wants.items[i];
		const struct given *given = &judgement->given[i];

		outcome->expected += want->min;
		outcome->is_exact = outcome->is_exact && want->min == want->max;
		if (given->count < want->min)
			outcome->missing += want->min - given->count;
		if (given->count < want->min || !given->count)
			continue;
		if (want->has_sum && given->has_length)
			compare_number(judgement, FIELD_LEN, want->sum, given->sum);
		if (want->has_flags && given->has_flags)
			compare_number(judgement, FIELD_FLAGS, 1, given->syns);
	}
	if (outcome->wrong & 1u << FIELD_LEN)
		forgive_tail(outcome);
}

static int compare_time(const void *a, const void *b)
{
	const struct verify_seen *const *left = a, *const *right = b;

	if ((*left)->ts != (*right)->ts)
		return (*left)->ts < (*right)->ts ? -1 : 1;
	/* Pointers into one array: as they came. */
	return *left < *right ? -1 : *left > *right;
}

/* What the child and its parent say to each other is no traffic of the step. */
static size_t of_the_step(const struct truth *truth, const struct verify_seen *seen, size_t count,
			  const struct verify_seen **left)
{
	size_t left_count = 0;

	for (size_t i = 0; i < count; i++)
		if (seen[i].ts + CLOCK_NS >= truth->start_ns &&
		    seen[i].ts <= truth->end_ns + CLOCK_NS)
			left[left_count++] = &seen[i];
	if (left_count > 0)
		qsort(left, left_count, sizeof(*left), compare_time);
	return left_count;
}

/* Gives what can be given; the rest moves to the front of left. Returns how many are left. */
static size_t give_all(struct judgement *judgement, const struct verify_seen **left, size_t count,
		       const struct pass *pass)
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++) {
		size_t want = find_want(judgement, left[i], pass);

		if (want == judgement->wants.count)
			left[kept++] = left[i];
		else
			give(judgement, want, left[i]);
	}
	return kept;
}

void judge(const struct verify_rule *rule, const struct truth *truth,
	   const struct verify_seen *seen, size_t count, struct outcome *outcome)
{
	struct judgement judgement = { .rule = rule, .truth = truth, .outcome = outcome };
	NK_FREE const struct verify_seen **left = xcalloc(count ? count : 1, sizeof(*left));
	size_t left_count = of_the_step(truth, seen, count, left);

	*outcome = (struct outcome){ 0 };
	verify_rule_apply(rule, truth, &judgement.wants);
	judgement.given = xcalloc(judgement.wants.count ? judgement.wants.count : 1,
				  sizeof(*judgement.given));
	for (size_t i = 0; i < sizeof(passes) / sizeof(passes[0]); i++)
		left_count = give_all(&judgement, left, left_count, &passes[i]);
	for (size_t i = 0; i < left_count; i++)
		leave_over(&judgement, left[i]);
	sum_up(&judgement);
	wants_clear(&judgement.wants);
	free(judgement.given);
}

bool outcome_is_good(const struct outcome *outcome)
{
	return !outcome->missing && !outcome->surplus && !outcome->wrong &&
	       (!outcome->has_counter ||
		outcome->counter == (int64_t)outcome->counted - outcome->failed);
}

void outcome_clear(struct outcome *outcome)
{
	free(outcome->wrongs);
	*outcome = (struct outcome){ 0 };
}
