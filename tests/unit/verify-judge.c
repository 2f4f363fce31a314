/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * In: real calls on loopback, noted; and records as a perfect probe would have shown them, or with
 * one thing wrong. Holds: the judge finds nothing wrong with the former, and just that with the
 * latter.
 */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "traffic/agent.h"
#include "verify/judge.h"
#include "verify/layers.h"
#include "verify/steps.h"

static const char *const probes[] = {
	"tcp_connect",	  "tcp_accept",	     "tcp_close",
	"tcp_sendmsg",	  "tcp_recvmsg",     "udp_sendmsg",
	"udp_recvmsg",	  "inet_csk_accept", "inet_csk_listen_start",
	"ip_queue_xmit",  "icmp_send",	     "sock_recvmsg",
	"sock_sendmsg",	  "dev_queue_xmit",  "netif_receive_skb",
	"skb_clone",	  "ip_rcv",	     "ip_output",
	"inet_bind",	  "inet_release",    "tcp_v4_do_rcv",
	"tcp_v6_connect", "tcp_v6_rcv",	     "__dev_queue_xmit",
};

enum { PROBE_COUNT = sizeof(probes) / sizeof(probes[0]), SEEN_MAX = 512 };

static struct agent agent;
static struct verify_order *order;

static void start(void)
{
	struct diags diags = { 0 };

	order = traffic_shared_new(sizeof(*order));
	const struct agent_options options = { .steps = &verify_agent_step,
					       .step_count = 1,
					       .context = order };
	ck_assert_int_eq(agent_start(&options, &agent, &diags), 0);
}

static void stop(void)
{
	agent_stop(&agent);
	traffic_shared_free(order, sizeof(*order));
}

static size_t step_of(const char *name)
{
	for (size_t i = 0; i < verify_step_count; i++)
		if (strcmp(verify_steps[i].name, name) == 0)
			return i;
	ck_abort_msg("no step %s", name);
}

static bool is_possible(size_t step)
{
	return verify_step_is_possible(&verify_steps[step], &agent.net);
}

/* false: what it needs (raw sockets) is not allowed here. */
static bool run_step(size_t step, struct truth *truth)
{
	size_t first = agent.log->count;

	order->step = step;
	int result = agent_run(&agent, 0, 20000);
	ck_assert_int_ne(result, -ETIMEDOUT);
	truth_init(truth, &verify_steps[step], agent.log->calls + first, agent.log->count - first,
		   true);
	return result == 0;
}

static struct verify_value perfect_value(const struct verify_value *want)
{
	switch (want->kind) {
	case VERIFY_NONZERO:
		return (struct verify_value){ .kind = VERIFY_NUMBER, .number = 7 };
	case VERIFY_AT_MOST:
		return (struct verify_value){ .kind = VERIFY_NUMBER, .number = want->number };
	default:
		return *want;
	}
}

static void perfect_record(const struct want *want, uint32_t number, struct verify_seen *seen)
{
	*seen = (struct verify_seen){ .ts = want->from_ns + (want->to_ns - want->from_ns) / 2 };
	for (size_t field = 0; field < FIELD_COUNT; field++)
		seen->fields.of[field] = perfect_value(&want->fields.of[field]);
	if (want->has_sum)
		verify_set_number(&seen->fields, FIELD_LEN,
				  want->overhead + (number == 0 ? want->sum : 0));
	/* All of a datagram is in one piece; of a segment at least the headers are. */
	if (want->has_sum)
		verify_set_number(&seen->fields, FIELD_TAIL, want->overhead);
	else if (want->fields.of[FIELD_LEN].kind == VERIFY_NUMBER)
		verify_set_number(&seen->fields, FIELD_TAIL, want->fields.of[FIELD_LEN].number);
	if (want->has_flags)
		verify_set_number(&seen->fields, FIELD_FLAGS, number == 0 ? 0x02 : 0x10);
}

static size_t perfect_records(const struct verify_rule *rule, const struct truth *truth,
			      struct verify_seen *seen)
{
	struct wants wants = { 0 };
	size_t count = 0;

