/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Formats and descriptions to values: what is hidden, joined to one, left out because it means
 * nothing, and found in packet windows; on machines of both byte orders and sizes of long.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"
#include "pages.h"

/* An event that is made field by field: its format, description and one record. */
struct maker {
	struct text format;
	struct event_field fields[24];
	size_t count;
	struct page_builder event;
	struct decoder *decoder;
	struct memory_source *memory;
	struct record_reader *reader;
	struct event_desc desc;
};

static void maker_begin(struct maker *maker, bool is_big_endian, unsigned int long_bytes)
{
	*maker = (struct maker){ .event = { .is_big_endian = is_big_endian,
					    .long_bytes = long_bytes } };
	text_add(&maker->format,
		 "name: made\nID: 9\nformat:\n"
		 "\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n"
		 "\tfield:unsigned char common_flags;\toffset:2;\tsize:1;\tsigned:0;\n"
		 "\tfield:unsigned char common_preempt_count;\toffset:3;\tsize:1;\tsigned:0;\n"
		 "\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\n");
	page_number(&maker->event, 9, 2);
	page_number(&maker->event, 0, 2);
	page_number(&maker->event, 42, 4);
}

static struct event_field *describe(struct maker *maker, const char *name,
				    enum probe_display display, unsigned int bytes)
{
	struct event_field *field = &maker->fields[maker->count++];

	field->name = (char *)name;
	field->type = (struct probe_type){ .kind = PROBE_TYPE_DISPLAY,
					   .display = display,
					   .bytes = (uint8_t)bytes };
	return field;
}

static struct event_field *add_number(struct maker *maker, const char *name,
				      enum probe_display display, uint64_t number,
				      unsigned int bytes)
{
	text_addf(&maker->format, "\tfield:u%u %s;\toffset:%zu;\tsize:%u;\tsigned:0;\n", bytes * 8,
		  name, maker->event.used, bytes);
	page_number(&maker->event, number, bytes);
	return describe(maker, name, display, bytes);
}

static struct event_field *add_bytes(struct maker *maker, const char *name,
				     enum probe_display display, const void *bytes, size_t size,
				     unsigned int element)
{
	text_addf(&maker->format, "\tfield:u%u %s[%zu];\toffset:%zu;\tsize:%zu;\tsigned:0;\n",
		  element * 8, name, size / element, maker->event.used, size);
	memcpy(maker->event.bytes + maker->event.used, bytes, size);
	maker->event.used += size;
	return describe(maker, name, display, element);
}

/* The bytes of a string are put where offset says: at 200 and behind. */
static void add_string(struct maker *maker, const char *name, const char *string, size_t length,
		       size_t offset)
{
	text_addf(&maker->format,
		  "\tfield:__data_loc char[] %s;\toffset:%zu;\tsize:4;\tsigned:1;\n", name,
		  maker->event.used);
	page_number(&maker->event, length << 16 | offset, 4);
	if (length > 0 && length == strlen(string) + 1)
		memcpy(maker->event.bytes + offset, string, length);
	describe(maker, name, DISPLAY_STRING, 0);
}

static void guard(struct event_field *field, const char *name)
{
	field->guards[field->guard_count++] = (char *)name;
}

static void packet(struct event_field *field, const char *members, int before)
{
	for (uint8_t i = 0; i < PACKET_MEMBER_COUNT; i++) {
		if (!strstr(members, packet_member_names[i]))
			continue;
		field->type.packet_order[field->type.packet_member_count++] = i;
		field->type.packet_members |= 1U << i;
	}
	field->before = before;
}

