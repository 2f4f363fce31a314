/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Counts of the kernel and of a reader in, an account out. Instance by instance: its ring buffers
 * have counted what they lost without regard to the probe.
 */
#include "session/ledger.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "session/state.h"
#include "session/stats.h"

static char *event_name(const struct event_desc *desc)
{
	return strcmp(desc->group, "nk") == 0 ? xstrdup(desc->name)
					      : xasprintf("%s/%s", desc->group, desc->name);
}

static bool has_probe(const struct ledger *ledger, const struct session_event *event)
{
	for (size_t i = 0; i < ledger->probe_count; i++)
		if (ledger->probes[i].id == event->id &&
		    ledger->probes[i].instance == event->instance)
			return true;
	return false;
}

static void add_probe(struct ledger *ledger, const struct session *session,
		      const struct session_event *event, const struct session_event_counts *counts)
{
	/* Two probe files may have the same probe. */
	if (has_probe(ledger, event))
		return;
	*array_add(&ledger->probes, &ledger->probe_count) = (struct ledger_probe){
		.event = event_name(&event->def->desc),
		.id = event->id,
		.instance = event->instance,
		.is_counted = counts->is_counted,
		.is_filtered = event->is_filtered || session->state->is_of_tasks,
		.hits = counts->is_counted ? counts->hits + counts->misses : 0,
		.missed = counts->is_counted ? counts->misses : 0,
		.unsure = counts->is_counted ? counts->unsure : 0,
		.edge = counts->is_counted ? counts->edge : 0,
	};
}

static void add_cpu(struct ledger *ledger, size_t instance, const struct session_cpu_stats *stats)
{
	*array_add(&ledger->cpus, &ledger->cpu_count) = (struct ledger_cpu){
		.cpu = stats->cpu,
		.instance = instance,
		.written = stats->entries + stats->read_events,
		.lost = stats_lost(stats),
	};
}

static void add_instance(struct ledger *ledger, const struct session *session, size_t index,
			 char *const *texts)
{
	const struct session_instance *instance = &session->instances[index];

	*array_add(&ledger->instances, &ledger->instance_count) = xstrdup(instance->name);
	for (size_t i = 0; i < instance->cpu_count; i++) {
		struct session_cpu_stats stats;

		if (texts) {
			stats_parse_cpu(texts[i], instance->cpus[i], &stats);
			add_cpu(ledger, index, &stats);
		} else if (instance->stats) {
			add_cpu(ledger, index, &instance->stats[i]);
		}
	}
}

void ledger_of_session(const struct session *session, const struct broker_report *report,
		       struct ledger *out)
{
	size_t cpu = 0;

	*out = (struct ledger){ 0 };
	for (size_t i = 0; i < session->event_count; i++) {
		const struct session_event *event = &session->events[i];
		const struct session_event_counts own = { event->hits, event->misses, event->unsure,
							  event->edge, event->is_counted };

		add_probe(out, session, event, report ? &report->events[i] : &own);
	}
	for (size_t i = 0; i < session->instance_count; i++) {
		size_t count = session->instances[i].cpu_count;
		bool is_told = report && cpu + count <= report->cpu_stats_count;

		add_instance(out, session, i, is_told ? &report->cpu_stats[cpu] : NULL);
		cpu += count;
	}
}

void ledger_clear(struct ledger *ledger)
{
	for (size_t i = 0; i < ledger->instance_count; i++)
		free(ledger->instances[i]);
	for (size_t i = 0; i < ledger->probe_count; i++)
		free(ledger->probes[i].event);
	free(ledger->instances);
	free(ledger->probes);
	free(ledger->cpus);
	*ledger = (struct ledger){ 0 };
}

static const char *const part_names[] = {
	[LEDGER_WANTED] = "part wanted",
	[LEDGER_FAILED] = "part failed",
};

