/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sockets from socket() to close(), each call with a line in the truth.
 */
#include "call.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "note.h"

void actor_begin(struct actor *actor, struct run *run, const char *comm)
{
	memset(actor, 0, sizeof(*actor));
	actor->run = run;
	actor->pid = getpid();
	actor->tid = (pid_t)syscall(SYS_gettid);
	snprintf(actor->comm, sizeof(actor->comm), "%s", comm);
	prctl(PR_SET_NAME, actor->comm);
}

static const char *family_name(int family)
{
	switch (family) {
	case AF_INET:
		return "inet";
	case AF_INET6:
		return "inet6";
	case AF_UNIX:
		return "unix";
	case AF_NETLINK:
		return "netlink";
	case AF_PACKET:
		return "packet";
	}
	return "?";
}

static const char *type_name(int type)
{
	switch (type) {
	case SOCK_STREAM:
		return "stream";
	case SOCK_DGRAM:
		return "dgram";
	case SOCK_RAW:
		return "raw";
	case SOCK_SEQPACKET:
		return "seqpacket";
	}
	return "?";
}

const char *sock_state(const struct sock *sock)
{
	/* include/net/tcp_states.h */
	static const char *const names[] = { "?",	   "ESTABLISHED", "SYN_SENT",  "SYN_RECV",
					     "FIN_WAIT1",  "FIN_WAIT2",	  "TIME_WAIT", "CLOSE",
					     "CLOSE_WAIT", "LAST_ACK",	  "LISTEN",    "CLOSING" };
	struct tcp_info info;
	socklen_t length = sizeof(info);

	if (sock->protocol != IPPROTO_TCP || sock->type != SOCK_STREAM ||
	    getsockopt(sock->fd, IPPROTO_TCP, TCP_INFO, &info, &length) != 0 ||
	    info.tcpi_state >= sizeof(names) / sizeof(*names))
		return NULL;
	return names[info.tcpi_state];
}

void sock_name(const struct sock *sock, struct sockaddr_storage *address)
{
	socklen_t length = sizeof(*address);

	memset(address, 0, sizeof(*address));
	getsockname(sock->fd, (struct sockaddr *)address, &length);
}

/* What the kernel calls the two ends now; of a connection that is no more, what they were. */
static void note_ends(struct note *note, const struct sock *sock)
{
	struct sockaddr_storage address;
	socklen_t length = sizeof(address);

	if (sock->family != AF_INET && sock->family != AF_INET6)
		return;
	sock_name(sock, &address);
	line_address(&note->line, "l", &address);
	if (getpeername(sock->fd, (struct sockaddr *)&address, &length) != 0) {
		if (sock->peer.ss_family != 0) {
			address = sock->peer;
			line_number(&note->line, "was_connected", 1);
		} else {
			net_wildcard(sock->family, 0, &address);
		}
	}
	line_address(&note->line, "r", &address);
}

static void note_actor(struct note *note, const struct actor *actor, const char *call)
{
	line_begin(&note->line, "call");
	line_string(&note->line, "scenario", actor->run->scenario);
	line_string(&note->line, "call", call);
	line_number(&note->line, "tgid", actor->pid);
	line_number(&note->line, "pid", actor->tid);
	line_string(&note->line, "comm", actor->comm);
}

void note_begin(struct note *note, const struct actor *actor, const struct sock *sock,
		const char *call)
{
	const char *state = sock_state(sock);

	note_actor(note, actor, call);
	line_number(&note->line, "sock", sock->number);
	line_string(&note->line, "side", sock->side == NEAR ? "near" : "far");
	line_string(&note->line, "family", family_name(sock->family));
	line_string(&note->line, "type", type_name(sock->type));
	line_number(&note->line, "proto", sock->protocol);
	if (state)
		line_string(&note->line, "state", state);
	note_ends(note, sock);
}

int note_result(struct note *note)
{
	line_number(&note->line, "start", (int64_t)note->start);
	line_number(&note->line, "end", (int64_t)note->end);
	line_number(&note->line, "ret", note->result < 0 ? -note->error : note->result);
	return (int)(note->result < 0 ? -note->error : note->result);
}

static int finish(struct note *note, const struct actor *actor)
{
	int result = note_result(note);

	line_write(&note->line, actor->run->out);
	return result;
}

static struct sock *sock_new(struct actor *actor, enum side side, int fd)
{
	struct sock *sock = calloc(1, sizeof(*sock));
	socklen_t length = sizeof(int);

	if (!sock)
		abort();
	sock->fd = fd;
	sock->side = side;
	/* Threads may accept at the same time. */
	sock->number = __atomic_add_fetch(&actor->run->next_sock, 1, __ATOMIC_RELAXED);
	getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &sock->family, &length);
	getsockopt(fd, SOL_SOCKET, SO_TYPE, &sock->type, &length);
	getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &sock->protocol, &length);
	return sock;
}

