/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading: recordings of trace-cmd of both versions, compressed and not, of several instances; then
 * the same cut short at every byte and with bytes changed at random.
 */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "datfile-fixture.h"

START_TEST(events_are_those_of_the_report)
{
	NK_FREE char *path = fixture_path(fixture_names[_i], ".dat");
	NK_FREE char *report_path = fixture_path(fixture_names[_i], ".report");
	NK_FREE char *report = fixture_read(report_path, NULL);
	struct dat_reader *reader = fixture_open(path);
	NK_FREE char *events = fixture_events(reader);
	NK_FREE char *expected = fixture_report_events(report);

	ck_assert(expected[0]);
	ck_assert_str_eq(events, expected);
	dat_reader_close(reader);
}
END_TEST

START_TEST(metadata_are_there)
{
	NK_FREE char *path = fixture_path(fixture_names[_i], ".dat");
	struct dat_reader *reader = fixture_open(path);
	const struct dat_meta *meta = dat_reader_meta(reader);

	ck_assert(!meta->is_big_endian);
	ck_assert_uint_eq(meta->long_bytes, 8);
	ck_assert_uint_eq(meta->page_size, 4096);
	ck_assert_int_eq(meta->cpu_count, 2);
	ck_assert_ptr_nonnull(strstr(meta->header_page, "commit"));
	ck_assert_ptr_nonnull(meta->header_event);
	ck_assert_ptr_nonnull(strstr(meta->kallsyms, "tcp_connect"));
	ck_assert_ptr_nonnull(strstr(meta->saved_cmdlines, " nc\n"));
	ck_assert_ptr_nonnull(strstr(meta->uname, "Linux"));
	ck_assert_ptr_nonnull(meta->version);
	ck_assert(!meta->has_nk);
	ck_assert_ptr_null(meta->summary);
	ck_assert_uint_ge(meta->cpu_stats_count, 2);
	for (size_t i = 0; i < meta->buffer_count; i++) {
		ck_assert_str_eq(meta->buffers[i].clock, "mono");
		ck_assert_uint_eq(meta->buffers[i].page_size, 4096);
	}
	dat_reader_close(reader);
}
END_TEST

START_TEST(instances_are_told_apart)
{
	static const char *const names[] = { "", "packets", "returns" };
	NK_FREE char *path = fixture_path(_i ? "v7-instances" : "v6-instances", ".dat");
	struct dat_reader *reader = fixture_open(path);
	const struct dat_meta *meta = dat_reader_meta(reader);

	ck_assert_uint_eq(meta->buffer_count, 3);
	for (int i = 0; i < 3; i++) {
		int found = 0;

		for (size_t j = 0; j < meta->buffer_count; j++)
			found += !strcmp(meta->buffers[j].name, names[i]);
		ck_assert_int_eq(found, 1);
	}
	dat_reader_close(reader);
}
END_TEST

static void assert_refused(const char *path, int err, const char *said)
{
	struct dat_reader *reader = NULL;
	const char *incomplete;
	struct diags diags = { 0 };

	ck_assert_int_eq(dat_reader_open(path, &reader, &incomplete, &diags), -err);
	ck_assert_ptr_null(reader);
	ck_assert_uint_eq(diags.count, 1);
	ck_assert_msg(strstr(diags.items[0].text, said), "%s", diags.items[0].text);
	diags_clear(&diags);
}

START_TEST(what_is_no_trace_dat)
{
	const char *path = fixture_scratch();

	assert_refused("/nonexistent/trace.dat", ENOENT, "No such file");
	assert_refused("/", EISDIR, "directory");
	assert_refused("/dev/null", EINVAL, "regular file");
	fixture_write(path, "", 0);
	assert_refused(path, EINVAL, "not a trace.dat");
	fixture_write(path, "PERFILE2 and more of it", 23);
	assert_refused(path, EINVAL, "not a trace.dat");
	fixture_write(path, "\x17\x08\x44tracing8", 12);
	assert_refused(path, EINVAL, "neither 6 nor 7");
	fixture_write(path, "\x17\x08\x44tracing7", 12);
	assert_refused(path, EINVAL, "cut short");
	fixture_cleanup();
}
END_TEST

