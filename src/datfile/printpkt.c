/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A packet's members out of a window that the network header begins anywhere in. No byte is read
 * before a condition has said that it is in the window, or at an index modulo the window's size, so
 * that whatever the event says no reader is led out of it. Extension headers of IPv6 are not
 * followed: what is behind them is not shown.
 */
#include "datfile/printpkt.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/alloc.h"

/* The network header is at the same place in every window. */
static bool is_fixed(const struct printpkt *packet)
{
	return !packet->has_data || !packet->has_head || !packet->has_nh;
}

static unsigned long fixed_position(const struct printpkt *packet)
{
	return packet->has_data ? (unsigned long)packet->before : 0;
}

/* Where the network header is in the window. */
static struct expr position(const struct printpkt *packet)
{
	struct expr network;

	if (is_fixed(packet))
		return printexpr_number(fixed_position(packet));
	network = printexpr_op(printexpr_leaf("REC->_head"), "+", printexpr_leaf("REC->_nh"));
	network = printexpr_op(network, "-", printexpr_leaf("REC->_data"));
	if (packet->before)
		network = printexpr_op(network, "+", printexpr_leaf("%ld", packet->before));
	return network;
}

/* offset: from the network header on. Only to be read where a condition says that it is there. */
static struct expr byte_at(const struct printpkt *packet, struct expr offset)
{
	if (is_fixed(packet) && !fixed_position(packet))
		return printexpr_element(packet->field, offset);
	return printexpr_element(packet->field, printexpr_op(position(packet), "+", offset));
}

static struct expr byte_n(const struct printpkt *packet, unsigned int n)
{
	if (is_fixed(packet))
		return printexpr_element(packet->field,
					 printexpr_number(fixed_position(packet) + n));
	return n ? byte_at(packet, printexpr_number(n))
		 : printexpr_element(packet->field, position(packet));
}

/* The first byte, before anything is known: wherever it may be, it is read inside the window. */
static struct expr first_byte(const struct printpkt *packet)
{
	if (is_fixed(packet))
		return printexpr_element(packet->field,
					 printexpr_number(fixed_position(packet) % packet->bytes));
	return printexpr_element(packet->field, printexpr_op(position(packet), "%",
							     printexpr_number(packet->bytes)));
}

static struct expr is_version(struct expr first, unsigned int version)
{
	return printexpr_op(printexpr_op(first, ">>", printexpr_number(4)),
			    "==", printexpr_number(version));
}

/* The first byte of a header of five words or more: 0x45 to 0x4f. */
static struct expr is_whole4(struct expr first)
{
	return printexpr_op(printexpr_op(first, "-", printexpr_number(0x45)), "<",
			    printexpr_number(11));
}

/* As in packet_parse(). The number is that of the recording machine, which is this one. */
static struct expr is_ethertype(const struct printpkt *packet, uint16_t ethertype)
{
	return printexpr_op(printexpr_leaf("REC->%s", packet->ethertype),
			    "==", printexpr_number(htons(ethertype)));
}

static struct expr may_be(const struct printpkt *packet, uint16_t ethertype)
{
	if (!packet->ethertype)
		return (struct expr){ 0 };
	return printexpr_or(is_ethertype(packet, ethertype),
			    printexpr_or(is_ethertype(packet, 0), is_ethertype(packet, ETH_P_ALL)));
}

static struct expr begins_ip4(const struct printpkt *packet, struct expr first)
{
	return printexpr_and(is_whole4(first), may_be(packet, ETH_P_IP));
}

static struct expr begins_ip6(const struct printpkt *packet, struct expr first)
{
	return printexpr_and(is_version(first, 6), may_be(packet, ETH_P_IPV6));
}

static struct expr is4(const struct printpkt *packet)
{
	return is_version(byte_n(packet, 0), 4);
}

/* Bytes of the network header: 40 for IPv6, whose next header is taken to be the transport's. */
static struct expr header_length(const struct printpkt *packet)
{
	struct expr words = printexpr_op(byte_n(packet, 0), "&", printexpr_number(15));

	return printexpr_if(is4(packet), printexpr_op(words, "*", printexpr_number(4)),
			    printexpr_number(40));
}

static struct expr transport_offset(const struct printpkt *packet, unsigned int n)
{
	return printexpr_op(header_length(packet), "+", printexpr_number(n));
}

static struct expr transport_byte(const struct printpkt *packet, unsigned int n)
{
	return byte_at(packet, transport_offset(packet, n));
}

/* Where the linear data must at least reach to, in what _tail counts in; none: it is not known. */
static struct expr is_linear(const struct printpkt *packet, struct expr count)
{
	struct expr from, tail = printexpr_leaf("REC->_tail");

