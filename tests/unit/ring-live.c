/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The live source on sockets that keep messages apart, as trace_pipe_raw keeps sub-buffers: one
 * read, one page, EAGAIN where there is none.
 */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "ring/live.h"

#define PAGE 4096

struct ends {
	int in[2], out[2];
	struct page_source *source;
};

static void ends_open(struct ends *ends)
{
	struct live_stream streams[2];

	for (int i = 0; i < 2; i++) {
		int pair[2];

		ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, pair), 0);
		ends->in[i] = pair[0];
		ends->out[i] = pair[1];
		streams[i] = (struct live_stream){ pair[1], 10 + i, i };
	}
	ck_assert_int_eq(live_open(streams, 2, PAGE, &ends->source), 0);
}

static void ends_close(struct ends *ends)
{
	ends->source->ops->close(ends->source);
	for (int i = 0; i < 2; i++) {
		close(ends->in[i]);
		close(ends->out[i]);
	}
}

static void put(const struct ends *ends, int stream, char byte, size_t length)
{
	char page[PAGE];

	memset(page, byte, sizeof(page));
	ck_assert_int_eq(write(ends->in[stream], page, length), (ssize_t)length);
}

static int next(struct ends *ends, size_t stream, const void **page)
{
	return ends->source->ops->next(ends->source, stream, page);
}

START_TEST(pages_as_they_come)
{
	struct ends ends;
	const void *first, *second, *third;

	ends_open(&ends);
	ck_assert(ends.source->is_live);
	ck_assert_uint_eq(ends.source->stream_count, 2);
	ck_assert_int_eq(ends.source->streams[1].cpu, 11);
	ck_assert_int_eq(ends.source->streams[1].instance, 1);
	ck_assert_int_eq(next(&ends, 0, &first), 0);
	put(&ends, 0, 'a', PAGE);
	put(&ends, 0, 'b', 100);
	put(&ends, 1, 'c', PAGE);
	ck_assert_int_eq(next(&ends, 0, &first), 1);
	ck_assert_int_eq(next(&ends, 0, &second), 1);
	ck_assert_int_eq(next(&ends, 1, &third), 1);
	ck_assert_int_eq(next(&ends, 0, &third), 0);
	ck_assert_int_eq(((const char *)first)[PAGE - 1], 'a');
	ck_assert_int_eq(((const char *)second)[99], 'b');
	/* What was not read is not what an earlier page left there. */
	ck_assert_int_eq(((const char *)second)[100], 0);
	ends_close(&ends);
}
END_TEST

/* One stream takes all the room there is; the other still has one page, again and again. */
START_TEST(bounded_memory)
{
	struct ends ends;
	const void *page, *first = NULL;
	size_t held = 0;
	int result;

	ends_open(&ends);
	for (;; held++) {
		put(&ends, 0, 'x', 64);
		result = next(&ends, 0, &page);
		if (result != 1)
			break;
		first = first ? first : page;
		ck_assert_uint_lt(held, 100000);
	}
	ck_assert_int_eq(result, -ENOBUFS);
	ck_assert_uint_ge(held, 1000);
	for (int i = 0; i < 3; i++) {
		const void *more;

		put(&ends, 1, 'y', 64);
		put(&ends, 1, 'z', 64);
		ck_assert_int_eq(next(&ends, 1, &page), 1);
		ck_assert_int_eq(*(const char *)page, 'y');
		ck_assert_int_eq(next(&ends, 1, &more), -ENOBUFS);
		ends.source->ops->release(ends.source, 1, page);
		ck_assert_int_eq(next(&ends, 1, &page), 1);
		ck_assert_int_eq(*(const char *)page, 'z');
		ends.source->ops->release(ends.source, 1, page);
	}
	ends.source->ops->release(ends.source, 0, first);
	ck_assert_int_eq(next(&ends, 0, &page), 1);
	ends_close(&ends);
}
END_TEST

static uint64_t ms(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000 + (uint64_t)time.tv_nsec / 1000000;
}

/* However long the caller would wait, the buffers are looked at again soon; and a wake-up is heard
 * at once. */
START_TEST(waits)
{
	struct ends ends;
	int wake[2];
	uint64_t start = ms();

	ends_open(&ends);
	ck_assert_int_eq(pipe(wake), 0);
	ck_assert_int_eq(ends.source->ops->wait(ends.source, wake[0], -1), 0);
	ck_assert_uint_ge(ms() - start, 40);
	ck_assert_uint_le(ms() - start, 1000);

	start = ms();
	put(&ends, 1, 'a', 10);
	ck_assert_int_eq(ends.source->ops->wait(ends.source, wake[0], 10000), 0);
	ck_assert_uint_le(ms() - start, 1000);

	ck_assert_int_eq(write(wake[1], "x", 1), 1);
	start = ms();
	ck_assert_int_eq(ends.source->ops->wait(ends.source, wake[0], 10000), 0);
	ck_assert_uint_le(ms() - start, 1000);
	close(wake[0]);
	close(wake[1]);
	ends_close(&ends);
}
END_TEST

/*
 * A CPU without a ring buffer has nothing to wait for, and says so at once: others are waited for
 * all the same. A pipe of which the other end is closed says it, too.
 */
START_TEST(waits_for_the_others)
{
	int pipes[2], pair[2];
	struct live_stream streams[2];
	struct page_source *source;
	const void *page;
	uint64_t start;

	ck_assert_int_eq(pipe(pipes), 0);
	close(pipes[0]);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, pair), 0);
	streams[0] = (struct live_stream){ pipes[1], 0, 0 };
	streams[1] = (struct live_stream){ pair[1], 1, 0 };
	ck_assert_int_eq(live_open(streams, 2, PAGE, &source), 0);
	ck_assert_int_eq(source->ops->wait(source, -1, -1), 0);
	for (int i = 0; i < 3; i++) {
		start = ms();
		ck_assert_int_eq(source->ops->wait(source, -1, -1), 0);
		ck_assert_uint_ge(ms() - start, 40);
	}
	ck_assert_int_eq(write(pair[0], "x", 1), 1);
	ck_assert_int_eq(source->ops->wait(source, -1, 10000), 0);
	ck_assert_int_eq(source->ops->next(source, 1, &page), 1);
	source->ops->close(source);
	close(pipes[1]);
	close(pair[0]);
	close(pair[1]);
}
END_TEST

START_TEST(errors)
{
	struct live_stream stream = { -1, 0, 0 };
	struct page_source *source;
	const void *page;

	ck_assert_int_eq(live_open(&stream, 1, PAGE, &source), 0);
	ck_assert_int_eq(source->ops->next(source, 0, &page), -EBADF);
	source->ops->close(source);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("ring-live");
	TCase *tests = tcase_create("live");
	SRunner *runner = srunner_create(suite);

	tcase_add_test(tests, pages_as_they_come);
	tcase_add_test(tests, bounded_memory);
	tcase_add_test(tests, waits);
	tcase_add_test(tests, waits_for_the_others);
	tcase_add_test(tests, errors);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_NORMAL);

	int failed = srunner_ntests_failed(runner);

	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
