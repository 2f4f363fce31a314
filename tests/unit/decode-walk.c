/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sub-buffers to records: as libtraceevent's kbuffer reads the captured ones, in both byte orders
 * and sizes of long, and never outside of the page whatever is in it.
 */
#include <byteswap.h>
#include <check.h>
#include <errno.h>
#include <kbuffer.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "decode/walk.h"
#include "pages.h"

static const struct walk_layout host = { .page_size = PAGE_BYTES, .commit_bytes = 8 };

static const char *const kernels[] = { "5.10", "6.1" };
static const char *const files[] = { "main/cpu0.raw", "main/cpu1.raw", "lost/cpu0.raw",
				     "lost/cpu1.raw" };

static void compare_page(unsigned char *page, size_t *records, uint64_t *lost)
{
	struct kbuffer *kbuf = kbuffer_alloc(KBUFFER_LSIZE_8, KBUFFER_ENDIAN_LITTLE);
	unsigned long long ts;
	struct walk walk;
	struct walk_loss loss;
	struct walk_record record;

	ck_assert_int_eq(kbuffer_load_subbuffer(kbuf, page), 0);
	ck_assert_int_eq(walk_start(&walk, &host, page, &loss), 0);
	ck_assert_uint_eq(loss.is_lost ? loss.count : 0, (uint64_t)kbuffer_missed_events(kbuf));
	*lost += loss.count;
	for (const void *data = kbuffer_read_event(kbuf, &ts); data;
	     data = kbuffer_next_event(kbuf, &ts)) {
		ck_assert_int_eq(walk_next(&walk, &record), 1);
		ck_assert_ptr_eq(record.data, data);
		ck_assert_uint_eq(record.ts, ts);
		ck_assert_int_eq((int)record.size, kbuffer_event_size(kbuf));
		(*records)++;
	}
	ck_assert_int_eq(walk_next(&walk, &record), 0);
	kbuffer_free(kbuf);
}

/* entries and overrun of per_cpu/cpuN/stats. */
static uint64_t stat(const char *kernel, const char *file, const char *name)
{
	NK_FREE char *path = xasprintf("%.9s.stats", file);
	NK_FREE char *stats = pages_file(kernel, path, NULL);
	const char *at = strstr(stats, name);

	ck_assert_ptr_nonnull(at);
	return strtoull(at + strlen(name), NULL, 10);
}

START_TEST(captured_pages_as_kbuffer)
{
	const char *kernel = kernels[_i / 4], *file = files[_i % 4];
	size_t size, records = 0;
	uint64_t lost = 0;
	NK_FREE char *bytes = pages_file(kernel, file, &size);

	ck_assert_uint_ge(size, PAGE_BYTES);
	for (size_t at = 0; at < size; at += PAGE_BYTES)
		compare_page((unsigned char *)bytes + at, &records, &lost);
	ck_assert_uint_eq(records, stat(kernel, file, "entries: "));
	ck_assert_uint_eq(lost, stat(kernel, file, "overrun: "));
}
END_TEST

static void expect(struct walk *walk, uint64_t ts, const void *data, uint32_t size)
{
	struct walk_record record;

	ck_assert_int_eq(walk_next(walk, &record), 1);
	ck_assert_uint_eq(record.ts, ts);
	ck_assert_uint_eq(record.size, (size + 3) / 4 * 4);
	ck_assert_mem_eq(record.data, data, size);
}

/* Every kind of event, in the byte orders and longs of all machines. */
START_TEST(layouts)
{
	struct page_builder page;
	struct walk_layout layout = { .page_size = PAGE_BYTES };
	struct walk walk;
	struct walk_loss loss;
	struct walk_record record;
	unsigned char data[600];

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (unsigned char)i;
	layout.is_big_endian = _i & 1;
	layout.is_swapped = layout.is_big_endian != (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__);
	layout.commit_bytes = _i & 2 ? 4 : 8;
	page_begin(&page, 0x1122334455667788, layout.is_big_endian, layout.commit_bytes);
	page_event(&page, 5, data, 12);
	page_word(&page, 30, 7); /* time extend */
	page_number(&page, 2, 4);
	page_event(&page, 0, data, 4);
	page_word(&page, 29, 1); /* discarded: 12 bytes with their length */
	page_number(&page, 12, 4);
	page_number(&page, 0, 8);
	page_event(&page, 3, data, 600);
	page_word(&page, 31, 9); /* absolute: 59 bits */
	page_number(&page, 0x2468ace0, 4);
	page_event(&page, 1, data, 112);
	size_t end = page.used;
	page_number(&page, 77, layout.commit_bytes);
	page.used = end;
	page_end(&page, 3U << 30);

	ck_assert_int_eq(walk_start(&walk, &layout, page.bytes, &loss), 0);
	ck_assert(loss.is_lost);
	ck_assert_uint_eq(loss.count, 77);

	uint64_t ts = 0x1122334455667788 + 5;

	expect(&walk, ts, data, 12);
	ts += (2ULL << 27) + 7;
	expect(&walk, ts, data, 4);
	expect(&walk, ts += 4, data, 600);
	ts = (0x2468ace0ULL << 27) + 9;
	ts |= 0x1122334455667788 & (31ULL << 59);
	expect(&walk, ts + 1, data, 112);
	ck_assert_int_eq(walk_next(&walk, &record), 0);
	ck_assert_int_eq(walk_next(&walk, &record), 0);
}
END_TEST

