/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A session with dumps in it: steps of traffic are run in the child while it is on, and their
 * records collected.
 */
#ifndef NK_CALIBRATE_TRACER_H
#define NK_CALIBRATE_TRACER_H

#include "base/diag.h"
#include "calibrate/collect.h"
#include "calibrate/steps.h"
#include "kernel/kernel.h"
#include "traffic/agent.h"

/* What stays from one session to the next. Borrowed. */
struct tracer_setting {
	const struct kernel *kernel;
	const char *run_dir; /* of sessions; NULL: the default */
	struct agent *agent;
	struct samples *samples;
	unsigned int pointer_size;
};

struct tracer;

/*
 * A probe that the kernel refuses with all of its carriers is told in diags as a warning and brings
 * no records. plans are borrowed until the end. 0 or -errno.
 */
int tracer_open(const struct tracer_setting *setting, const struct dump_plan *plans,
		size_t plan_count, struct tracer **out, struct diags *diags);
/* Runs a step and adds what was seen of it. 0 or -errno (-EINTR: a signal to end waits). */
int tracer_run(struct tracer *tracer, enum step step, struct collection *collection,
	       struct diags *diags);
/* Undoes everything; a failure to do so is told. Frees; tracer may be NULL. */
int tracer_close(struct tracer *tracer, struct diags *diags);

#endif
