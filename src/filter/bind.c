/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An expression and the plans of a decoder in, the tests of each plan out. A test that no plan can
 * answer is a mistake; one that some cannot does not hold there.
 */
#include "filter/bind.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

/* What came of a test over all plans. */
struct outcome {
	bool is_bound;	  /* some plan can answer it */
	char *why, *hint; /* the first reason why one cannot */
};

struct binder {
	struct bound_filter *bound;
	struct outcome *outcomes;
};

static bool is_address(const struct plan_field *field)
{
	enum probe_display display = plan_field_display(field);

	return display == DISPLAY_IP4 || display == DISPLAY_IP6;
}

static bool is_port(const struct plan_field *field)
{
	static const char *const names[] = { "lport", "rport", "sport", "dport", "port" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(field->name, names[i]) == 0)
			return field->kind == PLAN_NUMBER || field->kind == PLAN_PACKET;
	return false;
}

static bool looks_at(const struct filter_test *test, const struct plan_field *field)
{
	switch (test->subject) {
	case SUBJECT_HOST:
		return is_address(field);
	case SUBJECT_PORT:
		return is_port(field);
	case SUBJECT_FIELD:
		return strcmp(field->name, test->name) == 0;
	default:
		return false;
	}
}

static void add_constant(struct binder *binder, size_t test_index, struct bound_field *to,
			 enum probe_display display, const struct probe_enum *names)
{
	const struct filter_test *test = &binder->bound->filter->tests[test_index];
	struct outcome *outcome = &binder->outcomes[test_index];
	struct constant constant;
	char *why, *hint;

	for (size_t i = 0; i < to->constant_count; i++)
		if (to->constants[i].display == display)
			return;
	if (constant_parse(test, display, names, &constant, &why, &hint) == 0) {
		outcome->is_bound = true;
		*array_add(&to->constants, &to->constant_count) = constant;
	} else if (!outcome->why) {
		outcome->why = why;
		outcome->hint = hint;
	} else {
		free(why);
		free(hint);
	}
}

/* Each link of the chain, whatever its display type. */
static void bind_field(struct binder *binder, size_t test_index, const struct plan_field *field,
		       struct bound_test *test)
{
	struct bound_field *to = array_add(&test->fields, &test->field_count);

	*to = (struct bound_field){ .field = field };
	for (const struct plan_field *link = field; link; link = link->instead) {
		enum probe_display display = plan_field_display(link);
		bool is_number = link->kind == PLAN_NUMBER || link->kind == PLAN_ARRAY ||
				 link->kind == PLAN_PACKET || link->kind == PLAN_DURATION;

		to->halves |= link->kind == PLAN_DURATION ? 3 : (uint8_t)(1U << link->half);
		if (link->kind == PLAN_BYTES && display != DISPLAY_IP4 && display != DISPLAY_IP6 &&
		    display != DISPLAY_MAC)
			display = DISPLAY_COUNT;
		if (link->kind == PLAN_FIXED_STRING || link->kind == PLAN_STRING)
			display = DISPLAY_STRING;
		add_constant(binder, test_index, to, display, link->names);
		/* The protocols of other families have no names: numbers are compared. */
		if (is_number && display == DISPLAY_PROTO && to->constant_count > 0 &&
		    !to->constants[to->constant_count - 1].is_name)
			add_constant(binder, test_index, to, DISPLAY_UNSIGNED, NULL);
	}
}

static void bind_name(struct binder *binder, size_t test_index, const char *name,
		      struct bound_test *to)
{
	const struct constant *constant = &binder->bound->constants[test_index];
	const struct filter_test *test = &binder->bound->filter->tests[test_index];

	to->is_decided = true;
	to->holds = name && constant_holds_text(constant, test->relation, name, strlen(name));
	if (to->holds || test->relation == RELATION_UNEQUAL || test->relation == RELATION_GLOB)
		binder->outcomes[test_index].is_bound = true;
}

static void bind_plan(struct binder *binder, struct bound_plan *to, const struct event_plan *plan)
{
	const struct filter *filter = binder->bound->filter;

	to->plan = plan;
	to->tests = xcalloc(filter->test_count, sizeof(*to->tests));
	for (size_t i = 0; i < filter->test_count; i++) {
		const struct filter_test *test = &filter->tests[i];

		if (test->subject == SUBJECT_EVENT)
			bind_name(binder, i, plan->name, &to->tests[i]);
		else if (test->subject == SUBJECT_SET)
			bind_name(binder, i, plan->set, &to->tests[i]);
		for (size_t k = 0; k < plan->field_count; k++)
			if (looks_at(test, &plan->fields[k]))
				bind_field(binder, i, &plan->fields[k], &to->tests[i]);
	}
}

