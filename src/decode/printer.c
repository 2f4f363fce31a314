/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tree of a print fmt in, pieces, strings and expressions out. It holds: fields lie within what
 * a record has at least, and an expression names only those before it.
 */
#include "decode/printer.h"

#include <ctype.h>
#include <event-parse.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"
#include "decode/format.h"
#include "decode/printcode.h"

#define DEPTH_MAX 64
#define COUNT_MAX 4096 /* of exprs and of strings */
#define WIDTH_MAX 1024
#define NOT_FOUND UINT16_MAX

struct compiler {
	struct printer *printer;
	const struct tep_event *event;
	unsigned int depth;
};

static bool compile_expr(struct compiler *compiler, const struct tep_print_arg *arg, uint16_t *out);

static bool add_expr(struct compiler *compiler, const struct expr *expr, uint16_t *out)
{
	struct printer *printer = compiler->printer;

	if (printer->expr_count >= COUNT_MAX)
		return false;
	*array_add(&printer->exprs, &printer->expr_count) = *expr;
	*out = (uint16_t)(printer->expr_count - 1);
	return true;
}

static const struct tep_format_field *
field_of(const struct compiler *compiler, const struct tep_format_field *field, const char *name)
{
	if (!field && name)
		field = tep_find_any_field((struct tep_event *)compiler->event, name);
	if (!field || field->offset < 0 || field->size < 0 ||
	    field->offset + field->size > FORMAT_SIZE_MAX)
		return NULL;
	return field;
}

static bool compile_field(struct compiler *compiler, const struct tep_print_arg *arg, uint16_t *out)
{
	const struct tep_format_field *field =
		field_of(compiler, arg->field.field, arg->field.name);

	/* Of other sizes libtraceevent reads nothing. */
	if (!field ||
	    (field->size != 1 && field->size != 2 && field->size != 4 && field->size != 8))
		return false;
	return add_expr(compiler,
			&(struct expr){ .kind = EXPR_FIELD,
					.size = (uint8_t)field->size,
					.offset = (uint16_t)field->offset },
			out);
}

/* A number as it stands; names of enums that the format did not resolve are not known. */
static bool compile_atom(struct compiler *compiler, const char *text, uint16_t *out)
{
	char *end;
	unsigned long long number = strtoull(text, &end, 0);

	while (*end == 'U' || *end == 'L' || *end == 'u' || *end == 'l')
		end++;
	if (end == text || *end != '\0')
		return false;
	return add_expr(compiler, &(struct expr){ .kind = EXPR_CONSTANT, .number = number }, out);
}

static uint64_t mask_of(const char *type)
{
	static const struct {
		const char *name;
		uint64_t mask;
	} types[] = {
		{ "u8", 0xff },	       { "s8", 0xff },	      { "char", 0xff },
		{ "u16", 0xffff },     { "s16", 0xffff },     { "short", 0xffff },
		{ "u32", 0xffffffff }, { "s32", 0xffffffff }, { "int", 0xffffffff },
	};

	if (strncmp(type, "unsigned ", 9) == 0)
		type += 9;
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strcmp(type, types[i].name) == 0)
			return types[i].mask;
	return UINT64_MAX;
}

static bool compile_cast(struct compiler *compiler, const struct tep_print_arg *arg, uint16_t *out)
{
	uint64_t mask = mask_of(arg->typecast.type);
	uint16_t left;

	if (!compile_expr(compiler, arg->typecast.item, &left))
		return false;
	if (mask == UINT64_MAX) {
		*out = left;
		return true;
	}
	return add_expr(compiler, &(struct expr){ .kind = EXPR_MASK, .left = left, .number = mask },
			out);
}

static const struct {
	const char *text;
	enum expr_kind kind;
} operators[] = {
	{ "+", EXPR_ADD },	   { "-", EXPR_SUBTRACT }, { "*", EXPR_MULTIPLY },
	{ "/", EXPR_DIVIDE },	   { "%", EXPR_REST },	   { "&", EXPR_AND },
	{ "|", EXPR_OR },	   { "&&", EXPR_BOTH },	   { "||", EXPR_EITHER },
	{ "==", EXPR_EQUAL },	   { "!=", EXPR_UNEQUAL }, { "<", EXPR_LESS },
	{ "<=", EXPR_LESS_EQUAL }, { ">", EXPR_GREATER },  { ">=", EXPR_GREATER_EQUAL },
	{ "<<", EXPR_LEFT },	   { ">>", EXPR_RIGHT },
};

