/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Samples with their span of time, and the facts that follow from the two ends of a socket.
 */
#include "calibrate/fact.h"

#include "traffic/traffic.h"

_Static_assert(FACT_COUNT <= 64, "struct facts has one bit for each fact");

struct sample *sample_begin(struct samples *samples)
{
	if (samples->count < SAMPLES_MAX)
		samples->count++;
	struct sample *sample = &samples->items[samples->count - 1];

	memset(sample, 0, sizeof(*sample));
	sample->start_ns = traffic_now();
	/* Until it ends, nothing belongs to it. */
	sample->end_ns = 0;
	return sample;
}

void sample_end(struct sample *sample)
{
	sample->end_ns = traffic_now();
}

static uint32_t tail_of(const struct in6_addr *address)
{
	uint32_t tail;

	memcpy(&tail, &address->s6_addr[12], sizeof(tail));
	return tail;
}

void fact_set_ends(struct facts *facts, const struct endpoint *local, const struct endpoint *remote)
{
	fact_set(facts, FACT_FAMILY, local->any.sa_family);
	fact_set(facts, FACT_LOCAL_PORT, endpoint_port(local));
	fact_set(facts, FACT_REMOTE_PORT, htons(endpoint_port(remote)));
	if (local->any.sa_family == AF_INET) {
		fact_set(facts, FACT_LOCAL_IP4, local->in.sin_addr.s_addr);
		fact_set(facts, FACT_REMOTE_IP4, remote->in.sin_addr.s_addr);
		return;
	}
	fact_set_bytes(facts, FACT_LOCAL_IP6, &local->in6.sin6_addr, FACT_BYTES);
	fact_set_bytes(facts, FACT_REMOTE_IP6, &remote->in6.sin6_addr, FACT_BYTES);
	fact_set(facts, FACT_LOCAL_IP6_TAIL, tail_of(&local->in6.sin6_addr));
	fact_set(facts, FACT_REMOTE_IP6_TAIL, tail_of(&remote->in6.sin6_addr));
}
