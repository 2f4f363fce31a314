/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A filter and an installed session in, the kernel's own filters of its events out. What reaches
 * user space is filtered there once more, so that the kernel need only be right in what it drops.
 */
#include "cmd/filter.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "base/alloc.h"
#include "cmd/cmd.h"

struct push {
	struct setup *setup;
	struct session *session;
	const struct live_wish *wish;
	const struct event_plan *plan;
	bool is_verbose;
	struct diags *diags;
};

static void note(const struct push *push, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void note(const struct push *push, const char *format, ...)
{
	va_list args;

	if (!push->is_verbose)
		return;
	va_start(args, format);
	diag_add(push->diags, DIAG_NOTE)->text = xvasprintf(format, args);
	va_end(args);
}

/* A return whose entry was dropped is no loss: both halves are told so. */
static void mark_joined(const struct push *push, const struct session_event *event)
{
	for (size_t i = 0; i < push->setup->chosen_count; i++) {
		struct resolved_probe *probe = &push->setup->resolved[i];

		if (probe != event->probe || event->def->desc.half == EVENT_WHOLE)
			continue;
		for (size_t k = 0; k < probe->carriers[event->carrier].event_count; k++)
			probe->carriers[event->carrier].events[k].desc.is_filtered = true;
	}
}

/* All events of a plan that are filtered by it: more than one where functions could not share it.
 */
static int set_filters(const struct push *push, const char *text)
{
	for (size_t i = 0; i < push->session->event_count; i++) {
		const struct session_event *event = &push->session->events[i];
		int err;

		if (event->id != push->plan->id)
			continue;
		err = session_filter_event(push->session, i, text, NULL);
		if (err)
			return err;
		mark_joined(push, event);
	}
	return 0;
}

static int push_plan(const struct push *push, struct kernel_filter *filter, bool can_filter)
{
	const char *name = push->plan->name;

	if (!can_filter && !(filter->is_whole && !filter->text)) {
		filter->is_whole = false;
		filter->why = "this kernel has no event filters";
	} else if (filter->text && set_filters(push, filter->text) != 0) {
		filter->is_whole = false;
		filter->why = "this kernel refuses the filter";
	} else if (filter->text) {
		note(push, "%s: the kernel filters by: %s", name, filter->text);
	}
	if (filter->is_whole)
		return 0;
	if (push->wish->decodes_nothing)
		return diag_error(push->diags, EOPNOTSUPP,
				  "the kernel cannot filter %s by '%.*s', as %s; what records "
				  "decodes nothing: leave it to nk replay -f",
				  name, filter->rest_length, filter->rest, filter->why);
	note(push, "%s: '%.*s' is left to nk, as %s", name, filter->rest_length, filter->rest,
	     filter->why);
	return 0;
}

static int push_all(struct push *push, const struct bound_filter *bound, struct decoder *decoder,
		    const char *expression)
{
	bool can_filter = push->setup->kernel->features.has[FEATURE_EVENT_FILTER];
	int err = 0;

	for (size_t i = 0; !err && (push->plan = decoder_plan(decoder, i)); i++) {
		struct kernel_filter filter;

		filter_for_kernel(bound, i, &filter);
		if (!filter.rest) {
			filter.rest = expression;
			filter.rest_length = (int)strlen(expression);
		}
		err = push_plan(push, &filter, can_filter);
		kernel_filter_clear(&filter);
	}
	return err;
}

int filter_session(struct setup *setup, const struct options *options, const struct live_wish *wish,
		   struct session *session, struct diags *diags)
{
	struct push push = { .setup = setup,
			     .session = session,
			     .wish = wish,
			     .is_verbose = options->verbose,
			     .diags = diags };
	struct bound_filter *bound = NULL;
	struct decoder *decoder;
	int status = CMD_DONE;

	if (live_decoder(session, &decoder, diags) < 0)
		return CMD_FAILED;
	if (filter_bind(setup->filter, decoder, &bound, diags) < 0)
		status = CMD_USAGE;
	else if (push_all(&push, bound, decoder, options->filter) < 0)
		status = CMD_FAILED;
	bound_filter_free(bound);
	decoder_free(decoder);
	return status;
}
