/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Command lines, words apart by NUL, the first of which names a subcommand: they are taken, or
 * refused with a sentence. Times of --since and --until too.
 *
 * Seeds: tests/fuzz/fuzz-options.seeds/*
 * Options: -close_fd_mask=3
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "cmd/cmd.h"
#include "cmd/span.h"

#define WORDS_MOST 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_span(const char *text, bool is_count)
{
	const struct dat_clock clock = { .is_count = is_count };
	const struct output_options options = { .has_wall_clock = true, .clock = &clock };
	struct diags diags = { 0 };
	struct span span = { 0 };

	if (!text)
		return;
	if (span_parse(text, &options, &span, &diags) == 0)
		span_is_before(&span, &options, 86400 * UINT64_C(1000000000));
	else if (diags.errors != 1)
		abort();
	diags_clear(&diags);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct command *const commands[] = { &cmd_trace,  &cmd_record, &cmd_replay,
							  &cmd_verify, &cmd_list,   &cmd_start };
	NK_FREE char *text = xcalloc(1, size + 1);
	const struct command *command = &cmd_check;
	char *words[WORDS_MOST + 1] = { 0 };
	struct options options;
	int count = 0, status = -1;

	memcpy(text, data, size);
	for (char *word = text; word < text + size && count < WORDS_MOST; word += strlen(word) + 1)
		words[count++] = word;
	if (count == 0)
		return 0;
	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++)
		if (strcmp(words[0], commands[i]->name) == 0)
			command = commands[i];
	if (options_parse(command, count, words, &options, &status) == 0) {
		try_span(options.since, false);
		try_span(options.since, true);
		try_span(options.until, false);
		try_span(options.until, true);
	} else if (status != CMD_USAGE && status != CMD_DONE) {
		abort();
	}
	options_clear(&options);
	return 0;
}
