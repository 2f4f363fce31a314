/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Text to probe sets, per nk-probes(5). Pure: no tracefs, no /proc.
 */
#ifndef NK_PROBES_PARSE_H
#define NK_PROBES_PARSE_H

#include "base/diag.h"
#include "probes/probe.h"

/*
 * Parses a whole probe file. name is the set's, path is what messages show. Every mistake found is
 * added to diags; returns 0, or -EINVAL where there was at least one error (then *out is unset).
 */
int probe_parse(const char *name, const char *path, const char *text, struct probe_set **out,
		struct diags *diags);

/* As probe_parse_file(), of a file that was read already. */
int probe_parse_bytes(const char *path, const char *text, size_t length, struct probe_set **out,
		      struct diags *diags);

/* Reads and parses PATH; the set's name is its file name without ".probes". 0 or -errno. */
int probe_parse_file(const char *path, struct probe_set **out, struct diags *diags);

#endif
