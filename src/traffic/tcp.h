/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A TCP connection with both of its ends.
 */
#ifndef NK_TRAFFIC_TCP_H
#define NK_TRAFFIC_TCP_H

#include "traffic/traffic.h"

struct traffic_tcp {
	int listener, client, server; /* descriptors, -1: closed */
	struct endpoint client_end, server_end;
};

struct traffic_tcp_options {
	int family;	    /* AF_INET or AF_INET6 */
	unsigned int which; /* of the namespace's IPv6 addresses */
	int max_segment;    /* TCP_MAXSEG of both; 0: the default */
	bool over_cable;    /* client on side 0, server on side 1, else over loopback */
	bool ends_by_reset; /* traffic_reset_at_close() of both */
};

/* Connects and accepts; tries anew with other ports where some are taken. 0 or -errno. */
int traffic_tcp_open(struct traffic *traffic, const struct traffic_tcp_options *options,
		     struct traffic_tcp *tcp);
/* Sends from one descriptor and receives all of it from the other. 0 or -errno (-ETIMEDOUT). */
int traffic_tcp_transfer(struct traffic *traffic, int from, int to, size_t length);
/* Client first, in order (FIN); what is closed already is left alone. */
void traffic_tcp_close(struct traffic *traffic, struct traffic_tcp *tcp);

#endif
