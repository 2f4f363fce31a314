/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A plan's fields compiled for one style: what stands before a value, where it lies in the raw
 * bytes, what it rests on and how it is written. Made once an event. Private to output/.
 */
#ifndef NK_OUTPUT_PROGRAM_H
#define NK_OUTPUT_PROGRAM_H

#include "decode/packet.h"
#include "output/buffer.h"
#include "output/output.h"

enum op_kind {
	OP_FIELD, /* by record_value(), whatever it is */
	OP_ENDS,  /* both ends so */
	OP_UNSIGNED,
	OP_SIGNED,
	OP_NETWORK, /* an unsigned number in network order */
	OP_HEX,
	OP_RESULT, /* a number from 0 on, or the name of an errno */
	OP_NAMED,
	OP_IP4,
	OP_IP6,
	OP_MAC,
	OP_STRING,
	OP_ARRAY, /* of plain numbers */
	OP_DURATION,
	OP_MEMBER, /* of a packet: a number */
	OP_MEMBER_NAMED,
	OP_MEMBER_ADDRESS,
};

/* Text of values met before, by number: room for what names are and for every flag. */
#define NAME_SLOTS 16
struct name_slot {
	uint64_t key;
	char text[39];
	uint8_t length; /* 0: free */
};

/* The number behind an address. */
struct op_port {
	bool is_there, is_network, is_member;
	uint8_t half, bytes, member;
	uint16_t offset;
	uint32_t guards;
};

#define OP_PREFIX_MAX 40

struct op {
	uint8_t kind;
	uint8_t half;
	uint8_t bytes;
	uint8_t member;
	uint8_t family;	 /* which the family at family_offset has to be; 0: any */
	uint8_t skip;	 /* ops that follow, not to be done where this one had a value */
	uint8_t shows;	 /* ends that are shown by it, as bits */
	uint8_t unless;	 /* ... that must not be shown yet */
	uint32_t guards; /* bits of those that must hold */
	uint16_t offset, family_offset;
	uint16_t count; /* ARRAY */
	uint8_t before; /* bytes of prefix */
	bool is_quoted;
	bool is_signed, is_hex; /* ARRAY */
	bool has_family;	/* NAMED: what a number means depends on it */
	struct op_port port;
	const struct plan_field *field; /* the first of its chain */
	const struct plan_field *link;	/* the one that this op reads */
	struct name_slot *names;
	char prefix[OP_PREFIX_MAX];
};

#define GUARD_BITS 30 /* the last two are those of the halves */

struct program {
	struct op *ops;
	size_t op_count;
	struct plan_guard guards[GUARD_BITS];
	size_t guard_count;
	size_t room; /* that all ops together need, without strings, OP_FIELD and OP_ENDS */
};

struct style_ops;

void program_compile(struct program *program, const struct style_ops *style,
		     const struct event_plan *plan, struct buffer *scratch);
void program_run(const struct program *program, const struct style_ops *style,
		 const struct record *record, struct buffer *buffer);
void program_clear(struct program *program);

#endif
