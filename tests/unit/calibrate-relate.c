/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Members that are known by their relations: made-up packets, routes and namespaces at places of
 * the test's choice, in memory that is random else.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "calibrate/learn.h"
#include "calibrate/relate.h"
#include "traffic/endpoint.h"

enum { POINTER = 8, DATA = 208, HEAD = 200, NETWORK = 184, TRANSPORT = 182, MAC = 186, TAIL = 188 };
enum { REFDST = 88, NET = 48, INUM = 144 };

static struct learner learner;
static struct collection collection;

static void start(void)
{
	learner_init(&learner, POINTER);
}

static void stop(void)
{
	collection_clear(&collection);
	learner_clear(&learner);
}

static struct observation *add(const struct dump *dump)
{
	struct collected *item = array_add(&collection.items, &collection.count);
	size_t size = 0;

	item->dump = dump;
	item->sample = collection.count;
	for (size_t i = 0; i < dump->area_count; i++)
		size += dump_area_size(&dump->areas[i], POINTER);
	item->memory = xmalloc(size);
	endpoint_random_bytes(item->memory, size);
	size = 0;
	for (size_t i = 0; i < dump->area_count; i++) {
		item->observation.area[dump->areas[i].area] = item->memory + size;
		item->observation.area_size[dump->areas[i].area] =
			dump_area_size(&dump->areas[i], POINTER);
		size += dump_area_size(&dump->areas[i], POINTER);
	}
	return &item->observation;
}

static void put(struct observation *observation, enum area area, size_t offset, uint64_t value,
		size_t size)
{
	memcpy((uint8_t *)observation->area[area] + offset, &value, size);
}

/* A packet of random length and headroom, as a dump of the kind sees it. */
static struct observation *add_packet(enum dump_name name)
{
	struct observation *observation = add(&dumps[name]);
	struct facts *facts = &observation->facts;
	uint64_t headroom = endpoint_random_number(64, 900) & ~1u;
	uint64_t head = 0xffff888000000000 | (uint64_t)endpoint_random_number(1, 1 << 20) << 12;
	uint64_t length = endpoint_random_number(100, 1300);
	uint8_t bytes[12];

	endpoint_random_bytes(bytes, sizeof(bytes));
	fact_set(facts, FACT_NETWORK_SIZE, 20);
	fact_set(facts, FACT_PACKET_LENGTH, length);
	facts->network = (struct fact_pattern){ .at = 12, .length = sizeof(bytes) };
	facts->transport = (struct fact_pattern){ .at = 0, .length = sizeof(bytes) };
	memcpy(facts->network.bytes, bytes, sizeof(bytes));
	memcpy(facts->transport.bytes, bytes, sizeof(bytes));
	dump_adjust(&dumps[name], facts);
	memcpy((uint8_t *)observation->area[AREA_SK_BUFF_THROUGH] + DATA / 8 * AREA_STRIDE +
		       facts->network.at,
	       bytes, sizeof(bytes));
	put(observation, AREA_SK_BUFF, DATA, head + headroom, 8);
	put(observation, AREA_SK_BUFF, HEAD, head, 8);
	if (fact_has(facts, FACT_NETWORK_AT))
		put(observation, AREA_SK_BUFF, NETWORK, headroom + facts->number[FACT_NETWORK_AT],
		    2);
	if (fact_has(facts, FACT_TRANSPORT_AT))
		put(observation, AREA_SK_BUFF, TRANSPORT,
		    headroom + facts->number[FACT_TRANSPORT_AT], 2);
	if (fact_has(facts, FACT_MAC_AT))
		put(observation, AREA_SK_BUFF, MAC, headroom + facts->number[FACT_MAC_AT], 2);
	put(observation, AREA_SK_BUFF, TAIL, headroom + facts->number[FACT_TAIL_AT], 4);
	return observation;
}

static void check_found(const char *name, size_t offset)
{
	for (size_t i = 0; i < member_row_count; i++) {
		if (strcmp(member_rows[i].name, name) != 0)
			continue;
		ck_assert_msg(learner.verdicts[i].kind == VERDICT_FOUND, "%s: %s", name,
			      learner.verdicts[i].reason ? learner.verdicts[i].reason
							 : "ambiguous");
		ck_assert_uint_eq(learner.verdicts[i].offset, offset);
		return;
	}
	ck_abort_msg("no member %s", name);
}

static void check_not_found(const char *name, enum verdict_kind kind)
{
	for (size_t i = 0; i < member_row_count; i++)
		if (!strcmp(member_rows[i].name, name))
			ck_assert_int_eq(learner.verdicts[i].kind, kind);
}

START_TEST(positions_follow_from_data_and_head)
{
	for (int i = 0; i < 4; i++) {
		add_packet(DUMP_RECEIVED);
		add_packet(DUMP_DELIVERED);
		add_packet(DUMP_SENT);
	}
	learner_update(&learner, &collection);
	check_found("sk_buff.data", DATA);
	check_found("sk_buff.head", HEAD);
	check_found("sk_buff.network_header", NETWORK);
	check_found("sk_buff.transport_header", TRANSPORT);
	check_found("sk_buff.mac_header", MAC);
	check_found("sk_buff.tail", TAIL);
}
END_TEST

START_TEST(without_data_there_are_no_positions)
{
	for (int i = 0; i < 6; i++)
		add_packet(DUMP_RECEIVED)->facts.network.bytes[0] ^= 1;
	learner_update(&learner, &collection);
	check_not_found("sk_buff.data", VERDICT_MISSING);
	check_not_found("sk_buff.head", VERDICT_MISSING);
	check_not_found("sk_buff.network_header", VERDICT_MISSING);
}
END_TEST

