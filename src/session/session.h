/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Kernel state of one run: its instances in tracefs and its definitions in kprobe_events, and the
 * undoing of both. Everything here writes to tracefs and runs in the broker.
 *
 * Ownership: definitions live in group "nk" for all sessions. One that exists with the same body is
 * shared; one with another body is an error that shows both; one that no session of nk made is
 * used where it is the same and never deleted. At the end of a session each definition that nk made
 * and that no instance has enabled is deleted. What a session has is noted under /run/nk before it
 * is made, with pid and start time, so that the next session and "nk clean" can undo after a dead
 * one.
 */
#ifndef NK_SESSION_SESSION_H
#define NK_SESSION_SESSION_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/diag.h"
#include "kernel/kernel.h"
#include "resolve/resolve.h"

/* An instance of its own for the probes of some sets, <session's name>-<name>. */
struct session_buffer {
	const char *name;
	const char **sets;
	size_t set_count;
	size_t kb; /* per CPU; 0: as the others */
};

struct session_options {
	const char *name;  /* of the instance; NULL: nk-<pid>, with the namespace in a container */
	size_t buffer_kb;  /* per CPU; 0: 1408, as the kernel's own default */
	const char *clock; /* NULL: "mono" */
	const pid_t *pids; /* only these; count 0: everything */
	size_t pid_count;
	bool follow_children; /* -c: options/event-fork */
	/*
	 * A flight recorder: it has no process and lives on after session_keep(), until
	 * session_remove(). The newest events stay, as in every session: only then does the kernel
	 * mark in the stream what was lost.
	 */
	bool overwrite;
	int buffer_percent; /* wake-up level of readers; 0: at once */
	size_t subbuf_kb;   /* of a sub-buffer; 0: a page. The kernel rounds it up. */
	bool per_set;	    /* an instance a set: <name>-<set> */
	const struct session_buffer *buffers;
	size_t buffer_count;
	const char *run_dir; /* NULL: "/run/nk" */
};

/* One installed trace event. */
struct session_event {
	const struct resolved_probe *probe; /* borrowed */
	const struct event_def *def;	    /* borrowed; its carrier is probe->carriers[carrier] */
	size_t carrier;
	size_t instance;		     /* index into session->instances */
	int id;				     /* of the format file */
	char *format;			     /* text of the format file */
	bool is_shared;			     /* the definition was there already */
	bool is_filtered;		     /* by the kernel: not every hit is recorded */
	char *pushed;			     /* filter beside the probe's own; NULL: none */
	uint64_t hits_before, misses_before; /* kprobe_profile before session_start() */
	/* Of this session, after session_stop(), where is_counted; a tracepoint is not counted. */
	bool is_counted;
	uint64_t hits, misses;
	/* Misses that may be memory which could not be read: on kernels that count both as one. */
	uint64_t unsure;
	/* Hits and misses of the moments of start and stop: recorded, or too early or too late. */
	uint64_t edge;
};

/* One CPU's losses in one instance, of per_cpu/cpuN/stats, after session_stop(). */
struct session_cpu_stats {
	int cpu;
	uint64_t entries, overrun, commit_overrun, bytes, dropped_events, read_events;
	char *text; /* the file as it was */
};

struct session_instance {
	char *name;
	const char **sets; /* whose events it has; names borrowed from the probes */
	size_t set_count;
	size_t kb;
	size_t page_size; /* of a sub-buffer, in bytes */
	bool is_made;	  /* by this session, in this process */
	int dir_fd;
	int *raw_fds; /* per_cpu/cpuN/trace_pipe_raw, O_RDONLY|O_NONBLOCK; index as in cpus */
	int *cpus;    /* CPU numbers */
	size_t cpu_count;
	struct session_cpu_stats
		*stats; /* cpu_count of them; NULL until it was started and stopped */
};

/* A probe that session_install() could not attach: somebody's event has its name. */
struct session_conflict {
	const struct resolved_probe *probe;
	size_t carrier; /* whose definition it was that differs from the one that is there */
};

struct session {
	int tracefs_fd;
	int run_fd; /* /run/nk */
	struct session_instance *instances;
	size_t instance_count;
	struct session_event *events;
	size_t event_count;
	struct session_conflict *conflicts;
	size_t conflict_count;
	int64_t wall_offset_ns; /* CLOCK_REALTIME minus the trace clock, at session_create() */
	bool is_disturbed; /* somebody has turned off or deleted what is the session's: events are
			      missing */
	bool is_uncounted; /* of what was hit, missed or lost something could not be read */
	bool has_wall_offset; /* false for clocks that clock_gettime(2) does not have */
	char *clock;
	char *header_page; /* events/header_page, events/header_event */
	char *header_event;
	struct session_state *state; /* what to undo; private to session/ */
};

/*
 * Undoes what dead sessions left first. Creates the instance(s); tracing_on is 0 until
 * session_start(). -EBUSY: an instance of that name is there; everything is undone on an error.
 *
 * From here to session_destroy() SIGINT, SIGTERM, SIGHUP and SIGQUIT are blocked, so that none of
 * them ends the process without the undo: broker_run() takes them meanwhile; one that comes outside
 * of it takes effect after session_destroy(), unless broker_run() has taken one before. A process
 * forked meanwhile inherits that.
 *
 * options->pids are processes: all threads of each, and with follow_children their descendants,
 * those that there are and those to come.
 */
