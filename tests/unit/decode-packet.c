/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packets by the headers of the C library: IPv4 with options and fragments, IPv6 with extension
 * headers, TCP, UDP, SCTP and ICMP, and every one of them cut short at every byte.
 */
#include <arpa/inet.h>
#include <check.h>
#include <linux/if_ether.h>
#include <netinet/icmp6.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/ip_icmp.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/alloc.h"
#include "decode/packet.h"

struct bytes {
	unsigned char data[256];
	size_t length;
};

static void add(struct bytes *bytes, const void *data, size_t length)
{
	memcpy(bytes->data + bytes->length, data, length);
	bytes->length += length;
}

static void add_ip4(struct bytes *bytes, uint8_t proto, size_t options, uint16_t fragment)
{
	struct iphdr ip = { .version = 4,
			    .ihl = (unsigned int)(5 + options / 4) & 15,
			    .tot_len = htons(1234),
			    .id = htons(0xbeef),
			    .frag_off = htons(fragment),
			    .ttl = 63,
			    .protocol = proto,
			    .saddr = htonl(0x0a000001),
			    .daddr = htonl(0x0a000002) };

	add(bytes, &ip, sizeof(ip));
	memset(bytes->data + bytes->length, 1, options);
	bytes->length += options;
}

static void add_ip6(struct bytes *bytes, uint8_t next)
{
	struct ip6_hdr ip = { .ip6_plen = htons(100), .ip6_nxt = next, .ip6_hlim = 62 };

	ip.ip6_vfc = 0x60;
	inet_pton(AF_INET6, "fd00::1", &ip.ip6_src);
	inet_pton(AF_INET6, "fd00::2", &ip.ip6_dst);
	add(bytes, &ip, sizeof(ip));
}

static void add_tcp(struct bytes *bytes)
{
	struct tcphdr tcp = { .source = htons(33762),
			      .dest = htons(443),
			      .seq = htonl(0x01020304),
			      .ack_seq = htonl(0x05060708),
			      .doff = 5,
			      .syn = 1,
			      .ack = 1 };

	add(bytes, &tcp, sizeof(tcp));
}

static struct packet parse(const struct bytes *bytes)
{
	/* Where the allocation ends, the sanitizer sees what reads on. */
	NK_FREE unsigned char *copy = xmalloc(bytes->length ? bytes->length : 1);
	struct packet packet;

	memcpy(copy, bytes->data, bytes->length);
	packet_parse(&packet, 0, copy, bytes->length);
	if (packet.members & 1U << PACKET_SADDR)
		ck_assert_uint_le((size_t)(packet.addresses[1] - copy) +
					  (packet.family == AF_INET ? 4 : 16),
				  bytes->length);
	return packet;
}

static void expect(const struct packet *packet, enum packet_member member, uint32_t number)
{
	ck_assert_msg(packet->members & 1U << member, "member %d is absent", member);
	ck_assert_uint_eq(packet->numbers[member], number);
}

static void expect_absent(const struct packet *packet, enum packet_member member)
{
	ck_assert_msg(!(packet->members & 1U << member), "member %d is there", member);
}

static void expect_tcp(const struct packet *packet)
{
	expect(packet, PACKET_PROTO, 6);
	expect(packet, PACKET_L4PROTO, 6);
	expect(packet, PACKET_SPORT, 33762);
	expect(packet, PACKET_DPORT, 443);
	expect(packet, PACKET_FLAGS, TH_SYN | TH_ACK);
	expect(packet, PACKET_SEQ, 0x01020304);
	expect(packet, PACKET_ACK, 0x05060708);
	expect_absent(packet, PACKET_TYPE);
}

START_TEST(ip4)
{
	struct bytes bytes = { 0 };
	struct packet packet;

	add_ip4(&bytes, IPPROTO_TCP, _i ? 40 : 0, 0);
	add_tcp(&bytes);
	packet_parse(&packet, 0, bytes.data, bytes.length);
	ck_assert_uint_eq(packet.family, AF_INET);
	ck_assert_ptr_eq(packet.addresses[PACKET_SADDR], bytes.data + 12);
	ck_assert_ptr_eq(packet.addresses[PACKET_DADDR], bytes.data + 16);
	expect(&packet, PACKET_TTL, 63);
	expect(&packet, PACKET_ID, 0xbeef);
	expect(&packet, PACKET_LEN, 1234);
	expect_tcp(&packet);
}
END_TEST

