/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Over all observations at once: which offsets, taken together, tell one story. The verdicts are
 * given anew each time, so more observations may only make them better.
 */
#include "calibrate/relate.h"

#include <errno.h>

/* A packet's buffer is smaller than that, headroom included. */
enum { HEADROOM_MAX = 16384, REPEATED = 3, MAY_DISAGREE = 8 };

static const enum member_row_name positions[] = { MEMBER_SKB_NETWORK, MEMBER_SKB_TRANSPORT,
						  MEMBER_SKB_MAC, MEMBER_SKB_TAIL };
enum { POSITIONS = sizeof(positions) / sizeof(positions[0]) };

static void missing(struct learner *learner, enum member_row_name name, const char *reason)
{
	learner->verdicts[member_index(name)] =
		(struct verdict){ .kind = VERDICT_MISSING, .reason = reason };
}

static void found(struct learner *learner, enum member_row_name name, size_t offset,
		  unsigned int observations)
{
	learner->verdicts[member_index(name)] = (struct verdict){ .kind = VERDICT_FOUND,
								  .offset = offset,
								  .observations = observations };
}

static void ambiguous(struct learner *learner, enum member_row_name name, const size_t *offsets,
		      size_t count, unsigned int observations)
{
	struct verdict *verdict = &learner->verdicts[member_index(name)];

	*verdict = (struct verdict){ .kind = VERDICT_AMBIGUOUS,
				     .observations = observations,
				     .other_count = count };
	for (size_t i = 0; i < count && i < CANDIDATES_OTHERS_MAX; i++)
		verdict->others[i] = offsets[i];
}

static void add_device(struct learner *learner, const struct facts *facts)
{
	if (!fact_has(facts, FACT_INDEX) || !fact_has(facts, FACT_DEVICE) ||
	    !fact_has(facts, FACT_SIDE) || learner->device_count == LEARNER_DEVICES_MAX)
		return;
	learner->devices[learner->device_count++] =
		(struct learner_device){ facts->number[FACT_SIDE], facts->number[FACT_INDEX],
					 facts->number[FACT_DEVICE] };
}

static void share_route(const struct learner *learner, struct facts *facts)
{
	for (size_t i = 0; i < learner->device_count; i++)
		if (learner->devices[i].side == facts->number[FACT_SIDE] &&
		    learner->devices[i].index == facts->number[FACT_ROUTE_INDEX])
			fact_set(facts, FACT_ROUTE_DEVICE, learner->devices[i].address);
}

static void share_sock(struct collection *collection, size_t first, struct collected *item)
{
	for (size_t i = first; i < collection->count; i++) {
		const struct collected *other = &collection->items[i];

		if (other->sample == item->sample && other->observation.area[AREA_SOCK] &&
		    fact_has(&other->observation.facts, FACT_SOCK))
			fact_set(&item->observation.facts, FACT_SOCK,
				 other->observation.facts.number[FACT_SOCK]);
	}
}

void relate_share(struct learner *learner, struct collection *collection, size_t first)
{
	for (size_t i = first; i < collection->count; i++) {
		struct collected *item = &collection->items[i];
		struct facts *facts = &item->observation.facts;

		if (item->observation.area[AREA_NET_DEVICE])
			add_device(learner, facts);
		if (fact_has(facts, FACT_ROUTE_INDEX))
			share_route(learner, facts);
		if (item->observation.area[AREA_SOCKET])
			share_sock(collection, first, item);
	}
}

static uint64_t load_pointer(const struct observation *observation, enum area area, size_t offset,
			     unsigned int pointer_size)
{
	return candidates_load(observation->area[area] + offset, pointer_size);
}

int relate_position(const struct member_row *row, const struct observation *observation,
		    unsigned int pointer_size, size_t data, size_t head, uint64_t *number)
{
	uint64_t relative;
	uint64_t at_data = load_pointer(observation, AREA_SK_BUFF, data, pointer_size);
	uint64_t at_head = load_pointer(observation, AREA_SK_BUFF, head, pointer_size);

	if (member_expected(row, &observation->facts, &relative))
		return -ENOENT;
	/* sk_buff_data_t is a pointer where that is no longer than a number:
	 * NET_SKBUFF_DATA_USES_OFFSET */
	if (row->size > 2 && pointer_size == 4)
		*number = (uint32_t)(at_data + relative);
	else
		*number = at_data - at_head + relative;
	if (row->size == 2)
		*number &= 0xffff;
	return 0;
}

