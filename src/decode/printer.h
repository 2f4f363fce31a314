/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An event's print fmt, as libtraceevent has parsed it, compiled into pieces that are written one
 * after the other. What is not known to come out as libtraceevent would write it is not compiled.
 * Private to decode/.
 */
#ifndef NK_DECODE_PRINTER_H
#define NK_DECODE_PRINTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tep_event;
struct printer;

/* What reading a record needs to know beside its bytes. */
struct printer_world {
	bool is_swapped; /* the record is not in the byte order of this machine */
	/* A kernel symbol; *address: where it begins. NULL: none. */
	const char *(*find_symbol)(void *context, uint64_t *address);
	void *context;
};

/* NULL: it is left to libtraceevent. */
struct printer *printer_new(const struct tep_event *event);
void printer_free(struct printer *printer);

/* NUL-terminated; its length, or -1: there is no room, or the library is to print this one. */
long printer_run(const struct printer *printer, const struct printer_world *world,
		 const unsigned char *data, size_t size, char *buffer, size_t room);

#endif
