/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading files that were made for it out of captured ones: what options say of buffers, sections
 * and clocks; damage to them, which is told and costs no memory.
 */
#include <check.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/bytes.h"
#include "datfile-fixture.h"
#include "datfile/format.h"

/* The data of the last option of a kind in a v6 file. */
static char *find_option(char *bytes, size_t length, uint16_t kind, uint32_t *size)
{
	char *at = memmem(bytes, length, "options  ", 10);
	char *found = NULL;
	uint16_t option;
	uint32_t bytes_of;

	ck_assert_ptr_nonnull(at);
	for (at += 10; (option = bytes_get16(at, false)) != DAT_DONE; at += 6 + bytes_of) {
		bytes_of = bytes_get32(at + 2, false);
		if (option == kind) {
			found = at + 6;
			*size = bytes_of;
		}
	}
	ck_assert_ptr_nonnull(found);
	return found;
}

/* An instance's table stands behind the pages of the buffers before it: here of 300 MiB. */
START_TEST(an_instance_far_behind)
{
	const uint64_t shift = UINT64_C(300) << 20;
	const char *path = fixture_scratch();
	NK_FREE char *original = fixture_path("v6-instances", ".dat");
	struct dat_reader *reader = fixture_open(original);
	NK_FREE char *expected = fixture_events(reader);
	size_t length;
	NK_FREE char *bytes = fixture_read(original, &length);
	uint32_t size;
	char *option = find_option(bytes, length, DAT_BUFFER, &size);
	uint64_t table = bytes_get64(option, false);
	NK_FREE char *events = NULL;
	int fd;

	dat_reader_close(reader);
	bytes_put64(option, table + shift, false);
	for (int cpu = 0; cpu < 2; cpu++) {
		char *at = bytes + table + 10 + 16 * cpu;

		ck_assert_uint_gt(bytes_get64(at + 8, false), 0);
		bytes_put64(at, bytes_get64(at, false) + shift, false);
	}
	fixture_write(path, bytes, table);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	ck_assert_int_eq(pwrite(fd, bytes + table, length - table, (off_t)(table + shift)),
			 length - table);
	close(fd);
	reader = fixture_open(path);
	events = fixture_events(reader);
	ck_assert_str_eq(events, expected);
	dat_reader_close(reader);
	fixture_cleanup();
}
END_TEST

/* The one sentence on what is missing of these bytes as a file, which opens. */
static void assert_incomplete(const char *bytes, size_t length, const char *said)
{
	const char *path = fixture_scratch();
	struct dat_reader *reader = NULL;
	const char *incomplete = NULL;
	struct diags diags = { 0 };

	fixture_write(path, bytes, length);
	ck_assert_int_eq(dat_reader_open(path, &reader, &incomplete, &diags), 0);
	ck_assert_msg(incomplete, "nothing was said, not even '%s'", said);
	ck_assert_msg(strstr(incomplete, said), "%s", incomplete);
	dat_reader_close(reader);
	fixture_cleanup();
}

/* In the fixture v7: behind the options' offset, as in any file that is not compressed. */
#define V7_OPTIONS_AT 24
/* In it: what its options EVENT_FORMATS and PRINTK say. */
#define V7_FORMATS_AT 22204
#define V7_PRINTK_AT  22232

/* The option BUFFER of the fixture v7: its count of CPUs, behind which they are. */
static char *find_cpus(char *bytes, size_t length)
{
	static const char before_them[] = "\0mono\0\0\x10\0";
	char *at = memmem(bytes, length, before_them, sizeof(before_them));

	ck_assert_ptr_nonnull(at);
	at += sizeof(before_them);
	ck_assert_uint_eq(bytes_get32(at, false), 2);
	return at;
}

