/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nk calibrate: learns where the members of the kernel's structs lie and writes them to the profile
 * of this kernel build; or compares what it learns with the kernel's BTF.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/utf8.h"
#include "base/text.h"
#include "calibrate/calibrate.h"
#include "cmd/cmd.h"
#include "cmd/json.h"
#include "cmd/learn.h"
#include "cmd/setup.h"

#define KERNEL_BTF "/sys/kernel/btf/vmlinux"

enum comparison { COMPARE_NONE, COMPARE_EQUAL, COMPARE_DIFFERENT, COMPARE_UNKNOWN };

/* A member and what BTF says of it. */
struct row {
	const struct calibrate_member *member;
	enum comparison comparison;
	struct layout_member btf;
};

static const char *const verdict_names[] = {
	[VERDICT_FOUND] = "found",
	[VERDICT_AMBIGUOUS] = "ambiguous",
	[VERDICT_MISSING] = "missing",
};

static const char *const comparison_names[] = {
	[COMPARE_EQUAL] = "equal",
	[COMPARE_DIFFERENT] = "different",
	[COMPARE_UNKNOWN] = "not in BTF",
};

static const char *const proof_names[] = {
	[PROOF_NONE] = "not checked again",
	[PROOF_AGREED] = "checked again",
	[PROOF_DISAGREED] = "checked again: wrong",
};

static bool is_equal(const struct calibrate_member *member, const struct layout_member *btf)
{
	return member->verdict.offset == btf->offset && member->size == btf->size &&
	       member->bit_width == btf->bit_width &&
	       (!member->bit_width || member->verdict.bit == btf->bit_offset);
}

static void compare(struct row *row, const struct layout *btf)
{
	if (layout_find(btf, row->member->name, &row->btf, NULL))
		row->comparison = COMPARE_UNKNOWN;
	else if (row->member->verdict.kind == VERDICT_FOUND)
		row->comparison =
			is_equal(row->member, &row->btf) ? COMPARE_EQUAL : COMPARE_DIFFERENT;
}

static void print_place(size_t offset, size_t size, unsigned int bit, unsigned int width)
{
	printf("offset %zu size %zu", offset, size);
	if (width)
		printf(" bit %u width %u", bit, width);
}

static void print_text(const struct row *row, bool is_verbose)
{
	const struct calibrate_member *member = row->member;
	const struct verdict *verdict = &member->verdict;

	printf("%-29s %-9s  ", member->name, verdict_names[verdict->kind]);
	if (verdict->kind == VERDICT_FOUND)
		print_place(verdict->offset, member->size, verdict->bit, member->bit_width);
	else if (verdict->kind == VERDICT_MISSING)
		fputs(verdict->reason, stdout);
	for (size_t i = 0; verdict->kind == VERDICT_AMBIGUOUS && i < verdict->other_count &&
			   i < CANDIDATES_OTHERS_MAX;
	     i++)
		printf("%s%zu", i ? " " : "offsets ", verdict->others[i]);
	if (is_verbose) {
		printf("  (%u observations", verdict->observations);
		if (verdict->kind == VERDICT_FOUND)
			printf(", %u disagreed, %s", verdict->disagreed,
			       proof_names[member->proof]);
		putchar(')');
	}
	if (row->comparison != COMPARE_NONE)
		printf("  %s", comparison_names[row->comparison]);
	if (row->comparison == COMPARE_DIFFERENT) {
		fputs(": BTF has ", stdout);
		print_place(row->btf.offset, row->btf.size, row->btf.bit_offset,
			    row->btf.bit_width);
	}
	putchar('\n');
}

static void add_place(struct json *json, size_t offset, size_t size, unsigned int bit,
		      unsigned int width)
{
	json_number(json, "offset", (long long)offset);
	json_number(json, "size", (long long)size);
	if (!width)
		return;
	json_number(json, "bit", bit);
	json_number(json, "width", width);
}

static void print_json(struct json *json, const struct row *row)
{
	const struct calibrate_member *member = row->member;
	const struct verdict *verdict = &member->verdict;

	json_open(json, NULL, '{');
	json_string(json, "member", member->name);
	json_string(json, "verdict", verdict_names[verdict->kind]);
	if (verdict->kind == VERDICT_FOUND)
		add_place(json, verdict->offset, member->size, verdict->bit, member->bit_width);
	if (verdict->kind == VERDICT_AMBIGUOUS) {
		json_open(json, "offsets", '[');
		for (size_t i = 0; i < verdict->other_count && i < CANDIDATES_OTHERS_MAX; i++)
			json_number(json, NULL, (long long)verdict->others[i]);
		json_close(json, ']');
	}
	if (verdict->kind == VERDICT_MISSING)
		json_string(json, "reason", verdict->reason);
	json_number(json, "observations", verdict->observations);
	json_number(json, "disagreed", verdict->disagreed);
	json_bool(json, "proved", member->proof == PROOF_AGREED);
	if (row->comparison != COMPARE_NONE)
		json_string(json, "btf", comparison_names[row->comparison]);
	if (row->comparison == COMPARE_DIFFERENT) {
		json_open(json, "btf_place", '{');
		add_place(json, row->btf.offset, row->btf.size, row->btf.bit_offset,
			  row->btf.bit_width);
		json_close(json, '}');
	}
	json_close(json, '}');
	json_line(json);
}

