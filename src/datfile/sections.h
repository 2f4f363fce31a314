/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The metadata that v6 has in a fixed order and v7 in sections; their bodies are the same.
 */
#ifndef NK_DATFILE_SECTIONS_H
#define NK_DATFILE_SECTIONS_H

#include "datfile/cursor.h"
#include "datfile/meta.h"

/*
 * Each reads one body from the cursor into meta; one that ends early leaves cursor->has_failed set
 * and in meta what was whole.
 */
void section_header_info(struct cursor *cursor, struct dat_meta *meta);
void section_ftrace_events(struct cursor *cursor, struct dat_meta *meta);
void section_event_formats(struct cursor *cursor, struct dat_meta *meta);
void section_kallsyms(struct cursor *cursor, struct dat_meta *meta);
void section_printk(struct cursor *cursor, struct dat_meta *meta);
void section_cmdlines(struct cursor *cursor, struct dat_meta *meta);

#endif