static void maker_end(struct maker *maker, struct record *record)
{
	struct decoder_options options = { .long_bytes = maker->event.long_bytes,
					   .is_big_endian = maker->event.is_big_endian,
					   .page_size = PAGE_BYTES };
	struct page_builder page;
	struct diags diags = { 0 };

	text_add(&maker->format, "\nprint fmt: \"(%lx)\", REC->__probe_ip\n");
	maker->desc = (struct event_desc){ .group = "nk",
					   .name = "made",
					   .probe = "made",
					   .fields = maker->fields,
					   .field_count = maker->count };
	maker->decoder = decoder_new(&options, &diags);
	ck_assert_int_eq(decoder_add_event(maker->decoder, "nk", maker->format.data,
					   maker->format.length, &maker->desc, &diags),
			 0);
	page_begin(&page, 0, options.is_big_endian, options.long_bytes);
	page_event(&page, 1, maker->event.bytes,
		   (uint32_t)(maker->event.used < 300 ? 300 : maker->event.used));
	page_end(&page, 0);
	maker->memory = memory_source_new();
	memory_source_add(maker->memory, page.bytes, PAGE_BYTES);
	record_reader_open(maker->decoder, &maker->memory->source, &maker->reader);
	ck_assert_int_eq(record_reader_next(maker->reader, record), 1);
	ck_assert_int_eq(record->pid, 42);
}

static void maker_free(struct maker *maker)
{
	record_reader_close(maker->reader);
	memory_source_free(maker->memory);
	decoder_free(maker->decoder);
	text_clear(&maker->format);
}

static const struct plan_field *field_of(const struct record *record, const char *name)
{
	for (size_t i = 0; i < record->plan->field_count; i++)
		if (strcmp(record->plan->fields[i].name, name) == 0)
			return &record->plan->fields[i];
	return NULL;
}

static struct value get(const struct record *record, const char *name)
{
	const struct plan_field *field = field_of(record, name);
	struct value value;

	ck_assert_msg(field, "no field %s", name);
	record_value(record, field, 0, &value);
	return value;
}

static void expect_number(const struct record *record, const char *name, uint64_t number)
{
	struct value value = get(record, name);

	ck_assert_msg(value.kind == VALUE_UNSIGNED || value.kind == VALUE_SIGNED, "%s: kind %d",
		      name, value.kind);
	ck_assert_msg(value.number == number, "%s is %llx", name, (unsigned long long)value.number);
}

static void expect_absent(const struct record *record, const char *name)
{
	ck_assert_msg(get(record, name).kind == VALUE_ABSENT, "%s is not absent", name);
}

static void expect_bytes(const struct record *record, const char *name, enum probe_display display,
			 const void *bytes, size_t length)
{
	struct value value = get(record, name);

	ck_assert_msg(value.kind == VALUE_BYTES, "%s: kind %d", name, value.kind);
	ck_assert_int_eq(value.display, display);
	ck_assert_uint_eq(value.length, length);
	ck_assert_mem_eq(value.bytes, bytes, length);
}

#define BIG(i)	   ((i)&1)
#define LONG(i)	   ((i)&2 ? 4U : 8U)
#define POINTER(i) ((i)&2 ? 0xc1234560ULL : 0xffff888012345678ULL)

/* Numbers of the machine, and numbers of the network, which are the same on every machine. */
START_TEST(numbers)
{
	struct maker maker;
	struct record record;
	const unsigned char port[2] = { 0x15, 0xb3 };
	const unsigned char words[6] = { 0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc };

	maker_begin(&maker, BIG(_i), LONG(_i));
	add_number(&maker, "byte", DISPLAY_UNSIGNED, 0x81, 1);
	add_number(&maker, "half", DISPLAY_UNSIGNED, 0x8182, 2);
	add_number(&maker, "word", DISPLAY_HEX, 0x81828384, 4);
	add_number(&maker, "wide", DISPLAY_UNSIGNED, 0x8182838485868788, 8);
	add_number(&maker, "signed", DISPLAY_SIGNED, (uint16_t)-3, 2);
	add_number(&maker, "result", DISPLAY_SIZE_OR_ERRNO, (uint32_t)-11, 4);
	describe(&maker, "port", DISPLAY_BE16, 2);
	text_addf(&maker.format, "\tfield:u16 port;\toffset:%zu;\tsize:2;\tsigned:0;\n",
		  maker.event.used);
	memcpy(maker.event.bytes + maker.event.used, port, 2);
	maker.event.used += 2;
	add_bytes(&maker, "mac", DISPLAY_MAC, words, 6, 2);
	add_bytes(&maker, "list", DISPLAY_UNSIGNED, "\1\2\3\4", 4, 1)->type.count = 4;
	add_number(&maker, "_hidden", DISPLAY_UNSIGNED, 1, 4);
	maker_end(&maker, &record);
	ck_assert_uint_eq(record.plan->field_count, 9);
	expect_number(&record, "byte", 0x81);
	expect_number(&record, "half", 0x8182);
	expect_number(&record, "word", 0x81828384);
	expect_number(&record, "wide", 0x8182838485868788);
	expect_number(&record, "signed", (uint64_t)-3);
	expect_number(&record, "result", (uint64_t)-11);
	expect_number(&record, "port", 5555);
	expect_bytes(&record, "mac", DISPLAY_MAC, words, 6);
	ck_assert_uint_eq(record_elements(&record, field_of(&record, "list")), 4);

	struct value value;

	record_value(&record, field_of(&record, "list"), 3, &value);
	ck_assert_uint_eq(value.number, 4);
	record_value(&record, field_of(&record, "list"), 4, &value);
	ck_assert_int_eq(value.kind, VALUE_ABSENT);
	maker_free(&maker);
}
END_TEST

