/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * In: a probe and a kernel. Out: for each of its carriers the events that it makes on this kernel,
 * or the reason why it makes none. The probe's carrier is the one that the profile says was
 * verified, else the first that can be had and was not silent where it should have fired.
 */
#include "resolve/resolve.h"

#include <stdbool.h>
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"
#include "resolve/define.h"
#include "resolve/plan.h"
#include "resolve/render.h"

/* A line with nothing of nk's own in it reaches the kernel as it was written. */
static bool is_plain(const struct probe *probe)
{
	const struct probe_func *func = probe->carriers[0].funcs;

	if (probe->carrier_count != 1 || probe->carriers[0].func_count != 1 ||
	    func->has_return_half || func->filter || func->unless)
		return false;
	for (size_t i = 0; i < func->arg_count; i++) {
		if (probe_arg_is_nk(&func->args[i]))
			return false;
	}
	return true;
}

static bool has_same_functions(const struct probe_carrier *a, const struct probe_carrier *b)
{
	bool is_same = a->func_count == b->func_count;

	for (size_t i = 0; i < a->func_count && is_same; i++)
		is_same = strcmp(a->funcs[i].symbol, b->funcs[i].symbol) == 0;
	return is_same;
}

char *resolve_carrier_key(const struct probe *probe, size_t index)
{
	const struct probe_carrier *carrier = &probe->carriers[index];
	struct text key = { 0 };
	size_t number = 1;

	/* With those that stand in for another one it is the same carrier. */
	for (size_t i = 0; i < carrier->func_count; i++)
		if (i == 0 || !carrier->funcs[i].unless)
			text_addf(&key, "%s%s", i ? "+" : "", carrier->funcs[i].symbol);
	for (size_t i = 0; i < index; i++)
		number += has_same_functions(&probe->carriers[i], carrier);
	if (number > 1)
		text_addf(&key, "~%zu", number);
	return text_steal(&key);
}

static bool has_word(const char *words, const char *word)
{
	size_t length = strlen(word);

	for (const char *at = words; at && (at = strstr(at, word)); at += length)
		if ((at == words || at[-1] == ' ') && (!at[length] || at[length] == ' '))
			return true;
	return false;
}

char *resolved_carrier_functions(const struct resolved_carrier *carrier)
{
	struct text text = { 0 };

	for (size_t i = 0; i < carrier->event_count; i++) {
		const struct event_def *event = &carrier->events[i];

		for (size_t j = 0; event->desc.half != EVENT_RETURN && j < event->line_count; j++) {
			const char *symbol = event->lines[j].symbol;

			if (symbol && !has_word(text.data, symbol))
				text_addf(&text, "%s%s", text.data ? " " : "", symbol);
		}
	}
	return text_steal(&text);
}

char *resolved_carrier_clones(const struct resolved_carrier *carrier)
{
	NK_FREE char *functions = resolved_carrier_functions(carrier);
	struct text text = { 0 };
	char *rest = functions, *word;

	while ((word = text_next_word(&rest)))
		if (strstr(word, ".constprop.") || strstr(word, ".isra."))
			text_addf(&text, "%s%s", text.data ? " " : "", word);
	return text_steal(&text);
}

static void add_missing(struct resolved_carrier *out, const char *symbol)
{
	for (size_t i = 0; i < out->missing_count; i++) {
		if (strcmp(out->missing[i], symbol) == 0)
			return;
	}
	*array_add(&out->missing, &out->missing_count) = xstrdup(symbol);
}

/* Whether it can be attached; an instruction of a clone is not where the function has it. */
static bool has_place(const struct symbol *symbol, const struct probe_func *func)
{
	for (size_t i = 0; symbol && i < symbol->clone_count; i++)
		if (define_is_usable(&symbol->clones[i]) &&
		    (!func->offset || symbol->clones[i].is_exact))
			return true;
	return false;
}

/* It stands in for one that can be attached to itself. */
static bool is_needless(const struct kernel *kernel, const struct probe_func *func)
{
	static const struct probe_func entry;

	return func->unless && has_place(symbols_find(kernel->symbols, func->unless), &entry);
}

/* The functions that are there; those that are not are noted. */
static const struct symbol *find_function(const struct kernel *kernel,
					  const struct probe_func *func,
					  struct resolved_carrier *out, struct refusal *refusal)
{
	const struct symbol *symbol = symbols_find(kernel->symbols, func->symbol);

