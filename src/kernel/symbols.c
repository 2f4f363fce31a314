/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * In: the text of kallsyms and of kprobes/blacklist, the names wanted. Out: for each of them what
 * functions this kernel has. One pass: a line costs a hash of its name up to the first dot, and no
 * memory unless the name is wanted. Functions are text symbols (tTwW); of a name's clones those
 * count that are the function as a whole, not a part that was split off.
 */
#include "kernel/symbols.h"

#include <stdint.h>
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"

#define CLONES_MAX 64 /* of a function; a kernel has a handful */

struct symbols {
	struct symbol *items;
	size_t count;
	size_t *table; /* index into items + 1, 0: empty; by hash of the name without its module */
	size_t table_size; /* a power of two */
	struct text lines;
};

/* One line of kallsyms, in place. */
struct line {
	const char *name, *module;
	size_t length, base_length, module_length;
};

static uint32_t hash(const char *name, size_t length)
{
	uint32_t value = 2166136261u; /* FNV-1a */

	for (size_t i = 0; i < length; i++)
		value = (value ^ (unsigned char)name[i]) * 16777619u;
	return value;
}

/* MODULE:SYMBOL without its module; a wanted name may be a clone's own, with dots. */
static const char *bare_name(const char *wanted)
{
	const char *colon = strchr(wanted, ':');

	return colon ? colon + 1 : wanted;
}

static size_t base_length(const char *name, size_t length)
{
	const char *dot = memchr(name, '.', length);

	return dot ? (size_t)(dot - name) : length;
}

static void table_add(struct symbols *symbols, size_t index)
{
	const char *name = bare_name(symbols->items[index].wanted);
	size_t mask = symbols->table_size - 1;
	size_t slot = hash(name, base_length(name, strlen(name))) & mask;

	while (symbols->table[slot])
		slot = (slot + 1) & mask;
	symbols->table[slot] = index + 1;
}

static bool is_digits(const char *text, size_t length)
{
	if (length == 0)
		return false;
	for (size_t i = 0; i < length; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
	}
	return true;
}

/* The compiler's suffixes for the whole of a function: GCC's clones, LLVM's and LTO's local names.
 */
static bool is_whole_clone(const char *suffix, size_t length)
{
	static const char *const kinds[] = { ".constprop.", ".isra.", ".llvm.", ".lto_priv." };

	while (length > 0) {
		size_t number = 0, end, i = 0;

		for (; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
			number = strlen(kinds[i]);
			if (length > number && memcmp(suffix, kinds[i], number) == 0)
				break;
		}
		if (i == sizeof(kinds) / sizeof(kinds[0]))
			return false;
		for (end = number; end < length && suffix[end] != '.';)
			end++;
		if (!is_digits(suffix + number, end - number))
			return false;
		suffix += end;
		length -= end;
	}
	return true;
}

static bool is_same(const char *text, const char *bytes, size_t length)
{
	return text && strlen(text) == length && memcmp(text, bytes, length) == 0;
}

static bool is_module_meant(const struct symbol *symbol, const struct line *line)
{
	const char *colon = strchr(symbol->wanted, ':');

	if (!colon)
		return true;
	return line->module_length == (size_t)(colon - symbol->wanted) &&
	       memcmp(line->module, symbol->wanted, line->module_length) == 0;
}

static void free_clones(struct symbol *symbol)
{
	for (size_t i = 0; i < symbol->clone_count; i++)
		free(symbol->clones[i].name);
	free(symbol->clones);
	symbol->clones = NULL;
	symbol->clone_count = 0;
}

/* As kprobe_events is to be given it: with its module where that was asked for. */
static char *given_name(const struct symbol *symbol, const struct line *line)
{
	const char *name = bare_name(symbol->wanted);

	return xasprintf("%.*s%.*s", (int)(name - symbol->wanted), symbol->wanted,
			 (int)line->length, line->name);
}

static bool count_line(struct symbol *symbol, const struct line *line)
{
	const char *wanted = bare_name(symbol->wanted);
	size_t wanted_length = strlen(wanted);
	struct symbol_clone *clone;

	if (line->length < wanted_length || memcmp(line->name, wanted, wanted_length) != 0 ||
	    !is_whole_clone(line->name + wanted_length, line->length - wanted_length) ||
	    !is_module_meant(symbol, line))
		return false;
	for (size_t i = 0; i < symbol->clone_count; i++) {
		if (is_same(bare_name(symbol->clones[i].name), line->name, line->length)) {
			symbol->clones[i].copies++;
			return true;
		}
	}
	if (symbol->clone_count == CLONES_MAX)
		return false;
	clone = array_add(&symbol->clones, &symbol->clone_count);
	clone->name = given_name(symbol, line);
	clone->copies = 1;
	clone->is_exact = line->length == wanted_length;
	if (line->module && !symbol->module)
		symbol->module = xstrndup(line->module, line->module_length);
	return true;
}