static bool may_be_head(const struct collection *collection, unsigned int pointer_size, size_t data,
			size_t head)
{
	unsigned int seen = 0;

	for (size_t i = 0; i < collection->count; i++) {
		const struct observation *observation = &collection->items[i].observation;

		if (!observation->area[AREA_SK_BUFF])
			continue;
		uint64_t at_data = load_pointer(observation, AREA_SK_BUFF, data, pointer_size);
		uint64_t at_head = load_pointer(observation, AREA_SK_BUFF, head, pointer_size);

		if (at_head > at_data || at_data - at_head > HEADROOM_MAX)
			return false;
		seen++;
	}
	return seen > 0;
}

/* The verdict on one position, head and data being where they are said to be. */
static void judge_position(const struct collection *collection, const struct member_row *row,
			   unsigned int pointer_size, size_t data, size_t head,
			   struct verdict *verdict)
{
	struct candidates candidates;

	member_init(row, pointer_size, &candidates);
	for (size_t i = 0; i < collection->count; i++) {
		const struct observation *observation = &collection->items[i].observation;
		uint64_t number;

		if (observation->area[AREA_SK_BUFF] &&
		    !relate_position(row, observation, pointer_size, data, head, &number))
			candidates_expect(&candidates, observation->area[AREA_SK_BUFF],
					  observation->area_size[AREA_SK_BUFF], number, 0);
	}
	/* The headroom is mostly the same; it is the pattern over all positions that counts. */
	candidates_vote(&candidates, 2, verdict);
	candidates_clear(&candidates);
}

static bool is_head(const struct collection *collection, unsigned int pointer_size, size_t data,
		    size_t head)
{
	for (size_t i = 0; i < 2; i++) {
		struct verdict verdict;

		judge_position(collection, &member_rows[member_index(positions[i])], pointer_size,
			       data, head, &verdict);
		if (verdict.kind == VERDICT_MISSING)
			return false;
	}
	return true;
}

static unsigned int count_with(const struct collection *collection, enum area area)
{
	unsigned int count = 0;

	for (size_t i = 0; i < collection->count; i++)
		count += collection->items[i].observation.area[area] != NULL;
	return count;
}

void relate_packets(struct learner *learner, const struct collection *collection)
{
	const struct verdict *data = learner_found(learner, MEMBER_SKB_DATA);
	const struct member_row *row = &member_rows[member_index(MEMBER_SKB_HEAD)];
	unsigned int size = learner->pointer_size;
	unsigned int seen = count_with(collection, AREA_SK_BUFF);
	size_t heads[SAMPLES_MAX], count = 0;

	for (size_t head = 0; data && head + size <= row->limit; head += size)
		if (head != data->offset && may_be_head(collection, size, data->offset, head) &&
		    is_head(collection, size, data->offset, head))
			heads[count++] = head;
	if (count == 1)
		found(learner, MEMBER_SKB_HEAD, heads[0], seen);
	else if (count > 1)
		ambiguous(learner, MEMBER_SKB_HEAD, heads, count, seen);
	else
		missing(learner, MEMBER_SKB_HEAD,
			data ? "no pointer goes with the positions of the headers"
			     : "sk_buff.data is not known");
	for (size_t i = 0; i < POSITIONS; i++) {
		size_t index = member_index(positions[i]);

		if (count == 1)
			judge_position(collection, &member_rows[index], size, data->offset,
				       heads[0], &learner->verdicts[index]);
		else
			missing(learner, positions[i], "sk_buff.head is not known");
	}
}

/* Observations that go by a known device, and how many of them do not lead there from (word, dev).
 */
struct route_count {
	unsigned int seen, misses;
};

static struct route_count count_routes(const struct collection *collection, unsigned int size,
				       size_t word, size_t dev)
{
	struct route_count count = { 0 };

	for (size_t i = 0; i < collection->count; i++) {
		const struct observation *observation = &collection->items[i].observation;
		const struct facts *facts = &observation->facts;

		if (!observation->area[AREA_SK_BUFF_THROUGH] || !fact_has(facts, FACT_SOCK) ||
		    !fact_has(facts, FACT_ROUTE_DEVICE))
			continue;
		uint64_t device = facts->number[FACT_ROUTE_DEVICE];

		count.seen++;
		if (load_pointer(observation, AREA_SK_BUFF_THROUGH, word / size * AREA_STRIDE + dev,
				 size) != device)
			count.misses++;
	}
	return count;
}

