/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Texts of kernel filters joined, with constants folded, and pairs of them.
 */
#include "filter/bounds.h"

#include <stdarg.h>
#include <stdlib.h>

#include "base/alloc.h"

struct kernel_text kernel_text_constant(bool holds)
{
	return (struct kernel_text){ .is_constant = true, .holds = holds };
}

struct kernel_text kernel_text_format(const char *format, ...)
{
	struct kernel_text text = { 0 };
	va_list args;

	va_start(args, format);
	text.text = xvasprintf(format, args);
	va_end(args);
	return text;
}

struct kernel_text kernel_text_copy(const struct kernel_text *text)
{
	struct kernel_text copy = *text;

	copy.text = text->text ? xstrdup(text->text) : NULL;
	return copy;
}

/* deciding: the constant that decides alone. */
static struct kernel_text join(struct kernel_text a, struct kernel_text b, bool deciding)
{
	struct kernel_text joined;

	if (!a.is_constant && !b.is_constant) {
		joined = kernel_text_format("(%s %s %s)", a.text, deciding ? "||" : "&&", b.text);
		free(a.text);
		free(b.text);
		return joined;
	}
	if (a.is_constant ? a.holds == deciding : b.holds != deciding) {
		free(b.text);
		return a;
	}
	free(a.text);
	return b;
}

struct kernel_text kernel_text_and(struct kernel_text a, struct kernel_text b)
{
	return join(a, b, false);
}

struct kernel_text kernel_text_or(struct kernel_text a, struct kernel_text b)
{
	return join(a, b, true);
}

struct kernel_text kernel_text_not(struct kernel_text a)
{
	struct kernel_text negated;

	if (a.is_constant)
		return kernel_text_constant(!a.holds);
	negated = kernel_text_format("!(%s)", a.text);
	free(a.text);
	return negated;
}

struct bounds bounds_exact(struct kernel_text text)
{
	return (struct bounds){
		.over = text, .under = kernel_text_copy(&text), .is_exact = true, .rest = -1
	};
}

struct bounds bounds_over(struct kernel_text over, const char *why)
{
	return (struct bounds){
		.over = over, .under = kernel_text_constant(false), .rest = -1, .why = why
	};
}

/* What both leave to user space, or nothing where one of them decides alone. */
static void note_rest(const struct bounds *a, const struct bounds *b, bool deciding,
		      struct bounds *to)
{
	const struct bounds *first = a->is_exact ? b : a;

	to->is_exact = (a->is_exact && b->is_exact) ||
		       (a->is_exact && a->over.is_constant && a->over.holds == deciding) ||
		       (b->is_exact && b->over.is_constant && b->over.holds == deciding);
	to->rest = to->is_exact ? -1 : first->rest;
	to->why = to->is_exact ? NULL : first->why;
}

static struct bounds join_bounds(struct bounds a, struct bounds b, bool deciding)
{
	struct bounds both;

	note_rest(&a, &b, deciding, &both);
	both.over = join(a.over, b.over, deciding);
	both.under = join(a.under, b.under, deciding);
	return both;
}

struct bounds bounds_and(struct bounds a, struct bounds b)
{
	return join_bounds(a, b, false);
}

struct bounds bounds_or(struct bounds a, struct bounds b)
{
	return join_bounds(a, b, true);
}

struct bounds bounds_not(struct bounds a)
{
	struct bounds negated = a;

	negated.over = kernel_text_not(a.under);
	negated.under = kernel_text_not(a.over);
	return negated;
}
