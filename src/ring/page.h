/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where sub-buffers of the ring buffer come from: a live instance or a trace.dat. Nothing that
 * reads pages asks which.
 */
#ifndef NK_RING_PAGE_H
#define NK_RING_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * One stream of sub-buffers: one CPU of one instance. Numbers run from 0 to stream_count - 1.
 */
struct page_stream {
	int cpu;
	int instance;	  /* index; 0 where there is one */
	size_t page_size; /* of a sub-buffer, header included: 0: as the others */
};

struct page_source {
	const struct page_source_ops *ops;
	const struct page_stream *streams;
	size_t stream_count;
	size_t page_size; /* the largest of its streams */
	bool is_lasting;  /* pages that were given so far stay until close(), released or not */
	bool is_live;	  /* more may come after next() has said 0 */
};

struct page_source_ops {
	/*
	 * The next sub-buffer of a stream, raw, with its header (timestamp, commit, data). *page is
	 * valid until page_release() of it. 1: there is one; 0: none now (live) or ever again
	 * (file); -ENOBUFS: live, no room for it until a page of this stream is released;
	 * -EBADMSG: it is damaged, and the next call goes on behind it; -errno: could not be read.
	 */
	int (*next)(struct page_source *source, size_t stream, const void **page);
	/* The reader is done with a page; pages are released in the order in which they came. */
	void (*release)(struct page_source *source, size_t stream, const void *page);
	/* Live: waits until a stream may have data, wake_fd is readable, or the time is over. */
	int (*wait)(struct page_source *source, int wake_fd, int timeout_ms);
	void (*close)(struct page_source *source);
};

#endif
