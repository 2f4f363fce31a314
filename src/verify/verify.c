/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rounds of a session each: all probes with their first carriers, then those that are not proven
 * with their next ones. In a round each step is run until it shows what it should, five times at
 * most: a timer or a softirq may take a packet out of the child's context, which no probe is to
 * blame for, and does so often where the machine is busy. What is wrong five times is wrong.
 */
#include "verify/verify.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "traffic/agent.h"
#include "traffic/counters.h"
#include "verify/watch.h"

enum { RUNS_MAX = 5, UNDISTURBED_MAX = 5 };

const char *const verify_verdict_names[] = {
	[VERIFY_PROVEN] = "proven",
	[VERIFY_FIRED] = "fired",
	[VERIFY_SILENT] = "silent",
	[VERIFY_WRONG] = "wrong",
	[VERIFY_NOT_EXPECTED] = "not expected here",
	[VERIFY_CANNOT_ATTACH] = "cannot attach",
};

/* A probe in a round. */
struct subject {
	struct verify_result *result;
	const struct verify_rule *rule; /* NULL: of the user's own */
	struct outcome *steps;		/* verify_step_count of them: the last run, or a good one */
	bool *is_judged;		/* of the same */
	bool lacks_counter;		/* the kernel does not have it */
};

/* A step as it was run last. */
struct step_run {
	size_t first_call, call_count;
	struct counters before, after;
	bool was_run;
	int result; /* -errno where the traffic could not be made to its end */
};

struct round {
	const struct kernel *kernel;
	struct agent *agent;
	struct verify_order *order;
	struct subject *subjects;
	struct resolved_probe *probes; /* copies that begin with the carrier to be tried */
	size_t count;
	struct watch *watch;
	size_t *conflicts; /* see watch_open() */
	struct step_run *runs;
	bool is_told; /* what could not be made, by an earlier round */
	struct diags *diags;
};

static size_t next_usable(const struct resolved_probe *probe, size_t from)
{
	while (from < probe->carrier_count && probe->carriers[from].reason)
		from++;
	return from;
}

static int read_counters(const struct round *round, struct counters *counters)
{
	NK_FREE char *path = xasprintf("/proc/%d/net", (int)round->agent->pid);
	NK_CLOSE int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? -errno : counters_read(fd, counters);
}

static void clear_run(struct step_run *run)
{
	counters_clear(&run->before);
	counters_clear(&run->after);
	*run = (struct step_run){ 0 };
}

static int run_step_once(struct round *round, size_t index)
{
	const struct verify_step *step = &verify_steps[index];
	struct step_run *run = &round->runs[index];
	int result = 0;

	clear_run(run);
	run->first_call = round->agent->log->count;
	round->order->step = index;
	int err = read_counters(round, &run->before);
	if (!err)
		err = watch_run(round->watch, round->agent, 0, &result);
	if (!err)
		err = read_counters(round, &run->after);
	if (err)
		return diag_error(round->diags, -err, "the traffic '%s' did not end: %s",
				  step->name, strerror(-err));
	run->result = result;
	run->call_count = round->agent->log->count - run->first_call;
	run->was_run = true;
	return 0;
}

/* The child waited so long for the CPU that TCP sent something again, which no call tells of. */
static bool was_disturbed(const struct round *round, const struct step_run *run)
{
	int64_t segments;

	return round->agent->net.is_private &&
	       counters_growth(&run->before, &run->after, "Tcp.RetransSegs", &segments) == 0 &&
	       segments > 0;
}

static int run_step(struct round *round, size_t index)
{
	int err = 0;

	for (int i = 0; i < UNDISTURBED_MAX && !err; i++) {
		err = run_step_once(round, index);
		if (!err && !was_disturbed(round, &round->runs[index]))
			break;
	}
	return err;
}