/* "ffffffff81000000 t name[\t[module]]"; false: not a function, or not such a line. */
static bool split_line(const char *text, size_t length, struct line *line)
{
	const char *space = memchr(text, ' ', length);
	const char *end = text + length;
	const char *tab;

	if (!space || end - space < 4 || space[2] != ' ' || !strchr("tTwW", space[1]))
		return false;
	*line = (struct line){ .name = space + 3 };
	tab = memchr(line->name, '\t', (size_t)(end - line->name));
	line->length = (size_t)((tab ? tab : end) - line->name);
	line->base_length = base_length(line->name, line->length);
	if (tab && end - tab > 3 && tab[1] == '[' && end[-1] == ']') {
		line->module = tab + 2;
		line->module_length = (size_t)(end - 1 - line->module);
	}
	return true;
}

static void read_line(struct symbols *symbols, const char *text, size_t length)
{
	size_t mask = symbols->table_size - 1;
	bool is_wanted = false;
	struct line line;

	if (!split_line(text, length, &line))
		return;
	for (size_t slot = hash(line.name, line.base_length) & mask; symbols->table[slot];
	     slot = (slot + 1) & mask)
		is_wanted |= count_line(&symbols->items[symbols->table[slot] - 1], &line);
	if (is_wanted)
		text_addf(&symbols->lines, "0 t %.*s\n", (int)(text + length - line.name),
			  line.name);
}

static void read_lines(struct symbols *symbols, const char *text)
{
	const char *end = text + strlen(text);

	while (text < end) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		size_t length = (size_t)((newline ? newline : end) - text);

		read_line(symbols, text, length);
		text += length + 1;
	}
}

/* "0xADDR-0xADDR\tname" */
static void read_blacklist(struct symbols *symbols, const char *text)
{
	size_t mask = symbols->table_size - 1;

	while (*text) {
		size_t length = strcspn(text, "\n");
		const char *tab = memchr(text, '\t', length);
		size_t name_length = tab ? (size_t)(text + length - (tab + 1)) : 0;
		size_t slot = hash(tab ? tab + 1 : "", tab ? base_length(tab + 1, name_length) : 0);

		for (slot &= mask; tab && symbols->table[slot]; slot = (slot + 1) & mask) {
			struct symbol *symbol = &symbols->items[symbols->table[slot] - 1];

			for (size_t i = 0; i < symbol->clone_count; i++) {
				if (is_same(bare_name(symbol->clones[i].name), tab + 1,
					    name_length))
					symbol->clones[i].is_blacklisted = true;
			}
		}
		text += length;
		text += *text == '\n';
	}
}

/* Those that can be probed come first, the function under its own name before its clones. */
static int compare_clones(const void *a, const void *b)
{
	const struct symbol_clone *left = a, *right = b;
	int bad_left = left->is_blacklisted || left->copies > 1;
	int bad_right = right->is_blacklisted || right->copies > 1;

	if (bad_left != bad_right)
		return bad_left - bad_right;
	if (left->is_exact != right->is_exact)
		return right->is_exact - left->is_exact;
	return strcmp(left->name, right->name);
}

struct symbols *symbols_read(const char *kallsyms, const char *blacklist, const char *const *wanted,
			     size_t count)
{
	struct symbols *symbols = xcalloc(1, sizeof(*symbols));

	for (symbols->table_size = 16; symbols->table_size < count * 2;)
		symbols->table_size *= 2;
	symbols->table = xcalloc(symbols->table_size, sizeof(*symbols->table));
	symbols->items = xcalloc(count ? count : 1, sizeof(*symbols->items));
	for (size_t i = 0; i < count; i++) {
		if (symbols_find(symbols, wanted[i]))
			continue;
		symbols->items[symbols->count].wanted = xstrdup(wanted[i]);
		table_add(symbols, symbols->count++);
	}
	read_lines(symbols, kallsyms);
	if (blacklist)
		read_blacklist(symbols, blacklist);
	for (size_t i = 0; i < symbols->count; i++) {
		if (symbols->items[i].clone_count > 1)
			qsort(symbols->items[i].clones, symbols->items[i].clone_count,
			      sizeof(struct symbol_clone), compare_clones);
	}
	return symbols;
}

const struct symbol *symbols_find(const struct symbols *symbols, const char *wanted)
{
	const char *name = bare_name(wanted);
	size_t mask = symbols->table_size - 1;
	size_t slot = hash(name, base_length(name, strlen(name))) & mask;

	for (; symbols->table[slot]; slot = (slot + 1) & mask) {
		const struct symbol *symbol = &symbols->items[symbols->table[slot] - 1];

		if (strcmp(symbol->wanted, wanted) == 0)
			return symbol;
	}
	return NULL;
}

const char *symbols_lines(const struct symbols *symbols)
{
	return symbols->lines.data ? symbols->lines.data : "";
}

void symbols_free(struct symbols *symbols)
{
	if (!symbols)
		return;
	for (size_t i = 0; i < symbols->count; i++) {
		free_clones(&symbols->items[i]);
		free(symbols->items[i].wanted);
		free(symbols->items[i].module);
	}
	text_clear(&symbols->lines);
	free(symbols->items);
	free(symbols->table);
	free(symbols);
}
