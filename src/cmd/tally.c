/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Records in, counts out: a table by probe, one by CPU, one by second, with what each CPU lost.
 * Records come in time order, so that the seconds of a table are in order as they come.
 */
#include "cmd/tally.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "base/utf8.h"

#define SECOND 1000000000ULL

struct count {
	uint64_t records;
	uint64_t lost;
	bool is_lost_unknown; /* lost, and more than that */
};

struct second {
	uint64_t start; /* s */
	struct count count;
};

struct probe_count {
	const struct event_plan *plan; /* NULL: none came */
	struct count count;
};

struct tally {
	const struct output_options *options;
	bool has_seconds;
	struct probe_count *probes; /* by plan index */
	size_t probe_count;
	struct count *cpus;
	size_t cpu_count;
	struct second *seconds;
	size_t second_count;
};

struct tally *tally_new(const struct output_options *options)
{
	struct tally *tally = xcalloc(1, sizeof(*tally));

	tally->options = options;
	tally->has_seconds = dat_clock_has_seconds(options->clock);
	return tally;
}

void tally_free(struct tally *tally)
{
	if (!tally)
		return;
	free(tally->probes);
	free(tally->cpus);
	free(tally->seconds);
	free(tally);
}

static void add(struct count *count, const struct record *record)
{
	if (record->kind == RECORD_EVENT) {
		count->records++;
		return;
	}
	count->lost += record->lost;
	count->is_lost_unknown |= record->lost == 0;
}

static void add_to_second(struct tally *tally, const struct record *record)
{
	const struct output_options *options = tally->options;
	uint64_t wall = options->has_wall_clock ? (uint64_t)options->wall_offset_ns : 0;
	uint64_t second = (dat_clock_convert(options->clock, record->ts) + wall) / SECOND;

	if (tally->second_count == 0 || tally->seconds[tally->second_count - 1].start != second)
		array_add(&tally->seconds, &tally->second_count)->start = second;
	add(&tally->seconds[tally->second_count - 1].count, record);
}

void tally_add(struct tally *tally, const struct record *record)
{
	while ((size_t)record->cpu >= tally->cpu_count)
		array_add(&tally->cpus, &tally->cpu_count);
	add(&tally->cpus[record->cpu], record);
	if (tally->has_seconds)
		add_to_second(tally, record);
	if (record->kind != RECORD_EVENT)
		return;
	while (record->plan->index >= tally->probe_count)
		array_add(&tally->probes, &tally->probe_count);
	tally->probes[record->plan->index].plan = record->plan;
	add(&tally->probes[record->plan->index].count, record);
}

static bool is_same_probe(const struct event_plan *a, const struct event_plan *b)
{
	return strcmp(a->name, b->name) == 0 && strcmp(a->system, b->system) == 0;
}

/* A probe that several functions carry has a plan for each: they are counted as one. */
static void join_carriers(struct tally *tally)
{
	for (size_t i = 0; i < tally->probe_count; i++) {
		struct probe_count *first = tally->probes, *probe = &tally->probes[i];

		if (!probe->plan)
			continue;
		while (!first->plan || !is_same_probe(first->plan, probe->plan))
			first++;
		if (first == probe)
			continue;
		first->count.records += probe->count.records;
		probe->plan = NULL;
	}
}

static int compare(const void *a, const void *b)
{
	const struct probe_count *left = a, *right = b;

	if (left->count.records != right->count.records)
		return left->count.records < right->count.records ? 1 : -1;
	if (!left->plan || !right->plan)
		return (left->plan != NULL) - (right->plan != NULL);
	return strcmp(left->plan->name, right->plan->name);
}

static void print_count(FILE *out, const char *name, const struct count *count)
{
	fprintf(out, "%-32s %12" PRIu64, name, count->records);
	if (count->lost > 0 || count->is_lost_unknown)
		fprintf(out, " %12" PRIu64 "%s", count->lost, count->is_lost_unknown ? "+" : "");
	fputc('\n', out);
}

static void print_probe(FILE *out, const struct probe_count *probe)
{
	NK_FREE char *name = utf8_visible(probe->plan->name, "");

	print_count(out, name, &probe->count);
}

static void print_second(const struct tally *tally, FILE *out, const struct second *second)
{
	time_t time = (time_t)second->start;
	struct tm fields = { 0 };
	char name[32];

	if (tally->options->has_wall_clock && localtime_r(&time, &fields))
		strftime(name, sizeof(name), "%H:%M:%S", &fields);
	else
		snprintf(name, sizeof(name), "%" PRIu64, second->start);
	print_count(out, name, &second->count);
}

void tally_print(struct tally *tally, FILE *out)
{
	struct count all = { 0 };

	join_carriers(tally);
	if (tally->probe_count > 0)
		qsort(tally->probes, tally->probe_count, sizeof(*tally->probes), compare);
	fprintf(out, "%-32s %12s %12s\n", "probe", "records", "lost");
	for (size_t i = 0; i < tally->probe_count; i++)
		if (tally->probes[i].plan)
			print_probe(out, &tally->probes[i]);
	fprintf(out, "\n%-32s %12s %12s\n", "cpu", "records", "lost");
	for (size_t i = 0; i < tally->cpu_count; i++) {
		char name[24];

		snprintf(name, sizeof(name), "%zu", i);
		print_count(out, name, &tally->cpus[i]);
		all.records += tally->cpus[i].records;
		all.lost += tally->cpus[i].lost;
		all.is_lost_unknown |= tally->cpus[i].is_lost_unknown;
	}
	if (tally->has_seconds)
		fprintf(out, "\n%-32s %12s %12s\n", "second", "records", "lost");
	for (size_t i = 0; i < tally->second_count; i++)
		print_second(tally, out, &tally->seconds[i]);
	fputc('\n', out);
	print_count(out, "all", &all);
}