static const unsigned char ip4_first[4] = { 10, 0, 0, 1 }, ip4_second[4] = { 10, 0, 0, 2 };
static const unsigned char ip6_first[16] = { 0xfd, [15] = 1 };
static const unsigned char ip6_second[16] = { 0xfd, [15] = 2 };

static void add_ip4(struct maker *maker, const char *name, const unsigned char bytes[4])
{
	text_addf(&maker->format, "\tfield:u32 %s;\toffset:%zu;\tsize:4;\tsigned:0;\n", name,
		  maker->event.used);
	memcpy(maker->event.bytes + maker->event.used, bytes, 4);
	maker->event.used += 4;
	describe(maker, name, DISPLAY_IP4, 4);
}

/* inet, inet6, unix: one address, the other, none; and no family field: each for itself. */
START_TEST(addresses)
{
	static const unsigned int families[] = { 2, 10, 1, 0 };
	struct maker maker;
	struct record record;
	unsigned int family = families[_i % 4];

	maker_begin(&maker, _i / 4, 8);
	add_ip4(&maker, "laddr4", ip4_first);
	if (family)
		add_number(&maker, "family", DISPLAY_FAMILY, family, 2);
	add_number(&maker, "lport", DISPLAY_UNSIGNED, 80, 2);
	add_bytes(&maker, "laddr6", DISPLAY_IP6, ip6_first, 16, 8);
	add_ip4(&maker, "raddr4", ip4_second);
	add_number(&maker, "proto", DISPLAY_PROTO, 6, 2);
	maker_end(&maker, &record);
	if (!family) {
		expect_bytes(&record, "laddr4", DISPLAY_IP4, ip4_first, 4);
		expect_bytes(&record, "laddr6", DISPLAY_IP6, ip6_first, 16);
		ck_assert_int_eq(get(&record, "proto").display, DISPLAY_PROTO);
		maker_free(&maker);
		return;
	}
	ck_assert_str_eq(record.plan->fields[0].name, "laddr");
	ck_assert_uint_eq(record.plan->field_count, 5);
	ck_assert_int_eq(record.plan->endpoints[ENDPOINT_ADDRESS], 0);
	ck_assert_int_eq(record.plan->endpoints[ENDPOINT_PEER_PORT], -1);
	if (family == 2) {
		expect_bytes(&record, "laddr", DISPLAY_IP4, ip4_first, 4);
		expect_bytes(&record, "raddr", DISPLAY_IP4, ip4_second, 4);
	} else if (family == 10) {
		expect_bytes(&record, "laddr", DISPLAY_IP6, ip6_first, 16);
		expect_absent(&record, "raddr");
	} else {
		expect_absent(&record, "laddr");
		expect_absent(&record, "raddr");
	}
	ck_assert_int_eq(get(&record, "proto").display,
			 family == 1 ? DISPLAY_UNSIGNED : DISPLAY_PROTO);
	maker_free(&maker);
}
END_TEST

