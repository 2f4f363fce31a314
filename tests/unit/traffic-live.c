/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Known traffic for real, through an agent: what its log says of the calls. No root is needed:
 * without namespaces the traffic takes the loopback's random 127/8 addresses. What this machine
 * forbids (raw sockets, IPv6) is said and left out.
 */
#include <check.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "traffic/agent.h"
#include "traffic/icmp.h"
#include "traffic/local.h"
#include "traffic/tcp.h"
#include "traffic/udp.h"

enum { STEP_TCP, STEP_UDP, STEP_UNIX, STEP_CABLE, STEP_PING, STEP_FAIL, STEP_HANG, STEP_DIE };
enum { LENGTH = 4321, STEP_MS = 20000 };

static int tcp(struct traffic *traffic, void *context)
{
	const struct traffic_tcp_options options = { .family = AF_INET };
	struct traffic_tcp pair;
	int err = traffic_tcp_open(traffic, &options, &pair);

	(void)context;
	if (!err)
		err = traffic_tcp_transfer(traffic, pair.client, pair.server, LENGTH);
	traffic_tcp_close(traffic, &pair);
	return err;
}

static int udp(struct traffic *traffic, void *context)
{
	const struct traffic_udp_options options = { .family = AF_INET };
	struct traffic_udp pair;
	int err = traffic_udp_open(traffic, &options, &pair);

	(void)context;
	for (int i = 0; !err && i < 3; i++)
		err = traffic_udp_transfer(traffic, &pair, 100);
	traffic_udp_close(traffic, &pair);
	return err;
}

static int unix_pair(struct traffic *traffic, void *context)
{
	int fds[2];
	int err = traffic_unix_open(traffic, SOCK_SEQPACKET, fds);

	(void)context;
	if (!err)
		err = traffic_unix_transfer(traffic, fds, 77);
	return err;
}

static int cable(struct traffic *traffic, void *context)
{
	const struct traffic_tcp_options options = { .family = AF_INET,
						     .over_cable = true,
						     .ends_by_reset = true };
	struct traffic_tcp pair;
	int err = traffic_tcp_open(traffic, &options, &pair);

	(void)context;
	if (!err)
		err = traffic_tcp_transfer(traffic, pair.server, pair.client, LENGTH);
	traffic_tcp_close(traffic, &pair);
	return err;
}

static int ping(struct traffic *traffic, void *context)
{
	struct endpoint to;
	int fd = traffic_ping_open(traffic, AF_INET, SOCK_RAW);

	(void)context;
	if (fd < 0)
		return fd;
	endpoint_random_loopback(&to);
	return traffic_ping(traffic, fd, &to, 1, 56);
}

static int fail_step(struct traffic *traffic, void *context)
{
	(void)traffic;
	(void)context;
	return -EDOM;
}

static int hang(struct traffic *traffic, void *context)
{
	(void)traffic;
	(void)context;
	pause();
	return 0;
}

static int die(struct traffic *traffic, void *context)
{
	(void)traffic;
	(void)context;
	_exit(3);
}

static const struct agent_step steps[] = {
	[STEP_TCP] = { "tcp", tcp },	     [STEP_UDP] = { "udp", udp },
	[STEP_UNIX] = { "unix", unix_pair }, [STEP_CABLE] = { "cable", cable },
	[STEP_PING] = { "ping", ping },	     [STEP_FAIL] = { "fail", fail_step },
	[STEP_HANG] = { "hang", hang },	     [STEP_DIE] = { "die", die },
};

static struct agent agent;

static void start(void)
{
	const struct agent_options options = {
		.steps = steps,
		.step_count = sizeof(steps) / sizeof(steps[0]),
		.pin_to_cpu = true,
		.with_cable = true,
	};

	ck_assert_int_eq(agent_start(&options, &agent, NULL), 0);
}

static void stop(void)
{
	agent_stop(&agent);
	agent_stop(&agent);
}

static const struct traffic_call *call_of(enum traffic_what what, size_t nth)
{
	for (size_t i = 0; i < agent.log->count; i++)
		if (agent.log->calls[i].what == what && !nth--)
			return &agent.log->calls[i];
	ck_abort_msg("no call %s", traffic_what_names[what]);
	return NULL;
}

static size_t sum_of(enum traffic_what what)
{
	size_t sum = 0;

	for (size_t i = 0; i < agent.log->count; i++)
		if (agent.log->calls[i].what == what && agent.log->calls[i].result > 0)
			sum += (size_t)agent.log->calls[i].result;
	return sum;
}

START_TEST(tcp_calls_tell_both_ends)
{
	ck_assert_int_eq(agent_run(&agent, STEP_TCP, STEP_MS), 0);
	const struct traffic_call *connect = call_of(TRAFFIC_CONNECT, 0);
	const struct traffic_call *accept = call_of(TRAFFIC_ACCEPT, 0);

	ck_assert_int_eq(connect->pid, agent.pid);
	ck_assert_int_eq(connect->family, AF_INET);
	ck_assert_int_eq(connect->type, SOCK_STREAM);
	ck_assert_uint_eq(endpoint_port(&connect->local), endpoint_port(&accept->remote));
	ck_assert_uint_eq(endpoint_port(&connect->remote), endpoint_port(&accept->local));
	ck_assert_int_eq(ntohl(connect->local.in.sin_addr.s_addr) >> 24, 127);
	ck_assert_uint_eq(connect->local.in.sin_addr.s_addr, accept->remote.in.sin_addr.s_addr);
	ck_assert_uint_lt(connect->start_ns, connect->end_ns);
	ck_assert_uint_le(connect->end_ns, accept->start_ns);
	ck_assert_uint_eq(sum_of(TRAFFIC_SEND), LENGTH);
	ck_assert_uint_eq(sum_of(TRAFFIC_RECV), LENGTH);
	call_of(TRAFFIC_CLOSE, 2);
}
END_TEST

