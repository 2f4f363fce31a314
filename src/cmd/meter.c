/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Descriptors of the kernel's counts in, sums out.
 */
#include "cmd/meter.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/alloc.h"
#include "session/stats.h"

#define TEXT_MOST 1024

void meter_open(struct meter *meter, const struct session *session)
{
	for (size_t i = 0; i < session->instance_count; i++) {
		const struct session_instance *instance = &session->instances[i];

		for (size_t j = 0; j < instance->cpu_count; j++) {
			char path[64];

			snprintf(path, sizeof(path), "per_cpu/cpu%d/stats", instance->cpus[j]);
			*array_add(&meter->fds, &meter->count) =
				openat(instance->dir_fd, path, O_RDONLY | O_CLOEXEC);
		}
	}
}

void meter_read(const struct meter *meter, struct meter_counts *counts)
{
	*counts = (struct meter_counts){ 0 };
	for (size_t i = 0; i < meter->count; i++) {
		struct session_cpu_stats stats;
		char text[TEXT_MOST];
		ssize_t got =
			meter->fds[i] < 0 ? -1 : pread(meter->fds[i], text, sizeof(text) - 1, 0);

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
		if (meter->fds[i] >= 0)
			close(meter->fds[i]);
	free(meter->fds);
	*meter = (struct meter){ 0 };
}
