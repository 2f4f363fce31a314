/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pages to records: the captured ones against the text that the kernel itself printed of them,
 * joined calls, events of other tools, machines of the other byte order, and bytes that mean
 * nothing.
 */
#include <byteswap.h>
#include <check.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"
#include "pages.h"

static const char *const kernels[] = { "5.10", "6.1" };

static const struct plan_field *find_field(const struct event_plan *plan, const char *name)
{
	for (size_t i = 0; i < plan->field_count; i++)
		if (strcmp(plan->fields[i].name, name) == 0)
			return &plan->fields[i];
	return NULL;
}

static struct value value_of(const struct record *record, const char *name)
{
	const struct plan_field *field = find_field(record->plan, name);
	struct value value = { .kind = VALUE_ABSENT };

	ck_assert_msg(field, "no field %s", name);
	record_value(record, field, 0, &value);
	return value;
}

/* A value as the kernel's print of a kprobe event has it. */
static void add_kernel_text(struct text *text, const struct value *value)
{
	if (value->kind == VALUE_STRING)
		text_addf(text, "\"%.*s\"", (int)value->length, value->bytes);
	else if (value->kind == VALUE_SIGNED)
		text_addf(text, "%" PRId64, (int64_t)value->number);
	else if (value->display == DISPLAY_HEX)
		text_addf(text, "0x%" PRIx64, value->number);
	else
		text_addf(text, "%" PRIu64, value->number);
}

static char *kernel_text(const struct record *record, const struct plan_field *field)
{
	struct text text = { 0 };
	struct value value;
	size_t count = record_elements(record, field);

	text_addf(&text, " %s=%s", field->name, field->kind == PLAN_ARRAY ? "{" : "");
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			text_add(&text, ",");
		record_value(record, field, i, &value);
		ck_assert_int_ne(value.kind, VALUE_ABSENT);
		add_kernel_text(&text, &value);
	}
	text_add(&text, field->kind == PLAN_ARRAY ? "} " : " ");
	return text_steal(&text);
}

/* "  nc-125   [001] .N...  6.326284: tcp_connect: (tcp_connect+0x0/0xe40) _comm="nc" sk=..." */
static void compare_line(const char *line, const struct record *record)
{
	NK_FREE char *padded = xasprintf("%s ", line);
	NK_FREE char *task = xasprintf("%s-%d ", record->comm, record->pid);
	NK_FREE char *cpu = xasprintf(" [%03d] ", record->cpu);
	uint64_t us = (record->ts + 500) / 1000;
	NK_FREE char *start = xasprintf(" %" PRIu64 ".%06" PRIu64 ": %s: (", us / 1000000,
					us % 1000000, record->plan->name);

	ck_assert_msg(strstr(line, task), "'%s' is not in: %s", task, line);
	ck_assert_msg(strstr(line, cpu), "'%s' is not in: %s", cpu, line);
	ck_assert_msg(strstr(line, start), "'%s' is not in: %s", start, line);
	ck_assert_uint_gt(record->plan->field_count, 0);
	for (size_t i = 0; i < record->plan->field_count; i++) {
		NK_FREE char *field = kernel_text(record, &record->plan->fields[i]);

		ck_assert_msg(strstr(padded, field), "'%s' is not in: %s", field, line);
	}
}

static char *next_record_line(char **cursor)
{
	char *line;

	do {
		line = text_next_line(cursor);
	} while (line && line[0] == '#');
	return line;
}

