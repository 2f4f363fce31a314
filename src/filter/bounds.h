/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a kernel filter can say of an expression: texts between which it lies. Internal to filter/.
 */
#ifndef NK_FILTER_BOUNDS_H
#define NK_FILTER_BOUNDS_H

#include <stdbool.h>

/* A filter of the kernel; text is malloc'ed, NULL where it holds of all events, or of none. */
struct kernel_text {
	bool is_constant;
	bool holds; /* a constant */
	char *text;
};

/*
 * Where over does not hold the expression does not; where under holds it does. is_exact: they are
 * one. rest: the first test that is why they are not, -1 for none.
 */
struct bounds {
	struct kernel_text over, under;
	bool is_exact;
	long rest;
	const char *why; /* static */
};

struct kernel_text kernel_text_constant(bool holds);
struct kernel_text kernel_text_format(const char *format, ...)
	__attribute__((format(printf, 1, 2)));
struct kernel_text kernel_text_copy(const struct kernel_text *text);
/* These take what they are given. */
struct kernel_text kernel_text_and(struct kernel_text a, struct kernel_text b);
struct kernel_text kernel_text_or(struct kernel_text a, struct kernel_text b);
struct kernel_text kernel_text_not(struct kernel_text a);

struct bounds bounds_exact(struct kernel_text text); /* takes it */
/* Nothing can be said but that over holds; takes it. */
struct bounds bounds_over(struct kernel_text over, const char *why);
struct bounds bounds_and(struct bounds a, struct bounds b);
struct bounds bounds_or(struct bounds a, struct bounds b);
struct bounds bounds_not(struct bounds a);

#endif
