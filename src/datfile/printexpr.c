/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Parts of an expression to its text, every operation in parentheses, in such an order and with
 * such casts that libtraceevent evaluates it as C would.
 */
#include "datfile/printexpr.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

#define LOOSENESS_IF 16

static const struct {
	const char *op;
	int looseness;
	bool can_swap;
} operators[] = {
	{ "*", 6, true },   { "%", 6, false },	{ "+", 7, true },   { "-", 7, false },
	{ "<<", 8, false }, { ">>", 8, false }, { "<", 9, false },  { ">", 9, false },
	{ "<=", 9, false }, { ">=", 9, false }, { "==", 10, true }, { "&", 11, true },
	{ "|", 13, true },
};

struct expr printexpr_leaf(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	struct expr expr = { xvasprintf(format, args), 0 };
	va_end(args);
	return expr;
}

struct expr printexpr_number(unsigned long number)
{
	return printexpr_leaf("%lu", number);
}

struct expr printexpr_element(const char *field, struct expr index)
{
	struct expr element = printexpr_leaf("(REC->%s[%s])", field, index.text);

	free(index.text);
	return element;
}

static struct expr join(struct expr left, const char *op, struct expr right, int looseness)
{
	const char *cast = right.looseness > looseness ? "(u64)" : "";
	struct expr joined = { xasprintf("(%s %s %s%s)", left.text, op, cast, right.text),
			       looseness };

	free(left.text);
	free(right.text);
	return joined;
}

struct expr printexpr_op(struct expr left, const char *op, struct expr right)
{
	size_t i = 0;

	while (strcmp(operators[i].op, op))
		i++;
	/* A cast is one more thing to evaluate. */
	if (operators[i].can_swap && right.looseness > operators[i].looseness &&
	    left.looseness <= operators[i].looseness)
		return join(right, op, left, operators[i].looseness);
	return join(left, op, right, operators[i].looseness);
}

struct expr printexpr_if(struct expr condition, struct expr yes, struct expr no)
{
	struct expr expr = { xasprintf("(%s ? %s : %s)", condition.text, yes.text, no.text),
			     LOOSENESS_IF };

	free(condition.text);
	free(yes.text);
	free(no.text);
	return expr;
}

struct expr printexpr_and(struct expr left, struct expr right)
{
	if (!left.text)
		return right;
	if (!right.text)
		return left;
	return printexpr_if(left, right, printexpr_number(0));
}

struct expr printexpr_or(struct expr left, struct expr right)
{
	return printexpr_if(left, printexpr_number(1), right);
}

struct expr printexpr_not(struct expr condition)
{
	return printexpr_op(condition, "==", printexpr_number(0));
}

struct expr printexpr_copy(const struct expr *expr)
{
	return (struct expr){ expr->text ? xstrdup(expr->text) : NULL, expr->looseness };
}

void printexpr_free(struct expr *expr)
{
	free(expr->text);
	*expr = (struct expr){ 0 };
}