/* Pointers that are none, and calls that failed. */
START_TEST(guards)
{
	static const struct {
		uint64_t pointer8, pointer4;
		int32_t result;
		bool is_valid;
	} cases[] = {
		{ 0, 0, 0, false },
		{ 4095, 4095, 0, false },
		{ (uint64_t)-4095, (uint32_t)-4095, 0, false },
		{ (uint64_t)-1, (uint32_t)-1, 0, false },
		{ 0xffff888012345678, 0xc1234568, 0, true },
		{ (uint64_t)-4096, (uint32_t)-4096, 7, true },
		{ 0x7f0012345678, 0x8048000, -1, false },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct maker maker;
		struct record record;
		struct event_field *field;

		maker_begin(&maker, BIG(_i), LONG(_i));
		add_number(&maker, "_sk", DISPLAY_HEX,
			   LONG(_i) == 8 ? cases[i].pointer8 : cases[i].pointer4, LONG(_i));
		add_number(&maker, "_result", DISPLAY_ERRNO, (uint32_t)cases[i].result, 4);
		field = add_number(&maker, "state", DISPLAY_TCP_STATE, 1, 1);
		guard(field, "_sk");
		guard(field, "_result");
		add_number(&maker, "other", DISPLAY_UNSIGNED, 5, 4);
		field = add_number(&maker, "other__or", DISPLAY_UNSIGNED, 6, 4);
		field->instead_of = (char *)"other";
		field = &maker.fields[3];
		guard(field, "_sk");
		guard(field, "_result");
		maker_end(&maker, &record);
		ck_assert_uint_eq(record.plan->field_count, 2);
		if (cases[i].is_valid)
			expect_number(&record, "state", 1);
		else
			expect_absent(&record, "state");
		/* What stands in for it has no guard. */
		expect_number(&record, "other", cases[i].is_valid ? 5 : 6);
		maker_free(&maker);
	}
}
END_TEST

/* The name that a message has, of its own family, and what the socket is connected to. */
START_TEST(own_families)
{
	static const struct {
		unsigned int name;
		bool is_unfilled;
		enum probe_display display;
		const unsigned char *address;
		uint64_t port;
	} cases[] = {
		{ 2, false, DISPLAY_IP4, ip4_first, 53 },
		{ 10, false, DISPLAY_IP6, ip6_first, 53 },
		{ 0, false, DISPLAY_IP6, ip6_second, 5555 },
		{ 1, false, DISPLAY_IP6, ip6_second, 5555 },
		{ 2, true, DISPLAY_IP6, ip6_second, 5555 },
	};
	const struct {
		const char *name;
		enum probe_display display;
		const unsigned char *address;
	} names[] = { { "raddr4", DISPLAY_IP4, ip4_first }, { "raddr6", DISPLAY_IP6, ip6_first } };

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct maker maker;
		struct record record;
		struct event_field *field;

		maker_begin(&maker, BIG(_i), LONG(_i));
		add_number(&maker, "family", DISPLAY_FAMILY, 10, 2);
		add_number(&maker, "_name", DISPLAY_FAMILY, cases[i].name, 2);
		add_number(&maker, "_unfilled", DISPLAY_UNSIGNED, cases[i].is_unfilled, 4);
		for (int j = 0; j < 2; j++) {
			if (j == 0)
				add_ip4(&maker, names[j].name, names[j].address);
			else
				add_bytes(&maker, names[j].name, names[j].display, names[j].address,
					  16, 8);
			field = &maker.fields[maker.count - 1];
			guard(field, "_unfilled");
			guard(field, "_name");
		}
		add_bytes(&maker, "raddr6__or", DISPLAY_IP6, ip6_second, 16, 8)->instead_of =
			(char *)"raddr6";
		field = add_number(&maker, "rport", DISPLAY_UNSIGNED, 53, 2);
		guard(field, "_unfilled");
		guard(field, "_name");
		field = add_number(&maker, "rport__or", DISPLAY_UNSIGNED, 5555, 2);
		field->instead_of = (char *)"rport";
		maker_end(&maker, &record);
		ck_assert_uint_eq(record.plan->field_count, 3);
		expect_bytes(&record, "raddr", cases[i].display, cases[i].address,
			     cases[i].display == DISPLAY_IP4 ? 4 : 16);
		expect_number(&record, "rport", cases[i].port);
		maker_free(&maker);
	}
}
END_TEST

