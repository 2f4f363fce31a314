/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Dumps as text: that nk's own reader of probe files takes each, within the kernel's limits; and
 * records put together again.
 */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "calibrate/collect.h"
#include "probes/parse.h"

enum { ARGUMENTS_MAX = 128, RECORD_MAX = 3072, LINE_MAX_BYTES = 4094 };

static size_t record_size(const struct probe_func *func)
{
	size_t size = 16;

	for (size_t i = 0; i < func->arg_count; i++)
		size += func->args[i].type.bytes *
			(func->args[i].type.count ? func->args[i].type.count : 1u);
	return size;
}

static void check_limits(const struct dump *dump, unsigned int pointer_size)
{
	struct dump_plan plan;
	struct diags diags = { 0 };
	struct probe_set *set = NULL;
	struct text text = { 0 };

	dump_plan_whole(dump, pointer_size, 24, &plan);
	dump_plan_write(&plan, &text);
	ck_assert_uint_lt(plan.arguments.length + 64, LINE_MAX_BYTES);
	ck_assert_msg(!probe_parse("dump", "dump", text.data, &set, &diags), "%s: %s", dump->name,
		      diags.count ? diags.items[0].text : "?");
	ck_assert_uint_eq(set->probe_count, 1);
	ck_assert_str_eq(set->probes[0].name, dump->name);
	const struct probe_func *func = &set->probes[0].carriers[0].funcs[0];
	ck_assert_uint_eq(func->arg_count, plan.piece_count + dump->value_count);
	ck_assert_uint_le(func->arg_count, ARGUMENTS_MAX);
	ck_assert_uint_lt(record_size(func), RECORD_MAX);
	probe_set_free(set);
	text_clear(&text);
	dump_plan_clear(&plan);
	diags_clear(&diags);
}

START_TEST(every_dump_is_a_probe_within_limits)
{
	check_limits(&dumps[_i], 8);
}
END_TEST

START_TEST(members_are_searched_within_their_area)
{
	for (size_t i = 0; i < member_row_count; i++) {
		size_t most = 0;

		for (size_t j = 0; j < DUMP_COUNT; j++)
			for (size_t k = 0; k < dumps[j].area_count; k++)
				if (dumps[j].areas[k].area == member_rows[i].area &&
				    dumps[j].areas[k].bytes > most)
					most = dumps[j].areas[k].bytes;
		if (member_rows[i].area != AREA_NET)
			ck_assert_msg(member_rows[i].limit <= most, "%s", member_rows[i].name);
	}
	for (enum member_row_name name = 0; name < MEMBER_NAMED_COUNT; name++)
		ck_assert_uint_lt(member_index(name), member_row_count);
}
END_TEST

/* A record of a message: the msghdr in two pieces would be one array here. */
static struct collect_field fields[] = { { .offset = 8, .size = 128 },
					 { .offset = 136, .size = 32 } };

START_TEST(a_record_becomes_an_observation)
{
	struct collect_format format = { .dump = &dumps[DUMP_MESSAGE],
					 .fields = fields,
					 .field_count = 2 };
	struct samples *samples = xcalloc(1, sizeof(*samples));
	struct collection collection = { 0 };
	struct dump_plan plan;
	uint8_t record[168];

	dump_plan_whole(&dumps[DUMP_MESSAGE], 8, 0, &plan);
	fields[0].piece = &plan.pieces[0];
	fields[1].piece = &plan.pieces[2];
	for (size_t i = 0; i < sizeof(record); i++)
		record[i] = (uint8_t)i;
	samples->count = 2;
	samples->items[0].start_ns = 100;
	samples->items[0].end_ns = 200;
	samples->items[1].start_ns = 300;
	samples->items[1].end_ns = 400;
	fact_set(&samples->items[1].facts, FACT_MESSAGE_LENGTH, 42);

	ck_assert_int_eq(
		collect_record(&collection, &format, samples, 8, 250, record, sizeof(record)),
		-ENOENT);
	ck_assert_int_eq(
		collect_record(&collection, &format, samples, 8, 350, record, sizeof(record)), 0);
	ck_assert_int_eq(
		collect_record(&collection, &format, samples, 8, 360, record, sizeof(record)), 0);
	/* The second record of one call takes the place of the first. */
	ck_assert_uint_eq(collection.count, 1);
	const struct observation *observation = &collection.items[0].observation;
	ck_assert_uint_eq(observation->facts.number[FACT_MESSAGE_LENGTH], 42);
	ck_assert_mem_eq(observation->area[AREA_MSGHDR], record + 8, 128);
	ck_assert_mem_eq(observation->area[AREA_MSGHDR_THROUGH] + AREA_STRIDE, record + 136, 32);
	/* One that is shorter than its format says brings what it has, and nothing is read behind
	 * it. */
	ck_assert_int_eq(collect_record(&collection, &format, samples, 8, 150, record, 140), 0);
	ck_assert_uint_eq(collection.count, 2);
	collection_clear(&collection);
	dump_plan_clear(&plan);
	free(samples);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("calibrate/dump");
	TCase *tests = tcase_create("dump");

	tcase_add_loop_test(tests, every_dump_is_a_probe_within_limits, 0, DUMP_COUNT);
	tcase_add_test(tests, members_are_searched_within_their_area);
	tcase_add_test(tests, a_record_becomes_an_observation);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
