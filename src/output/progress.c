/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bytes in, write(2) out, and the count of what was written. It holds: once is_over is set and
 * nobody is_writing, written is what the descriptor got.
 */
#include "output/progress.h"

#include <errno.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"

void output_progress_restart(struct output_progress *progress)
{
	progress->skip = progress->written;
	progress->is_writing = 0;
	progress->is_over = 0;
}

static int write_counted(struct output_progress *progress, int fd, const char *data, size_t length)
{
	while (length > 0) {
		ssize_t got = write(fd, data, length);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		progress->written += (size_t)got;
		data += got;
		length -= (size_t)got;
	}
	return 0;
}

int output_progress_write(struct output_progress *progress, int fd, const void *data, size_t length)
{
	const char *from = data;
	int err;

	if (!progress)
		return file_write_all(fd, data, length);

	size_t skipped = progress->skip < length ? (size_t)progress->skip : length;

	progress->skip -= skipped;
	progress->is_writing = 1;
	if (progress->is_over) {
		progress->is_writing = 0;
		for (;;)
			nanosleep(&(struct timespec){ .tv_sec = 1 }, NULL);
	}
	err = write_counted(progress, fd, from + skipped, length - skipped);
	progress->is_writing = 0;
	return err;
}

void output_progress_end(struct output_progress *progress)
{
	const struct timespec moment = { .tv_nsec = 1000000 };

	progress->is_over = 1;
	while (progress->is_writing)
		nanosleep(&moment, NULL);
}
