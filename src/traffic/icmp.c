/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Echo requests and the wait for their replies; a raw socket sees the request too (both ends
 * are this host), which is not taken for the reply.
 */
#include "traffic/icmp.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/icmpv6.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"

enum { REPLY_MS = 2000, LENGTH_MAX = 1400 };

struct echo {
	uint8_t type, code;
	uint16_t checksum;
	uint16_t id, sequence;
	uint8_t data[LENGTH_MAX];
};

int traffic_ping_open(struct traffic *traffic, int family, int type)
{
	/* Of this process's namespace; where that is the host's, nothing is changed. */
	if (type == SOCK_DGRAM && traffic->net.is_private)
		(void)file_write(AT_FDCWD, "/proc/sys/net/ipv4/ping_group_range", "0 2147483647",
				 0);
	return traffic_open(traffic, family, type,
			    family == AF_INET6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP);
}

/* RFC 1071; of ICMPv6 the kernel computes it. */
static uint16_t checksum(const void *data, size_t length)
{
	const uint8_t *bytes = data;
	uint32_t sum = 0;

	for (size_t i = 0; i < length; i++)
		sum += i & 1 ? bytes[i] : (uint32_t)bytes[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons((uint16_t)~sum);
}

static int await_reply(struct traffic *traffic, int fd, bool has_ip_header, uint8_t type,
		       uint16_t sequence)
{
	uint64_t deadline = traffic_now() + REPLY_MS * UINT64_C(1000000);
	uint8_t packet[sizeof(struct iphdr) + 40 + sizeof(struct echo)];

	while (traffic_now() < deadline && !traffic_wait_readable(fd, REPLY_MS)) {
		const struct echo *echo = (const struct echo *)packet;
		ssize_t got =
			traffic_recv_bytes(traffic, fd, packet, sizeof(packet), MSG_DONTWAIT, NULL);

		if (got < 0 && got != -EAGAIN)
			return (int)got;
		if (has_ip_header && got > 0)
			echo = (const struct echo *)(packet + (packet[0] & 0xf) * 4);
		if (got >= 8 && echo->type == type && echo->sequence == sequence)
			return 0;
	}
	return -ETIMEDOUT;
}

int traffic_ping(struct traffic *traffic, int fd, const struct endpoint *to, uint16_t sequence,
		 size_t length)
{
	bool is_ip6 = to->any.sa_family == AF_INET6;
	bool is_raw = fd >= 0 && fd < TRAFFIC_FDS_MAX && traffic->sockets[fd].type == SOCK_RAW;
	struct echo echo = { .type = is_ip6 ? ICMPV6_ECHO_REQUEST : ICMP_ECHO,
			     .id = htons((uint16_t)getpid()),
			     .sequence = htons(sequence) };
	struct endpoint address = *to;

	if (length > LENGTH_MAX)
		return -EMSGSIZE;
	memset(echo.data, 'n', length);
	if (!is_ip6)
		echo.checksum = checksum(&echo, 8 + length);
	/* The port of a raw socket's address is its protocol, or nothing. */
	*(is_ip6 ? &address.in6.sin6_port : &address.in.sin_port) = 0;
	ssize_t sent =
		traffic_send_bytes(traffic, fd, &echo, 8 + length, &address.any, address.length);
	if (sent < 0)
		return (int)sent;
	if (traffic->log->count)
		traffic->log->calls[traffic->log->count - 1].icmp_type = echo.type;
	return await_reply(traffic, fd, is_raw && !is_ip6,
			   is_ip6 ? ICMPV6_ECHO_REPLY : ICMP_ECHOREPLY, echo.sequence);
}
