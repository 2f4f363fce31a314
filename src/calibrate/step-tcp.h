/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Steps with TCP connections; see steps.h.
 */
#ifndef NK_CALIBRATE_STEP_TCP_H
#define NK_CALIBRATE_STEP_TCP_H

#include <stdbool.h>

#include "calibrate/steps.h"

int step_tcp_ends(struct traffic *traffic, void *context);
int step_tcp_counters(struct traffic *traffic, void *context);
int step_tcp_lose(struct traffic *traffic, void *context);
int step_tcp_lost(struct traffic *traffic, void *context);
int step_listen(struct traffic *traffic, void *context);
int step_tcp_proof(struct traffic *traffic, void *context);

/*
 * getsockopt(TCP_INFO): one sample, with the socket's state and, where has_info, what struct
 * tcp_info says. *info_out may be NULL. The sample, or NULL where the call failed.
 */
struct tcp_info;
struct sample *step_tcp_snapshot(struct step_context *context, int fd, bool has_info,
				 struct tcp_info *info_out);

/* A socket filter that throws away everything, or what begins with STEP_TCP_MARK. 0 or -1. */
int step_tcp_drop(int fd);
int step_tcp_drop_marked(int fd);

enum { STEP_TCP_MARK = 'X' };

#endif
