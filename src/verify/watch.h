/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A session that sees one process, and its records as fields of known names.
 */
#ifndef NK_VERIFY_WATCH_H
#define NK_VERIFY_WATCH_H

#include "base/diag.h"
#include "kernel/kernel.h"
#include "resolve/resolve.h"
#include "traffic/agent.h"
#include "verify/judge.h"

struct watch;

/* All records of one probe, in the order of time. */
struct watched {
	struct verify_seen *seen;
	size_t count;
	size_t carrier; /* that the probe was installed with; carrier_count: none would do */
};

/*
 * Probes that the kernel refuses, and those whose name another definition has, are told in diags as
 * warnings; the others go on. conflicts: of each probe of the latter kind the carrier that differs
 * from what is there, else carrier_count; set in an error, too. probes are borrowed until the end.
 * 0 or -errno with nothing left; -ENODATA: no probe is left.
 */
int watch_open(const struct kernel *kernel, const char *run_dir, pid_t pid,
	       const struct resolved_probe *probes, size_t count, size_t *conflicts,
	       struct watch **out, struct diags *diags);
/*
 * Has the agent run a step of its own, reading meanwhile. 0, what the step returned is in *result;
 * -EINTR: a signal to end waits; -errno.
 */
int watch_run(struct watch *watch, struct agent *agent, size_t step, int *result);
/* Waits for the last records of what was run. 0 or -errno. */
int watch_settle(struct watch *watch);
/* By the index of the probe. Borrowed until more is read. */
const struct watched *watch_seen(const struct watch *watch, size_t probe);
/* Events that were lost since the opening: what is missing then is not the probe's fault. */
uint64_t watch_lost(const struct watch *watch);
/* Undoes everything; NULL is fine. */
int watch_close(struct watch *watch, struct diags *diags);

#endif
