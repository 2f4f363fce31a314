/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the running kernel (or a directory of captured files that stands for one) offers.
 * Everything is read below a root directory; nothing here writes.
 */
#ifndef NK_KERNEL_KERNEL_H
#define NK_KERNEL_KERNEL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/diag.h"
#include "kernel/arch.h"
#include "kernel/features.h"
#include "kernel/layout.h"
#include "kernel/profile.h"
#include "kernel/symbols.h"

struct kernel_options {
	/*
	 * NULL: "/". Of a captured root, the machine is what its file proc/sys/kernel/arch says
	 * (which the kernel itself has since v6.1); without it, this machine's.
	 */
	const char *root;
	const char *btf;     /* --btf FILE, or NULL */
	const char *profile; /* --profile FILE, or NULL: that of the build id, if there is one */
	const char
		*without; /* features to be taken as missing, comma-separated, or NULL; for tests */
	bool for_undo;	  /* neither layout nor profile is read: they are for who defines probes */
};

struct kernel {
	int root_fd;
	char *tracefs; /* relative to root_fd: "sys/kernel/tracing" or "sys/kernel/debug/tracing" */
	char *release; /* proc/sys/kernel/osrelease */
	char *build_id; /* lower-case hex of the GNU build id in /sys/kernel/notes; NULL: none */
	char *machine;	/* as utsname.machine */
	const struct arch *arch;
	struct features features;
	struct profile *profile; /* NULL: none of this build id */
	struct layout *layout;	 /* NULL where it is only for an undo */
	struct symbols *symbols; /* NULL until kernel_load_symbols() */
};

/*
 * Opens; reads release, features and layout sources, not the symbols (slow).
 * -ENOENT: no tracefs mounted; -ENOTSUP: no kprobe_events (CONFIG_KPROBE_EVENTS is off);
 * -EACCES/-EPERM: not allowed; -ENOSYS: an architecture that nk does not know; each with one diag
 * that says what the administrator can do.
 */
int kernel_open(const struct kernel_options *options, struct kernel **out, struct diags *diags);
void kernel_close(struct kernel *kernel);

/* Reads kallsyms in one pass, for the names given and their compiler clones only; not for none. */
int kernel_load_symbols(struct kernel *kernel, const char *const *names, size_t count,
			struct diags *diags);

/* A static tracepoint, by events/SYSTEM/EVENT of tracefs. */
bool kernel_has_tracepoint(const struct kernel *kernel, const char *system, const char *event);

#endif
