/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A socket under TCP_REPAIR says where its sequence numbers stand; from there on they are counted
 * along: data that is only queued, in flight, acknowledged, or behind a hole that a filter made. So
 * numbers that are mostly equal (snd_nxt and snd_sml, rcv_nxt and copied_seq) differ somewhere.
 */
#include "calibrate/step-sequence.h"

#include <errno.h>
#include <linux/tcp.h>

#include "calibrate/step-tcp.h"
#include "traffic/tcp.h"

enum { POLL_MS = 5, ACKNOWLEDGED_MS = 1000, ROUNDS = 4 };

/* Where the sender's and the receiver's numbers stood when the connection was new. */
struct base {
	uint32_t client, server;
};

/* How far the client has come since, in bytes. */
struct progress {
	uint32_t written, sent, acknowledged, received;
};

static int queue_number(int fd, int queue, uint32_t *number)
{
	const int on = TCP_REPAIR_ON, off = TCP_REPAIR_OFF_NO_WP;
	socklen_t size = sizeof(*number);
	int err = 0;

	if (setsockopt(fd, IPPROTO_TCP, TCP_REPAIR, &on, sizeof(on)))
		return -errno;
	if (setsockopt(fd, IPPROTO_TCP, TCP_REPAIR_QUEUE, &queue, sizeof(queue)) ||
	    getsockopt(fd, IPPROTO_TCP, TCP_QUEUE_SEQ, number, &size))
		err = -errno;
	if (setsockopt(fd, IPPROTO_TCP, TCP_REPAIR, &off, sizeof(off)))
		err = -errno;
	return err;
}

static int find_base(const struct traffic_tcp *tcp, struct base *base)
{
	int err = queue_number(tcp->client, TCP_SEND_QUEUE, &base->client);

	return err ? err : queue_number(tcp->client, TCP_RECV_QUEUE, &base->server);
}

static void set_sequence(struct facts *facts, uint32_t written, uint32_t sent,
			 uint32_t acknowledged, uint32_t received)
{
	fact_set(facts, FACT_WRITE_SEQ, written);
	fact_set(facts, FACT_SND_NXT, sent);
	fact_set(facts, FACT_SND_UNA, acknowledged);
	fact_set(facts, FACT_RCV_NXT, received);
}

/*
 * Both ends. What is in flight may have been acknowledged meanwhile, which the client knows: its
 * info is asked in the same moment in which its numbers are seen.
 */
static void snapshot(struct step_context *context, const struct traffic_tcp *tcp,
		     const struct base *base, const struct progress *progress)
{
	struct tcp_info info;
	struct sample *client = step_tcp_snapshot(context, tcp->client, true, &info);
	struct sample *server = step_tcp_snapshot(context, tcp->server, true, NULL);

	if (client) {
		uint32_t acknowledged = info.tcpi_unacked ? progress->acknowledged : progress->sent;

		set_sequence(&client->facts, base->client + progress->written,
			     base->client + progress->sent, base->client + acknowledged,
			     base->server);
	}
	if (server)
		set_sequence(&server->facts, base->server, base->server, base->server,
			     base->client + progress->received);
}

static void set_nodelay(int fd, int on)
{
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

static void send_marked(struct traffic *traffic, int fd, uint32_t length)
{
	char bytes[1024] = { STEP_TCP_MARK };

	traffic_send_bytes(traffic, fd, bytes, length, NULL, 0);
}

/*
 * Waits until no more than so many segments are on their way. An acknowledgement is delayed by 40
 * ms, and on a busy machine by as much as that is busy.
 */
static bool is_acknowledged(int fd, uint32_t unacknowledged)
{
	struct tcp_info info = { .tcpi_unacked = UINT32_MAX };

	for (unsigned int ms = 0; ms < ACKNOWLEDGED_MS; ms += POLL_MS) {
		socklen_t size = sizeof(info);

		if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size))
			return false;
		if (info.tcpi_unacked <= unacknowledged)
			return true;
		traffic_sleep_ms(POLL_MS);
	}
	return false;
}

/* Queued, in flight, acknowledged, then two segments of which the first is lost. */
static void queue_and_hole(struct traffic *traffic, struct step_context *context,
			   const struct traffic_tcp *tcp, const struct base *base)
{
	uint32_t first = endpoint_random_number(300, 900);
	uint32_t lost = endpoint_random_number(300, 900);
	uint32_t urgent = endpoint_random_number(300, 900);
	struct progress progress = { .written = first };

	traffic_send(traffic, tcp->client, first, MSG_MORE, NULL);
	snapshot(context, tcp, base, &progress);
	set_nodelay(tcp->client, 1);
	progress.sent = progress.received = first;
	snapshot(context, tcp, base, &progress);
	if (!is_acknowledged(tcp->client, 0))
		return;
	progress.acknowledged = first;
	snapshot(context, tcp, base, &progress);
	/* By its mark, so that a retransmission is lost as well. */
	step_tcp_drop_marked(tcp->server);
	send_marked(traffic, tcp->client, lost);
	traffic_send(traffic, tcp->client, urgent, MSG_OOB, NULL);
	progress.written = progress.sent = first + lost + urgent;
	snapshot(context, tcp, base, &progress);
}

/* One segment acknowledged, the next one lost. */
static void acknowledge_half(struct traffic *traffic, struct step_context *context,
			     const struct traffic_tcp *tcp, const struct base *base)
{
	uint32_t first = endpoint_random_number(300, 900);
	uint32_t lost = endpoint_random_number(300, 900);
	struct progress progress = { .written = first + lost,
				     .sent = first + lost,
				     .acknowledged = first,
				     .received = first };

	set_nodelay(tcp->client, 1);
	traffic_send(traffic, tcp->client, first, 0, NULL);
	step_tcp_drop(tcp->server);
	traffic_send(traffic, tcp->client, lost, 0, NULL);
	if (is_acknowledged(tcp->client, 1))
		snapshot(context, tcp, base, &progress);
}

static int one_connection(struct traffic *traffic, struct step_context *context, unsigned int round,
			  bool is_proof)
{
	const struct traffic_tcp_options options = { .family = AF_INET,
						     .which = round,
						     .ends_by_reset = true };
	const struct progress none = { 0 };
	const int late = 0;
	struct traffic_tcp tcp;
	struct base base;
	int err = traffic_tcp_open(traffic, &options, &tcp);

	if (err)
		return err;
	setsockopt(tcp.server, IPPROTO_TCP, TCP_QUICKACK, &late, sizeof(late));
	err = find_base(&tcp, &base);
	if (!err)
		snapshot(context, &tcp, &base, &none);
	if (!err && !is_proof)
		(round % 2 ? acknowledge_half : queue_and_hole)(traffic, context, &tcp, &base);
	traffic_tcp_close(traffic, &tcp);
	return err;
}

int step_tcp_sequence(struct traffic *traffic, void *context)
{
	int err = 0;

	for (unsigned int round = 0; round < ROUNDS && !err; round++)
		err = one_connection(traffic, context, round, false);
	return err;
}

int step_sequence_proof(struct traffic *traffic, void *context)
{
	return one_connection(traffic, context, 0, true);
}
