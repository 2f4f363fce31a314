/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Binding without traffic, and the families that are not IP: unix, netlink, packet.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/un.h>
#include <unistd.h>

#include "scenario.h"

#define ETHERTYPE_OF_NO_ONE 0x88b5 /* IEEE 802: for local experiments */

static void bind_and_close(struct actor *actor, int family, int type)
{
	struct run *run = actor->run;
	struct sockaddr_storage address, wildcard, foreign;
	struct sock *sock = call_socket(actor, FAR, family, type, 0);
	struct sock *second = call_socket(actor, FAR, family, type, 0);
	struct sock *third = call_socket(actor, FAR, family, type, 0);

	if (!sock || !second || !third)
		return;
	net_address(run, FAR, family, net_port(run), &address);
	call_bind(actor, sock, &address);
	/* Taken; not ours (TEST-NET-1, 2001:db8::1); any port of any address. */
	call_bind(actor, second, &address);
	net_foreign(family, net_port(run), &foreign);
	call_bind(actor, second, &foreign);
	net_wildcard(family, 0, &wildcard);
	call_bind(actor, third, &wildcard);
	if (type == SOCK_STREAM) {
		call_listen(actor, sock, (int)run_odd(run, 3, 199));
		/* Again: the backlog changes, the listening does not start. */
		call_listen(actor, sock, (int)run_odd(run, 3, 199));
		call_listen(actor, third, 0);
	}
	call_close(actor, third);
	call_close(actor, second);
	call_close(actor, sock);
}

void scenario_bind(struct actor *actor, int family)
{
	bind_and_close(actor, family, SOCK_STREAM);
	bind_and_close(actor, family, SOCK_DGRAM);
}

void scenario_unix(struct actor *actor, int family)
{
	static const int types[] = { SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET };
	struct run *run = actor->run;

	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++) {
		struct recv nothing = { .how = RECV, .len = 99, .flags = MSG_DONTWAIT };
		struct recv end = { .how = RECV, .len = 99 };
		struct sock *pair[2];

		if (!call_socketpair(actor, family, types[i], pair))
			return;
		exchange(actor, pair[0], pair[1], SEND, RECV, run_odd(run, 3, 4000));
		exchange(actor, pair[1], pair[0], WRITE, READ, run_odd(run, 3, 4000));
		exchange(actor, pair[0], pair[1], SENDMSG, RECVMSG, run_odd(run, 3, 4000));
		call_recv(actor, pair[1], &nothing);
		call_close(actor, pair[0]);
		if (types[i] != SOCK_DGRAM)
			call_recv(actor, pair[1], &end);
		call_close(actor, pair[1]);
	}
}

void scenario_netlink(struct actor *actor, int family)
{
	struct {
		struct nlmsghdr header;
		struct rtgenmsg message;
	} request = { { sizeof(request), RTM_GETADDR, NLM_F_REQUEST | NLM_F_DUMP, 1, 0 },
		      { AF_UNSPEC } };
	struct send message = { .how = SEND, .len = sizeof(request), .data = &request };
	char room[16384];
	struct recv wanted = { .how = RECV, .len = sizeof(room), .data = room };
	struct sock *sock = call_socket(actor, NEAR, family, SOCK_RAW, NETLINK_ROUTE);
	const struct nlmsghdr *header = (const struct nlmsghdr *)room;

	if (!sock)
		return;
	if (call_send(actor, sock, &message) > 0)
		while (call_recv(actor, sock, &wanted) > 0 && header->nlmsg_type != NLMSG_DONE)
			;
	wanted.flags = MSG_DONTWAIT;
	call_recv(actor, sock, &wanted);
	call_close(actor, sock);
}

static struct sock *packet_socket(struct actor *actor, enum side side, int type)
{
	struct run *run = actor->run;
	struct sock *sock;
	struct sockaddr_ll address = { .sll_family = AF_PACKET,
				       .sll_protocol = htons(ETHERTYPE_OF_NO_ONE) };

	sock = call_socket(actor, side, AF_PACKET, type, 0);
	if (!sock)
		return NULL;
	net_enter(run, side);
	address.sll_ifindex = (int)if_nametoindex(run->places[side].device);
	net_leave(run);
	if (bind(sock->fd, (struct sockaddr *)&address, sizeof(address)) != 0)
		perror("workload: bind");
	return sock;
}

static const uint8_t like_ip4[] = { 0x45, 0,  0,    85,	  0x6e, 0x6b, 0x40, 0, 64, 17,
				    0,	  0,  192,  0,	  2,	1,    192,  0, 2,  2,
				    0,	  53, 0x15, 0xb3, 0,	65,   0,    0 };
static const uint8_t like_ip6[] = { 0x60, 0,	0,    0,	0,    45,   17,	  64,	0x20,
				    0x01, 0x0d, 0xb8, [23] = 1, 0x20, 0x01, 0x0d, 0xb8, [39] = 2,
				    0,	  53,	0x15, 0xb3,	0,    45,   0,	  0 };

void scenario_packet(struct actor *actor, int family)
{
	struct run *run = actor->run;
	struct sock *from = packet_socket(actor, NEAR, SOCK_RAW);
	struct sock *to = run->is_lo ? from : packet_socket(actor, FAR, SOCK_RAW);
	uint8_t frame[1500] = { 0 };
	struct recv wanted = { .how = RECV, .len = 2048 };

	(void)family;
	if (!from || !to)
		return;
	/* To everyone, from no one: on lo it does not matter. */
	memset(frame, run->is_lo ? 0 : 0xff, ETH_ALEN);
	frame[12] = ETHERTYPE_OF_NO_ONE >> 8;
	frame[13] = ETHERTYPE_OF_NO_ONE & 0xff;
	for (int i = 0; i < 3; i++) {
		struct send message = { .how = SEND, .data = frame, .note = "frame" };

		/* The second looks like a UDP datagram over IPv4, the third over IPv6. */
		if (i > 0)
			memcpy(frame + ETH_HLEN, i == 1 ? like_ip4 : like_ip6,
			       i == 1 ? sizeof(like_ip4) : sizeof(like_ip6));
		message.len = run_odd(run, 99, 1399);
		call_send(actor, from, &message);
		call_recv(actor, to, &wanted);
	}
	call_close(actor, from);
	if (to != from)
		call_close(actor, to);
}

/* The same addresses and ports as elsewhere may be in use: only the namespace tells them apart. */
void scenario_container(struct actor *actor, int family)
{
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
	int fd;

	if (unshare(CLONE_NEWNET) != 0) {
		perror("workload: unshare");
		return;
	}
	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &request) != 0)
		perror("workload: lo");
	close(fd);
	/* Those of the namespace that was left say nothing about what follows. */
	net_counters(actor->run, "begin");
	scenario_tcp(actor, family);
	scenario_udp(actor, family);
}
