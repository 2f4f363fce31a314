/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The enriched print fmt as libtraceevent prints it: records that trace-cmd captured
 * (tests/capture-dat), and the same with bytes changed, against what their bytes say.
 */
#include <arpa/inet.h>
#include <check.h>
#include <event-parse.h>
#include <kbuffer.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "datfile/printfmt.h"
#include "datfile/reader.h"

#define RECORDING TESTDIR "/unit/data/datfile/v7.dat"

struct field_spec {
	const char *name, *type, *guard;
};

static const struct field_spec connect_fields[] = {
	{ "sk", "x64", NULL },	   { "family", "family", "sk" }, { "lport", "u16", "sk" },
	{ "rport", "be16", "sk" }, { "laddr4", "ip4", "sk" },	 { "raddr4", "ip4", "sk" },
	{ "laddr6", "ip6", "sk" }, { "raddr6", "ip6", "sk" },	 { "state", "tcp_state", "sk" },
};

static const struct field_spec xmit_fields[] = {
	{ "dev", "string", "_data" },
	{ "len", "u32", NULL },
	{ "proto", "ethertype", NULL },
	{ "dmac", "mac", "_data" },
	{ "_head", "x64", NULL },
	{ "_data", "x64", NULL },
	{ "_nh", "u16", NULL },
	{ "_tail", "u32", NULL },
	{ "pkt", "packet[10](saddr,sport,daddr,dport,l4proto,flags,ttl,seq,id,type,code)", NULL },
};

/* Without _nh: the network header is where data points to. */
static const struct field_spec rcv_fields[] = {
	{ "_head", "x64", NULL },
	{ "_data", "x64", NULL },
	{ "_tail", "u32", NULL },
	{ "len", "u32", NULL },
	{ "pkt", "packet[9](saddr,sport,daddr,dport,proto,flags,ttl,seq,id,type,code)", NULL },
};

#define MAX_RECORDS 64

struct event {
	struct tep_handle *tep;
	const struct tep_event *event;
	unsigned char *records[MAX_RECORDS];
	int sizes[MAX_RECORDS];
	int count;
};

static struct event_desc *describe(const char *name, const struct field_spec *specs, size_t count)
{
	struct event_desc *desc = xcalloc(1, sizeof(*desc));

	desc->group = xstrdup("nk");
	desc->name = xstrdup(name);
	for (size_t i = 0; i < count; i++) {
		struct event_field *field = array_add(&desc->fields, &desc->field_count);
		const char *why = "";
		size_t at;

		field->name = xstrdup(specs[i].name);
		ck_assert_msg(!probe_type_parse(specs[i].type, strlen(specs[i].type), &field->type,
						&why, &at),
			      "%s: %s", specs[i].type, why);
		if (specs[i].guard)
			field->guards[field->guard_count++] = xstrdup(specs[i].guard);
	}
	return desc;
}

static struct dat_reader *open_recording(void)
{
	const char *incomplete;
	struct dat_reader *reader;

	ck_assert_int_eq(dat_reader_open(RECORDING, &reader, &incomplete, NULL), 0);
	ck_assert_ptr_null(incomplete);
	return reader;
}

static const char *format_of(const struct dat_meta *meta, const char *name)
{
	NK_FREE char *line = xasprintf("name: %s\n", name);

	for (size_t i = 0; i < meta->event_count; i++)
		if (!strncmp(meta->events[i].text, line, strlen(line)))
			return meta->events[i].text;
	ck_abort_msg("no format of %s", name);
	return NULL;
}

static void collect(struct page_source *source, struct event *event)
{
	struct kbuffer *kbuffer = kbuffer_alloc(KBUFFER_LSIZE_8, KBUFFER_ENDIAN_LITTLE);
	const void *page;

	for (size_t i = 0; i < source->stream_count; i++) {
		while (source->ops->next(source, i, &page) == 1) {
			unsigned long long ts;
			void *data;

			ck_assert_int_eq(kbuffer_load_subbuffer(kbuffer, (void *)page), 0);
			for (data = kbuffer_read_event(kbuffer, &ts); data;
			     data = kbuffer_next_event(kbuffer, &ts)) {
				int size = kbuffer_event_size(kbuffer);

				if (*(uint16_t *)data != event->event->id ||
				    event->count == MAX_RECORDS)
					continue;
				event->records[event->count] = xmalloc((size_t)size);
				memcpy(event->records[event->count], data, (size_t)size);
				event->sizes[event->count++] = size;
			}
			source->ops->release(source, i, page);
		}
	}
	kbuffer_free(kbuffer);
}