/* Walks what may be anything, in memory that ends where the page ends. */
static size_t walk_hostile(const struct walk_layout *layout, const unsigned char *bytes)
{
	NK_FREE unsigned char *page = xmalloc(layout->page_size);
	struct walk walk;
	struct walk_loss loss;
	struct walk_record record;
	size_t count = 0;

	memcpy(page, bytes, layout->page_size);
	walk_start(&walk, layout, page, &loss);
	while (walk_next(&walk, &record) == 1) {
		ck_assert(record.data >= page);
		ck_assert_uint_le((size_t)(record.data - page) + record.size, layout->page_size);
		ck_assert_uint_lt(count, layout->page_size);
		count++;
	}
	ck_assert_int_eq(walk_next(&walk, &record), 0);
	return count;
}

START_TEST(hostile_pages)
{
	struct walk_layout layout = host;
	size_t size, records = 0;
	NK_FREE char *bytes = pages_file("6.1", "main/cpu0.raw", &size);
	unsigned char page[PAGE_BYTES];

	srandom(20261123);
	for (int round = 0; round < 3000; round++) {
		memcpy(page, bytes, PAGE_BYTES);
		for (int i = 0; i < 1 + round % 40; i++)
			page[random() % PAGE_BYTES] = (unsigned char)random();
		records += walk_hostile(&layout, page);
		for (size_t i = 8; i < PAGE_BYTES; i++)
			page[i] = (unsigned char)random();
		walk_hostile(&layout, page);
		layout.page_size = 1 + (size_t)random() % PAGE_BYTES;
		memcpy(page, bytes, PAGE_BYTES);
		walk_hostile(&layout, page);
		layout.page_size = PAGE_BYTES;
	}
	ck_assert_uint_gt(records, 3000);
}
END_TEST

START_TEST(damage_is_told)
{
	struct page_builder page;
	struct walk walk;
	struct walk_loss loss;
	struct walk_record record;

	/* A commit beyond the page. */
	page_begin(&page, 1, false, 8);
	page_event(&page, 1, "abcd", 4);
	page_end(&page, 0);
	page.bytes[9] = 0xff;
	ck_assert_int_eq(walk_start(&walk, &host, page.bytes, &loss), -EBADMSG);
	expect(&walk, 2, "abcd", 4);

	/* A record that is longer than what is left. */
	page_begin(&page, 1, false, 8);
	page_event(&page, 1, "abcd", 4);
	page_word(&page, 3, 1);
	page_number(&page, 0, 8);
	page_end(&page, 0);
	ck_assert_int_eq(walk_start(&walk, &host, page.bytes, &loss), 0);
	expect(&walk, 2, "abcd", 4);
	ck_assert_int_eq(walk_next(&walk, &record), -EBADMSG);
	ck_assert_int_eq(walk_next(&walk, &record), 0);

	/* A length that is none: it would not move on. */
	page_begin(&page, 1, false, 8);
	page_word(&page, 0, 1);
	page_number(&page, 0, 4);
	page_event(&page, 1, "abcd", 4);
	page_end(&page, 0);
	ck_assert_int_eq(walk_start(&walk, &host, page.bytes, &loss), 0);
	ck_assert_int_eq(walk_next(&walk, &record), -EBADMSG);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("decode-walk");
	TCase *tests = tcase_create("walk");
	SRunner *runner = srunner_create(suite);

	tcase_add_loop_test(tests, captured_pages_as_kbuffer, 0, 8);
	tcase_add_loop_test(tests, layouts, 0, 4);
	tcase_add_test(tests, hostile_pages);
	tcase_add_test(tests, damage_is_told);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_NORMAL);

	int failed = srunner_ntests_failed(runner);

	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
