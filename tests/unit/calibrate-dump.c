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

/* As many as the kernel is given where it has no arrays. */
static size_t word_count(const struct probe_func *func)
{
	size_t count = 0;

	for (size_t i = 0; i < func->arg_count; i++)
		count += func->args[i].type.count ? func->args[i].type.count : 1u;
	return count;
}

static void check_part(const struct dump_plan *plan, size_t part, const struct probe *probe)
{
	const struct probe_func *func = &probe->carriers[0].funcs[0];
	size_t words = word_count(func), found = plan->dump.value_count;

	ck_assert(dump_plan_is_mine(plan, probe->name, &found));
	ck_assert_uint_eq(found, part);
	ck_assert_uint_lt(record_size(func), RECORD_MAX);
	/* One more is nk's own. */
	ck_assert_uint_lt(plan->has_arrays ? func->arg_count : words, ARGUMENTS_MAX);
	/* Each word has a name and an offset of its own. */
	ck_assert_uint_lt(plan->has_arrays ? plan->arguments[part].length + 64 : words * 40,
			  LINE_MAX_BYTES);
}

static void check_limits(const struct dump *dump, bool has_arrays, unsigned int pointer_size)
{
	struct dump_plan plan;
	struct diags diags = { 0 };
	struct probe_set *set = NULL;
	struct text text = { 0 };
	size_t arguments = 0;

	dump_plan_whole(dump, has_arrays, pointer_size, 24, &plan);
	dump_plan_write(&plan, &text);
	ck_assert_msg(!probe_parse("dump", "dump", text.data, &set, &diags), "%s: %s", dump->name,
		      diags.count ? diags.items[0].text : "?");
	ck_assert_uint_eq(set->probe_count, plan.part_count);
	ck_assert(!has_arrays || plan.part_count == 1);
	ck_assert_str_eq(set->probes[0].name, dump->name);
	for (size_t i = 0; i < plan.part_count; i++) {
		check_part(&plan, i, &set->probes[i]);
		arguments += set->probes[i].carriers[0].funcs[0].arg_count;
	}
	ck_assert_uint_eq(arguments, plan.piece_count + dump->value_count);
	probe_set_free(set);
	text_clear(&text);
	dump_plan_clear(&plan);
	diags_clear(&diags);
}

START_TEST(every_dump_is_a_probe_within_limits)
{
	check_limits(&dumps[_i], true, 8);
}
END_TEST

START_TEST(every_dump_is_of_parts_where_there_are_no_arrays)
{
	check_limits(&dumps[_i], false, 8);
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

	dump_plan_whole(&dumps[DUMP_MESSAGE], true, 8, 0, &plan);
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

static void add_part(struct collection *collection, const struct collect_format *format,
		     const struct samples *samples, uint8_t value)
{
	uint8_t record[16];

	memset(record, value, sizeof(record));
	ck_assert_int_eq(
		collect_record(collection, format, samples, 8, 150, record, sizeof(record)), 0);
}

/* A hit within another (an interrupt came between the two records of that), and one half lost. */
START_TEST(parts_become_one_observation)
{
	struct dump_plan plan;
	struct collect_field first = { .offset = 8, .size = 8 }, second = first;
	struct collect_format formats[2] = {
		{ .dump = &dumps[DUMP_DELIVERED], .fields = &first, .field_count = 1 },
		{ .dump = &dumps[DUMP_DELIVERED], .fields = &second, .field_count = 1, .part = 1 },
	};
	struct samples *samples = xcalloc(1, sizeof(*samples));
	struct collection collection = { 0 };

	dump_plan_whole(&dumps[DUMP_DELIVERED], false, 8, 0, &plan);
	ck_assert_uint_eq(plan.part_count, 2);
	formats[0].part_count = formats[1].part_count = 2;
	first.piece = dump_plan_piece(&plan, 0, "a0__3", &(size_t){ 0 });
	first.piece_offset = 24;
	second.piece = &plan.pieces[plan.piece_count - 1];
	ck_assert_ptr_eq(first.piece, &plan.pieces[0]);
	ck_assert_uint_eq(second.piece->part, 1);
	samples->count = 1;
	samples->items[0].end_ns = 200;
	/* What it shows of the packet: one byte of zero. */
	samples->items[0].facts.transport.length = 1;

	add_part(&collection, &formats[0], samples, 1);
	ck_assert_uint_eq(collection.count, 0);
	add_part(&collection, &formats[0], samples, 2);
	add_part(&collection, &formats[1], samples, 2);
	add_part(&collection, &formats[1], samples, 1);
	add_part(&collection, &formats[0], samples, 3);
	ck_assert_uint_eq(collection.count, 2);
	ck_assert_uint_eq(collection.pending_count, 1);
	for (size_t i = 0; i < 2; i++) {
		const struct observation *observation = &collection.items[i].observation;
		const uint8_t *words = observation->area[AREA_SK_BUFF];
		const uint8_t *through = observation->area[AREA_SK_BUFF_THROUGH];

		ck_assert_uint_eq(words[23], 0);
		ck_assert_uint_eq(words[24], 2 - i);
		ck_assert_uint_eq(through[second.piece->offset], 2 - i);
	}
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
	tcase_add_loop_test(tests, every_dump_is_of_parts_where_there_are_no_arrays, 0, DUMP_COUNT);
	tcase_add_test(tests, parts_become_one_observation);
	tcase_add_test(tests, members_are_searched_within_their_area);
	tcase_add_test(tests, a_record_becomes_an_observation);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