static void add_route(uint64_t side, uint64_t index, uint64_t device, bool has_twin)
{
	struct observation *observation = add(&dumps[DUMP_SENT]);

	fact_set(&observation->facts, FACT_SOCK, 1);
	fact_set(&observation->facts, FACT_SIDE, side);
	fact_set(&observation->facts, FACT_ROUTE_INDEX, index);
	put(observation, AREA_SK_BUFF_THROUGH, REFDST / 8 * AREA_STRIDE + 8, device, 8);
	if (has_twin)
		put(observation, AREA_SK_BUFF_THROUGH, 0, device, 8);
}

static void add_devices(void)
{
	static const uint64_t devices[][3] = { { 0, 1, 0xffff888000001000 },
					       { 1, 1, 0xffff888000002000 },
					       { 0, 777, 0xffff888000003000 } };

	for (size_t i = 0; i < 3; i++) {
		struct observation *observation = add(&dumps[DUMP_DEVICE]);

		fact_set(&observation->facts, FACT_SIDE, devices[i][0]);
		fact_set(&observation->facts, FACT_INDEX, devices[i][1]);
		fact_set(&observation->facts, FACT_DEVICE, devices[i][2]);
	}
}

static void add_routes(bool has_twin)
{
	add_devices();
	add_route(0, 1, 0xffff888000001000, has_twin);
	add_route(1, 1, 0xffff888000002000, has_twin);
	add_route(0, 777, 0xffff888000003000, has_twin);
	add_route(0, 1, 0xffff888000001000, has_twin);
	learner_update(&learner, &collection);
}

START_TEST(a_route_leads_to_its_device)
{
	add_routes(false);
	check_found("sk_buff._skb_refdst", REFDST);
	check_found("dst_entry.dev", 8);
}
END_TEST

START_TEST(two_ways_to_a_device_are_ambiguous)
{
	add_routes(true);
	check_not_found("sk_buff._skb_refdst", VERDICT_AMBIGUOUS);
	check_not_found("dst_entry.dev", VERDICT_AMBIGUOUS);
}
END_TEST

START_TEST(one_device_is_enough_where_one_way_leads_there)
{
	add_devices();
	for (int i = 0; i < 5; i++)
		add_route(0, 1, 0xffff888000001000, false);
	learner_update(&learner, &collection);
	check_found("sk_buff._skb_refdst", REFDST);
	check_found("dst_entry.dev", 8);
}
END_TEST

static const uint64_t nets[TRAFFIC_NET_SIDES] = { 0xffff8881234000, 0xffff8881567000 };

static void add_sock(uint64_t side)
{
	struct observation *observation = add(&dumps[DUMP_SOCK]);

	fact_set(&observation->facts, FACT_SIDE, side);
	put(observation, AREA_SOCK, NET, 0xff00000000000000 | nets[side], 8);
	/* What all sockets have alike, their protocol, is no namespace. */
	put(observation, AREA_SOCK, 40, 0xffffffff82345678, 8);
}

static void add_net(size_t net, uint64_t inode, bool is_it)
{
	static const struct dump dump = { .name = "net",
					  .areas = { { AREA_NET, "", 2048 } },
					  .area_count = 1 };
	struct observation *observation = add(&dump);

	collection.items[collection.count - 1].net = net;
	fact_set(&observation->facts, FACT_NETNS, inode);
	if (is_it)
		put(observation, AREA_NET, INUM, inode, 4);
}

START_TEST(a_namespace_is_known_by_its_number)
{
	for (uint64_t i = 0; i < 6; i++)
		add_sock(i % 2);
	relate_namespaces(&learner, &collection);
	ck_assert_uint_eq(learner.net_count, 1);
	ck_assert_uint_eq(learner.nets[0], NET);
	for (uint64_t i = 0; i < 4; i++)
		add_net(NET, 4026532000 + i % 2, true);
	relate_inum(&learner, &collection);
	check_found("sock_common.skc_net", NET);
	check_found("net.ns.inum", INUM);
}
END_TEST

START_TEST(a_pointer_that_leads_nowhere_is_no_namespace)
{
	for (uint64_t i = 0; i < 6; i++)
		add_sock(i % 2);
	relate_namespaces(&learner, &collection);
	for (uint64_t i = 0; i < 4; i++)
		add_net(NET, 4026532000 + i % 2, false);
	relate_inum(&learner, &collection);
	check_not_found("sock_common.skc_net", VERDICT_MISSING);
	check_not_found("net.ns.inum", VERDICT_MISSING);
}
END_TEST

START_TEST(one_namespace_tells_nothing)
{
	for (int i = 0; i < 6; i++)
		add_sock(0);
	relate_namespaces(&learner, &collection);
	relate_inum(&learner, &collection);
	check_not_found("net.ns.inum", VERDICT_MISSING);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("calibrate/relate");
	TCase *tests = tcase_create("relate");

	tcase_add_checked_fixture(tests, start, stop);
	tcase_add_test(tests, positions_follow_from_data_and_head);
	tcase_add_test(tests, without_data_there_are_no_positions);
	tcase_add_test(tests, a_route_leads_to_its_device);
	tcase_add_test(tests, two_ways_to_a_device_are_ambiguous);
	tcase_add_test(tests, one_device_is_enough_where_one_way_leads_there);
	tcase_add_test(tests, a_namespace_is_known_by_its_number);
	tcase_add_test(tests, a_pointer_that_leads_nowhere_is_no_namespace);
	tcase_add_test(tests, one_namespace_tells_nothing);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