static void event_open(struct event *event, const char *name, const struct event_desc *desc)
{
	struct dat_reader *reader = open_recording();
	NK_FREE char *format = printfmt_enrich(format_of(dat_reader_meta(reader), name), desc);

	*event = (struct event){ .tep = tep_alloc() };
	tep_set_long_size(event->tep, 8);
	ck_assert_int_eq(tep_parse_event(event->tep, format, strlen(format), "nk"), 0);
	event->event = tep_find_event_by_name(event->tep, "nk", name);
	ck_assert_ptr_nonnull(event->event);
	ck_assert_msg(!(event->event->flags & TEP_EVENT_FL_FAILED), "not understood: %s", format);
	collect(dat_reader_pages(reader), event);
	ck_assert_int_gt(event->count, 1);
	dat_reader_close(reader);
}

static void event_close(struct event *event, struct event_desc *desc)
{
	for (int i = 0; i < event->count; i++)
		free(event->records[i]);
	tep_free(event->tep);
	event_descs_free(desc, 1);
}

static char *print(const struct event *event, int index)
{
	struct tep_record record = {
		.data = event->records[index],
		.size = event->sizes[index],
		.record_size = event->sizes[index],
	};
	struct trace_seq seq;
	char *text;

	trace_seq_init(&seq);
	tep_print_event(event->tep, &seq, &record, "%s", TEP_PRINT_INFO);
	trace_seq_terminate(&seq);
	text = xstrdup(seq.buffer);
	trace_seq_destroy(&seq);
	return text;
}

static unsigned char *at(const struct event *event, int index, const char *name)
{
	struct tep_format_field *field = tep_find_field((struct tep_event *)event->event, name);

	ck_assert_ptr_nonnull(field);
	return event->records[index] + field->offset;
}

static uint16_t u16(const struct event *event, int index, const char *name)
{
	uint16_t value;

	memcpy(&value, at(event, index, name), 2);
	return value;
}

static uint64_t u64(const struct event *event, int index, const char *name)
{
	uint64_t value;

	memcpy(&value, at(event, index, name), 8);
	return value;
}

/* What is printed as NAME=..., malloc'ed; NULL: nothing is. */
static char *shown(const char *text, const char *name)
{
	NK_FREE char *padded = xasprintf(" %s", text);
	NK_FREE char *key = xasprintf(" %s=", name);
	const char *found = strstr(padded, key);

	if (!found)
		return NULL;
	found += strlen(key);
	return xstrndup(found, strcspn(found, " "));
}

static void assert_shown(const char *text, const char *name, const char *expected)
{
	NK_FREE char *value = shown(text, name);

	ck_assert_msg(value && expected ? !strcmp(value, expected) : !value && !expected,
		      "%s is %s, not %s: %s", name, value ? value : "not shown",
		      expected ? expected : "not shown", text);
}

static void assert_number(const char *text, const char *name, uint64_t expected)
{
	NK_FREE char *number = xasprintf("%llu", (unsigned long long)expected);

	assert_shown(text, name, number);
}

/* Any way of writing the address that inet_pton() takes. */
static void assert_address(const char *text, const char *name, int family, const void *bytes)
{
	NK_FREE char *value = shown(text, name);
	unsigned char read[16];

	ck_assert_msg(value && inet_pton(family, value, read) == 1, "no address %s: %s", name,
		      text);
	ck_assert_msg(!memcmp(read, bytes, family == AF_INET ? 4 : 16), "%s is wrong: %s", name,
		      text);
}

