/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A list of the system calls that a process may still make, kept by the kernel's classic seccomp
 * filter: CONFIG_SECCOMP_FILTER, no BPF_SYSCALL.
 */
#ifndef NK_SESSION_SANDBOX_H
#define NK_SESSION_SANDBOX_H

#include <stdbool.h>

/* Whether this kernel has such filters, and nk a list for this architecture. */
bool sandbox_is_there(void);

/*
 * For good, for this thread and those that it starts; no_new_privs must be set. reads_files: files
 * may still be opened, for reading only. 0; -ENOSYS: see sandbox_is_there(); -errno.
 */
int sandbox_enter(bool reads_files);

#endif
