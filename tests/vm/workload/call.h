/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * System calls that are noted: each makes one call of the kernel's and writes one line that says
 * who made it, when it began and ended, on what socket, with what, and what came of it. The
 * socket's two ends are as the kernel names them right before the call.
 */
#ifndef NK_WORKLOAD_CALL_H
#define NK_WORKLOAD_CALL_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "journal.h"
#include "net.h"

/* A thread with a name that stays the same for its whole life: ftrace knows one name a thread. */
struct actor {
	struct run *run;
	pid_t pid, tid;
	char comm[16];
};

struct sock {
	int fd;
	int number; /* of this run */
	enum side side;
	int family, type, protocol;
	struct sockaddr_storage peer; /* of the last connect() or accept(); ss_family 0: none */
};

void actor_begin(struct actor *actor, struct run *run, const char *comm);

/* NULL where the kernel refuses: noted too. */
struct sock *call_socket(struct actor *actor, enum side side, int family, int type, int protocol);
bool call_socketpair(struct actor *actor, int family, int type, struct sock *pair[2]);
/* Closes and frees. */
void call_close(struct actor *actor, struct sock *sock);

/* 0 or -errno, as are all that follow; counts of bytes where they succeed. */
int call_bind(struct actor *actor, struct sock *sock, const struct sockaddr_storage *address);
int call_listen(struct actor *actor, struct sock *sock, int backlog);
int call_connect(struct actor *actor, struct sock *sock, const struct sockaddr_storage *address);
int call_shutdown(struct actor *actor, struct sock *sock, int how);
struct sock *call_accept(struct actor *actor, struct sock *sock, bool wants_address);

enum send_how { SEND, SENDTO, SENDMSG, WRITE, WRITEV };
enum recv_how { RECV, RECVFROM, RECVMSG, READ, READV };

/* len bytes of a pattern; data: these instead. to: NULL where the socket is connected. */
struct send {
	enum send_how how;
	size_t len;
	const void *data;
	const struct sockaddr_storage *to;
	int flags;
	const char *note; /* what else the checker should know, or NULL */
};
ssize_t call_send(struct actor *actor, struct sock *sock, const struct send *wish);

struct recv {
	enum recv_how how;
	size_t len;
	int flags;
	void *data; /* NULL: thrown away */
	const char *note;
};
ssize_t call_recv(struct actor *actor, struct sock *sock, const struct recv *wish);

/* count datagrams of these lengths in one call: a line each. */
int call_sendmmsg(struct actor *actor, struct sock *sock, const size_t *lens, unsigned int count);
int call_recvmmsg(struct actor *actor, struct sock *sock, const size_t *lens, unsigned int count);
ssize_t call_sendfile(struct actor *actor, struct sock *sock, int file, size_t len);
/* From (is_from) or to the socket, through a pipe. */
ssize_t call_splice(struct actor *actor, struct sock *sock, int pipe, size_t len, bool is_from);

/* Waits until the socket can be read, without receiving: poll() is seen by no probe. */
void sock_wait(const struct sock *sock, int events);
const char *sock_state(const struct sock *sock); /* of TCP: NULL for others */
void sock_set(const struct sock *sock, int level, int option, int value);
void sock_name(const struct sock *sock, struct sockaddr_storage *address);

#endif
