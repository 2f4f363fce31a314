/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A raw field and its display type to a print fmt: names for numbers that have them, network order
 * turned, addresses as they are written. IPv6 addresses under a condition are printed without "::",
 * since libtraceevent's %pI6c knows no condition.
 */
#include "datfile/printfield.h"

#include <string.h>

#include "base/alloc.h"
#include "base/bytes.h"

static struct expr value_of(const struct printfield *field)
{
	return printexpr_leaf("REC->%s", field->raw);
}

static struct expr element(const struct printfield *field, size_t index)
{
	return printexpr_element(field->raw, printexpr_number(index));
}

/* Byte number i of an integer, in the order of memory. */
static struct expr byte_of(const struct printfield *field, size_t i, size_t bytes)
{
	size_t shift = 8 * (bytes_host_is_big() ? bytes - 1 - i : i);
	struct expr value = value_of(field);

	if (shift)
		value = printexpr_op(value, ">>", printexpr_number(shift));
	return printexpr_op(value, "&", printexpr_number(255));
}

/* A number of network order as the host's. */
static struct expr host_order(const struct printfield *field)
{
	struct expr sum = byte_of(field, 0, field->bytes);

	for (size_t i = 1; i < field->bytes; i++)
		sum = printexpr_op(printexpr_op(sum, "<<", printexpr_number(8)), "|",
				   byte_of(field, i, field->bytes));
	return sum;
}

static void add_unsigned(const struct printfield *field, struct print_value *what,
			 struct printout *out)
{
	(void)field;
	printout_number(out, what, "", "llu");
}

static void add_hex(const struct printfield *field, struct print_value *what, struct printout *out)
{
	(void)field;
	printout_number(out, what, "0x", "llx");
}

/* Numbers are read as unsigned: four bytes are cast to int by %d, fewer are extended by hand. */
static struct expr extended(struct expr value, size_t bytes)
{
	unsigned long half = 1UL << (bytes * 8 - 1) % 32;

	if (bytes >= 4)
		return value;
	value = printexpr_op(value, "+", printexpr_number(half));
	value = printexpr_op(value, "&", printexpr_number(half * 2 - 1));
	return printexpr_op(value, "-", printexpr_number(half));
}

static void add_signed(const struct printfield *field, struct print_value *what,
		       struct printout *out)
{
	struct expr value = extended(value_of(field), field->bytes);

	what->value = value.text;
	printout_number(out, what, "", field->bytes == 4 ? "d" : "lld");
	printexpr_free(&value);
}

static void add_network(const struct printfield *field, struct print_value *what,
			struct printout *out)
{
	struct expr value = host_order(field);

	what->value = value.text;
	printout_number(out, what, "", "llu");
	printexpr_free(&value);
}

static void add_named(struct print_value *what, char *named, struct printout *out)
{
	what->value = named;
	printout_string(out, what);
	free(named);
}

static void add_symbolic(const struct printfield *field, struct print_value *what,
			 struct printout *out)
{
	add_named(what, print_symbolic(field->field->type.display, what->value), out);
}

static void add_ethertype(const struct printfield *field, struct print_value *what,
			  struct printout *out)
{
	struct expr value = host_order(field);

	add_named(what, print_symbolic(DISPLAY_ETHERTYPE, value.text), out);
	printexpr_free(&value);
}

static void add_flags(const struct printfield *field, struct print_value *what,
		      struct printout *out)
{
	add_named(what, print_flags(field->field->type.display, what->value), out);
}

/* Only of inet and inet6 is a protocol's number one of IPPROTO_*. */
static void add_proto(const struct printfield *field, struct print_value *what,
		      struct printout *out)
{
	NK_FREE char *value = xstrdup(what->value);
	const char *condition = what->condition;
	NK_FREE char *named = NULL, *numbered = NULL;

	if (!field->raw_family) {
		add_symbolic(field, what, out);
		return;
	}
	named = xasprintf("((REC->%s == 2) || (REC->%s == 10))", field->raw_family,
			  field->raw_family);
	numbered = xasprintf("((REC->%s != 2) && (REC->%s != 10))", field->raw_family,
			     field->raw_family);
	if (condition) {
		char *both = xasprintf("(%s && %s)", numbered, condition);

		free(numbered);
		numbered = both;
		both = xasprintf("(%s && %s)", named, condition);
		free(named);
		named = both;
	}
	what->condition = named;
	add_symbolic(field, what, out);
	*what = (struct print_value){ what->name, numbered, value };
	add_unsigned(field, what, out);
}

static void add_enum(const struct printfield *field, struct print_value *what, struct printout *out)
{
	for (size_t i = 0; i < field->desc->enum_count; i++) {
		const struct probe_enum *names = &field->desc->enums[i];

		if (!strcmp(names->name, field->field->type.enum_name)) {
			add_named(what, print_enum(names, what->value), out);
			return;
		}
	}
	add_unsigned(field, what, out);
}