START_TEST(strings)
{
	struct maker maker;
	struct record record;
	struct value value;

	maker_begin(&maker, BIG(_i), LONG(_i));
	add_string(&maker, "_comm", "a task", 7, 200);
	add_string(&maker, "dev", "eth0", 5, 207);
	add_string(&maker, "empty", "", 1, 212);
	add_string(&maker, "missing", "", 0, 212);
	add_string(&maker, "fault", "(fault)", 8, 213);
	add_string(&maker, "beyond", "", 5, 4000);
	add_string(&maker, "long", "", 0xffff, 220);
	maker_end(&maker, &record);
	ck_assert_str_eq(record.comm, "a task");
	value = get(&record, "dev");
	ck_assert_int_eq(value.kind, VALUE_STRING);
	ck_assert_uint_eq(value.length, 4);
	ck_assert_mem_eq(value.bytes, "eth0", 4);
	ck_assert_int_eq(get(&record, "empty").kind, VALUE_STRING);
	ck_assert_uint_eq(get(&record, "empty").length, 0);
	expect_absent(&record, "missing");
	expect_absent(&record, "fault");
	expect_absent(&record, "beyond");
	expect_absent(&record, "long");
	maker_free(&maker);
}
END_TEST

/* Fields that are called as what every record has. */
START_TEST(record_words_as_names)
{
	struct maker maker;
	struct record record;

	maker_begin(&maker, BIG(_i), LONG(_i));
	add_number(&maker, "pid", DISPLAY_UNSIGNED, 7, 4);
	add_number(&maker, "lost", DISPLAY_UNSIGNED, 8, 4);
	add_number(&maker, "cpu", DISPLAY_UNSIGNED, 9, 4);
	add_number(&maker, "field_cpu", DISPLAY_UNSIGNED, 10, 4);
	add_number(&maker, "pids", DISPLAY_UNSIGNED, 11, 4);
	/* Described, and by the format alone. */
	if (_i & 4)
		maker.count = 0;
	maker_end(&maker, &record);
	ck_assert_uint_eq(record.plan->field_count, 5);
	expect_number(&record, "field_pid", 7);
	expect_number(&record, "field_lost", 8);
	expect_number(&record, "field_field_cpu", 9);
	expect_number(&record, "field_cpu", 10);
	expect_number(&record, "pids", 11);
	maker_free(&maker);
}
END_TEST

/* Where only the format is known: bytes are numbers, whatever they are, and characters a string. */
START_TEST(plain_arrays)
{
	static const unsigned char mac[6] = { 'A', 'B', 0, 0xc1, 0x10, 7 };
	struct maker maker;
	struct record record;
	struct value value;

	maker_begin(&maker, BIG(_i), LONG(_i));
	add_bytes(&maker, "mac", DISPLAY_NONE, mac, sizeof(mac), 1);
	text_addf(&maker.format, "\tfield:char name[8];\toffset:%zu;\tsize:8;\tsigned:0;\n",
		  maker.event.used);
	memcpy(maker.event.bytes + maker.event.used, "eth0", 5);
	maker.event.used += 8;
	maker.count = 0;
	maker_end(&maker, &record);
	ck_assert_uint_eq(record_elements(&record, field_of(&record, "mac")), sizeof(mac));
	for (size_t i = 0; i < sizeof(mac); i++) {
		record_value(&record, field_of(&record, "mac"), i, &value);
		ck_assert_int_eq(value.kind, VALUE_UNSIGNED);
		ck_assert_uint_eq(value.number, mac[i]);
	}
	value = get(&record, "name");
	ck_assert_int_eq(value.kind, VALUE_STRING);
	ck_assert_uint_eq(value.length, 4);
	ck_assert_mem_eq(value.bytes, "eth0", 4);
	maker_free(&maker);
}
END_TEST

/* An IPv4 header and a UDP header. */
static const unsigned char udp[28] = { 0x45, 0, 0, 28, 0,  0, 0, 0, 64, 17, 0,	  0,
				       10,   0, 0, 1,  10, 0, 0, 2, 0,	53, 0x15, 0xb3 };

/*
 * before: where the window begins; data_at and nh: of the sk_buff, from its head. What stands at
 * the network header is put there.
 */
