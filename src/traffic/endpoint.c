/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Addresses and ports drawn at random, so that a value that is found in kernel memory or in a
 * record can only be ours.
 */
#include "traffic/endpoint.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

/* Below the default ip_local_port_range (32768...), above what services listen on. */
enum { PORT_FIRST = 20000, PORT_LAST = 31999 };

/* Early in boot getrandom() would wait for entropy; numbers need only be unlike, not secret. */
static void weak_random(unsigned char *bytes, size_t length)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	uint64_t state = (uint64_t)now.tv_nsec * 6364136223846793005ULL + (uint64_t)getpid();
	for (size_t i = 0; i < length; i++) {
		state = state * 6364136223846793005ULL + 1442695040888963407ULL;
		bytes[i] = (unsigned char)(state >> 56);
	}
}

void endpoint_random_bytes(void *bytes, size_t length)
{
	if (getrandom(bytes, length, GRND_NONBLOCK) != (ssize_t)length)
		weak_random(bytes, length);
}

uint32_t endpoint_random_number(uint32_t from, uint32_t to)
{
	uint64_t random;

	endpoint_random_bytes(&random, sizeof(random));
	return from + (uint32_t)(random % ((uint64_t)to - from + 1));
}

void endpoint_random_loopback(struct endpoint *end)
{
	/* 127.0/16 is left to whoever uses it by habit. */
	uint32_t host = endpoint_random_number(0x7f010101, 0x7ffefefe);
	uint32_t address = htonl(host);

	endpoint_random_port(end, AF_INET, &address);
}

void endpoint_random_port(struct endpoint *end, int family, const void *address)
{
	uint16_t port = htons((uint16_t)endpoint_random_number(PORT_FIRST, PORT_LAST));

	memset(end, 0, sizeof(*end));
	if (family == AF_INET6) {
		end->in6.sin6_family = AF_INET6;
		memcpy(&end->in6.sin6_addr, address, sizeof(end->in6.sin6_addr));
		end->in6.sin6_port = port;
		end->length = sizeof(end->in6);
	} else {
		end->in.sin_family = AF_INET;
		memcpy(&end->in.sin_addr, address, sizeof(end->in.sin_addr));
		end->in.sin_port = port;
		end->length = sizeof(end->in);
	}
}

uint16_t endpoint_port(const struct endpoint *end)
{
	if (!end->length)
		return 0;
	return ntohs(end->any.sa_family == AF_INET6 ? end->in6.sin6_port : end->in.sin_port);
}

const void *endpoint_address(const struct endpoint *end, size_t *length)
{
	bool is_ip6 = end->any.sa_family == AF_INET6;

	if (!end->length)
		return NULL;
	if (length)
		*length = is_ip6 ? 16 : 4;
	return is_ip6 ? (const void *)&end->in6.sin6_addr : (const void *)&end->in.sin_addr;
}

char *endpoint_print(const struct endpoint *end, char text[ENDPOINT_TEXT_MAX])
{
	char address[INET6_ADDRSTRLEN];

	if (!end->length ||
	    !inet_ntop(end->any.sa_family, endpoint_address(end, NULL), address, sizeof(address)))
		snprintf(text, ENDPOINT_TEXT_MAX, "-");
	else if (end->any.sa_family == AF_INET6)
		snprintf(text, ENDPOINT_TEXT_MAX, "[%s]:%u", address, endpoint_port(end));
	else
		snprintf(text, ENDPOINT_TEXT_MAX, "%s:%u", address, endpoint_port(end));
	return text;
}
