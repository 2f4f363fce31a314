/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One end of known traffic: an address and port of a socket.
 */
#ifndef NK_TRAFFIC_ENDPOINT_H
#define NK_TRAFFIC_ENDPOINT_H

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

struct endpoint {
	union {
		struct sockaddr any;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
	};
	socklen_t length; /* 0: none */
};

/* Longest text of an endpoint: "[IPv6]:PORT" and a NUL. */
#define ENDPOINT_TEXT_MAX 56

/* Evenly spread numbers from..to, both included; good enough that two runs do not meet. */
uint32_t endpoint_random_number(uint32_t from, uint32_t to);
void endpoint_random_bytes(void *bytes, size_t length);

/* A random 127/8 address and a random port outside the range that the kernel chooses from. */
void endpoint_random_loopback(struct endpoint *end);
/* The address given (AF_INET: 4 bytes, AF_INET6: 16) with a random port. */
void endpoint_random_port(struct endpoint *end, int family, const void *address);

uint16_t endpoint_port(const struct endpoint *end); /* host order; 0 where there is none */
/* The 4 or 16 bytes of the address, borrowed; *length may be NULL. NULL where there is none. */
const void *endpoint_address(const struct endpoint *end, size_t *length);

/* As nk prints it: 127.0.0.1:5555, [::1]:5555, "-" for none. Returns text. */
char *endpoint_print(const struct endpoint *end, char text[ENDPOINT_TEXT_MAX]);

#endif
