/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Doc blocks: lines "## TEXT", "## ko: TEXT" and so on. Internal to probes/.
 */
#ifndef NK_PROBES_DOC_H
#define NK_PROBES_DOC_H

#include "base/text.h"
#include "probes/mapped.h"
#include "probes/probe.h"
#include "probes/report.h"

enum doc_key { DOC_ENGLISH, DOC_KOREAN, DOC_USE, DOC_COUNTER, DOC_KEY_COUNT };

/* The block above the line that is being read. */
struct doc {
	struct text texts[DOC_KEY_COUNT];
	enum doc_key key;   /* of the line above */
	struct mapped head; /* the block's first line, for messages */
	bool is_there;
};

void doc_add(struct doc *doc, struct span line, struct report *report);
/* The block is the probe's, the set's; it is empty then. */
void doc_give_probe(struct doc *doc, struct probe *probe);
void doc_give_set(struct doc *doc, struct probe_set *set, struct report *report);
/* The block belongs to what is not documented in the set. */
void doc_clear(struct doc *doc);

#endif