static int print_rows(const struct row *rows, size_t count, const struct options *options)
{
	struct json json;

	if (!options->json) {
		for (size_t i = 0; i < count; i++)
			print_text(&rows[i], options->verbose);
		return 0;
	}
	json_begin(&json, STDOUT_FILENO);
	for (size_t i = 0; i < count; i++)
		print_json(&json, &rows[i]);
	return json_end(&json);
}

static int write_profile(const struct kernel *kernel, const struct calibrate_report *report,
			 const struct options *options, struct diags *diags)
{
	int err = learn_write(kernel, report, options->output, diags);

	if (!err && !options->quiet) {
		NK_FREE char *own = profile_path(kernel->build_id);
		NK_FREE char *path = utf8_visible(options->output ? options->output : own, "");

		fprintf(stderr, "nk: %zu of %zu members found in %.1f s, written to %s\n",
			report->found, report->count, report->seconds, path);
	}
	return err;
}

static int show(const struct calibrate_report *report, const struct layout *btf,
		const struct options *options, bool *is_complete)
{
	struct row *rows = xcalloc(report->count, sizeof(*rows));

	size_t equal = 0;

	*is_complete = true;
	for (size_t i = 0; i < report->count; i++) {
		rows[i].member = &report->members[i];
		if (btf)
			compare(&rows[i], btf);
		/* What a kernel does not have cannot be found. */
		bool is_found = rows[i].member->verdict.kind == VERDICT_FOUND;
		equal += rows[i].comparison == COMPARE_EQUAL;

		if (rows[i].comparison == COMPARE_DIFFERENT ||
		    (rows[i].comparison == COMPARE_UNKNOWN) == is_found)
			*is_complete = false;
	}
	/* A BTF that has none of them proves nothing. */
	if (btf && equal == 0)
		*is_complete = false;
	int err = print_rows(rows, report->count, options);
	free(rows);
	return err;
}

static int calibrate(const struct kernel *kernel, const struct layout *btf,
		     const struct options *options, bool *is_complete, struct diags *diags)
{
	const struct calibrate_options calibrate_options = { 0 };
	struct calibrate_report report;
	NK_CLOSE int lock_fd = -1;
	bool is_kept = !btf || options->output;
	int err = learn_lock(kernel, options->quiet, &lock_fd, diags);

	if (!err && is_kept)
		err = learn_check(kernel, options->output, diags);
	if (!err)
		err = calibrate_run(kernel, &calibrate_options, &report, diags);
	if (err)
		return err;
	if (!report.is_private)
		diag_warning(diags, "no network namespaces here: the traffic was on loopback");
	/* First what is to be kept: whoever reads the rest may go in its middle. */
	if (is_kept)
		err = write_profile(kernel, &report, options, diags);
	int shown = show(&report, btf, options, is_complete);

	if (shown)
		diag_error(diags, -shown, "cannot write: %s", strerror(-shown));
	err = err ? err : shown;
	if (!err && btf && !options->output && !options->quiet)
		fprintf(stderr, "nk: %zu of %zu members found in %.1f s\n", report.found,
			report.count, report.seconds);
	calibrate_report_clear(&report);
	return err;
}

static int run(const struct command *command, const struct options *options)
{
	const struct kernel_options kernel_options = { .btf = options->btf,
						       .without = options->without };
	struct layout *btf = NULL;
	struct kernel *kernel = NULL;
	struct diags diags = { 0 };
	bool is_complete = false;
	int err = kernel_open(&kernel_options, &kernel, &diags);

	(void)command;
	if (!err && options->check) {
		btf = layout_new();
		err = layout_add_btf(btf, options->btf ? options->btf : KERNEL_BTF, LAYOUT_BTF_FILE,
				     &diags);
	}
	if (!err)
		err = calibrate(kernel, btf, options, &is_complete, &diags);
	setup_say(&diags, options->quiet);
	layout_free(btf);
	kernel_close(kernel);
	if (err)
		return CMD_FAILED;
	return is_complete ? CMD_DONE : CMD_INCOMPLETE;
}

static const enum option_id takes[] = { OPTION_OUTPUT,	OPTION_CHECK, OPTION_BTF,     OPTION_JSON,
					OPTION_WITHOUT, OPTION_QUIET, OPTION_VERBOSE, OPTION_END };

const struct command cmd_calibrate = {
	.name = "calibrate",
	.summary = "learns this kernel's profile where BTF cannot tell it",
	.usage = "[OPTION...]",
	.details =
		"Sends known traffic through network namespaces of its own, looks for its values "
		"in the\nkernel's objects, and keeps where they lie in the profile of this kernel "
		"build.\nWith --check it compares with BTF instead, and writes a profile only with "
		"-o.",
	.takes = takes,
	.max_names = 0,
	.run = run,
};
