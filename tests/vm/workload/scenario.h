/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The scenarios, by name. Each runs in a process of its own, whose name is nk-<scenario>.
 */
#ifndef NK_WORKLOAD_SCENARIO_H
#define NK_WORKLOAD_SCENARIO_H

#include "call.h"

struct scenario {
	const char *name;
	void (*run)(struct actor *actor, int family);
	int family;
	bool is_lo_only;
};

/* tcp.c */
void scenario_tcp(struct actor *actor, int family);
void scenario_refused(struct actor *actor, int family);
void scenario_accept_threads(struct actor *actor, int family);
void scenario_fast_open(struct actor *actor, int family);
void scenario_mapped(struct actor *actor, int family);
void scenario_zero_copy(struct actor *actor, int family);
void scenario_peek(struct actor *actor, int family);
/* datagram.c */
void scenario_udp(struct actor *actor, int family);
void scenario_mmsg(struct actor *actor, int family);
void scenario_unreachable(struct actor *actor, int family);
void scenario_names(struct actor *actor, int family);
void scenario_stamps(struct actor *actor, int family);
void scenario_ping(struct actor *actor, int family);
void scenario_raw(struct actor *actor, int family);
void scenario_ip_options(struct actor *actor, int family);
void scenario_extension(struct actor *actor, int family);
/* local.c */
void scenario_bind(struct actor *actor, int family);
void scenario_unix(struct actor *actor, int family);
void scenario_netlink(struct actor *actor, int family);
void scenario_packet(struct actor *actor, int family);
void scenario_container(struct actor *actor, int family);

/* What several scenarios begin with. */
struct connection {
	struct sock *listener, *client, *server;
};

/* A listener on side FAR at address, which gets the port where it was 0. */
struct sock *tcp_listen(struct actor *actor, struct sockaddr_storage *address, int backlog);
/* Connects from NEAR, from (NULL: the kernel chooses), and accepts. */
bool tcp_open(struct actor *actor, struct connection *connection,
	      const struct sockaddr_storage *from, const struct sockaddr_storage *to);
void tcp_end(struct actor *actor, struct connection *connection, struct sock *first);
/* Sends len bytes one way and receives them all by how. */
void exchange(struct actor *actor, struct sock *from, struct sock *to, enum send_how send,
	      enum recv_how recv, size_t len);

#endif
