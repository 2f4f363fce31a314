/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The members that calibrate can learn, one row each: in which object, how wide, and which fact of
 * a sample says what must stand there.
 */
#ifndef NK_CALIBRATE_MEMBERS_H
#define NK_CALIBRATE_MEMBERS_H

#include <stdint.h>

#include "calibrate/candidates.h"
#include "calibrate/fact.h"
#include "calibrate/steps.h"

/* A piece of an object's memory, or what stands behind its words (.._THROUGH). */
enum area {
	AREA_SOCK,
	AREA_SOCKET,
	AREA_MSGHDR,
	AREA_MSGHDR_THROUGH,
	AREA_SK_BUFF,
	AREA_SK_BUFF_THROUGH,
	AREA_NET_DEVICE,
	AREA_NET,
	AREA_COUNT
};

/* Bytes that are read through each word of an object. */
enum { AREA_STRIDE = 32 };

enum member_rule {
	RULE_NUMBER,   /* the fact's number */
	RULE_BYTES,    /* the fact's bytes */
	RULE_INFO,     /* a member of struct tcp_info */
	RULE_THROUGH,  /* a pointer to the observation's pattern */
	RULE_POSITION, /* a fact that is relative to sk_buff.data, see relate.h */
	RULE_SPECIAL,  /* found by relations between several members, see relate.h */
};

struct member_row {
	const char *name; /* STRUCT.MEMBER */
	enum area area;
	enum step step; /* shows it; is run again where that was not enough */
	enum member_rule rule;
	enum fact fact;
	uint8_t size;	   /* bytes; 0: as a pointer */
	uint16_t limit;	   /* bytes of the area that are searched */
	uint8_t distinct;  /* different values wanted; 0: three */
	uint8_t align;	   /* 0: size */
	uint8_t bit_width; /* 0: not a bit-field */
	enum fact unlike;  /* what holds this fact's number is a twin; FACT_NONE: none */
	uint16_t info_at;  /* INFO: where it is in struct tcp_info, and its size there */
	uint8_t info_size;
	uint8_t shift;	/* INFO: the kernel's value is shifted right to be tcp_info's */
	uint32_t below; /* INFO: from here on the number means something else; 0: no limit */
};

extern const struct member_row member_rows[];
extern const size_t member_row_count;

/* Rows that code has to name. */
enum member_row_name {
	MEMBER_SOCKET_SK,
	MEMBER_SOCK_NET,
	MEMBER_NET_INUM,
	MEMBER_SKB_DATA,
	MEMBER_SKB_HEAD,
	MEMBER_SKB_NETWORK,
	MEMBER_SKB_TRANSPORT,
	MEMBER_SKB_MAC,
	MEMBER_SKB_TAIL,
	MEMBER_SKB_REFDST,
	MEMBER_DST_DEV,
	MEMBER_NAMED_COUNT
};

/* Index into member_rows of such a row. */
size_t member_index(enum member_row_name name);

/* An object as one record showed it, and what must stand in it. */
struct observation {
	struct facts facts;
	const uint8_t *area[AREA_COUNT]; /* NULL: not of this object */
	size_t area_size[AREA_COUNT];
};

void member_init(const struct member_row *row, unsigned int pointer_size,
		 struct candidates *candidates);
/* Lets the observation vote, where it has the row's area and fact. */
void member_observe(const struct member_row *row, const struct observation *observation,
		    struct candidates *candidates);
void member_vote(const struct member_row *row, const struct candidates *candidates,
		 struct verdict *verdict);

/*
 * The number that the row's member must hold in an observation. 0, or -ENOENT where the observation
 * does not say. Not for BYTES and THROUGH.
 */
int member_expected(const struct member_row *row, const struct facts *facts, uint64_t *number);

/* THROUGH: what stands behind the row's pointer; its length is 0 where nothing is known of it. */
const struct fact_pattern *member_pattern(const struct member_row *row, const struct facts *facts);

#endif
