/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Members of a packet window as expressions of print fmt over the window's bytes.
 */
#ifndef NK_DATFILE_PRINTPKT_H
#define NK_DATFILE_PRINTPKT_H

#include <stdbool.h>
#include <stddef.h>

#include "datfile/printexpr.h"
#include "datfile/printout.h"
#include "probes/type.h"

/* Which window, and what the event has of the sk_buff; see resolve/event.h. */
struct printpkt {
	const char *field;     /* its name: an array of bytes */
	const char *ethertype; /* name of the field that says what it is; NULL: none does */
	size_t bytes;
	long before;
	bool has_data, has_head, has_nh, has_tail;
	bool is_tail_pointer; /* else an offset from head */
};

/* Whether a member is there. family: of addresses, AF_INET or AF_INET6; else 0. */
struct expr printpkt_condition(const struct printpkt *packet, enum packet_member member,
			       int family);
/* Shows it under a name where the condition holds. */
void printpkt_add(const struct printpkt *packet, enum packet_member member, int family,
		  const char *name, const char *condition, struct printout *out);

#endif
