/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Proves probes on the running kernel: known traffic of its own, what each probe showed of it,
 * what the kernel counted meanwhile. A probe whose carrier stays silent or is
 * wrong is tried with its next one.
 */
#ifndef NK_VERIFY_VERIFY_H
#define NK_VERIFY_VERIFY_H

#include "base/diag.h"
#include "kernel/kernel.h"
#include "resolve/resolve.h"
#include "verify/judge.h"

enum verify_verdict {
	VERIFY_PROVEN,	      /* each record there and right, the kernel's count the same */
	VERIFY_FIRED,	      /* a probe of the user's own: that is all that can be told */
	VERIFY_SILENT,	      /* no carrier fired for the traffic that it is for */
	VERIFY_WRONG,	      /* fired, but the count or a field is wrong */
	VERIFY_NOT_EXPECTED,  /* no traffic for it could be made here */
	VERIFY_CANNOT_ATTACH, /* see reason */
};

extern const char *const verify_verdict_names[];

/* How one carrier did. */
enum carrier_verdict {
	CARRIER_UNTRIED,
	CARRIER_VERIFIED,
	CARRIER_FIRED, /* of a probe of the user's own */
	CARRIER_SILENT,
	CARRIER_WRONG,
};

struct verify_result {
	const struct resolved_probe *probe; /* borrowed */
	enum verify_verdict verdict;
	size_t carrier;			/* that the rest is about; index of probe->carriers */
	size_t tried;			/* the last one that was tried; carrier_count: none */
	enum carrier_verdict *carriers; /* of each carrier of the probe */
	struct outcome outcome;		/* of all steps together */
	int64_t compared;		/* records of the steps in which the counter was compared */
	bool has_counter;		/* outcome.counter is known */
	bool is_judged;			/* false: a probe of the user's own */
	bool is_taken;			/* somebody's definition kept a carrier from being tried */
	const char *reason;		/* why it cannot attach; borrowed from the probe */
};

struct verify_report {
	struct verify_result *results; /* in the order of the probes */
	size_t count;
	bool is_private; /* namespaces of its own; false: the host's loopback, and its counters */
	bool has_ip6, has_cable;
	double seconds;
};

/*
 * probes as resolve_probe() left them; what the profile says of their carriers is not believed.
 * run_dir: of sessions, NULL for the default. Refused probes and steps that went wrong are told in
 * diags. 0 or -errno (-EINTR: a signal to end waits); nothing is left in the kernel either way.
 */
int verify_run(const struct kernel *kernel, const struct resolved_probe *probes, size_t count,
	       const char *run_dir, struct verify_report *report, struct diags *diags);
void verify_report_clear(struct verify_report *report);

/*
 * Whether it is known what the probe must show, it is the probe that goes by that name, and nobody
 * kept a better carrier from being tried.
 */
bool verify_is_kept(const struct verify_result *result);
/* Notes in a profile which carriers of those fired and which did not. date: YYYY-MM-DD. */
void verify_fill(const struct verify_report *report, const char *date, struct profile *profile);

#endif
