/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One raw field as its display type wants it.
 */
#ifndef NK_DATFILE_PRINTFIELD_H
#define NK_DATFILE_PRINTFIELD_H

#include <stdbool.h>
#include <stddef.h>

#include "datfile/printout.h"
#include "resolve/event.h"

struct printfield {
	const char *raw;	/* its name in the format */
	size_t bytes;		/* of all of it */
	bool is_dynamic;	/* __data_loc */
	const char *raw_family; /* the event's field of type family; NULL: it has none */
	const struct event_field *field;
	const struct event_desc *desc;
};

/* Shown under a name where the condition (text of an expression; NULL: always) holds. */
void printfield_add(const struct printfield *field, const char *name, const char *condition,
		    struct printout *out);

#endif
