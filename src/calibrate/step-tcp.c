/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * getsockopt(TCP_INFO) shows an object and tells the truth about it in one call. So connections are
 * brought into states in which what is counted differs, and asked.
 */
#include "calibrate/step-tcp.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/tcp.h>

#include "traffic/tcp.h"

/* Longer than the delayed acknowledgement of Linux, 40 ms. */
enum { POLL_MS = 20, RETRANSMISSION_MS = 500 };
enum { SETTLE_MS = 45, STATE_MS = 5, BACKLOGS = 4, TRANSFERS = 4 };

struct sample *step_tcp_snapshot(struct step_context *context, int fd, bool has_info,
				 struct tcp_info *info_out)
{
	struct sample *sample = sample_begin(context->samples);
	struct tcp_info info = { 0 };
	socklen_t size = sizeof(info);

	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size))
		return NULL;
	sample_end(sample);
	fact_set(&sample->facts, FACT_STATE, info.tcpi_state);
	if (has_info) {
		sample->facts.info_size = size < FACT_INFO_MAX ? (uint16_t)size : FACT_INFO_MAX;
		memcpy(sample->facts.info, &info, sample->facts.info_size);
	}
	if (info_out)
		*info_out = info;
	return sample;
}

/* Asks for the name, too: that shows the struct socket of the same socket in the same sample. */
static void snapshot_end(struct step_context *context, int fd, const struct endpoint *local,
			 const struct endpoint *remote)
{
	struct sample *sample = step_tcp_snapshot(context, fd, true, NULL);
	struct endpoint name = { .length = sizeof(name.in6) };

	if (!sample)
		return;
	fact_set_ends(&sample->facts, local, remote);
	fact_set(&sample->facts, FACT_TYPE, SOCK_STREAM);
	fact_set(&sample->facts, FACT_SIDE, 0);
	getsockname(fd, &name.any, &name.length);
	sample_end(sample);
}

static int ends_of_one(struct traffic *traffic, struct step_context *context, int family,
		       unsigned int which)
{
	const struct traffic_tcp_options options = { .family = family,
						     .which = which,
						     .ends_by_reset = true };
	struct traffic_tcp tcp;
	int err = traffic_tcp_open(traffic, &options, &tcp);

	if (err)
		return err;
	snapshot_end(context, tcp.client, &tcp.client_end, &tcp.server_end);
	snapshot_end(context, tcp.server, &tcp.server_end, &tcp.client_end);
	traffic_shutdown(traffic, tcp.server, SHUT_WR);
	traffic_sleep_ms(STATE_MS);
	step_tcp_snapshot(context, tcp.client, false, NULL);
	step_tcp_snapshot(context, tcp.server, false, NULL);
	step_tcp_snapshot(context, tcp.listener, false, NULL);
	traffic_tcp_close(traffic, &tcp);
	return 0;
}

static int plain_socket(struct traffic *traffic, struct step_context *context, unsigned int side)
{
	int fd = traffic_open(traffic, AF_INET, SOCK_STREAM, 0);

	if (fd < 0)
		return fd;
	struct sample *sample = step_tcp_snapshot(context, fd, false, NULL);
	if (sample)
		fact_set(&sample->facts, FACT_SIDE, side);
	traffic_close(traffic, fd);
	return 0;
}

int step_tcp_ends(struct traffic *traffic, void *context)
{
	static const int families[] = { AF_INET, AF_INET6 };
	int err = 0;

	for (unsigned int i = 0; i < 6 && !err; i++)
		if (families[i % 2] == AF_INET || traffic->net.has_ip6)
			err = ends_of_one(traffic, context, families[i % 2], i);
	/* Sockets of the other namespace tell skc_net from what all sockets have alike. */
	for (unsigned int i = 0; i < 4 && !err; i++) {
		unsigned int side = traffic->net.is_private ? i % TRAFFIC_NET_SIDES : 0;

		err = traffic_net_enter(&traffic->net, side);
		if (!err)
			err = plain_socket(traffic, context, side);
	}
	return err ? err : traffic_net_enter(&traffic->net, 0);
}

static void acknowledge_late(int fd)
{
	const int off = 0;

	setsockopt(fd, IPPROTO_TCP, TCP_QUICKACK, &off, sizeof(off));
}

