/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * All probe sets that can be had on the search path, and the choosing of probes by name.
 */
#ifndef NK_PROBES_LIBRARY_H
#define NK_PROBES_LIBRARY_H

#include "base/diag.h"
#include "probes/probe.h"

struct probe_library {
	struct probe_set **sets; /* those given first; then by name, the first on the search path */
	size_t set_count;
};

/*
 * Directories, first match by file name wins: the one given (--probes-dir, may be NULL), those of
 * $NK_PROBES_PATH (colon-separated), sysconfdir, datadir. A set with mistakes is reported in diags
 * and left out; the others are loaded. 0, or -errno where no directory could be read.
 */
int probe_library_load(const char *probes_dir, struct probe_library *library, struct diags *diags);
/*
 * Adds a set that is given (-P FILE, -e LINE); it comes first when a name is looked up, and takes
 * the place of one of its name on the search path. Several that are given may have one name; of
 * the same file the last one stays. Takes ownership.
 */
void probe_library_add(struct probe_library *library, struct probe_set *set);
void probe_library_clear(struct probe_library *library);

/*
 * Probes by name: a set's name stands for all its probes, a probe's for itself, SET/PROBE and
 * SET:PROBE for that probe of that set, SYSTEM:EVENT for a tracepoint. A set's name comes before a
 * probe's. No names: every probe of every set. Each probe is chosen once, in the order of first
 * mention. *chosen is malloc'ed, its items borrowed from the library. 0, or -ENOENT with the near
 * match in diags.
 */
int probe_library_choose(const struct probe_library *library, const char *const *names,
			 size_t name_count, const struct probe ***chosen, size_t *count,
			 struct diags *diags);

#endif