START_TEST(captured_pages_as_the_kernel_prints_them)
{
	const char *kernel = kernels[_i / 2], *instance = _i % 2 ? "lost" : "main";
	NK_FREE char *path = xasprintf("%s/trace", instance);
	NK_FREE char *trace = pages_file(kernel, path, NULL);
	struct decoder *decoder = pages_decoder(kernel, NULL);
	struct memory_source *memory = pages_source(kernel, instance);
	struct record_reader *reader;
	struct record record;
	char *cursor = trace;
	uint64_t before = 0, lost = 0;
	size_t lines = 0;
	int result;

	ck_assert_int_eq(record_reader_open(decoder, &memory->source, &reader), 0);
	while ((result = record_reader_next(reader, &record)) == 1) {
		ck_assert_uint_ge(record.ts, before);
		before = record.ts;
		if (record.kind == RECORD_LOST) {
			lost += record.lost;
			continue;
		}

		char *line = next_record_line(&cursor);

		ck_assert_ptr_nonnull(line);
		compare_line(line, &record);
		lines++;
	}
	ck_assert_int_eq(result, -ENODATA);
	ck_assert_ptr_null(next_record_line(&cursor));

	const struct reader_counts *counts = record_reader_counts(reader);

	ck_assert_uint_eq(counts->records, lines);
	ck_assert_uint_eq(counts->lost, lost);
	ck_assert_uint_eq(lost, _i % 2 ? 112 + 80 : 0); /* overrun of cpuN.stats */
	ck_assert_uint_eq(counts->unknown + counts->damaged, 0);
	record_reader_close(reader);
	ck_assert_int_eq(memory->misreleased, 0);
	ck_assert_uint_eq(memory->released[0], memory->size[0]);
	memory_source_free(memory);
	decoder_free(decoder);
}
END_TEST

#define TYPE(display_, bytes_)                                                                     \
	{                                                                                          \
		.kind = PROBE_TYPE_DISPLAY, .display = (display_), .bytes = (bytes_)               \
	}
#define SOCK                                                                                       \
	{ .name = "sk", .type = { .kind = PROBE_TYPE_NONE, .bytes = 8 } },                         \
		{ .name = "family",                                                                \
		  .type = TYPE(DISPLAY_FAMILY, 2),                                                 \
		  .guards = { "sk" },                                                              \
		  .guard_count = 1 },                                                              \
		{ .name = "laddr4",                                                                \
		  .type = TYPE(DISPLAY_IP4, 4),                                                    \
		  .guards = { "sk" },                                                              \
		  .guard_count = 1 },                                                              \
		{ .name = "laddr6", .type = TYPE(DISPLAY_IP6, 8) },                                \
		{ .name = "lport", .type = TYPE(DISPLAY_UNSIGNED, 2) },                            \
		{ .name = "raddr4", .type = TYPE(DISPLAY_IP4, 4) },                                \
		{ .name = "raddr6", .type = TYPE(DISPLAY_IP6, 8) },                                \
		{ .name = "rport", .type = TYPE(DISPLAY_BE16, 2) },                                \
	{                                                                                          \
		.name = "state", .type = TYPE(DISPLAY_TCP_STATE, 1)                                \
	}

static struct event_field connect_fields[] = { SOCK };
static struct event_field recv_fields[] = { SOCK,
					    { .name = "len", .type = TYPE(DISPLAY_UNSIGNED, 8) } };
static struct event_field return_fields[] = {
	{ .name = "bytes", .type = TYPE(DISPLAY_SIZE_OR_ERRNO, 4) },
};
static struct event_field xmit_fields[] = {
	{ .name = "dev", .type = { .kind = PROBE_TYPE_KERNEL, .display = DISPLAY_STRING } },
	{ .name = "proto", .type = TYPE(DISPLAY_ETHERTYPE, 2) },
	{ .name = "pkt",
	  .type = { .kind = PROBE_TYPE_DISPLAY,
		    .display = DISPLAY_PACKET,
		    .packet_order = { PACKET_SADDR, PACKET_SPORT, PACKET_DADDR, PACKET_DPORT,
				      PACKET_L4PROTO, PACKET_FLAGS, PACKET_TYPE },
		    .packet_member_count = 7 } },
	{ .name = "len", .type = TYPE(DISPLAY_UNSIGNED, 4) },
};

