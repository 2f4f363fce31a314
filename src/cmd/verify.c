/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nk verify: fires every probe with traffic of its own, holds records and counts against what was
 * sent and what the kernel counted, and leaves in the profile which carriers work.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/text.h"
#include "cmd/cmd.h"
#include "cmd/json.h"
#include "cmd/learn.h"
#include "cmd/setup.h"
#include "traffic/net.h"
#include "verify/verify.h"

static const char *const carrier_verdict_names[] = {
	[CARRIER_UNTRIED] = "not tried", [CARRIER_VERIFIED] = "verified", [CARRIER_FIRED] = "fired",
	[CARRIER_SILENT] = "silent",	 [CARRIER_WRONG] = "wrong",
};

static const struct resolved_carrier *carrier_of(const struct verify_result *result)
{
	if (result->carrier >= result->probe->carrier_count)
		return NULL;
	return &result->probe->carriers[result->carrier];
}

/* "udp_sendmsg+1": the first function, and how many more there are. */
static char *short_carrier(const struct verify_result *result)
{
	const struct resolved_carrier *carrier = carrier_of(result);
	NK_FREE char *functions = carrier ? resolved_carrier_functions(carrier) : xstrdup("");
	size_t more = 0;

	for (const char *blank = functions; (blank = strchr(blank, ' ')); blank++)
		more++;
	functions[strcspn(functions, " ")] = '\0';
	if (!*functions)
		return xstrdup("-");
	return more ? xasprintf("%s+%zu", functions, more) : xstrdup(functions);
}

/* Of what concerns the kernel's own counter: it counts a part of the traffic alone. */
static char *counter_text(const struct verify_result *result, int64_t number)
{
	return result->has_counter ? xasprintf("%" PRId64, number) : xstrdup("-");
}

static char *field_list(uint32_t fields, const char *separator)
{
	struct text list = { 0 };

	for (unsigned int field = 0; field < FIELD_COUNT; field++)
		if (fields & 1u << field)
			text_addf(&list, "%s%s", list.data ? separator : "",
				  verify_field_names[field]);
	return text_steal(&list);
}

static char *fields_text(const struct outcome *outcome)
{
	NK_FREE char *wrong = field_list(outcome->wrong, ",");
	int right = __builtin_popcount(outcome->right);

	if (!outcome->wrong)
		return right ? xasprintf("%d right", right) : xstrdup("-");
	return xasprintf("%d right, wrong: %s", right, wrong);
}

/* What the columns have no room for. */
static void print_reasons(const struct verify_result *result, const struct options *options)
{
	const struct outcome *outcome = &result->outcome;
	const struct resolved_probe *probe = result->probe;

	if (result->verdict == VERIFY_CANNOT_ATTACH)
		printf("    %s\n", result->reason ? result->reason : "no reason is known");
	if (outcome->missing && outcome->counted)
		printf("    %" PRIu32 " records are missing\n", outcome->missing);
	if (outcome->surplus)
		printf("    %" PRIu32 " records are more than there should be\n", outcome->surplus);
	for (size_t i = 0; i < probe->carrier_count; i++) {
		bool is_bad = result->carriers[i] == CARRIER_SILENT ||
			      result->carriers[i] == CARRIER_WRONG;

		if (!is_bad || i == result->carrier)
			continue;
		NK_FREE char *functions = resolved_carrier_functions(&probe->carriers[i]);
		printf("    %s: %s\n", carrier_verdict_names[result->carriers[i]], functions);
	}
	for (size_t i = 0; options->verbose && i < outcome->wrong_count; i++) {
		const struct verify_wrong *wrong = &outcome->wrongs[i];
		char want[VERIFY_VALUE_TEXT_MAX], seen[VERIFY_VALUE_TEXT_MAX];

		printf("    %s in %s: %s, expected %s\n", verify_field_names[wrong->field],
		       wrong->step, verify_value_print(&wrong->seen, seen),
		       verify_value_print(&wrong->want, want));
	}
}

static void print_result(const struct verify_result *result, int width,
			 const struct options *options)
{
	const struct outcome *outcome = &result->outcome;
	NK_FREE char *carrier = short_carrier(result);
	NK_FREE char *compared = counter_text(result, result->compared);
	NK_FREE char *counter = counter_text(result, outcome->counter);
	NK_FREE char *fields = fields_text(outcome);
	NK_FREE char *expected =
		result->is_judged ? xasprintf("%" PRIu32 "%s", outcome->expected,
					      outcome->is_exact || !outcome->expected ? "" : "+")
				  : xstrdup("-");

	printf("%-22s %-*s %8s %7" PRIu32 " %8s %7s  %-17s %s\n", result->probe->probe->name, width,
	       carrier, expected, outcome->counted, compared, counter,
	       verify_verdict_names[result->verdict], fields);
	print_reasons(result, options);
}

