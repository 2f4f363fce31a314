/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What start, dump and stop have in common.
 */
#ifndef NK_CMD_FLIGHT_H
#define NK_CMD_FLIGHT_H

/* The flight recorder that is meant where no name is given. */
#define FLIGHT_NAME "nk-flight"

#endif