struct sock *call_socket(struct actor *actor, enum side side, int family, int type, int protocol)
{
	struct note note;
	struct sock *sock;

	net_enter(actor->run, side);
	note_actor(&note, actor, "socket");
	NOTE_CALL(&note, socket(family, type | SOCK_CLOEXEC, protocol));
	net_leave(actor->run);
	sock = note.result >= 0 ? sock_new(actor, side, (int)note.result) : NULL;
	line_number(&note.line, "sock", sock ? sock->number : 0);
	line_string(&note.line, "family", family_name(family));
	line_string(&note.line, "type", type_name(type & ~SOCK_NONBLOCK));
	line_number(&note.line, "proto", sock ? sock->protocol : protocol);
	finish(&note, actor);
	return sock;
}

bool call_socketpair(struct actor *actor, int family, int type, struct sock *pair[2])
{
	int fds[2];

	if (socketpair(family, type | SOCK_CLOEXEC, 0, fds) != 0)
		return false;
	pair[0] = sock_new(actor, NEAR, fds[0]);
	pair[1] = sock_new(actor, NEAR, fds[1]);
	return true;
}

void call_close(struct actor *actor, struct sock *sock)
{
	struct note note;

	note_begin(&note, actor, sock, "close");
	NOTE_CALL(&note, close(sock->fd));
	finish(&note, actor);
	free(sock);
}

int call_bind(struct actor *actor, struct sock *sock, const struct sockaddr_storage *address)
{
	struct note note;

	note_begin(&note, actor, sock, "bind");
	line_address(&note.line, "to_", address);
	NOTE_CALL(&note, bind(sock->fd, (const struct sockaddr *)address, net_length(address)));
	return finish(&note, actor);
}

int call_listen(struct actor *actor, struct sock *sock, int backlog)
{
	struct note note;

	note_begin(&note, actor, sock, "listen");
	line_number(&note.line, "backlog", backlog);
	NOTE_CALL(&note, listen(sock->fd, backlog));
	return finish(&note, actor);
}

void note_after(struct note *note, const struct sock *sock)
{
	struct sockaddr_storage address;

	sock_name(sock, &address);
	line_address(&note->line, "after_l", &address);
	if (sock->peer.ss_family != 0)
		line_address(&note->line, "after_r", &sock->peer);
}

void note_over(struct note *note, const struct sock *sock)
{
	struct sockaddr_storage address;
	socklen_t length = sizeof(address);

	if (sock->peer.ss_family != 0 &&
	    getpeername(sock->fd, (struct sockaddr *)&address, &length) != 0)
		line_number(&note->line, "is_over", 1);
}

int call_connect(struct actor *actor, struct sock *sock, const struct sockaddr_storage *address)
{
	struct note note;

	note_begin(&note, actor, sock, "connect");
	line_address(&note.line, "to_", address);
	NOTE_CALL(&note, connect(sock->fd, (const struct sockaddr *)address, net_length(address)));
	/* A refused connection has had its two ends, and one to nowhere may have. */
	if (note.result == 0 || note.error == EINPROGRESS || note.error == ECONNREFUSED ||
	    note.error == ENETUNREACH)
		sock->peer = *address;
	note_after(&note, sock);
	return finish(&note, actor);
}

int call_shutdown(struct actor *actor, struct sock *sock, int how)
{
	struct note note;

	note_begin(&note, actor, sock, "shutdown");
	line_number(&note.line, "how", how);
	NOTE_CALL(&note, shutdown(sock->fd, how));
	return finish(&note, actor);
}

struct sock *call_accept(struct actor *actor, struct sock *sock, bool wants_address)
{
	struct sockaddr_storage address;
	socklen_t length = sizeof(address);
	struct sock *accepted = NULL;
	struct note note;

	note_begin(&note, actor, sock, "accept");
	if (wants_address)
		NOTE_CALL(&note, accept(sock->fd, (struct sockaddr *)&address, &length));
	else
		NOTE_CALL(&note, accept4(sock->fd, NULL, NULL, SOCK_CLOEXEC));
	if (note.result >= 0) {
		accepted = sock_new(actor, sock->side, (int)note.result);
		length = sizeof(accepted->peer);
		getpeername(accepted->fd, (struct sockaddr *)&accepted->peer, &length);
		line_number(&note.line, "accepted", accepted->number);
		note_after(&note, accepted);
	}
	finish(&note, actor);
	return accepted;
}

void sock_wait(const struct sock *sock, int events)
{
	struct pollfd poll_fd = { .fd = sock->fd, .events = (short)events };

	poll(&poll_fd, 1, 3000);
}

void sock_set(const struct sock *sock, int level, int option, int value)
{
	if (setsockopt(sock->fd, level, option, &value, sizeof(value)) != 0)
		perror("workload: setsockopt");
}
