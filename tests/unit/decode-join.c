/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Entries and returns: nesting, missed returns, losses in between, a full table, and the same by
 * way of pages and the reader.
 */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "decode/join.h"
#include "pages.h"

static const struct join_key thread = { .pair = 7, .pid = 100 };

static const struct join_entry *enter(struct join *join, struct join_key key, uint64_t ts,
				      const char *data)
{
	struct join_entry entry = { .key = key,
				    .ts = ts,
				    .size = (uint32_t)strlen(data),
				    .data = (const unsigned char *)data,
				    .comm = "task" };

	return join_enter(join, &entry);
}

static void expect_leave(struct join *join, struct join_key key, uint64_t ts, const char *data)
{
	bool is_sure = false;
	const struct join_entry *entry = join_leave(join, &key, 0, &is_sure);

	ck_assert_ptr_nonnull(entry);
	ck_assert_uint_eq(entry->ts, ts);
	ck_assert_uint_eq(entry->size, strlen(data));
	ck_assert_mem_eq(entry->data, data, strlen(data));
	ck_assert_str_eq(entry->comm, "task");
	ck_assert(is_sure);
}

START_TEST(nested_calls)
{
	struct join *join = join_new(16, 32, 1);
	struct join_key other_pair = thread, other_thread = thread, other_instance = thread;
	struct join_key softirq = thread;
	char data[] = "outer";
	bool is_sure;

	other_pair.pair = 8;
	other_thread.pid = 101;
	other_instance.instance = 1;
	softirq.is_softirq = true;
	ck_assert_ptr_null(enter(join, thread, 1, data));
	strcpy(data, "gone!"); /* what is kept is a copy */
	ck_assert_ptr_null(enter(join, other_pair, 2, "pair"));
	ck_assert_ptr_null(enter(join, other_thread, 3, "thread"));
	ck_assert_ptr_null(enter(join, other_instance, 4, "instance"));
	ck_assert_ptr_null(enter(join, thread, 5, "inner"));
	/* On top of the thread, of which only the return was kept. */
	ck_assert_ptr_null(join_leave(join, &softirq, 0, &is_sure));
	ck_assert_uint_eq(join_open_count(join), 5);
	expect_leave(join, thread, 5, "inner");
	expect_leave(join, other_instance, 4, "instance");
	expect_leave(join, thread, 1, "outer");
	expect_leave(join, other_pair, 2, "pair");
	ck_assert_ptr_null(join_leave(join, &thread, 0, &is_sure));
	expect_leave(join, other_thread, 3, "thread");
	ck_assert_uint_eq(join_open_count(join), 0);
	join_free(join);
}
END_TEST

/* Four may nest; with a fifth the oldest cannot return any more. */
START_TEST(missed_return)
{
	struct join *join = join_new(16, 32, 1);
	const struct join_entry *gone;

	for (uint64_t ts = 1; ts <= 4; ts++)
		ck_assert_ptr_null(enter(join, thread, ts, "x"));
	gone = enter(join, thread, 5, "x");
	ck_assert_ptr_nonnull(gone);
	ck_assert_uint_eq(gone->ts, 1);
	ck_assert_uint_eq(join_open_count(join), 4);
	for (uint64_t ts = 5; ts >= 2; ts--)
		expect_leave(join, thread, ts, "x");
	join_free(join);
}
END_TEST