/* One bit, and pages are no longer found: that is said, whichever it is. */
START_TEST(lost_buffers_are_told)
{
	NK_FREE char *original = fixture_path("v7", ".dat");
	size_t length;
	NK_FREE char *bytes = fixture_read(original, &length);
	char *cpus = find_cpus(bytes, length);
	/* Before them: its number and length, offset, name, clock, page size. */
	char *option = cpus - (6 + 8 + 1 + 5 + 4);

	bytes_put32(cpus + 4, 0x80000000, false);
	assert_incomplete(bytes, length, "the list of the CPUs of a buffer is damaged");
	bytes_put32(cpus + 4, 0, false);
	bytes_put32(cpus, 3, false);
	assert_incomplete(bytes, length, "the list of the CPUs of a buffer is damaged");
	bytes_put32(cpus, 1, false);
	assert_incomplete(bytes, length, "the list of the CPUs of a buffer is damaged");
	bytes_put32(cpus, 2, false);
	ck_assert_uint_eq(bytes_get16(option, false), DAT_BUFFER);
	bytes_put16(option, DAT_HOOK, false);
	assert_incomplete(bytes, length, "does not say where its pages are");
	bytes_put64(bytes + V7_OPTIONS_AT, 0, false);
	assert_incomplete(bytes, length, "has no list of contents");
}
END_TEST

/* The name of an instance has no end. */
START_TEST(a_lost_instance_is_told)
{
	NK_FREE char *original = fixture_path("v6-instances", ".dat");
	uint32_t size;
	size_t length;
	NK_FREE char *bytes = fixture_read(original, &length);
	char *option = find_option(bytes, length, DAT_BUFFER, &size);

	ck_assert_int_eq(option[size - 1], 0);
	option[size - 1] = 's';
	assert_incomplete(bytes, length, "the description of a buffer is damaged");
}
END_TEST

/* Bytes behind the fixture v7, and where its option EVENT_FORMATS points then. */
static struct text with_formats(const char *bytes, size_t length, uint32_t count, uint64_t of_each)
{
	struct text text = { 0 };
	char number[16] = { DAT_EVENT_FORMATS };

	text_add_bytes(&text, bytes, length);
	bytes_put64(text.data + V7_FORMATS_AT, length, false);
	bytes_put64(number + 8, 4 + 2 + 4 + count * (8 + of_each), false);
	text_add_bytes(&text, number, 16);
	bytes_put32(number, 1, false);
	text_add_bytes(&text, number, 4);
	text_add_bytes(&text, "s", 2);
	bytes_put32(number, count, false);
	text_add_bytes(&text, number, 4);
	bytes_put64(number, of_each, false);
	memcpy(number + 8, "format", 6);
	while (count--)
		text_add_bytes(&text, number, 8 + of_each);
	return text;
}

/* How many events a file has after all. */
static size_t count_events(const char *bytes, size_t length)
{
	const char *path = fixture_scratch();
	struct dat_reader *reader = NULL;
	const char *incomplete;
	struct diags diags = { 0 };
	size_t count;

	fixture_write(path, bytes, length);
	ck_assert_int_eq(dat_reader_open(path, &reader, &incomplete, &diags), 0);
	count = dat_reader_meta(reader)->event_count;
	dat_reader_close(reader);
	fixture_cleanup();
	return count;
}

/* Formats that take more memory than bytes: of no length, more than there are events. */
START_TEST(formats_that_are_none)
{
	NK_FREE char *original = fixture_path("v7", ".dat");
	size_t length;
	NK_FREE char *bytes = fixture_read(original, &length);
	struct text text = with_formats(bytes, length, 100, 0);
	size_t before = count_events(text.data, text.length);

	assert_incomplete(text.data, text.length, "damaged within the event formats");
	text_clear(&text);
	text = with_formats(bytes, length, 3, 1);
	ck_assert_uint_eq(count_events(text.data, text.length), before + 3);
	text_clear(&text);
	text = with_formats(bytes, length, 70000, 1);
	assert_incomplete(text.data, text.length, "damaged within the event formats");
	ck_assert_uint_eq(count_events(text.data, text.length), 65536);
	text_clear(&text);
}
END_TEST

/* One section that two options point to. */
START_TEST(a_section_is_read_once)
{
	NK_FREE char *original = fixture_path("v7", ".dat");
	size_t length;
	NK_FREE char *bytes = fixture_read(original, &length);
	char *printk = bytes + V7_PRINTK_AT;
	size_t before = count_events(bytes, length);

	ck_assert_uint_eq(bytes_get16(printk - 6, false), DAT_PRINTK);
	bytes_put16(printk - 6, DAT_EVENT_FORMATS, false);
	memcpy(printk, bytes + V7_FORMATS_AT, 8);
	ck_assert_uint_eq(count_events(bytes, length), before);
}
END_TEST

/* The fixture v7 with these options, which have no end yet, in place of all its own. */
static struct text with_options(const char *bytes, size_t length, const struct text *options)
{
	struct text text = { 0 };
	char number[16] = { DAT_DONE };

