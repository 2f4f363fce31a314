/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * In: a carrier's functions with their arguments rendered. Out: lines for kprobe_events and
 * descriptions of their events. Functions that are alike, and all clones of one function, are lines
 * of one event where the kernel can do that; the first event has the probe's name, further ones
 * NAME__2 and so on, the return half of each NAME__ret.
 */
#include "resolve/define.h"

#include <errno.h>
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"

/*
 * Calls of one function that may be under way at once, of a return probe: the kernel's own default
 * is twice the number of CPUs, and of a function that sleeps, such as accept, more tasks than that
 * wait.
 */
#define RETURN_MAX_ACTIVE 512

/* One function to attach to. */
struct target {
	const struct plan *plan;
	const struct symbol_clone *clone;
	bool is_done;
};

/* What is being defined. */
struct definer {
	const struct probe *probe;
	const struct kernel *kernel;
	struct target *targets;
	size_t target_count;
	bool is_plain;
	struct event_def *events;
	size_t event_count;
	struct refusal *refusal;
};

bool define_is_usable(const struct symbol_clone *clone)
{
	return clone->copies == 1 && !clone->is_blacklisted;
}

void define_free(struct event_def *events, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		for (size_t line = 0; line < events[i].line_count; line++) {
			free(events[i].lines[line].text);
			free(events[i].lines[line].symbol);
			free(events[i].lines[line].origins);
		}
		event_desc_clear(&events[i].desc);
		free(events[i].lines);
		free(events[i].filter);
	}
	free(events);
}

static void add_enum(struct event_desc *desc, const struct probe *probe, const char *name)
{
	const struct probe_enum *from = probe->set ? probe_set_enum(probe->set, name) : NULL;
	struct probe_enum *to;

	for (size_t i = 0; i < desc->enum_count; i++) {
		if (strcmp(desc->enums[i].name, name) == 0)
			return;
	}
	if (!from)
		return;
	to = array_add(&desc->enums, &desc->enum_count);
	to->name = xstrdup(from->name);
	memcpy(to->kernel, from->kernel, sizeof(to->kernel));
	for (size_t i = 0; i < from->value_count; i++) {
		struct probe_enum_value *value = array_add(&to->values, &to->value_count);

		value->value = from->values[i].value;
		value->name = xstrdup(from->values[i].name);
	}
}

static void add_field(struct event_desc *desc, const struct probe *probe,
		      const struct rendered *rendered)
{
	struct event_field *field = array_add(&desc->fields, &desc->field_count);

	field->name = xstrdup(rendered->name);
	field->type = rendered->type;
	field->parts = rendered->text_count > 1 ? (unsigned int)rendered->text_count : 0;
	field->before = rendered->before;
	field->instead_of = rendered->instead_of ? xstrdup(rendered->instead_of) : NULL;
	for (size_t i = 0; i < rendered->guard_count; i++)
		field->guards[field->guard_count++] = xstrdup(rendered->guards[i]);
	if (field->type.kind == PROBE_TYPE_ENUM)
		add_enum(desc, probe, field->type.enum_name);
}

static void describe(struct event_desc *desc, const struct probe *probe, const char *name)
{
	desc->group = xstrdup(probe->group);
	desc->name = xstrdup(name);
	desc->probe = xstrdup(probe->name);
	desc->set = xstrdup(probe->set ? probe->set->name : "");
}

struct event_def *define_foreign(const struct probe *probe)
{
	struct event_def *event = xcalloc(1, sizeof(*event));

	describe(&event->desc, probe, probe->name);
	event->filter = probe->filter ? xstrdup(probe->filter) : NULL;
	if (probe->kind == PROBE_NATIVE) {
		struct event_line *line = array_add(&event->lines, &event->line_count);

		line->text = xstrdup(probe->verbatim);
	}
	return event;
}

static void write_head(const struct definer *definer, const struct target *target, bool is_return,
		       int max_active, const char *name, struct text *out)
{
	const bool *has = definer->kernel->features.has;

	if (max_active == 0 && !definer->is_plain)
		max_active = RETURN_MAX_ACTIVE;
	text_add(out, is_return ? "r" : "p");
	if (is_return && max_active && has[FEATURE_MAXACTIVE])
		text_addf(out, "%d", max_active);
	text_addf(out, ":%s/%s %s", definer->probe->group, name, target->clone->name);
	if (target->plan->func->offset)
		text_addf(out, "%+ld", target->plan->func->offset);
}

static bool is_attached(const struct event_def *event, const struct target *target)
{
	for (size_t i = 0; i < event->line_count; i++) {
		if (event->lines[i].func->offset == target->plan->func->offset &&
		    strcmp(event->lines[i].symbol, target->clone->name) == 0)
			return true;
	}
	return false;
}

