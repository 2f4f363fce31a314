/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Each step opens sockets of its own, talks, and closes them; it leaves the child in its first
 * namespace. What the kernel does not have (a protocol family, ping sockets) is passed over: the
 * log of calls tells what there was.
 */
#include "verify/steps.h"

#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <string.h>

#include "traffic/icmp.h"
#include "traffic/local.h"
#include "traffic/tcp.h"
#include "traffic/udp.h"

enum {
	LOOPBACK_INDEX = 1,
	BACKLOG = 37,
	WAIT_MS = 2000,
	FRAME_PAYLOAD = 100,
	ROOM = 2048,
	PAUSE_MS = 1
};

/* Different in each call, so that one value is not taken for another. */
static int talk_tcp(struct traffic *traffic, int family, bool over_cable)
{
	const struct traffic_tcp_options options = { .family = family, .over_cable = over_cable };
	struct traffic_tcp tcp;
	int err = traffic_tcp_open(traffic, &options, &tcp);

	if (err)
		return err;
	err = traffic_tcp_transfer(traffic, tcp.client, tcp.server, 701);
	if (!err)
		err = traffic_tcp_transfer(traffic, tcp.server, tcp.client, 1303);
	traffic_tcp_close(traffic, &tcp);
	return err;
}

static int talk_udp(struct traffic *traffic, int family, bool over_cable, bool connect)
{
	const struct traffic_udp_options options = { .family = family,
						     .over_cable = over_cable,
						     .connect = connect };
	struct traffic_udp udp;
	int err = traffic_udp_open(traffic, &options, &udp);

	if (err)
		return err;
	err = traffic_udp_transfer(traffic, &udp, connect ? 107 : 211);
	if (!err)
		err = traffic_udp_transfer(traffic, &udp, connect ? 509 : 1009);
	traffic_udp_close(traffic, &udp);
	return err;
}

static int talk_both_udp(struct traffic *traffic, int family, bool over_cable)
{
	int err = talk_udp(traffic, family, over_cable, false);

	return err ? err : talk_udp(traffic, family, over_cable, true);
}

static int run_tcp4(struct traffic *traffic)
{
	return talk_tcp(traffic, AF_INET, false);
}

static int run_tcp6(struct traffic *traffic)
{
	return talk_tcp(traffic, AF_INET6, false);
}

static int run_udp4(struct traffic *traffic)
{
	return talk_both_udp(traffic, AF_INET, false);
}

static int run_udp6(struct traffic *traffic)
{
	return talk_both_udp(traffic, AF_INET6, false);
}

static int run_cable(struct traffic *traffic, int family)
{
	int err = talk_tcp(traffic, family, true);

	if (!err)
		err = talk_both_udp(traffic, family, true);
	int back = traffic_net_enter(&traffic->net, 0);
	return err ? err : back;
}

static int run_veth4(struct traffic *traffic)
{
	return run_cable(traffic, AF_INET);
}

static int run_veth6(struct traffic *traffic)
{
	return run_cable(traffic, AF_INET6);
}

static int refuse_udp(struct traffic *traffic, int family)
{
	const struct traffic_udp_options options = { .family = family };
	struct traffic_udp udp;
	int err = traffic_udp_open(traffic, &options, &udp);

	if (err)
		return err;
	err = traffic_udp_unreachable(traffic, &udp);
	traffic_udp_close(traffic, &udp);
	return err;
}

static int run_unreachable4(struct traffic *traffic)
{
	return refuse_udp(traffic, AF_INET);
}

static int run_unreachable6(struct traffic *traffic)
{
	return refuse_udp(traffic, AF_INET6);
}

static int ping(struct traffic *traffic, int family, int type, uint16_t sequence)
{
	struct endpoint to;
	int fd = traffic_ping_open(traffic, family, type);

	if (fd < 0)
		return fd;
	traffic_net_end(&traffic->net, family, sequence, &to);
	int err = traffic_ping(traffic, fd, &to, sequence, 56U + sequence);
	traffic_close(traffic, fd);
	return err;
}

static int ping_by_ping_socket(struct traffic *traffic, int family)
{
	int err = ping(traffic, family, SOCK_DGRAM, 2);

	/* On the host's loopback nobody may have been given leave to have ping sockets. */
	return err == -EACCES || err == -EPROTONOSUPPORT ? 0 : err;
}

static int run_ping4(struct traffic *traffic)
{
	return ping(traffic, AF_INET, SOCK_RAW, 1);
}

static int run_ping_socket4(struct traffic *traffic)
{
	return ping_by_ping_socket(traffic, AF_INET);
}

static int run_ping6(struct traffic *traffic)
{
	int err = ping(traffic, AF_INET6, SOCK_RAW, 1);

	return err ? err : ping_by_ping_socket(traffic, AF_INET6);
}

static int run_raw4(struct traffic *traffic)
{
	struct endpoint to;
	int fd = traffic_open(traffic, AF_INET, SOCK_RAW, VERIFY_RAW_PROTOCOL);

	if (fd < 0)
		return fd;
	traffic_net_end(&traffic->net, AF_INET, 0, &to);
	to.in.sin_port = 0;
	ssize_t done = traffic_send(traffic, fd, 83, 0, &to);
	if (done >= 0 && !traffic_wait_readable(fd, WAIT_MS))
		done = traffic_recv(traffic, fd, ROOM, MSG_DONTWAIT, NULL);
	traffic_close(traffic, fd);
	return done < 0 ? (int)done : 0;
}

