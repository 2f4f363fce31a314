/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A request for one link makes the kernel gather the statistics of that one device, which shows the
 * device and its name, number and MTU at once. Devices are made in the private namespaces alone.
 */
#include "calibrate/step-device.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/alloc.h"
#include "traffic/rtnl.h"

enum { LOOPBACK_INDEX = 1, MADE = 3, LIST_ROUNDS = 2 };

/*
 * Kinds of device that need nothing else; the first that this kernel has. The modules of the first
 * two make no device of their own in the host's namespace when they are loaded: dummy0 and ifb0
 * would be left there.
 */
static const char *const kinds[] = { "veth", "bridge", "dummy", "ifb" };

static int make_device(struct step_device *device)
{
	int err = -EOPNOTSUPP;
	uint32_t random = endpoint_random_number(0, UINT32_MAX);

	snprintf(device->name, sizeof(device->name), "nk%x", random);
	device->index = endpoint_random_number(70000, 900000);
	device->mtu = endpoint_random_number(1300, 1500);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]) && err; i++) {
		const struct rtnl_link link = { .kind = kinds[i],
						.name = device->name,
						.peer_netns_fd = -1,
						.index = device->index,
						.mtu = device->mtu };

		err = rtnl_link_add(&link);
	}
	return err;
}

static void ask_device(struct step_context *context, const struct step_device *device,
		       unsigned int side)
{
	struct sample *sample = sample_begin(context->samples);
	int err = rtnl_link_get(device->index);

	sample_end(sample);
	if (err)
		return;
	fact_set_bytes(&sample->facts, FACT_NAME, device->name, sizeof(device->name));
	fact_set(&sample->facts, FACT_INDEX, device->index);
	fact_set(&sample->facts, FACT_MTU, device->mtu);
	fact_set(&sample->facts, FACT_SIDE, side);
}

static int ask_loopback(struct step_context *context, unsigned int side)
{
	struct step_device device = { .index = LOOPBACK_INDEX };
	struct ifreq request = { .ifr_name = "lo" };
	NK_CLOSE int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || ioctl(fd, SIOCGIFMTU, &request))
		return -errno;
	memcpy(device.name, request.ifr_name, sizeof(device.name));
	device.mtu = (uint32_t)request.ifr_mtu;
	ask_device(context, &device, side);
	return 0;
}

int step_device_list(struct traffic *traffic, void *context)
{
	struct step_context *steps = context;
	int err = traffic->net.is_private ? traffic_net_enter(&traffic->net, 1) : 0;

	if (!err && traffic->net.is_private)
		err = ask_loopback(steps, 1);
	if (!err)
		err = traffic_net_enter(&traffic->net, 0);
	for (int round = 0; !err && round < LIST_ROUNDS; round++) {
		err = ask_loopback(steps, 0);
		for (size_t i = 0; i < steps->device_count; i++)
			ask_device(steps, &steps->devices[i], 0);
	}
	return err;
}

/*
 * Packets to routed leave by the first device, which nobody answers behind: after three seconds of
 * asking who has that address, the kernel would tell their senders of it, in the midst of a session
 * that this one is for.
 */
static void route(struct step_context *context)
{
	uint32_t subnet = 0x0a000000 | endpoint_random_number(1, 0xfffe) << 8;
	uint32_t address = htonl(subnet | 1);

	if (!rtnl_address_add(context->devices[0].index, AF_INET, &address, 24) &&
	    !rtnl_link_up_alone(context->devices[0].index))
		context->routed.s_addr = htonl(subnet | 2);
}

int step_devices(struct traffic *traffic, void *context)
{
	struct step_context *steps = context;
	int err = traffic_net_enter(&traffic->net, 0);

	if (err)
		return err;
	while (traffic->net.is_private && steps->device_count < MADE &&
	       !make_device(&steps->devices[steps->device_count]))
		steps->device_count++;
	if (steps->device_count && !steps->routed.s_addr)
		route(steps);
	return step_device_list(traffic, context);
}