static void throw_away_all(struct traffic *traffic, int fd)
{
	while (traffic_recv(traffic, fd, TRAFFIC_SEND_MAX, MSG_DONTWAIT, NULL) > 0)
		;
}

static void count_transfers(struct traffic *traffic, struct step_context *context,
			    const struct traffic_tcp *tcp, unsigned int round)
{
	acknowledge_late(tcp->server);
	traffic_tcp_transfer(traffic, tcp->client, tcp->server, endpoint_random_number(2000, 9000));
	if (round)
		traffic_tcp_transfer(traffic, tcp->client, tcp->server,
				     endpoint_random_number(50000, 200000) * round);
	traffic_tcp_transfer(traffic, tcp->server, tcp->client, endpoint_random_number(2000, 9000));
	traffic_send(traffic, tcp->client, endpoint_random_number(20000, 30000), MSG_DONTWAIT,
		     NULL);
	traffic_sleep_ms(SETTLE_MS);
	step_tcp_snapshot(context, tcp->client, true, NULL);
	step_tcp_snapshot(context, tcp->server, true, NULL);
	throw_away_all(traffic, tcp->server);
	for (unsigned int i = 0; i <= round / 2; i++) {
		acknowledge_late(tcp->server);
		traffic_send(traffic, tcp->client, endpoint_random_number(10, 500), 0, NULL);
		traffic_sleep_ms(SETTLE_MS);
		throw_away_all(traffic, tcp->server);
	}
	step_tcp_snapshot(context, tcp->client, true, NULL);
	step_tcp_snapshot(context, tcp->server, true, NULL);
}

int step_tcp_counters(struct traffic *traffic, void *context)
{
	for (unsigned int round = 0; round < TRANSFERS; round++) {
		const struct traffic_tcp_options options = {
			.family = AF_INET,
			.max_segment = round ? (int)endpoint_random_number(600, 1400) : 0,
			.ends_by_reset = true
		};
		struct traffic_tcp tcp;
		int err = traffic_tcp_open(traffic, &options, &tcp);

		if (err)
			return err;
		count_transfers(traffic, context, &tcp, round);
		traffic_tcp_close(traffic, &tcp);
	}
	return 0;
}

static int attach(int fd, struct sock_filter *filter, unsigned short count)
{
	const struct sock_fprog program = { count, filter };

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program));
}

/* Classic socket filters, socket(7): they need no bpf(2). */
int step_tcp_drop(int fd)
{
	struct sock_filter filter[] = { BPF_STMT(BPF_RET | BPF_K, 0) };

	return attach(fd, filter, 1);
}

int step_tcp_drop_marked(int fd)
{
	/* The first byte behind the TCP header, whose length is in the high half of byte 12. */
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 12),
		BPF_STMT(BPF_ALU | BPF_RSH | BPF_K, 4),
		BPF_STMT(BPF_ALU | BPF_LSH | BPF_K, 2),
		BPF_STMT(BPF_MISC | BPF_TAX, 0),
		BPF_STMT(BPF_LD | BPF_B | BPF_IND, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, STEP_TCP_MARK, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 0),
		BPF_STMT(BPF_RET | BPF_K, 65535),
	};

	return attach(fd, filter, sizeof(filter) / sizeof(filter[0]));
}

static uint32_t snapshot_losses(struct step_context *context)
{
	struct tcp_info info = { 0 };

	for (size_t i = 0; i < STEP_LOSSES; i++)
		step_tcp_snapshot(context, context->losses[i].client, true, &info);
	return info.tcpi_total_retrans;
}

/*
 * A window of its own for each, which is what the slow start threshold will be made of; then one
 * segment that gets lost, again and again.
 */
static int lose_one(struct traffic *traffic, struct traffic_tcp *tcp, unsigned int which)
{
	const struct traffic_tcp_options options = {
		.family = AF_INET, .which = which, .max_segment = 1000, .ends_by_reset = true
	};
	int err = traffic_tcp_open(traffic, &options, tcp);

	for (unsigned int i = 0; i < which && !err; i++)
		err = traffic_tcp_transfer(traffic, tcp->client, tcp->server, 20000);
	if (err)
		return err;
	step_tcp_drop(tcp->server);
	traffic_send(traffic, tcp->client, endpoint_random_number(300, 900), 0, NULL);
	return 0;
}

