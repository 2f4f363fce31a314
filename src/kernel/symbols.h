/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Kernel functions by name, out of one pass over kallsyms (half a second under emulation: so
 * once, and only for the names that are wanted; see symbolcache.h). Compiler clones count:
 * NAME.constprop.N, NAME.isra.N; NAME.cold and NAME.part.N do not.
 */
#ifndef NK_KERNEL_SYMBOLS_H
#define NK_KERNEL_SYMBOLS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/diag.h"

/* One function of this kernel, as kprobe_events is to be given it. */
struct symbol_clone {
	char *name;
	unsigned int copies; /* functions of exactly this name; above 1 it is ambiguous */
	bool is_exact;	     /* not a clone, but the name that was asked for */
	bool is_blacklisted; /* kprobes/blacklist of debugfs, where that can be read */
};

/*
 * The compiler may have made several whole copies of a function (foo and foo.constprop.0), each
 * called from some places: all of them together are the function.
 */
struct symbol {
	char *wanted;		     /* the name asked for, perhaps MODULE:NAME */
	char *module;		     /* NULL: the kernel itself */
	struct symbol_clone *clones; /* those that can be probed first; none: no such function */
	size_t clone_count;
};

struct symbols;

/* kallsyms and blacklist are texts; blacklist may be NULL. wanted names are copied. */
struct symbols *symbols_read(const char *kallsyms, const char *blacklist, const char *const *wanted,
			     size_t count);
/* NULL only for a name that was not among those wanted. */
const struct symbol *symbols_find(const struct symbols *symbols, const char *wanted);
/* The lines that said anything of those wanted, without addresses: symbols_read() of them says the
 * same. */
const char *symbols_lines(const struct symbols *symbols);
void symbols_free(struct symbols *symbols);

#endif
