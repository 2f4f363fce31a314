/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Descriptors of the kernel's counts in, sums out.
 */
#include "cmd/meter.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "session/stats.h"

#define TEXT_MOST 1024

/* One that were left out would be missing in every count. */
static int cannot_open(const struct session_instance *instance, const char *path, int err,
		       struct diags *diags)
{
	return diag_error(diags, err, "cannot open %s of instance '%s': %s", path, instance->name,
			  strerror(err));
}

int meter_open(struct meter *meter, const struct session *session, struct diags *diags)
{
	for (size_t i = 0; i < session->instance_count; i++) {
		const struct session_instance *instance = &session->instances[i];

		for (size_t j = 0; j < instance->cpu_count; j++) {
			char path[64];

			snprintf(path, sizeof(path), "per_cpu/cpu%d/stats", instance->cpus[j]);
			int fd = openat(instance->dir_fd, path, O_RDONLY | O_CLOEXEC);

			if (fd < 0)
				return cannot_open(instance, path, errno, diags);
			*array_add(&meter->fds, &meter->count) = fd;
		}
	}
	return 0;
}

void meter_read(const struct meter *meter, struct meter_counts *counts)
{
	*counts = (struct meter_counts){ 0 };
	for (size_t i = 0; i < meter->count; i++) {
		struct session_cpu_stats stats;
		char text[TEXT_MOST];
		ssize_t got = pread(meter->fds[i], text, sizeof(text) - 1, 0);

		if (got < 0)
			continue;
		text[got] = '\0';
		stats_parse_cpu(text, 0, &stats);
		counts->read += stats.read_events;
		counts->waiting += stats.entries;
		counts->lost += stats_lost(&stats);
	}
}

void meter_close(struct meter *meter)
{
	for (size_t i = 0; i < meter->count; i++)
		close(meter->fds[i]);
	free(meter->fds);
	*meter = (struct meter){ 0 };
}
