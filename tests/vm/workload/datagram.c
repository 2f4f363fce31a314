/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Datagrams: UDP, ICMP, a protocol of no one's, IP options and extension headers. One send is one
 * packet.
 */
#include <linux/net_tstamp.h>
#include <netinet/icmp6.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "scenario.h"

#define PROTOCOL_OF_NO_ONE 253 /* RFC 3692: for experiments */

static struct sock *udp_server(struct actor *actor, struct sockaddr_storage *address)
{
	struct sock *sock = call_socket(actor, FAR, address->ss_family, SOCK_DGRAM, 0);

	if (sock && call_bind(actor, sock, address) != 0) {
		call_close(actor, sock);
		return NULL;
	}
	return sock;
}

static ssize_t receive(struct actor *actor, struct sock *sock, enum recv_how how, size_t len,
		       int flags)
{
	struct recv wanted = { .how = how, .len = len, .flags = flags };

	return call_recv(actor, sock, &wanted);
}

static void send_to(struct actor *actor, struct sock *sock, const struct sockaddr_storage *to,
		    enum send_how how, size_t len)
{
	struct send message = { .how = how, .len = len, .to = to };

	call_send(actor, sock, &message);
}

/* The answer goes to where the question came from. */
static void answer(struct actor *actor, struct sock *server, struct sock *client, size_t len)
{
	struct sockaddr_storage to;

	sock_name(client, &to);
	send_to(actor, server, &to, SENDTO, len);
	receive(actor, client, RECVFROM, 4096, 0);
}

static void udp_unconnected(struct actor *actor, struct sock *server,
			    const struct sockaddr_storage *to)
{
	struct run *run = actor->run;
	struct sock *client = call_socket(actor, NEAR, to->ss_family, SOCK_DGRAM, 0);
	struct sock *bound = call_socket(actor, NEAR, to->ss_family, SOCK_DGRAM, 0);
	struct sockaddr_storage from;

	send_to(actor, client, to, SENDTO, run_odd(run, 33, 1399));
	receive(actor, server, RECVFROM, 4096, 0);
	send_to(actor, client, to, SENDMSG, run_odd(run, 33, 1399));
	receive(actor, server, RECVMSG, 4096, 0);
	/* Nothing at all, too much for the buffer, and nothing there. */
	send_to(actor, client, to, SENDTO, 0);
	receive(actor, server, RECVFROM, 4096, 0);
	send_to(actor, client, to, SENDTO, 501);
	receive(actor, server, RECVFROM, 101, 0);
	send_to(actor, client, to, SENDTO, 503);
	receive(actor, server, RECVFROM, 103, MSG_TRUNC);
	receive(actor, server, RECVFROM, 4096, MSG_DONTWAIT);
	call_close(actor, client);

	net_address(run, NEAR, to->ss_family, net_port(run), &from);
	call_bind(actor, bound, &from);
	send_to(actor, bound, to, SENDTO, run_odd(run, 33, 1399));
	receive(actor, server, RECV, 4096, 0);
	answer(actor, server, bound, run_odd(run, 33, 1399));
	call_close(actor, bound);
}

/* A server that is bound to no address would answer from another one than the client is connected
 * to. */
static void udp_connected(struct actor *actor, struct sock *server,
			  const struct sockaddr_storage *to, bool has_answer)
{
	struct run *run = actor->run;
	struct sock *client = call_socket(actor, NEAR, to->ss_family, SOCK_DGRAM, 0);

	call_connect(actor, client, to);
	exchange(actor, client, server, SEND, RECVFROM, run_odd(run, 33, 1399));
	exchange(actor, client, server, WRITE, READ, run_odd(run, 33, 1399));
	exchange(actor, client, server, WRITEV, READV, run_odd(run, 33, 1399));
	if (has_answer)
		answer(actor, server, client, run_odd(run, 33, 1399));
	if (run->is_lo)
		exchange(actor, client, server, SEND, RECV, run_odd(run, 9000, 15000));
	call_close(actor, client);
}

void scenario_udp(struct actor *actor, int family)
{
	struct run *run = actor->run;
	struct sockaddr_storage to, wildcard;
	struct sock *server;

	net_address(run, FAR, family, net_port(run), &to);
	server = udp_server(actor, &to);
	if (!server)
		return;
	udp_unconnected(actor, server, &to);
	udp_connected(actor, server, &to, true);
	call_close(actor, server);

	net_address(run, FAR, family, net_port(run), &to);
	net_wildcard(family, ntohs(((struct sockaddr_in *)&to)->sin_port), &wildcard);
	server = udp_server(actor, &wildcard);
	if (!server)
		return;
	udp_connected(actor, server, &to, false);
	call_close(actor, server);
}

