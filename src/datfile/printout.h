/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A print fmt as it grows: the format string and its arguments, in what libtraceevent 1.7.1 takes.
 * A condition is the text of an expression, or NULL for always; where it is false nothing at all is
 * printed, not even the name. "%s" with a ternary of strings hides text, and "%.0u" prints a 0 as
 * nothing: that hides a number, while a 0 that is meant comes with the text before it.
 */
#ifndef NK_DATFILE_PRINTOUT_H
#define NK_DATFILE_PRINTOUT_H

#include "base/text.h"
#include "datfile/printexpr.h"
#include "probes/probe.h"

struct printout {
	struct text format;
	struct text args;
};

struct print_value {
	const char *name;
	const char *condition;
	const char *value; /* an expression */
};

/* conversion: "llu", "lld", "llx"; before: "0x" or "". */
void printout_number(struct printout *out, const struct print_value *what, const char *before,
		     const char *conversion);
/* value is one that has a text: __get_str(), __print_symbolic() ... */
void printout_string(struct printout *out, const struct print_value *what);
/* The number in another form than its name: name shown by label, no name of its own. */
void printout_bare_number(struct printout *out, const char *condition, const char *label,
			  const char *conversion, const char *value);
/* By one of the conversions that take a field itself ("pI4"); there is no condition on these. */
void printout_pointer(struct printout *out, const struct print_value *what, const char *conversion);
/* Two digits, without a name. */
void printout_hex_byte(struct printout *out, const char *condition, const char *value);
/* text only where the condition holds */
void printout_text(struct printout *out, const char *condition, const char *text);
/* parts: of a byte each, or of 16 bits each; stay the caller's. */
void printout_ip4(struct printout *out, const struct print_value *what, const struct expr parts[4]);
void printout_ip6(struct printout *out, const struct print_value *what, const struct expr parts[8]);

/* __print_symbolic() and __print_flags() of a number by the names of a display; malloc'ed. */
char *print_symbolic(enum probe_display display, const char *number);
char *print_flags(enum probe_display display, const char *number);
char *print_icmp6_type(const char *number);
char *print_enum(const struct probe_enum *names, const char *number);

#endif
