/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kallsyms text in, the symbol of an address out, as libtraceevent has it. Lines that are not
 * "ADDRESS TYPE NAME" are passed over, and so are data symbols' versions of address 0 that a kernel
 * shows to users without privileges, offsets of per-CPU variables (type A), and the marks of
 * assemblers ($a, $x).
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

	if (!type || !name || *type == 'A' || *type == 'a' || *name == '$')
		return;

	struct kallsyms_symbol *symbol = array_add(&kallsyms->symbols, &kallsyms->count);

	*symbol = (struct kallsyms_symbol){ address, name };
}

/* Of several at one address the last line goes first: whatever lies behind it is of the first line.
 */
static int compare(const void *a, const void *b)
{
	const struct kallsyms_symbol *left = a, *right = b;

	if (left->address != right->address)
		return left->address > right->address ? 1 : -1;
	return (left->name < right->name) - (left->name > right->name);
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

	/* In the steps of bsearch(3): they decide which of several at one address it is. */
	while (low < high) {
		size_t middle = (low + high) / 2;
		const struct kallsyms_symbol *symbol = &kallsyms->symbols[middle];
		uint64_t next = middle + 1 < kallsyms->count ? symbol[1].address : 0;

		if (address == symbol->address || (address > symbol->address && address < next))
			return symbol;
		if (address < symbol->address)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

size_t kallsyms_print(const struct kallsyms_symbol *symbol, uint64_t address, char *buffer,
		      size_t room)
{
	uint64_t offset = address - symbol->address;
	int length = offset ? snprintf(buffer, room, "%s+0x%" PRIx64, symbol->name, offset)
			    : snprintf(buffer, room, "%s", symbol->name);

	return (size_t)length < room ? (size_t)length : room - 1;
}
