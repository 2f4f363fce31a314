/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lines of kprobe_events in and out. In: what the kernel shows there, and event definitions. Out:
 * how the two relate, and writes. Always opened with O_APPEND: a truncating open would delete
 * everybody's probes.
 */
#include "session/definitions.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/text.h"

#define FILE_NAME     "kprobe_events"
#define DEFAULT_GROUP "kprobes"
#define SPARE_ROUNDS  8

/* The kernel shows SYM+0x10 as SYM+16, and SYM+0 as SYM. */
static void add_function(struct text *body, const char *word)
{
	const char *plus = strchr(word, '+');
	char *end;

	if (plus && plus != word) {
		unsigned long offset = strtoul(plus + 1, &end, 0);

		if (end != plus + 1 && *end == '\0') {
			text_add_bytes(body, word, (size_t)(plus - word));
			if (offset)
				text_addf(body, "+%lu", offset);
			return;
		}
	}
	text_add(body, word);
}

/* NAME= stands before an argument where the first '=' is one of a name's end. */
static bool has_name(const char *word)
{
	size_t length = 0;

	while (isalnum((unsigned char)word[length]) || word[length] == '_')
		length++;
	return length > 0 && word[length] == '=';
}

/* "p:nk/x", "r16:nk/x", "p:nk.x", "p:x": the kind with its maxactive, and GROUP/EVENT. */
static bool parse_head(const char *word, struct text *body, char **event)
{
	const char *colon = strchr(word, ':');

	if (!strchr("pr", word[0]) || !colon || colon[1] == '\0')
		return false;
	for (const char *c = word + 1; c < colon; c++)
		if (!isdigit((unsigned char)*c))
			return false;
	text_add_bytes(body, word, (size_t)(colon - word));
	if (strpbrk(colon + 1, "/."))
		*event = xstrdup(colon + 1);
	else
		*event = xasprintf(DEFAULT_GROUP "/%s", colon + 1);
	if (!strchr(*event, '/'))
		*strchr(*event, '.') = '/';
	return true;
}

static bool parse_line(char *line, struct definition *out)
{
	struct text body = { 0 };
	char *cursor = line;
	char *word = text_next_word(&cursor);
	char *event = NULL;
	int number = 0;

	if (!word || !parse_head(word, &body, &event))
		goto skip;
	word = text_next_word(&cursor);
	if (!word)
		goto skip;
	text_add(&body, " ");
	add_function(&body, word);
	while ((word = text_next_word(&cursor))) {
		number++;
		if (has_name(word))
			text_addf(&body, " %s", word);
		else
			text_addf(&body, " arg%d=%s", number, word);
	}
	*out = (struct definition){ event, text_steal(&body) };
	return true;
skip:
	free(event);
	text_clear(&body);
	return false;
}

void definitions_parse(const char *text, struct definitions *out)
{
	NK_FREE char *copy = xstrdup(text);
	char *cursor = copy;
	char *line;

	*out = (struct definitions){ 0 };
	while ((line = text_next_line(&cursor))) {
		struct definition definition;

		if (parse_line(line, &definition))
			*array_add(&out->items, &out->count) = definition;
	}
}

int definitions_read(int tracefs_fd, struct definitions *out)
{
	NK_FREE char *text = NULL;
	int err = file_read(tracefs_fd, FILE_NAME, &text, NULL);

	if (err)
		return err;
	definitions_parse(text, out);
	return 0;
}

void definitions_clear(struct definitions *definitions)
{
	for (size_t i = 0; i < definitions->count; i++) {
		free(definitions->items[i].event);
		free(definitions->items[i].body);
	}
	free(definitions->items);
	*definitions = (struct definitions){ 0 };
}

size_t definitions_count(const struct definitions *definitions, const char *event)
{
	size_t count = 0;

	for (size_t i = 0; i < definitions->count; i++)
		count += strcmp(definitions->items[i].event, event) == 0;
	return count;
}

/* What follows "$arg" and its digits in a word "argN=$argN:x64", NULL where it is no such word. */
static const char *behind_argument(const char *word)
{
	static const char source[] = "$arg";
	const char *equals = memchr(word, '=', strcspn(word, " "));

	if (!text_starts_with(word, "arg") || !equals || !text_starts_with(equals + 1, source))
		return NULL;
	return equals + sizeof(source) + strspn(equals + sizeof(source), "0123456789");
}