static bool compile_condition(struct compiler *compiler, const struct tep_print_arg *arg,
			      uint16_t *out)
{
	const struct tep_print_arg *ways = arg->op.right;
	struct expr expr = { .kind = EXPR_CONDITION };

	if (!ways || ways->type != TEP_PRINT_OP || strcmp(ways->op.op, ":") != 0)
		return false;
	return compile_expr(compiler, arg->op.left, &expr.left) &&
	       compile_expr(compiler, ways->op.left, &expr.right) &&
	       compile_expr(compiler, ways->op.right, &expr.other) &&
	       add_expr(compiler, &expr, out);
}

static bool compile_operator(struct compiler *compiler, const struct tep_print_arg *arg,
			     uint16_t *out)
{
	const char *text = arg->op.op;
	struct expr expr = { 0 };

	if (strcmp(text, "?") == 0)
		return compile_condition(compiler, arg, out);
	if (strcmp(text, "!") == 0 || strcmp(text, "~") == 0) {
		expr.kind = *text == '!' ? EXPR_NOT : EXPR_INVERT;
		return compile_expr(compiler, arg->op.right, &expr.left) &&
		       add_expr(compiler, &expr, out);
	}
	for (size_t i = 0; i < sizeof(operators) / sizeof(operators[0]); i++) {
		if (strcmp(operators[i].text, text) != 0)
			continue;
		expr.kind = (uint8_t)operators[i].kind;
		return compile_expr(compiler, arg->op.left, &expr.left) &&
		       compile_expr(compiler, arg->op.right, &expr.right) &&
		       add_expr(compiler, &expr, out);
	}
	return false;
}

static bool compile_expr(struct compiler *compiler, const struct tep_print_arg *arg, uint16_t *out)
{
	bool is_compiled = false;

	if (!arg || compiler->depth >= DEPTH_MAX)
		return false;
	compiler->depth++;
	switch (arg->type) {
	case TEP_PRINT_NULL: /* in front of a sign */
		is_compiled = add_expr(compiler, &(struct expr){ .kind = EXPR_CONSTANT }, out);
		break;
	case TEP_PRINT_ATOM:
		is_compiled = compile_atom(compiler, arg->atom.atom, out);
		break;
	case TEP_PRINT_FIELD:
		is_compiled = compile_field(compiler, arg, out);
		break;
	case TEP_PRINT_TYPE:
		is_compiled = compile_cast(compiler, arg, out);
		break;
	case TEP_PRINT_OP:
		is_compiled = compile_operator(compiler, arg, out);
		break;
	default:
		break;
	}
	compiler->depth--;
	return is_compiled;
}

/* False: a name that is no number. */
static bool compile_names(const struct tep_print_flag_sym *from, struct string *to)
{
	for (; from; from = from->next) {
		struct name *name;

		if (!isdigit((unsigned char)from->value[0]))
			return false;
		name = array_add(&to->names, &to->name_count);
		*name = (struct name){ (int64_t)strtoull(from->value, NULL, 0), from->str };
	}
	return true;
}

static bool compile_string(struct compiler *compiler, const struct tep_print_arg *arg,
			   uint16_t *out);

static bool compile_array(struct compiler *compiler, const struct tep_print_arg *arg,
			  struct string *string)
{
	const struct tep_format_field *field =
		field_of(compiler, arg->field.field, arg->field.name);

	/* Else a pointer, or what it looks like; a dynamic one is named by __get_str(). */
	if (!field || !(field->flags & TEP_FIELD_IS_ARRAY) || (field->flags & TEP_FIELD_IS_DYNAMIC))
		return false;
	string->kind = STRING_ARRAY;
	string->offset = (uint16_t)field->offset;
	string->length = (uint16_t)field->size;
	return true;
}

static bool compile_dynamic(struct compiler *compiler, const struct tep_print_arg *arg,
			    struct string *string)
{
	const struct tep_format_field *field =
		field_of(compiler, arg->string.field, arg->string.string);

	if (!field || field->size != 4)
		return false;
	string->kind = STRING_DYNAMIC;
	string->size = (uint8_t)field->size;
	string->is_relative = field->flags & TEP_FIELD_IS_RELATIVE;
	string->offset = (uint16_t)field->offset;
	return true;
}

static bool compile_either(struct compiler *compiler, const struct tep_print_arg *arg,
			   struct string *string)
{
	const struct tep_print_arg *ways = arg->op.right;

	string->kind = STRING_CONDITION;
	if (strcmp(arg->op.op, "?") != 0 || !ways || ways->type != TEP_PRINT_OP ||
	    strcmp(ways->op.op, ":") != 0)
		return false;
	return compile_expr(compiler, arg->op.left, &string->expr) &&
	       compile_string(compiler, ways->op.left, &string->when_true) &&
	       compile_string(compiler, ways->op.right, &string->when_false);
}

