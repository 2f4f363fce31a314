/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Steps with sockets of all kinds, that are asked for their names; see steps.h.
 */
#ifndef NK_CALIBRATE_STEP_SOCKET_H
#define NK_CALIBRATE_STEP_SOCKET_H

#include "calibrate/steps.h"

int step_sockets(struct traffic *traffic, void *context);

#endif
