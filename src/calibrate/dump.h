/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Dumps: probes that copy whole objects into records, as arrays of 64-bit words, and what they see
 * besides. A dump becomes a line of a probe file, so that all that is known of the kernel's limits
 * is used for it, too.
 */
#ifndef NK_CALIBRATE_DUMP_H
#define NK_CALIBRATE_DUMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "calibrate/members.h"

enum { DUMP_AREAS_MAX = 3, DUMP_VALUES_MAX = 3, DUMP_CARRIERS_MAX = 4 };

/* How an skb's data stands to its headers where the dump sees it. */
enum dump_view { VIEW_NONE, VIEW_NETWORK, VIEW_TRANSPORT, VIEW_OUTPUT };

struct dump_area {
	enum area area;
	const char *object; /* an expression; '@' in it stands for the offset of socket.sk */
	uint16_t bytes;	    /* of the object */
};

struct dump_value {
	const char *name;
	const char *expr;
	enum fact fact; /* what becomes known by it */
};

struct dump {
	const char *name;
	/* Functions, joined by '&' as in a probe file; the next one where the kernel refuses it. */
	const char *carriers[DUMP_CARRIERS_MAX];
	struct dump_area areas[DUMP_AREAS_MAX];
	size_t area_count;
	struct dump_value values[DUMP_VALUES_MAX];
	size_t value_count;
	enum dump_view view;
	size_t net;	   /* AREA_NET: offset in a struct sock of the pointer that leads there */
	bool is_last_only; /* of several records of a sample the last one counts */
};

enum dump_name {
	DUMP_TCP,
	DUMP_SOCKET,
	DUMP_MESSAGE,
	DUMP_DEVICE,
	DUMP_SOCK,
	DUMP_RECEIVED,
	DUMP_DELIVERED,
	DUMP_SENT,
	DUMP_COUNT
};

extern const struct dump dumps[DUMP_COUNT];

/* Whether an area is that of the words of an object, or of what stands behind them. */
bool dump_is_through(enum area area);
/* Bytes of an area with an object of so many bytes. */
size_t dump_area_size(const struct dump_area *area, unsigned int pointer_size);

/* A piece of an area that one argument of the probe brings. */
struct dump_piece {
	char name[24];
	uint8_t area;	 /* index into dump.areas */
	uint8_t shift;	 /* the argument's bits are that far up in the area */
	uint8_t part;	 /* of the plan */
	uint16_t offset; /* in the area */
	uint16_t bytes;
};

enum { DUMP_PIECES_MAX = 96, DUMP_PARTS_MAX = 16 };

/*
 * What brings a dump: as a whole, or single members of it (see proof.h). One probe where the kernel
 * fetches arrays; else each word is an argument, of which an event takes few, and the dump comes in
 * parts: as many probes on the same functions, of which each hit makes a record.
 */
struct dump_plan {
	struct dump dump;
	bool has_arrays;
	struct dump_piece pieces[DUMP_PIECES_MAX];
	size_t piece_count;
	struct text arguments[DUMP_PARTS_MAX]; /* " name=expr:type ..." */
	size_t part_count;
	size_t word_count; /* of the last part */
};

/* All of a dump. socket_sk is what '@' stands for. */
void dump_plan_whole(const struct dump *dump, bool has_arrays, unsigned int pointer_size,
		     size_t socket_sk, struct dump_plan *plan);
/*
 * One argument: bytes of type from expr, which go to offset in area (an index into dump.areas).
 * Left out where the plan is full.
 */
void dump_plan_add(struct dump_plan *plan, const struct dump_piece *piece, const char *expr,
		   const char *type);
/* The dump's values, as arguments. */
void dump_plan_values(struct dump_plan *plan, unsigned int pointer_size);
void dump_plan_clear(struct dump_plan *plan);

/* The lines of a probe file. */
void dump_plan_write(const struct dump_plan *plan, struct text *out);
/* Whether a probe of this name is one of the plan's, and which part it brings. */
bool dump_plan_is_mine(const struct dump_plan *plan, const char *probe, size_t *part);
/* The piece that a field of part's record is of, and where in it; NULL. */
const struct dump_piece *dump_plan_piece(const struct dump_plan *plan, size_t part,
					 const char *field, size_t *offset);
/* object with '@' replaced. */
void dump_write_object(const char *object, size_t socket_sk, struct text *out);

/* Sets the facts that follow from where the dump sees a packet. */
void dump_adjust(const struct dump *dump, struct facts *facts);

#endif