int session_create(const struct kernel *kernel, const struct session_options *options,
		   const struct resolved_probe *probes, size_t probe_count, struct session **out,
		   struct diags *diags);

/*
 * Writes the definitions, sets their filters and enables them (nothing is recorded before
 * session_start()): for each probe its best usable carrier. Where the kernel refuses one of several
 * functions that & joins, the others carry on; where it refuses all, or refuses to enable them, the
 * next carrier is tried; each with a warning that quotes error_log with its caret mapped back to
 * the probe file. A probe all of whose carriers are refused is an error in diags, and so is one
 * whose name is taken by another definition (see session->conflicts), whatever its carrier; the
 * others go on: *refused counts both. -errno only where nothing could be installed at all. Call it
 * once.
 */
int session_install(struct session *session, size_t *refused, struct diags *diags);

/*
 * Sets the kernel's event filter of one probe's event(s): its own (event_def.filter, which
 * session_install() has set already) and, with &&, expr (NULL: its own alone). Of the two halves of
 * a joined call it is enough that one takes it, since a field may be in one of them only. -EINVAL
 * with what the kernel says of it: none does.
 */
int session_set_filter(struct session *session, const struct resolved_probe *probe,
		       const char *expr, struct diags *diags);

/* Whether the kernel's event of one of the session's is that of an earlier one, too: two probe
 * files may have the same probe. */
bool session_has_repeated(const struct session *session, size_t event);

/*
 * The same of one event of session->events; it may be refused: then its own filter alone is set
 * again, and diags (may be NULL) has what the kernel says. 0 or -errno.
 */
int session_filter_event(struct session *session, size_t event, const char *expr,
			 struct diags *diags);

/*
 * Turns all instances of the session off when an event comes of which expr, a filter of the kernel,
 * holds (NULL: any). That event is the last. 0, or -errno with a diag.
 */
int session_freeze_at(struct session *session, size_t event, const char *expr, struct diags *diags);

/* Those that end a session: blocked from session_create() to session_destroy(). */
void session_end_signals(sigset_t *set);
/* Whether one of them waits: for those who run a session without broker_run(). */
bool session_is_told_to_end(void);

/* Turns the instances on. */
int session_start(struct session *session, struct diags *diags);
/*
 * Turns the instances off and reads counts and losses; the ring buffers can still be read. Says in
 * diags where the session was disturbed. Idempotent.
 */
int session_stop(struct session *session, struct diags *diags);
/*
 * Undoes everything, in whatever state it is; frees. Says in diags what could not be undone. A
 * definition that somebody else has enabled stays, with a warning, and is no failure. NULL is fine.
 */
int session_destroy(struct session *session, struct diags *diags);
/*
 * Leaves a flight recorder (options->overwrite) to itself: frees, undoes nothing. On an error, 0 or
 * -errno with a diag, it is the caller's still. -EINTR, without one: a signal to end waits; what
 * comes after that finds it kept.
 */
int session_keep(struct session *session, struct diags *diags);

/*
 * "PID NAME" lines of tasks: the kernel's saved_cmdlines, and what /proc says of tasks that it does
 * not have. malloc'ed. 0 or -errno.
 */
int session_comms(const struct session *session, char **saved_cmdlines);

/* One session that is known under /run/nk. */
struct session_info {
	char *name;
	pid_t pid;	   /* of its broker; 0 for a flight recorder */
	bool is_elsewhere; /* that number is one of another pid namespace */
	bool is_alive;
	int64_t since; /* of the epoch, s; 0: not known */
	char **sets;   /* of probes */
	size_t set_count;
	char **instances;
	size_t instance_count;
	uint64_t *lost; /* by instance: events, so far; NULL but of session_list() */
	bool is_frozen; /* a flight recorder that has been turned off; of session_list() */
	char **events;	/* GROUP/EVENT that a flight recorder records */
	size_t event_count;
	char **silent; /* those that none of its instances has enabled now; of session_list() */
	size_t silent_count;
	char **definitions; /* GROUP/EVENT */
	size_t definition_count;
	char **shown; /* "GROUP/EVENT BODY", their lines in kprobe_events, as far as noted */
	size_t shown_count;
};

/* All sessions, with what each has in the kernel now: of what is noted and gone nothing is said. */
int session_list(const struct kernel *kernel, const char *run_dir, struct session_info **infos,
		 size_t *count, struct diags *diags);
void session_infos_free(struct session_info *infos, size_t count);
/*
 * Undoes one session that has no living process: a flight recorder, a dead one. -ESRCH: none of
 * that name; -EBUSY: it lives, or somebody reads it, for more than two seconds. *left: how many
 * definitions stay, with a warning, because somebody has them enabled; the note does, too.
 */
int session_remove(const struct kernel *kernel, const char *run_dir, const char *name, size_t *left,
		   struct diags *diags);
/*
 * Removes what dead sessions left. removed: what it was, "instance NAME" or "definition
 * GROUP/EVENT", in an error too; the caller frees all of it. left: as session_remove() has it.
 */
int session_clean(const struct kernel *kernel, const char *run_dir, char ***removed, size_t *count,
		  size_t *left, struct diags *diags);

/*
 * A note of what is in the kernel by nk's names and that no session of this run directory has
 * noted: other users and containers have directories of their own. What cannot be read is not told.
 */
void session_say_unnoted(const struct kernel *kernel, const char *run_dir, struct diags *diags);

#endif
