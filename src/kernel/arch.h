/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Architectures: the registers that carry a function's arguments and its return value, by their
 * names in kprobe_events (arch/<arch>/kernel/ptrace.c, regoffset_table). One row each.
 */
#ifndef NK_KERNEL_ARCH_H
#define NK_KERNEL_ARCH_H

#include <stddef.h>

#define ARCH_ARGS_MAX 8

struct arch {
	const char *machine; /* a pattern of utsname.machine, as in glob(7) */
	const char *args[ARCH_ARGS_MAX]; /* of $arg1 ..., without '%'; NULL where on the stack */
	const char *retval;
	unsigned int long_bytes;
};

/* By utsname.machine; NULL where the table has no row. */
const struct arch *arch_find(const char *machine);

#endif
