/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The vote on one member: random objects with values planted at a known place, and with twins,
 * disagreeing observations and values that do not vary.
 */
#include <check.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "calibrate/candidates.h"
#include "traffic/endpoint.h"

enum { SIZE = 512, PLACE = 124, TWIN = 300 };

static uint8_t object[SIZE];
static struct candidates candidates;
static struct verdict verdict;

static void fill(void)
{
	endpoint_random_bytes(object, SIZE);
}

static void plant(size_t place, uint32_t value)
{
	memcpy(object + place, &value, sizeof(value));
}

/* rounds of a value at PLACE, of which so many show another one. */
static void observe(unsigned int rounds, unsigned int wrong, bool has_twin)
{
	candidates_init(&candidates, 4, 4, SIZE);
	for (unsigned int i = 0; i < rounds; i++) {
		uint32_t value = endpoint_random_number(1, 1 << 30);

		fill();
		plant(PLACE, i < wrong ? ~value : value);
		if (has_twin)
			plant(TWIN, value);
		candidates_expect(&candidates, object, SIZE, value, 0);
	}
	candidates_vote(&candidates, 3, &verdict);
	candidates_clear(&candidates);
}

START_TEST(the_place_that_always_agrees_is_found)
{
	observe(5, 0, false);
	ck_assert_int_eq(verdict.kind, VERDICT_FOUND);
	ck_assert_uint_eq(verdict.offset, PLACE);
	ck_assert_uint_eq(verdict.observations, 5);
	ck_assert_uint_eq(verdict.disagreed, 0);
}
END_TEST

START_TEST(two_places_are_ambiguous)
{
	observe(5, 0, true);
	ck_assert_int_eq(verdict.kind, VERDICT_AMBIGUOUS);
	ck_assert_uint_eq(verdict.other_count, 2);
	ck_assert_uint_eq(verdict.others[0], PLACE);
	ck_assert_uint_eq(verdict.others[1], TWIN);
}
END_TEST

START_TEST(one_in_eight_may_disagree)
{
	observe(8, 1, false);
	ck_assert_int_eq(verdict.kind, VERDICT_FOUND);
	ck_assert_uint_eq(verdict.offset, PLACE);
	ck_assert_uint_eq(verdict.disagreed, 1);
}
END_TEST

START_TEST(more_may_not)
{
	observe(8, 2, false);
	ck_assert_int_eq(verdict.kind, VERDICT_MISSING);
	observe(7, 1, false);
	ck_assert_int_eq(verdict.kind, VERDICT_MISSING);
	ck_assert_ptr_nonnull(verdict.reason);
}
END_TEST

START_TEST(the_better_of_two_wins)
{
	candidates_init(&candidates, 4, 4, SIZE);
	for (uint32_t i = 0; i < 16; i++) {
		fill();
		plant(PLACE, 1000 + i);
		plant(TWIN, i ? 1000 + i : 0);
		candidates_expect(&candidates, object, SIZE, 1000 + i, 0);
	}
	candidates_vote(&candidates, 3, &verdict);
	candidates_clear(&candidates);
	ck_assert_int_eq(verdict.kind, VERDICT_FOUND);
	ck_assert_uint_eq(verdict.offset, PLACE);
}
END_TEST

START_TEST(too_few_observations_prove_nothing)
{
	observe(2, 0, false);
	ck_assert_int_eq(verdict.kind, VERDICT_MISSING);
	observe(0, 0, false);
	ck_assert_int_eq(verdict.kind, VERDICT_MISSING);
	ck_assert_str_eq(verdict.reason, "it was never observed");
}
END_TEST

START_TEST(a_value_that_does_not_vary_proves_nothing)
{
	candidates_init(&candidates, 4, 4, SIZE);
	for (int i = 0; i < 9; i++) {
		fill();
		plant(PLACE, i % 2 ? 70000 : 80000);
		candidates_expect(&candidates, object, SIZE, i % 2 ? 70000 : 80000, 0);
	}
	candidates_vote(&candidates, 3, &verdict);
	ck_assert_int_eq(verdict.kind, VERDICT_MISSING);
	candidates_vote(&candidates, 2, &verdict);
	ck_assert_int_eq(verdict.kind, VERDICT_FOUND);
	candidates_clear(&candidates);
}
END_TEST

