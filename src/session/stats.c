/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Texts of the kernel's counters in, numbers out.
 */
#include "session/stats.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/text.h"

#define PROFILE_TRIES 10
#define READS_MAX     10

static int parse_profile_line(char *line, const struct definition *definition,
			      struct profile_counts *out)
{
	char *cursor = line;
	char *name = text_next_word(&cursor);
	const char *slash = strchr(definition->event, '/');

	if (!name || !slash || strcmp(name, slash + 1) != 0 ||
	    sscanf(cursor, "%" SCNu64 " %" SCNu64, &out->hits, &out->misses) != 2)
		return -EAGAIN;
	return 0;
}

int stats_parse_profile(const char *profile, const struct definitions *definitions,
			struct profile_counts **counts)
{
	NK_FREE char *copy = xstrdup(profile);
	NK_FREE struct profile_counts *found = xcalloc(definitions->count, sizeof(*found));
	char *cursor = copy;
	size_t next = 0;
	char *line;

	while ((line = text_next_line(&cursor))) {
		if (next == definitions->count)
			return -EAGAIN;

		int err = parse_profile_line(line, &definitions->items[next], &found[next]);
		if (err)
			return err;
		next++;
	}
	if (next < definitions->count)
		return -EAGAIN;
	*counts = found;
	found = NULL;
	return 0;
}

static int read_both(int tracefs_fd, struct definitions *definitions,
		     struct profile_counts **counts)
{
	NK_FREE char *profile = NULL;
	int err = definitions_read(tracefs_fd, definitions);

	if (!err)
		err = file_read(tracefs_fd, "kprobe_profile", &profile, NULL);
	if (!err)
		err = stats_parse_profile(profile, definitions, counts);
	if (err)
		definitions_clear(definitions);
	return err;
}

int stats_read_profile(int tracefs_fd, const char *const *events, size_t count,
		       struct profile_counts *out)
{
	NK_FREE struct profile_counts *counts = NULL;
	struct definitions definitions = { 0 };
	int err = -EAGAIN;

	for (int i = 0; i < PROFILE_TRIES && err == -EAGAIN; i++)
		err = read_both(tracefs_fd, &definitions, &counts);
	if (err)
		return err;
	for (size_t i = 0; i < count; i++) {
		out[i] = (struct profile_counts){ 0 };
		for (size_t j = 0; j < definitions.count; j++) {
			if (strcmp(definitions.items[j].event, events[i]) != 0)
				continue;
			out[i].is_there = true;
			out[i].hits += counts[j].hits;
			out[i].misses += counts[j].misses;
		}
	}
	definitions_clear(&definitions);
	return 0;
}

static void take_value(const char *line, struct session_cpu_stats *out)
{
	const struct {
		const char *key;
		uint64_t *value;
	} keys[] = {
		{ "entries: ", &out->entries },
		{ "overrun: ", &out->overrun },
		{ "commit overrun: ", &out->commit_overrun },
		{ "bytes: ", &out->bytes },
		{ "dropped events: ", &out->dropped_events },
		{ "read events: ", &out->read_events },
	};

	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		if (text_starts_with(line, keys[i].key))
			*keys[i].value = strtoull(line + strlen(keys[i].key), NULL, 10);
}

void stats_parse_cpu(char *text, int cpu, struct session_cpu_stats *out)
{
	NK_FREE char *copy = xstrdup(text);
	char *cursor = copy;
	char *line;

	*out = (struct session_cpu_stats){ .cpu = cpu, .text = text };
	while ((line = text_next_line(&cursor)))
		take_value(line, out);
}

/* Pushed out by newer ones; found the buffer full of unfinished ones; found it full. */
uint64_t stats_lost(const struct session_cpu_stats *stats)
{
	return stats->overrun + stats->commit_overrun + stats->dropped_events;
}

static int read_cpu(const struct session_instance *instance, int cpu, struct session_cpu_stats *out)
{
	char path[64];
	char *text = NULL;

	snprintf(path, sizeof(path), "per_cpu/cpu%d/stats", cpu);
	int err = file_read(instance->dir_fd, path, &text, NULL);

	/* A CPU without a text has lost nothing that is known. */
	stats_parse_cpu(err ? xstrdup("") : text, cpu, out);
	return err;
}

/*
 * The kernel looks at what is in the buffer first and at what was read of it last: of a page that
 * is read in between the events are counted twice. So until nothing was.
 */
static int read_cpu_at_rest(const struct session_instance *instance, int cpu,
			    struct session_cpu_stats *out)
{
	int err = read_cpu(instance, cpu, out);

	for (int i = 0; !err && i < READS_MAX; i++) {
		struct session_cpu_stats again;

		err = read_cpu(instance, cpu, &again);

		bool is_same = again.read_events == out->read_events;

		free(out->text);
		*out = again;
		if (is_same)
			break;
	}
	return err;
}

int stats_read_cpus(struct session_instance *instance)
{
	int first_error = 0;

	if (!instance->stats)
		instance->stats = xcalloc(instance->cpu_count, sizeof(*instance->stats));
	for (size_t i = 0; i < instance->cpu_count; i++) {
		free(instance->stats[i].text);

		int err = read_cpu_at_rest(instance, instance->cpus[i], &instance->stats[i]);

		if (err && !first_error)
			first_error = err;
	}
	return first_error;
}
