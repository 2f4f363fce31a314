/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * In: descriptors of trace_pipe_raw. Out: bytes, or that there are none now.
 */
#include "ring/raw.h"

#include <errno.h>
#include <unistd.h>

bool raw_is_empty(int err)
{
	return err == EAGAIN || err == ENODEV;
}

ssize_t raw_read(int fd, void *page, size_t size)
{
	ssize_t got;

	do {
		got = read(fd, page, size);
	} while (got < 0 && errno == EINTR);
	if (got < 0)
		return raw_is_empty(errno) ? 0 : -errno;
	return got;
}

int raw_poll(struct pollfd *polls, size_t count, int timeout_ms)
{
	int ready = poll(polls, count, timeout_ms);

	if (ready < 0)
		return -errno;
	for (size_t i = 0; ready > 0 && i < count; i++)
		if ((polls[i].revents & (POLLERR | POLLHUP | POLLNVAL)) &&
		    !(polls[i].revents & POLLIN))
			polls[i].fd = -1;
	return ready;
}