#define COUNT(array) (sizeof(array) / sizeof(*(array)))
static const struct event_desc descs[] = {
	{ .group = "nk",
	  .name = "tcp_connect",
	  .probe = "tcp_connect",
	  .set = "tcp",
	  .fields = connect_fields,
	  .field_count = COUNT(connect_fields) },
	{ .group = "nk",
	  .name = "tcp_recvmsg",
	  .probe = "tcp_recvmsg",
	  .set = "tcp",
	  .half = EVENT_ENTRY,
	  .pair = "tcp_recvmsg__return",
	  .fields = recv_fields,
	  .field_count = COUNT(recv_fields) },
	{ .group = "nk",
	  .name = "tcp_recvmsg__return",
	  .probe = "tcp_recvmsg",
	  .set = "tcp",
	  .half = EVENT_RETURN,
	  .pair = "tcp_recvmsg",
	  .fields = return_fields,
	  .field_count = COUNT(return_fields) },
	{ .group = "nk",
	  .name = "dev_queue_xmit",
	  .probe = "dev_queue_xmit",
	  .set = "dev",
	  .fields = xmit_fields,
	  .field_count = COUNT(xmit_fields) },
	{ .group = "nk", .name = "plain", .probe = "plain", .set = "-e" },
	{ 0 },
};

static void expect_bytes(const struct record *record, const char *name, const void *bytes,
			 uint32_t length)
{
	struct value value = value_of(record, name);

	ck_assert_int_eq(value.kind, VALUE_BYTES);
	ck_assert_uint_eq(value.length, length);
	ck_assert_mem_eq(value.bytes, bytes, length);
}

static const unsigned char local4[4] = { 127, 0, 0, 1 };
static const unsigned char local6[16] = { [15] = 1 };

/* Both ends are this host's loopback, and the server's port is 5555. */
static void check_connect(const struct record *record, size_t *by_family)
{
	uint64_t family = value_of(record, "family").number;
	const void *address = family == 2 ? local4 : local6;
	uint32_t length = family == 2 ? 4 : 16;

	ck_assert(family == 2 || family == 10);
	by_family[family == 10]++;
	expect_bytes(record, "laddr", address, length);
	expect_bytes(record, "raddr", address, length);
	ck_assert_int_eq(value_of(record, "raddr").display,
			 family == 2 ? DISPLAY_IP4 : DISPLAY_IP6);
	ck_assert_uint_eq(value_of(record, "rport").number, 5555);
	ck_assert_uint_eq(value_of(record, "state").number, 2);
	ck_assert_ptr_null(find_field(record->plan, "laddr4"));
	ck_assert_ptr_null(find_field(record->plan, "_comm"));
	ck_assert_str_eq(record->comm, "nc");
}

/* Loopback packets of nc and ping. */
static void check_xmit(const struct record *record, size_t *by_proto)
{
	uint64_t ethertype = value_of(record, "proto").number;
	uint64_t proto = value_of(record, "l4proto").number;

	ck_assert(ethertype == 0x0800 || ethertype == 0x86dd);
	ck_assert_int_eq(value_of(record, "dev").kind, VALUE_STRING);
	expect_bytes(record, "saddr", ethertype == 0x0800 ? local4 : local6,
		     ethertype == 0x0800 ? 4 : 16);
	if (proto == 6) {
		by_proto[0]++;
		ck_assert(value_of(record, "sport").number == 5555 ||
			  value_of(record, "dport").number == 5555);
		ck_assert_int_eq(value_of(record, "flags").kind, VALUE_UNSIGNED);
		ck_assert_int_eq(value_of(record, "type").kind, VALUE_ABSENT);
	} else {
		by_proto[1]++;
		ck_assert(proto == 1 || proto == 58);
		ck_assert_int_eq(value_of(record, "sport").kind, VALUE_ABSENT);
		ck_assert_int_eq(value_of(record, "flags").kind, VALUE_ABSENT);
	}
}

/* hello and hi: what nc sends in capture-pages, and the end of the connection. */
static void check_recv(const struct record *record, size_t *joined)
{
	struct value bytes = value_of(record, "bytes");

	if (!record->data[0] || !record->data[1])
		return;
	(*joined)++;
	ck_assert_uint_lt(record->entry_ts, record->ts);
	ck_assert_uint_eq(value_of(record, "dur").number, record->ts - record->entry_ts);
	ck_assert_int_eq(bytes.kind, VALUE_SIGNED);
	ck_assert((int64_t)bytes.number >= 0 && (int64_t)bytes.number <= 6);
	ck_assert_int_eq(value_of(record, "len").kind, VALUE_UNSIGNED);
	ck_assert_str_eq(record->plan->fields[record->plan->field_count - 1].name, "dur");
}