/* "skb=skb:x64": kernels with BTF give a nameless $argN the parameter's own name, as name and as
 * source. */
static bool is_parameter(const char *shown, const char *wanted)
{
	const char *rest = behind_argument(wanted);
	const char *equals = memchr(shown, '=', strcspn(shown, " "));
	size_t name = equals ? (size_t)(equals - shown) : 0;
	size_t length = rest ? strcspn(rest, " ") : 0;

	return rest && equals && strncmp(equals + 1, shown, name) == 0 &&
	       strncmp(equals + 1 + name, rest, length) == 0 &&
	       strcspn(equals, " ") == 1 + name + length;
}

/* Kernels of v4.12 and some time after take the number of "r512" and do not show it. */
static bool is_return_without_number(const char *shown, const char *wanted)
{
	return text_starts_with(shown, "r ") && wanted[0] == 'r' &&
	       wanted[1 + strspn(wanted + 1, "0123456789")] == ' ';
}

/* Whether the kernel shows a wanted body like this. */
static bool same_body(const char *shown, const char *wanted)
{
	if (is_return_without_number(shown, wanted)) {
		shown += 1;
		wanted += strcspn(wanted, " ");
	}
	while (*shown && *wanted) {
		size_t length = strcspn(shown, " ");
		bool same = length == strcspn(wanted, " ") && strncmp(shown, wanted, length) == 0;

		if (!same && !is_parameter(shown, wanted))
			return false;
		shown += length + (shown[length] == ' ');
		wanted += strcspn(wanted, " ");
		wanted += *wanted == ' ';
	}
	return *shown == *wanted;
}

static bool has_body(const struct definitions *wanted, const struct definition *shown)
{
	for (size_t i = 0; i < wanted->count; i++)
		if (strcmp(wanted->items[i].event, shown->event) == 0 &&
		    same_body(shown->body, wanted->items[i].body))
			return true;
	return false;
}

char *definitions_show(const struct definitions *definitions, const char *event)
{
	struct text text = { 0 };

	for (size_t i = 0; i < definitions->count; i++) {
		if (strcmp(definitions->items[i].event, event) != 0)
			continue;
		text_addf(&text, "%s%s", text.data ? " & " : "", definitions->items[i].body);
	}
	return text_steal(&text);
}

char *definitions_event_name(const struct event_desc *desc)
{
	return xasprintf("%s/%s", desc->group, desc->name);
}

/* What the lines of an event would be in kprobe_events. */
static void parse_wanted(const struct event_def *wanted, struct definitions *out)
{
	struct text text = { 0 };

	for (size_t i = 0; i < wanted->line_count; i++)
		text_addf(&text, "%s\n", wanted->lines[i].text);
	definitions_parse(text.data ? text.data : "", out);
	text_clear(&text);
}

enum definitions_relation definitions_compare(const struct definitions *there,
					      const struct event_def *wanted)
{
	NK_FREE char *event = definitions_event_name(&wanted->desc);
	size_t count = definitions_count(there, event);
	enum definitions_relation relation = DEFINITIONS_SAME;
	struct definitions want;

	if (count == 0)
		return DEFINITIONS_NONE;
	parse_wanted(wanted, &want);
	for (size_t i = 0; i < there->count; i++) {
		const struct definition *item = &there->items[i];

		if (strcmp(item->event, event) == 0 && !has_body(&want, item))
			relation = DEFINITIONS_OTHER;
	}
	if (relation == DEFINITIONS_SAME && count < want.count)
		relation = DEFINITIONS_PART;
	definitions_clear(&want);
	return relation;
}

static int write_line(int tracefs_fd, const struct definition_line *line)
{
	NK_FREE char *text = xasprintf("%s\n", line->text);

	return file_write(tracefs_fd, FILE_NAME, text, 1);
}

/* One by one: of several in a write, the kernel does not say which it has refused. */
int definitions_write(int tracefs_fd, const struct definition_line *lines, size_t count,
		      size_t *refused)
{
	struct definitions there = { 0 };
	int err = definitions_read(tracefs_fd, &there);
	size_t written = 0;

	*refused = count;
	if (err)
		return err;
	while (!err && written < count) {
		const struct definition_line *line = &lines[written];
		bool is_first = written == 0 || strcmp(line[-1].event, line->event) != 0;

		/* The kernel would put it beside what is there, or in its place. */
		err = is_first && definitions_count(&there, line->event) > 0
			      ? -EEXIST
			      : write_line(tracefs_fd, line);
		written += !err;
	}
	*refused = written;
	definitions_clear(&there);
	return err;
}