/* Tests of what every record has. */
static int bind_own(struct binder *binder, size_t index, struct diags *diags)
{
	static const enum probe_display displays[] = {
		[SUBJECT_PID] = DISPLAY_SIGNED,	  [SUBJECT_COMM] = DISPLAY_STRING,
		[SUBJECT_CPU] = DISPLAY_UNSIGNED, [SUBJECT_EVENT] = DISPLAY_STRING,
		[SUBJECT_SET] = DISPLAY_STRING,
	};
	const struct filter *filter = binder->bound->filter;
	const struct filter_test *test = &filter->tests[index];
	char *why, *hint;
	int err;

	if (test->subject < SUBJECT_PID)
		return 0;
	err = constant_parse(test, displays[test->subject], NULL, &binder->bound->constants[index],
			     &why, &hint);
	if (!err) {
		binder->outcomes[index].is_bound = test->subject < SUBJECT_EVENT;
		return 0;
	}
	filter_error(filter, test->value_place, diags, hint, "%s", why);
	free(why);
	return err;
}

static char *near_field(const struct bound_filter *bound, const char *word)
{
	static const char *const own[] = { "host", "net", "port",  "pid",
					   "comm", "cpu", "event", "set" };
	const char **names = NULL;
	size_t count = 0;
	const char *near;
	char *hint;

	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		*array_add(&names, &count) = own[i];
	for (size_t i = 0; i < bound->plan_count; i++)
		for (size_t k = 0; k < bound->plans[i].plan->field_count; k++)
			*array_add(&names, &count) = bound->plans[i].plan->fields[k].name;
	near = diag_nearest(word, names, count);
	hint = near ? xasprintf("did you mean '%s'?", near) : NULL;
	free(names);
	return hint;
}

static int tell(struct binder *binder, size_t index, struct diags *diags)
{
	const struct filter *filter = binder->bound->filter;
	const struct filter_test *test = &filter->tests[index];
	struct outcome *outcome = &binder->outcomes[index];

	if (outcome->why) {
		filter_error(filter, test->value_place, diags, outcome->hint, "%s", outcome->why);
		outcome->hint = NULL;
		return -EINVAL;
	}
	if (test->subject == SUBJECT_EVENT || test->subject == SUBJECT_SET)
		return filter_error(filter, test->value_place, diags, NULL,
				    "there is no %s '%s' here", test->name, test->value);
	if (test->subject != SUBJECT_FIELD)
		return filter_error(filter, test->whole, diags, NULL, "no event here has %s",
				    test->subject == SUBJECT_PORT ? "a port" : "an address");
	return filter_error(filter, test->name_place, diags, near_field(binder->bound, test->name),
			    "no event here has a field '%s'", test->name);
}

static int bind_all(struct binder *binder, struct diags *diags)
{
	struct bound_filter *bound = binder->bound;
	const struct event_plan *plan;
	int err = 0;

	for (size_t i = 0; i < bound->filter->test_count && !err; i++)
		err = bind_own(binder, i, diags);
	while (!err && (plan = decoder_plan(bound->decoder, bound->plan_count))) {
		struct bound_plan *to = array_add(&bound->plans, &bound->plan_count);

		bind_plan(binder, to, plan);
	}
	/* A recording without a single event has nothing that could be meant. */
	for (size_t i = 0; i < bound->filter->test_count && bound->plan_count > 0 && !err; i++)
		if (!binder->outcomes[i].is_bound)
			err = tell(binder, i, diags);
	return err;
}

int filter_bind(const struct filter *filter, struct decoder *decoder, struct bound_filter **out,
		struct diags *diags)
{
	struct bound_filter *bound = xcalloc(1, sizeof(*bound));
	struct binder binder = { .bound = bound };
	int err;

	bound->filter = filter;
	bound->decoder = decoder;
	bound->constants = xcalloc(filter->test_count, sizeof(*bound->constants));
	binder.outcomes = xcalloc(filter->test_count, sizeof(*binder.outcomes));
	err = bind_all(&binder, diags);
	for (size_t i = 0; i < filter->test_count; i++) {
		free(binder.outcomes[i].why);
		free(binder.outcomes[i].hint);
	}
	free(binder.outcomes);
	if (err)
		bound_filter_free(bound);
	else
		*out = bound;
	return err;
}

void bound_filter_free(struct bound_filter *bound)
{
	if (!bound)
		return;
	for (size_t i = 0; i < bound->plan_count; i++) {
		struct bound_plan *plan = &bound->plans[i];

		for (size_t k = 0; k < bound->filter->test_count; k++) {
			for (size_t f = 0; f < plan->tests[k].field_count; f++)
				free(plan->tests[k].fields[f].constants);
			free(plan->tests[k].fields);
		}
		free(plan->tests);
	}
	free(bound->plans);
	free(bound->constants);
	free(bound);
}