	verify_rule_apply(rule, truth, &wants);
	for (size_t i = 0; i < wants.count; i++)
		for (uint32_t j = 0; j < wants.items[i].min; j++) {
			ck_assert_uint_lt(count, SEEN_MAX);
			perfect_record(&wants.items[i], j, &seen[count++]);
		}
	wants_clear(&wants);
	return count;
}

static struct verify_seen seen[SEEN_MAX];

START_TEST(each_of_the_probes_is_known)
{
	for (size_t i = 0; i < PROBE_COUNT; i++)
		ck_assert_ptr_nonnull(verify_rule_find(probes[i]));
	ck_assert_ptr_null(verify_rule_find("mine"));
}
END_TEST

START_TEST(perfect_records_are_good)
{
	uint32_t expected[PROBE_COUNT] = { 0 };

	for (size_t step = 0; step < verify_step_count; step++) {
		struct truth truth;

		if (!is_possible(step) || !run_step(step, &truth))
			continue;
		for (size_t i = 0; i < PROBE_COUNT; i++) {
			const struct verify_rule *rule = verify_rule_find(probes[i]);
			size_t count = perfect_records(rule, &truth, seen);
			struct outcome outcome;

			judge(rule, &truth, seen, count, &outcome);
			ck_assert_msg(outcome_is_good(&outcome), "%s in %s", probes[i],
				      verify_steps[step].name);
			ck_assert_uint_eq(outcome.counted, count);
			expected[i] += outcome.expected;
			outcome_clear(&outcome);
		}
	}
	for (size_t i = 0; i < PROBE_COUNT; i++)
		if (agent.net.has_ip6 && strcmp(probes[i], "icmp_send") != 0)
			ck_assert_msg(expected[i], "no traffic for %s", probes[i]);
}
END_TEST

/* Each step and probe with the same thing wrong. */
static void for_all(void (*spoil)(const struct verify_rule *rule, const struct truth *truth,
				  size_t count))
{
	for (size_t step = 0; step < verify_step_count; step++) {
		struct truth truth;

		if (!is_possible(step) || !run_step(step, &truth))
			continue;
		for (size_t i = 0; i < PROBE_COUNT; i++) {
			const struct verify_rule *rule = verify_rule_find(probes[i]);
			size_t count = perfect_records(rule, &truth, seen);

			if (count)
				spoil(rule, &truth, count);
		}
	}
}

static void drop_one(const struct verify_rule *rule, const struct truth *truth, size_t count)
{
	struct outcome outcome;

	judge(rule, truth, seen, count - 1, &outcome);
	ck_assert_uint_eq(outcome.missing, 1);
	ck_assert_uint_eq(outcome.surplus, 0);
	ck_assert(!outcome_is_good(&outcome));
	outcome_clear(&outcome);
}

START_TEST(a_missing_record_is_told)
{
	for_all(drop_one);
}
END_TEST

static void show_twice(const struct verify_rule *rule, const struct truth *truth, size_t count)
{
	struct outcome outcome;

	seen[count] = seen[0];
	judge(rule, truth, seen, count + 1, &outcome);
	/* Of a connection there may be more, and the kernel's own counter tells. */
	if (outcome.is_exact)
		ck_assert_uint_eq(outcome.surplus, 1);
	if (outcome.is_exact)
		ck_assert(!outcome_is_good(&outcome));
	outcome_clear(&outcome);
}

START_TEST(a_record_too_many_is_told)
{
	for_all(show_twice);
}
END_TEST

static void spoil_field(const struct verify_rule *rule, const struct truth *truth, size_t count,
			enum verify_field field)
{
	struct outcome outcome;
	bool is_there = false;

