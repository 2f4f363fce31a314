/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is learnt of the kernel's layout, kept in its profile and used at once.
 */
#ifndef NK_CMD_LEARN_H
#define NK_CMD_LEARN_H

#include "base/diag.h"
#include "calibrate/calibrate.h"
#include "cmd/options.h"
#include "cmd/setup.h"

/*
 * Waits until nobody else learns this kernel's layout: what is dumped for it has the same names for
 * all. It is the run directory itself that is locked. Closing *lock_fd gives it back. 0 or -errno.
 */
int learn_lock(const struct kernel *kernel, bool is_quiet, int *lock_fd, struct diags *diags);

/*
 * What is known of this kernel build in the profile at path; one that is empty where there is no
 * such file, or nothing in it. The caller has the lock, and replaces the file. What is there and is
 * no profile of this kernel build, or no regular file, is not to be lost: -errno with a diag.
 */
int learn_known(const struct kernel *kernel, const char *path, struct profile **known,
		struct diags *diags);
/* Whether learn_write() would be refused, as far as that can be told before anything is learnt. */
int learn_check(const struct kernel *kernel, const char *path, struct diags *diags);
/*
 * Puts what was found into the profile of this kernel build, which keeps what it knows of carriers
 * as far as that still holds, and writes it to path (NULL: the default one). Without a build id:
 * -ENOTSUP, with a diag.
 */
int learn_write(const struct kernel *kernel, const struct calibrate_report *report,
		const char *path, struct diags *diags);

/*
 * Where probes need a layout that neither BTF nor a profile tells, calibrates first, says so, and
 * resolves them anew. Of several at a time one does, the others wait for its profile. No-op with
 * --no-calibrate. 0 or -errno.
 */
int learn_layout(struct setup *setup, const struct options *options, struct diags *diags);

#endif
