/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What has been learnt so far: for each row of the table its candidates and the verdict.
 */
#ifndef NK_CALIBRATE_LEARN_H
#define NK_CALIBRATE_LEARN_H

#include "calibrate/collect.h"

enum { LEARNER_NETS_MAX = 8, LEARNER_DEVICES_MAX = 32 };

/* Where a device is, as the dumps of devices told. */
struct learner_device {
	uint64_t side, index, address;
};

struct learner {
	unsigned int pointer_size;
	struct candidates *candidates; /* a row of member_rows each */
	struct verdict *verdicts;
	size_t fed; /* items of the collection that have voted */
	/* Offsets in a struct sock of what may be skc_net, see relate.h. */
	size_t nets[LEARNER_NETS_MAX];
	size_t net_count;
	struct learner_device devices[LEARNER_DEVICES_MAX];
	size_t device_count;
};

void learner_init(struct learner *learner, unsigned int pointer_size);
void learner_clear(struct learner *learner);

/* Lets what is new in the collection vote, and gives the verdicts anew. */
void learner_update(struct learner *learner, struct collection *collection);

/* The verdict of a row that code names; NULL where it is not FOUND. */
const struct verdict *learner_found(const struct learner *learner, enum member_row_name name);

#endif