	if (is_needless(kernel, func)) {
		refuse(refusal, &func->place, true,
		       "'%s' is probed only where this kernel has no '%s'", func->symbol,
		       func->unless);
		return NULL;
	}
	if (func->unless)
		*array_add(&out->stand_ins, &out->stand_in_count) = func;
	if (has_place(symbol, func))
		return symbol;
	add_missing(out, func->symbol);
	if (!symbol || !symbol->clone_count)
		refuse(refusal, &func->place, true, "no function '%s' in this kernel",
		       func->symbol);
	else if (func->offset && !symbol->clones[0].is_exact)
		refuse(refusal, &func->place, true,
		       "this kernel has '%s' as '%s' alone, in which that place is another one",
		       func->symbol, symbol->clones[0].name);
	else if (symbol->clones[0].is_blacklisted)
		refuse(refusal, &func->place, true, "this kernel lets nobody probe '%s'",
		       symbol->clones[0].name);
	else
		refuse(refusal, &func->place, true,
		       "this kernel has %u functions '%s', and a probe cannot say which is meant",
		       symbol->clones[0].copies, symbol->clones[0].name);
	return NULL;
}

/* All are missing: each is named, the first with its own reason where it is the only one. */
static void refuse_missing(const struct probe_carrier *carrier, struct resolved_carrier *out,
			   struct refusal *refusal)
{
	struct text names = { 0 };

	if (out->missing_count < 2)
		return;
	for (size_t i = 0; i < out->missing_count; i++)
		text_addf(&names, "%s'%s'",
			  i == 0			? ""
			  : i + 1 == out->missing_count ? " or "
							: ", ",
			  out->missing[i]);
	free(refusal->reason);
	*refusal = (struct refusal){ 0 };
	refuse(refusal, &carrier->funcs[0].place, true,
	       "no function %s in this kernel that can be probed", names.data);
	text_clear(&names);
}

static void free_fields(struct field_origin *fields, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(fields[i].reason);
		free(fields[i].members);
	}
	free(fields);
}

/* Fields that another function has, too, are told once: alike but for what they are read from. */
static void add_fields(struct resolved_carrier *out, struct field_origin *fields, size_t count)
{
	size_t before = out->field_count;

	for (size_t i = 0; i < count; i++) {
		size_t known = 0;

		while (known < before && strcmp(out->fields[known].name, fields[i].name) != 0)
			known++;
		if (known < before)
			continue;
		*array_add(&out->fields, &out->field_count) = fields[i];
		fields[i] = (struct field_origin){ 0 };
	}
	free_fields(fields, count);
}

/* Plans of the functions that are there. */
static size_t plan_carrier(const struct kernel *kernel, const struct probe_carrier *carrier,
			   bool plain, struct plan *plans, struct resolved_carrier *out,
			   struct refusal *refusal)
{
	struct refusal absence = { 0 };
	size_t count = 0;

	for (size_t i = 0; i < carrier->func_count && !refusal->reason; i++) {
		const struct symbol *symbol =
			find_function(kernel, &carrier->funcs[i], out, &absence);
		struct field_origin *fields = NULL;
		size_t field_count = 0;

		if (!symbol)
			continue;
		if (plan_func(kernel, &carrier->funcs[i], symbol, plain, &plans[count], &fields,
			      &field_count, refusal) == 0)
			count++;
		add_fields(out, fields, field_count);
	}
	if (count == 0 && !refusal->reason) {
		refuse_missing(carrier, out, &absence);
		*refusal = absence;
	} else {
		free(absence.reason);
	}
	return count;
}

static void resolve_carrier(const struct probe *probe, const struct kernel *kernel, size_t index,
			    struct resolved_carrier *out)
{
	const struct probe_carrier *carrier = &probe->carriers[index];
	struct plan *plans = xcalloc(carrier->func_count ? carrier->func_count : 1, sizeof(*plans));
	struct refusal refusal = { 0 };
	bool plain = is_plain(probe);
	size_t count = plan_carrier(kernel, carrier, plain, plans, out, &refusal);

	out->carrier = carrier;
	if (!refusal.reason)
		define_events(probe, kernel, plans, count, plain, &out->events, &out->event_count,
			      &refusal);
	out->reason = refusal.reason;
	if (refusal.reason)
		out->place = refusal.place;
	for (size_t i = 0; i < count; i++)
		plan_clear(&plans[i]);
	free(plans);

	NK_FREE char *key = resolve_carrier_key(probe, index);
	/* What is told of the probe that goes by this name is not told of the user's own. */
	if (!probe->set || !probe->set->is_given)
		out->known = profile_find_carrier(kernel->profile, probe->name, key);
}

