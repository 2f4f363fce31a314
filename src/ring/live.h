/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The raw per-CPU ring buffers of a live instance as a page source: read(2) of trace_pipe_raw
 * (Documentation/trace/ftrace.rst), partial sub-buffers too, so that an event is seen at once.
 *
 * A stream that holds no page always has room for one. wait() comes back after 50 ms at the latest,
 * whatever the timeout.
 */
#ifndef NK_RING_LIVE_H
#define NK_RING_LIVE_H

#include "ring/page.h"

struct live_stream {
	int fd; /* trace_pipe_raw, O_NONBLOCK; stays the caller's */
	int cpu;
	int instance;
};

/* 0 or -errno. page_size: buffer_subbuf_size_kb, or the page size of the machine. */
int live_open(const struct live_stream *streams, size_t count, size_t page_size,
	      struct page_source **out);

#endif