	if (!packet->has_data || !packet->has_tail || !packet->has_head) {
		printexpr_free(&tail);
		printexpr_free(&count);
		return (struct expr){ 0 };
	}
	if (!packet->has_nh)
		from = printexpr_leaf("REC->_data");
	else if (packet->is_tail_pointer)
		from = printexpr_op(printexpr_leaf("REC->_head"), "+", printexpr_leaf("REC->_nh"));
	else
		from = printexpr_leaf("REC->_nh");
	if (!packet->has_nh && !packet->is_tail_pointer)
		tail = printexpr_op(printexpr_leaf("REC->_head"), "+", tail);
	return printexpr_op(tail, ">=", printexpr_op(from, "+", count));
}

/* So many bytes from the network header on are in the window and are the packet's. */
static struct expr has_bytes(const struct printpkt *packet, struct expr count)
{
	struct expr end = printexpr_op(printexpr_copy(&count), "+", position(packet));

	return printexpr_and(printexpr_op(end, "<=", printexpr_number(packet->bytes)),
			     is_linear(packet, count));
}

/* The same of a number. Unsigned: a position before the window is a very large one. */
static struct expr has_bytes_n(const struct printpkt *packet, unsigned int n)
{
	if (packet->bytes < (is_fixed(packet) ? fixed_position(packet) : 0) + n)
		return printexpr_number(0);
	if (is_fixed(packet))
		return is_linear(packet, printexpr_number(n));
	return printexpr_and(
		printexpr_op(position(packet), "<=", printexpr_number(packet->bytes - n)),
		is_linear(packet, printexpr_number(n)));
}

/* The network header is there, of one family, or (0) of either. */
static struct expr has_network(const struct printpkt *packet, int family)
{
	if (family == AF_INET)
		return printexpr_and(begins_ip4(packet, first_byte(packet)),
				     has_bytes_n(packet, 20));
	if (family == AF_INET6)
		return printexpr_and(begins_ip6(packet, first_byte(packet)),
				     has_bytes_n(packet, 40));
	return printexpr_or(has_network(packet, AF_INET), has_network(packet, AF_INET6));
}

/* Of IPv4: the first fragment, or all of the packet. */
static struct expr is_first_fragment(const struct printpkt *packet)
{
	struct expr high = printexpr_op(byte_n(packet, 6), "&", printexpr_number(31));

	return printexpr_op(printexpr_op(high, "|", byte_n(packet, 7)), "==", printexpr_number(0));
}

static struct expr by_version(const struct printpkt *packet, struct expr in4, struct expr in6)
{
	return printexpr_if(is4(packet), in4, in6);
}

static struct expr proto(const struct printpkt *packet)
{
	return by_version(packet, byte_n(packet, 9), byte_n(packet, 6));
}

/* number is one of those of a list that 0 ends; takes none of it. */
static struct expr is_one_of(const struct expr *number, const unsigned int *list)
{
	struct expr any = { 0 };

	for (; *list; list++) {
		struct expr is =
			printexpr_op(printexpr_copy(number), "==", printexpr_number(*list));

		any = any.text ? printexpr_or(any, is) : is;
	}
	return any;
}

/* n bytes of the header of one of these transports are there. */
static struct expr has_transport(const struct printpkt *packet, unsigned int n,
				 const unsigned int *protos)
{
	struct expr in4 =
		printexpr_and(begins_ip4(packet, byte_n(packet, 0)), is_first_fragment(packet));
	struct expr begins = printexpr_or(in4, begins_ip6(packet, byte_n(packet, 0)));
	struct expr number = proto(packet);
	struct expr is = is_one_of(&number, protos);
	struct expr there = printexpr_and(begins, has_bytes(packet, transport_offset(packet, n)));

	printexpr_free(&number);
	there = printexpr_and(is, there);
	return printexpr_and(has_bytes_n(packet, 20), there);
}

/* In IPv6 the number may be that of an extension header, which is not the payload's. */
static struct expr has_proto(const struct printpkt *packet)
{
	static const unsigned int extensions[] = { 43, 44, 51, 60, 0 };
	struct expr next = byte_n(packet, 6);
	struct expr is_extension = is_one_of(&next, extensions);
	struct expr known;

	is_extension = printexpr_or(is_extension, printexpr_not(next));
	known = printexpr_or(is4(packet), printexpr_not(is_extension));
	return printexpr_and(has_network(packet, 0), known);
}

struct expr printpkt_condition(const struct printpkt *packet, enum packet_member member, int family)
{
	static const unsigned int with_ports[] = { 6, 17, 33, 132, 136, 0 };
	static const unsigned int tcp[] = { 6, 0 };
	static const unsigned int icmp[] = { 1, 58, 0 };

