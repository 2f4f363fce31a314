/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TCP: connections that open, carry odd numbers of bytes each way, and end in each of the ways that
 * tcp_close() can meet.
 */
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "scenario.h"

struct sock *tcp_listen(struct actor *actor, struct sockaddr_storage *address, int backlog)
{
	struct sock *sock = call_socket(actor, FAR, address->ss_family, SOCK_STREAM, 0);

	if (!sock)
		return NULL;
	sock_set(sock, SOL_SOCKET, SO_REUSEADDR, 1);
	if (call_bind(actor, sock, address) != 0 || call_listen(actor, sock, backlog) != 0) {
		call_close(actor, sock);
		return NULL;
	}
	return sock;
}

bool tcp_open(struct actor *actor, struct connection *connection,
	      const struct sockaddr_storage *from, const struct sockaddr_storage *to)
{
	connection->server = NULL;
	connection->client = call_socket(actor, NEAR, to->ss_family, SOCK_STREAM, 0);
	if (!connection->client)
		return false;
	/* One send, one segment: so that every one of them can be told. */
	sock_set(connection->client, IPPROTO_TCP, TCP_NODELAY, 1);
	if (from) {
		sock_set(connection->client, SOL_SOCKET, SO_REUSEADDR, 1);
		call_bind(actor, connection->client, from);
	}
	if (call_connect(actor, connection->client, to) == 0)
		connection->server =
			call_accept(actor, connection->listener, connection->client->number & 1);
	if (!connection->server) {
		call_close(actor, connection->client);
		return false;
	}
	sock_set(connection->server, IPPROTO_TCP, TCP_NODELAY, 1);
	return true;
}

void exchange(struct actor *actor, struct sock *from, struct sock *to, enum send_how send,
	      enum recv_how recv, size_t len)
{
	struct send message = { .how = send, .len = len };
	ssize_t sent = call_send(actor, from, &message);

	while (sent > 0) {
		struct recv wanted = { .how = recv, .len = (size_t)sent };
		ssize_t received = call_recv(actor, to, &wanted);

		if (received <= 0)
			break;
		sent -= received;
	}
}

static ssize_t receive(struct actor *actor, struct sock *sock, size_t len, int flags)
{
	struct recv wanted = { .how = RECV, .len = len, .flags = flags };

	return call_recv(actor, sock, &wanted);
}

/* One of the two closes first, the other sees the end of the stream and closes too. */
void tcp_end(struct actor *actor, struct connection *connection, struct sock *first)
{
	struct sock *last = first == connection->client ? connection->server : connection->client;

	call_close(actor, first);
	receive(actor, last, 4096, 0);
	call_close(actor, last);
}

static void talk(struct actor *actor, struct connection *connection)
{
	static const enum send_how sends[] = { SEND, SENDTO, SENDMSG, WRITE, WRITEV };
	static const enum recv_how recvs[] = { RECV, RECVFROM, RECVMSG, READ, READV };
	struct run *run = actor->run;
	struct send message = { .how = SEND };

	for (size_t i = 0; i < 5; i++)
		exchange(actor, connection->client, connection->server, sends[i], recvs[i],
			 run_odd(run, 33, 1399));
	exchange(actor, connection->server, connection->client, SEND, RECV, run_odd(run, 33, 999));
	if (run->is_lo)
		exchange(actor, connection->client, connection->server, WRITE, READ,
			 run_odd(run, 20000, 40000));

	/* A buffer that is too small, one that is too large, and nothing to receive. */
	message.len = 301;
	call_send(actor, connection->client, &message);
	receive(actor, connection->server, 97, 0);
	receive(actor, connection->server, 1001, 0);
	receive(actor, connection->server, 77, MSG_DONTWAIT);

	/* Two messages, received as one. */
	call_send(actor, connection->client, &message);
	message.len = 55;
	call_send(actor, connection->client, &message);
	receive(actor, connection->server, 356, MSG_WAITALL);
}

/* A half of the connection is shut first: tcp_close() then meets one that is closed already. */
static void end_by_halves(struct actor *actor, struct connection *connection)
{
	call_shutdown(actor, connection->client, SHUT_WR);
	receive(actor, connection->server, 4096, 0);
	exchange(actor, connection->server, connection->client, SEND, RECV, 123);
	call_close(actor, connection->server);
	receive(actor, connection->client, 4096, 0);
	usleep(100000);
	call_close(actor, connection->client);
}

