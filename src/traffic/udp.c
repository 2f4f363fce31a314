/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * UDP datagrams between two ends that are both ours, with random addresses and ports.
 */
#include "traffic/udp.h"

#include <errno.h>

enum { TRIES = 5, ARRIVAL_MS = 2000 };

static int open_end(struct traffic *traffic, const struct traffic_udp_options *options,
		    unsigned int side, struct endpoint *end)
{
	int err = 0;

	if (options->over_cable) {
		err = traffic_net_enter(&traffic->net, side);
		traffic_net_cable_end(&traffic->net, options->family, side, end);
	} else {
		traffic_net_end(&traffic->net, options->family, options->which + side, end);
	}
	if (err)
		return err;
	int fd = traffic_open(traffic, options->family, SOCK_DGRAM, 0);
	if (fd < 0)
		return fd;
	err = traffic_bind(traffic, fd, end);
	if (!err)
		return fd;
	traffic_close(traffic, fd);
	return err;
}

static int open_once(struct traffic *traffic, const struct traffic_udp_options *options,
		     struct traffic_udp *udp)
{
	*udp = (struct traffic_udp){ .left = -1, .right = -1 };
	udp->right = open_end(traffic, options, 1, &udp->right_end);
	if (udp->right < 0)
		return udp->right;
	udp->left = open_end(traffic, options, 0, &udp->left_end);
	if (udp->left < 0)
		return udp->left;
	return options->connect ? traffic_connect(traffic, udp->left, &udp->right_end) : 0;
}

int traffic_udp_open(struct traffic *traffic, const struct traffic_udp_options *options,
		     struct traffic_udp *udp)
{
	int err = 0;

	for (int tries = 0; tries < TRIES; tries++) {
		err = open_once(traffic, options, udp);
		if (!err)
			return 0;
		traffic_udp_close(traffic, udp);
	}
	return err;
}

/* sendto() names the end; a connected socket needs no name. */
static const struct endpoint *address_of(struct traffic *traffic, const struct traffic_udp *udp)
{
	bool is_connected =
		udp->left < TRAFFIC_FDS_MAX && traffic->sockets[udp->left].remote.length;

	return is_connected ? NULL : &udp->right_end;
}

int traffic_udp_transfer(struct traffic *traffic, const struct traffic_udp *udp, size_t length)
{
	struct endpoint from;
	ssize_t sent = traffic_send(traffic, udp->left, length, 0, address_of(traffic, udp));

	if (sent < 0)
		return (int)sent;
	int err = traffic_wait_readable(udp->right, ARRIVAL_MS);
	if (err)
		return err;
	ssize_t got = traffic_recv(traffic, udp->right, TRAFFIC_SEND_MAX, MSG_DONTWAIT, &from);
	return got < 0 ? (int)got : 0;
}

int traffic_udp_unreachable(struct traffic *traffic, const struct traffic_udp *udp)
{
	struct endpoint closed = udp->right_end;
	uint16_t *port =
		closed.any.sa_family == AF_INET6 ? &closed.in6.sin6_port : &closed.in.sin_port;

	/* The discard port, which is not in the range of random ports. */
	*port = htons(9);
	ssize_t sent = traffic_send(traffic, udp->left, 1, 0, &closed);
	return sent < 0 ? (int)sent : 0;
}

void traffic_udp_close(struct traffic *traffic, struct traffic_udp *udp)
{
	if (udp->left >= 0)
		traffic_close(traffic, udp->left);
	if (udp->right >= 0)
		traffic_close(traffic, udp->right);
	udp->left = udp->right = -1;
}
