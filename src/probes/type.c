/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of types, and the text of a type to struct probe_type. A kernel type is handed on as it
 * is, a display type as the plain type of its row. Kernel types follow
 * Documentation/trace/kprobetrace.rst and kernel/trace/trace_probe.c.
 */
#include "probes/type.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define ARRAY_MAX 64 /* MAX_ARRAY_LEN of the kernel */

const struct probe_type_info probe_types[] = {
	{ "u8", "u8", DISPLAY_UNSIGNED, 1, "unsigned number" },
	{ "u16", "u16", DISPLAY_UNSIGNED, 2, "unsigned number" },
	{ "u32", "u32", DISPLAY_UNSIGNED, 4, "unsigned number" },
	{ "u64", "u64", DISPLAY_UNSIGNED, 8, "unsigned number" },
	{ "s8", "s8", DISPLAY_SIGNED, 1, "signed number" },
	{ "s16", "s16", DISPLAY_SIGNED, 2, "signed number" },
	{ "s32", "s32", DISPLAY_SIGNED, 4, "signed number" },
	{ "s64", "s64", DISPLAY_SIGNED, 8, "signed number" },
	{ "x8", "x8", DISPLAY_HEX, 1, "hexadecimal number" },
	{ "x16", "x16", DISPLAY_HEX, 2, "hexadecimal number" },
	{ "x32", "x32", DISPLAY_HEX, 4, "hexadecimal number" },
	{ "x64", "x64", DISPLAY_HEX, 8, "hexadecimal number" },
	{ "char", "char", DISPLAY_STRING, 1, "character; an array of them is text" },
	{ "string", "string", DISPLAY_STRING, 0, "text in memory of the kernel" },
	{ "ustring", "ustring", DISPLAY_STRING, 0, "text in memory of the process" },
	{ "symbol", "symbol", DISPLAY_SYMBOL, 8, "address in the kernel, as a symbol" },
	{ "symstr", "symstr", DISPLAY_STRING, 0, "the same, as text that the kernel makes" },
	{ "%pd", "%pd", DISPLAY_STRING, 0, "name of a struct dentry" },
	{ "%pD", "%pD", DISPLAY_STRING, 0, "name of a struct file" },
	{ "be16", "u16", DISPLAY_BE16, 2, "number in network byte order, as a port" },
	{ "be32", "u32", DISPLAY_BE32, 4, "number in network byte order" },
	{ "be64", "u64", DISPLAY_BE64, 8, "number in network byte order" },
	{ "ip4", "u32", DISPLAY_IP4, 4, "IPv4 address" },
	{ "ip6", "x64[2]", DISPLAY_IP6, 16, "IPv6 address" },
	{ "family", "u16", DISPLAY_FAMILY, 2, "address family: inet, inet6, unix" },
	{ "sock_type", "u16", DISPLAY_SOCK_TYPE, 2, "type of a socket: stream, dgram, raw" },
	{ "tcp_state", "u8", DISPLAY_TCP_STATE, 1, "state of TCP: ESTABLISHED, SYN_SENT" },
	{ "proto", "u16", DISPLAY_PROTO, 2, "protocol over IP: tcp, udp, icmp" },
	{ "proto8", "u8", DISPLAY_PROTO, 1, "the same in one byte, as in an IP header" },
	{ "ethertype", "u16", DISPLAY_ETHERTYPE, 2, "protocol over Ethernet: IPv4, IPv6, ARP" },
	{ "mac", "x16[3]", DISPLAY_MAC, 6, "Ethernet address" },
	{ "errno", "s32", DISPLAY_ERRNO, 4, "0, or an error: -ECONNREFUSED" },
	{ "ssize", "s64", DISPLAY_SIZE_OR_ERRNO, 8, "number of bytes, or an error" },
	{ "ssize32", "s32", DISPLAY_SIZE_OR_ERRNO, 4, "number of bytes, or an error, of an int" },
	{ "icmp_type", "u8", DISPLAY_ICMP_TYPE, 1, "type of an ICMP message: echo-request" },
	{ "tcp_flags", "u8", DISPLAY_TCP_FLAGS, 1, "flags of TCP, as in tcpdump: S." },
	{ "ns", "u64", DISPLAY_DURATION, 8, "duration in nanoseconds" },
	{ "packet", "x64", DISPLAY_PACKET, 8, "window of a packet: packet[N](saddr,daddr,...)" },
};

const size_t probe_type_count = sizeof(probe_types) / sizeof(probe_types[0]);

