/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Giving up privileges, by libcap.
 */
#ifndef NK_SESSION_PRIVILEGE_H
#define NK_SESSION_PRIVILEGE_H

#include "base/diag.h"

/* Empties all capability sets (bounding and ambient too) and sets no_new_privs. 0 or -errno. */
int privilege_drop_all(struct diags *diags);

/*
 * Keeps of what the process has only what files of others take (tracefs, trace.dat in a user's
 * directory), and to signal COMMAND whoever it is. 0 or -errno.
 */
int privilege_keep_few(struct diags *diags);

#endif