/* The counter is of the traffic alone: in a namespace that nothing else talks in. */
static void add_counter(const struct round *round, struct subject *subject,
			const struct verify_step *step, const struct step_run *run,
			struct outcome *outcome)
{
	const char *expression = subject->result->probe->probe->counter;
	int family = expression ? counters_family(expression) : 0;

	if (!expression || !round->agent->net.is_private || !step->is_counted ||
	    (family && step->family != family))
		return;
	outcome->has_counter =
		!counters_growth(&run->before, &run->after, expression, &outcome->counter);
	subject->lacks_counter = subject->lacks_counter || !outcome->has_counter;
}

/* Those of IPv6 are away with all of it, which is told anyway. */
static void say_counters(struct round *round)
{
	for (size_t i = 0; i < round->count && round->agent->net.has_ip6; i++) {
		const struct probe *probe = round->subjects[i].result->probe->probe;

		if (round->subjects[i].lacks_counter)
			diag_warning(round->diags,
				     "%s: this kernel has no counter '%s' to compare with",
				     probe->name, probe->counter);
	}
}

static void judge_subject(const struct round *round, size_t index, size_t step)
{
	struct subject *subject = &round->subjects[index];
	const struct watched *watched = watch_seen(round->watch, index);
	const struct step_run *run = &round->runs[step];
	struct outcome outcome;
	struct truth truth;

	if (!subject->rule || (subject->is_judged[step] && outcome_is_good(&subject->steps[step])))
		return;
	truth_init(&truth, &verify_steps[step], round->agent->log->calls + run->first_call,
		   run->call_count, round->agent->net.is_private);
	judge(subject->rule, &truth, watched->seen, watched->count, &outcome);
	add_counter(round, subject, &verify_steps[step], run, &outcome);
	outcome_clear(&subject->steps[step]);
	subject->steps[step] = outcome;
	subject->is_judged[step] = true;
}

static uint32_t count_fired(const struct subject *subject)
{
	uint32_t counted = 0;

	for (size_t i = 0; i < verify_step_count; i++)
		counted += subject->steps[i].counted;
	return counted;
}

/* A probe that fires at all, and not as it should in this step. */
static bool is_settled(const struct round *round, size_t step)
{
	for (size_t i = 0; i < round->count; i++) {
		const struct subject *subject = &round->subjects[i];

		if (subject->rule && subject->is_judged[step] &&
		    !outcome_is_good(&subject->steps[step]) && count_fired(subject))
			return false;
	}
	return true;
}

static int run_pass(struct round *round, bool is_first)
{
	int err = 0;

	for (size_t i = 0; i < verify_step_count; i++)
		round->runs[i].was_run = false;
	for (size_t i = 0; i < verify_step_count && !err; i++)
		if (verify_step_is_possible(&verify_steps[i], &round->agent->net) &&
		    (is_first || !is_settled(round, i)))
			err = run_step(round, i);
	if (!err)
		err = watch_settle(round->watch);
	for (size_t i = 0; i < verify_step_count && !err; i++)
		for (size_t j = 0; j < round->count && round->runs[i].was_run; j++)
			judge_subject(round, j, i);
	return err;
}

static bool is_done(const struct round *round)
{
	for (size_t i = 0; i < verify_step_count; i++)
		if (!is_settled(round, i))
			return false;
	return true;
}

/* What a kernel or a container does not let anyone do proves nothing, and is told. */
static void say_cut_short(struct round *round)
{
	if (round->is_told)
		return;
	round->is_told = true;
	for (size_t i = 0; i < verify_step_count; i++) {
		int result = round->runs[i].result;

		if (result && result != -EAFNOSUPPORT && result != -EPROTONOSUPPORT)
			diag_warning(round->diags, "the traffic '%s' was cut short: %s",
				     verify_steps[i].name, strerror(-result));
	}
}