void relate_routes(struct learner *learner, const struct collection *collection)
{
	unsigned int size = learner->pointer_size;
	size_t limit = member_rows[member_index(MEMBER_SKB_REFDST)].limit;
	size_t words[SAMPLES_MAX], devs[SAMPLES_MAX], found_count = 0;
	struct route_count count = count_routes(collection, size, 0, 0);
	const char *reason = "no pointer leads to the device";

	for (size_t word = 0; word + size <= limit; word += size)
		for (size_t dev = 0; dev + size <= AREA_STRIDE; dev += size) {
			struct route_count here = count_routes(collection, size, word, dev);

			if (here.misses > here.seen / MAY_DISAGREE)
				continue;
			words[found_count] = word;
			devs[found_count++] = dev;
		}
	if (count.seen < REPEATED)
		reason = "it was observed too few times";
	if (count.seen < REPEATED || !found_count) {
		missing(learner, MEMBER_SKB_REFDST, reason);
		missing(learner, MEMBER_DST_DEV, reason);
	} else if (found_count > 1) {
		ambiguous(learner, MEMBER_SKB_REFDST, words, found_count, count.seen);
		ambiguous(learner, MEMBER_DST_DEV, devs, found_count, count.seen);
	} else {
		found(learner, MEMBER_SKB_REFDST, words[0], count.seen);
		found(learner, MEMBER_DST_DEV, devs[0], count.seen);
	}
}

/* Kernel addresses have their highest bits set. */
static bool is_pointer(uint64_t value, unsigned int pointer_size)
{
	return pointer_size == 8 ? value >> 56 == 0xff : value >= 0x40000000;
}

static bool may_be_net(const struct collection *collection, unsigned int pointer_size,
		       size_t offset)
{
	uint64_t of_side[TRAFFIC_NET_SIDES] = { 0 };

	for (size_t i = 0; i < collection->count; i++) {
		const struct observation *observation = &collection->items[i].observation;

		if (!observation->area[AREA_SOCK] || !fact_has(&observation->facts, FACT_SIDE))
			continue;
		uint64_t value = load_pointer(observation, AREA_SOCK, offset, pointer_size);
		uint64_t *known =
			&of_side[observation->facts.number[FACT_SIDE] % TRAFFIC_NET_SIDES];

		if (!is_pointer(value, pointer_size) || (*known && *known != value))
			return false;
		*known = value;
	}
	return of_side[0] && of_side[0] != of_side[1];
}

void relate_namespaces(struct learner *learner, const struct collection *collection)
{
	size_t limit = member_rows[member_index(MEMBER_SOCK_NET)].limit;

	learner->net_count = 0;
	for (size_t offset = 0; offset + learner->pointer_size <= limit;
	     offset += learner->pointer_size)
		if (learner->net_count < LEARNER_NETS_MAX &&
		    may_be_net(collection, learner->pointer_size, offset))
			learner->nets[learner->net_count++] = offset;
}

static void judge_inum(const struct collection *collection, size_t net, unsigned int pointer_size,
		       struct verdict *verdict)
{
	const struct member_row *row = &member_rows[member_index(MEMBER_NET_INUM)];
	struct candidates candidates;

	member_init(row, pointer_size, &candidates);
	for (size_t i = 0; i < collection->count; i++) {
		const struct observation *observation = &collection->items[i].observation;

		if (collection->items[i].net == net && observation->area[AREA_NET] &&
		    fact_has(&observation->facts, FACT_NETNS))
			candidates_expect(&candidates, observation->area[AREA_NET],
					  observation->area_size[AREA_NET],
					  observation->facts.number[FACT_NETNS], 0);
	}
	/* There are only two namespaces; where there is one, nothing told skc_net apart either. */
	candidates_vote(&candidates, TRAFFIC_NET_SIDES, verdict);
	candidates_clear(&candidates);
}

void relate_inum(struct learner *learner, const struct collection *collection)
{
	size_t leading[LEARNER_NETS_MAX], count = 0;
	size_t inum = member_index(MEMBER_NET_INUM);

	missing(learner, MEMBER_NET_INUM, "sock_common.skc_net is not known");
	for (size_t i = 0; i < learner->net_count; i++) {
		struct verdict verdict;

		judge_inum(collection, learner->nets[i], learner->pointer_size, &verdict);
		if (verdict.kind == VERDICT_MISSING)
			continue;
		leading[count++] = learner->nets[i];
		learner->verdicts[inum] = verdict;
	}
	unsigned int seen = learner->verdicts[inum].observations;
	if (count == 1) {
		found(learner, MEMBER_SOCK_NET, leading[0], seen);
	} else if (count > 1) {
		ambiguous(learner, MEMBER_SOCK_NET, leading, count, seen);
		missing(learner, MEMBER_NET_INUM, "sock_common.skc_net is not known");
	} else {
		missing(learner, MEMBER_SOCK_NET,
			learner->net_count ? "no pointer leads to the namespace's number"
					   : "no pointer tells two namespaces apart");
	}
}
