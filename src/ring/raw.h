/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel answers to who reads or waits for one CPU's trace_pipe_raw. A CPU that could be
 * there and never was online since the instance was made has such a file and no ring buffer behind
 * it: splice(2) finds nothing in it, read(2) no device, poll(2) an error at once. It may come
 * online at any time, and then has one.
 */
#ifndef NK_RING_RAW_H
#define NK_RING_RAW_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Whether an errno says no more than that nothing is there now. */
bool raw_is_empty(int err);

/*
 * A sub-buffer, or what is in an unfinished one: its bytes, 0 where nothing is there now, or
 * -errno.
 */
ssize_t raw_read(int fd, void *page, size_t size);

/*
 * poll(2), which also makes the fd of those -1 that it had nothing but errors to say of: waiting
 * for them is no waiting. Who looks at them all the same, now and then, and finds something, puts
 * the fd back. As poll(2), or -errno.
 */
int raw_poll(struct pollfd *polls, size_t count, int timeout_ms);

#endif