static void check_connect(const struct event *event, int i)
{
	NK_FREE char *text = print(event, i);
	uint16_t family = u16(event, i, "family");
	bool is4 = family == AF_INET;
	NK_FREE char *sk = xasprintf("0x%llx", (unsigned long long)u64(event, i, "sk"));

	assert_shown(text, "sk", sk);
	assert_shown(text, "family", is4 ? "inet" : "inet6");
	assert_number(text, "lport", u16(event, i, "lport"));
	assert_number(text, "rport", ntohs(u16(event, i, "rport")));
	assert_shown(text, "state", "SYN_SENT");
	assert_address(text, "laddr", family, at(event, i, is4 ? "laddr4" : "laddr6"));
	assert_address(text, "raddr", family, at(event, i, is4 ? "raddr4" : "raddr6"));
}

START_TEST(socket_of_both_families)
{
	struct event_desc *desc = describe("tcp_connect", connect_fields, 9);
	struct event event;
	int of4 = 0, of6 = 0;

	event_open(&event, "tcp_connect", desc);
	for (int i = 0; i < event.count; i++) {
		check_connect(&event, i);
		of4 += u16(&event, i, "family") == AF_INET;
		of6 += u16(&event, i, "family") == AF_INET6;
	}
	ck_assert_int_gt(of4, 0);
	ck_assert_int_gt(of6, 0);
	event_close(&event, desc);
}
END_TEST

START_TEST(zeros_are_shown)
{
	struct event_desc *desc = describe("tcp_connect", connect_fields, 9);
	struct event event;

	event_open(&event, "tcp_connect", desc);
	memset(at(&event, 0, "laddr4"), 0, 4);
	memset(at(&event, 0, "lport"), 0, 2);
	memcpy(at(&event, 0, "family"), &(uint16_t){ AF_INET }, 2);
	NK_FREE char *text = print(&event, 0);
	assert_shown(text, "laddr", "0.0.0.0");
	assert_shown(text, "lport", "0");
	event_close(&event, desc);
}
END_TEST

START_TEST(nothing_behind_a_bad_pointer)
{
	static const uint64_t bad[] = { 0, 1, 4095, (uint64_t)-1, (uint64_t)-4095 };
	struct event_desc *desc = describe("tcp_connect", connect_fields, 9);
	struct event event;

	event_open(&event, "tcp_connect", desc);
	memcpy(at(&event, 0, "sk"), &bad[_i], 8);
	NK_FREE char *text = print(&event, 0);
	NK_FREE char *expected = xasprintf("sk=0x%llx", (unsigned long long)bad[_i]);
	ck_assert_str_eq(text, expected);
	event_close(&event, desc);
}
END_TEST

START_TEST(just_not_a_bad_pointer)
{
	static const uint64_t good[] = { 4096, (uint64_t)-4096 };
	struct event_desc *desc = describe("tcp_connect", connect_fields, 9);
	struct event event;

	event_open(&event, "tcp_connect", desc);
	memcpy(at(&event, 0, "sk"), &good[_i], 8);
	check_connect(&event, 0);
	event_close(&event, desc);
}
END_TEST

START_TEST(other_family_has_no_address)
{
	struct event_desc *desc = describe("tcp_connect", connect_fields, 9);
	struct event event;

	event_open(&event, "tcp_connect", desc);
	memcpy(at(&event, 0, "family"), &(uint16_t){ AF_UNIX }, 2);
	NK_FREE char *text = print(&event, 0);
	assert_shown(text, "family", "unix");
	assert_shown(text, "laddr", NULL);
	assert_shown(text, "raddr", NULL);
	event_close(&event, desc);
}
END_TEST

/* Where the network header is in the window. */
static uint64_t position(const struct event *event, int i)
{
	return u64(event, i, "_head") + u16(event, i, "_nh") - u64(event, i, "_data");
}

static const unsigned char *packet(const struct event *event, int i)
{
	return at(event, i, "pkt") + position(event, i);
}