void scenario_tcp(struct actor *actor, int family)
{
	struct run *run = actor->run;
	struct sockaddr_storage from, to, wildcard;
	struct connection connection;

	net_address(run, FAR, family, net_port(run), &to);
	connection.listener = tcp_listen(actor, &to, (int)run_odd(run, 3, 99));
	if (!connection.listener)
		return;
	if (tcp_open(actor, &connection, NULL, &to)) {
		talk(actor, &connection);
		tcp_end(actor, &connection, connection.client);
	}
	net_address(run, NEAR, family, net_port(run), &from);
	if (tcp_open(actor, &connection, &from, &to)) {
		talk(actor, &connection);
		tcp_end(actor, &connection, connection.server);
	}
	call_close(actor, connection.listener);

	/* A listener at no address in particular; the other end's port is the kernel's choice. */
	net_address(run, FAR, family, net_port(run), &to);
	net_address(run, NEAR, family, 0, &from);
	memcpy(&wildcard, &to, sizeof(to));
	if (family == AF_INET)
		((struct sockaddr_in *)&wildcard)->sin_addr.s_addr = 0;
	else
		((struct sockaddr_in6 *)&wildcard)->sin6_addr = in6addr_any;
	connection.listener = tcp_listen(actor, &wildcard, 1);
	if (!connection.listener)
		return;
	if (tcp_open(actor, &connection, &from, &to)) {
		talk(actor, &connection);
		end_by_halves(actor, &connection);
	}
	call_close(actor, connection.listener);
}

/* Nobody listens; nobody has connected. */
void scenario_refused(struct actor *actor, int family)
{
	struct run *run = actor->run;
	struct sockaddr_storage to, foreign;
	struct sock *sock;

	net_address(run, FAR, family, net_port(run), &to);
	sock = call_socket(actor, NEAR, family, SOCK_STREAM, 0);
	if (!sock)
		return;
	call_connect(actor, sock, &to);
	call_close(actor, sock);

	sock = call_socket(actor, NEAR, family, SOCK_STREAM | SOCK_NONBLOCK, 0);
	call_connect(actor, sock, &to);
	sock_wait(sock, POLLOUT);
	receive(actor, sock, 99, 0);
	call_close(actor, sock);

	/* No way leads to TEST-NET-1 and 2001:db8::1. */
	sock = call_socket(actor, NEAR, family, SOCK_STREAM, 0);
	net_foreign(family, net_port(run), &foreign);
	call_connect(actor, sock, &foreign);
	call_close(actor, sock);

	sock = call_socket(actor, FAR, family, SOCK_STREAM | SOCK_NONBLOCK, 0);
	call_bind(actor, sock, &to);
	call_listen(actor, sock, 7);
	call_accept(actor, sock, true);
	call_close(actor, sock);
}

struct acceptor {
	struct actor actor;
	struct run *run;
	struct sock *listener;
	int number;
	pthread_t thread;
};

static void *accept_one(void *argument)
{
	struct acceptor *acceptor = argument;
	char comm[16] = "nk-acceptor-0";
	struct sock *sock;

	comm[12] = (char)('0' + acceptor->number);
	actor_begin(&acceptor->actor, acceptor->run, comm);
	sock = call_accept(&acceptor->actor, acceptor->listener, true);
	if (sock) {
		receive(&acceptor->actor, sock, 4096, 0);
		call_close(&acceptor->actor, sock);
	}
	return NULL;
}

#define ACCEPTORS 3

/* Several threads sleep in accept() of one listener at the same time. */
void scenario_accept_threads(struct actor *actor, int family)
{
	struct run *run = actor->run;
	struct acceptor acceptors[ACCEPTORS];
	struct sockaddr_storage to;

	net_address(run, FAR, family, net_port(run), &to);
	struct sock *listener = tcp_listen(actor, &to, 5);
	if (!listener)
		return;
	for (int i = 0; i < ACCEPTORS; i++) {
		acceptors[i].run = run;
		acceptors[i].listener = listener;
		acceptors[i].number = i;
		if (pthread_create(&acceptors[i].thread, NULL, accept_one, &acceptors[i]) != 0)
			abort();
	}
	usleep(100000);
	for (int i = 0; i < ACCEPTORS; i++) {
		struct sock *sock = call_socket(actor, NEAR, family, SOCK_STREAM, 0);
		struct send message = { .how = SEND, .len = run_odd(run, 33, 999) };

		if (call_connect(actor, sock, &to) == 0) {
			call_send(actor, sock, &message);
			/* The other end closes first. */
			receive(actor, sock, 4096, 0);
		}
		call_close(actor, sock);
	}
	for (int i = 0; i < ACCEPTORS; i++)
		pthread_join(acceptors[i].thread, NULL);
	call_close(actor, listener);
}

