/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Records as lines: the very lines that scripts rely on, names and numbers of every display type,
 * what comes from outside made safe, and JSON that a strict reader takes.
 */
#include <check.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "output/buffer.h"
#include "output/output.h"
#include "pages.h"

/* A plan and a record made by hand; values lie in data, in host order. */
struct made {
	struct plan_field fields[12];
	struct event_plan plan;
	struct record record;
	unsigned char data[2][256];
	struct decoder *decoder; /* for its context */
};

#define WALL 1795442531000000000LL /* 2026-11-23T14:02:11Z */

static struct plan_field *add(struct made *made, const char *name, enum plan_field_kind kind,
			      enum probe_display display, const void *bytes, uint16_t size)
{
	size_t index = made->plan.field_count++;
	struct plan_field *field = &made->fields[index];

	*field = (struct plan_field){ .name = name,
				      .kind = kind,
				      .display = display,
				      .bytes = (uint8_t)size,
				      .offset = (uint16_t)(index * 20),
				      .size = size,
				      .is_nk = true };
	memcpy(made->data[0] + field->offset, bytes, size);
	return field;
}

static void add_number(struct made *made, const char *name, enum probe_display display,
		       int64_t number)
{
	struct plan_field *field = add(made, name, PLAN_NUMBER, display, &number, 8);

	field->is_signed = display == DISPLAY_ERRNO || display == DISPLAY_SIZE_OR_ERRNO ||
			   display == DISPLAY_SIGNED;
	/* The tests are built for either byte order: these are read as the network has them. */
	if (display == DISPLAY_ETHERTYPE || display == DISPLAY_BE16) {
		made->data[0][field->offset] = (unsigned char)(number >> 8);
		made->data[0][field->offset + 1] = (unsigned char)number;
		field->bytes = 2;
	}
}

static void made_begin(struct made *made, const char *event, const char *comm)
{
	struct decoder_options options = { .long_bytes = 8,
					   .page_size = PAGE_BYTES,
					   .is_big_endian =
						   __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ };
	static const char format[] =
		"name: e\nID: 1\nformat:\n"
		"\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n"
		"\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\n"
		"\tfield:u32 x;\toffset:8;\tsize:4;\tsigned:0;\n\nprint fmt: \"%u\", REC->x\n";

	memset(made, 0, sizeof(*made));
	made->decoder = decoder_new(&options, NULL);
	ck_assert_int_eq(decoder_add_event(made->decoder, "s", format, strlen(format), NULL, NULL),
			 0);
	made->plan = *decoder_plan(made->decoder, 0);
	made->plan.is_foreign = false;
	made->plan.name = event;
	made->plan.fields = made->fields;
	made->plan.field_count = 0;
	for (int i = 0; i < 4; i++)
		made->plan.endpoints[i] = -1;
	made->record = (struct record){ .ts = 4919639123,
					.cpu = 1,
					.pid = 155,
					.comm = comm,
					.plan = &made->plan,
					.data = { made->data[0] },
					.size = { sizeof(made->data[0]) } };
}

static void made_end(struct made *made)
{
	decoder_free(made->decoder);
}

/* What is written for a record, NUL-terminated; malloc'ed. */
static char *print_as(const struct record *record, struct output_options *options)
{
	char path[] = "/tmp/nk-output-XXXXXX";
	int fd = options->fd = mkstemp(path);
	struct output *output = output_new(options);
	char *text;
	off_t length;

	ck_assert_int_ge(fd, 0);
	unlink(path);
	ck_assert_int_eq(output_record(output, record), 0);
	ck_assert_int_eq(lseek(fd, 0, SEEK_END), 0); /* nothing before the flush */
	ck_assert_int_eq(output_flush(output), 0);
	output_free(output);
	length = lseek(fd, 0, SEEK_END);
	text = xcalloc(1, (size_t)length + 1);
	ck_assert_int_eq(pread(fd, text, (size_t)length, 0), length);
	close(fd);
	return text;
}

static char *print_by(const struct record *record, enum output_style style, bool has_wall_clock,
		      const struct dat_clock *clock)
{
	struct output_options options = { .style = style,
					  .has_wall_clock = has_wall_clock,
					  .wall_offset_ns = WALL + 123456789 - 4919639123,
					  .clock = clock };

	return print_as(record, &options);
}

