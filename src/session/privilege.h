/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Giving up privileges, by libcap and the kernel's own means.
 */
#ifndef NK_SESSION_PRIVILEGE_H
#define NK_SESSION_PRIVILEGE_H

#include "base/diag.h"

/* What a process that gives up everything still needs. */
enum privilege_needs {
	PRIVILEGE_OPEN_FILES,	  /* those that it has open */
	PRIVILEGE_READ_FILES,	  /* it opens files that everybody may read, too */
	PRIVILEGE_START_PROCESSES /* it looks into nothing itself: any call, without privileges */
};

/*
 * For good: empties all capability sets (bounding and ambient too), becomes the user that owns
 * nothing where it was root, sets no_new_privs, and keeps to a list of system calls where the
 * kernel has seccomp filters (sandbox.h). Before threads are started. 0 or -errno.
 */
int privilege_drop_all(enum privilege_needs needs, struct diags *diags);

/*
 * Keeps of what the process has, for good, only what files of others take (tracefs, trace.dat in a
 * user's directory), and to signal COMMAND and the worker whoever they are. With no_new_privs: what
 * it starts afterwards gains nothing. 0 or -errno.
 */
int privilege_keep_few(struct diags *diags);

/*
 * For good: of what the process has only that which reads files of others stays, no file is opened
 * for writing any more, and no program run, where the kernel has seccomp filters. 0 or -errno.
 */
int privilege_only_read(struct diags *diags);

/*
 * Gives back, for good, what the file of the program gave and the user who runs it does not have: a
 * set-user-ID or set-group-ID bit, file capabilities. All that follows, the files that it reads and
 * makes, and the programs that it runs, is within that user's own rights. 0 or -errno.
 */
int privilege_drop_borrowed(struct diags *diags);

#endif