static int run_passes(struct round *round)
{
	int err = 0;

	for (int run = 0; run < RUNS_MAX && !err; run++) {
		err = run_pass(round, run == 0);
		if (is_done(round))
			break;
	}
	if (!err)
		say_cut_short(round);
	if (!err)
		say_counters(round);
	uint64_t lost = err ? 0 : watch_lost(round->watch);
	if (lost)
		diag_warning(round->diags,
			     "%llu events were lost on the way: what is told as "
			     "missing may be those",
			     (unsigned long long)lost);
	return err;
}

static void add_outcome(struct outcome *sum, const struct outcome *step)
{
	sum->expected += step->expected;
	sum->counted += step->counted;
	sum->failed += step->failed;
	sum->missing += step->missing;
	sum->surplus += step->surplus;
	sum->foreign += step->foreign;
	sum->wrong |= step->wrong;
	sum->right |= step->right;
	sum->is_exact = sum->is_exact && step->is_exact;
	sum->counter += step->has_counter ? step->counter : 0;
	for (size_t i = 0; i < step->wrong_count; i++)
		*array_add(&sum->wrongs, &sum->wrong_count) = step->wrongs[i];
}

static enum verify_verdict verdict_of(const struct verify_result *result, bool is_good)
{
	if (!result->is_judged)
		return result->outcome.counted ? VERIFY_FIRED : VERIFY_SILENT;
	if (!result->outcome.expected)
		return VERIFY_NOT_EXPECTED;
	if (!result->outcome.counted)
		return VERIFY_SILENT;
	return is_good ? VERIFY_PROVEN : VERIFY_WRONG;
}

/* One that fires is told of rather than one that is silent, and of those the first. */
static bool is_better(const struct verify_result *now, const struct verify_result *before)
{
	return now->verdict == VERIFY_PROVEN || before->verdict != VERIFY_WRONG;
}

static void take_result(struct verify_result *result, struct verify_result *now)
{
	static const enum carrier_verdict verdicts[] = {
		[VERIFY_PROVEN] = CARRIER_VERIFIED,	  [VERIFY_FIRED] = CARRIER_FIRED,
		[VERIFY_SILENT] = CARRIER_SILENT,	  [VERIFY_WRONG] = CARRIER_WRONG,
		[VERIFY_CANNOT_ATTACH] = CARRIER_UNTRIED,
	};

	result->tried = now->tried = now->carrier;
	result->carriers[now->carrier] = verdicts[now->verdict];
	if (is_better(now, result)) {
		outcome_clear(&result->outcome);
		*result = *now;
	} else {
		outcome_clear(&now->outcome);
	}
}

/* All steps of one carrier as one result. */
static void conclude(struct subject *subject, size_t carrier)
{
	struct verify_result now = *subject->result, *result = &now;
	bool is_good = true;

	result->outcome = (struct outcome){ .is_exact = true };
	result->compared = 0;
	result->has_counter = false;
	for (size_t i = 0; i < verify_step_count; i++) {
		const struct outcome *step = &subject->steps[i];

		if (!subject->is_judged[i])
			continue;
		add_outcome(&result->outcome, step);
		is_good = is_good && outcome_is_good(step);
		if (step->has_counter) {
			result->has_counter = true;
			result->compared += (int64_t)step->counted - step->failed;
		}
	}
	result->outcome.right &= ~result->outcome.wrong;
	result->carrier = carrier;
	result->verdict = verdict_of(result, is_good);
	take_result(subject->result, result);
}

static void count_own(struct round *round, size_t index)
{
	struct verify_result now = *round->subjects[index].result;

	now.outcome =
		(struct outcome){ .counted = (uint32_t)watch_seen(round->watch, index)->count };
	now.carrier = watch_seen(round->watch, index)->carrier;
	now.verdict = verdict_of(&now, true);
	take_result(round->subjects[index].result, &now);
}

/* The last carrier that could be tried stays the one that is told of. */
static void conclude_refused(struct round *round, size_t index)
{
	struct verify_result *result = round->subjects[index].result;

	if (result->verdict == VERIFY_CANNOT_ATTACH && !result->is_taken)
		result->reason = "the kernel refuses it";
	result->tried = round->probes[index].carrier_count;
}