void ledger_write(const struct ledger *ledger, struct text *out)
{
	if (ledger->part != LEDGER_WHOLE)
		text_addf(out, "%s\n", part_names[ledger->part]);
	for (size_t i = 0; i < ledger->instance_count; i++)
		text_addf(out, "instance %s\n", ledger->instances[i]);
	for (size_t i = 0; i < ledger->probe_count; i++) {
		const struct ledger_probe *probe = &ledger->probes[i];

		text_addf(out,
			  "probe %s id %d in %zu counted %d filtered %d hits %" PRIu64
			  " missed %" PRIu64 " edge %" PRIu64 " unsure %" PRIu64 "\n",
			  probe->event, probe->id, probe->instance, probe->is_counted,
			  probe->is_filtered, probe->hits, probe->missed, probe->edge,
			  probe->unsure);
	}
	for (size_t i = 0; i < ledger->cpu_count; i++) {
		const struct ledger_cpu *cpu = &ledger->cpus[i];

		text_addf(out, "cpu %d in %zu written %" PRIu64 " lost %" PRIu64 "\n", cpu->cpu,
			  cpu->instance, cpu->written, cpu->lost);
	}
}

static void read_probe(const char *line, struct ledger *out)
{
	struct ledger_probe probe = { 0 };
	char event[256];
	int counted, filtered;

	if (sscanf(line,
		   "probe %255s id %d in %zu counted %d filtered %d hits %" SCNu64
		   " missed %" SCNu64 " edge %" SCNu64 " unsure %" SCNu64,
		   event, &probe.id, &probe.instance, &counted, &filtered, &probe.hits,
		   &probe.missed, &probe.edge, &probe.unsure) != 9 ||
	    probe.instance >= out->instance_count || probe.missed > probe.hits ||
	    probe.edge > probe.hits)
		return;
	probe.is_counted = counted != 0;
	probe.is_filtered = filtered != 0;
	probe.event = xstrdup(event);
	*array_add(&out->probes, &out->probe_count) = probe;
}

static void read_cpu(const char *line, struct ledger *out)
{
	struct ledger_cpu cpu;

	if (sscanf(line, "cpu %d in %zu written %" SCNu64 " lost %" SCNu64, &cpu.cpu, &cpu.instance,
		   &cpu.written, &cpu.lost) == 4 &&
	    cpu.instance < out->instance_count)
		*array_add(&out->cpus, &out->cpu_count) = cpu;
}

void ledger_read(const char *text, struct ledger *out)
{
	NK_FREE char *copy = xstrdup(text);
	char *cursor = copy;
	char *line;

	*out = (struct ledger){ 0 };
	while ((line = text_next_line(&cursor))) {
		for (int i = LEDGER_WANTED; i <= LEDGER_FAILED; i++)
			if (strcmp(line, part_names[i]) == 0)
				out->part = (enum ledger_part)i;
		if (text_starts_with(line, "instance "))
			*array_add(&out->instances, &out->instance_count) = xstrdup(line + 9);
		else if (text_starts_with(line, "probe "))
			read_probe(line, out);
		else if (text_starts_with(line, "cpu "))
			read_cpu(line, out);
	}
}

/* Hits that the probe has not missed and of which no record was read. */
static uint64_t without_record(const struct ledger_probe *probe)
{
	uint64_t recorded = probe->hits - probe->missed;

	return recorded > probe->kept ? recorded - probe->kept : 0;
}

/* Whether what has no record can only have been lost. */
static bool is_plain(const struct ledger_probe *probe)
{
	return probe->is_counted && !probe->is_filtered;
}

/* What one instance has lost, and what of it is not yet somebody's. */
struct share {
	struct ledger *ledger;
	size_t instance;
	uint64_t lost;
	uint64_t left;
	size_t others; /* probes that are not plain */
};

/* More was kept than was hit: of what was counted something is missing. */
static void check_kept(struct ledger *ledger, const struct ledger_probe *probe)
{
	uint64_t recorded = probe->hits - probe->missed;

	if (probe->is_counted && probe->kept > recorded)
		ledger->unaccounted += probe->kept - recorded;
}

static bool is_plain_in(const struct ledger_probe *probe, size_t instance)
{
	return probe->instance == instance && is_plain(probe);
}

/* Of the hits without a record those that need not be the session's. */
static uint64_t doubt(const struct ledger_probe *probe)
{
	return probe->edge < probe->overrun ? probe->edge : probe->overrun;
}

static uint64_t sum_doubts(const struct share *share, size_t *doubtful)
{
	uint64_t sum = 0;

	*doubtful = 0;
	for (size_t i = 0; i < share->ledger->probe_count; i++) {
		const struct ledger_probe *probe = &share->ledger->probes[i];

		if (!is_plain_in(probe, share->instance))
			continue;
		*doubtful += doubt(probe) > 0;
		sum += doubt(probe);
	}
	return sum;
}

