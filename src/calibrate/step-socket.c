/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * getsockname() passes a socket to the kernel without doing anything to it. The options of a socket
 * are chosen beforehand, or read back where the kernel makes its own of them.
 */
#include "calibrate/step-socket.h"

#include <net/if.h>
#include <netinet/in.h>
#include <unistd.h>

#include "traffic/icmp.h"

enum { PROTO_EXPERIMENT = 253, PROTO_ANY = 131, LOOPBACK_INDEX = 1 };

struct kind {
	int family, type, protocol;
};

/* Of one family, whose getsockname() is one function; all protocols differ. */
static const struct kind kinds[] = {
	{ AF_INET, SOCK_STREAM, IPPROTO_TCP },	 { AF_INET, SOCK_DGRAM, IPPROTO_UDP },
	{ AF_INET, SOCK_RAW, PROTO_EXPERIMENT }, { AF_INET, SOCK_RAW, PROTO_ANY },
	{ AF_INET, SOCK_DGRAM, IPPROTO_ICMP },	 { AF_INET, SOCK_RAW, IPPROTO_GRE },
};

/* Options that hold what they are set to. */
static const struct {
	int option;
	enum fact fact;
	uint32_t from, to;
} chosen[] = {
	{ SO_MARK, FACT_MARK, 1, UINT32_MAX },
	/* Above 6 it takes CAP_NET_ADMIN, which is here. */
	{ SO_PRIORITY, FACT_PRIORITY, 7, INT32_MAX },
};

/* Options that are asked for: the kernel doubles, limits or draws them itself. */
static const struct {
	int option;
	enum fact fact;
	uint8_t size;
} asked[] = {
	{ SO_TYPE, FACT_TYPE, 4 },     { SO_PROTOCOL, FACT_PROTOCOL, 4 },
	{ SO_DOMAIN, FACT_FAMILY, 4 }, { SO_RCVBUF, FACT_RCVBUF, 4 },
	{ SO_SNDBUF, FACT_SNDBUF, 4 }, { SO_COOKIE, FACT_COOKIE, 8 },
};

static void choose_options(int fd, struct facts *facts)
{
	uint32_t receive = endpoint_random_number(5000, 60000);
	uint32_t send = endpoint_random_number(5000, 60000);
	uint32_t uid = endpoint_random_number(100000, 2000000000);

	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive, sizeof(receive));
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &send, sizeof(send));
	for (size_t i = 0; i < sizeof(chosen) / sizeof(chosen[0]); i++) {
		uint32_t value = endpoint_random_number(chosen[i].from, chosen[i].to);

		if (!setsockopt(fd, SOL_SOCKET, chosen[i].option, &value, sizeof(value)))
			fact_set(facts, chosen[i].fact, value);
	}
	if (!fchown(fd, uid, (gid_t)-1))
		fact_set(facts, FACT_UID, uid);
}

static void ask_options(int fd, struct facts *facts)
{
	for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++) {
		uint64_t value = 0;
		socklen_t size = asked[i].size;

		if (getsockopt(fd, SOL_SOCKET, asked[i].option, &value, &size))
			continue;
		if (size == 4) {
			uint32_t half;

			memcpy(&half, &value, sizeof(half));
			value = half;
		}
		fact_set(facts, asked[i].fact, value);
	}
}

/* The sample's span is the call alone: setting an option may show the socket to a probe, too. */
static void ask_name(struct step_context *context, int fd, const struct facts *facts)
{
	struct sample *sample = sample_begin(context->samples);
	struct endpoint name = { .length = sizeof(name.in6) };

	getsockname(fd, &name.any, &name.length);
	sample_end(sample);
	sample->facts = *facts;
}

static void one_socket(struct traffic *traffic, struct step_context *context,
		       const struct kind *kind, unsigned int side, bool is_bound)
{
	struct facts facts = { 0 };
	bool is_ping = kind->type == SOCK_DGRAM && kind->protocol == IPPROTO_ICMP;
	int fd = is_ping ? traffic_ping_open(traffic, kind->family, kind->type)
			 : traffic_open(traffic, kind->family, kind->type, kind->protocol);

	if (fd < 0)
		return;
	choose_options(fd, &facts);
	ask_options(fd, &facts);
	fact_set(&facts, FACT_SIDE, side);
	if (traffic->net.netns_inode[side])
		fact_set(&facts, FACT_NETNS, traffic->net.netns_inode[side]);
	bool bound = is_bound && !setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3);
	fact_set(&facts, FACT_BOUND_DEVICE, bound ? LOOPBACK_INDEX : 0);
	ask_name(context, fd, &facts);
	traffic_close(traffic, fd);
}

int step_sockets(struct traffic *traffic, void *context)
{
	unsigned int sides = traffic->net.is_private ? TRAFFIC_NET_SIDES : 1;

	for (unsigned int side = sides; side-- > 0;) {
		int err = traffic_net_enter(&traffic->net, side);

		if (err)
			return err;
		for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
			one_socket(traffic, context, &kinds[i], side, (i + side) % 2);
	}
	return 0;
}
