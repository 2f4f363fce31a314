/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TCP connections between two ends that are both ours, with random addresses and ports.
 */
#include "traffic/tcp.h"

#include <errno.h>
#include <netinet/tcp.h>

enum { TRIES = 5, BACKLOG = 8, TRANSFER_MS = 5000 };

static void draw_ends(const struct traffic *traffic, const struct traffic_tcp_options *options,
		      struct traffic_tcp *tcp)
{
	if (options->over_cable) {
		traffic_net_cable_end(&traffic->net, options->family, 0, &tcp->client_end);
		traffic_net_cable_end(&traffic->net, options->family, 1, &tcp->server_end);
		return;
	}
	traffic_net_end(&traffic->net, options->family, options->which, &tcp->client_end);
	traffic_net_end(&traffic->net, options->family, options->which + 1, &tcp->server_end);
}

static int open_end(struct traffic *traffic, const struct traffic_tcp_options *options,
		    unsigned int side, const struct endpoint *end)
{
	const int on = 1;
	int err = options->over_cable ? traffic_net_enter(&traffic->net, side) : 0;

	if (err)
		return err;
	int fd = traffic_open(traffic, options->family, SOCK_STREAM, 0);
	if (fd < 0)
		return fd;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (options->max_segment)
		setsockopt(fd, IPPROTO_TCP, TCP_MAXSEG, &options->max_segment,
			   sizeof(options->max_segment));
	if (options->ends_by_reset)
		traffic_reset_at_close(fd);
	err = traffic_bind(traffic, fd, end);
	if (!err)
		return fd;
	traffic_close(traffic, fd);
	return err;
}

static int open_once(struct traffic *traffic, const struct traffic_tcp_options *options,
		     struct traffic_tcp *tcp)
{
	int err;

	*tcp = (struct traffic_tcp){ .listener = -1, .client = -1, .server = -1 };
	draw_ends(traffic, options, tcp);
	tcp->listener = open_end(traffic, options, 1, &tcp->server_end);
	if (tcp->listener < 0)
		return tcp->listener;
	err = traffic_listen(traffic, tcp->listener, BACKLOG);
	if (err)
		return err;
	tcp->client = open_end(traffic, options, 0, &tcp->client_end);
	if (tcp->client < 0)
		return tcp->client;
	err = traffic_connect(traffic, tcp->client, &tcp->server_end);
	if (err)
		return err;
	tcp->server = traffic_accept(traffic, tcp->listener);
	return tcp->server < 0 ? tcp->server : 0;
}

int traffic_tcp_open(struct traffic *traffic, const struct traffic_tcp_options *options,
		     struct traffic_tcp *tcp)
{
	int err = 0;

	for (int tries = 0; tries < TRIES; tries++) {
		err = open_once(traffic, options, tcp);
		if (!err)
			return 0;
		traffic_tcp_close(traffic, tcp);
	}
	return err;
}

int traffic_tcp_transfer(struct traffic *traffic, int from, int to, size_t length)
{
	uint64_t deadline = traffic_now() + TRANSFER_MS * UINT64_C(1000000);
	size_t sent = 0, received = 0;

	while (received < length) {
		size_t rest = length - sent;
		ssize_t got = 0;

		if (rest)
			got = traffic_send(traffic, from,
					   rest < TRAFFIC_SEND_MAX ? rest : TRAFFIC_SEND_MAX,
					   MSG_DONTWAIT, NULL);
		if (got < 0 && got != -EAGAIN)
			return (int)got;
		sent += got > 0 ? (size_t)got : 0;
		traffic_wait_readable(to, sent < length ? 1 : 100);
		got = traffic_recv(traffic, to, TRAFFIC_SEND_MAX, MSG_DONTWAIT, NULL);
		if (got < 0 && got != -EAGAIN)
			return (int)got;
		received += got > 0 ? (size_t)got : 0;
		if (traffic_now() > deadline)
			return -ETIMEDOUT;
	}
	return 0;
}

static void close_one(struct traffic *traffic, int *fd)
{
	if (*fd >= 0)
		traffic_close(traffic, *fd);
	*fd = -1;
}

void traffic_tcp_close(struct traffic *traffic, struct traffic_tcp *tcp)
{
	close_one(traffic, &tcp->client);
	close_one(traffic, &tcp->server);
	close_one(traffic, &tcp->listener);
}