START_TEST(loss_in_between)
{
	struct join *join = join_new(16, 32, 3);
	struct join_entry entry = { .key = thread,
				    .ts = 10,
				    .stream = 1,
				    .size = 1,
				    .data = (const unsigned char *)"x",
				    .comm = "task" };
	const struct join_entry *gone;
	bool is_sure = false;

	/* Before the entry, or on a CPU that neither half came by: no matter. */
	join_lost(join, 1, 5);
	ck_assert_ptr_null(join_enter(join, &entry));
	join_lost(join, 2, 15);
	ck_assert_ptr_nonnull(join_leave(join, &thread, 0, &is_sure));
	ck_assert(is_sure);

	/* Where it entered, or returns. */
	for (uint32_t stream = 0; stream < 2; stream++) {
		entry.ts += 10;
		ck_assert_ptr_null(join_enter(join, &entry));
		join_lost(join, stream, entry.ts + 5);
		ck_assert_ptr_nonnull(join_leave(join, &thread, 0, &is_sure));
		ck_assert(!is_sure);
	}

	/* The same function again: the first did not return into it. */
	entry.ts = 50;
	ck_assert_ptr_null(join_enter(join, &entry));
	join_lost(join, 1, 55);
	entry.ts = 60;
	gone = join_enter(join, &entry);
	ck_assert_ptr_nonnull(gone);
	ck_assert_uint_eq(gone->ts, 50);
	ck_assert_uint_eq(join_open_count(join), 1);
	join_free(join);
}
END_TEST

START_TEST(full_table)
{
	struct join *join = join_new(8, 4, 1);
	size_t evicted = 0;

	for (int pid = 1; pid <= 100; pid++) {
		struct join_key key = { .pair = 1, .pid = pid };
		const struct join_entry *gone = enter(join, key, (uint64_t)pid, "longer than 8");

		if (gone) {
			ck_assert_uint_eq(gone->ts, ++evicted); /* the oldest first */
			ck_assert_mem_eq(gone->data, "longer t", 8);
			ck_assert_uint_eq(gone->size, 8);
		}
	}
	ck_assert_uint_ge(join_open_count(join), 8);
	ck_assert_uint_eq(join_open_count(join) + evicted, 100);
	join_free(join);
}
END_TEST

#define COMMON                                                                                     \
	"format:\n"                                                                                \
	"\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n"                     \
	"\tfield:unsigned char common_flags;\toffset:2;\tsize:1;\tsigned:0;\n"                     \
	"\tfield:unsigned char common_preempt_count;\toffset:3;\tsize:1;\tsigned:0;\n"             \
	"\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\n"
#define PRINT "\nprint fmt: \"(%lx)\", REC->__probe_ip\n"

static const char entry_format[] =
	"name: call\nID: 1\n" COMMON "\tfield:u32 in;\toffset:8;\tsize:4;\tsigned:0;\n"
	"\tfield:u32 same;\toffset:12;\tsize:4;\tsigned:0;\n" PRINT;
static const char return_format[] =
	"name: call__return\nID: 2\n" COMMON "\tfield:u32 out;\toffset:8;\tsize:4;\tsigned:0;\n"
	"\tfield:s32 same;\toffset:12;\tsize:4;\tsigned:1;\n"
	"\tfield:u64 _fd;\toffset:16;\tsize:8;\tsigned:0;\n" PRINT;

#define U32                                                                                        \
	{                                                                                          \
		.kind = PROBE_TYPE_KERNEL, .display = DISPLAY_UNSIGNED, .bytes = 4                 \
	}
static struct event_field entry_fields[] = { { .name = "in", .type = U32 },
					     { .name = "same", .type = U32 } };
/* "same" is the return's value where the call did not fail, which "_fd" stands for here. */
static struct event_field return_fields[] = {
	{ .name = "out", .type = U32 },
	{ .name = "same", .type = U32, .guards = { "_fd" }, .guard_count = 1 },
	{ .name = "_fd",
	  .type = { .kind = PROBE_TYPE_DISPLAY, .display = DISPLAY_ERRNO, .bytes = 8 } },
};
static const struct event_desc entry_desc = { .group = "nk",
					      .name = "call",
					      .probe = "call",
					      .half = EVENT_ENTRY,
					      .pair = "call__return",
					      .fields = entry_fields,
					      .field_count = 2 };
static const struct event_desc return_desc = { .group = "nk",
					       .name = "call__return",
					       .probe = "call",
					       .half = EVENT_RETURN,
					       .pair = "call",
					       .fields = return_fields,
					       .field_count = 3 };

