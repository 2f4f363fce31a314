/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A compiled print fmt and a record in, its text out. It holds: nothing outside of the record is
 * read and nothing behind the room is written; what does not fit makes the whole fail.
 */
#include <string.h>
#include <sys/socket.h>

#include "base/bytes.h"
#include "base/number.h"
#include "decode/printcode.h"

struct run {
	const struct printer *printer;
	const struct printer_world *world;
	const unsigned char *data;
	size_t size;
	char *at, *end; /* at NULL: there was no room, or it is left to the library */
};

static uint64_t read_field(const struct run *run, unsigned int offset, unsigned int size)
{
	const unsigned char *at = run->data + offset;

	if (offset + size > run->size)
		return 0;
	return bytes_number(at, size, run->world->is_swapped);
}

static uint64_t evaluate(const struct run *run, unsigned int index);

static uint64_t evaluate_pair(const struct run *run, const struct expr *expr)
{
	uint64_t left = evaluate(run, expr->left), right = evaluate(run, expr->right);

	switch (expr->kind) {
	case EXPR_ADD:
		return left + right;
	case EXPR_SUBTRACT:
		return left - right;
	case EXPR_MULTIPLY:
		return left * right;
	case EXPR_DIVIDE:
		return right ? left / right : 0;
	case EXPR_REST:
		return right ? left % right : 0;
	case EXPR_AND:
		return left & right;
	case EXPR_OR:
		return left | right;
	case EXPR_BOTH:
		return left && right;
	case EXPR_EITHER:
		return left || right;
	case EXPR_EQUAL:
		return left == right;
	case EXPR_UNEQUAL:
		return left != right;
	case EXPR_LESS:
		return left < right;
	case EXPR_LESS_EQUAL:
		return left <= right;
	case EXPR_GREATER:
		return left > right;
	case EXPR_GREATER_EQUAL:
		return left >= right;
	/* As the machine shifts: by the lower six bits. */
	case EXPR_LEFT:
		return left << (right & 63);
	case EXPR_RIGHT:
		return left >> (right & 63);
	default:
		return 0;
	}
}

static uint64_t evaluate(const struct run *run, unsigned int index)
{
	const struct expr *expr = &run->printer->exprs[index];

	switch (expr->kind) {
	case EXPR_CONSTANT:
		return expr->number;
	case EXPR_FIELD:
		return read_field(run, expr->offset, expr->size);
	case EXPR_MASK:
		return evaluate(run, expr->left) & expr->number;
	case EXPR_NOT:
		return !evaluate(run, expr->left);
	case EXPR_INVERT:
		return ~evaluate(run, expr->left);
	case EXPR_CONDITION:
		return evaluate(run, evaluate(run, expr->left) ? expr->right : expr->other);
	default:
		return evaluate_pair(run, expr);
	}
}

/* Room for length bytes and a NUL; false: there is none, now or before. */
static inline bool has_room(struct run *run, size_t length)
{
	if (run->at && (size_t)(run->end - run->at) > length)
		return true;
	run->at = NULL;
	return false;
}

static void put(struct run *run, const char *text, size_t length)
{
	if (!has_room(run, length))
		return;
	memcpy(run->at, text, length);
	run->at += length;
}

static void pad(struct run *run, char with, long count)
{
	if (count <= 0 || !has_room(run, (size_t)count))
		return;
	memset(run->at, with, (size_t)count);
	run->at += count;
}

static void put_plain_number(struct run *run, const struct piece *piece, uint64_t number)
{
	unsigned int unused = 64 - piece->bits;

	if (!has_room(run, NUMBER_DECIMAL_MAX))
		return;
	number <<= unused;
	if (piece->conversion == 'd')
		run->at = number_signed(run->at, (int64_t)number >> unused);
	else if (piece->conversion == 'u')
		run->at = number_decimal(run->at, number >> unused);
	else
		run->at = number_hex_digits(run->at, number >> unused);
}

/* Digits up to end; where they begin. */
static char *digits_before(char *end, uint64_t number, char conversion)
{
	static const char lower[] = "0123456789abcdef", upper[] = "0123456789ABCDEF";
	const char *digits = conversion == 'X' ? upper : lower;

	if (conversion == 'd' || conversion == 'u') {
		do
			*--end = (char)('0' + number % 10);
		while (number /= 10);
		return end;
	}
	do
		*--end = digits[number & 15];
	while (number >>= 4);
	return end;
}

