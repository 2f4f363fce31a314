/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nk list: sets and probes: what each shows, its carrier and fields on this kernel, or why it
 * cannot attach.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/text.h"
#include "base/utf8.h"
#include "cmd/cmd.h"
#include "cmd/json.h"
#include "cmd/setup.h"
#include "resolve/shown.h"
#include "session/privilege.h"

/* "ko", "ko_KR.UTF-8", "ko@hangul"; "kok_IN" is another language. */
static bool is_korean(const char *locale)
{
	return text_starts_with(locale, "ko") && strchr("_.@", locale[2]);
}

/* The user's language by the variables of setlocale(3), in their order. */
static bool wants_korean(void)
{
	static const char *const variables[] = { "LC_ALL", "LC_MESSAGES", "LANG" };

	for (size_t i = 0; i < sizeof(variables) / sizeof(*variables); i++) {
		const char *value = getenv(variables[i]);

		if (value && *value)
			return is_korean(value);
	}
	return false;
}

static const char *doc_of(const char *doc, const char *doc_ko)
{
	if (doc_ko && (wants_korean() || !doc))
		return doc_ko;
	return doc ? doc : "";
}

static const struct resolved_carrier *best(const struct resolved_probe *resolved)
{
	if (!resolved || resolved->first >= resolved->carrier_count)
		return NULL;
	return &resolved->carriers[resolved->first];
}

static char *field_names(const struct resolved_carrier *carrier)
{
	struct text names = { 0 };

	for (size_t i = 0; i < carrier->event_count; i++)
		shown_names(&carrier->events[i].desc, &names);
	return text_steal(&names);
}

/* "0", or of a bit-field with its bits: "128:0+3" */
static char *place_text(const struct layout_member *place)
{
	if (!place->bit_width)
		return xasprintf("%zu", place->offset);
	return xasprintf("%zu:%u+%u", place->offset, place->bit_offset, place->bit_width);
}

/* "btf: net_device.name at 0, sk_buff.dev at 16": by source, as long as that is the same. */
static char *origin_text(const struct field_origin *field)
{
	struct text text = { 0 };

	for (size_t i = 0; i < field->member_count; i++) {
		const struct origin_member *member = &field->members[i];
		NK_FREE char *place = place_text(&member->place);

		if (!i || member->place.source != field->members[i - 1].place.source)
			text_addf(&text, "%s%s: ", i ? "; " : "",
				  layout_source_names[member->place.source]);
		else
			text_add(&text, ", ");
		text_addf(&text, "%s at %s", member->path, place);
	}
	return text.data ? text_steal(&text) : xstrdup("no layout needed");
}

static void print_origins(const struct resolved_carrier *carrier)
{
	char type[PROBE_TYPE_NAME_MAX];

	for (size_t i = 0; i < carrier->field_count; i++) {
		const struct field_origin *field = &carrier->fields[i];
		NK_FREE char *origin = field->is_left_out ? xasprintf("left out: %s", field->reason)
							  : origin_text(field);

		printf("      %-12s %-10s %s\n", field->name, probe_type_name(&field->type, type),
		       origin);
	}
	for (size_t i = 0; i < carrier->missing_count; i++)
		printf("      not in this kernel: %s\n", carrier->missing[i]);

	NK_FREE char *clones = resolved_carrier_clones(carrier);

	if (*clones)
		printf("      arguments may have moved, see nk verify: %s\n", clones);
}

static bool is_verified(const struct resolved_carrier *carrier)
{
	return carrier && carrier->known && carrier->known->verdict == PROFILE_VERIFIED;
}

static bool is_silent(const struct resolved_carrier *carrier)
{
	return carrier && carrier->known && carrier->known->verdict == PROFILE_SILENT;
}

/* Attached is not firing: what nk verify found out is said. */
static void print_carrier(const char *functions, const struct profile_carrier *known)
{
	if (!known)
		printf("      carrier: %s (not verified)\n", functions);
	else if (known->verdict == PROFILE_VERIFIED)
		printf("      carrier: %s (verified %s)\n", functions, known->date);
	else
		printf("      carrier: %s (silent when verified %s)\n", functions, known->date);
}

static void print_probe(const struct probe *probe, const struct resolved_probe *resolved,
			const struct options *options)
{
	printf("  %-22s %s\n", probe->name, doc_of(probe->doc, probe->doc_ko));
	if (probe->use && options->verbose)
		printf("      use: %s\n", probe->use);
	if (probe->counter && options->verbose)
		printf("      counter: %s\n", probe->counter);
	if (!resolved)
		return;

	const struct resolved_carrier *carrier = best(resolved);
	if (!carrier) {
		printf("      cannot attach: %s\n", resolved->reason);
		return;
	}
	NK_FREE char *functions = resolved_carrier_functions(carrier);
	if (*functions)
		print_carrier(functions, carrier->known);
	NK_FREE char *fields = field_names(carrier);
	if (*fields)
		printf("      fields: %s\n", fields);
	if (options->verbose)
		print_origins(carrier);
}