/* The next carrier may be the one that whoever has the name has taken. */
static void conclude_conflict(struct round *round, size_t index)
{
	struct verify_result *result = round->subjects[index].result;

	if (result->verdict == VERIFY_CANNOT_ATTACH)
		result->reason = "its name is in use, with another definition (see nk status)";
	result->is_taken = true;
	result->tried = round->conflicts[index];
}

static void conclude_round(struct round *round)
{
	for (size_t i = 0; i < round->count; i++) {
		struct subject *subject = &round->subjects[i];
		size_t carrier = round->watch ? watch_seen(round->watch, i)->carrier
					      : round->probes[i].carrier_count;

		if (round->conflicts[i] < round->probes[i].carrier_count) {
			conclude_conflict(round, i);
		} else if (carrier >= round->probes[i].carrier_count) {
			conclude_refused(round, i);
		} else if (subject->rule) {
			conclude(subject, carrier);
		} else {
			count_own(round, i);
		}
	}
}

static void clear_round(struct round *round)
{
	for (size_t i = 0; i < round->count; i++) {
		for (size_t j = 0; j < verify_step_count; j++)
			outcome_clear(&round->subjects[i].steps[j]);
		free(round->subjects[i].steps);
		free(round->subjects[i].is_judged);
	}
	for (size_t i = 0; i < verify_step_count; i++)
		clear_run(&round->runs[i]);
	free(round->subjects);
	free(round->probes);
	free(round->conflicts);
	free(round->runs);
}

static void add_subject(struct round *round, struct verify_result *result, size_t carrier)
{
	struct subject *subject = &round->subjects[round->count];

	round->probes[round->count] = *result->probe;
	round->probes[round->count++].first = carrier;
	subject->result = result;
	subject->rule = verify_rule_find(result->probe->probe->name);
	subject->steps = xcalloc(verify_step_count, sizeof(*subject->steps));
	subject->is_judged = xcalloc(verify_step_count, sizeof(*subject->is_judged));
	result->is_judged = subject->rule != NULL;
}

/* next[]: the carrier that each probe is to be tried with; carrier_count: none. */
static int run_round(struct round *round, struct verify_report *report, const size_t *next,
		     const char *run_dir)
{
	round->subjects = xcalloc(report->count, sizeof(*round->subjects));
	round->probes = xcalloc(report->count, sizeof(*round->probes));
	round->conflicts = xcalloc(report->count, sizeof(*round->conflicts));
	round->runs = xcalloc(verify_step_count, sizeof(*round->runs));
	round->count = 0;
	for (size_t i = 0; i < report->count; i++)
		if (next[i] < report->results[i].probe->carrier_count)
			add_subject(round, &report->results[i], next[i]);
	round->watch = NULL;
	int err = watch_open(round->kernel, run_dir, round->agent->pid, round->probes, round->count,
			     round->conflicts, &round->watch, round->diags);
	if (!err)
		err = run_passes(round);
	/* The kernel refuses all that was left to try. */
	if (err == -ENODATA && !round->watch)
		err = 0;
	if (!err)
		conclude_round(round);
	int closed = watch_close(round->watch, round->diags);
	clear_round(round);
	return err ? err : closed;
}

/* What is not proven goes on with its next carrier. Returns how many there are. */
static size_t choose_next(const struct verify_report *report, size_t *next)
{
	size_t left = 0;

	for (size_t i = 0; i < report->count; i++) {
		const struct verify_result *result = &report->results[i];
		size_t end = result->probe->carrier_count;

		if (next[i] == end)
			continue;
		bool is_open = result->verdict == VERIFY_SILENT ||
			       result->verdict == VERIFY_WRONG ||
			       (result->verdict == VERIFY_CANNOT_ATTACH && result->is_taken);
		next[i] = is_open && result->tried < end
				  ? next_usable(result->probe, result->tried + 1)
				  : end;
		left += next[i] < end;
	}
	return left;
}