static char *print(const struct record *record, enum output_style style, bool has_wall_clock)
{
	return print_by(record, style, has_wall_clock, NULL);
}

static void expect(const struct record *record, enum output_style style, const char *expected)
{
	NK_FREE char *text = print(record, style, true);

	ck_assert_str_eq(text, expected);
}

static const unsigned char localhost[4] = { 127, 0, 0, 1 };
static const unsigned char localhost6[16] = { [15] = 1 };

static void add_ends(struct made *made, bool is_ip6)
{
	const void *address = is_ip6 ? (const void *)localhost6 : localhost;
	enum probe_display display = is_ip6 ? DISPLAY_IP6 : DISPLAY_IP4;
	size_t first = made->plan.field_count;

	add(made, "laddr", PLAN_BYTES, display, address, is_ip6 ? 16 : 4);
	add_number(made, "lport", DISPLAY_UNSIGNED, 33762);
	add(made, "raddr", PLAN_BYTES, display, address, is_ip6 ? 16 : 4);
	add_number(made, "rport", DISPLAY_BE16, 5555);
	for (int16_t i = 0; i < 4; i++)
		made->plan.endpoints[i] = (int16_t)(first + (size_t)i);
}

START_TEST(contract)
{
	struct made made;

	made_begin(&made, "tcp_connect", "curl");
	add_number(&made, "family", DISPLAY_FAMILY, 2);
	add_ends(&made, false);
	add_number(&made, "state", DISPLAY_TCP_STATE, 2);
	setenv("TZ", "UTC", 1);
	expect(&made.record, OUTPUT_TEXT,
	       "14:02:11.123456789 [001] curl/155 tcp_connect 127.0.0.1:33762 > 127.0.0.1:5555 "
	       "state=SYN_SENT\n");
	expect(&made.record, OUTPUT_JSON,
	       "{\"time\":\"2026-11-23T14:02:11.123456789Z\",\"ts\":4919639123,\"cpu\":1,"
	       "\"pid\":155,\"comm\":\"curl\",\"event\":\"tcp_connect\",\"family\":\"inet\","
	       "\"laddr\":\"127.0.0.1\",\"lport\":33762,\"raddr\":\"127.0.0.1\",\"rport\":5555,"
	       "\"state\":\"SYN_SENT\"}\n");

	NK_FREE char *text = print(&made.record, OUTPUT_TEXT, false);
	NK_FREE char *json = print(&made.record, OUTPUT_JSON, false);

	ck_assert_ptr_eq(strstr(text, "4.919639123 [001] curl/155 "), text);
	ck_assert_ptr_eq(strstr(json, "{\"ts\":4919639123,\"cpu\":1,"), json);
	made_end(&made);
}
END_TEST

START_TEST(losses)
{
	struct record record = { .kind = RECORD_LOST, .ts = 4919639123, .cpu = 12, .lost = 123 };

	setenv("TZ", "UTC", 1);
	expect(&record, OUTPUT_TEXT, "14:02:11.123456789 [012] nk: 123 events lost\n");
	expect(&record, OUTPUT_JSON,
	       "{\"time\":\"2026-11-23T14:02:11.123456789Z\",\"ts\":4919639123,\"cpu\":12,"
	       "\"event\":\"lost\",\"lost\":123}\n");
	record.lost = 0;
	expect(&record, OUTPUT_TEXT, "14:02:11.123456789 [012] nk: events lost\n");
	expect(&record, OUTPUT_JSON,
	       "{\"time\":\"2026-11-23T14:02:11.123456789Z\",\"ts\":4919639123,\"cpu\":12,"
	       "\"event\":\"lost\",\"lost\":null}\n");
}
END_TEST

/* What follows the event's name, in both styles. */
static void expect_fields(struct made *made, const char *text, const char *json)
{
	NK_FREE char *as_text = print(&made->record, OUTPUT_TEXT, false);
	NK_FREE char *as_json = print(&made->record, OUTPUT_JSON, false);
	NK_FREE char *text_end = xasprintf("/155 e%s\n", text);
	NK_FREE char *json_end = xasprintf("\"event\":\"e\"%s}\n", json);

	ck_assert_str_eq(strchr(as_text, '/'), text_end);
	ck_assert_str_eq(strstr(as_json, "\"event\""), json_end);
	made_end(made);
}

