/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Makes the namespaces that known traffic flows in: two of them, lo up with random IPv6 addresses,
 * a cable (veth) between them where it is asked for. Nothing of the host's namespace is changed,
 * with or without namespaces; the kernel may load modules for what is asked of it.
 */
#include "traffic/net.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "traffic/rtnl.h"

enum { LOOPBACK_INDEX = 1 };

static void random_ip6(struct in6_addr *address)
{
	endpoint_random_bytes(address, sizeof(*address));
	address->s6_addr[0] = 0xfd; /* unique local: RFC 4193 */
}

static int fill_loopback(struct traffic_net *net)
{
	int err = rtnl_link_up(LOOPBACK_INDEX);

	if (err)
		return err;
	NK_CLOSE int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	net->has_ip6 = fd >= 0;
	for (int i = 0; net->has_ip6 && i < TRAFFIC_NET_IP6_ADDRESSES; i++)
		net->has_ip6 = !rtnl_address_add(LOOPBACK_INDEX, AF_INET6, &net->ip6[i], 128);
	return 0;
}

static int note_namespace(struct traffic_net *net, unsigned int side)
{
	struct stat status;
	int fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	net->netns_fd[side] = fd;
	if (!fstat(fd, &status))
		net->netns_inode[side] = status.st_ino;
	return 0;
}

/* ::1 tells the two ends of a connection by their ports alone, but needs nobody's leave. */
static void open_on_host(struct traffic_net *net)
{
	struct endpoint end;

	for (int i = 0; i < TRAFFIC_NET_IP6_ADDRESSES; i++)
		net->ip6[i] = in6addr_loopback;
	endpoint_random_port(&end, AF_INET6, &in6addr_loopback);
	NK_CLOSE int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	net->has_ip6 = fd >= 0 && !bind(fd, &end.any, end.length);
}

void traffic_net_load_families(void)
{
	static const int families[] = { AF_UNIX, AF_INET6, AF_PACKET };

	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
		int fd = socket(families[i], SOCK_DGRAM | SOCK_CLOEXEC, 0);

		/* Which of them are not to be had, the traffic finds out. */
		if (fd >= 0)
			close(fd);
	}
}

int traffic_net_open(struct traffic_net *net)
{
	*net = (struct traffic_net){ .netns_fd = { -1, -1 } };
	for (int i = 0; i < TRAFFIC_NET_IP6_ADDRESSES; i++)
		random_ip6(&net->ip6[i]);
	for (unsigned int side = TRAFFIC_NET_SIDES; side-- > 0;) {
		int err = unshare(CLONE_NEWNET) ? -errno : 0;

		if (err && side == TRAFFIC_NET_SIDES - 1) {
			open_on_host(net);
			return 0;
		}
		if (!err)
			err = fill_loopback(net);
		if (!err)
			err = note_namespace(net, side);
		if (err) {
			traffic_net_close(net);
			return err;
		}
	}
	net->is_private = true;
	return 0;
}

void traffic_net_close(struct traffic_net *net)
{
	for (unsigned int side = 0; side < TRAFFIC_NET_SIDES; side++) {
		if (net->netns_fd[side] >= 0)
			close(net->netns_fd[side]);
		net->netns_fd[side] = -1;
	}
}

int traffic_net_enter(const struct traffic_net *net, unsigned int side)
{
	if (net->netns_fd[side] < 0)
		return 0;
	return setns(net->netns_fd[side], CLONE_NEWNET) ? -errno : 0;
}

static int set_up_cable_side(struct traffic_net *net, unsigned int side, const char *name)
{
	int err = traffic_net_enter(net, side);

	if (err)
		return err;
	net->cable_index[side] = if_nametoindex(name);
	if (!net->cable_index[side])
		return -errno;
	err = rtnl_link_up(net->cable_index[side]);
	if (!err)
		err = rtnl_address_add(net->cable_index[side], AF_INET, &net->cable_ip4[side], 30);
	if (!err && net->has_ip6)
		err = rtnl_address_add(net->cable_index[side], AF_INET6, &net->cable_ip6[side], 64);
	return err;
}

int traffic_net_cable(struct traffic_net *net)
{
	struct rtnl_link link = { .kind = "veth", .name = "nk0", .peer = "nk1" };
	uint32_t subnet = 0x0a000000 | endpoint_random_number(1, 0xfffe) << 8;
	int err;

	if (!net->is_private)
		return -EOPNOTSUPP;
	random_ip6(&net->cable_ip6[0]);
	net->cable_ip6[1] = net->cable_ip6[0];
	for (unsigned int side = 0; side < TRAFFIC_NET_SIDES; side++) {
		net->cable_ip4[side].s_addr = htonl(subnet | (side + 1));
		net->cable_ip6[side].s6_addr[15] = (uint8_t)(side + 1);
	}
	link.peer_netns_fd = net->netns_fd[1];
	err = traffic_net_enter(net, 0);
	if (!err)
		err = rtnl_link_add(&link);
	if (!err)
		err = set_up_cable_side(net, 1, link.peer);
	if (!err)
		err = set_up_cable_side(net, 0, link.name);
	net->has_cable = !err;
	return err;
}

void traffic_net_end(const struct traffic_net *net, int family, unsigned int which,
		     struct endpoint *end)
{
	if (family == AF_INET6)
		endpoint_random_port(end, AF_INET6, &net->ip6[which % TRAFFIC_NET_IP6_ADDRESSES]);
	else
		endpoint_random_loopback(end);
}

void traffic_net_cable_end(const struct traffic_net *net, int family, unsigned int side,
			   struct endpoint *end)
{
	if (family == AF_INET6)
		endpoint_random_port(end, AF_INET6, &net->cable_ip6[side]);
	else
		endpoint_random_port(end, AF_INET, &net->cable_ip4[side]);
}
