/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages of unix, packet and netlink sockets, within the namespace that the traffic is in.
 */
#include "traffic/local.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <netinet/ip.h>
#include <string.h>

enum { LOOPBACK_INDEX = 1, PROTO_EXPERIMENT = 253, PAYLOAD = 20 };

int traffic_unix_open(struct traffic *traffic, int type, int fds[2])
{
	if (socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, fds))
		return -errno;
	for (int i = 0; i < 2; i++)
		if (fds[i] < TRAFFIC_FDS_MAX)
			traffic->sockets[fds[i]] =
				(struct traffic_socket){ .family = AF_UNIX, .type = type };
	return 0;
}

int traffic_unix_transfer(struct traffic *traffic, const int fds[2], size_t length)
{
	ssize_t result = traffic_send(traffic, fds[0], length, 0, NULL);

	if (result >= 0)
		result = traffic_recv(traffic, fds[1], TRAFFIC_SEND_MAX, 0, NULL);
	return result < 0 ? (int)result : 0;
}

int traffic_packet_open(struct traffic *traffic)
{
	/* Protocol 0 receives nothing: only sending is wanted. */
	return traffic_open(traffic, AF_PACKET, SOCK_RAW, 0);
}

uint32_t traffic_packet_source(uint32_t id)
{
	return htonl(0x7f000000 | (id & 0xffffff));
}

int traffic_packet_send(struct traffic *traffic, int fd, const uint8_t destination[6], uint32_t id)
{
	struct {
		struct ethhdr ether;
		struct iphdr ip;
		uint8_t payload[PAYLOAD];
	} __attribute__((packed)) frame = {
		.ether = { .h_proto = htons(ETH_P_IP) },
		.ip = { .version = 4,
			.ihl = 5,
			.tot_len = htons(sizeof(struct iphdr) + PAYLOAD),
			.ttl = 64,
			.protocol = PROTO_EXPERIMENT,
			.saddr = traffic_packet_source(id),
			.daddr = htonl(INADDR_LOOPBACK) },
	};
	struct sockaddr_ll to = { .sll_family = AF_PACKET,
				  .sll_protocol = htons(ETH_P_IP),
				  .sll_ifindex = LOOPBACK_INDEX,
				  .sll_halen = 6 };

	memcpy(frame.ether.h_dest, destination, 6);
	memcpy(to.sll_addr, destination, 6);
	ssize_t sent = traffic_send_bytes(traffic, fd, &frame, sizeof(frame),
					  (const struct sockaddr *)&to, sizeof(to));
	return sent < 0 ? (int)sent : 0;
}

static int read_dump(struct traffic *traffic, int fd)
{
	char buffer[16384] __attribute__((aligned(NLMSG_ALIGNTO)));

	for (;;) {
		ssize_t got = traffic_recv_bytes(traffic, fd, buffer, sizeof(buffer), 0, NULL);
		unsigned int rest = (unsigned int)got;

		if (got < 0)
			return (int)got;
		for (struct nlmsghdr *header = (struct nlmsghdr *)buffer; NLMSG_OK(header, rest);
		     header = NLMSG_NEXT(header, rest))
			if (header->nlmsg_type == NLMSG_DONE || header->nlmsg_type == NLMSG_ERROR)
				return 0;
	}
}

int traffic_netlink_dump(struct traffic *traffic)
{
	struct {
		struct nlmsghdr header;
		struct ifinfomsg info;
	} request = { .header = { .nlmsg_len = NLMSG_LENGTH(sizeof(struct ifinfomsg)),
				  .nlmsg_type = RTM_GETLINK,
				  .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP } };
	int fd = traffic_open(traffic, AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);

	if (fd < 0)
		return fd;
	ssize_t result =
		traffic_send_bytes(traffic, fd, &request, request.header.nlmsg_len, NULL, 0);
	if (result >= 0)
		result = read_dump(traffic, fd);
	traffic_close(traffic, fd);
	return result < 0 ? (int)result : 0;
}