START_TEST(displays)
{
	static const struct {
		enum probe_display display;
		int64_t number;
		const char *text, *json;
	} cases[] = {
		{ DISPLAY_UNSIGNED, -1, "18446744073709551615", "18446744073709551615" },
		{ DISPLAY_SIGNED, -5, "-5", "-5" },
		{ DISPLAY_HEX, 0xffff8880, "0xffff8880", "\"0xffff8880\"" },
		{ DISPLAY_FAMILY, 1, "unix", "\"unix\"" },
		{ DISPLAY_FAMILY, 99, "99", "99" },
		{ DISPLAY_SOCK_TYPE, 1, "stream", "\"stream\"" },
		{ DISPLAY_TCP_STATE, 10, "LISTEN", "\"LISTEN\"" },
		{ DISPLAY_TCP_STATE, 77, "77", "77" },
		{ DISPLAY_PROTO, 17, "udp", "\"udp\"" },
		{ DISPLAY_PROTO, 200, "200", "200" },
		{ DISPLAY_ETHERTYPE, 0x86dd, "IPv6", "\"IPv6\"" },
		{ DISPLAY_ETHERTYPE, 0x1234, "0x1234", "4660" },
		{ DISPLAY_ERRNO, -111, "-ECONNREFUSED", "-111" },
		{ DISPLAY_ERRNO, 0, "0", "0" },
		{ DISPLAY_ERRNO, -512, "-ERESTARTSYS", "-512" },
		{ DISPLAY_ERRNO, -517, "-EPROBE_DEFER", "-517" },
		{ DISPLAY_ERRNO, -4000, "-4000", "-4000" },
		{ DISPLAY_SIZE_OR_ERRNO, 512, "512", "512" },
		{ DISPLAY_SIZE_OR_ERRNO, -11, "-EAGAIN", "-11" },
		{ DISPLAY_ICMP_TYPE, 8, "echo-request", "8" },
		{ DISPLAY_ICMP_TYPE, 250, "250", "250" },
		{ DISPLAY_TCP_FLAGS, 0x12, "S.", "\"S.\"" },
		{ DISPLAY_TCP_FLAGS, 0x18, "P.", "\"P.\"" },
		{ DISPLAY_TCP_FLAGS, 0x11, "F.", "\"F.\"" },
		{ DISPLAY_TCP_FLAGS, 0xff, "FSRP.UEW", "\"FSRP.UEW\"" },
		{ DISPLAY_TCP_FLAGS, 0, "none", "\"none\"" },
		{ DISPLAY_DURATION, 12345, "12.345us", "12345" },
		{ DISPLAY_BE16, 5555, "5555", "5555" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct made made;
		NK_FREE char *text = xasprintf(" f=%s", cases[i].text);
		NK_FREE char *json = xasprintf(",\"f\":%s", cases[i].json);

		made_begin(&made, "e", "c");
		add_number(&made, "f", cases[i].display, cases[i].number);
		expect_fields(&made, text, json);
	}
}
END_TEST

START_TEST(endpoints)
{
	struct made made;

	made_begin(&made, "e", "c");
	add_ends(&made, true);
	expect_fields(&made, " [::1]:33762 > [::1]:5555",
		      ",\"laddr\":\"::1\",\"lport\":33762,\"raddr\":\"::1\",\"rport\":5555");

	/* One end; no ports; ports and nothing else. */
	made_begin(&made, "e", "c");
	add_ends(&made, false);
	made.plan.endpoints[2] = made.plan.endpoints[3] = -1;
	made.plan.field_count = 2;
	expect_fields(&made, " 127.0.0.1:33762", ",\"laddr\":\"127.0.0.1\",\"lport\":33762");

	made_begin(&made, "e", "c");
	add_ends(&made, true);
	made.plan.endpoints[1] = made.plan.endpoints[3] = -1;
	expect_fields(&made, " ::1 > ::1 lport=33762 rport=5555",
		      ",\"laddr\":\"::1\",\"lport\":33762,\"raddr\":\"::1\",\"rport\":5555");

	made_begin(&made, "e", "c");
	add_ends(&made, false);
	made.fields[0].kind = PLAN_DURATION; /* there is no return: absent */
	add_number(&made, "family", DISPLAY_FAMILY, 2);
	expect_fields(
		&made, " > 127.0.0.1:5555 lport=33762",
		",\"lport\":33762,\"raddr\":\"127.0.0.1\",\"rport\":5555,\"family\":\"inet\"");

	/* A family without an address is shown. */
	made_begin(&made, "e", "c");
	add_ends(&made, false);
	made.fields[0].kind = made.fields[2].kind = PLAN_DURATION;
	add_number(&made, "family", DISPLAY_FAMILY, 1);
	expect_fields(&made, " lport=33762 rport=5555 family=unix",
		      ",\"lport\":33762,\"rport\":5555,\"family\":\"unix\"");
}
END_TEST

START_TEST(arrays_and_bytes)
{
	struct made made;
	const uint16_t words[3] = { 1, 20, 300 };

	made_begin(&made, "e", "c");
	add(&made, "list", PLAN_ARRAY, DISPLAY_UNSIGNED, words, 6)->bytes = 2;
	add(&made, "hex", PLAN_ARRAY, DISPLAY_HEX, words, 2)->bytes = 2;
	add(&made, "mac", PLAN_BYTES, DISPLAY_MAC, "\2\0\0\0\0\1", 6);
	add(&made, "raw", PLAN_BYTES, DISPLAY_NONE, "\xde\xad\xbe", 3);
	expect_fields(&made, " list={1,20,300} hex={0x1} mac=02:00:00:00:00:01 raw=deadbe",
		      ",\"list\":[1,20,300],\"hex\":[\"0x1\"],\"mac\":\"02:00:00:00:00:01\","
		      "\"raw\":\"deadbe\"");
}
END_TEST

START_TEST(enums)
{
	struct probe_enum_value values[2] = { { 1, (char *)"ONE" }, { 2, (char *)"\"\x1b[2J" } };
	const struct probe_enum names = { .name = (char *)"n", .values = values, .value_count = 2 };
	struct made made;

	made_begin(&made, "e", "c");
	add_number(&made, "a", DISPLAY_ENUM, 1);
	add_number(&made, "b", DISPLAY_ENUM, 2);
	add_number(&made, "c", DISPLAY_ENUM, 3);
	for (int i = 0; i < 3; i++)
		made.fields[i].names = &names;
	expect_fields(&made, " a=ONE b=\"\\x1b[2J c=3",
		      ",\"a\":\"ONE\",\"b\":\"\\\"\\u001b[2J\",\"c\":3");
}
END_TEST

/* What a program may call itself, and what a string may hold. */
START_TEST(strings)
{
	static const struct {
		const char *bytes, *text, *json;
	} cases[] = {
		{ "lo", "lo", "lo" },
		{ "", "\"\"", "" },
		{ "a b", "\"a b\"", "a b" },
		{ "\x1b[31m\n\t\x7f", "\\x1b[31m\\x0a\\x09\\x7f",
		  "\\u001b[31m\\u000a\\u0009\\u007f" },
		{ "\"\\/", "\"\\/", "\\\"\\\\/" },
		{ "\xed\x95\x9c\xc3\xa9", "\xed\x95\x9c\xc3\xa9", "\xed\x95\x9c\xc3\xa9" },
		{ "\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80" },
		/* Not UTF-8: alone, cut short, overlong, a surrogate, beyond U+10FFFF. */
		{ "\xff", "\\xff", "\xef\xbf\xbd" },
		{ "\xed\x95", "\\xed\\x95", "\xef\xbf\xbd\xef\xbf\xbd" },
		{ "\xc0\xaf", "\\xc0\\xaf", "\xef\xbf\xbd\xef\xbf\xbd" },
		{ "\xe0\x80\xaf", "\\xe0\\x80\\xaf", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
		{ "\xed\xa0\x80", "\\xed\\xa0\\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
		{ "\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80",
		  "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
		/* C1, which some terminals obey: U+009B is CSI. */
		{ "\xc2\x9b", "\\xc2\\x9b", "\\u009b" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct made made;
		NK_FREE char *text = xasprintf(" f=%s", cases[i].text);
		NK_FREE char *json = xasprintf(",\"f\":\"%s\"", cases[i].json);

		made_begin(&made, "e", "c");
		add(&made, "f", PLAN_FIXED_STRING, DISPLAY_STRING, cases[i].bytes,
		    (uint16_t)(strlen(cases[i].bytes) + 1));
		expect_fields(&made, text, json);
	}

	struct made made;

	made_begin(&made, "e", "\x1b]0;x\a");
	setenv("TZ", "UTC", 1);
	expect(&made.record, OUTPUT_TEXT, "14:02:11.123456789 [001] \\x1b]0;x\\x07/155 e\n");
	made_end(&made);
}
END_TEST

/* RFC 8259, nothing beyond it: the end of the value, or NULL. */
static const char *json_value(const char *at);

static const char *json_string(const char *at)
{
	if (*at++ != '"')
		return NULL;
	for (; *at != '"'; at++) {
		if ((unsigned char)*at < 0x20)
			return NULL;
		if (*at != '\\')
			continue;
		at++;
		if (*at == 'u') {
			for (int i = 1; i <= 4; i++)
				if (!isxdigit((unsigned char)at[i]))
					return NULL;
			at += 4;
		} else if (!*at || !strchr("\"\\/bfnrt", *at)) {
			return NULL;
		}
	}
	return at + 1;
}

static const char *json_number(const char *at)
{
	at += *at == '-';
	if (!isdigit((unsigned char)*at) || (at[0] == '0' && isdigit((unsigned char)at[1])))
		return NULL;
	while (isdigit((unsigned char)*at))
		at++;
	return at;
}

static const char *json_list(const char *at, char end, bool has_keys)
{
	for (at++; *at != end; at++) {
		if (has_keys) {
			at = json_string(at);
			if (!at || *at++ != ':')
				return NULL;
		}
		at = json_value(at);
		if (!at || (*at != ',' && *at != end) || (*at == ',' && at[1] == end))
			return NULL;
		if (*at == end)
			break;
	}
	return at + 1;
}

static const char *json_value(const char *at)
{
	if (*at == '{')
		return json_list(at, '}', true);
	if (*at == '[')
		return json_list(at, ']', false);
	if (*at == '"')
		return json_string(at);
	if (strncmp(at, "null", 4) == 0)
		return at + 4;
	return json_number(at);
}

/* Captured pages with random bytes in them: every line is JSON, and no line of text has a control
 * byte. */
START_TEST(hostile_records)
{
	size_t size, lines = 0;
	NK_FREE char *bytes = pages_file("6.1", "main/cpu0.raw", &size);
	struct decoder *decoder = pages_decoder("6.1", NULL);

	srandom(20261123);
	for (int round = 0; round < 12; round++) {
		struct memory_source *memory = memory_source_new();
		struct record_reader *reader;
		struct record record;

		memory_source_add(memory, bytes, size);
		for (int i = 0; i < 1 + round * 40; i++)
			memory->data[0][random() % (long)size] = (unsigned char)random();
		record_reader_open(decoder, &memory->source, &reader);
		while (record_reader_next(reader, &record) == 1) {
			NK_FREE char *json = print(&record, OUTPUT_JSON, true);
			NK_FREE char *text = print(&record, OUTPUT_TEXT, true);
			const char *end = json_value(json);

			ck_assert_msg(end && strcmp(end, "\n") == 0, "not JSON: %s", json);
			for (const char *at = text; at[1]; at++)
				ck_assert_msg((unsigned char)*at >= 0x20 && *at != 0x7f,
					      "a control byte: %s", text);
			ck_assert_int_eq(text[strlen(text) - 1], '\n');
			lines++;
		}
		record_reader_close(reader);
		memory_source_free(memory);
	}
	ck_assert_uint_gt(lines, 150);
	decoder_free(decoder);
}
END_TEST

static void expect_start(const struct record *record, enum output_style style,
			 const struct dat_clock *clock, const char *expected)
{
	NK_FREE char *text = print_by(record, style, true, clock);

	ck_assert_msg(!strncmp(text, expected, strlen(expected)), "%s", text);
}

/* How trace-cmd report 3.1.6 lays out time stamps of each kind, found by trying. */
START_TEST(clocks_of_trace_cmd)
{
	const struct dat_clock bare = { .is_bare = true };
	const struct dat_clock dated = { .offset = UINT64_C(400000000000000) };
	const struct dat_clock bare_dated = { .is_bare = true,
					      .offset = UINT64_C(400000000000000) };
	const struct dat_clock back = { .is_bare = true, .offset = -UINT64_C(4919639103) };
	/* A product of 65 bits. */
	const struct dat_clock cycles = { .is_count = true, .multiplier = 1U << 31, .shift = 30 };
	struct made made;

	made_begin(&made, "tcp_connect", "curl");
	expect_start(&made.record, OUTPUT_TRACE_CMD, NULL,
		     "            curl-155   [001]     4.919639: tcp_connect:          ");
	expect_start(&made.record, OUTPUT_TRACE_CMD, &bare,
		     "            curl-155   [001]  4919639123: tcp_connect:          ");
	expect_start(&made.record, OUTPUT_TRACE_CMD, &dated,
		     "            curl-155   [001] 400004.919639: tcp_connect: ");
	expect_start(&made.record, OUTPUT_TRACE_CMD, &bare_dated,
		     "            curl-155   [001]400004919639123: tcp_connect: ");
	expect_start(&made.record, OUTPUT_TRACE_CMD, &back,
		     "            curl-155   [001]          20: tcp_connect: ");
	made.record.ts = UINT64_C(10000000000);
	expect_start(&made.record, OUTPUT_TRACE_CMD, &cycles,
		     "            curl-155   [001]    20.000000: tcp_connect: ");
	made_end(&made);
}
END_TEST

static void expect_instance(struct record *record, const char *name, const char *expected)
{
	const char *const instances[] = { "", "rare", "nk-12-packets" };
	struct output_options options = { .style = OUTPUT_TRACE_CMD,
					  .instances = instances,
					  .instance_count = 3 };

	record->instance = 0;
	while (strcmp(instances[record->instance], name) != 0)
		record->instance++;

	NK_FREE char *text = print_as(record, &options);

	ck_assert_msg(!strncmp(text, expected, strlen(expected)), "%s", text);
}

/* Their names, as trace-cmd report 3.1.6 has them: to the right. */
START_TEST(instances_of_trace_cmd)
{
	struct record loss = { .kind = RECORD_LOST, .ts = 1, .cpu = 1, .lost = 7 };
	struct made made;

	made_begin(&made, "e", "curl");
	expect_instance(&made.record, "", "                           curl-155   [001]");
	expect_instance(&made.record, "rare", "         rare:             curl-155   [001]");
	expect_instance(&made.record, "nk-12-packets",
			"nk-12-packets:             curl-155   [001]");
	expect_instance(&loss, "", "               CPU:1 [7 EVENTS DROPPED]\n");
	expect_instance(&loss, "rare", "         rare: CPU:1 [7 EVENTS DROPPED]\n");
	made_end(&made);
}
END_TEST

/* Cycles are no seconds, and have no time of day; ns stay seconds, of whatever clock. */
START_TEST(clocks_that_count)
{
	const struct dat_clock count = { .is_bare = true, .is_count = true };
	const struct dat_clock bare = { .is_bare = true, .offset = 5 };
	struct made made;

	made_begin(&made, "e", "curl");
	expect_start(&made.record, OUTPUT_TEXT, &count, "4919639123 [001] curl/155 e");
	expect_start(&made.record, OUTPUT_JSON, &count, "{\"ts\":4919639123,\"cpu\":1,");
	expect_start(&made.record, OUTPUT_JSON, &bare, "{\"time\":\"");
	NK_FREE char *text = print_by(&made.record, OUTPUT_TEXT, false, &bare);
	ck_assert_msg(!strncmp(text, "4.919639123 [001]", 17), "%s", text);
	made_end(&made);
}
END_TEST

START_TEST(write_errors)
{
	struct record record = { .kind = RECORD_LOST };
	struct output_options options = { .style = OUTPUT_TEXT };
	struct output *output;
	int ends[2];

	signal(SIGPIPE, SIG_IGN);
	ck_assert_int_eq(pipe(ends), 0);
	close(ends[0]);
	options.fd = ends[1];
	output = output_new(&options);
	ck_assert_int_eq(output_record(output, &record), 0);
	ck_assert_int_eq(output_flush(output), -EPIPE);
	ck_assert_int_eq(output_record(output, &record), -EPIPE);
	output_free(output);
	close(ends[1]);
}
END_TEST

/* More than the buffer holds goes out in its order, whole. */
START_TEST(big_outputs)
{
	struct record record = { .kind = RECORD_LOST };
	char path[] = "/tmp/nk-output-XXXXXX", line[200];
	int fd = mkstemp(path);
	struct output_options options = { .style = OUTPUT_JSON, .fd = fd };
	struct output *output = output_new(&options);
	FILE *file;
	unsigned long long ts, expected = 1;

	unlink(path);
	for (record.ts = 1; record.ts <= 100000; record.ts++)
		ck_assert_int_eq(output_record(output, &record), 0);
	ck_assert_int_gt(lseek(fd, 0, SEEK_CUR), 0);
	ck_assert_int_eq(output_flush(output), 0);
	output_free(output);
	lseek(fd, 0, SEEK_SET);
	file = fdopen(fd, "r");
	while (fgets(line, sizeof(line), file)) {
		ck_assert_int_eq(sscanf(line, "{\"ts\":%llu,", &ts), 1);
		ck_assert_uint_eq(ts, expected++);
	}
	ck_assert_uint_eq(expected, 100001);
	fclose(file);
}
END_TEST

/* Names of a probe file are of any length, and lie wherever the buffer is full. */
START_TEST(long_names_in_csv)
{
	char name[301] = "", path[] = "/tmp/nk-output-XXXXXX", line[400];
	struct probe_enum_value values[1] = { { 1, name } };
	const struct probe_enum names = { .name = (char *)"n", .values = values, .value_count = 1 };
	struct output_columns *columns = NULL;
	struct output_options options = { .style = OUTPUT_CSV, .fd = mkstemp(path) };
	struct diags diags = { 0 };
	struct output *output;
	struct made made;
	FILE *file;
	size_t lines = 0;

	memset(name, 'n', 299);
	name[150] = '"';
	unlink(path);
	made_begin(&made, "e", "c");
	add_number(&made, "x", DISPLAY_ENUM, 1);
	made.fields[0].names = &names;
	ck_assert_int_eq(output_columns_new("x", made.decoder, false, &columns, &diags), 0);
	options.columns = columns;
	output = output_new(&options);
	for (size_t i = 0; i < 20000; i++)
		ck_assert_int_eq(output_record(output, &made.record), 0);
	ck_assert_int_eq(output_flush(output), 0);
	output_free(output);
	output_columns_free(columns);
	lseek(options.fd, 0, SEEK_SET);
	file = fdopen(options.fd, "r");
	while (fgets(line, sizeof(line), file)) {
		ck_assert_uint_eq(strlen(line), 299 + 3 + 1);
		ck_assert(line[0] == '"' && line[1] == 'n' && line[302] == '\n');
		lines++;
	}
	ck_assert_uint_eq(lines, 20000);
	fclose(file);
	made_end(&made);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("output-record");
	TCase *tests = tcase_create("record");
	SRunner *runner = srunner_create(suite);

	tcase_add_test(tests, contract);
	tcase_add_test(tests, losses);
	tcase_add_test(tests, displays);
	tcase_add_test(tests, endpoints);
	tcase_add_test(tests, arrays_and_bytes);
	tcase_add_test(tests, enums);
	tcase_add_test(tests, strings);
	tcase_add_test(tests, hostile_records);
	tcase_add_test(tests, clocks_of_trace_cmd);
	tcase_add_test(tests, instances_of_trace_cmd);
	tcase_add_test(tests, clocks_that_count);
	tcase_add_test(tests, write_errors);
	tcase_add_test(tests, big_outputs);
	tcase_add_test(tests, long_names_in_csv);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_NORMAL);

	int failed = srunner_ntests_failed(runner);

	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
