/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Entries and returns in, pairs out. All memory is made at the start: a table of slots, chained by
 * hash with the newest first, so that calls of one thread to one function nest like a stack; and
 * chained by age, so that the oldest goes where the table is full. A return takes the newest entry
 * of its thread.
 */
#include "decode/join.h"

#include <string.h>

#include "base/alloc.h"
#include "decode/comm.h"

/* One function calling itself in one thread: tunnels and stacked devices do. Deeper is a missed
 * return. */
#define DEPTH_MAX 4

struct slot {
	struct join_entry entry;
	struct slot *next;	    /* same hash, older */
	struct slot *older, *newer; /* of all that are open */
	char comm[COMM_LENGTH];
};

struct join {
	struct slot *slots;
	unsigned char *bytes;
	size_t slot_bytes;
	struct slot *free;
	struct slot **buckets;
	size_t bucket_count; /* a power of two */
	struct slot ages;    /* .older: the newest, .newer: the oldest */
	size_t open;
	uint64_t *lost_at;  /* by stream */
	struct slot *given; /* free from the following call on */
};

static bool is_same(const struct join_key *a, const struct join_key *b)
{
	return a->pid == b->pid && a->pair == b->pair && a->cpu == b->cpu &&
	       a->instance == b->instance && a->is_softirq == b->is_softirq;
}

static struct slot **bucket(const struct join *join, const struct join_key *key)
{
	uint64_t hash = ((uint64_t)key->pair << 32 | (uint32_t)key->pid) * 0x9e3779b97f4a7c15ULL;

	hash ^= hash >> 29;
	return &join->buckets[hash & (join->bucket_count - 1)];
}

/* Where the newest entry of a key hangs, or NULL. */
static struct slot **find(const struct join *join, const struct join_key *key)
{
	for (struct slot **at = bucket(join, key); *at; at = &(*at)->next)
		if (is_same(&(*at)->entry.key, key))
			return at;
	return NULL;
}

/* The oldest of a key, where there are as many as may nest. */
static struct slot **find_excess(const struct join *join, const struct join_key *key)
{
	struct slot **oldest = NULL;
	int depth = 0;

	for (struct slot **at = bucket(join, key); *at; at = &(*at)->next) {
		if (is_same(&(*at)->entry.key, key)) {
			oldest = at;
			depth++;
		}
	}
	return depth >= DEPTH_MAX ? oldest : NULL;
}

static struct slot **find_hanging(const struct join *join, struct slot *slot)
{
	struct slot **at = bucket(join, &slot->entry.key);

	while (*at != slot)
		at = &(*at)->next;
	return at;
}

/* Takes an entry out; its slot lives until the following call. */
static const struct join_entry *take(struct join *join, struct slot **at)
{
	struct slot *slot = *at;

	*at = slot->next;
	slot->older->newer = slot->newer;
	slot->newer->older = slot->older;
	join->open--;
	join->given = slot;
	return &slot->entry;
}

static void reclaim(struct join *join)
{
	if (!join->given)
		return;
	join->given->next = join->free;
	join->free = join->given;
	join->given = NULL;
}

static bool is_doubtful(const struct join *join, const struct join_entry *entry, uint32_t stream)
{
	return join->lost_at[entry->stream] > entry->ts || join->lost_at[stream] > entry->ts;
}

static void keep(struct join *join, const struct join_entry *entry)
{
	struct slot *slot = join->free;
	struct slot **first = bucket(join, &entry->key);
	unsigned char *bytes = join->bytes + (size_t)(slot - join->slots) * join->slot_bytes;

	join->free = slot->next;
	slot->entry = *entry;
	if (slot->entry.size > join->slot_bytes)
		slot->entry.size = (uint32_t)join->slot_bytes;
	memcpy(bytes, entry->data, slot->entry.size);
	slot->entry.data = bytes;
	memset(slot->comm, 0, sizeof(slot->comm));
	memcpy(slot->comm, entry->comm, strnlen(entry->comm, COMM_LENGTH - 1));
	slot->entry.comm = slot->comm;
	slot->next = *first;
	*first = slot;
	slot->older = join->ages.older;
	slot->newer = &join->ages;
	slot->older->newer = slot;
	join->ages.older = slot;
	join->open++;
}

const struct join_entry *join_enter(struct join *join, const struct join_entry *entry)
{
	const struct join_entry *gone = NULL;

	reclaim(join);

	struct slot **at = find(join, &entry->key);

	if (!at || !is_doubtful(join, &(*at)->entry, entry->stream))
		at = at ? find_excess(join, &entry->key) : NULL;
	/* One slot stays free, for the entry that goes lives on beside the one that comes. */
	if (!at && (!join->free || !join->free->next))
		at = find_hanging(join, join->ages.newer);
	if (at)
		gone = take(join, at);
	keep(join, entry);
	return gone;
}

const struct join_entry *join_leave(struct join *join, const struct join_key *key, uint32_t stream,
				    bool *is_sure)
{
	reclaim(join);

	struct slot **at = find(join, key);

	if (!at)
		return NULL;

	const struct join_entry *entry = take(join, at);

	*is_sure = !is_doubtful(join, entry, stream);
	return entry;
}

const struct join_entry *join_take_oldest(struct join *join)
{
	reclaim(join);
	if (join->open == 0)
		return NULL;
	return take(join, find_hanging(join, join->ages.newer));
}

void join_lost(struct join *join, uint32_t stream, uint64_t ts)
{
	join->lost_at[stream] = ts;
}

size_t join_open_count(const struct join *join)
{
	return join->open;
}

struct join *join_new(size_t calls, size_t bytes, size_t stream_count)
{
	struct join *join = xcalloc(1, sizeof(*join));

	calls += 2;
	join->slots = xcalloc(calls, sizeof(*join->slots));
	join->slot_bytes = (bytes + 7) & ~(size_t)7;
	join->bytes = xcalloc(calls, join->slot_bytes + 8);
	for (join->bucket_count = 16; join->bucket_count < calls;)
		join->bucket_count *= 2;
	join->buckets = xcalloc(join->bucket_count, sizeof(struct slot *));
	join->lost_at = xcalloc(stream_count + 1, sizeof(*join->lost_at));
	join->ages.older = join->ages.newer = &join->ages;
	for (size_t i = 0; i < calls; i++) {
		join->slots[i].next = join->free;
		join->free = &join->slots[i];
	}
	return join;
}

void join_free(struct join *join)
{
	if (!join)
		return;
	free(join->slots);
	free(join->bytes);
	free(join->buckets);
	free(join->lost_at);
	free(join);
}
