/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The truth, as JSON Lines: a line is built in memory and written by one write(), so that processes
 * and threads that share the file never mix.
 */
#ifndef NK_WORKLOAD_JOURNAL_H
#define NK_WORKLOAD_JOURNAL_H

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

struct line {
	size_t used;
	char text[32768];
};

/* CLOCK_MONOTONIC in ns: what the trace clock "mono" counts. */
uint64_t now(void);

void line_begin(struct line *line, const char *kind);
void line_number(struct line *line, const char *key, int64_t number);
void line_string(struct line *line, const char *key, const char *text);
/* "<prefix>addr" and "<prefix>port" of an AF_INET or AF_INET6 address; nothing for others. */
void line_address(struct line *line, const char *prefix, const struct sockaddr_storage *address);
/* Writes the line to the file; ends the process where it cannot: a truth with holes is none. */
void line_write(struct line *line, int fd);

#endif
