/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of architectures. Register names are those of regs_query_register_offset() in the
 * kernel's arch/<arch>/kernel/ptrace.c, their order that of the architecture's calling convention.
 * A further architecture is one row; i386 is built with -mregparm=3.
 */
#include "kernel/arch.h"

#include <fnmatch.h>

/* clang-format off */
static const struct arch archs[] = {
	{ "x86_64", { "di", "si", "dx", "cx", "r8", "r9" }, "ax", 8 },
	{ "i?86", { "ax", "dx", "cx" }, "ax", 4 },
	{ "aarch64*", { "x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7" }, "x0", 8 },
	{ "arm*", { "r0", "r1", "r2", "r3" }, "r0", 4 },
	{ "riscv64", { "a0", "a1", "a2", "a3", "a4", "a5", "a6", "a7" }, "a0", 8 },
	{ "riscv32", { "a0", "a1", "a2", "a3", "a4", "a5", "a6", "a7" }, "a0", 4 },
	{ "ppc64*", { "gpr3", "gpr4", "gpr5", "gpr6", "gpr7", "gpr8", "gpr9", "gpr10" },
	  "gpr3", 8 },
	{ "s390x", { "r2", "r3", "r4", "r5", "r6" }, "r2", 8 },
	{ "loongarch64", { "r4", "r5", "r6", "r7", "r8", "r9", "r10", "r11" }, "r4", 8 },
};
/* clang-format on */

const struct arch *arch_find(const char *machine)
{
	for (size_t i = 0; i < sizeof(archs) / sizeof(archs[0]); i++) {
		if (fnmatch(archs[i].machine, machine, 0) == 0)
			return &archs[i];
	}
	return NULL;
}
