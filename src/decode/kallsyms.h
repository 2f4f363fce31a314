/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Kernel addresses to symbols, from text as in /proc/kallsyms. The text is parsed when the first
 * symbol is asked for: most recordings print none.
 */
#ifndef NK_DECODE_KALLSYMS_H
#define NK_DECODE_KALLSYMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kallsyms_symbol {
	uint64_t address;
	const char *name; /* in text */
};

struct kallsyms {
	const char *source; /* borrowed */
	size_t source_length;
	char *text; /* a copy, owned, made when it is parsed */
	bool is_parsed;
	struct kallsyms_symbol *symbols; /* ascending; of one address, the later line first */
	size_t count;
};

/* text is borrowed until kallsyms_clear(). */
void kallsyms_set(struct kallsyms *kallsyms, const char *text, size_t length);
void kallsyms_clear(struct kallsyms *kallsyms);

/* The symbol that an address lies in or behind; NULL where there is none. Where the last one ends
 * nobody knows: it is one of its first byte only. */
const struct kallsyms_symbol *kallsyms_find(struct kallsyms *kallsyms, uint64_t address);

/* "name+0x1c", or "name" for its first byte, NUL-terminated and cut where there is no room; its
 * length. */
size_t kallsyms_print(const struct kallsyms_symbol *symbol, uint64_t address, char *buffer,
		      size_t room);

#endif