/* The first message goes with the SYN. The second connection has the cookie of the first. */
void scenario_fast_open(struct actor *actor, int family)
{
	struct run *run = actor->run;
	struct sockaddr_storage to;
	int sysctl = open("/proc/sys/net/ipv4/tcp_fastopen", O_WRONLY | O_CLOEXEC);

	if (sysctl < 0 || write(sysctl, "3", 1) != 1)
		return;
	close(sysctl);
	net_address(run, FAR, family, net_port(run), &to);
	struct sock *listener = tcp_listen(actor, &to, 9);
	if (!listener)
		return;
	sock_set(listener, IPPROTO_TCP, TCP_FASTOPEN, 5);
	for (int i = 0; i < 2; i++) {
		struct send message = {
			.how = SENDTO, .len = 211, .to = &to, .flags = MSG_FASTOPEN
		};
		struct connection connection = { listener, NULL, NULL };

		connection.client = call_socket(actor, NEAR, family, SOCK_STREAM, 0);
		if (call_send(actor, connection.client, &message) > 0) {
			connection.client->peer = to;
			connection.server = call_accept(actor, listener, true);
		}
		if (connection.server) {
			receive(actor, connection.server, 4096, 0);
			tcp_end(actor, &connection, connection.client);
		} else {
			call_close(actor, connection.client);
		}
	}
	call_close(actor, listener);
}

/* IPv6 sockets that talk IPv4: TCP, then UDP. */
void scenario_mapped(struct actor *actor, int family)
{
	struct run *run = actor->run;
	struct sockaddr_storage to, to6, wildcard;
	struct sockaddr_in *in = (struct sockaddr_in *)&to;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&to6;
	struct connection connection;
	struct send message = { .how = SENDTO, .len = 135, .to = &to6 };
	struct recv wanted = { .how = RECVFROM, .len = 999 };

	net_address(run, FAR, AF_INET, net_port(run), &to);
	net_wildcard(AF_INET6, ntohs(in->sin_port), &to6);
	net_wildcard(family, ntohs(in->sin_port), &wildcard);
	in6->sin6_addr.s6_addr[10] = in6->sin6_addr.s6_addr[11] = 0xff;
	memcpy(&in6->sin6_addr.s6_addr[12], &in->sin_addr, 4);

	connection.listener = tcp_listen(actor, &wildcard, 11);
	if (connection.listener && tcp_open(actor, &connection, NULL, &to6)) {
		talk(actor, &connection);
		tcp_end(actor, &connection, connection.client);
	}
	if (connection.listener)
		call_close(actor, connection.listener);

	struct sock *server = call_socket(actor, FAR, AF_INET6, SOCK_DGRAM, 0);
	struct sock *client = call_socket(actor, NEAR, AF_INET6, SOCK_DGRAM, 0);
	call_bind(actor, server, &wildcard);
	if (call_send(actor, client, &message) > 0)
		call_recv(actor, server, &wanted);
	if (call_connect(actor, client, &to6) == 0)
		exchange(actor, client, server, SEND, RECVFROM, 257);
	call_close(actor, client);
	call_close(actor, server);
}

/* A file and a pipe into a connection, and out of it into a pipe. */
void scenario_zero_copy(struct actor *actor, int family)
{
	struct run *run = actor->run;
	struct sockaddr_storage to;
	struct connection connection;
	int pipe_fds[2], file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	net_address(run, FAR, family, net_port(run), &to);
	connection.listener = tcp_listen(actor, &to, 13);
	if (file < 0 || pipe(pipe_fds) != 0 || !connection.listener)
		return;
	if (tcp_open(actor, &connection, NULL, &to)) {
		call_sendfile(actor, connection.client, file, 777);
		receive(actor, connection.server, 777, MSG_WAITALL);
		if (write(pipe_fds[1], "nk", 2) == 2) {
			call_splice(actor, connection.client, pipe_fds[0], 2, false);
			sock_wait(connection.server, POLLIN);
			call_splice(actor, connection.server, pipe_fds[1], 2, true);
		}
		tcp_end(actor, &connection, connection.client);
	}
	call_close(actor, connection.listener);
	close(pipe_fds[0]);
	close(pipe_fds[1]);
	close(file);
}

void scenario_peek(struct actor *actor, int family)
{
	struct run *run = actor->run;
	struct sockaddr_storage to;
	struct connection connection;
	struct send message = { .how = SEND, .len = 147 };

	net_address(run, FAR, family, net_port(run), &to);
	connection.listener = tcp_listen(actor, &to, 15);
	if (!connection.listener)
		return;
	if (tcp_open(actor, &connection, NULL, &to)) {
		call_send(actor, connection.client, &message);
		receive(actor, connection.server, 33, MSG_PEEK);
		receive(actor, connection.server, 33, MSG_PEEK | MSG_TRUNC);
		receive(actor, connection.server, 147, 0);
		tcp_end(actor, &connection, connection.client);
	}
	call_close(actor, connection.listener);
}
