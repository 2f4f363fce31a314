/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which process a number means: to the kernel's tracing it is one of the host's pid namespace, to
 * /proc one of the namespace that it was mounted in, to getpid(2) one of the caller's
 * (pid_namespaces(7)).
 */
#ifndef NK_SESSION_PROCESS_H
#define NK_SESSION_PROCESS_H

#include <stdbool.h>
#include <sys/types.h>

/* A process, also when another one has got its number. */
struct process_id {
	pid_t pid;		  /* in its own pid namespace */
	unsigned long long start; /* field 22 of /proc/PID/stat */
	unsigned long long space; /* inode of /proc/PID/ns/pid; 0: not known */
};

/*
 * The caller's pid namespace, as in struct process_id. 0 on kernels before v3.8, and without
 * CONFIG_PID_NS: there is but one.
 */
unsigned long long process_space(int root_fd);
/* Whether getpid(2) tells the numbers that the kernel's tracing has. */
bool process_is_in_host(int root_fd);

/* pid: of the caller, or one of its pid namespace. 0 or -errno, -ENOENT: it is not there. */
int process_identify(int root_fd, pid_t pid, struct process_id *out);

/* Whether its number is one of another pid namespace than the caller's. */
bool process_is_elsewhere(int root_fd, const struct process_id *id);

/*
 * Whether it lives. One of a pid namespace that cannot be seen from here may live, and does then.
 * 0; -errno where /proc tells nothing, for want of descriptors and the like.
 */
int process_look(int root_fd, const struct process_id *id, bool *is_alive);

#endif