static void add_line(const struct definer *definer, struct event_def *event,
		     const struct target *target, const struct plan_half *half, bool is_return,
		     int max_active)
{
	struct text text = { 0 };
	struct event_line *line;

	if (is_attached(event, target))
		return;
	write_head(definer, target, is_return, max_active, event->desc.name, &text);
	line = array_add(&event->lines, &event->line_count);
	for (size_t i = 0; i < half->count; i++) {
		for (size_t part = 0; part < half->args[i].text_count; part++) {
			rendered_write(&half->args[i], part, &text);
			*array_add(&line->origins, &line->origin_count) = half->args[i].arg;
		}
	}
	if (text.length > LINE_MAX_BYTES)
		refuse(definer->refusal, &target->plan->func->place, false,
		       "a line has at most %d characters for the kernel, and this one has %zu",
		       LINE_MAX_BYTES, text.length);
	line->symbol = xstrdup(target->clone->name);
	line->func = target->plan->func;
	line->text = text_steal(&text);
}

static bool may_not_read(const struct plan_half *half)
{
	for (size_t i = 0; i < half->count; i++)
		for (size_t j = 0; j < half->args[i].pointer_count; j++)
			if (half->args[i].pointers[j].is_doubtful)
				return true;
	return false;
}

static struct event_def *add_event(struct definer *definer, const struct plan_half *half,
				   const char *name, const struct probe_func *func)
{
	struct event_def *event = array_add(&definer->events, &definer->event_count);

	describe(&event->desc, definer->probe, name);
	for (size_t i = 0; i < half->count; i++)
		add_field(&event->desc, definer->probe, &half->args[i]);
	event->may_not_read = may_not_read(half);
	event->desc.is_filtered = func->filter != NULL;
	if (strlen(name) > EVENT_NAME_MAX)
		refuse(definer->refusal, &func->place, false,
		       "the event's name has at most %d characters for the kernel: %s",
		       EVENT_NAME_MAX, name);
	return event;
}

static bool joins(const struct definer *definer, const struct target *first,
		  const struct target *other)
{
	if (other == first)
		return true;
	return !other->is_done && definer->kernel->features.has[FEATURE_MULTIPROBE] &&
	       (other->plan == first->plan || plan_is_alike(first->plan, other->plan));
}

/* The event of first and of all that can share it, and where there is one their return half. */
static void define_group(struct definer *definer, struct target *first, unsigned int number)
{
	const struct probe_func *func = first->plan->func;
	const char *base = definer->probe->name;
	NK_FREE char *name = number == 1 ? xstrdup(base) : xasprintf("%s__%u", base, number);
	NK_FREE char *ret_name = func->has_return_half ? xasprintf("%s__ret", name) : NULL;
	size_t main_index = definer->event_count;
	struct event_def *event = add_event(definer, &first->plan->main, name, func);

	event->filter = func->filter ? xstrdup(func->filter) : NULL;
	if (ret_name) {
		event->desc.half = EVENT_ENTRY;
		event->desc.pair = xstrdup(ret_name);
		event = add_event(definer, &first->plan->ret, ret_name, func);
		event->desc.half = EVENT_RETURN;
		event->desc.pair = xstrdup(name);
	}
	for (struct target *at = first; at < definer->targets + definer->target_count; at++) {
		if (!joins(definer, first, at))
			continue;
		at->is_done = true;
		add_line(definer, &definer->events[main_index], at, &at->plan->main,
			 at->plan->func->is_return, at->plan->func->max_active);
		if (ret_name)
			add_line(definer, &definer->events[main_index + 1], at, &at->plan->ret,
				 true, at->plan->func->ret_max_active);
	}
}

static void find_targets(struct definer *definer, const struct plan *plans, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		for (size_t clone = 0; clone < plans[i].symbol->clone_count; clone++) {
			struct target *target;

			if (!define_is_usable(&plans[i].symbol->clones[clone]))
				continue;
			/* An instruction of one is not where the other has it. */
			if (plans[i].func->offset && !plans[i].symbol->clones[clone].is_exact)
				continue;
			target = array_add(&definer->targets, &definer->target_count);
			target->plan = &plans[i];
			target->clone = &plans[i].symbol->clones[clone];
		}
	}
}

int define_events(const struct probe *probe, const struct kernel *kernel, const struct plan *plans,
		  size_t count, bool is_plain, struct event_def **events, size_t *event_count,
		  struct refusal *refusal)
{
	struct definer definer = {
		.probe = probe, .kernel = kernel, .is_plain = is_plain, .refusal = refusal
	};
	unsigned int number = 1;

	find_targets(&definer, plans, count);
	for (size_t i = 0; i < definer.target_count; i++) {
		if (!definer.targets[i].is_done)
			define_group(&definer, &definer.targets[i], number++);
	}
	free(definer.targets);
	if (refusal->reason) {
		define_free(definer.events, definer.event_count);
		return -EINVAL;
	}
	*events = definer.events;
	*event_count = definer.event_count;
	return 0;
}