/*
 * Deletion stops at the first event that is busy or gone, too. left[] is put in order: what is
 * still there stays, and *count tells how many that are.
 */
static int keep_present(int tracefs_fd, const char *const *events, size_t *left, size_t *count)
{
	struct definitions there;
	size_t kept = 0;
	int err = definitions_read(tracefs_fd, &there);

	if (err)
		return err;
	for (size_t i = 0; i < *count; i++)
		if (definitions_count(&there, events[left[i]]) > 0)
			left[kept++] = left[i];
	*count = kept;
	definitions_clear(&there);
	return 0;
}

static int write_deletions(int tracefs_fd, const char *const *events, const size_t *left,
			   size_t count)
{
	struct text text = { 0 };

	for (size_t i = 0; i < count; i++)
		text_addf(&text, "-:%s\n", events[left[i]]);

	int err = file_write(tracefs_fd, FILE_NAME, text.data, 1);
	text_clear(&text);
	return err;
}

/* directory: of an instance, or "." */
static bool is_enabled_in(int tracefs_fd, const char *directory, const char *event)
{
	NK_FREE char *path = xasprintf("%s/events/%s/enable", directory, event);
	NK_FREE char *text = NULL;

	return file_read(tracefs_fd, path, &text, NULL) == 0 && strcmp(text, "0\n") != 0;
}

/* By anyone but perf(1), of which tracefs tells nothing. */
static bool is_enabled(int tracefs_fd, const char *event)
{
	bool is_found = is_enabled_in(tracefs_fd, ".", event);
	const struct dirent *entry;
	DIR *instances;

	if (is_found || file_open_dir(tracefs_fd, "instances", &instances) != 0)
		return is_found;
	while (!is_found && file_next_entry(instances, &entry) == 0 && entry) {
		NK_FREE char *directory = xasprintf("instances/%s", entry->d_name);

		is_found = entry->d_name[0] != '.' && is_enabled_in(tracefs_fd, directory, event);
	}
	closedir(instances);
	return is_found;
}

/*
 * The kernel refuses to delete what is enabled, but asks only when it comes to the last function of
 * an event: the others are gone then. Those that are enabled are marked and left out.
 */
static int leave_enabled(int tracefs_fd, const char *const *events, size_t *left, size_t *count,
			 bool *busy)
{
	struct definitions there;
	size_t kept = 0;
	int err = definitions_read(tracefs_fd, &there);

	if (err)
		return err;
	for (size_t i = 0; i < *count; i++) {
		const char *event = events[left[i]];

		busy[left[i]] =
			definitions_count(&there, event) > 1 && is_enabled(tracefs_fd, event);
		if (!busy[left[i]])
			left[kept++] = left[i];
	}
	definitions_clear(&there);
	err = kept < *count ? -EBUSY : 0;
	*count = kept;
	return err;
}

int definitions_delete(int tracefs_fd, const char *const *events, size_t count, bool *busy)
{
	NK_FREE size_t *left = xcalloc(count, sizeof(*left));
	size_t left_count = count;
	int result;

	for (size_t i = 0; i < count; i++) {
		left[i] = i;
		busy[i] = false;
	}
	result = leave_enabled(tracefs_fd, events, left, &left_count, busy);
	if (result && result != -EBUSY)
		return result;
	/* Each round but a few settles one event at least. */
	for (size_t round = 0; round < count + SPARE_ROUNDS; round++) {
		int err = keep_present(tracefs_fd, events, left, &left_count);

		if (err)
			return err;
		if (left_count == 0)
			return result;
		err = write_deletions(tracefs_fd, events, left, left_count);
		if (err == 0)
			return result;
		/* Gone between the read and the write: somebody else deleted it. Look again. */
		if (err == -ENOENT)
			continue;
		err = err == -EBUSY ? keep_present(tracefs_fd, events, left, &left_count) : err;
		if (err || left_count == 0)
			return err ? err : result;
		busy[left[0]] = true;
		result = -EBUSY;
		memmove(left, left + 1, --left_count * sizeof(*left));
	}
	return -EAGAIN;
}