/* Hits of the edges for which there is no loss were not the session's. */
static void settle_edges(struct share *share, uint64_t surplus)
{
	struct ledger *ledger = share->ledger;
	size_t doubtful;
	uint64_t doubts = sum_doubts(share, &doubtful);
	/* All, none, or all of one: else how many is known, and not whose. */
	bool is_clear = (share->others == 0 || share->lost == 0) &&
			(surplus == 0 || surplus >= doubts || doubtful == 1);

	for (size_t i = 0; i < ledger->probe_count; i++) {
		struct ledger_probe *probe = &ledger->probes[i];
		uint64_t most = doubt(probe);
		uint64_t count = most < surplus ? most : surplus;

		if (!is_plain_in(probe, share->instance))
			continue;
		probe->hits -= count;
		probe->overrun -= count;
		probe->edge = is_clear ? 0 : most;
		surplus -= count;
	}
	ledger->unaccounted += surplus;
}

static void settle_plain(struct share *share)
{
	struct ledger *ledger = share->ledger;
	uint64_t overrun = 0;

	for (size_t i = 0; i < ledger->probe_count; i++) {
		struct ledger_probe *probe = &ledger->probes[i];

		if (probe->instance != share->instance)
			continue;
		check_kept(ledger, probe);
		if (!is_plain(probe)) {
			share->others++;
			continue;
		}
		probe->overrun = without_record(probe);
		probe->is_split = true;
		overrun += probe->overrun;
	}
	settle_edges(share, overrun > share->lost ? overrun - share->lost : 0);
	share->left = share->lost > overrun ? share->lost - overrun : 0;
}

/* Of a probe that is not counted all is known but what a filter left out, or a hit missed. */
static void settle_other(struct share *share, struct ledger_probe *probe)
{
	uint64_t rest = probe->is_counted ? without_record(probe) : share->left;

	probe->is_split = share->others == 1 || share->lost == 0;
	if (!probe->is_split) {
		probe->overrun = probe->is_counted ? rest : 0;
		return;
	}
	probe->overrun = share->left < rest ? share->left : rest;
	probe->filtered = probe->is_counted ? rest - probe->overrun : 0;
	share->left -= probe->overrun;
}

static void settle_others(struct share *share)
{
	struct ledger *ledger = share->ledger;
	bool is_clear = share->others <= 1 || share->lost == 0;

	for (size_t i = 0; i < ledger->probe_count; i++) {
		struct ledger_probe *probe = &ledger->probes[i];

		if (probe->instance == share->instance && !is_plain(probe))
			settle_other(share, probe);
	}
	/* Where it is not clear whose they were, they are somebody's. */
	if (is_clear)
		ledger->unaccounted += share->left;
}

static void settle_instance(struct ledger *ledger, size_t instance)
{
	struct share share = { .ledger = ledger, .instance = instance };
	uint64_t written = 0, kept = 0;

	for (size_t i = 0; i < ledger->cpu_count; i++) {
		if (ledger->cpus[i].instance != instance)
			continue;
		share.lost += ledger->cpus[i].lost;
		written += ledger->cpus[i].written;
	}
	for (size_t i = 0; i < ledger->probe_count; i++)
		if (ledger->probes[i].instance == instance)
			kept += ledger->probes[i].kept;
	ledger->lost += share.lost;
	ledger->unaccounted += kept > written ? kept - written : 0;
	*(ledger->part == LEDGER_WANTED ? &ledger->omitted : &ledger->unread) +=
		written > kept ? written - kept : 0;
	if (ledger->part != LEDGER_WHOLE)
		return;
	settle_plain(&share);
	settle_others(&share);
}

void ledger_balance(struct ledger *ledger)
{
	ledger->lost = ledger->missed = ledger->unread = ledger->omitted = ledger->unaccounted = 0;
	for (size_t i = 0; i < ledger->instance_count; i++)
		settle_instance(ledger, i);
	ledger->unsure = 0;
	for (size_t i = 0; i < ledger->probe_count; i++) {
		ledger->missed += ledger->probes[i].missed;
		ledger->unsure += ledger->probes[i].unsure;
	}
}