static int carrier_width(const struct verify_report *report)
{
	size_t width = strlen("CARRIER");

	for (size_t i = 0; i < report->count; i++) {
		NK_FREE char *carrier = short_carrier(&report->results[i]);

		if (strlen(carrier) > width)
			width = strlen(carrier);
	}
	return (int)width;
}

static void print_text(const struct verify_report *report, const struct options *options)
{
	int width = carrier_width(report);

	printf("%-22s %-*s %8s %7s %8s %7s  %-17s %s\n", "PROBE", width, "CARRIER", "EXPECTED",
	       "COUNTED", "COMPARED", "COUNTER", "VERDICT", "FIELDS");
	for (size_t i = 0; i < report->count; i++)
		print_result(&report->results[i], width, options);
}

static void add_fields(struct json *json, const char *key, uint32_t fields)
{
	json_open(json, key, '[');
	for (unsigned int field = 0; field < FIELD_COUNT; field++)
		if (fields & 1u << field)
			json_string(json, NULL, verify_field_names[field]);
	json_close(json, ']');
}

static void add_wrongs(struct json *json, const struct outcome *outcome)
{
	char text[VERIFY_VALUE_TEXT_MAX];

	json_open(json, "wrong", '[');
	for (size_t i = 0; i < outcome->wrong_count; i++) {
		const struct verify_wrong *wrong = &outcome->wrongs[i];

		json_open(json, NULL, '{');
		json_string(json, "field", verify_field_names[wrong->field]);
		json_string(json, "traffic", wrong->step);
		json_string(json, "expected", verify_value_print(&wrong->want, text));
		json_string(json, "shown", verify_value_print(&wrong->seen, text));
		json_close(json, '}');
	}
	json_close(json, ']');
}

static void add_carriers(struct json *json, const struct verify_result *result)
{
	json_open(json, "carriers", '[');
	for (size_t i = 0; i < result->probe->carrier_count; i++) {
		const struct resolved_carrier *carrier = &result->probe->carriers[i];
		NK_FREE char *functions = resolved_carrier_functions(carrier);

		json_open(json, NULL, '{');
		json_string(json, "functions", carrier->reason ? NULL : functions);
		json_string(json, "verdict", carrier_verdict_names[result->carriers[i]]);
		json_string(json, "reason", carrier->reason);
		json_close(json, '}');
	}
	json_close(json, ']');
}

static void add_result(struct json *json, const struct verify_result *result)
{
	const struct outcome *outcome = &result->outcome;
	const struct resolved_carrier *carrier = carrier_of(result);
	NK_FREE char *functions = carrier ? resolved_carrier_functions(carrier) : NULL;

	json_open(json, NULL, '{');
	json_string(json, "set", result->probe->probe->set->name);
	json_string(json, "probe", result->probe->probe->name);
	json_string(json, "verdict", verify_verdict_names[result->verdict]);
	json_string(json, "reason", carrier ? NULL : result->reason);
	json_string(json, "carrier", functions);
	if (result->is_judged) {
		json_number(json, "expected", outcome->expected);
		json_bool(json, "exact", outcome->is_exact);
	}
	json_number(json, "counted", outcome->counted);
	json_number(json, "missing", outcome->missing);
	json_number(json, "surplus", outcome->surplus);
	json_string(json, "counter", result->probe->probe->counter);
	if (result->has_counter) {
		json_number(json, "counter_says", outcome->counter);
		json_number(json, "compared", result->compared);
	}
	add_fields(json, "right", outcome->right);
	add_wrongs(json, outcome);
	add_carriers(json, result);
	json_close(json, '}');
	json_line(json);
}

static int print_json(const struct verify_report *report)
{
	struct json json;

	json_begin(&json, STDOUT_FILENO);
	for (size_t i = 0; i < report->count; i++)
		add_result(&json, &report->results[i]);
	return json_end(&json);
}

/* What the profile tells is told of the kernel as it is, and of the probes that go by a name. */
static const char *why_not_kept(const struct kernel *kernel, const struct verify_report *report,
				const struct options *options)
{
	bool is_judged = false;

	for (size_t i = 0; i < report->count; i++) {
		if (verify_is_kept(&report->results[i]))
			is_judged = true;
	}
	if (!is_judged)
		return "";
	if (!kernel->build_id)
		return "this kernel has no build id";
	if (options->btf)
		return "--btf may tell another layout than the kernel's own";
	if (options->without)
		return "--without hides what the kernel can do";
	return NULL;
}

