/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The account of a session: what is worked out from counts, what is said to be unknown, and that
 * counts which do not fit each other are found.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "session/ledger.h"

/* One instance, two CPUs: what they lost is on the first. */
static struct ledger make(uint64_t written, uint64_t lost)
{
	struct ledger ledger = { 0 };

	*array_add(&ledger.instances, &ledger.instance_count) = xstrdup("nk-1");
	*array_add(&ledger.cpus, &ledger.cpu_count) =
		(struct ledger_cpu){ .cpu = 0, .written = written, .lost = lost };
	*array_add(&ledger.cpus, &ledger.cpu_count) = (struct ledger_cpu){ .cpu = 1 };
	return ledger;
}

static struct ledger_probe *add(struct ledger *ledger, const char *name, uint64_t hits,
				uint64_t kept)
{
	struct ledger_probe *probe = array_add(&ledger->probes, &ledger->probe_count);

	*probe = (struct ledger_probe){
		.event = xstrdup(name), .id = 7, .is_counted = true, .hits = hits, .kept = kept
	};
	return probe;
}

static void expect(const struct ledger_probe *probe, uint64_t hits, uint64_t overrun,
		   uint64_t filtered, uint64_t edge)
{
	ck_assert_uint_eq(probe->hits, hits);
	ck_assert_uint_eq(probe->overrun, overrun);
	ck_assert_uint_eq(probe->filtered, filtered);
	ck_assert_uint_eq(probe->edge, edge);
}

START_TEST(test_nothing_lost)
{
	struct ledger ledger = make(30, 0);

	add(&ledger, "a", 10, 10);
	add(&ledger, "b", 25, 20)->missed = 5;
	ledger_balance(&ledger);
	expect(&ledger.probes[0], 10, 0, 0, 0);
	expect(&ledger.probes[1], 25, 0, 0, 0);
	ck_assert_uint_eq(ledger.missed, 5);
	ck_assert_uint_eq(ledger.lost + ledger.unread + ledger.unaccounted, 0);
	ledger_clear(&ledger);
}
END_TEST

START_TEST(test_overrun)
{
	struct ledger ledger = make(30, 12);

	add(&ledger, "a", 20, 10);
	add(&ledger, "b", 25, 20)->missed = 3;
	ledger_balance(&ledger);
	expect(&ledger.probes[0], 20, 10, 0, 0);
	expect(&ledger.probes[1], 25, 2, 0, 0);
	ck_assert(ledger.probes[0].is_split);
	ck_assert_uint_eq(ledger.lost, 12);
	ck_assert_uint_eq(ledger.unread + ledger.unaccounted, 0);
	ledger_clear(&ledger);
}
END_TEST

/* The counts of the probes and that of the ring buffer are independent of each other. */
START_TEST(test_does_not_fit)
{
	static const struct {
		uint64_t written, lost, hits, kept, unread, unaccounted;
	} cases[] = {
		{ 10, 0, 11, 10, 0, 1 }, /* a hit without a record, and nothing was lost */
		{ 10, 5, 12, 10, 0, 3 }, /* more was lost than was hit */
		{ 10, 1, 12, 10, 0, 1 },
		{ 12, 0, 12, 10, 2, 2 }, /* two were recorded, and not read */
		{ 10, 0, 10, 12, 0, 4 }, /* read twice: neither count can be right */
	};
	struct ledger ledger = make(cases[_i].written, cases[_i].lost);

	add(&ledger, "a", cases[_i].hits, cases[_i].kept);
	ledger_balance(&ledger);
	ck_assert_uint_eq(ledger.unread, cases[_i].unread);
	ck_assert_uint_eq(ledger.unaccounted, cases[_i].unaccounted);
	ledger_clear(&ledger);
}
END_TEST