static uint16_t be16(const unsigned char *bytes)
{
	return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

static void check_tcp(const char *text, const unsigned char *tcp)
{
	static const char letters[] = "FSRP.UEW";
	char flags[9] = "", *end = flags;

	for (int i = 0; i < 8; i++)
		if (tcp[13] & 1 << i)
			*end++ = letters[i];
	assert_number(text, "sport", be16(tcp));
	assert_number(text, "dport", be16(tcp + 2));
	assert_number(text, "seq", (uint32_t)be16(tcp + 4) << 16 | be16(tcp + 6));
	assert_shown(text, "flags", flags);
	assert_shown(text, "type", NULL);
}

static void check_icmp(const char *text, const unsigned char *icmp)
{
	assert_shown(text, "type", icmp[0] == 8 ? "echo-request" : "echo-reply");
	assert_number(text, "code", icmp[1]);
	assert_shown(text, "sport", NULL);
	assert_shown(text, "seq", NULL);
	assert_shown(text, "flags", NULL);
}

/* proto: the name by which the payload's is shown. */
static void check_packet(const char *text, const unsigned char *bytes, const char *proto)
{
	bool is4 = bytes[0] >> 4 == 4;
	bool is_tcp = (is4 ? bytes[9] : bytes[6]) == IPPROTO_TCP;

	ck_assert(is4 || bytes[0] >> 4 == 6);
	assert_shown(text, proto, is_tcp ? "tcp" : "icmp");
	assert_address(text, "saddr", is4 ? AF_INET : AF_INET6, bytes + (is4 ? 12 : 8));
	assert_address(text, "daddr", is4 ? AF_INET : AF_INET6, bytes + (is4 ? 16 : 24));
	assert_number(text, "ttl", is4 ? bytes[8] : bytes[7]);
	if (is4)
		assert_number(text, "id", be16(bytes + 4));
	else
		assert_shown(text, "id", NULL);
	if (is_tcp)
		check_tcp(text, bytes + (is4 ? 20 : 40));
	else
		check_icmp(text, bytes + 20);
}

static void check_xmit(const struct event *event, int i)
{
	NK_FREE char *text = print(event, i);

	check_packet(text, packet(event, i), "l4proto");
	assert_shown(text, "proto", packet(event, i)[0] >> 4 == 4 ? "IPv4" : "IPv6");
	assert_shown(text, "dev", "lo");
	assert_shown(text, "dmac", "00:00:00:00:00:00");
	assert_shown(text, "_nh", NULL);
	assert_shown(text, "pkt", NULL);
}

/* The first record of a TCP segment over IPv4. */
static int tcp4(const struct event *event)
{
	for (int i = 0; i < event->count; i++)
		if (packet(event, i)[0] >> 4 == 4 && packet(event, i)[9] == IPPROTO_TCP)
			return i;
	ck_abort_msg("none of TCP over IPv4");
	return 0;
}

START_TEST(packet_at_any_position)
{
	struct event_desc *desc = describe("dev_queue_xmit", xmit_fields, 9);
	struct event event;
	int of4 = 0, of6 = 0;

	event_open(&event, "dev_queue_xmit", desc);
	for (int i = 0; i < event.count; i++) {
		check_xmit(&event, i);
		of4 += packet(&event, i)[0] >> 4 == 4;
		of6 += packet(&event, i)[0] >> 4 == 6;
	}
	ck_assert_int_gt(of4, 0);
	ck_assert_int_gt(of6, 0);
	event_close(&event, desc);
}
END_TEST

START_TEST(packet_at_a_fixed_position)
{
	struct event_desc *desc = describe("ip_rcv", rcv_fields, 5);
	struct event event;
	int icmp = 0;

	event_open(&event, "ip_rcv", desc);
	for (int i = 0; i < event.count; i++) {
		const unsigned char *bytes = at(&event, i, "pkt");
		NK_FREE char *text = print(&event, i);

		check_packet(text, bytes, "proto");
		icmp += bytes[9] == IPPROTO_ICMP;
	}
	ck_assert_int_gt(icmp, 0);
	ck_assert_int_lt(icmp, event.count);
	event_close(&event, desc);
}
END_TEST

static void assert_no_packet(const struct event *event, int i)
{
	NK_FREE char *text = print(event, i);

	assert_shown(text, "saddr", NULL);
	assert_shown(text, "sport", NULL);
	assert_shown(text, "l4proto", NULL);
	assert_shown(text, "flags", NULL);
	assert_shown(text, "dev", "lo");
}

/* Whatever the event says of the position, nothing is read beside the window. */
START_TEST(packet_outside_its_window)
{
	struct event_desc *desc = describe("dev_queue_xmit", xmit_fields, 9);
	struct event event;
	uint64_t data;

	event_open(&event, "dev_queue_xmit", desc);
	int i = tcp4(&event);
	data = u64(&event, i, "_data");
	for (int j = 0; j < 4; j++) {
		uint64_t positions[] = { 61, 80, (uint64_t)-1, (uint64_t)1 << 62 };
		uint64_t head = data + positions[j] - u16(&event, i, "_nh");

		memcpy(at(&event, i, "_head"), &head, 8);
		assert_no_packet(&event, i);
	}
	event_close(&event, desc);
}
END_TEST

/* Whatever the bytes look like: what the frame says that it carries has the last word. */
START_TEST(packet_of_another_ethertype)
{
	static const struct {
		uint16_t ethertype;
		bool is_shown;
	} cases[] = { { 0x8100, false }, { 0x86dd, false }, { 0x88b5, false },
		      { 0x0800, true },	 { 0x0003, true },  { 0, true } };
	struct event_desc *desc = describe("dev_queue_xmit", xmit_fields, 9);
	struct event event;

	event_open(&event, "dev_queue_xmit", desc);
	int i = tcp4(&event);
	for (size_t j = 0; j < sizeof(cases) / sizeof(*cases); j++) {
		uint16_t wire = htons(cases[j].ethertype);

		memcpy(at(&event, i, "proto"), &wire, 2);
		if (!cases[j].is_shown) {
			assert_no_packet(&event, i);
			continue;
		}
		NK_FREE char *text = print(&event, i);
		check_packet(text, packet(&event, i), "l4proto");
	}
	event_close(&event, desc);
}
END_TEST

START_TEST(packet_with_a_short_linear_part)
{
	struct event_desc *desc = describe("dev_queue_xmit", xmit_fields, 9);
	struct event event;
	uint32_t tail;

	event_open(&event, "dev_queue_xmit", desc);
	int i = tcp4(&event);
	tail = u16(&event, i, "_nh") + 20U;
	memcpy(at(&event, i, "_tail"), &tail, 4);
	NK_FREE char *text = print(&event, i);
	assert_address(text, "saddr", AF_INET, packet(&event, i) + 12);
	assert_shown(text, "l4proto", "tcp");
	assert_shown(text, "sport", NULL);
	assert_shown(text, "flags", NULL);
	tail--;
	memcpy(at(&event, i, "_tail"), &tail, 4);
	assert_no_packet(&event, i);
	event_close(&event, desc);
}
END_TEST

START_TEST(later_fragment_has_no_ports)
{
	struct event_desc *desc = describe("dev_queue_xmit", xmit_fields, 9);
	struct event event;

	event_open(&event, "dev_queue_xmit", desc);
	int i = tcp4(&event);
	((unsigned char *)packet(&event, i))[7] = 185;
	NK_FREE char *text = print(&event, i);
	assert_address(text, "daddr", AF_INET, packet(&event, i) + 16);
	assert_shown(text, "sport", NULL);
	assert_shown(text, "seq", NULL);
	event_close(&event, desc);
}
END_TEST

START_TEST(ipv4_options_before_the_ports)
{
	struct event_desc *desc = describe("dev_queue_xmit", xmit_fields, 9);
	struct event event;

	event_open(&event, "dev_queue_xmit", desc);
	int i = tcp4(&event);
	((unsigned char *)packet(&event, i))[0] = 0x46;
	NK_FREE char *text = print(&event, i);
	assert_number(text, "sport", be16(packet(&event, i) + 24));
	event_close(&event, desc);
}
END_TEST

START_TEST(fallback_stands_in)
{
	struct event_desc *desc = describe("tcp_connect", connect_fields, 9);
	struct event_field *field = array_add(&desc->fields, &desc->field_count);
	struct event event;
	uint64_t none = 0;

	/* rport of a socket, else its state as "rport". */
	field->name = xstrdup("lport");
	field->instead_of = xstrdup("rport");
	ck_assert_int_eq(
		probe_type_parse("u16", 3, &field->type, &(const char *){ NULL }, &(size_t){ 0 }),
		0);
	event_open(&event, "tcp_connect", desc);
	NK_FREE char *text = print(&event, 0);
	assert_number(text, "rport", ntohs(u16(&event, 0, "rport")));
	memcpy(at(&event, 0, "sk"), &none, 8);
	NK_FREE char *without = print(&event, 0);
	assert_number(without, "rport", u16(&event, 0, "lport"));
	event_close(&event, desc);
}
END_TEST

/* raddr: behind a family of its own, where that says so, else by the socket's. */
START_TEST(family_of_its_own)
{
	static const struct field_spec specs[] = {
		{ "family", "family", NULL }, { "lport", "family", NULL },
		{ "raddr4", "ip4", "lport" }, { "raddr6", "ip6", NULL },
		{ "rport", "be16", "lport" },
	};
	static const uint16_t names[] = { AF_INET, AF_UNSPEC };
	struct event_desc *desc = describe("tcp_connect", specs, 5);
	struct event event;

	event_open(&event, "tcp_connect", desc);
	memcpy(at(&event, 0, "family"), &(uint16_t){ AF_INET6 }, 2);
	memcpy(at(&event, 0, "lport"), &names[_i], 2);
	NK_FREE char *text = print(&event, 0);
	if (names[_i] == AF_INET) {
		assert_address(text, "raddr", AF_INET, at(&event, 0, "raddr4"));
		assert_number(text, "rport", ntohs(u16(&event, 0, "rport")));
	} else {
		assert_address(text, "raddr", AF_INET6, at(&event, 0, "raddr6"));
		assert_shown(text, "rport", NULL);
	}
	event_close(&event, desc);
}
END_TEST

START_TEST(no_description_no_change)
{
	struct event_desc desc = { 0 };
	struct dat_reader *reader = open_recording();
	const char *format = format_of(dat_reader_meta(reader), "tcp_connect");
	NK_FREE char *same = printfmt_enrich(format, &desc);

	ck_assert_str_eq(same, format);
	dat_reader_close(reader);
}
END_TEST

START_TEST(result_of_a_call)
{
	static const struct field_spec specs[] = { { "raddr4", "ssize32", NULL },
						   { "laddr4", "u32", "raddr4" } };
	static const int32_t values[] = { -111, 0, 1, INT32_MIN };
	struct event_desc *desc = describe("tcp_connect", specs, 2);
	struct event event;

	event_open(&event, "tcp_connect", desc);
	memcpy(at(&event, 0, "raddr4"), &values[_i], 4);
	NK_FREE char *text = print(&event, 0);
	NK_FREE char *number = xasprintf("%d", values[_i]);
	assert_shown(text, "raddr4", number);
	assert_shown(text, "laddr4", values[_i] < 0 ? NULL : "16777343");
	event_close(&event, desc);
}
END_TEST

static Suite *printfmt_suite(void)
{
	Suite *suite = suite_create("datfile/printfmt");
	TCase *tests = tcase_create("printfmt");

	tcase_add_test(tests, socket_of_both_families);
	tcase_add_test(tests, zeros_are_shown);
	tcase_add_loop_test(tests, nothing_behind_a_bad_pointer, 0, 5);
	tcase_add_loop_test(tests, just_not_a_bad_pointer, 0, 2);
	tcase_add_test(tests, other_family_has_no_address);
	tcase_add_test(tests, packet_at_any_position);
	tcase_add_test(tests, packet_at_a_fixed_position);
	tcase_add_test(tests, packet_outside_its_window);
	tcase_add_test(tests, packet_of_another_ethertype);
	tcase_add_test(tests, packet_with_a_short_linear_part);
	tcase_add_test(tests, later_fragment_has_no_ports);
	tcase_add_test(tests, ipv4_options_before_the_ports);
	tcase_add_test(tests, fallback_stands_in);
	tcase_add_loop_test(tests, family_of_its_own, 0, 2);
	tcase_add_test(tests, no_description_no_change);
	tcase_add_loop_test(tests, result_of_a_call, 0, 4);
	suite_add_tcase(suite, tests);
	return suite;
}

int main(void)
{
	SRunner *runner = srunner_create(printfmt_suite());
	int failed;

	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