static void add_symbol(const struct printfield *field, struct print_value *what,
		       struct printout *out)
{
	if (what->condition)
		add_hex(field, what, out);
	else
		printout_pointer(out, what, "pS");
}

static void add_string(const struct printfield *field, struct print_value *what,
		       struct printout *out)
{
	add_named(what,
		  field->is_dynamic ? xasprintf("__get_str(%s)", field->raw) : xstrdup(what->value),
		  out);
}

static void add_ip4(const struct printfield *field, struct print_value *what, struct printout *out)
{
	struct expr parts[4];

	if (!what->condition) {
		printout_pointer(out, what, "pI4");
		return;
	}
	for (size_t i = 0; i < 4; i++)
		parts[i] = byte_of(field, i, 4);
	printout_ip4(out, what, parts);
	for (size_t i = 0; i < 4; i++)
		printexpr_free(&parts[i]);
}

static void add_ip6(const struct printfield *field, struct print_value *what, struct printout *out)
{
	struct expr parts[8];

	if (!what->condition) {
		printout_pointer(out, what, "pI6c");
		return;
	}
	for (size_t i = 0; i < 8; i++)
		parts[i] =
			printexpr_op(printexpr_op(element(field, 2 * i), "<<", printexpr_number(8)),
				     "|", element(field, 2 * i + 1));
	printout_ip6(out, what, parts);
	for (size_t i = 0; i < 8; i++)
		printexpr_free(&parts[i]);
}

static void add_mac(const struct printfield *field, struct print_value *what, struct printout *out)
{
	NK_FREE char *label = xasprintf(" %s=", what->name);

	for (size_t i = 0; i < 6; i++) {
		struct expr byte = element(field, i);

		printout_text(out, what->condition, i ? ":" : label);
		printout_hex_byte(out, what->condition, byte.text);
		printexpr_free(&byte);
	}
}

static void add_array(const struct printfield *field, struct print_value *what,
		      struct printout *out)
{
	const struct probe_type *type = &field->field->type;
	bool is_hex = type->display == DISPLAY_HEX;
	const char *before = is_hex ? "0x" : "";
	const char *conversion = is_hex				   ? "llx"
				 : type->display != DISPLAY_SIGNED ? "llu"
				 : type->bytes == 8		   ? "lld"
								   : "d";

	for (size_t i = 0; i < field->bytes / type->bytes; i++) {
		NK_FREE char *label =
			i ? xasprintf(",%s", before) : xasprintf(" %s={%s", what->name, before);
		struct expr value = element(field, i);

		if (type->display == DISPLAY_SIGNED)
			value = extended(value, type->bytes);
		printout_bare_number(out, what->condition, label, conversion, value.text);
		printexpr_free(&value);
	}
	printout_text(out, what->condition, "}");
}

static void (*const by_display[DISPLAY_COUNT])(const struct printfield *field,
					       struct print_value *what, struct printout *out) = {
	[DISPLAY_SIGNED] = add_signed,
	[DISPLAY_HEX] = add_hex,
	[DISPLAY_STRING] = add_string,
	[DISPLAY_SYMBOL] = add_symbol,
	[DISPLAY_BE16] = add_network,
	[DISPLAY_BE32] = add_network,
	[DISPLAY_BE64] = add_network,
	[DISPLAY_IP4] = add_ip4,
	[DISPLAY_IP6] = add_ip6,
	[DISPLAY_FAMILY] = add_symbolic,
	[DISPLAY_SOCK_TYPE] = add_symbolic,
	[DISPLAY_TCP_STATE] = add_symbolic,
	[DISPLAY_PROTO] = add_proto,
	[DISPLAY_ETHERTYPE] = add_ethertype,
	[DISPLAY_MAC] = add_mac,
	[DISPLAY_ERRNO] = add_signed,
	[DISPLAY_SIZE_OR_ERRNO] = add_signed,
	[DISPLAY_ICMP_TYPE] = add_symbolic,
	[DISPLAY_TCP_FLAGS] = add_flags,
	[DISPLAY_ENUM] = add_enum,
};

/* Displays whose several elements are one value. */
static bool is_whole(enum probe_display display)
{
	return display == DISPLAY_STRING || display == DISPLAY_IP4 || display == DISPLAY_IP6 ||
	       display == DISPLAY_MAC;
}

void printfield_add(const struct printfield *field, const char *name, const char *condition,
		    struct printout *out)
{
	const struct probe_type *type = &field->field->type;
	enum probe_display display = type->kind == PROBE_TYPE_NONE ? DISPLAY_HEX : type->display;
	struct expr value = value_of(field);
	struct print_value what = { name, condition, value.text };

	if (type->count && type->bytes && !is_whole(display))
		add_array(field, &what, out);
	else if (by_display[display])
		by_display[display](field, &what, out);
	else
		add_unsigned(field, &what, out);
	printexpr_free(&value);
}
