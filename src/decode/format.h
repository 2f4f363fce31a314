/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Event formats, events/SYSTEM/EVENT/format of tracefs, by libtraceevent: all of it is behind this
 * file. What comes out is checked: every fixed field lies within FORMAT_SIZE_MAX bytes.
 */
#ifndef NK_DECODE_FORMAT_H
#define NK_DECODE_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/diag.h"
#include "decode/guard.h"

#define FORMAT_SIZE_MAX 32768

struct raw_field {
	const char *name; /* borrowed from the formats, as all here */
	uint16_t offset, size;
	uint8_t element; /* bytes of one element of an array, 0 where that makes no sense */
	bool is_signed;
	bool is_string;
	bool is_array;
	bool is_dynamic;  /* at offset is a __data_loc word */
	bool is_relative; /* ... a __rel_data_loc word */
	bool is_hex;	  /* by its type or the event's print fmt */
};

struct raw_event {
	int id;
	const char *system, *name;
	bool is_kprobe; /* begins with __probe_ip or __probe_func */
	uint16_t pid_offset;
	uint16_t flags_offset;	  /* of a byte; 0: there is none */
	struct raw_field *fields; /* without common_*; owned */
	size_t field_count;
	size_t size; /* of a record at least */
};

struct formats;

struct formats *formats_new(unsigned int long_bytes, bool is_big_endian, int cpu_count);
void formats_free(struct formats *formats);

/*
 * With libtraceevent's plugins, which keep state of their own: once a process. Of which machine the
 * formats are is for formats_set_machine() to say, before they are added.
 */
struct formats *formats_new_with_plugins(void);
void formats_set_machine(struct formats *formats, unsigned int long_bytes, bool is_big_endian,
			 int cpu_count);

/* Where calls into libtraceevent are noted, before anything else: borrowed. */
void formats_set_guard(struct formats *formats, struct guard *guard);

/* Bytes of a sub-buffer's commit word, from events/header_page; fallback where that does not say.
 */
unsigned int formats_commit_bytes(struct formats *formats, const char *header_page, size_t size,
				  unsigned int fallback);

/* 0, or -EINVAL with a diag. raw_event_clear() of what comes out. */
int formats_add(struct formats *formats, const char *system, const char *text, size_t length,
		struct raw_event *event, struct diags *diags);
void raw_event_clear(struct raw_event *event);

/* libtraceevent's print of a record of event id; its length, or -1: it is not to be asked. */
long formats_print(struct formats *formats, int id, const void *data, size_t size, int cpu,
		   uint64_t ts, char *buffer, size_t room);

/* The name that a plugin of libtraceevent found for a task while it printed; NULL: none so far. */
const char *formats_find_comm(struct formats *formats, int pid);

/* Strings by address, lines of ADDRESS : "STRING". */
void formats_add_strings(struct formats *formats, const char *text);

/* Kernel symbols for that print's %pS and the like: find() sets *address to where the symbol
 * begins. */
void formats_set_symbols(struct formats *formats,
			 const char *(*find)(void *context, uint64_t *address), void *context);

#endif
