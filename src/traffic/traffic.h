/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Known traffic: thin wrappers of the socket calls that write down what was asked for, what came
 * of it and when, so that records of the kernel can be held against the truth. The log is memory
 * shared with the process that started the traffic (traffic/agent.h).
 */
#ifndef NK_TRAFFIC_TRAFFIC_H
#define NK_TRAFFIC_TRAFFIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "traffic/endpoint.h"
#include "traffic/net.h"

enum traffic_what {
	TRAFFIC_SOCKET,
	TRAFFIC_BIND,
	TRAFFIC_LISTEN,
	TRAFFIC_CONNECT,
	TRAFFIC_ACCEPT,
	TRAFFIC_SEND,
	TRAFFIC_RECV,
	TRAFFIC_SHUTDOWN,
	TRAFFIC_CLOSE,
	TRAFFIC_WHAT_COUNT
};

extern const char *const traffic_what_names[TRAFFIC_WHAT_COUNT];

/* One call and its truth. Times are CLOCK_MONOTONIC, as the trace clock "mono". */
struct traffic_call {
	enum traffic_what what;
	int32_t pid;
	int32_t fd; /* of the socket; of ACCEPT the listening one's */
	int32_t family, type, protocol;
	struct endpoint local, remote; /* after the call, as far as the pieces know them */
	uint64_t length;	       /* SEND, RECV: bytes asked for; LISTEN: backlog */
	int64_t result;		       /* of the call, or -errno */
	uint64_t start_ns, end_ns;
	uint8_t icmp_type, icmp_code; /* SEND on ICMP sockets */
};

enum { TRAFFIC_CALLS_MAX = 8192, TRAFFIC_FDS_MAX = 256, TRAFFIC_SEND_MAX = 65536 };

struct traffic_log {
	size_t count;
	size_t dropped; /* beyond TRAFFIC_CALLS_MAX */
	struct traffic_call calls[TRAFFIC_CALLS_MAX];
};

/* What is known of an open socket, by its descriptor. */
struct traffic_socket {
	int32_t family, type, protocol;
	struct endpoint local, remote;
};

struct traffic {
	struct traffic_net net;
	struct traffic_log *log; /* shared */
	struct traffic_socket sockets[TRAFFIC_FDS_MAX];
	struct traffic_call spare;   /* what the log has no room for */
	char junk[TRAFFIC_SEND_MAX]; /* what is sent without a meaning and received without being
					wanted */
};

/* Shared, zeroed memory; NULL where there is none. Released by traffic_shared_free(). */
void *traffic_shared_new(size_t size);
void traffic_shared_free(void *memory, size_t size);

uint64_t traffic_now(void); /* CLOCK_MONOTONIC, ns */
void traffic_sleep_ms(unsigned int ms);

/*
 * The calls. Each returns what the system call does, or -errno, and logs itself. Sockets are
 * close-on-exec. length of SEND is of bytes of no meaning (an 'n' each); RECV throws away.
 */
int traffic_open(struct traffic *traffic, int family, int type, int protocol);
int traffic_bind(struct traffic *traffic, int fd, const struct endpoint *local);
int traffic_listen(struct traffic *traffic, int fd, int backlog);
int traffic_connect(struct traffic *traffic, int fd, const struct endpoint *remote);
/* The new descriptor; waits up to five seconds for the connection. */
int traffic_accept(struct traffic *traffic, int fd);
/* to may be NULL: to the connected end. At most TRAFFIC_SEND_MAX bytes. */
ssize_t traffic_send(struct traffic *traffic, int fd, size_t length, int flags,
		     const struct endpoint *to);
/* Bytes of the caller's, for protocols that look at them. address may be NULL. */
ssize_t traffic_send_bytes(struct traffic *traffic, int fd, const void *bytes, size_t length,
			   const struct sockaddr *address, socklen_t address_length);
/* Up to room bytes (TRAFFIC_SEND_MAX at most); from may be NULL. */
ssize_t traffic_recv(struct traffic *traffic, int fd, size_t room, int flags,
		     struct endpoint *from);
/* The same, kept in the caller's buffer. */
ssize_t traffic_recv_bytes(struct traffic *traffic, int fd, void *buffer, size_t room, int flags,
			   struct endpoint *from);
int traffic_shutdown(struct traffic *traffic, int fd, int how);
int traffic_close(struct traffic *traffic, int fd);
/*
 * A TCP socket, or a listener and what it accepts: will be closed by RST, at the end of the process
 * too, so that nothing is sent again and no TIME_WAIT is left where the other end does not answer.
 */
void traffic_reset_at_close(int fd);

/* Waits until fd can be read. 0, or -ETIMEDOUT. */
int traffic_wait_readable(int fd, unsigned int ms);

#endif
