/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Why a kernel does not let itself be traced, in a sentence that says what the administrator can do.
 */
#ifndef NK_KERNEL_REFUSAL_H
#define NK_KERNEL_REFUSAL_H

#include "base/diag.h"

/* There is nothing of tracefs in any of the places (relative to root_fd). -ENOENT, or -EPERM. */
int refusal_missing(int root_fd, const char *const *places, size_t count, struct diags *diags);

/* Something of tracefs answers EPERM, EACCES or EROFS: err. what: "read" or "written to". -err. */
int refusal_of_file(int root_fd, int err, const char *what, struct diags *diags);

#endif
