/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * In: the text of error_log, and the line that was refused. Out: a diagnostic at the probe file's
 * line and column. The kernel logs a command word by word with one blank between
 * (__trace_probe_log_err() in kernel/trace/trace_probe.c), so that a caret is a word and an offset
 * in it, and the words of a line are known: head, function, arguments.
 */
#include "session/errorlog.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"

#define COMMAND_PREFIX "  Command: "
#define WORD_FUNCTION  1
#define WORD_ARGS      2

void errorlog_entry_clear(struct errorlog_entry *entry)
{
	free(entry->message);
	free(entry->command);
	*entry = (struct errorlog_entry){ 0 };
}

/* "[  116.344522] trace_kprobe: error: TEXT", "[ ... ] event filter parse error: error: TEXT" */
static const char *message_of(const char *line)
{
	static const char mark[] = "error: ";
	const char *found;

	while ((found = strstr(line, mark)))
		line = found + sizeof(mark) - 1;
	return line;
}

/* The caret's column where a line is nothing but blanks and a caret, else -1. */
static long caret_column(const char *line)
{
	size_t blanks = strspn(line, " ");

	return strcmp(line + blanks, "^") == 0 ? (long)blanks : -1;
}

/* Some kernels keep 256 bytes: the newline is cut too, and the caret's line hangs on. */
static void cut_caret(struct errorlog_entry *entry)
{
	size_t length = strlen(entry->command);

	entry->is_cut = true;
	if (length == 0 || entry->command[length - 1] != '^')
		return;
	do {
		entry->command[--length] = '\0';
	} while (length > 0 && entry->command[length - 1] == ' ');
}

static bool concerns(const struct errorlog_entry *entry, const char *command)
{
	const char *shown = entry->command;

	while (*shown) {
		while (*command == ' ' || *command == '\t')
			command++;
		while (*shown == ' ')
			shown++;
		while (*shown && *shown != ' ' && *shown == *command) {
			shown++;
			command++;
		}
		if (*shown && *shown != ' ')
			return false;
		if (*shown == ' ' && *command && !strchr(" \t", *command))
			return false;
	}
	return entry->is_cut || command[strspn(command, " \t")] == '\0';
}

static void read_caret(struct errorlog_entry *entry, char **cursor)
{
	char *look = *cursor;
	size_t length = strcspn(look, "\n");
	NK_FREE char *next = xstrndup(look, length);
	long column = caret_column(next);
	long indent = (long)strlen(COMMAND_PREFIX);

	if (column < indent) {
		cut_caret(entry);
		return;
	}
	entry->column = (size_t)(column - indent);
	/* A log that is not whole may have the caret of another command there. */
	if (entry->column > strlen(entry->command))
		entry->column = strlen(entry->command);
	*cursor = look[length] ? look + length + 1 : look + length;
}

int errorlog_find(const char *log, const char *command, struct errorlog_entry *out)
{
	NK_FREE char *copy = xstrdup(log);
	struct errorlog_entry found = { 0 };
	const char *message = "";
	char *cursor = copy;
	char *line;

	while ((line = text_next_line(&cursor))) {
		struct errorlog_entry entry = { 0 };

		if (!text_starts_with(line, COMMAND_PREFIX)) {
			message = message_of(line);
			continue;
		}
		entry.message = xstrdup(message);
		entry.command = xstrdup(line + strlen(COMMAND_PREFIX));
		read_caret(&entry, &cursor);
		if (concerns(&entry, command)) {
			errorlog_entry_clear(&found);
			found = entry;
		} else {
			errorlog_entry_clear(&entry);
		}
	}
	if (!found.command)
		return -ENOENT;
	*out = found;
	return 0;
}

/* The word that a column is in; *offset: the column in that word. */
static size_t word_at(const char *command, size_t column, size_t *offset)
{
	size_t word = 0;
	size_t start = 0;

	for (size_t i = 0; i < column && command[i]; i++) {
		if (command[i] == ' ') {
			word++;
			start = i + 1;
		}
	}
	*offset = column - start;
	return word;
}

static char *word_copy(const char *command, size_t word)
{
	for (; word > 0 && *command; command++)
		word -= *command == ' ';
	return xstrndup(command, strcspn(command, " "));
}

/* What of the probe file the word of the line comes from. */
static struct probe_place place_of(const struct probe *probe, const struct event_line *line,
				   size_t word)
{
	if (line->func && word == WORD_FUNCTION)
		return line->func->place;
	if (word >= WORD_ARGS && word - WORD_ARGS < line->origin_count &&
	    line->origins[word - WORD_ARGS])
		return line->origins[word - WORD_ARGS]->place;
	return line->func ? line->func->place : probe->place;
}

/* Where the probe file has the kernel's very word, the caret can be taken over to the byte. */
static void refine(struct probe_place *place, const char *kernel_word, size_t offset)
{
	const char *found;

	if (!place->source || !*kernel_word || place->column < 1 ||
	    (size_t)place->column - 1 > strlen(place->source))
		return;
	found = strstr(place->source + place->column - 1, kernel_word);
	if (!found || offset > strlen(kernel_word))
		return;
	place->column = (int)(found - place->source) + 1 + (int)offset;
	place->width = (int)(strcspn(found, " \t") - offset);
}

static void set_place(struct diag *diag, const struct probe_place *place)
{
	if (!place->file)
		return;
	diag->file = xstrdup(place->file);
	diag->line = place->line;
	diag->column = place->column;
	diag->width = place->width;
	diag->source = place->source ? xstrdup(place->source) : NULL;
}

void errorlog_report(struct diags *diags, enum diag_level level, const char *log,
		     const struct probe *probe, const struct event_line *line, int err)
{
	struct errorlog_entry entry = { 0 };
	struct probe_place place = place_of(probe, line, WORD_FUNCTION);
	const char *why = strerror(-err);
	struct diag *diag;

	if (log && errorlog_find(log, line->text, &entry) == 0) {
		why = entry.message;
		if (!entry.is_cut) {
			size_t offset;
			size_t word = word_at(entry.command, entry.column, &offset);
			NK_FREE char *text = word_copy(entry.command, word);

			place = place_of(probe, line, word);
			refine(&place, text, offset);
		}
	}
	diag = diag_add(diags, level);
	/* A line given verbatim may have an address instead. */
	diag->text = xasprintf("the kernel refuses %s%s%s: %s", probe->name,
			       line->symbol ? " on " : "", line->symbol ? line->symbol : "", why);
	diag->hint = xasprintf("it was given: %s", line->text);
	set_place(diag, &place);
	errorlog_entry_clear(&entry);
}