static int run_unix(struct traffic *traffic)
{
	static const int types[] = { SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET };

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		int fds[2];
		int err = traffic_unix_open(traffic, types[i], fds);

		if (err)
			return err;
		err = traffic_unix_transfer(traffic, fds, 31 + i);
		traffic_close(traffic, fds[0]);
		traffic_close(traffic, fds[1]);
		if (err)
			return err;
	}
	return 0;
}

static int run_packet(struct traffic *traffic)
{
	struct {
		struct ether_header ether;
		uint8_t payload[FRAME_PAYLOAD];
	} __attribute__((packed)) frame = { .ether = { .ether_type = htons(VERIFY_ETHERTYPE) } };
	const struct sockaddr_ll to = { .sll_family = AF_PACKET,
					.sll_protocol = htons(VERIFY_ETHERTYPE),
					.sll_ifindex = LOOPBACK_INDEX,
					.sll_halen = ETH_ALEN };
	int fd = traffic_open(traffic, AF_PACKET, SOCK_RAW, htons(VERIFY_ETHERTYPE));

	if (fd < 0)
		return fd;
	ssize_t done = traffic_send_bytes(traffic, fd, &frame, sizeof(frame),
					  (const struct sockaddr *)&to, sizeof(to));
	if (done >= 0 && !traffic_wait_readable(fd, WAIT_MS))
		done = traffic_recv(traffic, fd, ROOM, MSG_DONTWAIT, NULL);
	traffic_close(traffic, fd);
	return done < 0 ? (int)done : 0;
}

static int run_netlink(struct traffic *traffic)
{
	return traffic_netlink_dump(traffic);
}

/* One that succeeds, and one more on the same address, which fails. */
static int bind_twice(struct traffic *traffic, int family, int type)
{
	struct endpoint end;
	int fds[2], err = 0;

	traffic_net_end(&traffic->net, family, 1, &end);
	for (int i = 0; i < 2; i++)
		fds[i] = traffic_open(traffic, family, type, 0);
	if (fds[0] < 0 || fds[1] < 0)
		err = -EIO;
	if (!err)
		err = traffic_bind(traffic, fds[0], &end);
	if (!err && type == SOCK_STREAM)
		err = traffic_listen(traffic, fds[0], BACKLOG);
	if (!err && !traffic_bind(traffic, fds[1], &end))
		err = -EIO;
	for (int i = 0; i < 2; i++)
		if (fds[i] >= 0)
			traffic_close(traffic, fds[i]);
	return err;
}

static int run_bind(struct traffic *traffic, int family)
{
	int err = bind_twice(traffic, family, SOCK_STREAM);

	return err ? err : bind_twice(traffic, family, SOCK_DGRAM);
}

static int run_bind4(struct traffic *traffic)
{
	return run_bind(traffic, AF_INET);
}

static int run_bind6(struct traffic *traffic)
{
	return run_bind(traffic, AF_INET6);
}

/* Over the cable IPv6 talks by itself, of neighbours and groups. */
const struct verify_step verify_steps[] = {
	{ "tcp4", AF_INET, false, false, true, run_tcp4 },
	{ "tcp6", AF_INET6, true, false, true, run_tcp6 },
	{ "udp4", AF_INET, false, false, true, run_udp4 },
	{ "udp6", AF_INET6, true, false, true, run_udp6 },
	{ "unreachable4", AF_INET, false, false, true, run_unreachable4 },
	{ "unreachable6", AF_INET6, true, false, true, run_unreachable6 },
	{ "ping4", AF_INET, false, false, true, run_ping4 },
	/* Counted by ping.c and again by ip_output.c on older kernels, 5.10 among them. */
	{ "pingsocket4", AF_INET, false, false, false, run_ping_socket4 },
	{ "ping6", AF_INET6, true, false, true, run_ping6 },
	{ "raw4", AF_INET, false, false, true, run_raw4 },
	{ "bind4", AF_INET, false, false, true, run_bind4 },
	{ "bind6", AF_INET6, true, false, true, run_bind6 },
	{ "unix", 0, false, false, true, run_unix },
	{ "packet", 0, false, false, true, run_packet },
	{ "netlink", 0, false, false, true, run_netlink },
	{ "veth4", AF_INET, false, true, false, run_veth4 },
	{ "veth6", AF_INET6, true, true, false, run_veth6 },
};

const size_t verify_step_count = sizeof(verify_steps) / sizeof(verify_steps[0]);

/* The pauses keep the talk with the parent, which is by a socket too, away from the calls. */
static int run_ordered(struct traffic *traffic, void *context)
{
	const struct verify_order *order = context;

	if (order->step >= verify_step_count)
		return -EINVAL;
	traffic_sleep_ms(PAUSE_MS);
	int err = verify_steps[order->step].run(traffic);
	traffic_sleep_ms(PAUSE_MS);
	return err;
}

const struct agent_step verify_agent_step = { "verify", run_ordered };

bool verify_step_is_possible(const struct verify_step *step, const struct traffic_net *net)
{
	return (!step->needs_ip6 || net->has_ip6) && (!step->needs_cable || net->has_cable);
}
