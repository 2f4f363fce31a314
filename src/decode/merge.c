/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sub-buffers of all streams in, raw records in time order out: a heap of the streams' next
 * records. Live it holds: a record that was read at R is given only when each stream that has
 * nothing at hand was found empty by a read begun after R + SETTLE_NS. For an older record not seen
 * yet took its time stamp before R, and is in the ring buffer at most that much later. No clock of
 * the kernel needs to be known for this. While records wait, the pages behind them are read on into
 * a queue.
 */
#include "decode/merge.h"

#include <errno.h>
#include <time.h>

#include "base/alloc.h"

#define SETTLE_NS                                                                                  \
	(20 * 1000000ULL)	   /* from taking a time stamp to its record in the ring buffer    \
				    */
#define ROUND_NS  (2 * 1000000ULL) /* rounds of reading are at least so far apart */
#define QUEUE_MAX 1024		   /* pages of a stream, read and not yet walked; a power of two */

struct queued {
	const void *page;
	uint64_t read_at;
};

struct merge_stream {
	struct walk_layout layout; /* with its own size of a page */
	struct walk walk;
	struct walk_record head;
	const void *page;  /* that head is in; NULL: nothing at hand */
	uint64_t read_at;  /* of page, on this machine's clock */
	uint64_t empty_at; /* when the last read that found nothing began */
	bool is_ended;
	struct walk_loss loss; /* to be told before head */
	bool is_damaged;       /* so is this: what could not be read lay here */
	struct queued *queue;  /* live only */
	unsigned int queue_first, queue_count;
};

struct heap_item {
	uint64_t ts;
	uint32_t stream;
};

struct merge {
	struct page_source *source;
	struct merge_stream *streams;
	struct heap_item *heap;
	size_t heap_count;
	uint64_t next_ts;     /* of the earliest of the others, or less */
	bool is_given;	      /* the record of heap[0] was given: it goes at the next call */
	bool is_held_back;    /* live, and more may come */
	uint64_t clear_until; /* pages read until then can be given */
	uint64_t round_at;    /* when the last round of reading began */
	uint64_t given_ts;    /* of what was given last */
	uint64_t lost;
	bool is_lost_by_damage;
	uint64_t damaged;
	int error;
};

static uint64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000000ULL + (uint64_t)time.tv_nsec;
}

static bool is_before(const struct heap_item *a, const struct heap_item *b)
{
	return a->ts < b->ts || (a->ts == b->ts && a->stream < b->stream);
}

static void heap_sink(struct merge *merge)
{
	struct heap_item *heap = merge->heap, item = heap[0];
	size_t at = 0, child;

	while ((child = 2 * at + 1) < merge->heap_count) {
		if (child + 1 < merge->heap_count && is_before(&heap[child + 1], &heap[child]))
			child++;
		if (!is_before(&heap[child], &item))
			break;
		heap[at] = heap[child];
		at = child;
	}
	heap[at] = item;
	merge->next_ts = UINT64_MAX;
	for (child = 1; child < 3 && child < merge->heap_count; child++)
		if (heap[child].ts < merge->next_ts)
			merge->next_ts = heap[child].ts;
}

static void heap_push(struct merge *merge, uint32_t stream)
{
	struct heap_item item = { merge->streams[stream].head.ts, stream };
	size_t at = merge->heap_count++;

	while (at > 0 && is_before(&item, &merge->heap[(at - 1) / 2])) {
		merge->heap[at] = merge->heap[(at - 1) / 2];
		at = (at - 1) / 2;
	}
	merge->heap[at] = item;
	merge->next_ts = 0;
}

static void note_damage(struct merge *merge, struct merge_stream *stream)
{
	merge->damaged++;
	stream->is_damaged = true;
}

/*
 * One page from the source, never waiting. One that is damaged is left out; a stream that fails has
 * ended, and the error is told last.
 */
