/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names with a meaning, beside '_' for hidden: "_comm" is the task's name. "_head", "_data", "_nh"
 * and "_tail" are the sk_buff's head, data, network_header and tail, for packet windows of the same
 * event: the network header is at head + nh (without _nh: at data), and bytes from head + tail on
 * (64-bit; a pointer on 32-bit) are not the packet's linear data and mean nothing. A field of type
 * ethertype in the same event says whether the window has a packet of IP at all.
 *
 * A field name that both halves of a call have is shown once: the return's value where it means
 * something, else the entry's.
 *
 * An event description: how the raw fields of one trace event are to be shown. It is made by
 * resolve.c from a probe, kept as text in the trace.dat, and read back at replay: live and
 * replayed records are decoded from the same description.
 */
#ifndef NK_RESOLVE_EVENT_H
#define NK_RESOLVE_EVENT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/diag.h"
#include "base/text.h"
#include "probes/probe.h"

/* A fetch-arg has at most 63 characters, and a dereference, "+0()", at least four. */
#define EVENT_GUARDS_MAX 16

/* What an event is to its probe: all of it, or one half of a joined call. */
enum event_half { EVENT_WHOLE, EVENT_ENTRY, EVENT_RETURN };

/*
 * What a field that another rests on has to be, that the other means something.
 *
 * GUARD_POINTER: the pointer that it was read through: not NULL, no error pointer.
 * GUARD_RESULT (of type errno or ssize): the call did not fail (>= 0). In a return half, what is
 * read through memory that the call was to fill ($argN there) has it.
 * GUARD_FAMILY (of type family): AF_INET or AF_INET6; of a field NAME4 or NAME6 with an address,
 * the one that it is of. What is read through the same pointer as a hidden family has it: a port
 * behind a struct sockaddr's family, say. GUARD_ZERO (named "_unfilled"): 0. In a return half: what
 * else the call was to fill has it.
 */
enum event_guard { GUARD_POINTER, GUARD_RESULT, GUARD_FAMILY, GUARD_ZERO };

#define EVENT_UNFILLED "_unfilled"

struct event_field {
	char *name; /* of the fetch-arg; hidden from the reader where it begins with '_' */
	/* Of the whole value; type.kernel is what this fetch-arg was given as. */
	struct probe_type type;
	/*
	 * 0: the value is in this one fetch-arg. N: this kernel has no arrays, and the value's N
	 * elements are in the fetch-args NAME, NAME__1 ... NAME__<N-1>, in this order, all of
	 * type.kernel.
	 */
	unsigned int parts;
	/* Fields of the same event that this one rests on: see enum event_guard. */
	char *guards[EVENT_GUARDS_MAX];
	size_t guard_count;
	/*
	 * Name of the field that this one stands in for where that, and all before this one that do
	 * the same, are absent (|=). Its own name is that with "__or" or "__orN".
	 */
	char *instead_of;
	int before; /* packet windows: bytes of the window before the pointer it hangs on */
};

struct event_desc {
	char *group; /* in tracefs */
	char *name;  /* in tracefs */
	char *probe; /* what the reader is shown: the probe's name */
	char *set;
	enum event_half half;
	char *pair;	  /* name of the other half's event, same group; NULL for EVENT_WHOLE */
	bool is_filtered; /* a filter drops some entries: a half that remains alone is no loss */
	struct event_field *fields; /* in the order of the record */
	size_t field_count;
	struct probe_enum *enums; /* those that the fields name; owned */
	size_t enum_count;
};

/* What the field of this name is as a guard. */
enum event_guard event_guard(const struct event_desc *desc, const char *name);
/* Of these widths, in bytes, alone is a guard one. */
bool event_guard_has_size(enum event_guard guard, size_t bytes);
/* The family that a field rests on; NULL: it is the first of the event, where there is one. */
const char *event_own_family(const struct event_desc *desc, const struct event_field *field);

void event_desc_clear(struct event_desc *desc);
void event_descs_free(struct event_desc *descs, size_t count);

/*
 * Text form: a line "event", then its lines "field" and "enum", each of words KEY=VALUE; in values
 * blanks, control characters, '=' and '%' are %XX. Stable, so that old recordings are read: keys
 * that are not known are skipped, and a display type that is not known is shown as its kernel type.
 */
void event_desc_write(const struct event_desc *desc, struct text *out);
/* Lines that it does not know are skipped (newer files). 0 or -EINVAL with a diag. */
int event_descs_read(const char *text, struct event_desc **descs, size_t *count,
		     struct diags *diags);

#endif