static void check_window(int i, int before, int data_at, int nh, int tail, bool has_nh,
			 bool is_found)
{
	struct maker maker;
	struct record record;
	unsigned char window[80] = { 0 };
	uint64_t head = POINTER(i);
	int position = nh - (data_at - before);

	for (int at = 0; at < (int)sizeof(window); at++)
		if (at >= position && at < position + (int)sizeof(udp))
			window[at] = udp[at - position];
	maker_begin(&maker, BIG(i), LONG(i));
	add_number(&maker, "_head", DISPLAY_HEX, head, LONG(i));
	add_number(&maker, "_data", DISPLAY_HEX, head + (uint64_t)data_at, LONG(i));
	if (has_nh)
		add_number(&maker, "_nh", DISPLAY_UNSIGNED, (uint16_t)nh, 2);
	add_number(&maker, "_tail", DISPLAY_UNSIGNED,
		   LONG(i) == 8 ? (uint64_t)tail : head + (uint64_t)tail, 4);
	packet(add_bytes(&maker, "_pkt", DISPLAY_PACKET, window, 80, 8), "saddr sport", before);
	maker_end(&maker, &record);
	if (is_found) {
		expect_bytes(&record, "saddr", DISPLAY_IP4, ip4_first, 4);
		if (tail >= nh + 22)
			expect_number(&record, "sport", 53);
		else
			expect_absent(&record, "sport");
	} else {
		expect_absent(&record, "saddr");
		expect_absent(&record, "sport");
	}
	maker_free(&maker);
}

START_TEST(packet_windows)
{
	/* From data on: at the network header, and at an Ethernet header before it. */
	check_window(_i, 0, 64, 64, 92, true, true);
	check_window(_i, 0, 50, 64, 92, true, true);
	/* Without _nh: the network header is where the data begins. */
	check_window(_i, 0, 64, 64, 92, false, true);
	check_window(_i, 40, 64, 64, 92, false, true);
	/* Before the data, which begins at the transport header. */
	check_window(_i, 64, 84, 64, 92, true, true);
	/* Before the window, behind it. */
	check_window(_i, 0, 64, 60, 92, true, false);
	check_window(_i, 0, 64, 64 + 80, 64 + 120, true, false);
	check_window(_i, 0, 64, 0, 92, true, false);
	/* No linear data behind the network header, or not enough of it. */
	check_window(_i, 0, 64, 64, 64, true, false);
	check_window(_i, 0, 64, 64, 83, true, false);
	check_window(_i, 0, 64, 64, 84, true, true);
	check_window(_i, 0, 64, 64, 60, true, false);
}
END_TEST

/* No position at all: the first byte. A data pointer that is none: nothing. */
START_TEST(packet_positions)
{
	struct maker maker;
	struct record record;

	maker_begin(&maker, false, 8);
	packet(add_bytes(&maker, "pkt", DISPLAY_PACKET, udp, sizeof(udp), 4), "daddr dport l4proto",
	       0);
	maker_end(&maker, &record);
	expect_bytes(&record, "daddr", DISPLAY_IP4, ip4_second, 4);
	expect_number(&record, "dport", 5555);
	expect_number(&record, "l4proto", 17);
	ck_assert_int_eq(get(&record, "l4proto").display, DISPLAY_PROTO);
	maker_free(&maker);

	maker_begin(&maker, false, 8);
	add_number(&maker, "_data", DISPLAY_HEX, 0, 8);
	packet(add_bytes(&maker, "pkt", DISPLAY_PACKET, udp, sizeof(udp), 4), "daddr", 0);
	maker_end(&maker, &record);
	expect_absent(&record, "daddr");
	maker_free(&maker);
}
END_TEST

/* linear bytes of the packet in the linear data, the rest in a page: found is "saddr sport", or
 * less. */
static void check_page(int i, int linear, uint64_t frag, int length, const char *found)
{
	struct maker maker;
	struct record record;
	unsigned char window[40] = { 0 }, page[24];

	memcpy(window, udp, (size_t)linear);
	memcpy(page, udp, sizeof(page));
	maker_begin(&maker, BIG(i), LONG(i));
	add_number(&maker, "_head", DISPLAY_HEX, POINTER(i), LONG(i));
	add_number(&maker, "_data", DISPLAY_HEX, POINTER(i) + 64, LONG(i));
	add_number(&maker, "_tail", DISPLAY_UNSIGNED,
		   (LONG(i) == 8 ? 0 : POINTER(i)) + 64 + (uint64_t)linear, 4);
	packet(add_bytes(&maker, "_pkt", DISPLAY_PACKET, window, 40, 8), "saddr sport", 0);
	add_number(&maker, "_frag", DISPLAY_HEX, frag, LONG(i));
	add_bytes(&maker, "_page", DISPLAY_HEX, page, sizeof(page), 8);
	add_number(&maker, "len", DISPLAY_UNSIGNED, (uint64_t)length, 4);
	maker_end(&maker, &record);
	if (strstr(found, "saddr"))
		expect_bytes(&record, "saddr", DISPLAY_IP4, ip4_first, 4);
	else
		expect_absent(&record, "saddr");
	if (strstr(found, "sport"))
		expect_number(&record, "sport", 53);
	else
		expect_absent(&record, "sport");
	maker_free(&maker);
}

