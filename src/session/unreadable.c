/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * In: a session whose instances are off. Out: whether memory that cannot be read is counted as a
 * missed hit. It defines an event that reads address 0 as a string, whose length the kernel wants
 * to know before it asks whether there is a buffer to write to, and closes a socket.
 */
#include "session/unreadable.h"

#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/file.h"
#include "session/definitions.h"
#include "session/instance.h"
#include "session/state.h"
#include "session/stats.h"

#define GROUP  "nk"
#define SYMBOL "inet_release"

static bool fire(struct session *session, const char *event, const char *enable)
{
	struct profile_counts counts = { 0 };
	const struct session_instance *instance = &session->instances[0];
	int fd;

	/* An instance that sees some processes alone would not read for another one. */
	instance_add_pid(instance, getpid());
	if (file_write(instance->dir_fd, enable, "1", 0) != 0)
		return false;
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd >= 0)
		close(fd);
	if (stats_read_profile(session->tracefs_fd, &event, 1, &counts) != 0)
		counts.hits = 0;
	file_write(instance->dir_fd, enable, "0", 0);
	return counts.hits > 0 && counts.misses >= counts.hits;
}

bool unreadable_counts_as_missed(struct session *session)
{
	char event[64], text[160], enable[96];
	const char *name = event;
	struct definition_line line = { event, text };
	size_t refused;
	bool is_counted = false, busy = false;

	snprintf(event, sizeof(event), GROUP "/unreadable_%d", (int)getpid());
	snprintf(text, sizeof(text), "p:%s " SYMBOL " x=@0:string", event);
	snprintf(enable, sizeof(enable), "events/%s/enable", event);
	if (session->instance_count == 0 || session_own(session, event) != 0)
		return false;
	if (definitions_write(session->tracefs_fd, &line, 1, &refused) == 0) {
		is_counted = fire(session, event, enable);
		definitions_delete(session->tracefs_fd, &name, 1, &busy);
	}
	if (!busy)
		session_disown(session, event);
	return is_counted;
}
