/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Calls that were entered and have not returned yet, as copies of their entry records.
 */
#ifndef NK_DECODE_JOIN_H
#define NK_DECODE_JOIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct join_key {
	uint32_t pair; /* which entry and return events */
	int pid;       /* the thread */
	uint32_t instance;
	int cpu;	 /* for pid 0, which runs on every CPU; else 0 */
	bool is_softirq; /* what runs on top of a thread is not the thread's */
};

struct join_entry {
	struct join_key key;
	uint64_t ts;
	uint32_t stream; /* that it came by */
	uint32_t size;
	const unsigned char *data;
	const char *comm;
};

struct join;

/* calls: how many at most are kept; bytes: of a record, what is longer is cut. */
struct join *join_new(size_t calls, size_t bytes, size_t stream_count);
void join_free(struct join *join);

/* Events of a stream were lost before ts: entries that this can concern are not to be trusted. */
void join_lost(struct join *join, uint32_t stream, uint64_t ts);

/*
 * A call is entered. An entry that has to go for it (its return was missed) is given back, valid
 * until the following call of a join function; else NULL.
 */
const struct join_entry *join_enter(struct join *join, const struct join_entry *entry);

/*
 * A call returns: its entry, or NULL; valid as above. *is_sure false: events were lost meanwhile
 * where either of them came by, so that the two need not belong together.
 */
const struct join_entry *join_leave(struct join *join, const struct join_key *key, uint32_t stream,
				    bool *is_sure);

/* The oldest that is open, valid as above; NULL: none is. */
const struct join_entry *join_take_oldest(struct join *join);

/* How many calls are open. */
size_t join_open_count(const struct join *join);

#endif
