/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Values and conditions to a format string and its arguments.
 */
#include "datfile/printout.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "probes/names.h"

static void add_arg(struct printout *out, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void add_arg(struct printout *out, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	NK_FREE char *arg = xvasprintf(format, args);
	va_end(args);
	text_add(&out->args, ", ");
	text_add(&out->args, arg);
}

void printout_text(struct printout *out, const char *condition, const char *text)
{
	if (!condition) {
		text_add(&out->format, text);
		return;
	}
	text_add(&out->format, "%s");
	add_arg(out, "(%s ? \"%s\" : \"\")", condition, text);
}

void printout_bare_number(struct printout *out, const char *condition, const char *label,
			  const char *conversion, const char *value)
{
	if (!condition) {
		text_addf(&out->format, "%s%%%s", label, conversion);
		add_arg(out, "%s", value);
		return;
	}
	text_addf(&out->format, "%%s%%.0%s", conversion);
	add_arg(out, "(%s ? (%s ? \"%s\" : \"%s0\") : \"\")", condition, value, label, label);
	add_arg(out, "(%s ? %s : 0)", condition, value);
}

void printout_number(struct printout *out, const struct print_value *what, const char *before,
		     const char *conversion)
{
	NK_FREE char *label = xasprintf(" %s=%s", what->name, before);

	printout_bare_number(out, what->condition, label, conversion, what->value);
}

void printout_string(struct printout *out, const struct print_value *what)
{
	NK_FREE char *label = xasprintf(" %s=", what->name);

	printout_text(out, what->condition, label);
	text_add(&out->format, "%s");
	if (what->condition)
		add_arg(out, "(%s ? %s : \"\")", what->condition, what->value);
	else
		add_arg(out, "%s", what->value);
}

void printout_pointer(struct printout *out, const struct print_value *what, const char *conversion)
{
	text_addf(&out->format, " %s=%%%s", what->name, conversion);
	add_arg(out, "%s", what->value);
}

/* "%.*x" prints two digits where the precision is 2, and nothing of a 0 where it is 0. */
void printout_hex_byte(struct printout *out, const char *condition, const char *value)
{
	if (!condition) {
		text_add(&out->format, "%02x");
		add_arg(out, "%s", value);
		return;
	}
	text_add(&out->format, "%.*x");
	add_arg(out, "(%s ? 2 : 0)", condition);
	add_arg(out, "(%s ? %s : 0)", condition, value);
}

static void add_parts(struct printout *out, const struct print_value *what,
		      const struct expr *parts, size_t count, const char *separator,
		      const char *conversion)
{
	NK_FREE char *label = xasprintf(" %s=", what->name);

	for (size_t i = 0; i < count; i++)
		printout_bare_number(out, what->condition, i ? separator : label, conversion,
				     parts[i].text);
}

void printout_ip4(struct printout *out, const struct print_value *what, const struct expr parts[4])
{
	add_parts(out, what, parts, 4, ".", "u");
}

void printout_ip6(struct printout *out, const struct print_value *what, const struct expr parts[8])
{
	add_parts(out, what, parts, 8, ":", "x");
}

static void add_name(struct text *list, uint64_t value, const char *name)
{
	text_addf(list, ", {%" PRIu64 ", \"", value);
	for (; *name; name++) {
		/* A backslash would have to be one for two parsers; a quote ends the string in one.
		 */
		char plain = *name == '"' || *name == '\\' ? '\'' : *name;

		text_add_bytes(list, &plain, 1);
	}
	text_add(list, "\"}");
}

static void add_names(struct text *list, enum probe_display display)
{
	size_t count;
	const struct display_value *values = display_values(display, &count);

	for (size_t i = 0; i < count; i++)
		add_name(list, values[i].value, values[i].name);
}

char *print_symbolic(enum probe_display display, const char *number)
{
	struct text text = { 0 };

	text_addf(&text, "__print_symbolic(%s", number);
	add_names(&text, display);
	text_add(&text, ")");
	return text_steal(&text);
}

char *print_flags(enum probe_display display, const char *number)
{
	struct text text = { 0 };

	text_addf(&text, "__print_flags(%s, \"\"", number);
	add_names(&text, display);
	text_add(&text, ")");
	return text_steal(&text);
}

char *print_icmp6_type(const char *number)
{
	struct text text = { 0 };

	text_addf(&text, "__print_symbolic(%s", number);
	for (uint64_t type = 0; type < 256; type++)
		if (display_icmp6_type_name(type))
			add_name(&text, type, display_icmp6_type_name(type));
	text_add(&text, ")");
	return text_steal(&text);
}

/* The number is read without a sign: of a negative value it has as many bits as its type. */
char *print_enum(const struct probe_enum *names, const char *number)
{
	unsigned long bits = strtoul(names->kernel + (names->kernel[0] != '\0'), NULL, 10);
	uint64_t mask = bits > 0 && bits < 64 ? (UINT64_C(1) << bits) - 1 : UINT64_MAX;
	struct text text = { 0 };

	text_addf(&text, "__print_symbolic(%s", number);
	for (size_t i = 0; i < names->value_count; i++)
		add_name(&text, names->values[i].value & mask, names->values[i].name);
	text_add(&text, ")");
	return text_steal(&text);
}
