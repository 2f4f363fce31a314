/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Options to chosen and resolved probes.
 */
#include "cmd/setup.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"
#include "probes/parse.h"
#include "session/sandbox.h"

static int add_files(struct setup *setup, const struct options *options, struct diags *diags)
{
	int first_error = 0;

	for (size_t i = 0; i < options->probe_file_count; i++) {
		struct probe_set *set;
		int err = probe_parse_file(options->probe_files[i], &set, diags);

		if (!err)
			probe_library_add(&setup->library, set);
		else if (!first_error)
			first_error = err;
	}
	return first_error;
}

int setup_parse_expressions(const struct options *options, struct probe_set **set,
			    struct diags *diags)
{
	struct text text = { 0 };

	for (size_t i = 0; i < options->expression_count; i++)
		text_addf(&text, "%s\n", options->expressions[i]);

	int err = probe_parse("-e", "-e", text.data ? text.data : "", set, diags);
	text_clear(&text);
	return err;
}

static int add_expressions(struct setup *setup, const struct options *options, struct diags *diags)
{
	struct probe_set *set;

	if (options->expression_count == 0)
		return 0;
	int err = setup_parse_expressions(options, &set, diags);
	if (!err)
		probe_library_add(&setup->library, set);
	return err;
}

static void choose(struct setup *setup, const struct probe *probe)
{
	for (size_t i = 0; i < setup->chosen_count; i++)
		if (setup->chosen[i] == probe)
			return;
	*array_add(&setup->chosen, &setup->chosen_count) = probe;
}

/* The sets that stand on the command line themselves. */
static void choose_given(struct setup *setup, const struct options *options)
{
	for (size_t i = 0; i < setup->library.set_count; i++) {
		const struct probe_set *set = setup->library.sets[i];
		bool is_file = strcmp(set->path, "-e") != 0;

		if (!set->is_given || (is_file && options->name_count > 0))
			continue;
		for (size_t j = 0; j < set->probe_count; j++)
			choose(setup, &set->probes[j]);
	}
}

int setup_choose(struct setup *setup, const struct options *options, struct diags *diags)
{
	bool given = options->probe_file_count + options->expression_count > 0;
	struct diags found = { 0 };
	int err = probe_library_load(options->probes_dir, &setup->library, &found);

	/* With probes of one's own, an installation without any sets will do. */
	if (err && !(given && options->name_count == 0)) {
		diags_move(diags, &found);
		return err;
	}
	/* Mistakes in sets that nobody asked for must not stop those that were asked for. */
	diags_soften(&found);
	diags_move(diags, &found);
	err = add_files(setup, options, diags);
	if (!err)
		err = add_expressions(setup, options, diags);
	if (err)
		return err;
	if (options->name_count > 0 || !given) {
		err = probe_library_choose(&setup->library, options->names, options->name_count,
					   &setup->chosen, &setup->chosen_count, diags);
		if (err)
			return err;
	}
	choose_given(setup, options);
	if (setup->chosen_count == 0)
		return diag_error(diags, ENOENT, "there is no probe to work with");
	return 0;
}

static void clear_resolved(struct setup *setup)
{
	for (size_t i = 0; setup->resolved && i < setup->chosen_count; i++)
		resolved_probe_clear(&setup->resolved[i]);
	free(setup->resolved);
	setup->resolved = NULL;
}

int setup_resolve_again(struct setup *setup, struct diags *diags)
{
	NK_FREE const char **names = NULL;
	size_t name_count = 0;

	clear_resolved(setup);
	resolve_wanted_symbols(setup->chosen, setup->chosen_count, &names, &name_count);
	int err = kernel_load_symbols(setup->kernel, names, name_count, diags);
	if (err)
		return err;
	setup->resolved = xcalloc(setup->chosen_count, sizeof(*setup->resolved));
	for (size_t i = 0; i < setup->chosen_count; i++)
		resolve_probe(setup->chosen[i], setup->kernel, &setup->resolved[i]);
	return 0;
}

int setup_resolve(struct setup *setup, const struct options *options, struct diags *diags)
{
	struct kernel_options kernel_options = {
		.btf = options->btf,
		.profile = options->profile,
		.without = options->without,
	};
	int err = kernel_open(&kernel_options, &setup->kernel, diags);

	return err ? err : setup_resolve_again(setup, diags);
}

static bool is_missing(const struct resolved_carrier *carrier, const char *symbol)
{
	for (size_t i = 0; i < carrier->missing_count; i++)
		if (strcmp(carrier->missing[i], symbol) == 0)
			return true;
	return false;
}

/* Functions that a module may bring later, when it is too late to attach to them. */
static void warn_stand_ins(const struct resolved_probe *resolved, struct diags *diags)
{
	const struct resolved_carrier *carrier = &resolved->carriers[resolved->first];

	for (size_t i = 0; i < carrier->stand_in_count; i++) {
		const struct probe_func *func = carrier->stand_ins[i];

		NK_FREE char *who = is_missing(carrier, func->symbol)
					    ? xstrdup("nothing")
					    : xasprintf("'%s'", func->symbol);

		diag_warning(diags,
			     "%s: this kernel has no function '%s' now, and if a module brings it "
			     "later, %s stands in for it",
			     resolved->probe->name, func->unless, who);
	}
}

/* The reason of the carrier that was the best hope, where it stands in the probe file. */
static void report_unresolved(const struct resolved_probe *resolved, enum diag_level level,
			      struct diags *diags)
{
	struct diag *diag = diag_add(diags, level);

	diag->text = xasprintf("%s cannot attach: %s", resolved->probe->name, resolved->reason);
	if (resolved->carrier_count == 0)
		return;

	const struct probe_place *place = &resolved->carriers[0].place;
	if (!place->file)
		return;
	diag->file = xstrdup(place->file);
	diag->line = place->line;
	diag->column = place->column;
	diag->width = place->width;
	diag->source = place->source ? xstrdup(place->source) : NULL;
}

static bool is_unresolved(const struct resolved_probe *resolved)
{
	return resolved->first >= resolved->carrier_count;
}

size_t setup_report_unresolved(const struct setup *setup, struct diags *diags)
{
	size_t missing = 0;

	for (size_t i = 0; i < setup->chosen_count; i++)
		missing += is_unresolved(&setup->resolved[i]);
	/* Where nothing is left to do it is an error, else the others go on. */
	for (size_t i = 0; i < setup->chosen_count; i++)
		if (is_unresolved(&setup->resolved[i]))
			report_unresolved(
				&setup->resolved[i],
				missing == setup->chosen_count ? DIAG_ERROR : DIAG_WARNING, diags);
		else
			warn_stand_ins(&setup->resolved[i], diags);
	return missing;
}

void setup_clear(struct setup *setup)
{
	filter_free(setup->filter);
	clear_resolved(setup);
	free(setup->chosen);
	kernel_close(setup->kernel);
	probe_library_clear(&setup->library);
	*setup = (struct setup){ 0 };
}

void setup_note_sandbox(const struct options *options, struct diags *diags)
{
	if (options->verbose && !sandbox_is_there())
		diag_add(diags, DIAG_NOTE)->text =
			xstrdup("this kernel has no seccomp filters: what reads and decodes has no "
				"privileges, but no list of system calls to keep to");
}

void setup_say(struct diags *diags, bool quiet)
{
	for (size_t i = 0; i < diags->count; i++)
		if (!quiet || diags->items[i].level == DIAG_ERROR)
			diag_print(&diags->items[i], stderr);
	diags_clear(diags);
}