void scenario_mmsg(struct actor *actor, int family)
{
	static const size_t sent[] = { 31, 207, 1001 }, wanted[] = { 99, 4096, 333, 4096, 4096 };
	struct run *run = actor->run;
	struct sockaddr_storage to;
	struct sock *server, *client;

	net_address(run, FAR, family, net_port(run), &to);
	server = udp_server(actor, &to);
	if (!server)
		return;
	client = call_socket(actor, NEAR, family, SOCK_DGRAM, 0);
	call_connect(actor, client, &to);
	call_sendmmsg(actor, client, sent, 3);
	usleep(50000);
	call_recvmmsg(actor, server, wanted, 5);
	call_close(actor, client);
	call_close(actor, server);
}

/* A closed port answers by ICMP; the sender learns of it at its next call. */
void scenario_unreachable(struct actor *actor, int family)
{
	struct run *run = actor->run;
	struct sockaddr_storage to;
	struct sock *sock;

	net_address(run, FAR, family, net_port(run), &to);
	sock = call_socket(actor, NEAR, family, SOCK_DGRAM, 0);
	if (!sock)
		return;
	call_connect(actor, sock, &to);
	send_to(actor, sock, NULL, SEND, 61);
	sock_wait(sock, POLLIN);
	receive(actor, sock, RECV, 99, MSG_DONTWAIT);
	call_close(actor, sock);
	/* Devices other than lo answer once a second only. */
	if (!run->is_lo)
		return;
	sock = call_socket(actor, NEAR, family, SOCK_DGRAM, 0);
	if (family == AF_INET)
		sock_set(sock, IPPROTO_IP, IP_RECVERR, 1);
	else
		sock_set(sock, IPPROTO_IPV6, IPV6_RECVERR, 1);
	send_to(actor, sock, &to, SENDTO, 83);
	sock_wait(sock, POLLERR);
	receive(actor, sock, RECVMSG, 99, MSG_ERRQUEUE | MSG_DONTWAIT);
	call_close(actor, sock);
}

/* An IPv6 socket sends to an IPv4 name, and to one of no family, which is no name at all. */
void scenario_names(struct actor *actor, int family)
{
	struct run *run = actor->run;
	struct sockaddr_storage to4, to6, nobody;
	struct sock *server4, *server6, *client;

	net_address(run, FAR, AF_INET, net_port(run), &to4);
	net_address(run, FAR, AF_INET6, net_port(run), &to6);
	server4 = udp_server(actor, &to4);
	server6 = udp_server(actor, &to6);
	client = call_socket(actor, NEAR, family, SOCK_DGRAM, 0);
	if (!server4 || !server6 || !client)
		return;
	send_to(actor, client, &to4, SENDTO, run_odd(run, 33, 1399));
	receive(actor, server4, RECVFROM, 4096, 0);
	send_to(actor, client, &to4, SENDMSG, run_odd(run, 33, 1399));
	receive(actor, server4, RECVMSG, 4096, 0);
	/* The same socket, and then one that is connected, by the other family. */
	send_to(actor, client, &to6, SENDTO, run_odd(run, 33, 1399));
	receive(actor, server6, RECVFROM, 4096, 0);
	call_close(actor, client);

	client = call_socket(actor, NEAR, family, SOCK_DGRAM, 0);
	call_connect(actor, client, &to6);
	send_to(actor, client, &to4, SENDTO, run_odd(run, 33, 1399));
	receive(actor, server4, RECVFROM, 4096, 0);
	/* Its address, and its port, are not to be believed. */
	nobody = to4;
	nobody.ss_family = AF_UNSPEC;
	send_to(actor, client, &nobody, SENDTO, run_odd(run, 33, 1399));
	receive(actor, server6, RECVFROM, 4096, 0);
	call_close(actor, client);
	call_close(actor, server4);
	call_close(actor, server6);
}

/* When a datagram was sent comes by the error queue, from nobody. */
void scenario_stamps(struct actor *actor, int family)
{
	struct run *run = actor->run;
	struct sockaddr_storage to;
	struct sock *server, *client;

	net_address(run, FAR, family, net_port(run), &to);
	server = udp_server(actor, &to);
	client = call_socket(actor, NEAR, family, SOCK_DGRAM, 0);
	if (!server || !client)
		return;
	sock_set(client, SOL_SOCKET, SO_TIMESTAMPING,
		 SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE);
	for (int i = 0; i < 2; i++) {
		send_to(actor, client, &to, SENDTO, run_odd(run, 33, 1399));
		/* Leaves a sender's name in memory that the next call finds. */
		receive(actor, server, RECVMSG, 4096, 0);
		sock_wait(client, POLLERR);
		receive(actor, client, RECVMSG, 4096, MSG_ERRQUEUE | MSG_DONTWAIT);
	}
	call_close(actor, client);
	call_close(actor, server);
}