START_TEST(test_filtered)
{
	struct ledger ledger = make(15, 8);

	add(&ledger, "a", 100, 5)->is_filtered = true;
	add(&ledger, "b", 13, 10);
	ledger_balance(&ledger);
	/* Of the 8 lost 3 were of b: so 5 were of a. */
	expect(&ledger.probes[0], 100, 5, 90, 0);
	expect(&ledger.probes[1], 13, 3, 0, 0);
	ck_assert_uint_eq(ledger.unaccounted, 0);
	ledger_clear(&ledger);
}
END_TEST

/* Of two that are filtered it is known what was lost of both, not of each. */
START_TEST(test_two_filtered)
{
	struct ledger ledger = make(15, 8);

	add(&ledger, "a", 100, 5)->is_filtered = true;
	add(&ledger, "b", 50, 10)->is_filtered = true;
	ledger_balance(&ledger);
	ck_assert(!ledger.probes[0].is_split);
	ck_assert(!ledger.probes[1].is_split);
	ck_assert_uint_eq(ledger.probes[0].overrun, 95);
	ck_assert_uint_eq(ledger.probes[1].overrun, 40);
	ck_assert_uint_eq(ledger.unaccounted, 0);
	/* Where nothing was lost all is clear. */
	ledger.cpus[0].lost = 0;
	ledger_balance(&ledger);
	expect(&ledger.probes[0], 100, 0, 95, 0);
	expect(&ledger.probes[1], 50, 0, 40, 0);
	ledger_clear(&ledger);
}
END_TEST

/* A tracepoint is not counted: what is nobody else's loss is its. */
START_TEST(test_tracepoint)
{
	struct ledger ledger = make(15, 8);

	add(&ledger, "sched/sched_switch", 0, 5)->is_counted = false;
	add(&ledger, "b", 13, 10);
	ledger_balance(&ledger);
	ck_assert_uint_eq(ledger.probes[0].overrun, 5);
	ck_assert_uint_eq(ledger.unaccounted, 0);
	ledger_clear(&ledger);
}
END_TEST

/* Hits of the moments of start and stop. */
START_TEST(test_edges)
{
	struct ledger ledger = make(10, 0);

	/* Nothing was lost: what has no record was not the session's. */
	add(&ledger, "a", 13, 10)->edge = 4;
	ledger_balance(&ledger);
	expect(&ledger.probes[0], 10, 0, 0, 0);
	ck_assert_uint_eq(ledger.unaccounted, 0);
	ledger_clear(&ledger);

	/* One alone: how many of them were is what the ring buffer says. */
	ledger = make(10, 5);
	add(&ledger, "a", 18, 10)->edge = 4;
	ledger_balance(&ledger);
	expect(&ledger.probes[0], 15, 5, 0, 0);
	ck_assert_uint_eq(ledger.unaccounted, 0);
	ledger_clear(&ledger);

	/* Two: of 7 at the edges 3 were not the session's, and it is not known whose they were. */
	ledger = make(20, 20);
	add(&ledger, "a", 23, 10)->edge = 4;
	add(&ledger, "b", 20, 10)->edge = 3;
	ledger_balance(&ledger);
	ck_assert_uint_eq(ledger.probes[0].overrun + ledger.probes[1].overrun, 20);
	ck_assert_uint_eq(ledger.probes[0].hits + ledger.probes[1].hits, 40);
	ck_assert_uint_eq(ledger.probes[0].edge, 4);
	ck_assert_uint_eq(ledger.probes[1].edge, 3);
	ck_assert_uint_eq(ledger.unaccounted, 0);
	ledger_clear(&ledger);

	/* More is missing than was at the edges. */
	ledger = make(10, 0);
	add(&ledger, "a", 18, 10)->edge = 4;
	ledger_balance(&ledger);
	ck_assert_uint_eq(ledger.unaccounted, 4);
	ledger_clear(&ledger);
}
END_TEST