START_TEST(ip4_fragments)
{
	struct bytes bytes = { 0 };
	struct packet packet;

	/* The first, with more to come; and one from the middle. */
	add_ip4(&bytes, IPPROTO_UDP, 0, _i ? 100 : IP_MF);
	add_tcp(&bytes);
	packet = parse(&bytes);
	expect(&packet, PACKET_PROTO, 17);
	ck_assert_int_eq(!(packet.members & 1U << PACKET_SPORT), _i);
	expect_absent(&packet, PACKET_FLAGS);
}
END_TEST

START_TEST(transports)
{
	static const struct {
		uint8_t proto;
		bool has_ports, has_type;
	} cases[] = { { IPPROTO_UDP, true, false },  { IPPROTO_SCTP, true, false },
		      { IPPROTO_DCCP, true, false }, { IPPROTO_UDPLITE, true, false },
		      { IPPROTO_ICMP, false, true }, { IPPROTO_GRE, false, false },
		      { IPPROTO_ESP, false, false }, { IPPROTO_IGMP, false, false } };

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct bytes bytes = { 0 };
		struct packet packet;
		const unsigned char header[8] = { 8, 3, 0x12, 0x34 };

		add_ip4(&bytes, cases[i].proto, 0, 0);
		add(&bytes, header, sizeof(header));
		packet = parse(&bytes);
		expect(&packet, PACKET_PROTO, cases[i].proto);
		expect_absent(&packet, PACKET_FLAGS);
		if (cases[i].has_ports) {
			expect(&packet, PACKET_SPORT, 0x0803);
			expect(&packet, PACKET_DPORT, 0x1234);
		} else {
			expect_absent(&packet, PACKET_SPORT);
		}
		if (cases[i].has_type) {
			expect(&packet, PACKET_TYPE, ICMP_ECHO);
			expect(&packet, PACKET_CODE, 3);
		} else {
			expect_absent(&packet, PACKET_TYPE);
		}
	}
}
END_TEST

/* next, length in the units of the header, then what follows. */
static void add_extension(struct bytes *bytes, uint8_t next, uint8_t length, size_t size)
{
	unsigned char header[64] = { next, length };

	add(bytes, header, size);
}

START_TEST(ip6)
{
	struct bytes bytes = { 0 };
	struct packet packet;
	struct ip6_frag fragment = { .ip6f_nxt = IPPROTO_DSTOPTS };

	if (_i == 0) {
		add_ip6(&bytes, IPPROTO_TCP);
	} else {
		add_ip6(&bytes, IPPROTO_HOPOPTS);
		add_extension(&bytes, IPPROTO_ROUTING, 1, 16);
		add_extension(&bytes, IPPROTO_FRAGMENT, 0, 8);
		add(&bytes, &fragment, sizeof(fragment));
		add_extension(&bytes, IPPROTO_AH, 0, 8);
		add_extension(&bytes, IPPROTO_TCP, 4, 24);
	}
	add_tcp(&bytes);
	packet_parse(&packet, 0, bytes.data, bytes.length);
	ck_assert_uint_eq(packet.family, AF_INET6);
	ck_assert_ptr_eq(packet.addresses[PACKET_SADDR], bytes.data + 8);
	ck_assert_ptr_eq(packet.addresses[PACKET_DADDR], bytes.data + 24);
	expect(&packet, PACKET_TTL, 62);
	expect(&packet, PACKET_LEN, 140);
	expect_absent(&packet, PACKET_ID);
	expect_tcp(&packet);
}
END_TEST

START_TEST(ip6_fragments)
{
	struct bytes bytes = { 0 };
	struct packet packet;
	struct ip6_frag fragment = { .ip6f_nxt = IPPROTO_UDP, .ip6f_offlg = htons(8) };

	add_ip6(&bytes, IPPROTO_FRAGMENT);
	add(&bytes, &fragment, sizeof(fragment));
	add_tcp(&bytes);
	packet = parse(&bytes);
	expect(&packet, PACKET_PROTO, IPPROTO_UDP);
	expect_absent(&packet, PACKET_SPORT);
}
END_TEST

START_TEST(ip6_icmp)
{
	struct bytes bytes = { 0 };
	struct packet packet;
	const struct icmp6_hdr icmp = { .icmp6_type = ICMP6_ECHO_REQUEST, .icmp6_code = 2 };

	add_ip6(&bytes, IPPROTO_ICMPV6);
	add(&bytes, &icmp, sizeof(icmp));
	packet = parse(&bytes);
	expect(&packet, PACKET_PROTO, 58);
	expect(&packet, PACKET_TYPE, 128);
	expect(&packet, PACKET_CODE, 2);
}
END_TEST

