/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Three sessions, one after the other, since later ones need offsets that earlier ones found: the
 * objects that functions are given; those behind socket.sk, and packets; the proof. Out
 * comes a verdict on every member; nothing is left in the kernel.
 */
#include "calibrate/calibrate.h"

#include <errno.h>

#include "base/alloc.h"
#include "calibrate/learn.h"
#include "calibrate/proof.h"
#include "calibrate/relate.h"
#include "calibrate/tracer.h"

/*
 * A step is run so often at most until all that it shows is found; and more often where a member is
 * one of a few places: on a busy machine what would tell them apart comes too late now and then.
 */
enum { RUNS_MAX = 3, RUNS_AMBIGUOUS_MAX = 8 };

struct calibration {
	struct tracer_setting setting;
	struct agent agent;
	struct step_context *context;
	struct learner learner;
	struct collection collection;
	struct dump net_dumps[LEARNER_NETS_MAX]; /* of each pointer that may be skc_net */
	char net_names[LEARNER_NETS_MAX][24], net_objects[LEARNER_NETS_MAX][48];
	struct proof_result *proof;
};

/* What one session dumps, and the steps that it is for. */
struct stage {
	const enum dump_name *dumps;
	size_t dump_count;
	const enum step *steps;
	size_t step_count;
};

static const enum dump_name direct_dumps[] = { DUMP_TCP, DUMP_SOCKET, DUMP_MESSAGE, DUMP_DEVICE };
/* What was lost takes its time; meanwhile other things are looked at. */
static const enum step direct_steps[] = { STEP_TCP_LOSE, STEP_TCP_ENDS,	    STEP_TCP_COUNTERS,
					  STEP_TCP_LOST, STEP_TCP_SEQUENCE, STEP_LISTEN,
					  STEP_MESSAGES, STEP_DEVICES,	    STEP_TCP_LOST };
static const enum dump_name further_dumps[] = { DUMP_RECEIVED, DUMP_DELIVERED, DUMP_SENT,
						DUMP_SOCK };
static const enum step further_steps[] = { STEP_SOCKETS, STEP_DATAGRAMS, STEP_SEGMENTS,
					   STEP_FRAMES };

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct stage direct = { direct_dumps, COUNT(direct_dumps), direct_steps,
				     COUNT(direct_steps) };
static const struct stage further = { further_dumps, COUNT(further_dumps), further_steps,
				      COUNT(further_steps) };

static bool has_arrays(const struct calibration *calibration)
{
	return calibration->setting.kernel->features.has[FEATURE_ARRAY];
}

static size_t socket_sk(const struct calibration *calibration)
{
	const struct verdict *sk = learner_found(&calibration->learner, MEMBER_SOCKET_SK);

	return sk ? sk->offset : 0;
}

/* What a step shows is all known by now, or will not be by more runs. */
static bool is_settled(const struct learner *learner, enum step step, int runs)
{
	for (size_t i = 0; i < member_row_count; i++) {
		enum verdict_kind kind = learner->verdicts[i].kind;

		if (member_rows[i].step == step && kind != VERDICT_FOUND &&
		    (kind == VERDICT_AMBIGUOUS || runs < RUNS_MAX))
			return false;
	}
	return true;
}

static int run_steps(struct calibration *calibration, struct tracer *tracer, const enum step *steps,
		     size_t count, struct diags *diags)
{
	int err = 0;

	for (size_t i = 0; i < count && !err; i++)
		err = tracer_run(tracer, steps[i], &calibration->collection, diags);
	if (err)
		return err;
	learner_update(&calibration->learner, &calibration->collection);
	relate_inum(&calibration->learner, &calibration->collection);
	return 0;
}

static int run_again(struct calibration *calibration, struct tracer *tracer,
		     const struct stage *stage, struct diags *diags)
{
	int err = 0;

	for (int runs = 1; runs < RUNS_AMBIGUOUS_MAX && !err; runs++)
		for (size_t i = 0; i < stage->step_count && !err; i++)
			if (!is_settled(&calibration->learner, stage->steps[i], runs))
				err = run_steps(calibration, tracer, &stage->steps[i], 1, diags);
	return err;
}

static void clear_plans(struct dump_plan *plans, size_t count)
{
	for (size_t i = 0; i < count; i++)
		dump_plan_clear(&plans[i]);
}