START_TEST(packet_in_page)
{
	int length = udp[2] << 8 | udp[3];

	/* Nothing of it, and the network header alone, is in the linear data. */
	check_page(_i, 0, POINTER(_i), length, "saddr sport");
	check_page(_i, 20, POINTER(_i), length, "saddr sport");
	/* What is there is another packet, or nothing that was read. */
	check_page(_i, 0, POINTER(_i), length + 1, "");
	check_page(_i, 20, POINTER(_i), length + 1, "saddr");
	check_page(_i, 0, 0, length, "");
	check_page(_i, 20, 0x1000, length, "saddr");
}
END_TEST

/* A VLAN tag with priority 3 and ID 1, and what follows it: no IPv6 header, though it begins with a
 * 6. */
START_TEST(packet_by_ethertype)
{
	static const unsigned char tag[40] = { 0x60, 0x01, 0x86, 0xdd, 0x60 };
	static const struct {
		uint16_t ethertype;
		const unsigned char *bytes;
		bool is_shown;
	} cases[] = { { 0x8100, tag, false }, { 0x86dd, tag, true },  { 0x0800, udp, true },
		      { 0x86dd, udp, false }, { 0x88b5, udp, false }, { 0x0003, udp, true },
		      { 0x0800, tag, false }, { 0x0004, udp, false } };

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		unsigned char window[40] = { 0 };
		unsigned char wire[2] = { (unsigned char)(cases[i].ethertype >> 8),
					  (unsigned char)cases[i].ethertype };
		struct maker maker;
		struct record record;

		memcpy(window, cases[i].bytes, cases[i].bytes == tag ? 40 : sizeof(udp));
		maker_begin(&maker, BIG(_i), LONG(_i));
		packet(add_bytes(&maker, "pkt", DISPLAY_PACKET, window, 40, 8), "saddr", 0);
		text_addf(&maker.format, "\tfield:u16 proto;\toffset:%zu;\tsize:2;\tsigned:0;\n",
			  maker.event.used);
		memcpy(maker.event.bytes + maker.event.used, wire, 2);
		maker.event.used += 2;
		describe(&maker, "proto", DISPLAY_ETHERTYPE, 2);
		maker_end(&maker, &record);
		expect_number(&record, "proto", cases[i].ethertype);
		if (cases[i].is_shown)
			ck_assert_int_eq(get(&record, "saddr").kind, VALUE_BYTES);
		else
			expect_absent(&record, "saddr");
		maker_free(&maker);
	}
}
END_TEST

/* A kernel without arrays: parts one behind the other. */
START_TEST(parts)
{
	struct maker maker;
	struct record record;
	uint64_t high, low;

	memcpy(&high, ip6_first, 8);
	memcpy(&low, ip6_first + 8, 8);
	maker_begin(&maker, false, 8);
	add_number(&maker, "addr", DISPLAY_IP6, high, 8)->parts = 2;
	add_number(&maker, "addr__1", DISPLAY_HEX, low, 8);
	maker.count--;
	add_number(&maker, "list", DISPLAY_UNSIGNED, 7, 2)->parts = 3;
	maker.fields[maker.count - 1].type.count = 3;
	add_number(&maker, "list__1", DISPLAY_HEX, 8, 2);
	maker.count--;
	add_number(&maker, "list__2", DISPLAY_HEX, 9, 2);
	maker.count--;
	add_number(&maker, "torn", DISPLAY_IP6, high, 8)->parts = 2;
	maker_end(&maker, &record);
	expect_bytes(&record, "addr", DISPLAY_IP6, ip6_first, 16);
	ck_assert_uint_eq(record_elements(&record, field_of(&record, "list")), 3);
	ck_assert_ptr_null(field_of(&record, "torn"));
	ck_assert_uint_eq(record.plan->field_count, 2);
	maker_free(&maker);
}
END_TEST

