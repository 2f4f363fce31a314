/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Small texts of tracefs, /proc and the run directory, each of which others may have written:
 * error_log, kprobe_events, kprobe_profile, per_cpu/cpuN/stats, saved_cmdlines, kallsyms, notes of
 * sessions. Where a reader takes two texts, the second begins behind a NUL.
 *
 * Seeds: tests/unit/data/session/6.1/cpu0.stats tests/unit/data/session/6.1/error_log
 * Seeds: tests/unit/data/session/5.10/error_log tests/unit/data/session/6.1/kprobe_events
 * Seeds: tests/unit/data/pages/6.1/saved_cmdlines tests/fuzz/fuzz-texts.seeds/*
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "decode/comm.h"
#include "decode/kallsyms.h"
#include "session/definitions.h"
#include "session/errorlog.h"
#include "session/ownership.h"
#include "session/stats.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_error_log(const char *log, const char *command)
{
	struct errorlog_entry entry = { 0 };

	if (errorlog_find(log, command, &entry) != 0)
		return;
	if (!entry.message || !entry.command ||
	    (!entry.is_cut && entry.column > strlen(entry.command)))
		abort();
	errorlog_entry_clear(&entry);
}

static void try_definitions(const char *events, const char *profile)
{
	struct definitions definitions = { 0 };
	struct profile_counts *counts = NULL;

	definitions_parse(events, &definitions);
	for (size_t i = 0; i < definitions.count; i++) {
		if (!strchr(definitions.items[i].event, '/') ||
		    definitions_count(&definitions, definitions.items[i].event) == 0)
			abort();
	}
	if (stats_parse_profile(profile, &definitions, &counts) == 0)
		free(counts);
	definitions_clear(&definitions);
}

static void try_stats(const char *text)
{
	struct session_cpu_stats stats = { 0 };
	NK_FREE char *copy = xstrdup(text);

	stats_parse_cpu(copy, 3, &stats);
	if (stats.cpu != 3)
		abort();
}

static void try_note(const char *text)
{
	struct session_info *info = xcalloc(1, sizeof(*info));
	struct process_id process;

	ownership_parse("name", text, info, &process);
	for (size_t i = 0; i < info->definition_count; i++)
		if (!ownership_notes_definition(info, 1, info->definitions[i], NULL, false))
			abort();
	session_infos_free(info, 1);
}

static void try_names(const char *text, size_t length)
{
	struct comms *comms = comms_new();
	struct kallsyms kallsyms = { 0 };
	const struct kallsyms_symbol *symbol;
	char name[64];

	comms_add(comms, text);
	if (strlen(comms_find(comms, 155)) >= COMM_LENGTH)
		abort();
	comms_free(comms);
	kallsyms_set(&kallsyms, text, length);
	symbol = kallsyms_find(&kallsyms, 0xffffffff81000010);
	if (symbol &&
	    (symbol->address > 0xffffffff81000010 ||
	     kallsyms_print(symbol, 0xffffffff81000010, name, sizeof(name)) >= sizeof(name)))
		abort();
	kallsyms_clear(&kallsyms);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t length = strnlen((const char *)data, size);
	size_t rest = length < size ? length + 1 : size;
	NK_FREE char *text = xstrndup((const char *)data, length);
	NK_FREE char *second = xstrndup((const char *)data + rest, size - rest);

	try_error_log(text, second);
	try_definitions(text, second);
	try_stats(text);
	try_note(text);
	try_names(text, length);
	return 0;
}