/* What each pointer leads to that may be a socket's namespace. */
static size_t plan_namespaces(struct calibration *calibration, struct dump_plan *plans)
{
	const struct member_row *row = &member_rows[member_index(MEMBER_NET_INUM)];
	struct learner *learner = &calibration->learner;

	relate_namespaces(learner, &calibration->collection);
	for (size_t i = 0; i < learner->net_count; i++) {
		char *name = calibration->net_names[i], *object = calibration->net_objects[i];

		snprintf(name, sizeof(calibration->net_names[i]), "calibrate_net%zu", i);
		snprintf(object, sizeof(calibration->net_objects[i]), "+%zu(+@($arg1))",
			 learner->nets[i]);
		calibration->net_dumps[i] =
			(struct dump){ .name = name,
				       .carriers = { "inet_getname" },
				       .areas = { { AREA_NET, object, row->limit } },
				       .area_count = 1,
				       .net = learner->nets[i],
				       .is_last_only = true };
		dump_plan_whole(&calibration->net_dumps[i], has_arrays(calibration),
				calibration->setting.pointer_size, socket_sk(calibration),
				&plans[i]);
	}
	return learner->net_count;
}

static size_t plan_stage(struct calibration *calibration, const struct stage *stage,
			 struct dump_plan *plans)
{
	bool has_sock = learner_found(&calibration->learner, MEMBER_SOCKET_SK);
	size_t count = 0;

	for (size_t i = 0; i < stage->dump_count; i++) {
		if (stage->dumps[i] == DUMP_SOCK && !has_sock)
			continue;
		dump_plan_whole(&dumps[stage->dumps[i]], has_arrays(calibration),
				calibration->setting.pointer_size, socket_sk(calibration),
				&plans[count++]);
		if (stage->dumps[i] == DUMP_SOCK)
			count += plan_namespaces(calibration, plans + count);
	}
	return count;
}

static int run_stage(struct calibration *calibration, const struct stage *stage,
		     struct diags *diags)
{
	struct dump_plan *plans = xcalloc(DUMP_COUNT + LEARNER_NETS_MAX, sizeof(*plans));
	size_t count = plan_stage(calibration, stage, plans);
	struct tracer *tracer = NULL;
	int err = tracer_open(&calibration->setting, plans, count, &tracer, diags);

	if (!err)
		err = run_steps(calibration, tracer, stage->steps, stage->step_count, diags);
	if (!err)
		err = run_again(calibration, tracer, stage, diags);
	int closed = tracer_close(tracer, diags);
	clear_plans(plans, count);
	free(plans);
	return err ? err : closed;
}

static bool is_doubted(const struct calibration *calibration)
{
	for (size_t i = 0; i < member_row_count; i++)
		if (calibration->proof[i].disagreed)
			return true;
	return false;
}

static int run_proof(struct calibration *calibration, struct diags *diags)
{
	struct dump_plan *plans = xcalloc(PROOF_PLANS_MAX, sizeof(*plans));
	struct tracer *tracer = NULL;
	size_t count = proof_plan(&calibration->learner, has_arrays(calibration), plans);
	int err = tracer_open(&calibration->setting, plans, count, &tracer, diags);

	for (int runs = 0; runs < RUNS_MAX && !err; runs++) {
		struct collection collection = { 0 };

		err = tracer_run(tracer, STEP_PROOF, &collection, diags);
		relate_share(&calibration->learner, &collection, 0);
		proof_judge(&calibration->learner, &collection, calibration->proof);
		collection_clear(&collection);
		if (!is_doubted(calibration))
			break;
	}
	int closed = tracer_close(tracer, diags);
	clear_plans(plans, count);
	free(plans);
	return err ? err : closed;
}

static int run_all(struct calibration *calibration, struct diags *diags)
{
	int err = run_stage(calibration, &direct, diags);

	if (!err)
		err = run_stage(calibration, &further, diags);
	if (!err)
		err = run_proof(calibration, diags);
	return err;
}

static void fill_report(const struct calibration *calibration, struct calibrate_report *report)
{
	report->members = xcalloc(member_row_count, sizeof(*report->members));
	report->count = member_row_count;
	report->is_private = calibration->agent.net.is_private;
	for (size_t i = 0; i < member_row_count; i++) {
		const struct member_row *row = &member_rows[i];
		const struct proof_result *proof = &calibration->proof[i];
		struct calibrate_member *member = &report->members[i];

		*member = (struct calibrate_member){
			.name = row->name,
			.verdict = calibration->learner.verdicts[i],
			.size = row->size ? row->size : calibration->setting.pointer_size,
			.bit_width = row->bit_width,
			.proof = proof->disagreed ? PROOF_DISAGREED
				 : proof->agreed  ? PROOF_AGREED
						  : PROOF_NONE,
		};
		if (member->proof == PROOF_DISAGREED && member->verdict.kind == VERDICT_FOUND) {
			member->verdict.kind = VERDICT_MISSING;
			member->verdict.reason = "the last check found another value";
		}
		report->found += member->verdict.kind == VERDICT_FOUND;
	}
}

