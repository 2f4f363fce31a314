/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * In: a session that was stopped. Out: whether memory that cannot be read is counted as a missed
 * hit. It defines an event that reads address 0 as a string, whose length the kernel wants to know
 * before it asks whether there is a buffer to write to, and closes a socket. It does so in an
 * instance of its own: with an event the kernel empties every ring buffer that ever had it enabled,
 * and the session's may not have been read yet.
 */
#include "session/unreadable.h"

#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "session/definitions.h"
#include "session/instance.h"
#include "session/ownership.h"
#include "session/state.h"
#include "session/stats.h"

#define GROUP  "nk"
#define SYMBOL "inet_release"

static bool fire(const struct session *session, const char *event, const char *enable)
{
	struct profile_counts counts = { 0 };
	int fd;

	if (file_write(session->tracefs_fd, enable, "1", 0) != 0)
		return false;
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd >= 0)
		close(fd);
	if (stats_read_profile(session->tracefs_fd, &event, 1, &counts) != 0)
		counts.hits = 0;
	file_write(session->tracefs_fd, enable, "0", 0);
	return counts.hits > 0 && counts.misses >= counts.hits;
}

static bool fire_in(struct session *session, const char *instance, const char *event)
{
	NK_FREE char *enable = xasprintf("instances/%s/events/%s/enable", instance, event);
	struct diags unsaid = { 0 };
	bool is_counted;
	int err = session_make_instance(session, instance, &unsaid);

	diags_clear(&unsaid);
	if (err)
		return false;
	is_counted = fire(session, event, enable);
	/* One that does not go now is tried again at the session's end, and told of. */
	if (instance_remove(session->tracefs_fd, instance) != 0)
		session_add_stray(session, instance);
	return is_counted;
}

bool unreadable_counts_as_missed(struct session *session)
{
	NK_FREE char *instance = xasprintf("%s-unreadable", session->state->name);
	NK_FREE char *event = xasprintf(GROUP "/unreadable_%d", (int)getpid());
	NK_FREE char *text = xasprintf("p:%s " SYMBOL " x=@0:string", event);
	const char *name = event;
	struct definition_line line = { event, text };
	size_t refused;
	bool is_counted = false, busy = false;
	int err = 0;

	if (session_own(session, event) != 0)
		return false;
	if (definitions_write(session->tracefs_fd, &line, 1, &refused) == 0) {
		is_counted = fire_in(session, instance, event);
		err = definitions_delete(session->tracefs_fd, &name, 1, &busy);
	}
	if (!err)
		session_disown(session, event);
	return is_counted;
}