START_TEST(udp_receives_name_the_sender)
{
	ck_assert_int_eq(agent_run(&agent, STEP_UDP, STEP_MS), 0);
	const struct traffic_call *send = call_of(TRAFFIC_SEND, 2);
	const struct traffic_call *receive = call_of(TRAFFIC_RECV, 2);

	ck_assert_int_eq(send->length, 100);
	ck_assert_int_eq(receive->result, 100);
	ck_assert_uint_eq(endpoint_port(&send->remote), endpoint_port(&receive->local));
	ck_assert_uint_eq(endpoint_port(&send->local), endpoint_port(&receive->remote));
}
END_TEST

START_TEST(unix_sockets_have_no_ends)
{
	ck_assert_int_eq(agent_run(&agent, STEP_UNIX, STEP_MS), 0);
	ck_assert_int_eq(call_of(TRAFFIC_SEND, 0)->family, AF_UNIX);
	ck_assert_int_eq(call_of(TRAFFIC_SEND, 0)->type, SOCK_SEQPACKET);
	ck_assert_int_eq(call_of(TRAFFIC_RECV, 0)->result, 77);
	ck_assert_uint_eq(call_of(TRAFFIC_RECV, 0)->remote.length, 0);
}
END_TEST

START_TEST(a_private_namespace_is_not_the_caller_s)
{
	char mine[64] = "", text[64];

	ck_assert_int_gt(readlink("/proc/self/ns/net", mine, sizeof(mine) - 1), 0);
	if (!agent.net.is_private) {
		printf("traffic-live: no network namespaces here\n");
		return;
	}
	for (int side = 0; side < TRAFFIC_NET_SIDES; side++) {
		snprintf(text, sizeof(text), "net:[%llu]",
			 (unsigned long long)agent.net.netns_inode[side]);
		ck_assert_str_ne(mine, text);
	}
	ck_assert_uint_ne(agent.net.netns_inode[0], agent.net.netns_inode[1]);
}
END_TEST

START_TEST(a_cable_joins_two_namespaces)
{
	if (!agent.net.has_cable) {
		printf("traffic-live: no veth here\n");
		return;
	}
	ck_assert_int_eq(agent_run(&agent, STEP_CABLE, STEP_MS), 0);
	ck_assert_int_eq(ntohl(call_of(TRAFFIC_CONNECT, 0)->local.in.sin_addr.s_addr) >> 24, 10);
}
END_TEST

START_TEST(a_ping_has_its_type)
{
	int err = agent_run(&agent, STEP_PING, STEP_MS);

	if (err == -EPERM) {
		printf("traffic-live: no raw sockets here\n");
		return;
	}
	ck_assert_int_eq(err, 0);
	ck_assert_int_eq(call_of(TRAFFIC_SEND, 0)->icmp_type, 8);
	ck_assert_int_eq(call_of(TRAFFIC_SEND, 0)->length, 64);
}
END_TEST

START_TEST(a_step_s_error_comes_back)
{
	ck_assert_int_eq(agent_run(&agent, STEP_FAIL, STEP_MS), -EDOM);
	ck_assert_int_eq(agent_run(&agent, 99, STEP_MS), -EINVAL);
}
END_TEST

START_TEST(a_step_that_hangs_is_given_up)
{
	pid_t pid = agent.pid;

	ck_assert_int_eq(agent_run(&agent, STEP_HANG, 50), -ETIMEDOUT);
	agent_stop(&agent);
	ck_assert_int_eq(kill(pid, 0), -1);
}
END_TEST

START_TEST(a_dead_child_is_told)
{
	ck_assert_int_eq(agent_run(&agent, STEP_DIE, STEP_MS), -ECHILD);
	ck_assert_int_eq(agent_run(&agent, STEP_TCP, STEP_MS), -ECHILD);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("traffic/live");
	TCase *tests = tcase_create("agent");

	tcase_set_timeout(tests, 30);
	tcase_add_checked_fixture(tests, start, stop);
	tcase_add_test(tests, tcp_calls_tell_both_ends);
	tcase_add_test(tests, udp_receives_name_the_sender);
	tcase_add_test(tests, unix_sockets_have_no_ends);
	tcase_add_test(tests, a_private_namespace_is_not_the_caller_s);
	tcase_add_test(tests, a_cable_joins_two_namespaces);
	tcase_add_test(tests, a_ping_has_its_type);
	tcase_add_test(tests, a_step_s_error_comes_back);
	tcase_add_test(tests, a_step_that_hangs_is_given_up);
	tcase_add_test(tests, a_dead_child_is_told);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