START_TEST(described_events)
{
	const char *kernel = kernels[_i];
	struct decoder *decoder = pages_decoder(kernel, descs);
	struct memory_source *memory = pages_source(kernel, "main");
	struct record_reader *reader;
	struct record record;
	size_t by_family[2] = { 0 }, by_proto[2] = { 0 }, joined = 0;

	ck_assert_int_eq(record_reader_open(decoder, &memory->source, &reader), 0);
	while (record_reader_next(reader, &record) == 1) {
		if (strcmp(record.plan->name, "tcp_connect") == 0)
			check_connect(&record, by_family);
		else if (strcmp(record.plan->name, "dev_queue_xmit") == 0)
			check_xmit(&record, by_proto);
		else if (strcmp(record.plan->name, "tcp_recvmsg") == 0)
			check_recv(&record, &joined);
	}
	ck_assert_uint_eq(by_family[0], 2);
	ck_assert_uint_eq(by_family[1], 1);
	ck_assert_uint_gt(by_proto[0], 10);
	ck_assert_uint_eq(by_proto[1], 6);
	ck_assert_uint_gt(joined, 0);
	ck_assert_uint_eq(record_reader_counts(reader)->unjoined_returns, 0);
	record_reader_close(reader);
	memory_source_free(memory);
	decoder_free(decoder);
}
END_TEST

START_TEST(plans)
{
	struct decoder *decoder = pages_decoder("6.1", descs);
	size_t count = 0;

	for (const struct event_plan *plan; (plan = decoder_plan(decoder, count)); count++) {
		ck_assert_uint_eq(plan->index, count);
		ck_assert(!plan->is_foreign);
		if (strcmp(plan->name, "tcp_connect") == 0) {
			ck_assert_uint_eq(plan->field_count, 7);
			ck_assert_str_eq(plan->fields[2].name, "laddr");
			ck_assert_int_eq(plan->endpoints[ENDPOINT_ADDRESS], 2);
			ck_assert_int_eq(plan->endpoints[ENDPOINT_PEER_PORT], 5);
		}
		if (strcmp(plan->name, "plain") == 0)
			ck_assert_int_eq(plan->endpoints[ENDPOINT_ADDRESS], -1);
	}
	/* The two halves of tcp_recvmsg are one. */
	ck_assert_uint_eq(count, 4);
	decoder_free(decoder);
}
END_TEST

/* Any bytes in any page: records come or not, nothing else happens. */
START_TEST(hostile_pages)
{
	size_t size, records = 0;
	NK_FREE char *bytes = pages_file("6.1", "main/cpu0.raw", &size);
	struct decoder *decoder = pages_decoder("6.1", _i ? descs : NULL);

	srandom(20261123);
	for (int round = 0; round < 300; round++) {
		struct memory_source *memory = memory_source_new();
		struct record_reader *reader;
		struct record record;
		struct value value;

		memory_source_add(memory, bytes, size);
		for (int i = 0; i < 1 + round; i++)
			memory->data[0][random() % (long)size] = (unsigned char)random();
		record_reader_open(decoder, &memory->source, &reader);
		while (record_reader_next(reader, &record) == 1) {
			if (record.kind == RECORD_LOST)
				continue;
			records++;
			for (size_t i = 0; i < record.plan->field_count; i++) {
				const struct plan_field *field = &record.plan->fields[i];
				size_t count = record_elements(&record, field);

				for (size_t j = 0; j < count; j++)
					record_value(&record, field, j, &value);
			}
		}
		record_reader_close(reader);
		memory_source_free(memory);
	}
	ck_assert_uint_gt(records, 1000);
	decoder_free(decoder);
}
END_TEST