static int start_agent(struct calibration *calibration, struct diags *diags)
{
	const struct agent_options options = { .steps = calibrate_steps,
					       .step_count = STEP_COUNT,
					       .context = calibration->context,
					       .pin_to_cpu = true };

	calibration->context->samples = traffic_shared_new(sizeof(struct samples));
	if (!calibration->context->samples)
		return diag_error(diags, ENOMEM, "no shared memory for samples");
	calibration->setting.samples = calibration->context->samples;
	return agent_start(&options, &calibration->agent, diags);
}

int calibrate_run(const struct kernel *kernel, const struct calibrate_options *options,
		  struct calibrate_report *report, struct diags *diags)
{
	uint64_t start = traffic_now();
	struct calibration calibration = {
		.setting = { .kernel = kernel,
			     .run_dir = options->run_dir,
			     .pointer_size = kernel->arch->long_bytes },
		.agent = { .pid = -1, .fd = -1 },
		.context = xcalloc(1, sizeof(struct step_context)),
		.proof = xcalloc(member_row_count, sizeof(struct proof_result)),
	};

	*report = (struct calibrate_report){ 0 };
	calibration.setting.agent = &calibration.agent;
	learner_init(&calibration.learner, calibration.setting.pointer_size);
	int err = start_agent(&calibration, diags);
	if (!err)
		err = run_all(&calibration, diags);
	if (!err)
		fill_report(&calibration, report);
	report->seconds = (double)(traffic_now() - start) / 1e9;
	agent_stop(&calibration.agent);
	traffic_shared_free(calibration.context->samples, sizeof(struct samples));
	collection_clear(&calibration.collection);
	learner_clear(&calibration.learner);
	free(calibration.context);
	free(calibration.proof);
	return err;
}

void calibrate_report_clear(struct calibrate_report *report)
{
	free(report->members);
	*report = (struct calibrate_report){ 0 };
}

static bool is_same(const struct layout_member *place, const struct profile_member *member)
{
	return place->offset == member->offset && place->size == member->size &&
	       place->bit_width == member->bit_width && place->bit_offset == member->bit_offset;
}

/* Whether the kernel itself has told it all along. What a file tells is told for one run. */
static bool is_told(const struct layout *layout, const struct profile_member *member)
{
	struct layout_member place;

	return layout && layout_find(layout, member->path, &place, NULL) == 0 &&
	       (place.source == LAYOUT_BTF || place.source == LAYOUT_BUILTIN) &&
	       is_same(&place, member);
}

/* A carrier that could not be had without it may be a better one than that which was verified. */
static bool is_news(const struct layout *layout, const struct profile *profile,
		    const struct profile_member *member)
{
	const struct profile_member *known = profile_find_member(profile, member->path);

	if (!known)
		return !is_told(layout, member);
	const struct layout_member place = { .offset = known->offset,
					     .size = known->size,
					     .bit_width = known->bit_width,
					     .bit_offset = known->bit_offset };
	return !is_same(&place, member);
}

/* What calibrate said once and the last check has disproved; what others said is theirs. */
static bool forget_disproved(const struct calibrate_member *member, struct profile *profile)
{
	const struct profile_member *known = profile_find_member(profile, member->name);

	if (member->proof != PROOF_DISAGREED || !known || strcmp(known->from, "calibrate") != 0)
		return false;
	profile_forget_member(profile, member->name);
	return true;
}

void calibrate_fill(const struct calibrate_report *report, const struct layout *layout,
		    struct profile *profile)
{
	bool is_other = false;

	for (size_t i = 0; i < report->count; i++) {
		const struct calibrate_member *from = &report->members[i];

		if (from->verdict.kind != VERDICT_FOUND) {
			is_other = forget_disproved(from, profile) || is_other;
			continue;
		}
		const struct profile_member member = { .path = (char *)from->name,
						       .offset = from->verdict.offset,
						       .size = from->size,
						       .bit_width = from->bit_width,
						       .bit_offset = from->verdict.bit,
						       .from = (char *)"calibrate" };
		is_other = is_other || is_news(layout, profile, &member);
		profile_set_member(profile, &member);
	}
	/* With other offsets a carrier may have been silent for its filter's sake. */
	if (is_other)
		profile_forget_carriers(profile);
}
