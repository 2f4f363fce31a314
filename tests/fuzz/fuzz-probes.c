/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Probe files: any text is a set, or has mistakes that can be printed.
 *
 * Seeds: probes.d/*.probes tests/golden/probes/*.probes
 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "probes/parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void print(const struct diags *diags)
{
	char *printed = NULL;
	size_t length;
	FILE *out = open_memstream(&printed, &length);

	if (!out)
		abort();
	diags_print(diags, out);
	fclose(out);
	free(printed);
}

/* What holds true of every set that was made. */
static void check(const struct probe_set *set)
{
	for (size_t i = 0; i < set->probe_count; i++) {
		const struct probe *probe = &set->probes[i];

		if (probe->set != set || !probe->name || !probe->name[0] || !probe->group)
			abort();
		if ((probe->kind == PROBE_KPROBE) != (probe->carrier_count > 0) ||
		    (probe->kind == PROBE_NATIVE) != (probe->verbatim != NULL))
			abort();
		for (size_t j = 0; j < probe->carrier_count; j++) {
			if (probe->carriers[j].func_count == 0 ||
			    !probe->carriers[j].funcs[0].symbol[0])
				abort();
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	NK_FREE char *text = xstrndup(size ? (const char *)data : "", size);
	struct diags diags = { 0 };
	struct probe_set *set = NULL;
	int err = probe_parse("fuzz", "fuzz.probes", text, &set, &diags);

	if ((err == 0) != (set != NULL) || (err == 0) != (diags.errors == 0))
		abort();
	if (set)
		check(set);
	print(&diags);
	diags_clear(&diags);
	probe_set_free(set);
	return 0;
}