/* An event of another tool, on a machine of either byte order and with either long. */
static const char other_format[] =
	"name: other\nID: 77\nformat:\n"
	"\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n"
	"\tfield:unsigned char common_flags;\toffset:2;\tsize:1;\tsigned:0;\n"
	"\tfield:unsigned char common_preempt_count;\toffset:3;\tsize:1;\tsigned:0;\n"
	"\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\n"
	"\tfield:int number;\toffset:8;\tsize:4;\tsigned:1;\n"
	"\tfield:unsigned short words[2];\toffset:12;\tsize:4;\tsigned:0;\n"
	"\tfield:__data_loc char[] text;\toffset:16;\tsize:4;\tsigned:0;\n"
	"\tfield:char task[8];\toffset:20;\tsize:8;\tsigned:0;\n"
	"\tfield:__data_loc u16[] list;\toffset:28;\tsize:4;\tsigned:0;\n\n"
	"print fmt: \"number=%d text=%s\", REC->number, __get_str(text)\n";

static void add_other(struct page_builder *page, uint32_t delta, uint32_t pid, const char *text)
{
	struct page_builder event = { .is_big_endian = page->is_big_endian };
	size_t length = strlen(text) + 1;

	page_number(&event, 77, 2);
	page_number(&event, 0, 2);
	page_number(&event, pid, 4);
	page_number(&event, (uint32_t)-5, 4);
	page_number(&event, 0x1234, 2);
	page_number(&event, 0xabcd, 2);
	page_number(&event, (uint32_t)(length << 16 | 36), 4);
	memcpy(event.bytes + event.used, "task\0xxx", 8);
	event.used += 8;
	page_number(&event, 4 << 16 | 32, 4);
	page_number(&event, 7, 2);
	page_number(&event, 8, 2);
	memcpy(event.bytes + event.used, text, length);
	page_event(page, delta, event.bytes, (uint32_t)(event.used + length));
}

static void check_other(const struct record *record)
{
	struct value value;
	char text[64];

	ck_assert(record->plan->is_foreign);
	ck_assert_int_eq((int)record->pid, 4711);
	ck_assert_str_eq(record->comm, "a task");
	ck_assert_int_eq((int)value_of(record, "number").number, -5);
	value = value_of(record, "text");
	ck_assert_uint_eq(value.length, 5);
	ck_assert_mem_eq(value.bytes, "hello", 5);
	value = value_of(record, "task");
	ck_assert_uint_eq(value.length, 4);
	ck_assert_uint_eq(record_elements(record, find_field(record->plan, "words")), 2);
	record_value(record, find_field(record->plan, "words"), 1, &value);
	ck_assert_uint_eq(value.number, 0xabcd);
	ck_assert_uint_eq(record_elements(record, find_field(record->plan, "list")), 2);
	record_value(record, find_field(record->plan, "list"), 1, &value);
	ck_assert_uint_eq(value.number, 8);
	record_foreign_text(record, text, sizeof(text));
	ck_assert_str_eq(text, "number=-5 text=hello");
	ck_assert_uint_eq(record_foreign_text(record, text, 8), 7);
}

START_TEST(foreign_events)
{
	struct decoder_options options = { .long_bytes = _i & 2 ? 4 : 8,
					   .is_big_endian = _i & 1,
					   .page_size = PAGE_BYTES,
					   .cpu_count = 1 };
	struct decoder *decoder = decoder_new(&options, NULL);
	struct memory_source *memory = memory_source_new();
	struct page_builder page;
	struct record_reader *reader;
	struct record record;
	const unsigned char unknown[12] = { 99, 99 };

	ck_assert_int_eq(decoder_add_event(decoder, "other", other_format, sizeof(other_format) - 1,
					   NULL, NULL),
			 0);
	ck_assert_int_eq(decoder_add_event(decoder, "other", other_format, sizeof(other_format) - 1,
					   NULL, NULL),
			 -EINVAL);
	decoder_add_comms(decoder, "4711 a task\n");
	page_begin(&page, 1000, options.is_big_endian, options.long_bytes);
	add_other(&page, 5, 4711, "hello");
	page_event(&page, 1, unknown, sizeof(unknown));
	page_event(&page, 1, page.bytes + 16 + options.long_bytes, 12); /* too short */
	page_end(&page, 1U << 31);
	memory_source_add(memory, page.bytes, PAGE_BYTES);
	record_reader_open(decoder, &memory->source, &reader);
	ck_assert_int_eq(record_reader_next(reader, &record), 1);
	ck_assert_int_eq(record.kind, RECORD_LOST);
	ck_assert_uint_eq(record.lost, 0);
	ck_assert_uint_eq(record.ts, 1005);
	ck_assert_int_eq(record_reader_next(reader, &record), 1);
	ck_assert_uint_eq(record.ts, 1005);
	check_other(&record);
	ck_assert_int_eq(record_reader_next(reader, &record), -ENODATA);
	ck_assert_uint_eq(record_reader_counts(reader)->unknown, 1);
	ck_assert_uint_eq(record_reader_counts(reader)->damaged, 1);
	ck_assert_uint_eq(record_reader_counts(reader)->lost_unknown, 1);
	record_reader_close(reader);
	memory_source_free(memory);
	decoder_free(decoder);
}
END_TEST