	text_add_bytes(&text, bytes, length);
	bytes_put64(text.data + V7_OPTIONS_AT, length, false);
	bytes_put64(number + 8, options->length + 14, false);
	text_add_bytes(&text, number, 16);
	text_add_bytes(&text, options->data, options->length);
	memset(number, 0, sizeof(number));
	number[2] = 8;
	text_add_bytes(&text, number, 14);
	return text;
}

/* BUFFER options, each of so many CPUs that have no pages. */
static void add_buffers(struct text *text, uint32_t buffers, uint32_t cpus)
{
	uint32_t size = 8 + 1 + 5 + 4 + 4 + cpus * 20;
	char head[28] = { DAT_BUFFER };
	char cpu[20] = { 0 };

	bytes_put32(head + 2, size, false);
	strcpy(head + 6 + 8 + 1, "mono");
	bytes_put32(head + 6 + 14, 4096, false);
	bytes_put32(head + 6 + 18, cpus, false);
	while (buffers--) {
		text_add_bytes(text, head, sizeof(head));
		for (uint32_t i = 0; i < cpus; i++) {
			bytes_put32(cpu, i, false);
			text_add_bytes(text, cpu, sizeof(cpu));
		}
	}
}

static void add_option(struct text *text, enum dat_option option, const void *data, size_t size)
{
	char head[6];

	bytes_put16(head, (uint16_t)option, false);
	bytes_put32(head + 2, (uint32_t)size, false);
	text_add_bytes(text, head, sizeof(head));
	text_add_bytes(text, data, size);
}

static void add_conversion(struct text *text, uint32_t multiplier, uint32_t shift)
{
	char data[16];

	bytes_put32(data, multiplier, false);
	bytes_put32(data + 4, shift, false);
	bytes_put64(data + 8, 1000000000, false);
	add_option(text, DAT_TSC2NSEC, data, sizeof(data));
}

static void add_string(struct text *text, enum dat_option option, const char *string)
{
	add_option(text, option, string, strlen(string) + 1);
}

/* What a file with these options says of its clock; clears them. */
static struct dat_clock clock_of(struct text *options)
{
	NK_FREE char *original = fixture_path("v7", ".dat");
	size_t length;
	NK_FREE char *bytes = fixture_read(original, &length);
	struct text text = with_options(bytes, length, options);
	struct dat_reader *reader = NULL;
	const char *incomplete;
	struct diags diags = { 0 };
	struct dat_clock clock;

	fixture_write(fixture_scratch(), text.data, text.length);
	ck_assert_int_eq(dat_reader_open(fixture_scratch(), &reader, &incomplete, &diags), 0);
	clock = dat_reader_meta(reader)->clock;
	dat_reader_close(reader);
	fixture_cleanup();
	text_clear(&text);
	text_clear(options);
	return clock;
}

/* Which trace-cmd report 3.1.6 shows as seconds, found by trying. */
START_TEST(clocks)
{
	static const struct {
		const char *text;
		bool is_bare, is_count;
	} cases[] = {
		{ "[local] global counter\n", false, false },
		{ "local [global]", false, false },
		{ "[uptime]", false, false },
		{ "[perf]", false, false },
		{ "[mono]", false, false },
		{ "[mono_raw]", false, false },
		{ "[tai]", false, false },
		{ "[tsc2nsec]", false, false },
		{ "[]", false, false },
		{ "boot", false, false },
		{ "", false, false },
		{ "local [boot] x86-tsc\n", true, false },
		{ "[counter]", true, true },
		{ "mono [x86-tsc]", true, true },
		{ "[ppc-tb]", true, true },
		{ "[perf2]", true, true },
	};
	struct text options = { 0 };

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct dat_clock clock;

		add_string(&options, DAT_TRACECLOCK, cases[i].text);
		clock = clock_of(&options);
		ck_assert_msg(clock.is_bare == cases[i].is_bare &&
				      clock.is_count == cases[i].is_count,
			      "%s", cases[i].text);
		ck_assert_uint_eq(clock.multiplier, 0);
		ck_assert_uint_eq(clock.offset, 0);
	}
}
END_TEST

