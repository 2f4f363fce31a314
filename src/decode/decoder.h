/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What reading a kernel's records needs to know: its event formats, compiled into a plan per event,
 * how they are to be shown, the names of its tasks and symbols. decode/reader.h reads pages by it.
 */
#ifndef NK_DECODE_DECODER_H
#define NK_DECODE_DECODER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/diag.h"
#include "decode/guard.h"
#include "decode/reader.h"
#include "decode/record.h"
#include "resolve/event.h"

struct decoder_options {
	const char *header_page; /* events/header_page */
	size_t header_page_size;
	unsigned int long_bytes; /* of the kernel that made the pages */
	bool is_big_endian;
	size_t page_size; /* of streams that do not say their own */
	int cpu_count;
	int64_t wall_offset_ns; /* as in struct output_options; for whoever passes this on */
	bool has_wall_clock;
	bool is_raw; /* text shows events by their fields, whoever made them */
	struct formats
		*plugins;    /* of decoder_load_plugins(), the decoder's from here on; or NULL */
	struct guard *guard; /* of a recording that anyone may have made; NULL: none */
};

struct decoder;

/*
 * Plugins of libtraceevent, where they are installed: events are then printed as trace-cmd does.
 * They keep state of their own: one decoder of a process may have them. Apart from the decoder,
 * since they are programs: they are loaded before anything of a recording is read.
 */
struct formats *decoder_load_plugins(void);
/* Of those that no decoder was given; NULL is fine. */
void decoder_unload_plugins(struct formats *plugins);

struct decoder *decoder_new(const struct decoder_options *options, struct diags *diags);
void decoder_free(struct decoder *decoder);

/*
 * An event's format text; desc (borrowed, must outlive the decoder) where nk knows how it is to be
 * shown, else NULL: then fields are shown by their format alone. 0 or -EINVAL with a diag.
 */
int decoder_add_event(struct decoder *decoder, const char *system, const char *format,
		      size_t length, const struct event_desc *desc, struct diags *diags);

/* Comms by pid, "PID NAME" lines as in saved_cmdlines; more may be added at any time. */
void decoder_add_comms(struct decoder *decoder, const char *saved_cmdlines);
/* Asked for the comm of a pid that is not known; NULL: not yet, it is asked again. */
void decoder_set_comm_source(struct decoder *decoder, const char *(*find)(void *context, int pid),
			     void *context);
/* A source: the names that libtraceevent's plugins have found in what they printed (sched_switch).
 */
void decoder_learn_comms(struct decoder *decoder);
/* kallsyms lines, for symbols; borrowed, and parsed only when a symbol is first printed. */
void decoder_set_kallsyms(struct decoder *decoder, const char *text, size_t length);

/* Lines of printk_formats in tracefs: strings by their addresses, which some events print by %s. */
void decoder_set_printk(struct decoder *decoder, const char *text);

/* The plan of an event, by index 0 ... count-1, for list and headers; NULL past the end. */
const struct event_plan *decoder_plan(struct decoder *decoder, size_t index);

/*
 * The field of an event's format that lies at an offset: half is an index of record.data. NULL:
 * there is none. And whether each record has its task's name from the kernel.
 */
struct raw_field;
const struct raw_field *decoder_raw_field(const struct decoder *decoder,
					  const struct event_plan *plan, unsigned int half,
					  unsigned int offset);
/* Whether any event of a plan has a field of that name in its format. */
bool decoder_has_raw_field(const struct decoder *decoder, const struct event_plan *plan,
			   const char *name);
bool decoder_fetches_comm(const struct decoder *decoder, const struct event_plan *plan);

#endif
