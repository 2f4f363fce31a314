/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Trace clocks beside those of clock_gettime(2).
 */
#ifndef NK_SESSION_CLOCK_H
#define NK_SESSION_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

/* CLOCK_REALTIME minus a trace clock, now, in nanoseconds; false: nobody but the kernel can read
 * that clock. */
bool clock_wall_offset(const char *trace_clock, int64_t *offset_ns);

#endif