START_TEST(symbols)
{
	static const char kallsyms[] =
		"ffffffff81000000 T _stext\n0000000000000000 A zero\n0000000000014000 A per_cpu\n"
		"ffffffff81000200 t tcp_connect\t[mod]\nbroken\n"
		"ffffffff81000100 T tcp_close\nffffffff81000100 T tcp_close_alias\n"
		"ffffffff81000180 t $x\nffffffff81000300 T _etext\n";
	static const struct {
		uint64_t address;
		const char *text; /* NULL: the number */
	} cases[] = {
		{ 0xffffffff81000200, "tcp_connect" }, { 0xffffffff8100021c, "tcp_connect+0x1c" },
		{ 0xffffffff81000100, "tcp_close" },   { 0xffffffff810001ff, "tcp_close+0xff" },
		{ 0xffffffff81000300, "_etext" },      { 0xffffffff81000301, NULL },
		{ 0xffff888003000000, NULL },	       { 0xffffffff80000000, NULL }
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct maker maker;
		struct record record;
		struct value value;

		maker_begin(&maker, false, 8);
		add_number(&maker, "caller", DISPLAY_SYMBOL, cases[i].address, 8);
		maker_end(&maker, &record);
		decoder_set_kallsyms(maker.decoder, kallsyms, sizeof(kallsyms) - 1);
		value = get(&record, "caller");
		if (cases[i].text) {
			ck_assert_int_eq(value.kind, VALUE_STRING);
			ck_assert_uint_eq(value.length, strlen(cases[i].text));
			ck_assert_mem_eq(value.bytes, cases[i].text, value.length);
		} else {
			ck_assert_int_eq(value.display, DISPLAY_HEX);
			ck_assert_uint_eq(value.number, cases[i].address);
		}
		maker_free(&maker);
	}
}
END_TEST

static const char *find_task(void *context, int pid)
{
	(*(int *)context)++;
	return pid == 42 ? "from source" : NULL;
}

START_TEST(comms)
{
	struct maker maker;
	struct record record;
	int asked = 0;

	maker_begin(&maker, false, 8);
	maker_end(&maker, &record);
	ck_assert_str_eq(record.comm, "<...>");
	decoder_set_comm_source(maker.decoder, find_task, &asked);
	for (int i = 0; i < 2; i++) {
		record_reader_close(maker.reader);
		maker.memory->next[0] = maker.memory->released[0] = 0;
		if (i == 1)
			decoder_add_comms(maker.decoder, "42 a name that is longer\n7 x\nno pid\n");
		record_reader_open(maker.decoder, &maker.memory->source, &maker.reader);
		record_reader_next(maker.reader, &record);
		ck_assert_str_eq(record.comm, i ? "a name that is " : "from source");
	}
	ck_assert_int_eq(asked, 1);
	maker_free(&maker);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("decode-plan");
	TCase *tests = tcase_create("plan");
	SRunner *runner = srunner_create(suite);

	tcase_add_loop_test(tests, numbers, 0, 4);
	tcase_add_loop_test(tests, addresses, 0, 8);
	tcase_add_loop_test(tests, guards, 0, 4);
	tcase_add_loop_test(tests, own_families, 0, 4);
	tcase_add_loop_test(tests, strings, 0, 4);
	tcase_add_loop_test(tests, record_words_as_names, 0, 8);
	tcase_add_loop_test(tests, plain_arrays, 0, 4);
	tcase_add_loop_test(tests, packet_windows, 0, 4);
	tcase_add_test(tests, packet_positions);
	tcase_add_loop_test(tests, packet_in_page, 0, 4);
	tcase_add_loop_test(tests, packet_by_ethertype, 0, 4);
	tcase_add_test(tests, parts);
	tcase_add_test(tests, symbols);
	tcase_add_test(tests, comms);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_NORMAL);

	int failed = srunner_ntests_failed(runner);

	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
