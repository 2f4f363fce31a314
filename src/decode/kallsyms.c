/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kallsyms text in, the symbol of an address out. Lines that are not "ADDRESS TYPE NAME" are passed
 * over, and so are data symbols' versions of address 0 that a kernel shows to users without
 * privileges.
 */
#include "decode/kallsyms.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"

void kallsyms_set(struct kallsyms *kallsyms, const char *text, size_t length)
{
	kallsyms_clear(kallsyms);
	kallsyms->source = text;
	kallsyms->source_length = length;
}

void kallsyms_clear(struct kallsyms *kallsyms)
{
	free(kallsyms->text);
	free(kallsyms->symbols);
	*kallsyms = (struct kallsyms){ 0 };
}

static void parse_line(struct kallsyms *kallsyms, char *line)
{
	char *end;
	uint64_t address = strtoull(line, &end, 16);

	if (end == line || address == 0)
		return;

	const char *type = text_next_word(&end);
	const char *name = text_next_word(&end);

	if (!type || !name)
		return;

	struct kallsyms_symbol *symbol = array_add(&kallsyms->symbols, &kallsyms->count);

	*symbol = (struct kallsyms_symbol){ address, name };
}

static int compare(const void *a, const void *b)
{
	const struct kallsyms_symbol *left = a, *right = b;

	return (left->address > right->address) - (left->address < right->address);
}

static void parse(struct kallsyms *kallsyms)
{
	char *cursor, *line;

	kallsyms->is_parsed = true;
	if (!kallsyms->source)
		return;
	cursor = kallsyms->text = xstrndup(kallsyms->source, kallsyms->source_length);
	while (cursor && (line = text_next_line(&cursor)))
		parse_line(kallsyms, line);
	if (kallsyms->count > 0)
		qsort(kallsyms->symbols, kallsyms->count, sizeof(*kallsyms->symbols), compare);
}

const struct kallsyms_symbol *kallsyms_find(struct kallsyms *kallsyms, uint64_t address)
{
	if (!kallsyms->is_parsed)
		parse(kallsyms);

	size_t low = 0, high = kallsyms->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (kallsyms->symbols[middle].address <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low > 0 ? &kallsyms->symbols[low - 1] : NULL;
}

size_t kallsyms_print(const struct kallsyms_symbol *symbol, uint64_t address, char *buffer,
		      size_t room)
{
	uint64_t offset = address - symbol->address;
	int length = offset ? snprintf(buffer, room, "%s+0x%" PRIx64, symbol->name, offset)
			    : snprintf(buffer, room, "%s", symbol->name);

	return (size_t)length < room ? (size_t)length : room - 1;
}
