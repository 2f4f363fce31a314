/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An instance of tracefs (Documentation/trace/ftrace.rst, "Instances"): made, set, opened, removed.
 * libtracefs knows one tracefs per process; here all is relative to a descriptor, so that tests can
 * give a directory of their own. The top-level buffer and its options are never written.
 */
#ifndef NK_SESSION_INSTANCE_H
#define NK_SESSION_INSTANCE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/diag.h"
#include "kernel/features.h"
#include "session/session.h"

struct instance_settings {
	size_t kb;	  /* per CPU */
	size_t subbuf_kb; /* 0: as the kernel has it */
	const char *clock;
	int buffer_percent;
	bool follow_children;
	const char *pids; /* for set_event_pid, separated by blanks; NULL: all */
};

/* -EBUSY: there is one of that name. */
int instance_look(int tracefs_fd, const char *name, struct diags *diags);
/* mkdir; errors as those of instance_look(). */
int instance_make(int tracefs_fd, const char *name, struct diags *diags);
/* One that is open: off, and set up; says its page_size. */
int instance_configure(struct session_instance *instance, const struct features *features,
		       const struct instance_settings *settings, struct diags *diags);
/* The size of its sub-buffers, in bytes. */
size_t instance_page_size(const struct session_instance *instance);
/* Opens the directory of out->name, and lists its CPUs. */
int instance_look_into(int tracefs_fd, struct session_instance *out, struct diags *diags);
/* The same, and opens every CPU's trace_pipe_raw. */
int instance_open(int tracefs_fd, struct session_instance *out, struct diags *diags);
/* Closes what instance_open() opened; name and stats stay. */
void instance_close(struct session_instance *instance);
/* Frees all of it. */
void instance_clear(struct session_instance *instance);
/* Turns one of that name off, and its events, as far as it goes. */
void instance_silence(int tracefs_fd, const char *name);
/* rmdir; waits a moment for a dying reader. One that is gone is fine. 0 or -errno. */
int instance_remove(int tracefs_fd, const char *name);

int instance_turn(const struct session_instance *instance, bool on);
/* Adds a task to those that the instance sees. */
int instance_add_pid(const struct session_instance *instance, pid_t pid);
/* The same of several, as tasks_of() has them. */
int instance_add_tasks(const struct session_instance *instance, const char *tasks);
/* Disables all events of the instance. */
int instance_disable(const struct session_instance *instance);

#endif
