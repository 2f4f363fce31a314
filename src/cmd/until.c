/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * In: --until of a flight recorder. Out: triggers of the kernel's in its instances. The kernel has
 * to do all of the expression: nobody else looks at the events.
 */
#include "cmd/until.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "cmd/cmd.h"
#include "cmd/live.h"
#include "filter/filter.h"

#define BLANKS " \t"

struct until {
	char *text;
	const char *probe;
	const char *expression; /* NULL: any event of it */
	struct filter *filter;
	struct decoder *decoder;
	struct bound_filter *bound;
};

static int parse(const char *given, struct until *until, struct diags *diags)
{
	char *rest;

	until->text = xstrdup(given);
	rest = until->text + strspn(until->text, BLANKS);
	until->probe = rest;
	rest += strcspn(rest, BLANKS);
	if (*rest)
		*rest++ = '\0';
	rest += strspn(rest, BLANKS);
	if (!*until->probe || (*rest && (strncmp(rest, "if", 2) != 0 || !strchr(BLANKS, rest[2]))))
		return diag_error(diags, EINVAL, "--until takes PROBE or 'PROBE if EXPR', not '%s'",
				  given);
	if (!*rest)
		return 0;
	until->expression = rest + 2;
	return filter_new(until->expression, &until->filter, diags);
}

static int bind(struct until *until, const struct session *session, struct diags *diags)
{
	int err = live_decoder(session, &until->decoder, diags);

	if (!err && until->filter)
		err = filter_bind(until->filter, until->decoder, &until->bound, diags);
	return err;
}

static void clear(struct until *until)
{
	bound_filter_free(until->bound);
	decoder_free(until->decoder);
	filter_free(until->filter);
	free(until->text);
}

/* An exit status. */
static int set_triggers(const struct event_plan *plan, const char *expression,
			struct session *session, struct diags *diags)
{
	for (size_t i = 0; i < session->event_count; i++)
		if (session->events[i].id == plan->id &&
		    session_freeze_at(session, i, expression, diags) != 0)
			return CMD_FAILED;
	return CMD_DONE;
}

/* An exit status. */
static int push_plan(const struct until *until, const struct event_plan *plan,
		     struct session *session, struct diags *diags)
{
	struct kernel_filter filter = { .is_whole = true };
	int status = CMD_FAILED;

	if (until->bound)
		filter_for_kernel(until->bound, plan->index, &filter);
	if (filter.is_whole)
		status = set_triggers(plan, filter.text, session, diags);
	else
		diag_error(diags, EOPNOTSUPP, "the kernel cannot look for '%.*s' of %s, as %s",
			   filter.rest_length, filter.rest, plan->name, filter.why);
	kernel_filter_clear(&filter);
	return status;
}

static int push(const struct until *until, struct session *session, struct diags *diags)
{
	const struct event_plan *plan;
	int status = CMD_DONE;
	bool is_there = false;

	for (size_t i = 0; status == CMD_DONE && (plan = decoder_plan(until->decoder, i)); i++) {
		if (strcmp(plan->name, until->probe) != 0)
			continue;
		is_there = true;
		status = push_plan(until, plan, session, diags);
	}
	if (is_there)
		return status;
	diag_error(diags, EINVAL, "--until: no probe '%s' is recorded", until->probe);
	return CMD_USAGE;
}

int until_session(const char *text, const struct setup *setup, struct session *session,
		  struct diags *diags)
{
	struct until until = { 0 };
	int status = CMD_USAGE;

	if (!setup->kernel->features.has[FEATURE_INSTANCE_TRIGGER]) {
		diag_error(diags, EOPNOTSUPP,
			   "on this kernel --until could turn off the tracing of others");
		return CMD_FAILED;
	}
	if (parse(text, &until, diags) == 0 && bind(&until, session, diags) == 0)
		status = push(&until, session, diags);
	clear(&until);
	return status;
}