static int keep_in(const struct kernel *kernel, const struct verify_report *report,
		   const char *path, struct diags *diags)
{
	struct profile *profile = NULL;
	time_t now = time(NULL);
	struct tm tm;
	char date[16];
	int err = learn_known(kernel, path, &profile, diags);

	if (err)
		return err;
	gmtime_r(&now, &tm);
	strftime(date, sizeof(date), "%Y-%m-%d", &tm);
	verify_fill(report, date, profile);
	err = profile_write(AT_FDCWD, path, profile, diags);
	profile_free(profile);
	return err;
}

/* What could be learnt and not be kept is a pity, but no fault of the probes. */
static void keep(const struct kernel *kernel, const struct verify_report *report,
		 const struct options *options, struct diags *diags)
{
	const char *why = why_not_kept(kernel, report, options);
	struct diags refusals = { 0 };
	NK_CLOSE int lock_fd = -1;

	if (why) {
		if (*why)
			diag_warning(diags, "which carriers work is not kept: %s", why);
		return;
	}

	NK_FREE char *path =
		options->profile ? xstrdup(options->profile) : profile_path(kernel->build_id);
	int err = learn_lock(kernel, options->quiet, &lock_fd, &refusals);

	if (!err)
		err = keep_in(kernel, report, path, &refusals);
	if (err)
		diag_warning(diags, "which carriers work is not kept");
	diags_soften(&refusals);
	diags_move(diags, &refusals);
}

static bool is_all_well(const struct verify_report *report)
{
	for (size_t i = 0; i < report->count; i++)
		if (report->results[i].verdict != VERIFY_PROVEN &&
		    report->results[i].verdict != VERIFY_FIRED)
			return false;
	return true;
}

static void say_summary(const struct verify_report *report)
{
	size_t proven = 0;

	for (size_t i = 0; i < report->count; i++)
		proven += report->results[i].verdict == VERIFY_PROVEN;
	fprintf(stderr, "nk: %zu of %zu probes proven in %.1f s\n", proven, report->count,
		report->seconds);
}

/* What of the traffic could not be made, and what that means for the verdicts. */
static void say_limits(const struct verify_report *report, struct diags *diags)
{
	if (!report->is_private)
		diag_warning(diags, "no network namespaces here: the traffic was on the host's "
				    "loopback, and the kernel's counters tell nothing");
	else if (!report->has_cable)
		diag_warning(diags, "no veth devices here: the traffic was on loopback alone");
	if (!report->has_ip6)
		diag_warning(diags, "no IPv6 here: nothing is told of IPv6 traffic");
}

static int verify(struct setup *setup, const struct options *options, struct diags *diags)
{
	struct verify_report report;
	int err = verify_run(setup->kernel, setup->resolved, setup->chosen_count, NULL, &report,
			     diags);

	if (!err) {
		say_limits(&report, diags);
		/* First what is to be kept: whoever reads the rest may go in its middle. */
		keep(setup->kernel, &report, options, diags);
		if (options->json)
			err = print_json(&report);
		else
			print_text(&report, options);
		if (err)
			diag_error(diags, -err, "cannot write: %s", strerror(-err));
		if (!options->quiet)
			say_summary(&report);
	}
	int status = err ? CMD_FAILED : is_all_well(&report) ? CMD_DONE : CMD_INCOMPLETE;
	verify_report_clear(&report);
	return status;
}

static int run(const struct command *command, const struct options *options)
{
	struct setup setup = { 0 };
	struct diags diags = { 0 };
	int status = CMD_FAILED;
	int err = setup_choose(&setup, options, &diags);

	(void)command;
	/* Before the functions are looked for. */
	if (!err)
		traffic_net_load_families();
	if (!err)
		err = setup_resolve(&setup, options, &diags);
	if (!err)
		err = learn_layout(&setup, options, &diags);
	if (!err)
		status = verify(&setup, options, &diags);
	setup_say(&diags, options->quiet);
	setup_clear(&setup);
	return status;
}

static const enum option_id takes[] = {
	OPTION_PROBE_FILE, OPTION_EXPRESSION, OPTION_PROBES_DIR,   OPTION_JSON,
	OPTION_BTF,	   OPTION_PROFILE,    OPTION_NO_CALIBRATE, OPTION_WITHOUT,
	OPTION_QUIET,	   OPTION_VERBOSE,    OPTION_END,
};

const struct command cmd_verify = {
	.name = "verify",
	.summary = "proves probes with traffic of its own",
	.usage = "[OPTION...] [SET|PROBE...]",
	.details =
		"Makes known traffic in network namespaces of its own, holds what the probes show "
		"of it\nagainst what was sent and against the kernel's own counters, and keeps in "
		"the profile\nof this kernel build which carriers work.",
	.takes = takes,
	.max_names = -1,
	.run = run,
};
