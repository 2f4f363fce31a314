/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A record: one decoded event, as borrowed raw bytes and the plan that says what they mean. Output reads
 * the fields straight out of the bytes: nothing is copied or allocated in between.
 */
#ifndef NK_DECODE_RECORD_H
#define NK_DECODE_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "probes/type.h"

enum record_kind {
	RECORD_EVENT,
	RECORD_LOST, /* events were lost here on this CPU: lost */
};

struct record {
	enum record_kind kind;
	uint64_t ts;        /* ns of the trace clock; of a joined call: when it returned */
	uint64_t entry_ts;  /* of a joined call: when it was entered; else 0 */
	uint64_t lost;      /* RECORD_LOST: how many; 0: unknown */
	int cpu;
	int instance;
	int pid;
	const char *comm;
	const struct event_plan *plan;
	const unsigned char *data[2]; /* [0]: whole or entry, [1]: return; NULL where there is none */
	uint32_t size[2];
};

/* One field as the reader sees it: of one raw field, or of several that are shown as one. */
enum plan_field_kind {
	PLAN_NUMBER,   /* display of an integer of 1, 2, 4, 8 bytes */
	PLAN_ARRAY,    /* several of those */
	PLAN_BYTES,    /* IP6, MAC: fixed bytes in memory order */
	PLAN_STRING,   /* __data_loc: u32 of offset and length */
	PLAN_FIXED_STRING,
	PLAN_ADDRESS,  /* ip4 and ip6 raw fields shown as one, chosen by the family field */
	PLAN_PACKET,   /* a member of a packet window */
	PLAN_DURATION, /* dur: from entry to return */
	PLAN_TEXT,     /* a foreign event: libtraceevent's own print of it */
};

struct plan_guard {
	uint8_t half;
	uint8_t bytes; /* of the pointer */
	uint16_t offset;
};

struct plan_field {
	const char *name;
	enum plan_field_kind kind;
	enum probe_display display;
	uint8_t half;          /* index into record.data */
	bool is_signed;
	uint8_t bytes;         /* of one element */
	uint16_t offset;       /* of the raw field; ADDRESS: of the ip4 one */
	uint16_t count;        /* elements, 1 for a plain number; of the window for PACKET */
	uint16_t offset6;      /* ADDRESS: of the ip6 one */
	uint16_t family_offset;/* ADDRESS, and PROTO (which is named by family): of the family field */
	bool has_family;
	uint8_t member;        /* PACKET: enum packet_member */
	uint8_t bit_offset, bit_width; /* bit_width 0: not a bit-field */
	uint8_t guard_count;
	struct plan_guard guards[4];
	const struct probe_enum *names; /* DISPLAY_ENUM */
	const struct plan_field *instead; /* shown where this one is absent; NULL: none */
	/* PACKET: where head, nh and data are in the event; has_position false: window starts at it */
	bool has_position;
	uint16_t head_offset, nh_offset, data_offset, tail_offset; /* see resolve/event.h */
	int16_t before;        /* bytes of the window before data */
};

struct event_plan {
	const char *system; /* group in tracefs */
	const char *name;   /* as the reader sees it: the probe's name */
	const char *set;    /* NULL: not of nk */
	int id;             /* of the whole or entry event */
	const struct plan_field *fields;
	size_t field_count;
	const void *foreign; /* PLAN_TEXT: private to decode/ */
	struct decoder *decoder;
	/* Endpoint pairs, indices into fields or -1: laddr/saddr, lport/sport, raddr/daddr, rport/dport */
	int16_t endpoints[4];
};

/* A field's value as C data. */
enum value_kind { VALUE_ABSENT, VALUE_UNSIGNED, VALUE_SIGNED, VALUE_BYTES, VALUE_STRING };

struct value {
	enum value_kind kind;
	enum probe_display display; /* IP4 or IP6 for an ADDRESS; what output shows it by */
	uint64_t number;            /* host order; SIGNED: as int64_t */
	const unsigned char *bytes; /* BYTES (network or memory order), STRING (not NUL-terminated) */
	uint32_t length;
	const struct probe_enum *names;
};

/*
 * Field number i of a record, or VALUE_ABSENT where what was read means nothing: through a NULL or error
 * pointer, a wrong family, a window too short, a half that is missing. element: of an ARRAY.
 */
void record_value(const struct record *record, const struct plan_field *field, size_t element,
		  struct value *value);

/* A foreign event (PLAN_TEXT): libtraceevent's print of it, NUL-terminated; its length. */
size_t record_foreign_text(const struct record *record, char *buffer, size_t room);

#endif