static int read_page(struct merge *merge, uint32_t index, struct queued *out)
{
	struct merge_stream *stream = &merge->streams[index];
	uint64_t begun = merge->is_held_back ? now() : 0;
	int result;

	while ((result = merge->source->ops->next(merge->source, index, &out->page)) == -EBADMSG)
		note_damage(merge, stream);
	if (result > 0) {
		out->read_at = merge->is_held_back ? now() : 0;
		return 1;
	}
	if (result == -ENOBUFS)
		return 0;
	if (result == 0)
		stream->empty_at = begun;
	if (result < 0 && merge->error == 0)
		merge->error = result;
	stream->is_ended = result < 0 || !merge->is_held_back;
	return 0;
}

/* Reads on while the stream has something and the queue has room. */
static void fill_queue(struct merge *merge, uint32_t index)
{
	struct merge_stream *stream = &merge->streams[index];

	while (!stream->is_ended && stream->queue_count < QUEUE_MAX) {
		unsigned int place = (stream->queue_first + stream->queue_count) % QUEUE_MAX;

		if (read_page(merge, index, &stream->queue[place]) == 0)
			break;
		stream->queue_count++;
	}
}

static bool take_page(struct merge *merge, uint32_t index)
{
	struct merge_stream *stream = &merge->streams[index];
	struct queued page;

	if (stream->queue_count > 0) {
		page = stream->queue[stream->queue_first];
		stream->queue_first = (stream->queue_first + 1) % QUEUE_MAX;
		stream->queue_count--;
	} else if (merge->is_held_back || stream->is_ended || !read_page(merge, index, &page)) {
		return false;
	}

	struct walk_loss loss;

	stream->page = page.page;
	stream->read_at = page.read_at;
	if (walk_start(&stream->walk, &stream->layout, page.page, &loss) < 0)
		note_damage(merge, stream);
	if (loss.is_lost) {
		stream->loss.is_lost = true;
		stream->loss.count += loss.count;
	}
	return true;
}

/* Moves a stream to its next record, through as many pages as it takes. False: none at hand. */
static bool advance(struct merge *merge, uint32_t index)
{
	struct merge_stream *stream = &merge->streams[index];

	while (stream->page || take_page(merge, index)) {
		int result = walk_next(&stream->walk, &stream->head);

		if (result > 0)
			return true;
		if (result < 0)
			note_damage(merge, stream);
		merge->source->ops->release(merge->source, index, stream->page);
		stream->page = NULL;
	}
	return false;
}

/* Live: reads all streams, and finds out until when what they gave is complete. */
static void read_round(struct merge *merge)
{
	bool is_over = true;

	merge->round_at = now();
	merge->clear_until = UINT64_MAX;
	for (uint32_t i = 0; i < merge->source->stream_count; i++) {
		struct merge_stream *stream = &merge->streams[i];

		fill_queue(merge, i);
		if (!stream->page && advance(merge, i))
			heap_push(merge, i);
		if (!stream->page && !stream->is_ended && stream->empty_at < merge->clear_until)
			merge->clear_until = stream->empty_at;
		is_over = is_over && stream->is_ended;
	}
	if (is_over)
		merge->is_held_back = false;
}

/* The record that was given last is done with. */
static void drop_given(struct merge *merge)
{
	uint32_t index = merge->heap[0].stream;
	struct merge_stream *stream = &merge->streams[index];
	const void *page = stream->page;

	merge->is_given = false;
	if (advance(merge, index)) {
		merge->heap[0].ts = stream->head.ts;
		/* A CPU mostly has several records before another one's turn. */
		if (stream->head.ts >= merge->next_ts)
			heap_sink(merge);
	} else {
		merge->heap[0] = merge->heap[--merge->heap_count];
		heap_sink(merge);
		if (!stream->is_ended && stream->empty_at < merge->clear_until)
			merge->clear_until = stream->empty_at;
	}
	/* Printing a long queue must not let the ring buffers overflow meanwhile. */
	if (merge->is_held_back && stream->page != page && now() - merge->round_at > ROUND_NS)
		read_round(merge);
}

