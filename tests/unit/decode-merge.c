/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Streams to one order of time: files to their end, live ones only when nothing older can come. The
 * live source here is a script: what each read of a stream finds.
 */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "decode/merge.h"
#include "pages.h"

static const struct walk_layout layout = { .page_size = PAGE_BYTES, .commit_bytes = 8 };

/* One page with records at the given times. */
static void make_page(unsigned char *bytes, const uint64_t *times, size_t count, uint32_t flags)
{
	struct page_builder page;

	page_begin(&page, count ? times[0] : 0, false, 8);
	for (size_t i = 0; i < count; i++)
		page_event(&page, i ? (uint32_t)(times[i] - times[i - 1]) : 0, &times[i], 8);
	page_end(&page, flags);
	memcpy(bytes, page.bytes, PAGE_BYTES);
}

START_TEST(files)
{
	struct memory_source *memory = memory_source_new();
	uint64_t clocks[5] = { 0 }, before = 0;
	size_t given = 0, lost = 0;
	struct record_place merged;
	struct merge *merge;
	int result;

	srandom(5);
	for (uint32_t stream = 0; stream < 5; stream++) {
		unsigned char pages[20 * PAGE_BYTES];

		for (int i = 0; i < 20; i++) {
			uint64_t times[50];

			for (int j = 0; j < 50; j++)
				times[j] = clocks[stream] += (uint64_t)random() % (stream + 3);
			make_page(pages + i * PAGE_BYTES, times, i % 7 == 3 ? 0 : 50,
				  i == 3 ? 1U << 31 : 0);
		}
		memory_source_add(memory, pages, stream == 4 ? 0 : sizeof(pages));
	}
	merge = merge_new(&memory->source, &layout);
	while ((result = merge_next(merge, &merged)) == 1) {
		ck_assert_uint_ge(merged.ts, before);
		before = merged.ts;
		if (!merged.data) {
			lost++;
			continue;
		}
		ck_assert_mem_eq(merged.data, &merged.ts, 8);
		given++;
	}
	ck_assert_int_eq(result, -ENODATA);
	ck_assert_uint_eq(given, 4 * 17 * 50);
	/* Said by an empty page: told before what follows it. */
	ck_assert_uint_eq(lost, 4);
	ck_assert_int_eq(memory->misreleased, 0);
	for (int i = 0; i < 4; i++)
		ck_assert_uint_eq(memory->released[i], memory->size[i]);
	merge_free(merge);
	memory_source_free(memory);
}
END_TEST

/* Said by the last page, in which nothing is; of two streams each has its own. */
START_TEST(lost_at_the_end)
{
	struct memory_source *memory = memory_source_new();
	unsigned char pages[2 * PAGE_BYTES];
	uint64_t times[2] = { 10, 20 };
	struct record_place merged;
	struct merge *merge;

	make_page(pages, times, 2, 0);
	make_page(pages + PAGE_BYTES, NULL, 0, 1U << 31);
	memory_source_add(memory, pages, sizeof(pages));
	memory_source_add(memory, pages + PAGE_BYTES, PAGE_BYTES);
	merge = merge_new(&memory->source, &layout);
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(merge_next(merge, &merged), 1);
		ck_assert_uint_eq(merged.ts, times[i]);
		ck_assert_ptr_nonnull(merged.data);
	}
	for (uint32_t i = 0; i < 2; i++) {
		ck_assert_int_eq(merge_next(merge, &merged), 1);
		ck_assert_ptr_null(merged.data);
		ck_assert_uint_eq(merged.stream, i);
		ck_assert_uint_ge(merged.ts, 20);
		ck_assert(!merge_is_lost_by_damage(merge));
	}
	ck_assert_int_eq(merge_next(merge, &merged), -ENODATA);
	merge_free(merge);
	memory_source_free(memory);
}
END_TEST

/* A live source: stream 1 finds its page only from the time at which it is there. */
struct late_source {
	struct page_source source;
	unsigned char pages[2][PAGE_BYTES];
	uint64_t there_at[2];
	bool is_taken[2];
	int error;
	size_t out;
};

static uint64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000000ULL + (uint64_t)time.tv_nsec;
}

static int late_next(struct page_source *source, size_t stream, const void **page)
{
	struct late_source *late = (struct late_source *)source;

	if (stream == 1 && late->error)
		return late->error;
	if (late->is_taken[stream] || now() < late->there_at[stream])
		return 0;
	late->is_taken[stream] = true;
	late->out++;
	*page = late->pages[stream];
	return 1;
}

