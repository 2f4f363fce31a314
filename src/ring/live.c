/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * trace_pipe_raw descriptors in, sub-buffers out. A read(2) gives a whole sub-buffer or what is in
 * an unfinished one, so that nothing waits for a page to fill. Buffers come from one pool, made at
 * open: of its pages each stream that holds none is sure of one, so that a flooded CPU cannot keep
 * the others from being read, and memory is bounded by the pool.
 */
#include "ring/live.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/alloc.h"
#include "ring/raw.h"

#define POOL_PAGES 4096 /* beside one a stream: 16 MiB of the usual size, touched as needed */

/*
 * Two waits: a short one that lets events gather, so that a busy CPU costs reads by the page and
 * not by the event; then for data. The second is cut short since poll(2) of trace_pipe_raw may wake
 * only when buffer_percent is full (v5.0 on), and sooner where read pages still wait to be given.
 */
#define GATHER_MS 5
#define IDLE_MS	  45
#define HELD_MS	  16

struct live {
	struct page_source source;
	struct page_stream *streams;
	int *fds;	      /* one a stream */
	struct pollfd *polls; /* the same, -1 where none can be waited for, then the wake_fd */
	size_t *held;	      /* pages out, by stream */
	size_t holders;	      /* streams that hold any */
	unsigned char *pool;
	size_t pool_size;
	unsigned char **free;
	size_t free_count;
};

static bool has_room(const struct live *live, size_t stream)
{
	size_t promised = live->source.stream_count - live->holders;

	return live->held[stream] == 0 || live->free_count > promised;
}

static void keep(struct live *live, size_t stream)
{
	live->free_count--;
	if (live->held[stream]++ == 0)
		live->holders++;
}

static int live_next(struct page_source *source, size_t stream, const void **page)
{
	struct live *live = (struct live *)source;

	if (!has_room(live, stream))
		return -ENOBUFS;

	unsigned char *buffer = live->free[live->free_count - 1];
	ssize_t got = raw_read(live->fds[stream], buffer, source->page_size);

	if (got <= 0)
		return (int)got;
	live->polls[stream].fd = live->fds[stream];
	memset(buffer + got, 0, source->page_size - (size_t)got);
	keep(live, stream);
	*page = buffer;
	return 1;
}

static void live_release(struct page_source *source, size_t stream, const void *page)
{
	struct live *live = (struct live *)source;

	live->free[live->free_count++] = (unsigned char *)page;
	if (--live->held[stream] == 0)
		live->holders--;
}

static int wait_for(struct pollfd *polls, size_t count, int *left_ms, int at_most_ms)
{
	int time = *left_ms < 0 || *left_ms > at_most_ms ? at_most_ms : *left_ms;
	int ready = raw_poll(polls, count, time);

	if (*left_ms > 0)
		*left_ms -= time;
	return ready;
}

static int live_wait(struct page_source *source, int wake_fd, int timeout_ms)
{
	struct live *live = (struct live *)source;
	size_t count = source->stream_count;
	int left = timeout_ms;

	live->polls[count] = (struct pollfd){ .fd = wake_fd, .events = POLLIN };

	int ready = wait_for(&live->polls[count], 1, &left, GATHER_MS);

	if (ready == 0 && left != 0)
		ready = wait_for(live->polls, count + 1, &left,
				 live->holders > 0 ? HELD_MS : IDLE_MS);
	return ready < 0 && ready != -EINTR ? ready : 0;
}

static void live_close(struct page_source *source)
{
	struct live *live = (struct live *)source;

	munmap(live->pool, live->pool_size);
	free(live->free);
	free(live->held);
	free(live->polls);
	free(live->fds);
	free(live->streams);
	free(live);
}

static const struct page_source_ops live_ops = {
	.next = live_next,
	.release = live_release,
	.wait = live_wait,
	.close = live_close,
};

static void fill_pool(struct live *live, size_t pages)
{
	live->free = xcalloc(pages, sizeof(*live->free));
	/* The last is taken first: low addresses are used again and again, the rest is never
	 * touched. */
	for (size_t i = 0; i < pages; i++)
		live->free[i] = live->pool + (pages - 1 - i) * live->source.page_size;
	live->free_count = pages;
}

int live_open(const struct live_stream *streams, size_t count, size_t page_size,
	      struct page_source **out)
{
	size_t pages = POOL_PAGES + count;
	unsigned char *pool = mmap(NULL, pages * page_size, PROT_READ | PROT_WRITE,
				   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (pool == MAP_FAILED)
		return -errno;

	struct live *live = xcalloc(1, sizeof(*live));

	live->streams = xcalloc(count + 1, sizeof(*live->streams));
	live->fds = xcalloc(count + 1, sizeof(*live->fds));
	live->polls = xcalloc(count + 1, sizeof(*live->polls));
	live->held = xcalloc(count + 1, sizeof(*live->held));
	for (size_t i = 0; i < count; i++) {
		live->streams[i] =
			(struct page_stream){ streams[i].cpu, streams[i].instance, page_size };
		live->fds[i] = streams[i].fd;
		live->polls[i] = (struct pollfd){ .fd = streams[i].fd, .events = POLLIN };
	}
	live->source = (struct page_source){ .ops = &live_ops,
					     .streams = live->streams,
					     .stream_count = count,
					     .page_size = page_size,
					     .is_live = true };
	live->pool = pool;
	live->pool_size = pages * page_size;
	fill_pool(live, pages);
	*out = &live->source;
	return 0;
}
