/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the subcommands that name probes have in common: probes chosen by options and names, and
 * resolved on this kernel.
 */
#ifndef NK_CMD_SETUP_H
#define NK_CMD_SETUP_H

#include "base/diag.h"
#include "cmd/options.h"
#include "filter/filter.h"
#include "kernel/kernel.h"
#include "probes/library.h"
#include "resolve/resolve.h"

struct setup {
	struct probe_library library;
	const struct probe **chosen;
	size_t chosen_count;
	struct kernel *kernel;
	struct resolved_probe *resolved; /* chosen_count of them; NULL until setup_resolve() */
	struct filter *filter;		 /* -f; NULL: none */
};

/*
 * Probes by names, -P and -e. Names choose from all sets and -P files; an -e probe is always
 * chosen. With -P or -e and no names: just those; with nothing: every probe of every set. 0 or
 * -errno; a set with mistakes that was not asked for is a warning in diags.
 */
int setup_choose(struct setup *setup, const struct options *options, struct diags *diags);

/* Opens the kernel, reads its symbols, resolves what was chosen. 0 or -errno. */
int setup_resolve(struct setup *setup, const struct options *options, struct diags *diags);

/*
 * After the kernel's layout or profile has changed; the symbols are read again, too, for what was
 * learnt may have loaded modules. 0 or -errno.
 */
int setup_resolve_again(struct setup *setup, struct diags *diags);

/* A warning for each probe that cannot attach, an error where none can; returns how many. */
size_t setup_report_unresolved(const struct setup *setup, struct diags *diags);

void setup_clear(struct setup *setup);

/* For -v: where the kernel has no seccomp filters, what reads hostile bytes is held by less. */
void setup_note_sandbox(const struct options *options, struct diags *diags);

/*
 * All -e lines are one set, which the caller frees: a later one may be the "r" line of the one
 * before it. 0 or -errno with a diag.
 */
int setup_parse_expressions(const struct options *options, struct probe_set **set,
			    struct diags *diags);

/* Prints and empties diags; quiet leaves warnings and notes out. */
void setup_say(struct diags *diags, bool quiet);

#endif
