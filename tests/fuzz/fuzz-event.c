/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Event descriptions out of a trace.dat: what is read writes, and what was written reads back as
 * the same.
 *
 * Seeds: tests/fuzz/fuzz-event.seed
 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "resolve/event.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void write_all(const struct event_desc *descs, size_t count, struct text *out)
{
	for (size_t i = 0; i < count; i++)
		event_desc_write(&descs[i], out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	NK_FREE char *text = xstrndup((const char *)data, size);
	struct event_desc *descs = NULL, *again = NULL;
	struct text first = { 0 }, second = { 0 };
	size_t count, again_count;

	if (event_descs_read(text, &descs, &count, NULL) != 0)
		return 0;
	write_all(descs, count, &first);
	event_descs_free(descs, count);
	if (event_descs_read(first.data ? first.data : "", &again, &again_count, NULL) != 0)
		abort();
	write_all(again, again_count, &second);
	event_descs_free(again, again_count);
	if (first.data && strcmp(first.data, second.data) != 0)
		abort();
	text_clear(&first);
	text_clear(&second);
	return 0;
}