/* A recording may have records and no format at all. */
START_TEST(no_events_are_known)
{
	const struct decoder_options options = { .long_bytes = 8,
						 .page_size = PAGE_BYTES,
						 .cpu_count = 1 };
	struct decoder *decoder = decoder_new(&options, NULL);
	struct memory_source *memory = memory_source_new();
	struct page_builder page;
	struct record_reader *reader;
	struct record record;
	const unsigned char unknown[12] = { 99, 99 };

	page_begin(&page, 1000, false, options.long_bytes);
	page_event(&page, 1, unknown, sizeof(unknown));
	page_end(&page, 0);
	memory_source_add(memory, page.bytes, PAGE_BYTES);
	record_reader_open(decoder, &memory->source, &reader);
	ck_assert_int_eq(record_reader_next(reader, &record), -ENODATA);
	ck_assert_uint_eq(record_reader_counts(reader)->unknown, 1);
	record_reader_close(reader);
	memory_source_free(memory);
	decoder_free(decoder);
}
END_TEST

START_TEST(hostile_formats)
{
	static const char *const broken[] = {
		"",
		"name: x\n",
		"name: x\nID: 5\nformat:\nprint fmt: \"\"\n",
		/* A field beyond all records. */
		"name: x\nID: 5\nformat:\n\tfield:unsigned short "
		"common_type;\toffset:0;\tsize:2;\tsigned:0;\n"
		"\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\n"
		"\tfield:int y;\toffset:40000;\tsize:4;\tsigned:1;\n\nprint fmt: \"%d\", REC->y\n",
		/* A type that is not where records begin. */
		"name: x\nID: 5\nformat:\n\tfield:unsigned short "
		"common_type;\toffset:8;\tsize:2;\tsigned:0;\n"
		"\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\n"
		"\tfield:int y;\toffset:12;\tsize:4;\tsigned:1;\n\nprint fmt: \"%d\", REC->y\n",
	};
	struct decoder_options options = { .long_bytes = 8, .page_size = PAGE_BYTES };
	struct diags diags = { 0 };
	struct decoder *decoder = decoder_new(&options, &diags);

	for (size_t i = 0; i < COUNT(broken); i++) {
		ck_assert_int_eq(
			decoder_add_event(decoder, "s", broken[i], strlen(broken[i]), NULL, &diags),
			-EINVAL);
		ck_assert_uint_eq(diags.errors, i + 1);
	}
	ck_assert_ptr_null(decoder_plan(decoder, 0));
	diags_clear(&diags);
	decoder_free(decoder);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("decode-reader");
	TCase *tests = tcase_create("reader");
	SRunner *runner = srunner_create(suite);

	tcase_add_loop_test(tests, captured_pages_as_the_kernel_prints_them, 0, 4);
	tcase_add_loop_test(tests, described_events, 0, 2);
	tcase_add_test(tests, plans);
	tcase_add_loop_test(tests, hostile_pages, 0, 2);
	tcase_add_loop_test(tests, foreign_events, 0, 4);
	tcase_add_test(tests, no_events_are_known);
	tcase_add_test(tests, hostile_formats);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_NORMAL);

	int failed = srunner_ntests_failed(runner);

	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
