/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A record: one decoded event, as borrowed raw bytes and the plan that says what they mean. Output
 * reads the fields straight out of the bytes: nothing is copied or allocated in between.
 */
#ifndef NK_DECODE_RECORD_H
#define NK_DECODE_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "decode/packet.h"
#include "resolve/event.h"

/*
 * By what names a record is asked for what it has beside its fields: keys, columns, words of a
 * filter. A field of such a name is called field_NAME.
 */
enum record_word {
	RECORD_TIME,
	RECORD_TS,
	RECORD_CPU,
	RECORD_PID,
	RECORD_COMM,
	RECORD_EVENT_NAME,
	RECORD_SET,
	RECORD_LOST_COUNT,
	RECORD_WORDS,
};
extern const char *const record_words[RECORD_WORDS];

enum record_kind {
	RECORD_EVENT,
	RECORD_LOST, /* events were lost here on this CPU: lost */
};

struct record {
	enum record_kind kind;
	uint64_t ts;	   /* ns of the trace clock; of a joined call: when it returned */
	uint64_t entry_ts; /* of a joined call: when it was entered; else 0 */
	uint64_t lost;	   /* RECORD_LOST: how many; 0: unknown */
	int cpu;
	int instance;
	int pid;
	bool is_lasting; /* comm and data stay as long as the source and the decoder */
	const char *comm;
	const struct event_plan *plan;
	const unsigned char
		*data[2]; /* [0]: whole or entry, [1]: return; NULL where there is none */
	uint32_t size[2];
};

/*
 * A record that was not looked at yet: each decoder that was made from the same events, in the same
 * order, can make it one of its own, in a thread of its own.
 */
struct record_place {
	uint64_t ts;
	const unsigned char *data; /* NULL: none, events were lost */
	uint32_t size;
	uint32_t stream;
};

/* One field as the reader sees it. */
enum plan_field_kind {
	PLAN_NUMBER, /* display of an integer of 1, 2, 4, 8 bytes */
	PLAN_ARRAY,  /* several of those */
	PLAN_BYTES,  /* IP4, IP6, MAC, or bytes of no known meaning: in memory order */
	PLAN_STRING, /* __data_loc: u32 of offset and length */
	PLAN_FIXED_STRING,
	PLAN_ADDRESS,  /* IP4 or IP6, as BYTES, where the family field says so */
	PLAN_PACKET,   /* a member of a packet window */
	PLAN_DURATION, /* dur: from entry to return */
};

/* What a field's value rests on. */
struct plan_guard {
	uint8_t half;
	uint8_t bytes;
	uint8_t kind; /* enum event_guard */
	uint16_t offset;
};

/* number: what the event has there, in the byte order of this machine. */
bool plan_guard_holds(const struct plan_guard *guard, uint64_t number);

struct plan_field {
	const char *name;
	enum plan_field_kind kind;
	enum probe_display display;
	uint8_t half;  /* index into record.data */
	uint8_t bytes; /* of one element */
	bool is_signed;
	bool is_dynamic;	/* ARRAY, BYTES: at offset is a __data_loc word, as for STRING */
	bool is_relative;	/* ... a __rel_data_loc word */
	bool is_nk;		/* of a probe of nk: what the kernel could not read is not shown */
	bool has_family;	/* family_offset is set */
	uint8_t member;		/* PACKET: enum packet_member */
	uint16_t offset;	/* of the raw field in the event */
	uint16_t size;		/* of the raw field; 0: FIXED_STRING up to the end of the record */
	uint16_t family_offset; /* ADDRESS, PROTO (named by family), ICMP_TYPE */
	uint8_t guard_count;
	struct plan_guard guards[EVENT_GUARDS_MAX];
	const struct probe_enum *names;	  /* DISPLAY_ENUM */
	const struct plan_field *instead; /* shown where this one is absent; NULL: none */
	/* PACKET: where they are in the event (see resolve/event.h), PLAN_NO_OFFSET: not there */
	uint16_t head_offset, nh_offset, data_offset, tail_offset;
	uint16_t frag_offset, page_offset, page_size, len_offset;
	uint16_t ethertype_offset;
	uint8_t pointer_bytes, tail_bytes;
	int16_t before; /* bytes of the window before data */
};

#define PLAN_NO_OFFSET UINT16_MAX

/* The two ends of a record, as indices of event_plan.endpoints. */
enum plan_endpoint { ENDPOINT_ADDRESS, ENDPOINT_PORT, ENDPOINT_PEER_ADDRESS, ENDPOINT_PEER_PORT };

struct decode_context;

struct event_plan {
	const char *system; /* group in tracefs */
	const char *name;   /* as the reader sees it: the probe's name */
	const char *set;    /* NULL: not of nk */
	int id;		    /* of the whole or entry event */
	uint32_t index;	    /* of the plan in its decoder, see decoder_plan() */
	const struct plan_field *fields;
	size_t field_count;
	/* Text shows the record by record_foreign_text() and not by fields: no probe of nk made it.
	 */
	bool is_foreign;
	bool is_swapped; /* raw numbers are not in the byte order of this machine */
	/* laddr/saddr, lport/sport, raddr/daddr, rport/dport: indices into fields or -1 */
	int16_t endpoints[4];
	struct decode_context *context; /* private to decode/ */
};

/* A field's value as C data. */
enum value_kind { VALUE_ABSENT, VALUE_UNSIGNED, VALUE_SIGNED, VALUE_BYTES, VALUE_STRING };

struct value {
	enum value_kind kind;
	enum probe_display display; /* IP4 or IP6 for an ADDRESS; what output shows it by */
	uint64_t number;	    /* host order; SIGNED: as int64_t */
	const unsigned char
		*bytes; /* BYTES (network or memory order), STRING (not NUL-terminated) */
	uint32_t length;
	uint8_t family; /* of the record or packet, where it is known: AF_*, else 0 */
	const struct probe_enum *names;
};

/*
 * The value of a field of a record, or VALUE_ABSENT where what was read means nothing: through a
 * NULL or error pointer, of another family, beyond a window, of a half that is missing. element: of
 * an ARRAY, below record_elements(). Bytes are borrowed until the next record_value() (symbols), or
 * the next record.
 */
void record_value(const struct record *record, const struct plan_field *field, size_t element,
		  struct value *value);

/* The display that the values of a field have: of a packet's members, each its own. Addresses are
 * IP4 or IP6, whichever the record has. */
enum probe_display plan_field_display(const struct plan_field *field);

/* How many elements an ARRAY has in this record: 0 where it is absent. 1 for every other kind. */
size_t record_elements(const struct record *record, const struct plan_field *field);

/* The packet that a PACKET field is a member of; valid until the next record. */
const struct packet *record_packet(const struct record *record, const struct plan_field *field);

/*
 * Bytes from the data of the packet's sk_buff to its tail, as the event's hidden fields say: those
 * that are not in fragments. false where the event does not say.
 */
bool record_linear(const struct record *record, const struct plan_field *field, int64_t *bytes);

/* libtraceevent's print of an event, NUL-terminated, cut where there is no room; its length. */
size_t record_foreign_text(const struct record *record, char *buffer, size_t room);

#endif
