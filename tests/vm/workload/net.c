/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * In: devices and the other namespace by name, a seed. Out: random addresses and ports that are
 * this run's alone. Nothing here leaves lo or the two namespaces.
 */
#include "net.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "call.h"

/* <linux/ipv6.h> has it, and cannot be included beside <netinet/in.h>. */
struct address6_request {
	struct in6_addr address;
	uint32_t prefix_length;
	int device;
};

/* splitmix64 */
uint64_t run_random(struct run *run)
{
	uint64_t z = run->random += 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

size_t run_odd(struct run *run, size_t low, size_t high)
{
	return (low + run_random(run) % (high - low)) | 1;
}

static int open_netns(const char *peer)
{
	char path[256];

	snprintf(path, sizeof(path), strchr(peer, '/') ? "%s" : "/proc/%s/ns/net", peer);
	return open(path, O_RDONLY | O_CLOEXEC);
}

static void pick_addresses(struct run *run)
{
	uint64_t number = run_random(run);

	for (int side = NEAR; side < SIDES; side++) {
		struct place *place = &run->places[side];
		uint64_t low = run->is_lo ? run_random(run) : (uint64_t)(side + 1);

		place->in.s_addr = htonl(10U << 24 | (number & 0xffff) << 8 | (side + 1U));
		place->in6.s6_addr[0] = 0xfd;
		memcpy(&place->in6.s6_addr[1], &number, 7);
		for (int i = 0; i < 8; i++)
			place->in6.s6_addr[15 - i] = (uint8_t)(low >> (8 * i));
	}
}

int net_open(struct run *run, const char *near_device, const char *far_device, const char *peer)
{
	struct place *near = &run->places[NEAR], *far = &run->places[FAR];

	snprintf(near->device, sizeof(near->device), "%s", near_device);
	snprintf(far->device, sizeof(far->device), "%s", far_device);
	near->netns = far->netns = -1;
	if (peer) {
		near->netns = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
		far->netns = open_netns(peer);
		if (near->netns < 0 || far->netns < 0)
			return -errno;
	}
	pick_addresses(run);
	return 0;
}

void net_enter(const struct run *run, enum side side)
{
	int netns = run->places[side].netns;

	if (netns >= 0 && setns(netns, CLONE_NEWNET) != 0) {
		perror("workload: setns");
		exit(1);
	}
}

void net_leave(const struct run *run)
{
	net_enter(run, NEAR);
}

static int add_in(const struct place *place, int fd)
{
	struct ifreq request = { 0 };
	struct sockaddr_in *in = (struct sockaddr_in *)&request.ifr_addr;

	/* A label of its own adds the address to those that the device has. */
	snprintf(request.ifr_name, sizeof(request.ifr_name), "%.12s:w", place->device);
	in->sin_family = AF_INET;
	in->sin_addr = place->in;
	if (ioctl(fd, SIOCSIFADDR, &request) != 0)
		return -errno;
	in->sin_addr.s_addr = htonl(0xffffff00);
	return ioctl(fd, SIOCSIFNETMASK, &request) == 0 ? 0 : -errno;
}

static int add_in6(const struct place *place, int fd, bool is_lo)
{
	struct address6_request request = { .address = place->in6 };

	request.prefix_length = is_lo ? 128 : 64;
	request.device = (int)if_nametoindex(place->device);
	return ioctl(fd, SIOCSIFADDR, &request) == 0 || errno == EEXIST ? 0 : -errno;
}

static void write_sysctl(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	if (write(fd, text, strlen(text)) < 0)
		perror(path);
	close(fd);
}

static int configure_side(struct actor *actor, enum side side)
{
	struct run *run = actor->run;
	struct place *place = &run->places[side];
	char path[80];
	int result = 0;

	struct sock *sock = call_socket(actor, side, AF_INET, SOCK_DGRAM, 0);
	struct sock *sock6 = call_socket(actor, side, AF_INET6, SOCK_DGRAM, 0);
	net_enter(run, side);
	write_sysctl("/proc/sys/net/ipv4/ping_group_range", "0 2147483647");
	/* Duplicate address detection would hold the address back for a second. */
	snprintf(path, sizeof(path), "/proc/sys/net/ipv6/conf/%s/accept_dad", place->device);
	write_sysctl(path, "0");
	if (!run->is_lo)
		result = add_in(place, sock->fd);
	/* Without IPv6 the scenarios of IPv6 fail by themselves. */
	if (result == 0 && sock6)
		result = add_in6(place, sock6->fd, run->is_lo);
	net_leave(run);
	call_close(actor, sock);
	if (sock6)
		call_close(actor, sock6);
	return result;
}

int net_configure(struct run *run)
{
	struct actor actor;
	int result = 0;

	actor_begin(&actor, run, "nk-setup");
	for (int side = NEAR; side < SIDES && result == 0; side++)
		result = configure_side(&actor, side);
	return result;
}

uint16_t net_port(struct run *run)
{
	/* Below the ephemeral ports, so that no bind() meets a port that connect() was given. */
	return (uint16_t)(10000 + run_random(run) % 20000);
}

void net_wildcard(int family, uint16_t port, struct sockaddr_storage *address)
{
	struct sockaddr_in *in = (struct sockaddr_in *)address;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)address;

	memset(address, 0, sizeof(*address));
	address->ss_family = (sa_family_t)family;
	if (family == AF_INET)
		in->sin_port = htons(port);
	else
		in6->sin6_port = htons(port);
}

void net_foreign(int family, uint16_t port, struct sockaddr_storage *address)
{
	net_wildcard(family, port, address);
	if (family == AF_INET)
		inet_pton(AF_INET, "192.0.2.1", &((struct sockaddr_in *)address)->sin_addr);
	else
		inet_pton(AF_INET6, "2001:db8::1", &((struct sockaddr_in6 *)address)->sin6_addr);
}

void net_address(struct run *run, enum side side, int family, uint16_t port,
		 struct sockaddr_storage *address)
{
	struct sockaddr_in *in = (struct sockaddr_in *)address;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)address;
	uint64_t number = run_random(run);

	net_wildcard(family, port, address);
	if (family == AF_INET6)
		in6->sin6_addr = run->places[side].in6;
	else if (run->is_lo)
		/* 127.1.1.1 to 127.254.254.254 */
		in->sin_addr.s_addr =
			htonl(127U << 24 | (1 + number % 254) << 16 |
			      (1 + (number >> 16) % 254) << 8 | (1 + (number >> 32) % 254));
	else
		in->sin_addr = run->places[side].in;
}

socklen_t net_length(const struct sockaddr_storage *address)
{
	return address->ss_family == AF_INET ? sizeof(struct sockaddr_in)
					     : sizeof(struct sockaddr_in6);
}