START_TEST(unknown_compression)
{
	const char *path = fixture_scratch();
	NK_FREE char *original = fixture_path("v7-zstd", ".dat");
	size_t length;
	NK_FREE char *bytes = fixture_read(original, &length);
	char *name = memmem(bytes, 64, "zstd", 4);

	ck_assert_ptr_nonnull(name);
	memcpy(name, "lzma", 4);
	fixture_write(path, bytes, length);
	assert_refused(path, ENOTSUP, "lzma");
	fixture_cleanup();
}
END_TEST

/* "latency": the text of a tracer instead of pages, here where the file says flyrecord. */
START_TEST(text_instead_of_pages)
{
	const char *path = fixture_scratch();
	NK_FREE char *original = fixture_path("v6", ".dat");
	size_t length;
	NK_FREE char *bytes = fixture_read(original, &length);
	char *kind = memmem(bytes, length, "flyrecord", 10);

	ck_assert_ptr_nonnull(kind);
	memcpy(kind, "latency  ", 10);
	fixture_write(path, bytes, length);
	assert_refused(path, EINVAL, "latency tracer");
	fixture_cleanup();
}
END_TEST

/* Every page that is given is given back later, as a reader that joins streams does. */
static size_t count_pages(struct dat_reader *reader)
{
	struct page_source *source = dat_reader_pages(reader);
	const void *held = NULL, *page;
	size_t count = 0;

	for (size_t i = 0; i < source->stream_count; i++) {
		for (int errors = 0; errors < 100;) {
			int ret = source->ops->next(source, i, &page);

			if (ret == 0)
				break;
			if (ret < 0) {
				errors++;
				continue;
			}
			/* All of it can be touched. */
			count += memchr(page, 0, 512) != NULL || true;
			if (held)
				source->ops->release(source, i, held);
			held = page;
		}
		if (held)
			source->ops->release(source, i, held);
		held = NULL;
	}
	return count;
}

/* Opens what may be anything; *incomplete says whether it said so. */
static size_t try_to_read(const char *path, bool *is_refused, bool *is_incomplete)
{
	struct dat_reader *reader = NULL;
	const char *incomplete = NULL;
	struct diags diags = { 0 };
	int ret = dat_reader_open(path, &reader, &incomplete, &diags);
	size_t pages = 0;

	ck_assert_msg((ret < 0) == (diags.errors > 0), "one of them says nothing");
	*is_refused = ret < 0;
	*is_incomplete = incomplete;
	if (!ret) {
		pages = count_pages(reader);
		dat_reader_close(reader);
	}
	diags_clear(&diags);
	return pages;
}

START_TEST(cut_short_at_every_byte)
{
	const char *path = fixture_scratch();
	NK_FREE char *original = fixture_path(fixture_names[_i], ".dat");
	size_t length, whole, before = 0;
	size_t step = strcmp(fixture_names[_i], "v7-zstd") ? 7 : 1;
	NK_FREE char *bytes = fixture_read(original, &length);
	bool is_refused, is_incomplete;

	fixture_write(path, bytes, length);
	whole = try_to_read(path, &is_refused, &is_incomplete);
	ck_assert_uint_gt(whole, 0);
	ck_assert(!is_refused && !is_incomplete);
	before = whole;
	/* Every byte of the smallest, and so many of the others. */
	for (size_t left = length - 1; left; left -= left > step ? step : 1) {
		size_t pages;

		ck_assert_int_eq(truncate(path, (off_t)left), 0);
		pages = try_to_read(path, &is_refused, &is_incomplete);
		ck_assert_uint_le(pages, before);
		/* What is missing is missed, unless nothing that counts was cut off. */
		ck_assert_msg(is_refused || is_incomplete || pages == whole, "at %zu of %zu", left,
			      length);
		before = pages;
	}
	ck_assert(is_refused);
	fixture_cleanup();
}
END_TEST

/* As a power failure leaves one: it is told of, once, and the others are given. */
START_TEST(page_of_zeros)
{
	const char *path = fixture_scratch();
	NK_FREE char *original = fixture_path(_i ? "v7" : "v6", ".dat");
	size_t length, given = 0, damaged = 0, whole;
	NK_FREE char *bytes = fixture_read(original, &length);
	struct dat_reader *reader = fixture_open(original);
	struct page_source *source = dat_reader_pages(reader);
	const void *page;
	char *place;

	ck_assert_int_eq(source->ops->next(source, 0, &page), 1);
	place = memmem(bytes, length, page, 4096);
	ck_assert_ptr_nonnull(place);
	memset(place, 0, 4096);
	dat_reader_close(reader);
	reader = fixture_open(original);
	whole = count_pages(reader);
	dat_reader_close(reader);
	fixture_write(path, bytes, length);
	reader = fixture_open(path);
	source = dat_reader_pages(reader);
	for (size_t i = 0; i < source->stream_count; i++) {
		int ret;

		while ((ret = source->ops->next(source, i, &page)) != 0) {
			ck_assert(ret == 1 || ret == -EBADMSG);
			given += ret == 1;
			damaged += ret < 0;
		}
	}
	ck_assert_uint_eq(damaged, 1);
	ck_assert_uint_eq(given, whole - 1);
	dat_reader_close(reader);
	fixture_cleanup();
}
END_TEST