/* Before or behind the clock's name, a conversion makes it one in seconds. One by 0 is none. */
START_TEST(converted_clocks)
{
	struct text options = { 0 };
	struct dat_clock clock;

	for (int i = 0; i < 2; i++) {
		if (i == 0)
			add_conversion(&options, 3, 1);
		add_string(&options, DAT_TRACECLOCK, "[x86-tsc]");
		if (i == 1)
			add_conversion(&options, 3, 1);
		clock = clock_of(&options);
		ck_assert(!clock.is_bare);
		ck_assert(clock.is_count);
		ck_assert_uint_eq(clock.multiplier, 3);
		ck_assert_uint_eq(clock.shift, 1);
		ck_assert_uint_eq(clock.offset, 0);
	}
	add_conversion(&options, 0, 0);
	add_string(&options, DAT_TRACECLOCK, "[boot]");
	ck_assert(clock_of(&options).is_bare);
}
END_TEST

START_TEST(dates_and_offsets)
{
	struct text options = { 0 };

	add_string(&options, DAT_DATE, "0x10");
	add_string(&options, DAT_OFFSET, "-20000");
	add_string(&options, DAT_DATE, "400000000000");
	ck_assert_uint_eq(clock_of(&options).offset, UINT64_C(400000000000000) + 16000 - 20000);
	add_option(&options, DAT_DATE, "-10", 3);
	add_option(&options, DAT_DATE, "", 0);
	ck_assert_int_eq((int64_t)clock_of(&options).offset, -10000);
}
END_TEST

static void assert_too_many(uint32_t buffers, uint32_t cpus, const char *said)
{
	NK_FREE char *original = fixture_path("v7", ".dat");
	size_t length;
	NK_FREE char *bytes = fixture_read(original, &length);
	struct text options = { 0 };
	struct text text;

	add_buffers(&options, buffers, cpus);
	text = with_options(bytes, length, &options);
	assert_incomplete(text.data, text.length, said);
	text_clear(&options);
	text_clear(&text);
}

START_TEST(buffers_and_cpus_are_bounded)
{
	assert_too_many(3, 30000, "more than 65536 CPUs");
	assert_too_many(5000, 1, "more than 4096 buffers");
}
END_TEST

/* Each section is no larger than one may be; together they are. The file is one of holes. */
START_TEST(all_sections_are_bounded)
{
	const uint64_t size = UINT64_C(200) << 20;
	const char *path = fixture_scratch();
	NK_FREE char *original = fixture_path("v7", ".dat");
	size_t length;
	NK_FREE char *bytes = fixture_read(original, &length);
	struct dat_reader *reader = NULL;
	const char *incomplete = NULL;
	struct diags diags = { 0 };
	char header[16] = { DAT_PRINTK };
	int fd;

	bytes_put64(header + 8, size, false);
	bytes_put64(bytes + V7_PRINTK_AT, length, false);
	bytes_put64(bytes + V7_FORMATS_AT, length + size, false);
	fixture_write(path, bytes, length);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	ck_assert_int_eq(pwrite(fd, header, 16, (off_t)length), 16);
	header[0] = DAT_EVENT_FORMATS;
	ck_assert_int_eq(pwrite(fd, header, 16, (off_t)(length + size)), 16);
	ck_assert_int_eq(ftruncate(fd, (off_t)(length + 3 * size)), 0);
	close(fd);
	ck_assert_int_eq(dat_reader_open(path, &reader, &incomplete, &diags), 0);
	ck_assert_msg(incomplete && strstr(incomplete, "damaged within the printk formats"), "%s",
		      incomplete ? incomplete : "nothing");
	dat_reader_close(reader);
	fixture_cleanup();
}
END_TEST
static Suite *options_suite(void)
{
	Suite *suite = suite_create("datfile/options");
	TCase *tests = tcase_create("options");

	tcase_set_timeout(tests, 120);
	tcase_add_test(tests, an_instance_far_behind);
	tcase_add_test(tests, lost_buffers_are_told);
	tcase_add_test(tests, a_lost_instance_is_told);
	tcase_add_test(tests, formats_that_are_none);
	tcase_add_test(tests, a_section_is_read_once);
	tcase_add_test(tests, clocks);
	tcase_add_test(tests, converted_clocks);
	tcase_add_test(tests, dates_and_offsets);
	tcase_add_test(tests, buffers_and_cpus_are_bounded);
	tcase_add_test(tests, all_sections_are_bounded);
	suite_add_tcase(suite, tests);
	return suite;
}

int main(void)
{
	SRunner *runner = srunner_create(options_suite());
	int failed;

	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