	switch (member) {
	case PACKET_SADDR:
	case PACKET_DADDR:
		return has_network(packet, family);
	case PACKET_SPORT:
	case PACKET_DPORT:
		return has_transport(packet, 4, with_ports);
	case PACKET_PROTO:
	case PACKET_L4PROTO:
		return has_proto(packet);
	case PACKET_FLAGS:
	case PACKET_SEQ:
	case PACKET_ACK:
		return has_transport(packet, 14, tcp);
	case PACKET_TYPE:
	case PACKET_CODE:
		return has_transport(packet, 2, icmp);
	case PACKET_ID:
		return has_network(packet, AF_INET);
	default:
		return has_network(packet, 0);
	}
}

static struct expr join16(struct expr high, struct expr low)
{
	return printexpr_op(printexpr_op(high, "<<", printexpr_number(8)), "|", low);
}

static struct expr network16(const struct printpkt *packet, unsigned int n)
{
	return join16(byte_n(packet, n), byte_n(packet, n + 1));
}

static struct expr transport16(const struct printpkt *packet, unsigned int n)
{
	return join16(transport_byte(packet, n), transport_byte(packet, n + 1));
}

static struct expr transport32(const struct printpkt *packet, unsigned int n)
{
	return printexpr_op(printexpr_op(transport16(packet, n), "<<", printexpr_number(16)), "|",
			    transport16(packet, n + 2));
}

static void add_address(const struct printpkt *packet, enum packet_member member, int family,
			const struct print_value *what, struct printout *out)
{
	bool is_ip4 = family == AF_INET;
	unsigned int at = is_ip4 ? 12 : 8;
	struct expr parts[8] = { { 0 } };

	if (member == PACKET_DADDR)
		at += is_ip4 ? 4 : 16;
	for (unsigned int i = 0; i < (is_ip4 ? 4 : 8); i++)
		parts[i] = is_ip4 ? byte_n(packet, at + i) : network16(packet, at + 2 * i);
	if (is_ip4)
		printout_ip4(out, what, parts);
	else
		printout_ip6(out, what, parts);
	for (int i = 0; i < 8; i++)
		printexpr_free(&parts[i]);
}

static struct expr member_number(const struct printpkt *packet, enum packet_member member)
{
	switch (member) {
	case PACKET_SPORT:
		return transport16(packet, 0);
	case PACKET_DPORT:
		return transport16(packet, 2);
	case PACKET_FLAGS:
		return transport_byte(packet, 13);
	case PACKET_SEQ:
		return transport32(packet, 4);
	case PACKET_ACK:
		return transport32(packet, 8);
	case PACKET_TYPE:
		return transport_byte(packet, 0);
	case PACKET_CODE:
		return transport_byte(packet, 1);
	case PACKET_TTL:
		return by_version(packet, byte_n(packet, 8), byte_n(packet, 7));
	case PACKET_ID:
		return network16(packet, 4);
	case PACKET_LEN:
		/* IPv6 counts the bytes behind its header. */
		return by_version(packet, network16(packet, 2),
				  printexpr_op(network16(packet, 4), "+", printexpr_number(40)));
	default:
		return proto(packet);
	}
}

/* NULL: the number itself is shown. */
static char *member_name(const struct printpkt *packet, enum packet_member member,
			 const char *number)
{
	NK_FREE char *in4 = NULL, *in6 = NULL;
	struct expr version;
	char *name;

	switch (member) {
	case PACKET_PROTO:
	case PACKET_L4PROTO:
		return print_symbolic(DISPLAY_PROTO, number);
	case PACKET_FLAGS:
		return print_flags(DISPLAY_TCP_FLAGS, number);
	case PACKET_TYPE:
		version = is4(packet);
		in4 = print_symbolic(DISPLAY_ICMP_TYPE, number);
		in6 = print_icmp6_type(number);
		name = xasprintf("(%s ? %s : %s)", version.text, in4, in6);
		printexpr_free(&version);
		return name;
	default:
		return NULL;
	}
}

void printpkt_add(const struct printpkt *packet, enum packet_member member, int family,
		  const char *name, const char *condition, struct printout *out)
{
	struct print_value what = { name, condition, NULL };
	NK_FREE char *named = NULL;
	struct expr number;

	if (member == PACKET_SADDR || member == PACKET_DADDR) {
		add_address(packet, member, family, &what, out);
		return;
	}
	number = member_number(packet, member);
	named = member_name(packet, member, number.text);
	what.value = named ? named : number.text;
	if (named)
		printout_string(out, &what);
	else
		printout_number(out, &what, "", "llu");
	printexpr_free(&number);
}
