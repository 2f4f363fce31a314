/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sockets that are no internet sockets: unix, packet, netlink.
 */
#ifndef NK_TRAFFIC_LOCAL_H
#define NK_TRAFFIC_LOCAL_H

#include "traffic/traffic.h"

/* A connected pair of SOCK_STREAM, SOCK_DGRAM or SOCK_SEQPACKET. 0 or -errno. */
int traffic_unix_open(struct traffic *traffic, int type, int fds[2]);
/* A message from one to the other, sent and received. 0 or -errno. */
int traffic_unix_transfer(struct traffic *traffic, const int fds[2], size_t length);

/*
 * A raw IPv4 frame on loopback: destination is its 6 bytes of MAC, id what the packet's source
 * address is made of (127.ID), so that it can be known again. 0 or -errno.
 */
int traffic_packet_open(struct traffic *traffic); /* AF_PACKET, SOCK_RAW: the descriptor */
int traffic_packet_send(struct traffic *traffic, int fd, const uint8_t destination[6], uint32_t id);
/* The source address of such a packet, network order. */
uint32_t traffic_packet_source(uint32_t id);

/* A dump of the links by NETLINK_ROUTE: one message sent, as many received as it takes. */
int traffic_netlink_dump(struct traffic *traffic);

#endif
