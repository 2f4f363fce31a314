/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the reader asks of a decoder. Private to decode/.
 */
#ifndef NK_DECODE_EVENTS_H
#define NK_DECODE_EVENTS_H

#include "decode/comm.h"
#include "decode/decoder.h"
#include "decode/walk.h"

#define EVENT_NO_COMM UINT16_MAX

/* An event as records name it, by id. */
struct decoder_event {
	const struct event_plan *plan;
	enum event_half half; /* EVENT_WHOLE also for a half whose other half is not known */
	uint8_t data;	      /* which of record.data it fills */
	bool is_filtered; /* some entries were not kept: a return alone may be of one of those */
	uint32_t size;	  /* that a record has at least */
	uint32_t number;  /* below decoder_event_count() */
	uint16_t pid_offset;
	uint16_t flags_offset; /* 0: it has none */
	uint16_t comm_offset;  /* of the __data_loc word of _comm, or EVENT_NO_COMM */
};

/* Compiles what was added since; before the functions below. */
void decoder_prepare(struct decoder *decoder);

const struct decoder_event *decoder_event(const struct decoder *decoder, unsigned int id);
/* All of them, by id, for whoever asks once a record: plan is NULL where there is none. */
const struct decoder_event *decoder_events(const struct decoder *decoder, size_t *count);
size_t decoder_event_count(const struct decoder *decoder);
const struct walk_layout *decoder_layout(const struct decoder *decoder);
struct decode_context *decoder_context(struct decoder *decoder);
struct comms *decoder_comms(struct decoder *decoder);

/* Bytes that a copy of an entry record needs; 0: no event has two halves. */
size_t decoder_entry_bytes(const struct decoder *decoder);

#endif