static void resolve_foreign(const struct probe *probe, const struct kernel *kernel,
			    struct resolved_carrier *out)
{
	if (probe->kind == PROBE_TRACEPOINT &&
	    !kernel_has_tracepoint(kernel, probe->group, probe->name)) {
		out->reason =
			xasprintf("no tracepoint %s:%s in this kernel", probe->group, probe->name);
		out->place = probe->place;
		return;
	}
	/* v6.1's create_or_delete_trace_kprobe() and its like: others belong in dynamic_events. */
	if (probe->kind == PROBE_NATIVE && !strchr("pr", probe->verbatim[0])) {
		out->reason = xasprintf("kprobe_events takes lines of p and r, and none of %c",
					probe->verbatim[0]);
		out->place = probe->place;
		return;
	}
	if (probe->kind == PROBE_NATIVE && strlen(probe->verbatim) > LINE_MAX_BYTES) {
		out->reason = xasprintf("a line has at most %d characters for the kernel",
					LINE_MAX_BYTES);
		out->place = probe->place;
		return;
	}
	out->events = define_foreign(probe);
	out->event_count = 1;
}

/* What the profile says of it: verified, nothing, silent. Lower is better. */
static unsigned int rank(const struct resolved_carrier *carrier)
{
	if (!carrier->known)
		return 1;
	return carrier->known->verdict == PROFILE_VERIFIED ? 0 : 2;
}

/* Of those that can be had the first of the best. */
static size_t choose(const struct resolved_probe *resolved)
{
	size_t best = resolved->carrier_count;

	for (size_t i = 0; i < resolved->carrier_count; i++) {
		const struct resolved_carrier *carrier = &resolved->carriers[i];

		if (!carrier->reason && (best == resolved->carrier_count ||
					 rank(carrier) < rank(&resolved->carriers[best])))
			best = i;
	}
	return best;
}

static char *join_reasons(const struct resolved_probe *resolved)
{
	struct text reasons = { 0 };

	for (size_t i = 0; i < resolved->carrier_count; i++) {
		const char *reason = resolved->carriers[i].reason;

		if (reasons.data && strstr(reasons.data, reason))
			continue;
		text_addf(&reasons, "%s%s", reasons.data ? "; " : "", reason);
	}
	return text_steal(&reasons);
}

void resolve_probe(const struct probe *probe, const struct kernel *kernel,
		   struct resolved_probe *out)
{
	struct resolved_probe resolved = { .probe = probe };

	resolved.carrier_count = probe->kind == PROBE_KPROBE ? probe->carrier_count : 1;
	resolved.carriers = xcalloc(resolved.carrier_count ? resolved.carrier_count : 1,
				    sizeof(*resolved.carriers));
	for (size_t i = 0; i < resolved.carrier_count; i++) {
		if (probe->kind == PROBE_KPROBE)
			resolve_carrier(probe, kernel, i, &resolved.carriers[i]);
		else
			resolve_foreign(probe, kernel, &resolved.carriers[i]);
	}
	resolved.first = choose(&resolved);
	if (resolved.first == resolved.carrier_count)
		resolved.reason = join_reasons(&resolved);
	*out = resolved;
}

void resolved_probe_clear(struct resolved_probe *resolved)
{
	for (size_t i = 0; i < resolved->carrier_count; i++) {
		struct resolved_carrier *carrier = &resolved->carriers[i];

		define_free(carrier->events, carrier->event_count);
		for (size_t missing = 0; missing < carrier->missing_count; missing++)
			free(carrier->missing[missing]);
		free(carrier->missing);
		free(carrier->stand_ins);
		free_fields(carrier->fields, carrier->field_count);
		free(carrier->reason);
	}
	free(resolved->carriers);
	free(resolved->reason);
	*resolved = (struct resolved_probe){ 0 };
}

void resolve_wanted_symbols(const struct probe *const *probes, size_t count, const char ***names,
			    size_t *name_count)
{
	*names = NULL;
	*name_count = 0;
	for (size_t i = 0; i < count; i++) {
		for (size_t c = 0; c < probes[i]->carrier_count; c++) {
			const struct probe_carrier *carrier = &probes[i]->carriers[c];

			for (size_t f = 0; f < carrier->func_count; f++) {
				*array_add(names, name_count) = carrier->funcs[f].symbol;
				if (carrier->funcs[f].unless)
					*array_add(names, name_count) = carrier->funcs[f].unless;
			}
		}
	}
}
