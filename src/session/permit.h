/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether a session can be had here at all, asked before anything is made.
 */
#ifndef NK_SESSION_PERMIT_H
#define NK_SESSION_PERMIT_H

#include "base/diag.h"
#include "kernel/kernel.h"

/* 0, or -errno with a sentence that says what the administrator can do. */
int permit_check(const struct kernel *kernel, int tracefs_fd, struct diags *diags);
/* The same of a session of some processes alone. */
int permit_check_numbers(const struct kernel *kernel, struct diags *diags);

#endif
