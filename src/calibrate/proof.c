/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A plan of a proof brings single members where a plan of a dump brings all: what was fetched is
 * put where it lies in the object, the rest of which stays empty. So facts are compared with it as
 * with a dump.
 */
#include "calibrate/proof.h"

#include <errno.h>

#include "base/alloc.h"
#include "calibrate/relate.h"

struct planner {
	const struct learner *learner;
	struct dump_plan *plan;
	size_t socket_sk;
	bool has_arrays;
};

static unsigned int size_of(const struct learner *learner, const struct member_row *row)
{
	return row->size ? row->size : learner->pointer_size;
}

static size_t area_index(struct dump_plan *plan, enum area area, uint16_t bytes)
{
	size_t i = 0;

	while (i < plan->dump.area_count && plan->dump.areas[i].area != area)
		i++;
	if (i == plan->dump.area_count)
		plan->dump.areas[plan->dump.area_count++] =
			(struct dump_area){ .area = area, .object = "", .bytes = bytes };
	return i;
}

/* prefix tells two arguments of one row apart. */
static void add(const struct planner *planner, char prefix, size_t row, size_t area,
		const char *expr, const char *type, size_t offset, unsigned int bytes,
		unsigned int shift)
{
	struct dump_piece piece = { .area = (uint8_t)area,
				    .shift = (uint8_t)shift,
				    .offset = (uint16_t)offset,
				    .bytes = (uint16_t)bytes };

	snprintf(piece.name, sizeof(piece.name), "%c%zu", prefix, row);
	dump_plan_add(planner->plan, &piece, expr, type);
}

static char *type_of(const struct learner *learner, const struct member_row *row,
		     const struct verdict *verdict)
{
	unsigned int size = size_of(learner, row);

	if (row->bit_width)
		return xasprintf("b%u@%u/%u", row->bit_width, verdict->bit, size * 8);
	return size > 8 ? xasprintf("x64[%u]", size / 8) : xasprintf("x%u", size * 8);
}

/* The pointer itself, and what stands behind it. */
static void add_through(const struct planner *planner, size_t row, size_t area, const char *object)
{
	size_t offset = planner->learner->verdicts[row].offset;
	unsigned int size = planner->learner->pointer_size;
	enum area base = planner->plan->dump.areas[area].area == AREA_SK_BUFF_THROUGH ? AREA_SK_BUFF
										      : AREA_MSGHDR;
	NK_FREE char *pointer = xasprintf("+%zu(%s)", offset, object);
	NK_FREE char *behind = xasprintf("+0(%s)", pointer);
	NK_FREE char *type = xasprintf("x%u", size * 8);

	add(planner, 'p', row, area_index(planner->plan, base, 0), pointer, type, offset, size, 0);
	add(planner, 'm', row, area, behind, "x64[4]", offset / size * AREA_STRIDE, AREA_STRIDE, 0);
}

static void add_member(const struct planner *planner, size_t index, size_t area)
{
	const struct member_row *row = &member_rows[index];
	const struct verdict *verdict = &planner->learner->verdicts[index];
	struct text object = { 0 };

	dump_write_object(planner->plan->dump.areas[area].object, planner->socket_sk, &object);
	if (row->rule == RULE_THROUGH) {
		add_through(planner, index, area, object.data);
	} else {
		NK_FREE char *expr = xasprintf("+%zu(%s)", verdict->offset, object.data);
		NK_FREE char *type = type_of(planner->learner, row, verdict);

		add(planner, 'm', index, area, expr, type, verdict->offset,
		    size_of(planner->learner, row), row->bit_width ? verdict->bit : 0);
	}
	text_clear(&object);
}

/* The number of the namespace that skc_net leads to. */
static void add_inum(const struct planner *planner)
{
	const struct verdict *net = learner_found(planner->learner, MEMBER_SOCK_NET);
	const struct verdict *inum = learner_found(planner->learner, MEMBER_NET_INUM);
	size_t row = member_index(MEMBER_NET_INUM);

	if (!net || !inum)
		return;
	NK_FREE char *expr =
		xasprintf("+%zu(+%zu(+%zu($arg1)))", inum->offset, net->offset, planner->socket_sk);
	add(planner, 'm', row, area_index(planner->plan, AREA_NET, member_rows[row].limit), expr,
	    "x32", inum->offset, 4, 0);
}

/* The device that _skb_refdst leads to. */
static void add_route(const struct planner *planner, size_t through)
{
	const struct verdict *route = learner_found(planner->learner, MEMBER_SKB_REFDST);
	const struct verdict *dev = learner_found(planner->learner, MEMBER_DST_DEV);
	unsigned int size = planner->learner->pointer_size;

	if (!route || !dev)
		return;
	NK_FREE char *expr = xasprintf("+%zu(+%zu(%s))", dev->offset, route->offset,
				       planner->plan->dump.areas[through].object);
	NK_FREE char *type = xasprintf("x%u", size * 8);
	add(planner, 'm', member_index(MEMBER_DST_DEV), through, expr, type,
	    route->offset / size * AREA_STRIDE + dev->offset, size, 0);
}

static bool is_fetched(const struct planner *planner, size_t index, const struct dump_area *area)
{
	const struct member_row *row = &member_rows[index];

	if (planner->learner->verdicts[index].kind != VERDICT_FOUND || row->area != area->area)
		return false;
	if (row->rule == RULE_SPECIAL && index != member_index(MEMBER_SKB_HEAD))
		return false;
	/* A struct sock that is none of TCP's ends before a tcp_sock's members. */
	return row->limit <= area->bytes;
}