static void add_half(struct page_builder *page, unsigned int id, unsigned int pid, uint32_t number,
		     uint32_t same, int64_t result)
{
	struct page_builder event = { 0 };

	page_number(&event, id, 2);
	page_number(&event, 0, 2);
	page_number(&event, pid, 4);
	page_number(&event, number, 4);
	page_number(&event, same, 4);
	if (id == 2)
		page_number(&event, (uint64_t)result, 8);
	page_event(page, 10, event.bytes, (uint32_t)event.used);
}

static struct decoder *make_decoder(bool with_return)
{
	struct decoder_options options = { .long_bytes = 8, .page_size = PAGE_BYTES };
	struct decoder *decoder = decoder_new(&options, NULL);

	if (with_return)
		ck_assert_int_eq(decoder_add_event(decoder, "nk", return_format,
						   sizeof(return_format) - 1, &return_desc, NULL),
				 0);
	ck_assert_int_eq(decoder_add_event(decoder, "nk", entry_format, sizeof(entry_format) - 1,
					   &entry_desc, NULL),
			 0);
	return decoder;
}

/* Reads a page as "name=value name=value ..." of its records, a line each. */
static void read_all(struct decoder *decoder, const struct page_builder *page, const char *expected,
		     struct reader_counts *counts)
{
	struct memory_source *memory = memory_source_new();
	struct record_reader *reader;
	struct record record;
	struct value value;
	char text[2000] = "", *at = text;

	memory_source_add(memory, page->bytes, PAGE_BYTES);
	record_reader_open(decoder, &memory->source, &reader);
	while (record_reader_next(reader, &record) == 1) {
		at += sprintf(at, "%llu:", (unsigned long long)record.ts);
		for (size_t i = 0; record.plan && i < record.plan->field_count; i++) {
			record_value(&record, &record.plan->fields[i], 0, &value);
			if (value.kind != VALUE_ABSENT)
				at += sprintf(at, " %s=%llu", record.plan->fields[i].name,
					      (unsigned long long)value.number);
		}
		at += sprintf(at, "\n");
	}
	ck_assert_str_eq(text, expected);
	*counts = *record_reader_counts(reader);
	record_reader_close(reader);
	memory_source_free(memory);
	decoder_free(decoder);
}

START_TEST(through_pages)
{
	struct page_builder page;
	struct reader_counts counts;

	page_begin(&page, 0, false, 8);
	add_half(&page, 2, 5, 90, 91, 0);   /* was waiting before tracing began */
	add_half(&page, 1, 5, 1, 11, 0);    /* 20 */
	add_half(&page, 1, 6, 2, 12, 0);    /* 30 */
	add_half(&page, 2, 5, 101, 21, 0);  /* 40 */
	add_half(&page, 2, 6, 102, 22, -1); /* 50: failed, so that "same" is the entry's */
	add_half(&page, 1, 7, 3, 13, 0);    /* open to the end */
	page_end(&page, 0);
	read_all(make_decoder(true), &page,
		 "10: same=91 out=90\n"
		 "40: in=1 same=21 out=101 dur=20\n"
		 "50: in=2 same=12 out=102 dur=20\n"
		 "60: in=3 same=13\n",
		 &counts);
	ck_assert_uint_eq(counts.unjoined_returns, 1);
	ck_assert_uint_eq(counts.unjoined_entries, 1);
	ck_assert_uint_eq(counts.records, 4);
}
END_TEST

START_TEST(missed_returns_through_pages)
{
	struct page_builder page;
	struct reader_counts counts;

	page_begin(&page, 0, false, 8);
	for (uint32_t i = 1; i <= 6; i++)
		add_half(&page, 1, 5, i, 0, 0);
	add_half(&page, 2, 5, 9, 1, 0);
	page_end(&page, 0);
	read_all(make_decoder(true), &page,
		 "50: in=1 same=0\n"
		 "60: in=2 same=0\n"
		 "70: in=6 same=1 out=9 dur=10\n"
		 "70: in=3 same=0\n"
		 "70: in=4 same=0\n"
		 "70: in=5 same=0\n",
		 &counts);
	ck_assert_uint_eq(counts.unjoined_entries, 5);
}
END_TEST