static uint16_t checksum(const void *data, size_t len)
{
	const uint8_t *bytes = data;
	uint32_t sum = 0;

	for (size_t i = 0; i < len; i++)
		sum += (uint32_t)bytes[i] << (i % 2 ? 0 : 8);
	sum = (sum >> 16) + (sum & 0xffff);
	sum += sum >> 16;
	return htons((uint16_t)~sum);
}

/* ICMP and ICMPv6 have the echo request's header in common. */
static size_t make_echo(uint8_t *packet, int family, int sequence, size_t payload)
{
	struct icmphdr *header = (struct icmphdr *)packet;

	memset(packet, 'n', sizeof(*header) + payload);
	memset(header, 0, sizeof(*header));
	header->type = family == AF_INET ? ICMP_ECHO : ICMP6_ECHO_REQUEST;
	header->un.echo.id = htons(0x6e6b);
	header->un.echo.sequence = htons((uint16_t)sequence);
	if (family == AF_INET)
		header->checksum = checksum(packet, sizeof(*header) + payload);
	return sizeof(*header) + payload;
}

static void ping_by(struct actor *actor, int family, int type)
{
	int protocol = family == AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6;
	struct sock *sock = call_socket(actor, NEAR, family, type, protocol);
	struct sockaddr_storage to;
	uint8_t packet[2048];

	if (!sock)
		return;
	for (int i = 1; i <= 3; i++) {
		struct send message = { .how = SENDTO, .data = packet, .to = &to, .note = "echo" };

		net_address(actor->run, FAR, family, 0, &to);
		message.len = make_echo(packet, family, i, run_odd(actor->run, 33, 1399));
		call_send(actor, sock, &message);
		/* On lo a raw socket sees the request, too. */
		sock_wait(sock, POLLIN);
		while (receive(actor, sock, RECVFROM, sizeof(packet), MSG_DONTWAIT) > 0)
			;
	}
	call_close(actor, sock);
}

void scenario_ping(struct actor *actor, int family)
{
	ping_by(actor, family, SOCK_RAW);
	ping_by(actor, family, SOCK_DGRAM);
}

void scenario_raw(struct actor *actor, int family)
{
	struct run *run = actor->run;
	struct sock *server = call_socket(actor, FAR, family, SOCK_RAW, PROTOCOL_OF_NO_ONE);
	struct sock *client = call_socket(actor, NEAR, family, SOCK_RAW, PROTOCOL_OF_NO_ONE);
	struct sockaddr_storage from, to;

	if (!server || !client)
		return;
	net_address(run, FAR, family, 0, &to);
	call_bind(actor, server, &to);
	/* Nowhere that is sent to: else the sender received what it sent. */
	net_address(run, NEAR, family, 0, &from);
	call_bind(actor, client, &from);
	for (int i = 0; i < 2; i++) {
		send_to(actor, client, &to, SENDTO, run_odd(run, 33, 1399));
		receive(actor, server, RECVFROM, 4096, 0);
	}
	call_close(actor, client);
	call_close(actor, server);
}

struct option_bytes {
	int level, name;
	uint8_t bytes[8];
};

/* One datagram, then one connection, that carry 8 bytes of options behind their IP header. */
static void with_options(struct actor *actor, int family, const struct option_bytes *option)
{
	struct sockaddr_storage to;

	net_address(actor->run, FAR, family, net_port(actor->run), &to);
	struct connection connection = { tcp_listen(actor, &to, 17), NULL, NULL };
	struct sock *server = udp_server(actor, &to);
	struct sock *client = call_socket(actor, NEAR, family, SOCK_DGRAM, 0);
	struct send message = { .how = SENDTO, .len = 73, .to = &to, .note = "options8" };

	if (!connection.listener || !server || !client)
		return;
	setsockopt(client->fd, option->level, option->name, option->bytes, sizeof(option->bytes));
	call_send(actor, client, &message);
	receive(actor, server, RECVFROM, 4096, 0);
	call_close(actor, client);
	call_close(actor, server);

	client = connection.client = call_socket(actor, NEAR, family, SOCK_STREAM, 0);
	setsockopt(client->fd, option->level, option->name, option->bytes, sizeof(option->bytes));
	if (call_connect(actor, client, &to) == 0) {
		connection.server = call_accept(actor, connection.listener, true);
		exchange(actor, client, connection.server, SEND, RECV, 191);
		tcp_end(actor, &connection, client);
	}
	call_close(actor, connection.listener);
}

/* A record route: the IP header is 28 bytes long. */
void scenario_ip_options(struct actor *actor, int family)
{
	static const struct option_bytes option = { IPPROTO_IP, IP_OPTIONS, { IPOPT_RR, 7, 4 } };

	with_options(actor, family, &option);
}

/* Destination options, of padding, between the IPv6 header and that of UDP or TCP. */
void scenario_extension(struct actor *actor, int family)
{
	static const struct option_bytes option = { IPPROTO_IPV6, IPV6_DSTOPTS, { 0, 0, 1, 4 } };

	with_options(actor, family, &option);
}
