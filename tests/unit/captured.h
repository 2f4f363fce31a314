/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Captured kernels (tests/kernels/) for unit tests.
 */
#ifndef NK_TESTS_CAPTURED_H
#define NK_TESTS_CAPTURED_H

#include <check.h>
#include <stdio.h>

#include "kernel/kernel.h"

#define CAPTURED(release) TESTDIR "/kernels/" release

static inline struct kernel *captured_open(const char *release, const char *without)
{
	char root[512];
	struct kernel_options options = { .root = root, .without = without };
	struct kernel *kernel = NULL;
	struct diags diags = { 0 };

	snprintf(root, sizeof(root), "%s/%s", CAPTURED(""), release);
	if (kernel_open(&options, &kernel, &diags) != 0) {
		diags_print(&diags, stderr);
		ck_abort_msg("%s cannot be opened", root);
	}
	ck_assert_uint_eq(diags.count, 0);
	diags_clear(&diags);
	return kernel;
}

#endif