static void put_number(struct run *run, const struct piece *piece, uint64_t number)
{
	unsigned int unused = 64 - piece->bits;
	char digits[24], *end = digits + sizeof(digits), *start;
	const char *prefix = "";
	long length, zeros = 0;

	number <<= unused;
	if (piece->conversion == 'd' && (int64_t)number < 0) {
		number = -(uint64_t)((int64_t)number >> unused);
		prefix = "-";
	} else {
		number >>= unused;
	}
	if (piece->has_prefix && number && (piece->conversion == 'x' || piece->conversion == 'X'))
		prefix = piece->conversion == 'x' ? "0x" : "0X";
	start = digits_before(end, number, piece->conversion);
	/* No digits for a 0 of precision 0. */
	if (piece->precision == 0 && number == 0)
		start = end;
	length = end - start;
	if (piece->precision > length)
		zeros = piece->precision - length;
	else if (piece->is_zero && !piece->is_left && piece->precision < 0)
		zeros = piece->width - length - (long)strlen(prefix);
	zeros = zeros > 0 ? zeros : 0;
	length += zeros + (long)strlen(prefix);
	if (!piece->is_left)
		pad(run, ' ', piece->width - length);
	put(run, prefix, strlen(prefix));
	pad(run, '0', zeros);
	put(run, start, (size_t)(end - start));
	if (piece->is_left)
		pad(run, ' ', piece->width - length);
}

static void put_plain_hex(struct run *run, uint64_t number)
{
	if (has_room(run, NUMBER_HEX_MAX))
		run->at = number_hex(run->at, number);
}

/* text is most bytes long, less where it has a NUL. */
static void put_text(struct run *run, const struct piece *piece, const char *text, size_t most)
{
	size_t length;

	if (piece->precision >= 0 && (size_t)piece->precision < most)
		most = (size_t)piece->precision;
	length = strnlen(text, most);
	if (!piece->is_left)
		pad(run, ' ', piece->width - (long)length);
	put(run, text, length);
	if (piece->is_left)
		pad(run, ' ', piece->width - (long)length);
}

static void put_array(struct run *run, const struct piece *piece, const struct string *string)
{
	size_t room = string->offset < run->size ? run->size - string->offset : 0;
	size_t length = string->length && string->length < room ? string->length : room;

	put_text(run, piece, (const char *)run->data + string->offset, length);
}

static void put_dynamic(struct run *run, const struct piece *piece, const struct string *string)
{
	uint64_t word = read_field(run, string->offset, string->size);
	size_t offset = word & 0xffff, length = word >> 16;

	if (string->is_relative)
		offset += string->offset + string->size;
	if (offset > run->size)
		offset = 0;
	if (length == 0 || offset + length > run->size)
		return;
	put_text(run, piece, (const char *)run->data + offset, run->size - offset);
}

static void put_symbol_name(struct run *run, const struct piece *piece, const struct string *string)
{
	int64_t value = (int64_t)evaluate(run, string->expr);

	for (size_t i = 0; i < string->name_count; i++) {
		if (string->names[i].value != value)
			continue;
		put_text(run, piece, string->names[i].text, SIZE_MAX);
		return;
	}
	put_plain_hex(run, (uint64_t)value);
}

static void put_flag_names(struct run *run, const struct piece *piece, const struct string *string)
{
	int64_t value = (int64_t)evaluate(run, string->expr);
	size_t between = string->text ? strlen(string->text) : 0;
	bool is_any = false;

	for (size_t i = 0; i < string->name_count; i++) {
		const struct name *name = &string->names[i];

		if (value == 0 && name->value < 0) {
			put_text(run, piece, name->text, SIZE_MAX);
			break;
		}
		if (name->value <= 0 || (value & name->value) != name->value)
			continue;
		if (is_any)
			put(run, string->text, between);
		put_text(run, piece, name->text, SIZE_MAX);
		is_any = true;
		value &= ~name->value;
	}
	if (value == 0)
		return;
	if (is_any)
		put(run, string->text, between);
	put_plain_hex(run, (uint64_t)value);
}

static void put_string(struct run *run, const struct piece *piece, unsigned int index)
{
	const struct string *string = &run->printer->strings[index];

	while (string->kind == STRING_CONDITION) {
		index = evaluate(run, string->expr) ? string->when_true : string->when_false;
		string = &run->printer->strings[index];
	}
	switch (string->kind) {
	case STRING_LITERAL:
		put_text(run, piece, string->text, SIZE_MAX);
		break;
	case STRING_ARRAY:
		put_array(run, piece, string);
		break;
	case STRING_DYNAMIC:
		put_dynamic(run, piece, string);
		break;
	case STRING_SYMBOL:
		put_symbol_name(run, piece, string);
		break;
	case STRING_FLAGS:
		put_flag_names(run, piece, string);
		break;
	default:
		break;
	}
}