static void late_release(struct page_source *source, size_t stream, const void *page)
{
	struct late_source *late = (struct late_source *)source;

	ck_assert_ptr_eq(page, late->pages[stream]);
	late->out--;
}

static const struct page_source_ops late_ops = { late_next, late_release, NULL, NULL };
static const struct page_stream late_streams[2] = { { .cpu = 0 }, { .cpu = 1 } };

static struct late_source *late_new(uint64_t first, uint64_t second, uint64_t late_by_ms)
{
	struct late_source *late = xcalloc(1, sizeof(*late));

	late->source = (struct page_source){ .ops = &late_ops,
					     .streams = late_streams,
					     .stream_count = 2,
					     .page_size = PAGE_BYTES,
					     .is_live = true };
	make_page(late->pages[0], &first, 1, 0);
	make_page(late->pages[1], &second, 1, 0);
	late->there_at[1] = now() + late_by_ms * 1000000;
	return late;
}

static void nap(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
}

/* Calls until there is a record; how long that took in ms. */
static uint64_t wait_for_record(struct merge *merge, struct record_place *merged)
{
	uint64_t start = now();
	int result;

	while ((result = merge_next(merge, merged)) == 0) {
		ck_assert_uint_lt(now() - start, 2000000000);
		nap();
	}
	ck_assert_int_eq(result, 1);
	return (now() - start) / 1000000;
}

/* The older record comes 10 ms after the younger was read: it is given first all the same. */
START_TEST(live_order)
{
	struct late_source *late = late_new(2000, 1000, 10);
	struct merge *merge = merge_new(&late->source, &layout);
	struct record_place merged;

	wait_for_record(merge, &merged);
	ck_assert_uint_eq(merged.ts, 1000);
	wait_for_record(merge, &merged);
	ck_assert_uint_eq(merged.ts, 2000);
	ck_assert_int_eq(merge_next(merge, &merged), 0);
	ck_assert_uint_eq(late->out, 0);
	merge_free(merge);
	free(late);
}
END_TEST

/* A CPU that is silent does not hold the others back for long. */
START_TEST(live_delay)
{
	struct late_source *late = late_new(1000, 2000, 100000);
	struct merge *merge = merge_new(&late->source, &layout);
	struct record_place merged;
	uint64_t ms = wait_for_record(merge, &merged);

	ck_assert_uint_eq(merged.ts, 1000);
	ck_assert_uint_ge(ms, 19);
	ck_assert_uint_le(ms, 1000);
	merge_free(merge);
	free(late);
}
END_TEST

/* At the flush what is there is given at once, and then it is the end. */
START_TEST(live_flush)
{
	struct late_source *late = late_new(2000, 1000, 0);
	struct merge *merge = merge_new(&late->source, &layout);
	struct record_place merged;

	late->there_at[0] = 0;
	merge_flush(merge);
	ck_assert_int_eq(merge_next(merge, &merged), 1);
	ck_assert_uint_eq(merged.ts, 1000);
	ck_assert_int_eq(merge_next(merge, &merged), 1);
	ck_assert_uint_eq(merged.ts, 2000);
	ck_assert_int_eq(merge_next(merge, &merged), -ENODATA);
	ck_assert_uint_eq(late->out, 0);
	merge_free(merge);
	free(late);
}
END_TEST

/* A stream that fails ends; the others are read on, and then the error is told. */
START_TEST(live_error)
{
	struct late_source *late = late_new(1000, 2000, 0);
	struct merge *merge = merge_new(&late->source, &layout);
	struct record_place merged;

	late->error = -EIO;
	wait_for_record(merge, &merged);
	ck_assert_uint_eq(merged.ts, 1000);
	ck_assert_int_eq(merge_next(merge, &merged), 0);
	merge_flush(merge);
	ck_assert_int_eq(merge_next(merge, &merged), -EIO);
	merge_free(merge);
	free(late);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("decode-merge");
	TCase *tests = tcase_create("merge");
	SRunner *runner = srunner_create(suite);

	tcase_add_test(tests, files);
	tcase_add_test(tests, lost_at_the_end);
	tcase_add_test(tests, live_order);
	tcase_add_test(tests, live_delay);
	tcase_add_test(tests, live_flush);
	tcase_add_test(tests, live_error);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_NORMAL);

	int failed = srunner_ntests_failed(runner);

	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
