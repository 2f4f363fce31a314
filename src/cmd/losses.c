/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * In: a ledger. Out: how it is told. A number that is not known is "-" or null, never a guess.
 */
#include "cmd/losses.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/utf8.h"
#include "cmd/json.h"

void losses_settle(struct ledger *ledger, const struct record_reader *reader)
{
	for (size_t i = 0; i < ledger->probe_count; i++) {
		struct ledger_probe *probe = &ledger->probes[i];

		probe->kept = record_reader_kept(reader, probe->instance, (unsigned int)probe->id);
	}
	ledger_balance(ledger);
}

bool losses_any(const struct ledger *ledger)
{
	return ledger->lost + ledger->missed + ledger->unread + ledger->unaccounted > 0;
}

static void print_number(FILE *out, bool is_known, uint64_t number)
{
	if (is_known)
		fprintf(out, " %10" PRIu64, number);
	else
		fprintf(out, " %10s", "-");
}

static void print_probe(const struct ledger_probe *probe, bool is_whole, FILE *out)
{
	/* It may be of a recording, and that of anybody. */
	NK_FREE char *event = utf8_visible(probe->event, "");

	fprintf(out, "nk: %-24s", event);
	print_number(out, probe->is_counted, probe->hits);
	print_number(out, true, probe->kept);
	print_number(out, probe->is_split, probe->overrun);
	print_number(out, probe->is_split && probe->is_counted, probe->filtered);
	print_number(out, probe->is_counted, probe->missed);
	if (!probe->is_split && probe->is_counted && is_whole)
		fprintf(out, "  %" PRIu64 " overrun or filtered", probe->overrun);
	if (probe->edge > 0)
		fprintf(out, "  %" PRIu64 " perhaps before the start or after the end",
			probe->edge);
	fputc('\n', out);
}

void losses_print_unsure(const struct ledger *ledger, FILE *out)
{
	if (ledger->unsure > 0)
		fprintf(out,
			"nk: %" PRIu64
			" more were missed, or read memory that could not be read: this "
			"kernel counts both as one\n",
			ledger->unsure);
}

void losses_print(const struct ledger *ledger, FILE *out)
{
	fprintf(out, "nk: %-24s %10s %10s %10s %10s %10s\n", "probe", "hits", "kept", "overrun",
		"filtered", "missed");
	for (size_t i = 0; i < ledger->probe_count; i++)
		print_probe(&ledger->probes[i], ledger->part == LEDGER_WHOLE, out);
	for (size_t i = 0; i < ledger->cpu_count; i++) {
		const struct ledger_cpu *cpu = &ledger->cpus[i];

		if (cpu->lost == 0)
			continue;

		NK_FREE char *instance = utf8_visible(ledger->instances[cpu->instance], "");

		fprintf(out, "nk: cpu %d", cpu->cpu);
		if (ledger->instance_count > 1)
			fprintf(out, " of %s", instance);
		fprintf(out, ": %" PRIu64 " overrun\n", cpu->lost);
	}
	if (ledger->unread > 0)
		fprintf(out, "nk: %" PRIu64 " were recorded and %s\n", ledger->unread,
			ledger->part == LEDGER_FAILED ? "could not be written"
						      : "could not be read");
	if (ledger->omitted > 0)
		fprintf(out,
			"nk: %" PRIu64
			" more were recorded than are here, which was not to have all\n",
			ledger->omitted);
	if (ledger->unaccounted > 0)
		fprintf(out,
			"nk: the counts of the probes and of the ring buffers differ by %" PRIu64
			"\n",
			ledger->unaccounted);
}

static void add_number(struct json *json, const char *key, bool is_known, uint64_t number)
{
	if (is_known)
		json_number(json, key, (long long)number);
	else
		json_string(json, key, NULL);
}

static void add_probe(struct json *json, const struct ledger *ledger,
		      const struct ledger_probe *probe)
{
	json_open(json, NULL, '{');
	json_string(json, "event", probe->event);
	json_string(json, "instance", ledger->instances[probe->instance]);
	add_number(json, "hits", probe->is_counted, probe->hits);
	add_number(json, "kept", true, probe->kept);
	add_number(json, "overrun", probe->is_split, probe->overrun);
	add_number(json, "filtered", probe->is_split && probe->is_counted, probe->filtered);
	add_number(json, "missed", probe->is_counted, probe->missed);
	add_number(json, "unsure", probe->is_counted, probe->unsure);
	add_number(json, "doubtful", true, probe->edge);
	json_close(json, '}');
}

int losses_print_json(const struct ledger *ledger, const struct reader_counts *counts, int fd)
{
	struct json json;

	json_begin(&json, fd);
	json_open(&json, NULL, '{');
	json_string(&json, "event", "ledger");
	json_open(&json, "probes", '[');
	for (size_t i = 0; i < ledger->probe_count; i++)
		add_probe(&json, ledger, &ledger->probes[i]);
	json_close(&json, ']');
	json_open(&json, "cpus", '[');
	for (size_t i = 0; i < ledger->cpu_count; i++) {
		json_open(&json, NULL, '{');
		json_number(&json, "cpu", ledger->cpus[i].cpu);
		json_string(&json, "instance", ledger->instances[ledger->cpus[i].instance]);
		add_number(&json, "recorded", true, ledger->cpus[i].written);
		add_number(&json, "overrun", true, ledger->cpus[i].lost);
		json_close(&json, '}');
	}
	json_close(&json, ']');
	add_number(&json, "unread", true, ledger->unread);
	add_number(&json, "omitted", true, ledger->omitted);
	add_number(&json, "unaccounted", true, ledger->unaccounted);
	add_number(&json, "unjoined_entries", true, counts->unjoined_entries);
	add_number(&json, "unjoined_returns", true, counts->unjoined_returns);
	json_close(&json, '}');
	json_line(&json);
	return json_end(&json);
}