static int run_rounds(struct round *round, struct verify_report *report, const char *run_dir)
{
	NK_FREE size_t *next = xcalloc(report->count ? report->count : 1, sizeof(*next));
	size_t left = 0;
	int err = 0;

	for (size_t i = 0; i < report->count; i++) {
		const struct resolved_probe *probe = report->results[i].probe;

		next[i] = next_usable(probe, 0);
		left += next[i] < probe->carrier_count;
	}
	while (left && !err) {
		err = run_round(round, report, next, run_dir);
		left = choose_next(report, next);
	}
	return err;
}

static void init_results(const struct resolved_probe *probes, size_t count,
			 struct verify_report *report)
{
	*report = (struct verify_report){ .count = count };
	report->results = xcalloc(count ? count : 1, sizeof(*report->results));
	for (size_t i = 0; i < count; i++)
		report->results[i] = (struct verify_result){
			.probe = &probes[i],
			.verdict = VERIFY_CANNOT_ATTACH,
			.carrier = probes[i].carrier_count,
			.tried = probes[i].carrier_count,
			.carriers =
				xcalloc(probes[i].carrier_count + 1, sizeof(enum carrier_verdict)),
			.reason = probes[i].reason,
		};
}

int verify_run(const struct kernel *kernel, const struct resolved_probe *probes, size_t count,
	       const char *run_dir, struct verify_report *report, struct diags *diags)
{
	struct verify_order *order = traffic_shared_new(sizeof(*order));
	const struct agent_options options = { .steps = &verify_agent_step,
					       .step_count = 1,
					       .context = order,
					       .pin_to_cpu = true,
					       .with_cable = true };
	struct agent agent = { .pid = -1, .fd = -1 };
	struct round round = { .kernel = kernel, .agent = &agent, .order = order, .diags = diags };
	uint64_t start = traffic_now();

	init_results(probes, count, report);
	if (!order)
		return diag_error(diags, ENOMEM, "no shared memory for known traffic");
	int err = agent_start(&options, &agent, diags);
	if (!err) {
		report->is_private = agent.net.is_private;
		report->has_ip6 = agent.net.has_ip6;
		report->has_cable = agent.net.has_cable;
		err = run_rounds(&round, report, run_dir);
	}
	agent_stop(&agent);
	traffic_shared_free(order, sizeof(*order));
	report->seconds = (double)(traffic_now() - start) / 1e9;
	return err;
}

void verify_report_clear(struct verify_report *report)
{
	for (size_t i = 0; i < report->count; i++) {
		outcome_clear(&report->results[i].outcome);
		free(report->results[i].carriers);
	}
	free(report->results);
	*report = (struct verify_report){ 0 };
}

bool verify_is_kept(const struct verify_result *result)
{
	return result->is_judged && !result->is_taken && !result->probe->probe->set->is_given;
}

static void fill_probe(const struct verify_result *result, const char *date,
		       struct profile *profile)
{
	const struct resolved_probe *probe = result->probe;

	for (size_t i = 0; i < probe->carrier_count; i++) {
		if (!probe->carriers[i].carrier || result->carriers[i] == CARRIER_UNTRIED)
			continue;
		NK_FREE char *key = resolve_carrier_key(probe->probe, i);

		if (result->carriers[i] == CARRIER_WRONG)
			profile_forget_carrier(profile, probe->probe->name, key);
		else
			profile_set_carrier(profile, probe->probe->name, key,
					    result->carriers[i] == CARRIER_VERIFIED
						    ? PROFILE_VERIFIED
						    : PROFILE_SILENT,
					    date);
	}
}

void verify_fill(const struct verify_report *report, const char *date, struct profile *profile)
{
	for (size_t i = 0; i < report->count; i++)
		if (verify_is_kept(&report->results[i]))
			fill_probe(&report->results[i], date, profile);
}
