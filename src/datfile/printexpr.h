/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Expressions of a print fmt, in what libtraceevent 1.7.1 gets right. It has faults, found by
 * experiment: "a && (b || c)" is taken as "(a && b) || c" in spite of the parentheses (so is every
 * operation whose right side binds less tightly; a cast keeps it together), an element of an array
 * that ends a ternary crashes it, '^' gives 0, and both sides of && and || are always evaluated.
 * All numbers are unsigned.
 */
#ifndef NK_DATFILE_PRINTEXPR_H
#define NK_DATFILE_PRINTEXPR_H

/* Whoever takes one owns it; text NULL is "none": a condition that always holds. */
struct expr {
	char *text;
	int looseness; /* of its outermost operator, as C orders them; 0: it has none */
};

/* A number, a field "REC->x", or anything else without an operator. */
struct expr printexpr_leaf(const char *format, ...) __attribute__((format(printf, 1, 2)));
struct expr printexpr_number(unsigned long number);
struct expr printexpr_element(const char *field, struct expr index);
/* These take what they are given. op: * % + - << >> < > <= >= == & or | */
struct expr printexpr_op(struct expr left, const char *op, struct expr right);
struct expr printexpr_if(struct expr condition, struct expr yes, struct expr no);
/* Ternaries: the right side is evaluated only where it counts. Either side of "and" may be none. */
struct expr printexpr_and(struct expr left, struct expr right);
struct expr printexpr_or(struct expr left, struct expr right);
struct expr printexpr_not(struct expr condition);

struct expr printexpr_copy(const struct expr *expr);
void printexpr_free(struct expr *expr);

#endif