static bool can_give(const struct merge *merge)
{
	if (merge->heap_count == 0)
		return false;
	return !merge->is_held_back || merge->clear_until == UINT64_MAX ||
	       merge->streams[merge->heap[0].stream].read_at + SETTLE_NS <= merge->clear_until;
}

static void give_loss(struct merge *merge, struct merge_stream *stream)
{
	merge->lost = stream->loss.count;
	merge->is_lost_by_damage = !stream->loss.is_lost;
	stream->loss = (struct walk_loss){ 0 };
	stream->is_damaged = false;
}

/* At the end: what was lost behind a stream's last record, or before records that are none. */
static bool give_last_loss(struct merge *merge, struct record_place *out)
{
	for (uint32_t i = 0; i < merge->source->stream_count; i++) {
		if (!merge->streams[i].loss.is_lost)
			continue;
		*out = (struct record_place){ .ts = merge->given_ts, .stream = i };
		give_loss(merge, &merge->streams[i]);
		return true;
	}
	return false;
}

int merge_next(struct merge *merge, struct record_place *out)
{
	if (merge->is_given)
		drop_given(merge);
	if (!can_give(merge)) {
		if (merge->is_held_back)
			read_round(merge);
		if (merge->heap_count == 0 && !merge->is_held_back) {
			if (give_last_loss(merge, out))
				return 1;
			return merge->error ? merge->error : -ENODATA;
		}
		if (!can_give(merge))
			return 0;
	}

	struct merge_stream *stream = &merge->streams[merge->heap[0].stream];

	out->ts = merge->given_ts = stream->head.ts;
	out->stream = merge->heap[0].stream;
	out->data = NULL;
	out->size = 0;
	if (stream->loss.is_lost || stream->is_damaged) {
		give_loss(merge, stream);
		return 1;
	}
	out->data = stream->head.data;
	out->size = stream->head.size;
	merge->is_given = true;
	return 1;
}

void merge_flush(struct merge *merge)
{
	if (!merge->is_held_back)
		return;
	if (merge->is_given)
		drop_given(merge);
	merge->is_held_back = false;
	for (uint32_t i = 0; i < merge->source->stream_count; i++)
		if (!merge->streams[i].page && advance(merge, i))
			heap_push(merge, i);
}

uint64_t merge_lost(const struct merge *merge)
{
	return merge->lost;
}

bool merge_is_lost_by_damage(const struct merge *merge)
{
	return merge->is_lost_by_damage;
}

uint64_t merge_take_damaged(struct merge *merge)
{
	uint64_t damaged = merge->damaged;

	merge->damaged = 0;
	return damaged;
}

struct merge *merge_new(struct page_source *source, const struct walk_layout *layout)
{
	struct merge *merge = xcalloc(1, sizeof(*merge));

	merge->source = source;
	merge->streams = xcalloc(source->stream_count + 1, sizeof(*merge->streams));
	merge->heap = xcalloc(source->stream_count + 1, sizeof(*merge->heap));
	merge->is_held_back = source->is_live;
	for (uint32_t i = 0; i < source->stream_count; i++) {
		merge->streams[i].layout = *layout;
		if (source->streams[i].page_size)
			merge->streams[i].layout.page_size = source->streams[i].page_size;
		if (source->is_live)
			merge->streams[i].queue = xcalloc(QUEUE_MAX, sizeof(struct queued));
		else if (advance(merge, i))
			heap_push(merge, i);
	}
	return merge;
}

void merge_free(struct merge *merge)
{
	if (!merge)
		return;
	for (uint32_t i = 0; i < merge->source->stream_count; i++) {
		struct merge_stream *stream = &merge->streams[i];

		if (stream->page)
			merge->source->ops->release(merge->source, i, stream->page);
		while (stream->queue_count-- > 0) {
			const void *page = stream->queue[stream->queue_first].page;

			stream->queue_first = (stream->queue_first + 1) % QUEUE_MAX;
			merge->source->ops->release(merge->source, i, page);
		}
		free(stream->queue);
	}
	free(merge->streams);
	free(merge->heap);
	free(merge);
}
