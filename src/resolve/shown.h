/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the reader sees of an event's raw fields, by name: laddr4 and laddr6 are one laddr, a packet
 * window is its members, names that begin with '_' are hidden.
 */
#ifndef NK_RESOLVE_SHOWN_H
#define NK_RESOLVE_SHOWN_H

#include "base/text.h"
#include "resolve/event.h"

/*
 * The address that a raw ip4 or ip6 field is one part of: "laddr" of laddr4, where the event has a
 * field of type family. malloc'ed, or NULL where the field stands for itself.
 */
char *shown_address_name(const struct event_desc *desc, const struct event_field *field);

/* Adds the names of a description's fields as the reader sees them, each once, by blanks apart. */
void shown_names(const struct event_desc *desc, struct text *names);

#endif