	count = perfect_records(rule, truth, seen);
	for (size_t i = 0; i < count; i++) {
		struct verify_value *value = &seen[i].fields.of[field];

		is_there = is_there || value->kind != VERIFY_NONE;
		value->number ^= value->number == 7 ? 7 : INT64_C(0x40000000);
		value->bytes[3] ^= value->kind == VERIFY_ADDRESS ? 0x55 : 0;
		if (value->kind == VERIFY_TEXT)
			strcpy(value->text, "eth7");
	}
	if (!is_there)
		return;
	judge(rule, truth, seen, count, &outcome);
	ck_assert_msg(outcome.wrong & 1u << field, "%s of %s in %s is not told",
		      verify_field_names[field], rule->probe, truth->step->name);
	ck_assert_uint_eq(outcome.right & 1u << field, 0);
	ck_assert_msg(outcome.missing == 0, "%u of %s in %s are missing with %s wrong",
		      outcome.missing, rule->probe, truth->step->name, verify_field_names[field]);
	ck_assert_uint_eq(outcome.surplus, 0);
	ck_assert_ptr_nonnull(outcome.wrongs);
	ck_assert(!outcome_is_good(&outcome));
	outcome_clear(&outcome);
}

static void spoil_each_field(const struct verify_rule *rule, const struct truth *truth,
			     size_t count)
{
	/* Flags of a connection are judged together. */
	for (unsigned int field = 0; field < FIELD_COUNT; field++)
		if (field != FIELD_FLAGS)
			spoil_field(rule, truth, count, field);
}

START_TEST(a_wrong_field_is_told_and_no_other_thing)
{
	for_all(spoil_each_field);
}
END_TEST

static void add_foreign(const struct verify_rule *rule, const struct truth *truth, size_t count)
{
	struct outcome outcome;

	seen[count] = seen[0];
	for (size_t field = 0; field < FIELD_COUNT; field++)
		if (seen[count].fields.of[field].kind != VERIFY_NONE)
			seen[count].fields.of[field].kind = VERIFY_ABSENT;
	judge(rule, truth, seen, count + 1, &outcome);
	ck_assert_uint_eq(outcome.surplus + outcome.foreign, 1 - (outcome.counted - count));
	if (verify_layer_find(rule->probe))
		ck_assert(outcome_is_good(&outcome));
	if (rule->view == VIEW_CALLS)
		ck_assert_uint_eq(outcome.surplus, 1);
	outcome_clear(&outcome);
}

START_TEST(packets_of_others_do_not_matter)
{
	for_all(add_foreign);
}
END_TEST

START_TEST(what_is_outside_of_the_step_does_not_matter)
{
	const struct verify_rule *rule = verify_rule_find("sock_sendmsg");
	struct outcome outcome;
	struct truth truth;

	ck_assert(run_step(step_of("unix"), &truth));
	size_t count = perfect_records(rule, &truth, seen);
	seen[count] = seen[0];
	seen[count].ts = truth.start_ns - 1000000;
	seen[count + 1] = seen[0];
	seen[count + 1].ts = truth.end_ns + 1000000;
	judge(rule, &truth, seen, count + 2, &outcome);
	ck_assert(outcome_is_good(&outcome));
	ck_assert_uint_eq(outcome.counted, count);
	outcome_clear(&outcome);
}
END_TEST

START_TEST(the_kernel_must_count_the_same)
{
	const struct verify_rule *rule = verify_rule_find("udp_sendmsg");
	struct outcome outcome;
	struct truth truth;

	ck_assert(run_step(step_of("udp4"), &truth));
	judge(rule, &truth, seen, perfect_records(rule, &truth, seen), &outcome);
	outcome.has_counter = true;
	outcome.counter = outcome.counted;
	ck_assert(outcome_is_good(&outcome));
	outcome.counter++;
	ck_assert(!outcome_is_good(&outcome));
	outcome_clear(&outcome);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("verify/judge");
	TCase *tests = tcase_create("judge");

	/* The child is one for all tests; Check's own children would have to be its parent. */
	tcase_set_timeout(tests, 60);
	tcase_add_checked_fixture(tests, start, stop);
	tcase_add_test(tests, each_of_the_probes_is_known);
	tcase_add_test(tests, perfect_records_are_good);
	tcase_add_test(tests, a_missing_record_is_told);
	tcase_add_test(tests, a_record_too_many_is_told);
	tcase_add_test(tests, a_wrong_field_is_told_and_no_other_thing);
	tcase_add_test(tests, packets_of_others_do_not_matter);
	tcase_add_test(tests, what_is_outside_of_the_step_does_not_matter);
	tcase_add_test(tests, the_kernel_must_count_the_same);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