static void put_symbol(struct run *run, const struct piece *piece, uint64_t address)
{
	uint64_t start = address;
	const char *name = run->world->find_symbol(run->world->context, &start);

	if (!name) {
		put_plain_hex(run,
			      run->printer->long_bytes == 4 ? (uint64_t)(long)address : address);
		return;
	}
	put(run, name, strlen(name));
	if (piece->conversion == 'S') {
		put(run, "+", 1);
		put_plain_hex(run, address - start);
	}
}

/* Those that libtraceevent writes in another way than number_ip6() are left to it. */
static bool is_plain_ip6(const unsigned char bytes[16])
{
	static const unsigned char zeros[16];
	bool is_compatible = memcmp(bytes, zeros, 12) == 0 && (bytes[12] || bytes[13]);
	bool is_isatap =
		(bytes[8] | 2) == 2 && bytes[9] == 0 && bytes[10] == 0x5e && bytes[11] == 0xfe;

	return !is_compatible && !is_isatap;
}

static void put_ip6(struct run *run, const unsigned char *bytes)
{
	if (!has_room(run, NUMBER_IP6_MAX))
		return;
	run->at = is_plain_ip6(bytes) ? number_ip6(run->at, bytes) : NULL;
}

static void put_port(struct run *run, const unsigned char *bytes)
{
	if (has_room(run, NUMBER_DECIMAL_MAX + 1)) {
		*run->at++ = ':';
		run->at = number_decimal(run->at, (uint64_t)bytes[0] << 8 | bytes[1]);
	}
}

/* struct sockaddr_in, sockaddr_in6 */
static void put_sockaddr(struct run *run, const struct piece *piece, const unsigned char *bytes)
{
	bool has_port = piece->conversion == 'p';
	uint16_t family;

	memcpy(&family, bytes, sizeof(family));
	if (run->world->is_swapped || (family == AF_INET6 && piece->field_bytes < 28)) {
		run->at = NULL;
	} else if (family == AF_INET) {
		if (has_room(run, NUMBER_IP4_MAX))
			run->at = number_ip4(run->at, bytes + 4);
		if (has_port)
			put_port(run, bytes + 2);
	} else if (family == AF_INET6) {
		put(run, "[", has_port);
		put_ip6(run, bytes + 8);
		put(run, "]", has_port);
		if (has_port)
			put_port(run, bytes + 2);
	}
}

static void put_address(struct run *run, const struct piece *piece)
{
	const unsigned char *bytes = run->data + piece->index;

	if ((size_t)piece->index + piece->field_bytes > run->size)
		run->at = NULL;
	else if (piece->kind == PIECE_SOCKADDR)
		put_sockaddr(run, piece, bytes);
	else if (piece->kind == PIECE_IP6)
		put_ip6(run, bytes);
	else if (has_room(run, NUMBER_IP4_MAX))
		run->at = number_ip4(run->at, bytes);
}

static void put_piece(struct run *run, const struct piece *piece)
{
	uint64_t number;

	switch (piece->kind) {
	case PIECE_LITERAL:
		put(run, piece->text, piece->length);
		break;
	case PIECE_NUMBER:
		number = evaluate(run, piece->index);
		if (piece->is_plain)
			put_plain_number(run, piece, number);
		else
			put_number(run, piece, number);
		break;
	case PIECE_STRING:
		put_string(run, piece, piece->index);
		break;
	case PIECE_SYMBOL:
		put_symbol(run, piece, evaluate(run, piece->index));
		break;
	case PIECE_IP4:
	case PIECE_IP6:
	case PIECE_SOCKADDR:
		put_address(run, piece);
		break;
	default:
		number = evaluate(run, piece->index);
		if (number)
			put_plain_hex(run, number);
		else
			put(run, "(nil)", 5);
		break;
	}
}

long printer_run(const struct printer *printer, const struct printer_world *world,
		 const unsigned char *data, size_t size, char *buffer, size_t room)
{
	struct run run = { printer, world, data, size, buffer, buffer + room };

	for (size_t i = 0; i < printer->piece_count && run.at; i++)
		put_piece(&run, &printer->pieces[i]);
	if (!has_room(&run, 0))
		return -1;
	*run.at = '\0';
	return run.at - buffer;
}
