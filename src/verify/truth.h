/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The noted calls of one step, and the packets that they must have caused.
 */
#ifndef NK_VERIFY_TRUTH_H
#define NK_VERIFY_TRUTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "traffic/traffic.h"
#include "verify/steps.h"

struct truth {
	const struct verify_step *step;
	const struct traffic_call *calls;
	size_t count;
	bool has_exact_lengths;	   /* TCP options are those of a fresh namespace */
	uint64_t start_ns, end_ns; /* of the first and last call */
};

/* A packet of a datagram socket, or a frame. */
struct truth_packet {
	const struct traffic_call *call; /* that caused it */
	int version;			 /* 4, 6; 0: no IP packet */
	uint8_t protocol;
	struct endpoint from, to; /* ports 0 where the protocol has none */
	bool has_ports;
	int64_t length; /* from the IP header on; of a frame, from the Ethernet header on */
	bool is_icmp;	/* type and code are set */
	uint8_t icmp_type, icmp_code;
};

/* One direction of a TCP connection. */
struct truth_flow {
	const struct traffic_call *call; /* the accept */
	int version;
	struct endpoint from, to;
	bool is_client;
	int64_t bytes; /* that were sent */
};

struct truth_packets {
	struct truth_packet *packets;
	size_t packet_count;
	struct truth_flow *flows;
	size_t flow_count;
};

/* Calls with the step that they were made by. */
void truth_init(struct truth *truth, const struct verify_step *step,
		const struct traffic_call *calls, size_t count, bool is_private);

bool truth_is_inet(const struct traffic_call *call);
bool truth_is_tcp(const struct traffic_call *call);
bool truth_is_udp(const struct traffic_call *call);
/* As the kernel knows it, where socket() was given 0. */
int truth_protocol(const struct traffic_call *call);
/* What a TCP socket is when it is closed: TCP_ESTABLISHED ... of <netinet/tcp.h>. */
int truth_state_at_close(const struct truth *truth, const struct traffic_call *close);

void truth_packets(const struct truth *truth, struct truth_packets *out);
void truth_packets_clear(struct truth_packets *packets);

#endif
