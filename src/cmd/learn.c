/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A report of calibrate to the profile of the kernel build, and probes that could not be resolved
 * for want of a layout to ones that can.
 */
#include "cmd/learn.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "kernel/profile.h"
#include "session/ownership.h"

static struct profile *make_profile(const struct kernel *kernel)
{
	struct profile *profile = xcalloc(1, sizeof(*profile));

	profile->build_id = kernel->build_id ? xstrdup(kernel->build_id) : NULL;
	profile->release = xstrdup(kernel->release);
	profile->arch = xstrdup(kernel->arch->machine);
	return profile;
}

/* As mktemp(1) makes it: there is nothing in it that could be lost. */
static bool is_empty(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0 && status.st_size == 0;
}

int learn_known(const struct kernel *kernel, const char *path, struct profile **known,
		struct diags *diags)
{
	int err = profile_check_place(AT_FDCWD, path, diags);

	if (err)
		return err;
	err = is_empty(path) ? -ENOENT
			     : profile_read(AT_FDCWD, path, kernel->build_id, known, diags);
	if (err == -ENOENT) {
		*known = make_profile(kernel);
		return 0;
	}
	if (err && diags && diags->count && !diags->items[diags->count - 1].hint)
		diags->items[diags->count - 1].hint =
			xstrdup("it is left as it is: mend it, or take it away");
	return err;
}

int learn_check(const struct kernel *kernel, const char *path, struct diags *diags)
{
	struct profile *known = NULL;

	/* What is learnt is told all the same. */
	if (!kernel->build_id)
		return 0;

	NK_FREE char *place = path ? xstrdup(path) : profile_path(kernel->build_id);
	int err = learn_known(kernel, place, &known, diags);

	profile_free(known);
	return err;
}

int learn_write(const struct kernel *kernel, const struct calibrate_report *report,
		const char *path, struct diags *diags)
{
	struct profile *known = NULL;

	if (!kernel->build_id)
		return diag_error(diags, ENOTSUP,
				  "this kernel has no build id: a profile could not be told from "
				  "that of another kernel");

	NK_FREE char *place = path ? xstrdup(path) : profile_path(kernel->build_id);
	int err = learn_known(kernel, place, &known, diags);

	if (err)
		return err;
	bool was_verified = known->carrier_count > 0;
	calibrate_fill(report, kernel->layout, known);
	err = profile_write(AT_FDCWD, place, known, diags);
	if (!err && was_verified && known->carrier_count == 0)
		diag_warning(diags, "which carriers work is forgotten: it was found out with less "
				    "of the layout; nk verify finds it out anew");
	profile_free(known);
	return err;
}

/* What cannot be attached for another reason is not helped by a layout. */
static bool lacks_layout(const struct resolved_probe *resolved)
{
	for (size_t i = 0; i < resolved->carrier_count && i <= resolved->first; i++) {
		const struct resolved_carrier *carrier = &resolved->carriers[i];

		for (size_t j = 0; j < carrier->field_count; j++)
			if (carrier->fields[j].lacks_member)
				return true;
	}
	return false;
}

static bool is_needed(const struct setup *setup, const struct options *options)
{
	const struct kernel *kernel = setup->kernel;

	if (options->no_calibrate || layout_has_btf(kernel->layout) ||
	    (kernel->profile && kernel->profile->member_count > 0))
		return false;
	for (size_t i = 0; i < setup->chosen_count; i++)
		if (lacks_layout(&setup->resolved[i]))
			return true;
	return false;
}

/* For this run alone where it cannot be kept: that is worth a warning, not an end. */
static void use(struct kernel *kernel, const struct calibrate_report *report)
{
	if (kernel->profile) {
		calibrate_fill(report, kernel->layout, kernel->profile);
		return;
	}
	kernel->profile = make_profile(kernel);
	calibrate_fill(report, kernel->layout, kernel->profile);
	layout_add_profile(kernel->layout, kernel->profile);
}

/* What another one has learnt and kept meanwhile; false: nothing. */
static bool use_kept(struct kernel *kernel)
{
	struct profile *kept = NULL;

	if (!kernel->build_id)
		return false;

	NK_FREE char *place = profile_path(kernel->build_id);
	if (profile_read(AT_FDCWD, place, kernel->build_id, &kept, NULL) != 0)
		return false;
	if (kept->member_count == 0) {
		profile_free(kept);
		return false;
	}
	if (!kernel->profile) {
		kernel->profile = kept;
		layout_add_profile(kernel->layout, kept);
		return true;
	}
	/* The layout has borrowed this one. */
	for (size_t i = 0; i < kept->member_count; i++)
		profile_set_member(kernel->profile, &kept->members[i]);
	profile_free(kept);
	return true;
}

int learn_lock(const struct kernel *kernel, bool is_quiet, int *lock_fd, struct diags *diags)
{
	NK_CLOSE int fd = -1;
	int err = ownership_open(kernel->root_fd, NULL, true, &fd, diags);

	if (err)
		return err;
	for (int how = LOCK_EX | LOCK_NB; flock(fd, how) != 0; how = LOCK_EX) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return diag_error(diags, errno, "cannot lock out who else learns: %s",
					  strerror(errno));
		if (how & LOCK_NB && !is_quiet)
			fputs("nk: another nk is learning this kernel's layout: waiting for it\n",
			      stderr);
	}
	*lock_fd = fd;
	fd = -1;
	return 0;
}

static int learn(struct setup *setup, const struct options *options, struct diags *diags)
{
	const struct calibrate_options calibrate_options = { 0 };
	struct calibrate_report report;
	struct diags unkept = { 0 }, untaught = { 0 };

	if (!options->quiet)
		fputs("nk: this kernel has no BTF, and no profile of it is there: learning its "
		      "layout first\n",
		      stderr);
	int err = calibrate_run(setup->kernel, &calibrate_options, &report, &untaught);
	/* What the built-in layout is enough for can be traced all the same. */
	if (err && err != -EINTR) {
		diags_soften(&untaught);
		diag_warning(diags, "the layout of this kernel could not be learnt: %s",
			     strerror(-err));
	}
	diags_move(diags, &untaught);
	if (err)
		return err == -EINTR ? err : 0;
	if (!options->quiet)
		fprintf(stderr, "nk: %zu of %zu struct members learnt in %.1f s\n", report.found,
			report.count, report.seconds);
	if (!options->profile)
		learn_write(setup->kernel, &report, NULL, &unkept);
	diags_soften(&unkept);
	diags_move(diags, &unkept);
	use(setup->kernel, &report);
	calibrate_report_clear(&report);
	return 0;
}

int learn_layout(struct setup *setup, const struct options *options, struct diags *diags)
{
	NK_CLOSE int lock_fd = -1;

	if (!is_needed(setup, options))
		return 0;
	int err = learn_lock(setup->kernel, options->quiet, &lock_fd, diags);
	/* What was not there a moment ago may be now. */
	if (!err && (options->profile || !use_kept(setup->kernel)))
		err = learn(setup, options, diags);
	if (!err)
		err = setup_resolve_again(setup, diags);
	return err;
}