static void plan_dump(const struct planner *planner, enum dump_name name)
{
	const struct dump *dump = &dumps[name];

	*planner->plan = (struct dump_plan){ .dump = *dump, .has_arrays = planner->has_arrays };
	dump_plan_values(planner->plan, planner->learner->pointer_size);
	for (size_t area = 0; area < dump->area_count; area++)
		for (size_t i = 0; i < member_row_count; i++)
			if (is_fetched(planner, i, &dump->areas[area]))
				add_member(planner, i, area);
	if (name == DUMP_SOCK)
		add_inum(planner);
	if (name == DUMP_SENT)
		add_route(planner, 1);
}

size_t proof_plan(const struct learner *learner, bool has_arrays,
		  struct dump_plan plans[PROOF_PLANS_MAX])
{
	const struct verdict *sk = learner_found(learner, MEMBER_SOCKET_SK);
	size_t count = 0;

	for (enum dump_name name = 0; name < DUMP_COUNT; name++) {
		struct planner planner = { .learner = learner,
					   .plan = &plans[count],
					   .socket_sk = sk ? sk->offset : 0,
					   .has_arrays = has_arrays };

		/* A struct sock of every kind comes with its socket. */
		if (name == DUMP_SOCKET || (name == DUMP_SOCK && !sk))
			continue;
		plan_dump(&planner, name);
		if (plans[count].piece_count)
			count++;
		else
			dump_plan_clear(&plans[count]);
	}
	return count;
}

/* 1: it agrees; 0: it does not; -ENOENT: the observation does not say. */
static int agrees(const struct learner *learner, size_t index,
		  const struct observation *observation)
{
	const struct member_row *row = &member_rows[index];
	const struct verdict *verdict = &learner->verdicts[index];
	const struct facts *facts = &observation->facts;
	const uint8_t *area = observation->area[row->area];
	unsigned int size = size_of(learner, row);
	uint64_t number;

	if (row->rule == RULE_THROUGH) {
		const struct fact_pattern *pattern = member_pattern(row, facts);
		const uint8_t *behind = area + verdict->offset / size * AREA_STRIDE + pattern->at;

		return pattern->length ? !memcmp(behind, pattern->bytes, pattern->length) : -ENOENT;
	}
	if (row->rule == RULE_BYTES)
		return fact_has(facts, row->fact)
			       ? !memcmp(area + verdict->offset, fact_bytes(facts, row->fact), size)
			       : -ENOENT;
	if (row->rule == RULE_POSITION) {
		const struct verdict *data = learner_found(learner, MEMBER_SKB_DATA);
		const struct verdict *head = learner_found(learner, MEMBER_SKB_HEAD);

		if (!data || !head ||
		    relate_position(row, observation, learner->pointer_size, data->offset,
				    head->offset, &number))
			return -ENOENT;
	} else if (row->rule == RULE_SPECIAL && row->fact && fact_has(facts, row->fact)) {
		number = facts->number[row->fact];
	} else if (member_expected(row, facts, &number)) {
		return -ENOENT;
	}
	uint64_t value = candidates_load(area + verdict->offset, size) >> row->shift;
	if (row->bit_width)
		value = value >> verdict->bit & ((1u << row->bit_width) - 1);
	return value == number;
}

/* Of the two members on the way to a device, the second one tells of both. */
static int route_agrees(const struct learner *learner, const struct observation *observation)
{
	const struct verdict *route = learner_found(learner, MEMBER_SKB_REFDST);
	const struct verdict *dev = learner_found(learner, MEMBER_DST_DEV);
	const struct facts *facts = &observation->facts;
	unsigned int size = learner->pointer_size;

	if (!route || !dev || !fact_has(facts, FACT_ROUTE_DEVICE) || !fact_has(facts, FACT_SOCK))
		return -ENOENT;
	return candidates_load(observation->area[AREA_SK_BUFF_THROUGH] +
				       route->offset / size * AREA_STRIDE + dev->offset,
			       size) == facts->number[FACT_ROUTE_DEVICE];
}

static void count_result(struct proof_result *result, int answer)
{
	if (answer > 0)
		result->agreed++;
	else if (!answer)
		result->disagreed++;
}

static void judge_row(const struct learner *learner, size_t index,
		      const struct collected *collected, struct proof_result *result)
{
	const struct member_row *row = &member_rows[index];
	const struct observation *observation = &collected->observation;

	if (learner->verdicts[index].kind != VERDICT_FOUND || !observation->area[row->area])
		return;
	if (index == member_index(MEMBER_DST_DEV) || index == member_index(MEMBER_SKB_REFDST)) {
		if (observation->area[AREA_SK_BUFF_THROUGH])
			count_result(result, route_agrees(learner, observation));
		return;
	}
	if (row->limit > observation->area_size[row->area] && !dump_is_through(row->area))
		return;
	count_result(result, agrees(learner, index, observation));
}

void proof_judge(const struct learner *learner, const struct collection *collection,
		 struct proof_result *results)
{
	memset(results, 0, member_row_count * sizeof(*results));
	for (size_t i = 0; i < collection->count; i++)
		for (size_t row = 0; row < member_row_count; row++)
			judge_row(learner, row, &collection->items[i], &results[row]);
	/* skc_net and head are proved by what is reached through them. */
	results[member_index(MEMBER_SOCK_NET)] = results[member_index(MEMBER_NET_INUM)];
	results[member_index(MEMBER_SKB_HEAD)] = results[member_index(MEMBER_SKB_NETWORK)];
}