int step_tcp_lose(struct traffic *traffic, void *context)
{
	struct step_context *steps = context;
	int err = traffic_net_enter(&traffic->net, 0);

	for (unsigned int i = 0; i < STEP_LOSSES && !err; i++)
		err = lose_one(traffic, &steps->losses[i], i);
	if (!err)
		snapshot_losses(steps);
	return err;
}

/* The first is sent again by a probe, after that at growing intervals from 200 ms on. */
int step_tcp_lost(struct traffic *traffic, void *context)
{
	struct step_context *steps = context;

	(void)traffic;
	for (unsigned int ms = 0; ms < RETRANSMISSION_MS; ms += POLL_MS) {
		struct tcp_info info = { 0 };
		socklen_t size = sizeof(info);

		if (getsockopt(steps->losses[STEP_LOSSES - 1].client, IPPROTO_TCP, TCP_INFO, &info,
			       &size))
			return -errno;
		if (info.tcpi_total_retrans > steps->retransmissions)
			break;
		traffic_sleep_ms(POLL_MS);
	}
	steps->retransmissions = snapshot_losses(steps);
	return 0;
}

static unsigned int queue_connections(struct traffic *traffic, const struct endpoint *to,
				      unsigned int count, int *fds)
{
	unsigned int done = 0;

	for (unsigned int i = 0; i < count; i++) {
		int fd = traffic_open(traffic, AF_INET, SOCK_STREAM, 0);

		if (fd < 0)
			break;
		traffic_reset_at_close(fd);
		fds[done++] = fd;
		if (traffic_connect(traffic, fd, to))
			break;
	}
	return done;
}

static int listen_rounds(struct traffic *traffic, struct step_context *context, unsigned int count)
{
	static const struct {
		unsigned int backlog, more;
	} rounds[BACKLOGS] = { { 173, 0 }, { 211, 3 }, { 97, 2 }, { 149, 6 } };
	struct endpoint end;
	int fds[16];
	unsigned int queued = 0;
	int fd = traffic_open(traffic, AF_INET, SOCK_STREAM, 0);

	if (fd < 0)
		return fd;
	traffic_reset_at_close(fd);
	traffic_net_end(&traffic->net, AF_INET, 0, &end);
	int err = traffic_bind(traffic, fd, &end);
	for (unsigned int i = 0; i < count && !err; i++) {
		err = traffic_listen(traffic, fd, (int)rounds[i].backlog);
		queued += queue_connections(traffic, &end, rounds[i].more, fds + queued);
		traffic_sleep_ms(STATE_MS);
		struct sample *sample = step_tcp_snapshot(context, fd, false, NULL);
		if (!sample)
			continue;
		fact_set(&sample->facts, FACT_BACKLOG, rounds[i].backlog);
		fact_set(&sample->facts, FACT_QUEUE, queued);
	}
	while (queued > 0)
		traffic_close(traffic, fds[--queued]);
	traffic_close(traffic, fd);
	return err;
}

int step_listen(struct traffic *traffic, void *context)
{
	return listen_rounds(traffic, context, BACKLOGS);
}

int step_tcp_proof(struct traffic *traffic, void *context)
{
	const struct traffic_tcp_options options = { .family = AF_INET, .ends_by_reset = true };
	struct traffic_tcp tcp;
	int err = traffic_tcp_open(traffic, &options, &tcp);

	if (err)
		return err;
	traffic_tcp_transfer(traffic, tcp.client, tcp.server, endpoint_random_number(1000, 9000));
	traffic_sleep_ms(SETTLE_MS);
	snapshot_end(context, tcp.client, &tcp.client_end, &tcp.server_end);
	snapshot_end(context, tcp.server, &tcp.server_end, &tcp.client_end);
	traffic_tcp_close(traffic, &tcp);
	err = listen_rounds(traffic, context, 2);
	if (!err && traffic->net.has_ip6)
		err = ends_of_one(traffic, context, AF_INET6, 2);
	return err;
}
