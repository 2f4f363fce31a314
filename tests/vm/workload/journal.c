/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Keys and values in, lines of JSON out. Strings here are names of the workload's own and need no
 * escapes.
 */
#include "journal.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

uint64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

static __attribute__((format(printf, 2, 3))) void add(struct line *line, const char *format, ...)
{
	size_t room = sizeof(line->text) - line->used;
	va_list args;

	va_start(args, format);
	int length = vsnprintf(line->text + line->used, room, format, args);
	va_end(args);
	if (length < 0 || (size_t)length >= room) {
		fprintf(stderr, "workload: a line of the truth is too long\n");
		exit(1);
	}
	line->used += (size_t)length;
}

void line_begin(struct line *line, const char *kind)
{
	line->used = 0;
	add(line, "{\"kind\":\"%s\"", kind);
}

void line_number(struct line *line, const char *key, int64_t number)
{
	add(line, ",\"%s\":%" PRId64, key, number);
}

void line_string(struct line *line, const char *key, const char *text)
{
	add(line, ",\"%s\":\"%s\"", key, text);
}

void line_address(struct line *line, const char *prefix, const struct sockaddr_storage *address)
{
	const struct sockaddr_in *in = (const struct sockaddr_in *)address;
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)address;
	char text[INET6_ADDRSTRLEN];
	unsigned int port;

	if (address->ss_family == AF_INET) {
		inet_ntop(AF_INET, &in->sin_addr, text, sizeof(text));
		port = ntohs(in->sin_port);
	} else if (address->ss_family == AF_INET6) {
		inet_ntop(AF_INET6, &in6->sin6_addr, text, sizeof(text));
		port = ntohs(in6->sin6_port);
	} else {
		return;
	}
	add(line, ",\"%saddr\":\"%s\",\"%sport\":%u", prefix, text, prefix, port);
}

void line_write(struct line *line, int fd)
{
	add(line, "}\n");
	if (write(fd, line->text, line->used) != (ssize_t)line->used) {
		perror("workload: the truth cannot be written");
		exit(1);
	}
}
