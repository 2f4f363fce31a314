/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Requests to rtnetlink(7), one socket each: a message is built in a buffer, sent, and the
 * kernel's answer is the result.
 */
#include "traffic/rtnl.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>

#include "base/alloc.h"

struct request {
	struct nlmsghdr header;
	char body[1024];
};

static void begin(struct request *request, uint16_t type, uint16_t flags, const void *body,
		  size_t length)
{
	memset(request, 0, sizeof(*request));
	request->header.nlmsg_type = type;
	request->header.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags;
	request->header.nlmsg_len = NLMSG_LENGTH((unsigned int)length);
	memcpy(NLMSG_DATA(&request->header), body, length);
}

static struct rtattr *end_of(struct request *request)
{
	return (struct rtattr *)((char *)request + NLMSG_ALIGN(request->header.nlmsg_len));
}

static struct rtattr *add(struct request *request, uint16_t type, const void *data, size_t length)
{
	struct rtattr *attribute = end_of(request);

	attribute->rta_type = type;
	attribute->rta_len = (uint16_t)RTA_LENGTH(length);
	if (length)
		memcpy(RTA_DATA(attribute), data, length);
	request->header.nlmsg_len =
		NLMSG_ALIGN(request->header.nlmsg_len) + (uint32_t)RTA_SPACE(length);
	return attribute;
}

static void close_nest(struct request *request, struct rtattr *nest)
{
	nest->rta_len = (uint16_t)((char *)end_of(request) - (char *)nest);
}

static int talk(struct request *request)
{
	NK_CLOSE int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	struct {
		struct nlmsghdr header;
		struct nlmsgerr error;
		char rest[1024];
	} answer;

	if (fd < 0)
		return -errno;
	if (send(fd, request, request->header.nlmsg_len, 0) < 0)
		return -errno;
	ssize_t got = recv(fd, &answer, sizeof(answer), 0);
	if (got < 0)
		return -errno;
	if (got < (ssize_t)NLMSG_LENGTH(sizeof(struct nlmsgerr)) ||
	    answer.header.nlmsg_type != NLMSG_ERROR)
		return -EPROTO;
	return answer.error.error;
}

static void add_veth_peer(struct request *request, const struct rtnl_link *link)
{
	struct rtattr *data = add(request, IFLA_INFO_DATA, NULL, 0);
	struct ifinfomsg info = { .ifi_family = AF_UNSPEC };
	struct rtattr *peer = add(request, VETH_INFO_PEER, &info, sizeof(info));

	add(request, IFLA_IFNAME, link->peer, strlen(link->peer) + 1);
	if (link->peer_netns_fd >= 0)
		add(request, IFLA_NET_NS_FD, &link->peer_netns_fd, sizeof(link->peer_netns_fd));
	close_nest(request, peer);
	close_nest(request, data);
}

int rtnl_link_add(const struct rtnl_link *link)
{
	struct request request;
	struct ifinfomsg info = { .ifi_family = AF_UNSPEC, .ifi_index = (int)link->index };

	begin(&request, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &info, sizeof(info));
	add(&request, IFLA_IFNAME, link->name, strlen(link->name) + 1);
	if (link->mtu)
		add(&request, IFLA_MTU, &link->mtu, sizeof(link->mtu));
	struct rtattr *nest = add(&request, IFLA_LINKINFO, NULL, 0);
	add(&request, IFLA_INFO_KIND, link->kind, strlen(link->kind));
	if (link->peer)
		add_veth_peer(&request, link);
	close_nest(&request, nest);
	return talk(&request);
}

static int set_flags(uint32_t index, unsigned int flags)
{
	struct request request;
	struct ifinfomsg info = { .ifi_index = (int)index,
				  .ifi_flags = flags,
				  .ifi_change = flags };

	begin(&request, RTM_NEWLINK, 0, &info, sizeof(info));
	return talk(&request);
}

int rtnl_link_up(uint32_t index)
{
	return set_flags(index, IFF_UP);
}

int rtnl_link_up_alone(uint32_t index)
{
	return set_flags(index, IFF_UP | IFF_NOARP);
}

int rtnl_link_get(uint32_t index)
{
	struct request request;
	struct ifinfomsg info = { .ifi_index = (int)index };
	int err;

	begin(&request, RTM_GETLINK, 0, &info, sizeof(info));
	/* The link itself is the answer. */
	request.header.nlmsg_flags &= (uint16_t)~NLM_F_ACK;
	err = talk(&request);
	return err == -EPROTO ? 0 : err;
}

int rtnl_link_set_mtu(uint32_t index, uint32_t mtu)
{
	struct request request;
	struct ifinfomsg info = { .ifi_index = (int)index };

	begin(&request, RTM_NEWLINK, 0, &info, sizeof(info));
	add(&request, IFLA_MTU, &mtu, sizeof(mtu));
	return talk(&request);
}

int rtnl_address_add(uint32_t index, int family, const void *address, uint8_t prefix)
{
	struct request request;
	size_t length = family == AF_INET6 ? 16 : 4;
	struct ifaddrmsg info = { .ifa_family = (uint8_t)family,
				  .ifa_prefixlen = prefix,
				  .ifa_flags = family == AF_INET6 ? IFA_F_NODAD : 0,
				  .ifa_index = index };

	begin(&request, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, &info, sizeof(info));
	add(&request, IFA_LOCAL, address, length);
	add(&request, IFA_ADDRESS, address, length);
	return talk(&request);
}