static void add_member(struct json *json, const struct origin_member *member)
{
	const struct layout_member *place = &member->place;

	json_open(json, NULL, '{');
	json_string(json, "member", member->path);
	json_number(json, "offset", (long long)place->offset);
	json_number(json, "size", (long long)place->size);
	if (place->bit_width) {
		json_number(json, "bit", place->bit_offset);
		json_number(json, "width", place->bit_width);
	}
	json_string(json, "source", layout_source_names[place->source]);
	json_close(json, '}');
}

/* source is that of the least trustworthy member. */
static void add_field(struct json *json, const struct field_origin *field)
{
	char type[PROBE_TYPE_NAME_MAX];

	json_open(json, NULL, '{');
	json_string(json, "name", field->name);
	json_string(json, "type", probe_type_name(&field->type, type));
	json_string(json, "source", field->is_symbolic ? layout_source_names[field->source] : NULL);
	json_string(json, "left_out", field->reason);
	json_open(json, "members", '[');
	for (size_t i = 0; i < field->member_count; i++)
		add_member(json, &field->members[i]);
	json_close(json, ']');
	json_close(json, '}');
}

static void add_json(struct json *json, const struct probe *probe,
		     const struct resolved_probe *resolved)
{
	const struct resolved_carrier *carrier = best(resolved);

	json_open(json, NULL, '{');
	json_string(json, "set", probe->set->name);
	json_string(json, "probe", probe->name);
	json_string(json, "doc", doc_of(probe->doc, probe->doc_ko));
	json_string(json, "use", probe->use);
	json_string(json, "counter", probe->counter);
	if (resolved) {
		NK_FREE char *functions = carrier ? resolved_carrier_functions(carrier) : NULL;

		NK_FREE char *clones = carrier ? resolved_carrier_clones(carrier) : NULL;

		json_string(json, "carrier", functions);
		json_string(json, "clones", clones && *clones ? clones : NULL);
		json_string(json, "verified", is_verified(carrier) ? carrier->known->date : NULL);
		json_string(json, "silent", is_silent(carrier) ? carrier->known->date : NULL);
		json_string(json, "reason", carrier ? NULL : resolved->reason);
		json_open(json, "fields", '[');
		for (size_t i = 0; carrier && i < carrier->field_count; i++)
			add_field(json, &carrier->fields[i]);
		json_close(json, ']');
	}
	json_close(json, '}');
	json_line(json);
}

static int print_json(const struct setup *setup)
{
	struct json json;

	json_begin(&json, STDOUT_FILENO);
	for (size_t i = 0; i < setup->chosen_count; i++)
		add_json(&json, setup->chosen[i], setup->resolved ? &setup->resolved[i] : NULL);
	return json_end(&json);
}

static void print_text(const struct setup *setup, const struct options *options)
{
	const struct probe_set *set = NULL;

	for (size_t i = 0; i < setup->chosen_count; i++) {
		const struct probe *probe = setup->chosen[i];
		const struct resolved_probe *resolved =
			setup->resolved ? &setup->resolved[i] : NULL;

		if (probe->set != set) {
			/* The name of a file; what is in the file is known to be text. */
			NK_FREE char *name = utf8_visible(probe->set->name, "");

			set = probe->set;
			printf("%s%s: %s\n", i ? "\n" : "", name, doc_of(set->doc, set->doc_ko));
		}
		print_probe(probe, resolved, options);
	}
}

static int run(const struct command *command, const struct options *options)
{
	struct setup setup = { 0 };
	struct diags diags = { 0 };
	int status = CMD_DONE;
	int err = privilege_only_read(&diags);

	(void)command;
	if (!err)
		err = setup_choose(&setup, options, &diags);
	if (err) {
		status = CMD_FAILED;
	} else {
		/* What can be told without the kernel is told; why the rest cannot is said once. */
		if (setup_resolve(&setup, options, &diags) != 0) {
			status = CMD_INCOMPLETE;
		} else {
			for (size_t i = 0; i < setup.chosen_count; i++)
				if (!best(&setup.resolved[i]))
					status = CMD_INCOMPLETE;
		}
		if (options->json)
			err = print_json(&setup);
		else
			print_text(&setup, options);
	}
	if (err && status != CMD_FAILED) {
		diag_error(&diags, -err, "cannot write: %s", strerror(-err));
		status = CMD_FAILED;
	}
	setup_say(&diags, options->quiet);
	setup_clear(&setup);
	return status;
}

static const enum option_id takes[] = {
	OPTION_PROBE_FILE, OPTION_EXPRESSION, OPTION_PROBES_DIR, OPTION_JSON,	 OPTION_BTF,
	OPTION_PROFILE,	   OPTION_WITHOUT,    OPTION_QUIET,	 OPTION_VERBOSE, OPTION_END,
};

const struct command cmd_list = {
	.name = "list",
	.summary = "shows sets and probes, and what carries each on this kernel",
	.usage = "[OPTION...] [SET|PROBE...]",
	.takes = takes,
	.max_names = -1,
	.run = run,
};