static bool fill_string(struct compiler *compiler, const struct tep_print_arg *arg,
			struct string *string)
{
	switch (arg->type) {
	case TEP_PRINT_ATOM:
		*string = (struct string){ .kind = STRING_LITERAL, .text = arg->atom.atom };
		return true;
	case TEP_PRINT_BSTRING:
		*string = (struct string){ .kind = STRING_LITERAL, .text = arg->string.string };
		return true;
	case TEP_PRINT_FIELD:
		return compile_array(compiler, arg, string);
	case TEP_PRINT_STRING:
		return compile_dynamic(compiler, arg, string);
	case TEP_PRINT_SYMBOL:
		string->kind = STRING_SYMBOL;
		return compile_expr(compiler, arg->symbol.field, &string->expr) &&
		       compile_names(arg->symbol.symbols, string);
	case TEP_PRINT_FLAGS:
		string->kind = STRING_FLAGS;
		string->text = arg->flags.delim;
		return compile_expr(compiler, arg->flags.field, &string->expr) &&
		       compile_names(arg->flags.flags, string);
	case TEP_PRINT_OP:
		return compile_either(compiler, arg, string);
	default:
		return false;
	}
}

static bool compile_string(struct compiler *compiler, const struct tep_print_arg *arg,
			   uint16_t *out)
{
	struct printer *printer = compiler->printer;
	struct string string = { 0 };
	bool is_compiled = false;

	if (arg && compiler->depth < DEPTH_MAX && printer->string_count < COUNT_MAX) {
		compiler->depth++;
		is_compiled = fill_string(compiler, arg, &string);
		compiler->depth--;
	}
	if (!is_compiled) {
		free(string.names);
		return false;
	}
	*array_add(&printer->strings, &printer->string_count) = string;
	*out = (uint16_t)(printer->string_count - 1);
	return true;
}

/* A number in the format, up to what is sensible; -1: more. */
static int take_number(const char **at)
{
	int number = 0;

	for (; isdigit((unsigned char)**at) && number <= WIDTH_MAX; (*at)++)
		number = number * 10 + **at - '0';
	return number <= WIDTH_MAX ? number : -1;
}

/* Behind '%': flags, width, precision and length. False: there is more to it. */
static bool take_spec(const char **at, struct piece *piece)
{
	int longs = 0;

	piece->precision = -1;
	for (;; (*at)++) {
		if (**at == '#')
			piece->has_prefix = true;
		else if (**at == '-')
			piece->is_left = true;
		else if (**at == '0')
			piece->is_zero = true;
		else
			break;
	}
	piece->width = take_number(at);
	if (**at == '.') {
		(*at)++;
		piece->precision = take_number(at);
	}
	for (; **at && strchr("hlLzZ", **at); (*at)++)
		longs = **at == 'h' ? longs - 1 : **at == 'L' ? 2 : **at == 'l' ? longs + 1 : 1;
	piece->bits = longs == -2 ? 8 : longs == -1 ? 16 : longs == 0 ? 32 : 64;
	return piece->width >= 0 && longs >= -2 && longs <= 2;
}

/* %pI4, %pI6c, %pISpc of a field. */
static bool compile_address(struct compiler *compiler, const char **at, struct piece *piece,
			    const struct tep_print_arg *arg)
{
	static const struct {
		const char *text;
		enum piece_kind kind;
		int bytes; /* of the field; 0: at least a struct sockaddr_in */
		char conversion;
	} kinds[] = {
		{ "I4", PIECE_IP4, 4, 0 },
		{ "I6c", PIECE_IP6, 16, 0 },
		{ "ISpc", PIECE_SOCKADDR, 0, 'p' },
		{ "ISc", PIECE_SOCKADDR, 0, 0 },
	};
	const struct tep_format_field *field;

	while (arg->type == TEP_PRINT_TYPE)
		arg = arg->typecast.item;
	field = arg->type == TEP_PRINT_FIELD ? field_of(compiler, arg->field.field, arg->field.name)
					     : NULL;
	for (size_t i = 0; field && i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strncmp(*at, kinds[i].text, strlen(kinds[i].text)) != 0)
			continue;
		*at += strlen(kinds[i].text);
		piece->kind = (uint8_t)kinds[i].kind;
		piece->conversion = kinds[i].conversion;
		piece->index = (uint16_t)field->offset;
		piece->field_bytes = (uint16_t)field->size;
		/* Behind it may be an order of bytes. */
		return (kinds[i].bytes ? field->size == kinds[i].bytes : field->size >= 16) &&
		       !(**at && strchr("hnbl", **at));
	}
	return false;
}