START_TEST(a_twin_is_told_apart)
{
	candidates_init(&candidates, 4, 4, SIZE);
	for (uint32_t i = 0; i < 4; i++) {
		fill();
		plant(PLACE, 5000 + i);
		plant(TWIN, 5000 + i);
		candidates_expect(&candidates, object, SIZE, 5000 + i, 0);
	}
	fill();
	plant(TWIN, 99999);
	plant(PLACE, 0);
	candidates_exclude(&candidates, object, SIZE, 99999);
	candidates_vote(&candidates, 3, &verdict);
	candidates_clear(&candidates);
	ck_assert_int_eq(verdict.kind, VERDICT_FOUND);
	ck_assert_uint_eq(verdict.offset, PLACE);
}
END_TEST

START_TEST(a_shifted_value_is_found)
{
	candidates_init(&candidates, 4, 4, SIZE);
	for (uint32_t i = 0; i < 4; i++) {
		fill();
		plant(PLACE, (70000 + i) << 3 | (i & 7));
		candidates_expect(&candidates, object, SIZE, 70000 + i, 3);
	}
	candidates_vote(&candidates, 3, &verdict);
	candidates_clear(&candidates);
	ck_assert_int_eq(verdict.kind, VERDICT_FOUND);
	ck_assert_uint_eq(verdict.offset, PLACE);
}
END_TEST

START_TEST(bits_are_found_in_their_byte)
{
	candidates_init_bits(&candidates, 3, SIZE);
	for (unsigned int i = 0; i < 32; i++) {
		fill();
		object[PLACE] = (uint8_t)((object[PLACE] & ~(7u << 2)) | (i % 5) << 2);
		candidates_expect(&candidates, object, SIZE, i % 5, 0);
	}
	candidates_vote(&candidates, 3, &verdict);
	candidates_clear(&candidates);
	ck_assert_int_eq(verdict.kind, VERDICT_FOUND);
	ck_assert_uint_eq(verdict.offset, PLACE);
	ck_assert_uint_eq(verdict.bit, 2);
}
END_TEST

START_TEST(a_pointer_is_known_by_what_is_behind_it)
{
	uint8_t through[64 * 32];
	uint8_t packet[12];

	candidates_init(&candidates, 8, 8, SIZE);
	for (int i = 0; i < 4; i++) {
		endpoint_random_bytes(through, sizeof(through));
		endpoint_random_bytes(packet, sizeof(packet));
		memcpy(through + 9 * 32 + 12, packet, sizeof(packet));
		candidates_expect_through(&candidates, through, sizeof(through), 32, packet,
					  sizeof(packet), 12);
	}
	candidates_vote(&candidates, 3, &verdict);
	candidates_clear(&candidates);
	ck_assert_int_eq(verdict.kind, VERDICT_FOUND);
	ck_assert_uint_eq(verdict.offset, 72);
}
END_TEST

START_TEST(nothing_is_read_behind_the_object)
{
	uint8_t *small = malloc(10);

	memset(small, 0, 10);
	candidates_init(&candidates, 8, 8, SIZE);
	for (uint64_t i = 0; i < 3; i++) {
		memcpy(small, &i, sizeof(i));
		candidates_expect(&candidates, small, 10, i, 0);
		candidates_expect_bytes(&candidates, small, 10, (const uint8_t *)&i);
	}
	candidates_vote(&candidates, 3, &verdict);
	candidates_clear(&candidates);
	free(small);
	ck_assert_int_eq(verdict.kind, VERDICT_FOUND);
	ck_assert_uint_eq(verdict.offset, 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("calibrate/candidates");
	TCase *tests = tcase_create("candidates");

	tcase_add_test(tests, the_place_that_always_agrees_is_found);
	tcase_add_test(tests, two_places_are_ambiguous);
	tcase_add_test(tests, one_in_eight_may_disagree);
	tcase_add_test(tests, more_may_not);
	tcase_add_test(tests, the_better_of_two_wins);
	tcase_add_test(tests, too_few_observations_prove_nothing);
	tcase_add_test(tests, a_value_that_does_not_vary_proves_nothing);
	tcase_add_test(tests, a_twin_is_told_apart);
	tcase_add_test(tests, a_shifted_value_is_found);
	tcase_add_test(tests, bits_are_found_in_their_byte);
	tcase_add_test(tests, a_pointer_is_known_by_what_is_behind_it);
	tcase_add_test(tests, nothing_is_read_behind_the_object);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
