/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Doc blocks, line by line, to the texts of a probe or of its set. Lines of one key are joined by a
 * blank; a line without a key goes on with the one above.
 */
#include "probes/doc.h"

#include <string.h>

#include "base/alloc.h"

static const char *const key_names[DOC_KEY_COUNT] = {
	[DOC_KOREAN] = "ko",
	[DOC_USE] = "use",
	[DOC_COUNTER] = "counter",
};

/* The length of a key of small letters that a ':' and a blank follow; 0: the line has none. */
static size_t key_length(struct span line)
{
	const char *text = span_text(line);
	size_t length = 0;

	while (length < line.length && text[length] >= 'a' && text[length] <= 'z')
		length++;
	if (length == 0 || length == line.length || text[length] != ':')
		return 0;
	return length + 1 == line.length || is_blank(text[length + 1]) ? length : 0;
}

static enum doc_key find_key(struct span name)
{
	for (int key = DOC_KOREAN; key < DOC_KEY_COUNT; key++) {
		if (span_is(name, key_names[key]))
			return (enum doc_key)key;
	}
	return DOC_KEY_COUNT;
}

void doc_add(struct doc *doc, struct span line, struct report *report)
{
	struct span text = span_trim(line);
	size_t length = key_length(text);
	struct span name = span_part(text, 0, length);
	enum doc_key key = length ? find_key(name) : DOC_KEY_COUNT;

	if (!doc->is_there) {
		doc->is_there = true;
		doc->key = DOC_ENGLISH;
		mapped_copy(&doc->head, line, NULL);
	}
	if (key < DOC_KEY_COUNT) {
		doc->key = key;
		text = span_trim(span_rest(text, length + 1));
	} else if (length) {
		NK_FREE char *word = span_dup(name);

		report_warning(report, name, report_near(word, key_names + 1, DOC_KEY_COUNT - 1),
			       "'%s:' is not a key of the documentation: ko, use, counter", word);
	}
	if (text.length == 0)
		return;
	if (doc->texts[doc->key].length > 0)
		text_add(&doc->texts[doc->key], " ");
	text_add_bytes(&doc->texts[doc->key], span_text(text), text.length);
}

static char *steal(struct doc *doc, enum doc_key key)
{
	return doc->texts[key].length ? text_steal(&doc->texts[key]) : NULL;
}

void doc_give_probe(struct doc *doc, struct probe *probe)
{
	probe->doc = steal(doc, DOC_ENGLISH);
	probe->doc_ko = steal(doc, DOC_KOREAN);
	probe->use = steal(doc, DOC_USE);
	probe->counter = steal(doc, DOC_COUNTER);
	doc_clear(doc);
}

void doc_give_set(struct doc *doc, struct probe_set *set, struct report *report)
{
	struct span head = span_trim(span_all(&doc->head));

	if (!doc->is_there)
		return;
	if (set->doc || set->doc_ko) {
		report_warning(report, head, NULL,
			       "this documents nothing: the set is documented above");
	} else {
		if (doc->texts[DOC_USE].length || doc->texts[DOC_COUNTER].length)
			report_warning(
				report, head,
				xstrdup("take away the empty line where it is of the probe below"),
				"'use:' and 'counter:' are of a probe, not of the set");
		set->doc = steal(doc, DOC_ENGLISH);
		set->doc_ko = steal(doc, DOC_KOREAN);
	}
	doc_clear(doc);
}

void doc_clear(struct doc *doc)
{
	for (int key = 0; key < DOC_KEY_COUNT; key++)
		text_clear(&doc->texts[key]);
	mapped_clear(&doc->head);
	doc->is_there = false;
}
