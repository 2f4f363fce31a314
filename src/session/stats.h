/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel has counted: hits and misses per event (kprobe_profile), losses per CPU
 * (per_cpu/cpuN/stats).
 */
#ifndef NK_SESSION_STATS_H
#define NK_SESSION_STATS_H

#include <stddef.h>
#include <stdint.h>

#include "session/definitions.h"
#include "session/session.h"

struct profile_counts {
	uint64_t hits, misses;
	bool is_there;
};

/*
 * Lines of kprobe_profile beside those of kprobe_events: the former has no groups, but both have
 * the same order. counts[i] belongs to definitions->items[i]; malloc'ed. -EAGAIN where they do not
 * fit each other: somebody changed the one between two reads.
 */
int stats_parse_profile(const char *profile, const struct definitions *definitions,
			struct profile_counts **counts);

/* Sums of all lines of each of count events "GROUP/EVENT"; one that is not there has 0, 0 and
 * false.
 */
int stats_read_profile(int tracefs_fd, const char *const *events, size_t count,
		       struct profile_counts *out);

/* The file per_cpu/cpuN/stats; takes the text over. */
void stats_parse_cpu(char *text, int cpu, struct session_cpu_stats *out);
/* Events that were to be recorded on it and are not there to be read. */
uint64_t stats_lost(const struct session_cpu_stats *stats);
/* All CPUs of an instance, into instance->stats. 0 or -errno; those that could be read are there.
 */
int stats_read_cpus(struct session_instance *instance);

#endif