/* What is known of a packet that is cut short is what is known of the whole, or nothing. */
START_TEST(cut_short)
{
	struct bytes bytes = { 0 };
	struct packet whole, packet;

	if (_i == 0) {
		add_ip4(&bytes, IPPROTO_TCP, 8, 0);
	} else {
		add_ip6(&bytes, IPPROTO_HOPOPTS);
		add_extension(&bytes, IPPROTO_TCP, 1, 16);
	}
	add_tcp(&bytes);
	whole = parse(&bytes);
	while (bytes.length-- > 0) {
		packet = parse(&bytes);
		ck_assert_uint_eq(packet.members & ~whole.members, 0);
		for (int i = PACKET_SPORT; i < PACKET_MEMBER_COUNT; i++)
			if (packet.members & 1U << i)
				ck_assert_uint_eq(packet.numbers[i], whole.numbers[i]);
		if (bytes.length < (_i ? 40 : 20))
			ck_assert_uint_eq(packet.members, 0);
	}
}
END_TEST

START_TEST(no_packet)
{
	struct bytes bytes = { .data = { 0x00, 0x01, 0x08, 0x00, 0x06 }, .length = 28 }; /* ARP */
	struct packet packet = parse(&bytes);

	ck_assert_uint_eq(packet.members, 0);
	bytes.data[0] = 0x44; /* a header shorter than there is */
	packet = parse(&bytes);
	ck_assert_uint_eq(packet.members, 0);
}
END_TEST

/* What the frame says that it carries has the last word; 0 and ETH_P_ALL say nothing. */
START_TEST(ethertypes)
{
	static const struct {
		uint16_t ethertype;
		bool is_ip4, is_ip6;
	} cases[] = {
		{ ETH_P_IP, true, false },	 { ETH_P_IPV6, false, true },
		{ ETH_P_8021Q, false, false },	 { ETH_P_8021AD, false, false },
		{ ETH_P_MPLS_UC, false, false }, { ETH_P_ARP, false, false },
		{ ETH_P_802_2, false, false },	 { 0x88b5, false, false },
		{ ETH_P_ALL, true, true },	 { 0, true, true },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct bytes in4 = { 0 }, in6 = { 0 };
		struct packet packet;

		add_ip4(&in4, IPPROTO_TCP, 0, 0);
		add_ip6(&in6, IPPROTO_TCP);
		packet_parse(&packet, cases[i].ethertype, in4.data, in4.length);
		ck_assert_int_eq(packet.family, cases[i].is_ip4 ? AF_INET : 0);
		ck_assert_int_eq(packet.members != 0, cases[i].is_ip4);
		packet_parse(&packet, cases[i].ethertype, in6.data, in6.length);
		ck_assert_int_eq(packet.family, cases[i].is_ip6 ? AF_INET6 : 0);
		ck_assert_int_eq(packet.members != 0, cases[i].is_ip6);
	}
}
END_TEST

START_TEST(random_bytes)
{
	srandom(20261123);
	for (int round = 0; round < 20000; round++) {
		struct bytes bytes = { .length = (size_t)random() % 128 };

		for (size_t i = 0; i < bytes.length; i++)
			bytes.data[i] = (unsigned char)random();
		bytes.data[0] = round % 2 ? 0x45 : 0x60;
		if (round % 4 == 0)
			bytes.data[6] = (unsigned char)(round % 3 ? 0 : 43);
		parse(&bytes);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("decode-packet");
	TCase *tests = tcase_create("packet");
	SRunner *runner = srunner_create(suite);

	tcase_add_loop_test(tests, ip4, 0, 2);
	tcase_add_loop_test(tests, ip4_fragments, 0, 2);
	tcase_add_test(tests, transports);
	tcase_add_loop_test(tests, ip6, 0, 2);
	tcase_add_test(tests, ip6_fragments);
	tcase_add_test(tests, ip6_icmp);
	tcase_add_loop_test(tests, cut_short, 0, 2);
	tcase_add_test(tests, no_packet);
	tcase_add_test(tests, ethertypes);
	tcase_add_test(tests, random_bytes);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_NORMAL);

	int failed = srunner_ntests_failed(runner);

	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