/* Each instance has ring buffers of its own, and the hits of a probe go to all that have it. */
START_TEST(test_two_instances)
{
	struct ledger ledger = make(10, 3);

	*array_add(&ledger.instances, &ledger.instance_count) = xstrdup("nk-1-udp");
	*array_add(&ledger.cpus, &ledger.cpu_count) =
		(struct ledger_cpu){ .instance = 1, .written = 13 };
	add(&ledger, "a", 13, 10);
	add(&ledger, "a", 13, 13)->instance = 1;
	ledger_balance(&ledger);
	expect(&ledger.probes[0], 13, 3, 0, 0);
	expect(&ledger.probes[1], 13, 0, 0, 0);
	ck_assert_uint_eq(ledger.unaccounted, 0);
	ledger_clear(&ledger);
}
END_TEST

START_TEST(test_text)
{
	struct ledger ledger = make(10, 3), again;
	struct text text = { 0 };
	struct ledger_probe *probe = add(&ledger, "a", 14, 0);

	probe->missed = 1;
	probe->edge = 2;
	probe->is_filtered = true;
	ledger_write(&ledger, &text);
	text_add(&text, "something new 1\nprobe b id 8 in 5 counted 1 filtered 0 hits 1 missed 0 "
			"edge 0 unsure 0\nprobe short\ncpu 9\n");
	ledger_read(text.data, &again);
	ck_assert_uint_eq(again.instance_count, 1);
	ck_assert_str_eq(again.instances[0], "nk-1");
	ck_assert_uint_eq(again.probe_count, 1);
	ck_assert_str_eq(again.probes[0].event, "a");
	ck_assert_int_eq(again.probes[0].id, 7);
	ck_assert(again.probes[0].is_counted && again.probes[0].is_filtered);
	ck_assert_uint_eq(again.probes[0].hits, 14);
	ck_assert_uint_eq(again.probes[0].missed, 1);
	ck_assert_uint_eq(again.probes[0].edge, 2);
	ck_assert_uint_eq(again.cpu_count, 2);
	ck_assert_uint_eq(again.cpus[0].lost, 3);
	ck_assert_uint_eq(again.cpus[0].written, 10);
	text_clear(&text);
	ledger_clear(&ledger);
	ledger_clear(&again);
}
END_TEST

/* Each loss once, and none made of what a file was not to have; through a file and back. */
START_TEST(test_part)
{
	struct ledger ledger = make(100, 12), again;
	struct text text = { 0 };

	ledger.part = _i ? LEDGER_FAILED : LEDGER_WANTED;
	add(&ledger, "a", 115, 0)->missed = 3;
	ledger.probes[0].edge = 2;
	ledger_write(&ledger, &text);
	ledger_read(text.data, &again);
	again.probes[0].kept = 40;
	ledger_balance(&again);
	expect(&again.probes[0], 115, 0, 0, 2);
	ck_assert(!again.probes[0].is_split);
	ck_assert_uint_eq(again.lost, 12);
	ck_assert_uint_eq(again.missed, 3);
	ck_assert_uint_eq(again.unread, _i ? 60 : 0);
	ck_assert_uint_eq(again.omitted, _i ? 0 : 60);
	ck_assert_uint_eq(again.unaccounted, 0);
	text_clear(&text);
	ledger_clear(&ledger);
	ledger_clear(&again);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("session-ledger");
	TCase *tcase = tcase_create("all");
	SRunner *runner = srunner_create(suite);

	tcase_add_test(tcase, test_nothing_lost);
	tcase_add_test(tcase, test_overrun);
	tcase_add_loop_test(tcase, test_does_not_fit, 0, 5);
	tcase_add_test(tcase, test_filtered);
	tcase_add_test(tcase, test_two_filtered);
	tcase_add_test(tcase, test_tracepoint);
	tcase_add_test(tcase, test_edges);
	tcase_add_test(tcase, test_two_instances);
	tcase_add_test(tcase, test_text);
	tcase_add_loop_test(tcase, test_part, 0, 2);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);

	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
