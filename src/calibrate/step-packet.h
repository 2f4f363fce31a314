/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Steps with single packets and messages; see steps.h.
 */
#ifndef NK_CALIBRATE_STEP_PACKET_H
#define NK_CALIBRATE_STEP_PACKET_H

#include "calibrate/steps.h"

int step_messages(struct traffic *traffic, void *context);
int step_datagrams(struct traffic *traffic, void *context);
int step_segments(struct traffic *traffic, void *context);
int step_frames(struct traffic *traffic, void *context);
int step_message_proof(struct traffic *traffic, void *context);
int step_datagram_proof(struct traffic *traffic, void *context);
int step_frame_proof(struct traffic *traffic, void *context);

#endif
