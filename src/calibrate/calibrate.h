/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Learns where the members of the kernel's network structs lie, from known traffic alone: without
 * BTF, debug info or bpf(2). Needs the privileges of a session.
 */
#ifndef NK_CALIBRATE_CALIBRATE_H
#define NK_CALIBRATE_CALIBRATE_H

#include "base/diag.h"
#include "calibrate/candidates.h"
#include "kernel/kernel.h"
#include "kernel/profile.h"

struct calibrate_options {
	const char *run_dir; /* of sessions; NULL: the default */
};

enum calibrate_proof { PROOF_NONE, PROOF_AGREED, PROOF_DISAGREED };

struct calibrate_member {
	const char *name; /* STRUCT.MEMBER; static */
	struct verdict verdict;
	size_t size;		    /* bytes, if found */
	unsigned int bit_width;	    /* 0: not a bit-field */
	enum calibrate_proof proof; /* of the last check; PROOF_DISAGREED makes it missing */
};

struct calibrate_report {
	struct calibrate_member *members;
	size_t count;
	size_t found;
	bool is_private; /* the traffic had network namespaces of its own */
	double seconds;
};

/*
 * That a member is not found is no error: the report says so. -errno, with a diag, where nothing
 * could be learnt at all, or -EINTR.
 */
int calibrate_run(const struct kernel *kernel, const struct calibrate_options *options,
		  struct calibrate_report *report, struct diags *diags);
void calibrate_report_clear(struct calibrate_report *report);

/*
 * Sets the members found in a profile, in place of what it had of them. Where that was something
 * else, or nothing, and the kernel itself (layout, may be NULL) does not tell it either, what the
 * profile has of carriers goes, too: it was found out with wrong offsets, or with fewer.
 */
void calibrate_fill(const struct calibrate_report *report, const struct layout *layout,
		    struct profile *profile);

#endif
