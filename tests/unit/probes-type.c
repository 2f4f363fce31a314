/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Texts of types and what they mean to the kernel and to the reader.
 */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "probes/type.h"

static const struct {
	const char *text;
	enum probe_type_kind kind;
	enum probe_display display;
	int bytes, count;
	const char *kernel;
} good[] = {
	{ "u8", PROBE_TYPE_KERNEL, DISPLAY_UNSIGNED, 1, 0, "u8" },
	{ "s64", PROBE_TYPE_KERNEL, DISPLAY_SIGNED, 8, 0, "s64" },
	{ "x64[64]", PROBE_TYPE_KERNEL, DISPLAY_HEX, 8, 64, "x64[64]" },
	{ "u16[1]", PROBE_TYPE_KERNEL, DISPLAY_UNSIGNED, 2, 1, "u16[1]" },
	{ "char[16]", PROBE_TYPE_KERNEL, DISPLAY_STRING, 1, 16, "char[16]" },
	{ "string", PROBE_TYPE_KERNEL, DISPLAY_STRING, 0, 0, "string" },
	{ "ustring", PROBE_TYPE_KERNEL, DISPLAY_STRING, 0, 0, "ustring" },
	{ "string[4]", PROBE_TYPE_KERNEL, DISPLAY_STRING, 0, 4, "string[4]" },
	{ "symbol", PROBE_TYPE_KERNEL, DISPLAY_SYMBOL, 8, 0, "symbol" },
	{ "symstr", PROBE_TYPE_KERNEL, DISPLAY_STRING, 0, 0, "symstr" },
	{ "%pd", PROBE_TYPE_KERNEL, DISPLAY_STRING, 0, 0, "%pd" },
	{ "b3@0/8", PROBE_TYPE_BITFIELD, DISPLAY_UNSIGNED, 1, 0, "b3@0/8" },
	{ "b64@0/64", PROBE_TYPE_BITFIELD, DISPLAY_UNSIGNED, 8, 0, "b64@0/64" },
	{ "b1@31/32", PROBE_TYPE_BITFIELD, DISPLAY_UNSIGNED, 4, 0, "b1@31/32" },
	{ "be16", PROBE_TYPE_DISPLAY, DISPLAY_BE16, 2, 0, "u16" },
	{ "be16[4]", PROBE_TYPE_DISPLAY, DISPLAY_BE16, 2, 4, "u16[4]" },
	{ "be32", PROBE_TYPE_DISPLAY, DISPLAY_BE32, 4, 0, "u32" },
	{ "be64", PROBE_TYPE_DISPLAY, DISPLAY_BE64, 8, 0, "u64" },
	{ "ip4", PROBE_TYPE_DISPLAY, DISPLAY_IP4, 4, 0, "u32" },
	{ "ip6", PROBE_TYPE_DISPLAY, DISPLAY_IP6, 16, 0, "x64[2]" },
	{ "mac", PROBE_TYPE_DISPLAY, DISPLAY_MAC, 6, 0, "x16[3]" },
	{ "family", PROBE_TYPE_DISPLAY, DISPLAY_FAMILY, 2, 0, "u16" },
	{ "sock_type", PROBE_TYPE_DISPLAY, DISPLAY_SOCK_TYPE, 2, 0, "u16" },
	{ "tcp_state", PROBE_TYPE_DISPLAY, DISPLAY_TCP_STATE, 1, 0, "u8" },
	{ "proto", PROBE_TYPE_DISPLAY, DISPLAY_PROTO, 2, 0, "u16" },
	{ "proto8", PROBE_TYPE_DISPLAY, DISPLAY_PROTO, 1, 0, "u8" },
	{ "ethertype", PROBE_TYPE_DISPLAY, DISPLAY_ETHERTYPE, 2, 0, "u16" },
	{ "errno", PROBE_TYPE_DISPLAY, DISPLAY_ERRNO, 4, 0, "s32" },
	{ "ssize", PROBE_TYPE_DISPLAY, DISPLAY_SIZE_OR_ERRNO, 8, 0, "s64" },
	{ "ssize32", PROBE_TYPE_DISPLAY, DISPLAY_SIZE_OR_ERRNO, 4, 0, "s32" },
	{ "icmp_type", PROBE_TYPE_DISPLAY, DISPLAY_ICMP_TYPE, 1, 0, "u8" },
	{ "tcp_flags", PROBE_TYPE_DISPLAY, DISPLAY_TCP_FLAGS, 1, 0, "u8" },
	{ "ns", PROBE_TYPE_DISPLAY, DISPLAY_DURATION, 8, 0, "u64" },
	{ "packet[10](saddr)", PROBE_TYPE_DISPLAY, DISPLAY_PACKET, 8, 10, "x64[10]" },
	{ "something", PROBE_TYPE_ENUM, DISPLAY_ENUM, 0, 0, "" },
	{ "b", PROBE_TYPE_ENUM, DISPLAY_ENUM, 0, 0, "" },
	{ "u88", PROBE_TYPE_ENUM, DISPLAY_ENUM, 0, 0, "" },
};