/* The return event could not be had: entries are records of their own. */
START_TEST(entry_alone)
{
	struct page_builder page;
	struct reader_counts counts;

	page_begin(&page, 0, false, 8);
	add_half(&page, 1, 5, 1, 2, 0);
	add_half(&page, 1, 5, 3, 4, 0);
	page_end(&page, 0);
	read_all(make_decoder(false), &page, "10: in=1 same=2\n20: in=3 same=4\n", &counts);
	ck_assert_uint_eq(counts.unjoined_entries, 0);
}
END_TEST

static const char path_format[] =
	"name: call\nID: 1\n" COMMON
	"\tfield:__data_loc char[] in;\toffset:8;\tsize:4;\tsigned:1;\n" PRINT;
static struct event_field path_field = {
	.name = "in", .type = { .kind = PROBE_TYPE_KERNEL, .display = DISPLAY_STRING }
};
static const struct event_desc path_desc = { .group = "nk",
					     .name = "call",
					     .probe = "call",
					     .half = EVENT_ENTRY,
					     .pair = "call__return",
					     .fields = &path_field,
					     .field_count = 1 };

/* A path is as long as the kernel lets it be, and waits for its return in whole. */
START_TEST(long_string)
{
	enum { LENGTH = 3000 };
	struct decoder_options options = { .long_bytes = 8, .page_size = PAGE_BYTES };
	struct decoder *decoder = decoder_new(&options, NULL);
	struct memory_source *memory = memory_source_new();
	struct page_builder page, event = { 0 };
	struct record_reader *reader;
	struct record record;
	struct value value;

	ck_assert_int_eq(decoder_add_event(decoder, "nk", path_format, sizeof(path_format) - 1,
					   &path_desc, NULL),
			 0);
	ck_assert_int_eq(decoder_add_event(decoder, "nk", return_format, sizeof(return_format) - 1,
					   &return_desc, NULL),
			 0);
	page_begin(&page, 0, false, 8);
	page_number(&event, 1, 2);
	page_number(&event, 0, 2);
	page_number(&event, 5, 4);
	page_number(&event, (LENGTH + 1) << 16 | 12, 4);
	memset(event.bytes + event.used, 'x', LENGTH);
	event.used += (LENGTH + 4) / 4 * 4;
	page_event(&page, 10, event.bytes, (uint32_t)event.used);
	add_half(&page, 2, 5, 9, 1, 0);
	page_end(&page, 0);
	memory_source_add(memory, page.bytes, PAGE_BYTES);
	record_reader_open(decoder, &memory->source, &reader);
	ck_assert_int_eq(record_reader_next(reader, &record), 1);
	ck_assert_uint_eq(record.ts, 20);
	record_value(&record, &record.plan->fields[0], 0, &value);
	ck_assert_int_eq(value.kind, VALUE_STRING);
	ck_assert_uint_eq(value.length, LENGTH);
	ck_assert_int_eq(value.bytes[LENGTH - 1], 'x');
	record_reader_close(reader);
	memory_source_free(memory);
	decoder_free(decoder);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("decode-join");
	TCase *tests = tcase_create("join");
	SRunner *runner = srunner_create(suite);

	tcase_add_test(tests, nested_calls);
	tcase_add_test(tests, missed_return);
	tcase_add_test(tests, loss_in_between);
	tcase_add_test(tests, full_table);
	tcase_add_test(tests, through_pages);
	tcase_add_test(tests, missed_returns_through_pages);
	tcase_add_test(tests, entry_alone);
	tcase_add_test(tests, long_string);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_NORMAL);

	int failed = srunner_ntests_failed(runner);

	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
