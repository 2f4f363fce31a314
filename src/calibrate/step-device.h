/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Steps with network devices; see steps.h.
 */
#ifndef NK_CALIBRATE_STEP_DEVICE_H
#define NK_CALIBRATE_STEP_DEVICE_H

#include "calibrate/steps.h"

/* Makes devices, gives the first an address, and asks for each. */
int step_devices(struct traffic *traffic, void *context);
/* Asks for each of them. */
int step_device_list(struct traffic *traffic, void *context);

#endif