START_TEST(good_types_are_what_they_mean)
{
	struct probe_type type;
	const char *why;
	size_t at;

	ck_assert_msg(probe_type_parse(good[_i].text, strlen(good[_i].text), &type, &why, &at) == 0,
		      "%s: %s", good[_i].text, why);
	ck_assert_int_eq(type.kind, good[_i].kind);
	ck_assert_int_eq(type.display, good[_i].display);
	ck_assert_int_eq(type.bytes, good[_i].bytes);
	ck_assert_int_eq(type.count, good[_i].count);
	ck_assert_str_eq(type.kernel, good[_i].kernel);
}
END_TEST

static const struct {
	const char *text;
	size_t at;
} bad[] = {
	{ "", 0 },
	{ "16", 0 },
	{ "-u8", 0 },
	{ "%px", 0 },
	{ "u8x[2]y", 6 },
	{ "u8[0]", 3 },
	{ "u8[65]", 3 },
	{ "u8[99999999999999999999]", 3 },
	{ "u8[]", 3 },
	{ "u8[x]", 3 },
	{ "u8[4", 4 },
	{ "u8 ", 2 },
	{ "ip6[2]", 3 },
	{ "mac[2]", 3 },
	{ "b0@0/8", 1 },
	{ "b9@0/8", 1 },
	{ "b4@5/8", 1 },
	{ "b1@64/64", 1 },
	{ "b1@0/24", 5 },
	{ "b1/8", 2 },
	{ "b1@0", 4 },
	{ "b1@0/8[2]", 6 },
	{ "packet", 6 },
	{ "packet(saddr)", 6 },
	{ "packet[4]", 9 },
	{ "packet[4]()", 10 },
	{ "packet[4](saddr", 15 },
	{ "packet[4](saddr,)", 16 },
	{ "packet[4](saddr,saddr)", 16 },
	{ "packet[4](source)", 10 },
	{ "packet[4](saddr)x", 16 },
	{ "this_name_has_thirty_two_letters", 0 },
};

START_TEST(bad_types_are_told_with_their_place)
{
	static const struct probe_type untouched = { .bytes = 77 };
	struct probe_type type = untouched;
	const char *why = NULL;
	size_t at = 1000;

	ck_assert_int_eq(probe_type_parse(bad[_i].text, strlen(bad[_i].text), &type, &why, &at),
			 -EINVAL);
	ck_assert_uint_eq(at, bad[_i].at);
	ck_assert_ptr_nonnull(why);
	ck_assert_int_gt(strlen(why), 10);
	ck_assert_mem_eq(&type, &untouched, sizeof(type));
}
END_TEST

START_TEST(bit_fields_have_their_bits)
{
	struct probe_type type;
	const char *why;
	size_t at;

	ck_assert_int_eq(probe_type_parse("b5@11/32", 8, &type, &why, &at), 0);
	ck_assert_int_eq(type.bit_width, 5);
	ck_assert_int_eq(type.bit_offset, 11);
	ck_assert_int_eq(type.bytes, 4);
}
END_TEST

