/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How much of the output has been written, in memory that outlives the process: another one that
 * makes the same output again goes on where this one ended.
 */
#ifndef NK_OUTPUT_PROGRESS_H
#define NK_OUTPUT_PROGRESS_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

/* Zero-initialise. */
struct output_progress {
	atomic_uint_least64_t written;
	atomic_int is_writing; /* a thread is between looking at is_over and counting */
	atomic_int is_over;    /* nothing more is to be written: who wants to, waits for the end */
	uint64_t skip;	       /* bytes that are left out, as they have been written before */
};

/* Before another process uses it. */
void output_progress_restart(struct output_progress *progress);

/* Writes all of it, as file_write_all(); progress NULL: nothing is kept. One thread at a time. */
int output_progress_write(struct output_progress *progress, int fd, const void *data,
			  size_t length);

/* For the handler of a fatal signal, not in a thread that writes: waits until none is at it. */
void output_progress_end(struct output_progress *progress);

#endif