static bool compile_pointer(struct compiler *compiler, const char **at, struct piece *piece,
			    const struct tep_print_arg *arg)
{
	char kind = **at;

	piece->kind = PIECE_POINTER;
	if (strchr("fFsS", kind) && kind) {
		piece->kind = PIECE_SYMBOL;
		piece->conversion = kind == 'F' || kind == 'S' ? 'S' : 's';
		(*at)++;
	} else if (kind == 'I') {
		return compile_address(compiler, at, piece, arg);
	} else if (strchr("MmiUhbBxKVdCDNEeg", kind) && kind) {
		return false;
	} else if (piece->width || piece->precision >= 0 || piece->has_prefix || piece->is_zero) {
		return false;
	}
	return arg->type != TEP_PRINT_BSTRING && compile_expr(compiler, arg, &piece->index);
}

static bool compile_conversion(struct compiler *compiler, const char **at,
			       const struct tep_print_arg **arg)
{
	struct piece piece = { 0 };
	bool is_compiled;

	if (!take_spec(at, &piece) || !*arg)
		return false;
	piece.conversion = *(*at)++;
	switch (piece.conversion) {
	case 'i':
	case 'd':
	case 'u':
	case 'x':
	case 'X':
		piece.kind = PIECE_NUMBER;
		piece.conversion = piece.conversion == 'i' ? 'd' : piece.conversion;
		piece.is_plain = !piece.width && piece.precision < 0 && !piece.has_prefix &&
				 piece.conversion != 'X';
		is_compiled = compile_expr(compiler, *arg, &piece.index);
		break;
	case 's':
		piece.kind = PIECE_STRING;
		is_compiled = compile_string(compiler, *arg, &piece.index);
		break;
	case 'p':
		is_compiled = compile_pointer(compiler, at, &piece, *arg);
		break;
	default:
		is_compiled = false;
		break;
	}
	*arg = (*arg)->next;
	if (is_compiled)
		*array_add(&compiler->printer->pieces, &compiler->printer->piece_count) = piece;
	return is_compiled;
}

static char unescape(char c)
{
	return c == 'n' ? '\n' : c == 't' ? '\t' : c == 'r' ? '\r' : c;
}

/* Up to the next conversion. */
static void compile_literal(struct compiler *compiler, const char **at)
{
	struct text literal = { 0 };
	struct piece *piece;

	for (; **at && (**at != '%' || (*at)[1] == '%'); (*at)++) {
		char c = **at;

		if (c == '\\' && (*at)[1])
			c = unescape(*++*at);
		else if (c == '%')
			(*at)++;
		text_add_bytes(&literal, &c, 1);
	}
	piece = array_add(&compiler->printer->pieces, &compiler->printer->piece_count);
	piece->kind = PIECE_LITERAL;
	piece->length = literal.length;
	piece->text = text_steal(&literal);
}

static bool compile(struct compiler *compiler)
{
	const struct tep_print_arg *arg = compiler->event->print_fmt.args;
	const char *at = compiler->event->print_fmt.format;

	while (*at) {
		if (*at == '%' && at[1] != '%') {
			at++;
			if (!compile_conversion(compiler, &at, &arg))
				return false;
		} else {
			compile_literal(compiler, &at);
		}
	}
	return true;
}

struct printer *printer_new(const struct tep_event *event)
{
	struct printer *printer;
	struct compiler compiler = { .event = event };

	if (!event || !event->print_fmt.format || event->handler ||
	    (event->flags & (TEP_EVENT_FL_FAILED | TEP_EVENT_FL_ISBPRINT | TEP_EVENT_FL_ISFUNCENT |
			     TEP_EVENT_FL_ISFUNCRET | TEP_EVENT_FL_PRINTRAW)))
		return NULL;
	printer = compiler.printer = xcalloc(1, sizeof(*printer));
	printer->long_bytes = (unsigned int)tep_get_long_size(event->tep);
	if (compile(&compiler))
		return printer;
	printer_free(printer);
	return NULL;
}

void printer_free(struct printer *printer)
{
	if (!printer)
		return;
	for (size_t i = 0; i < printer->piece_count; i++)
		free(printer->pieces[i].text);
	for (size_t i = 0; i < printer->string_count; i++)
		free(printer->strings[i].names);
	free(printer->pieces);
	free(printer->strings);
	free(printer->exprs);
	free(printer);
}