START_TEST(packet_members_keep_their_order)
{
	static const char text[] = "packet[12](sport,saddr,l4proto)";
	struct probe_type type;
	const char *why;
	size_t at;

	ck_assert_int_eq(probe_type_parse(text, strlen(text), &type, &why, &at), 0);
	ck_assert_int_eq(type.packet_member_count, 3);
	ck_assert_int_eq(type.packet_order[0], PACKET_SPORT);
	ck_assert_int_eq(type.packet_order[1], PACKET_SADDR);
	ck_assert_int_eq(type.packet_order[2], PACKET_L4PROTO);
	ck_assert_uint_eq(type.packet_members,
			  1u << PACKET_SPORT | 1u << PACKET_SADDR | 1u << PACKET_L4PROTO);
}
END_TEST

START_TEST(every_member_of_a_packet_has_a_name)
{
	char text[32];
	struct probe_type type;
	const char *why;
	size_t at;

	snprintf(text, sizeof(text), "packet[1](%s)", packet_member_names[_i]);
	ck_assert_int_eq(probe_type_parse(text, strlen(text), &type, &why, &at), 0);
	ck_assert_int_eq(type.packet_order[0], _i);
}
END_TEST

START_TEST(every_row_of_the_table_is_a_type)
{
	const struct probe_type_info *info = &probe_types[_i];
	struct probe_type type;
	char text[64], name[PROBE_TYPE_NAME_MAX];
	const char *why;
	size_t at;

	snprintf(text, sizeof(text), "%s%s", info->name,
		 info->display == DISPLAY_PACKET ? "[1](saddr)" : "");
	ck_assert_int_eq(probe_type_parse(text, strlen(text), &type, &why, &at), 0);
	ck_assert_int_eq(type.display, info->display);
	ck_assert_int_eq(type.bytes, info->bytes);
	ck_assert(strncmp(type.kernel, info->kernel, strlen(info->kernel)) == 0);
	ck_assert_int_gt(strlen(info->doc), 0);
	ck_assert_str_eq(probe_type_name(&type, name),
			 info->display == DISPLAY_PACKET ? "packet[1]" : info->name);
	/* What the kernel is given is a kernel type, as wide as the display type says. */
	if (type.kind == PROBE_TYPE_DISPLAY) {
		struct probe_type plain;

		ck_assert_int_eq(
			probe_type_parse(type.kernel, strlen(type.kernel), &plain, &why, &at), 0);
		ck_assert_int_eq(plain.kind, PROBE_TYPE_KERNEL);
		ck_assert_int_eq(plain.bytes * (plain.count ? plain.count : 1), info->bytes);
	}
}
END_TEST

START_TEST(the_text_ends_where_it_is_said_to_end)
{
	struct probe_type type;
	const char *why;
	size_t at;

	ck_assert_int_eq(probe_type_parse("u16 len=$arg2", 3, &type, &why, &at), 0);
	ck_assert_str_eq(type.kernel, "u16");
	ck_assert_int_eq(probe_type_parse("u8[16]", 5, &type, &why, &at), -EINVAL);
}
END_TEST

START_TEST(an_enum_gets_its_width)
{
	struct probe_type type;
	const char *why;
	size_t at;

	ck_assert_int_eq(probe_type_parse("state[3]", 8, &type, &why, &at), 0);
	ck_assert_str_eq(type.enum_name, "state");
	probe_type_set_enum(&type, "s16");
	ck_assert_str_eq(type.kernel, "s16[3]");
	ck_assert_int_eq(type.bytes, 2);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("probes/type");
	TCase *tests = tcase_create("type");

	tcase_add_loop_test(tests, good_types_are_what_they_mean, 0,
			    sizeof(good) / sizeof(good[0]));
	tcase_add_loop_test(tests, bad_types_are_told_with_their_place, 0,
			    sizeof(bad) / sizeof(bad[0]));
	tcase_add_test(tests, bit_fields_have_their_bits);
	tcase_add_test(tests, packet_members_keep_their_order);
	tcase_add_loop_test(tests, every_member_of_a_packet_has_a_name, 0, PACKET_MEMBER_COUNT);
	tcase_add_loop_test(tests, every_row_of_the_table_is_a_type, 0, (int)probe_type_count);
	tcase_add_test(tests, the_text_ends_where_it_is_said_to_end);
	tcase_add_test(tests, an_enum_gets_its_width);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
