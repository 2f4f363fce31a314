/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The step that tells TCP's sequence numbers apart; see steps.h.
 */
#ifndef NK_CALIBRATE_STEP_SEQUENCE_H
#define NK_CALIBRATE_STEP_SEQUENCE_H

#include "calibrate/steps.h"

int step_tcp_sequence(struct traffic *traffic, void *context);
int step_sequence_proof(struct traffic *traffic, void *context);

#endif
