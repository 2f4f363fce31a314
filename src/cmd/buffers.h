/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * -B NAME=SET[,SET...][:KB] as session.h wants it.
 */
#ifndef NK_CMD_BUFFERS_H
#define NK_CMD_BUFFERS_H

#include "base/diag.h"
#include "cmd/options.h"
#include "cmd/setup.h"
#include "session/session.h"

struct buffers {
	struct session_buffer *items;
	size_t count;
	char **texts; /* what the items point into */
	size_t text_count;
};

/* -EINVAL with a diag: not such text, or a set that is not traced, or twice. */
int buffers_parse(const struct options *options, const struct setup *setup, struct buffers *out,
		  struct diags *diags);
void buffers_clear(struct buffers *buffers);

#endif
