/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a compiled print fmt is made of. Private to printer.c and printer-run.c.
 */
#ifndef NK_DECODE_PRINTCODE_H
#define NK_DECODE_PRINTCODE_H

#include "decode/printer.h"

enum expr_kind {
	EXPR_CONSTANT,
	EXPR_FIELD,
	EXPR_MASK, /* left & number */
	EXPR_NOT,
	EXPR_INVERT,
	EXPR_CONDITION, /* left ? right : other */
	EXPR_ADD,
	EXPR_SUBTRACT,
	EXPR_MULTIPLY,
	EXPR_DIVIDE,
	EXPR_REST,
	EXPR_AND,
	EXPR_OR,
	EXPR_BOTH,
	EXPR_EITHER,
	EXPR_EQUAL,
	EXPR_UNEQUAL,
	EXPR_LESS,
	EXPR_LESS_EQUAL,
	EXPR_GREATER,
	EXPR_GREATER_EQUAL,
	EXPR_LEFT,
	EXPR_RIGHT,
};

struct expr {
	uint8_t kind;
	uint8_t size; /* FIELD */
	uint16_t offset;
	uint16_t left, right, other; /* of those before it */
	uint64_t number;
};

struct name {
	int64_t value;
	const char *text; /* borrowed from the event */
};

enum string_kind {
	STRING_LITERAL,
	STRING_ARRAY,	/* a field of chars */
	STRING_DYNAMIC, /* __data_loc, __rel_data_loc */
	STRING_SYMBOL,	/* __print_symbolic() */
	STRING_FLAGS,	/* __print_flags() */
	STRING_CONDITION,
};

struct string {
	uint8_t kind;
	uint8_t size; /* DYNAMIC: of the word */
	bool is_relative;
	uint16_t offset, length;	/* length 0: ARRAY: up to the end */
	uint16_t expr;			/* SYMBOL, FLAGS, CONDITION */
	uint16_t when_true, when_false; /* strings */
	const char *text;		/* LITERAL; FLAGS: what stands between */
	struct name *names;		/* owned */
	size_t name_count;
};

enum piece_kind {
	PIECE_LITERAL,
	PIECE_NUMBER,
	PIECE_STRING,
	PIECE_SYMBOL,
	PIECE_POINTER,
	PIECE_IP4,
	PIECE_IP6,
	PIECE_SOCKADDR,
};

struct piece {
	uint8_t kind;
	char conversion; /* NUMBER: d u x X; SYMBOL: S s; SOCKADDR: p where it has its port */
	uint8_t bits;	 /* NUMBER: of the value that is written */
	bool is_plain;	 /* NUMBER: nothing of what follows is asked for, but of 'X' */
	bool is_left, is_zero, has_prefix;
	int width, precision; /* precision -1: none */
	uint16_t index;	      /* of an expr or string; IP4 ...: the field's offset */
	uint16_t field_bytes; /* SOCKADDR */
	char *text;	      /* LITERAL; owned */
	size_t length;
};

struct printer {
	struct piece *pieces;
	size_t piece_count;
	struct expr *exprs;
	size_t expr_count;
	struct string *strings;
	size_t string_count;
	unsigned int long_bytes;
};

#endif