/* Two CPUs of one place: it is read once, and told. */
START_TEST(pages_of_two_cpus)
{
	const char *path = fixture_scratch();
	NK_FREE char *original = fixture_path("v6", ".dat");
	size_t length, whole, pages;
	NK_FREE char *bytes = fixture_read(original, &length);
	struct dat_reader *reader = fixture_open(original);
	struct page_source *source = dat_reader_pages(reader);
	uint64_t places[2];
	bool is_refused, is_incomplete;

	for (size_t i = 0; i < 2; i++) {
		const void *page;

		ck_assert_int_eq(source->ops->next(source, i, &page), 1);
		const char *place = memmem(bytes, length, page, 4096);
		ck_assert_ptr_nonnull(place);
		places[i] = (uint64_t)(place - bytes);
	}
	dat_reader_close(reader);
	fixture_write(path, bytes, length);
	whole = try_to_read(path, &is_refused, &is_incomplete);
	ck_assert(!is_incomplete);

	char *entry = memmem(bytes, length, &places[1], sizeof(places[1]));
	ck_assert_ptr_nonnull(entry);
	memcpy(entry, &places[0], sizeof(places[0]));
	fixture_write(path, bytes, length);
	pages = try_to_read(path, &is_refused, &is_incomplete);
	ck_assert(!is_refused && is_incomplete);
	ck_assert_uint_gt(pages, 0);
	ck_assert_uint_lt(pages, whole);
	fixture_cleanup();
}
END_TEST

static uint32_t next_random(uint32_t *state)
{
	*state = *state * 1664525 + 1013904223;
	return *state >> 8;
}

START_TEST(bytes_changed_at_random)
{
	const char *path = fixture_scratch();
	NK_FREE char *original = fixture_path(fixture_names[_i], ".dat");
	size_t length;
	NK_FREE char *bytes = fixture_read(original, &length);
	NK_FREE char *changed = xmalloc(length);
	uint32_t random = (uint32_t)_i;
	bool is_refused, is_incomplete;
	int differing = 0;

	for (int round = 0; round < 500; round++) {
		/* The beginning, and everywhere: what is found by an offset is at the end. */
		size_t range = round % 2 ? length : 512;

		memcpy(changed, bytes, length);
		for (uint32_t i = next_random(&random) % 8 + 1; i; i--)
			changed[next_random(&random) % range] = (char)next_random(&random);
		fixture_write(path, changed, length);
		try_to_read(path, &is_refused, &is_incomplete);
		differing += is_refused || is_incomplete;
	}
	ck_assert_int_gt(differing, 0);
	fixture_cleanup();
}
END_TEST

static Suite *reader_suite(void)
{
	Suite *suite = suite_create("datfile/reader");
	TCase *tests = tcase_create("reader");

	tcase_set_timeout(tests, 120);
	tcase_add_loop_test(tests, events_are_those_of_the_report, 0, FIXTURE_COUNT);
	tcase_add_loop_test(tests, metadata_are_there, 0, FIXTURE_COUNT);
	tcase_add_loop_test(tests, instances_are_told_apart, 0, 2);
	tcase_add_test(tests, what_is_no_trace_dat);
	tcase_add_test(tests, unknown_compression);
	tcase_add_test(tests, text_instead_of_pages);
	tcase_add_loop_test(tests, page_of_zeros, 0, 2);
	tcase_add_test(tests, pages_of_two_cpus);
	tcase_add_loop_test(tests, cut_short_at_every_byte, 0, FIXTURE_COUNT);
	tcase_add_loop_test(tests, bytes_changed_at_random, 0, FIXTURE_COUNT);
	suite_add_tcase(suite, tests);
	return suite;
}

int main(void)
{
	SRunner *runner = srunner_create(reader_suite());
	int failed;

	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
