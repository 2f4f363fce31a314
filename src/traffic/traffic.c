/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The socket calls of known traffic, each with its line in the shared log. The ends of a socket
 * are kept by its descriptor, from what was bound, connected and accepted: asking the kernel would
 * be traffic too.
 */
#include "traffic/traffic.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { ACCEPT_WAIT_MS = 5000 };

const char *const traffic_what_names[TRAFFIC_WHAT_COUNT] = {
	[TRAFFIC_SOCKET] = "socket",   [TRAFFIC_BIND] = "bind",		[TRAFFIC_LISTEN] = "listen",
	[TRAFFIC_CONNECT] = "connect", [TRAFFIC_ACCEPT] = "accept",	[TRAFFIC_SEND] = "send",
	[TRAFFIC_RECV] = "recv",       [TRAFFIC_SHUTDOWN] = "shutdown", [TRAFFIC_CLOSE] = "close",
};

void *traffic_shared_new(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

void traffic_shared_free(void *memory, size_t size)
{
	if (memory)
		munmap(memory, size);
}

uint64_t traffic_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

void traffic_sleep_ms(unsigned int ms)
{
	struct timespec time = { .tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000 };

	while (nanosleep(&time, &time) && errno == EINTR)
		;
}

static struct traffic_socket *socket_of(struct traffic *traffic, int fd)
{
	static const struct traffic_socket none;

	if (fd >= 0 && fd < TRAFFIC_FDS_MAX)
		return &traffic->sockets[fd];
	/* A descriptor beyond the table: its calls are logged without their ends. */
	traffic->sockets[0] = none;
	return &traffic->sockets[0];
}

/* Logs a call that began at start_ns and has just ended. */
static struct traffic_call *note(struct traffic *traffic, enum traffic_what what, int fd,
				 uint64_t start_ns, int64_t result)
{
	struct traffic_log *log = traffic->log;
	const struct traffic_socket *socket = socket_of(traffic, fd);
	uint64_t end_ns = traffic_now();
	struct traffic_call *call = &traffic->spare;

	if (log->count < TRAFFIC_CALLS_MAX)
		call = &log->calls[log->count++];
	else
		log->dropped++;
	*call = (struct traffic_call){ .what = what,
				       .pid = getpid(),
				       .fd = fd,
				       .family = socket->family,
				       .type = socket->type,
				       .protocol = socket->protocol,
				       .local = socket->local,
				       .remote = socket->remote,
				       .result = result,
				       .start_ns = start_ns,
				       .end_ns = end_ns };
	return call;
}

int traffic_open(struct traffic *traffic, int family, int type, int protocol)
{
	uint64_t start = traffic_now();
	int fd = socket(family, type | SOCK_CLOEXEC, protocol);
	int result = fd < 0 ? -errno : fd;

	*socket_of(traffic, fd) = (struct traffic_socket){ .family = family,
							   .type = type & ~SOCK_NONBLOCK,
							   .protocol = protocol };
	note(traffic, TRAFFIC_SOCKET, fd, start, result);
	return result;
}

int traffic_bind(struct traffic *traffic, int fd, const struct endpoint *local)
{
	uint64_t start = traffic_now();
	int result = bind(fd, &local->any, local->length) ? -errno : 0;

	if (!result)
		socket_of(traffic, fd)->local = *local;
	note(traffic, TRAFFIC_BIND, fd, start, result)->local = *local;
	return result;
}

int traffic_listen(struct traffic *traffic, int fd, int backlog)
{
	uint64_t start = traffic_now();
	int result = listen(fd, backlog) ? -errno : 0;

	note(traffic, TRAFFIC_LISTEN, fd, start, result)->length = (uint64_t)backlog;
	return result;
}

int traffic_connect(struct traffic *traffic, int fd, const struct endpoint *remote)
{
	uint64_t start = traffic_now();
	int result = connect(fd, &remote->any, remote->length) ? -errno : 0;

	if (!result || result == -EINPROGRESS)
		socket_of(traffic, fd)->remote = *remote;
	note(traffic, TRAFFIC_CONNECT, fd, start, result)->remote = *remote;
	return result;
}

int traffic_accept(struct traffic *traffic, int fd)
{
	struct traffic_socket accepted = *socket_of(traffic, fd);

	/* A socket that blocks would wait for ever where the connection got lost. */
	traffic_wait_readable(fd, ACCEPT_WAIT_MS);
	uint64_t start = traffic_now();
	accepted.remote.length = sizeof(accepted.remote.in6);
	int new_fd = accept4(fd, &accepted.remote.any, &accepted.remote.length, SOCK_CLOEXEC);
	int result = new_fd < 0 ? -errno : new_fd;

	if (new_fd >= 0)
		*socket_of(traffic, new_fd) = accepted;
	struct traffic_call *call = note(traffic, TRAFFIC_ACCEPT, fd, start, result);
	if (new_fd >= 0)
		call->remote = accepted.remote;
	return result;
}

ssize_t traffic_send(struct traffic *traffic, int fd, size_t length, int flags,
		     const struct endpoint *to)
{
	if (length > sizeof(traffic->junk))
		return -EMSGSIZE;
	memset(traffic->junk, 'n', length);
	uint64_t start = traffic_now();
	ssize_t sent = sendto(fd, traffic->junk, length, flags | MSG_NOSIGNAL, to ? &to->any : NULL,
			      to ? to->length : 0);
	ssize_t result = sent < 0 ? -errno : sent;
	struct traffic_call *call = note(traffic, TRAFFIC_SEND, fd, start, result);

	call->length = length;
	if (to)
		call->remote = *to;
	return result;
}

ssize_t traffic_send_bytes(struct traffic *traffic, int fd, const void *bytes, size_t length,
			   const struct sockaddr *address, socklen_t address_length)
{
	uint64_t start = traffic_now();
	ssize_t sent = sendto(fd, bytes, length, MSG_NOSIGNAL, address, address_length);
	ssize_t result = sent < 0 ? -errno : sent;
	struct traffic_call *call = note(traffic, TRAFFIC_SEND, fd, start, result);

	call->length = length;
	if (address && address_length <= sizeof(call->remote.in6)) {
		memcpy(&call->remote.in6, address, address_length);
		call->remote.length = address_length;
	}
	return result;
}

ssize_t traffic_recv_bytes(struct traffic *traffic, int fd, void *buffer, size_t room, int flags,
			   struct endpoint *from)
{
	struct endpoint sender = { .length = sizeof(sender.in6) };
	uint64_t start = traffic_now();
	ssize_t got = recvfrom(fd, buffer, room, flags, from ? &sender.any : NULL,
			       from ? &sender.length : NULL);
	ssize_t result = got < 0 ? -errno : got;
	struct traffic_call *call = note(traffic, TRAFFIC_RECV, fd, start, result);

	call->length = room;
	if (from && result >= 0) {
		*from = sender;
		call->remote = sender;
	}
	return result;
}

ssize_t traffic_recv(struct traffic *traffic, int fd, size_t room, int flags, struct endpoint *from)
{
	if (room > sizeof(traffic->junk))
		room = sizeof(traffic->junk);
	return traffic_recv_bytes(traffic, fd, traffic->junk, room, flags, from);
}

int traffic_shutdown(struct traffic *traffic, int fd, int how)
{
	uint64_t start = traffic_now();
	int result = shutdown(fd, how) ? -errno : 0;

	note(traffic, TRAFFIC_SHUTDOWN, fd, start, result);
	return result;
}

int traffic_close(struct traffic *traffic, int fd)
{
	uint64_t start = traffic_now();
	int result = close(fd) ? -errno : 0;

	note(traffic, TRAFFIC_CLOSE, fd, start, result);
	return result;
}

void traffic_reset_at_close(int fd)
{
	const struct linger at_once = { .l_onoff = 1, .l_linger = 0 };

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
}

int traffic_wait_readable(int fd, unsigned int ms)
{
	struct pollfd pollfd = { .fd = fd, .events = POLLIN };

	return poll(&pollfd, 1, (int)ms) > 0 ? 0 : -ETIMEDOUT;
}
