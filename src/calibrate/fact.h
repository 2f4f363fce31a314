/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What known traffic knows of the kernel's objects: facts, gathered in samples. A sample is a span
 * of time in which the kernel was asked about one object; the records of that span show the
 * object's memory, and the facts say what must stand in it.
 */
#ifndef NK_CALIBRATE_FACT_H
#define NK_CALIBRATE_FACT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "traffic/endpoint.h"

enum fact {
	FACT_NONE,
	/* of a socket; addresses and ports in network order */
	FACT_FAMILY,
	FACT_TYPE,
	FACT_PROTOCOL,
	FACT_STATE,
	FACT_LOCAL_IP4,
	FACT_REMOTE_IP4,
	FACT_LOCAL_PORT, /* host order */
	FACT_REMOTE_PORT,
	FACT_REMOTE_IP6_TAIL, /* the last 4 bytes of the IPv6 address */
	FACT_LOCAL_IP6_TAIL,
	FACT_MARK,
	FACT_UID,
	FACT_COOKIE,
	FACT_RCVBUF,
	FACT_SNDBUF,
	FACT_PRIORITY,
	FACT_BOUND_DEVICE,
	FACT_BACKLOG, /* as listen() was told */
	FACT_QUEUE,   /* connections that wait for accept() */
	FACT_WRITE_SEQ,
	FACT_SND_NXT,
	FACT_SND_UNA,
	FACT_RCV_NXT,
	FACT_SOCK,   /* address of the struct sock, as a probe saw it */
	FACT_SOCKET, /* address of the struct socket */
	FACT_SIDE,   /* which of the namespaces */
	FACT_NETNS,  /* its inode number */
	/* of a message */
	FACT_NAME_LENGTH,
	FACT_MESSAGE_LENGTH,
	/* of a packet; positions are relative to sk_buff.data, or absolute once that is known */
	FACT_PACKET_LENGTH, /* from the network header on */
	FACT_LENGTH,	    /* from sk_buff.data on */
	FACT_ETHERTYPE,
	FACT_NETWORK_SIZE, /* of the IP header */
	FACT_NETWORK_AT,
	FACT_TRANSPORT_AT,
	FACT_MAC_AT,
	FACT_TAIL_AT,
	FACT_PACKET_TYPE,
	FACT_ROUTE_INDEX,  /* ifindex of the device that a packet leaves by */
	FACT_ROUTE_DEVICE, /* its address */
	/* of a device */
	FACT_DEVICE, /* address of the struct net_device */
	FACT_INDEX,
	FACT_MTU,
	FACT_NUMBERS,
	/* of 16 bytes */
	FACT_LOCAL_IP6 = FACT_NUMBERS,
	FACT_REMOTE_IP6,
	FACT_NAME, /* of a device, padded with NUL */
	FACT_COUNT
};

enum { FACT_BYTES = 16, FACT_PATTERN_MAX = 32, FACT_INFO_MAX = 256 };

/* Bytes that stand somewhere behind a pointer. */
struct fact_pattern {
	uint8_t at;	/* bytes behind where the pointer points */
	uint8_t length; /* 0: none */
	uint8_t bytes[FACT_PATTERN_MAX];
};

struct facts {
	uint64_t has; /* 1 << enum fact */
	uint64_t number[FACT_NUMBERS];
	uint8_t bytes[FACT_COUNT - FACT_NUMBERS][FACT_BYTES];
	struct fact_pattern network, transport; /* of a packet, from either header on */
	struct fact_pattern name;		/* of a message */
	uint16_t info_size;			/* of struct tcp_info; 0: none */
	uint8_t info[FACT_INFO_MAX];
};

struct sample {
	uint64_t start_ns, end_ns; /* CLOCK_MONOTONIC */
	struct facts facts;
};

enum { SAMPLES_MAX = 1024 };

/* Shared by the child, which adds, and its parent. */
struct samples {
	size_t count;
	struct sample items[SAMPLES_MAX];
};

static inline bool fact_has(const struct facts *facts, enum fact fact)
{
	return facts->has >> fact & 1;
}

static inline void fact_set(struct facts *facts, enum fact fact, uint64_t number)
{
	facts->number[fact] = number;
	facts->has |= UINT64_C(1) << fact;
}

static inline void fact_set_bytes(struct facts *facts, enum fact fact, const void *bytes,
				  size_t length)
{
	memset(facts->bytes[fact - FACT_NUMBERS], 0, FACT_BYTES);
	memcpy(facts->bytes[fact - FACT_NUMBERS], bytes, length);
	facts->has |= UINT64_C(1) << fact;
}

static inline void fact_forget(struct facts *facts, enum fact fact)
{
	facts->has &= ~(UINT64_C(1) << fact);
}

static inline const uint8_t *fact_bytes(const struct facts *facts, enum fact fact)
{
	return facts->bytes[fact - FACT_NUMBERS];
}

/* A new sample whose span begins now; once SAMPLES_MAX are there, the last one again. */
struct sample *sample_begin(struct samples *samples);
void sample_end(struct sample *sample);

/* Family, addresses and ports of the two ends of a socket. */
void fact_set_ends(struct facts *facts, const struct endpoint *local,
		   const struct endpoint *remote);

#endif