const char *const packet_member_names[PACKET_MEMBER_COUNT] = {
	[PACKET_SADDR] = "saddr", [PACKET_DADDR] = "daddr", [PACKET_SPORT] = "sport",
	[PACKET_DPORT] = "dport", [PACKET_PROTO] = "proto", [PACKET_L4PROTO] = "l4proto",
	[PACKET_FLAGS] = "flags", [PACKET_TYPE] = "type",   [PACKET_CODE] = "code",
	[PACKET_TTL] = "ttl",	  [PACKET_ID] = "id",	    [PACKET_LEN] = "len",
	[PACKET_SEQ] = "seq",	  [PACKET_ACK] = "ack",
};

/* Text that is being read: every function below moves at on, or leaves it at the mistake. */
struct cursor {
	const char *text;
	size_t length, at;
	const char *why;
};

static int wrong(struct cursor *cursor, size_t at, const char *why)
{
	cursor->at = at;
	cursor->why = why;
	return -EINVAL;
}

static char peek(const struct cursor *cursor)
{
	return cursor->at < cursor->length ? cursor->text[cursor->at] : '\0';
}

static bool take(struct cursor *cursor, char c)
{
	if (peek(cursor) != c || c == '\0')
		return false;
	cursor->at++;
	return true;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_word(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

/* A number of at most limit, octal with a 0 before as the kernel has it; more is limit + 1. */
static bool take_number(struct cursor *cursor, unsigned int limit, unsigned int *number)
{
	unsigned int base = peek(cursor) == '0' ? 8 : 10;

	if (!is_digit(peek(cursor)))
		return false;
	*number = 0;
	while (is_digit(peek(cursor))) {
		unsigned int digit = (unsigned int)(peek(cursor) - '0');

		if (digit >= base)
			return false;
		cursor->at++;
		*number = *number > limit ? limit + 1 : *number * base + digit;
	}
	if (*number > limit)
		*number = limit + 1;
	return true;
}

static int parse_bitfield(struct cursor *cursor, struct probe_type *type)
{
	unsigned int width, offset, storage;
	size_t at_width = ++cursor->at;

	if (!take_number(cursor, 64, &width) || !take(cursor, '@') ||
	    !take_number(cursor, 64, &offset) || !take(cursor, '/'))
		return wrong(cursor, cursor->at, "a bit-field is b<width>@<offset>/<storage>");

	size_t at_storage = cursor->at;
	if (!take_number(cursor, 64, &storage) ||
	    (storage != 8 && storage != 16 && storage != 32 && storage != 64))
		return wrong(cursor, at_storage,
			     "the storage of a bit-field has 8, 16, 32 or 64 bits");
	if (width == 0)
		return wrong(cursor, at_width, "a bit-field has at least one bit");
	if (width + offset > storage)
		return wrong(cursor, at_width, "the bit-field reaches out of its storage");
	if (peek(cursor))
		return wrong(cursor, cursor->at, "nothing can follow a bit-field's type");

	type->kind = PROBE_TYPE_BITFIELD;
	type->display = DISPLAY_UNSIGNED;
	type->bytes = (uint8_t)(storage / 8);
	type->bit_width = (uint8_t)width;
	type->bit_offset = (uint8_t)offset;
	snprintf(type->kernel, sizeof(type->kernel), "b%u@%u/%u", width, offset, storage);
	return 0;
}

static int parse_array(struct cursor *cursor, struct probe_type *type)
{
	unsigned int count;

	if (!take(cursor, '['))
		return 0;

	size_t at_count = cursor->at;
	if (!take_number(cursor, ARRAY_MAX, &count))
		return wrong(cursor, at_count, "an array's type ends in [N]");
	if (count == 0)
		return wrong(cursor, at_count, "an array has at least one element");
	if (count > ARRAY_MAX)
		return wrong(cursor, at_count, "an array has at most 64 elements");
	if (!take(cursor, ']'))
		return wrong(cursor, cursor->at, "the ']' of the array is missing");
	type->count = (uint16_t)count;
	return 0;
}

static int parse_member(struct cursor *cursor, struct probe_type *type)
{
	size_t start = cursor->at;
	size_t length;

	while (is_word(peek(cursor)))
		cursor->at++;
	length = cursor->at - start;
	for (unsigned int i = 0; i < PACKET_MEMBER_COUNT; i++) {
		if (strlen(packet_member_names[i]) != length ||
		    memcmp(packet_member_names[i], cursor->text + start, length) != 0)
			continue;
		if (type->packet_members & (1u << i))
			return wrong(cursor, start, "the member of the packet is named twice");
		type->packet_members |= 1u << i;
		type->packet_order[type->packet_member_count++] = (uint8_t)i;
		return 0;
	}
	return wrong(cursor, start, "this is no member of a packet");
}

static int parse_members(struct cursor *cursor, struct probe_type *type)
{
	if (type->count == 0)
		return wrong(cursor, cursor->at,
			     "a packet window has its size in words of 64 bits: packet[N](...)");
	if (!take(cursor, '('))
		return wrong(cursor, cursor->at,
			     "a packet window names its members: packet[N](saddr,...)");
	do {
		int err = parse_member(cursor, type);

		if (err)
			return err;
	} while (take(cursor, ','));
	if (!take(cursor, ')'))
		return wrong(cursor, cursor->at, "the ')' of the packet's members is missing");
	return 0;
}

static const struct probe_type_info *find_info(const char *name, size_t length)
{
	for (size_t i = 0; i < probe_type_count; i++) {
		if (strlen(probe_types[i].name) == length &&
		    memcmp(probe_types[i].name, name, length) == 0)
			return &probe_types[i];
	}
	return NULL;
}

static void set_kernel(struct probe_type *type, const char *plain)
{
	if (type->count)
		snprintf(type->kernel, sizeof(type->kernel), "%s[%u]", plain, type->count);
	else
		snprintf(type->kernel, sizeof(type->kernel), "%s", plain);
}

static int parse_known(struct cursor *cursor, const struct probe_type_info *info,
		       struct probe_type *type)
{
	size_t at_array = cursor->at;
	int err = parse_array(cursor, type);

	if (err)
		return err;
	if (type->count && strchr(info->kernel, '['))
		return wrong(cursor, at_array, "this type is an array already");
	type->kind = info->display >= DISPLAY_BE16 ? PROBE_TYPE_DISPLAY : PROBE_TYPE_KERNEL;
	type->display = info->display;
	type->bytes = info->bytes;
	set_kernel(type, info->kernel);
	return info->display == DISPLAY_PACKET ? parse_members(cursor, type) : 0;
}

static int parse_enum(struct cursor *cursor, size_t length, struct probe_type *type)
{
	if (length >= sizeof(type->enum_name))
		return wrong(cursor, 0, "the name of a type has at most 31 characters");
	type->kind = PROBE_TYPE_ENUM;
	type->display = DISPLAY_ENUM;
	memcpy(type->enum_name, cursor->text, length);
	return parse_array(cursor, type);
}

static int parse(struct cursor *cursor, struct probe_type *type)
{
	const struct probe_type_info *info;
	int err;

	if (cursor->length == 0)
		return wrong(cursor, 0, "a type is missing after ':'");
	if (cursor->length > 1 && cursor->text[0] == 'b' && is_digit(cursor->text[1]))
		return parse_bitfield(cursor, type);
	if (peek(cursor) == '%')
		cursor->at++;
	while (is_word(peek(cursor)))
		cursor->at++;
	info = find_info(cursor->text, cursor->at);
	if (info)
		err = parse_known(cursor, info, type);
	else if (cursor->at == 0 || cursor->text[0] == '%' || is_digit(cursor->text[0]))
		err = wrong(cursor, 0, "this is not a type");
	else
		err = parse_enum(cursor, cursor->at, type);
	if (!err && peek(cursor))
		return wrong(cursor, cursor->at, "nothing can follow the type here");
	return err;
}

int probe_type_parse(const char *text, size_t length, struct probe_type *type, const char **why,
		     size_t *at)
{
	struct cursor cursor = { .text = text, .length = length };
	struct probe_type parsed = { 0 };
	int err = parse(&cursor, &parsed);

	if (err) {
		*why = cursor.why;
		*at = cursor.at;
		return err;
	}
	*type = parsed;
	return 0;
}

void probe_type_set_enum(struct probe_type *type, const char *plain)
{
	const struct probe_type_info *info = find_info(plain, strlen(plain));

	if (!info)
		return;
	type->bytes = info->bytes;
	set_kernel(type, plain);
}

/* Several types have one display: they differ in their width. */
static const char *element_name(const struct probe_type *type)
{
	if (type->kind == PROBE_TYPE_ENUM)
		return type->enum_name;
	for (size_t i = 0; type->kind == PROBE_TYPE_DISPLAY && i < probe_type_count; i++)
		if (probe_types[i].display == type->display && probe_types[i].bytes == type->bytes)
			return probe_types[i].name;
	return NULL;
}

char *probe_type_name(const struct probe_type *type, char name[PROBE_TYPE_NAME_MAX])
{
	const char *element = element_name(type);

	/* A kernel type has its array in it. */
	if (element && type->count)
		snprintf(name, PROBE_TYPE_NAME_MAX, "%s[%u]", element, type->count);
	else
		snprintf(name, PROBE_TYPE_NAME_MAX, "%s", element ? element : type->kernel);
	return name;
}
