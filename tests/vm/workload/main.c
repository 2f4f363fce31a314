/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Makes known traffic and writes down the truth about it, for check.py to judge a trace by.
 * In: names of scenarios. Out: JSON Lines; kinds are run, counters, call, end.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "scenario.h"

#define SECONDS_PER_SCENARIO 30

/* The order is that of a run of all. */
static const struct scenario scenarios[] = {
	{ "tcp4", scenario_tcp, AF_INET, false },
	{ "tcp6", scenario_tcp, AF_INET6, false },
	{ "udp4", scenario_udp, AF_INET, false },
	{ "udp6", scenario_udp, AF_INET6, false },
	{ "ping4", scenario_ping, AF_INET, false },
	{ "ping6", scenario_ping, AF_INET6, false },
	{ "unreach4", scenario_unreachable, AF_INET, false },
	{ "unreach6", scenario_unreachable, AF_INET6, false },
	{ "bind4", scenario_bind, AF_INET, false },
	{ "bind6", scenario_bind, AF_INET6, false },
	{ "raw4", scenario_raw, AF_INET, false },
	{ "unix", scenario_unix, AF_UNIX, false },
	{ "netlink", scenario_netlink, AF_NETLINK, false },
	{ "packet", scenario_packet, AF_PACKET, false },
	{ "refused4", scenario_refused, AF_INET, false },
	{ "refused6", scenario_refused, AF_INET6, false },
	{ "threads4", scenario_accept_threads, AF_INET, false },
	{ "threads6", scenario_accept_threads, AF_INET6, false },
	{ "peek4", scenario_peek, AF_INET, false },
	{ "mmsg4", scenario_mmsg, AF_INET, false },
	{ "mmsg6", scenario_mmsg, AF_INET6, false },
	{ "zerocopy4", scenario_zero_copy, AF_INET, false },
	{ "zerocopy6", scenario_zero_copy, AF_INET6, false },
	{ "names6", scenario_names, AF_INET6, false },
	{ "stamps4", scenario_stamps, AF_INET, true },
	{ "stamps6", scenario_stamps, AF_INET6, true },
	{ "mapped", scenario_mapped, AF_INET6, false },
	{ "fastopen4", scenario_fast_open, AF_INET, false },
	{ "options4", scenario_ip_options, AF_INET, false },
	{ "options6", scenario_extension, AF_INET6, false },
	{ "container4", scenario_container, AF_INET, true },
};

#define SCENARIO_COUNT (sizeof(scenarios) / sizeof(*scenarios))

static const struct option options[] = {
	{ "seed", required_argument, NULL, 's' }, { "dev", required_argument, NULL, 'd' },
	{ "out", required_argument, NULL, 'o' },  { "near", required_argument, NULL, 'n' },
	{ "far", required_argument, NULL, 'f' },  { "peer", required_argument, NULL, 'p' },
	{ "list", no_argument, NULL, 'l' },	  { NULL, 0, NULL, 0 },
};

struct arguments {
	const char *device, *out, *near, *far, *peer;
	uint64_t seed;
};

static void usage(void)
{
	fprintf(stderr, "usage: workload [--seed N] [--dev lo|veth|virtio] [--near DEVICE] "
			"[--far DEVICE] [--peer PID|PATH] [--out FILE] SCENARIO...|all\n"
			"       workload --list\n");
	exit(2);
}

static void list(void)
{
	for (size_t i = 0; i < SCENARIO_COUNT; i++)
		puts(scenarios[i].name);
	exit(0);
}

static void parse(int argc, char **argv, struct arguments *arguments)
{
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 's':
			arguments->seed = strtoull(optarg, NULL, 0);
			break;
		case 'd':
			arguments->device = optarg;
			break;
		case 'o':
			arguments->out = optarg;
			break;
		case 'n':
			arguments->near = optarg;
			break;
		case 'f':
			arguments->far = optarg;
			break;
		case 'p':
			arguments->peer = optarg;
			break;
		case 'l':
			list();
			break;
		default:
			usage();
		}
	}
	if (optind >= argc || (strcmp(arguments->device, "lo") != 0 && !arguments->peer))
		usage();
}

/* What a packet's source is where its socket has no address: on lo it is not the place's. */
static void note_place(struct line *line, const struct run *run, int side)
{
	const struct place *place = &run->places[side];
	char text[INET6_ADDRSTRLEN], key[32];

	snprintf(key, sizeof(key), "%s_device", side == NEAR ? "near" : "far");
	line_string(line, key, place->device);
	snprintf(key, sizeof(key), "%s_inet", side == NEAR ? "near" : "far");
	line_string(line, key, inet_ntop(AF_INET, &place->in, text, sizeof(text)));
	snprintf(key, sizeof(key), "%s_inet6", side == NEAR ? "near" : "far");
	line_string(line, key, inet_ntop(AF_INET6, &place->in6, text, sizeof(text)));
}

static void note_run(struct run *run, const struct arguments *arguments)
{
	struct line line;
	struct utsname name;
	struct timespec wall;

	uname(&name);
	clock_gettime(CLOCK_REALTIME, &wall);
	line_begin(&line, "run");
	line_number(&line, "seed", (int64_t)arguments->seed);
	line_string(&line, "dev", run->device);
	for (int side = NEAR; side < SIDES; side++)
		note_place(&line, run, side);
	line_string(&line, "release", name.release);
	line_number(&line, "pid", getpid());
	line_number(&line, "time", (int64_t)now());
	line_number(&line, "wall", (int64_t)wall.tv_sec * 1000000000 + wall.tv_nsec);
	line_write(&line, run->out);
}

/* In the child: everything that the scenario does lies between the two lines of counters. */
static void play(struct run *run, const struct scenario *scenario)
{
	struct actor actor;
	char comm[16];

	alarm(SECONDS_PER_SCENARIO);
	signal(SIGPIPE, SIG_IGN);
	snprintf(comm, sizeof(comm), "nk-%s", scenario->name);
	actor_begin(&actor, run, comm);
	net_counters(run, "begin");
	scenario->run(&actor, scenario->family);
	net_counters(run, "end");
}

static bool run_in_child(struct run *run, const struct scenario *scenario)
{
	int status;

	run->scenario = scenario ? scenario->name : "setup";
	/* Each scenario has numbers of its own, and the same whichever others run. */
	pid_t child = fork();
	if (child == 0) {
		int result = 0;

		if (scenario)
			play(run, scenario);
		else
			result = net_configure(run);
		if (result != 0)
			fprintf(stderr, "workload: addresses: %s\n", strerror(-result));
		_exit(result != 0);
	}
	if (child < 0 || waitpid(child, &status, 0) != child || status != 0) {
		fprintf(stderr, "workload: %s: did not end well\n", run->scenario);
		return false;
	}
	return true;
}

static bool is_wanted(const struct scenario *scenario, char **names)
{
	for (; *names; names++)
		if (strcmp(*names, scenario->name) == 0 || strcmp(*names, "all") == 0)
			return true;
	return false;
}

static void check_names(char **names)
{
	for (; *names; names++) {
		bool is_known = strcmp(*names, "all") == 0;

		for (size_t i = 0; i < SCENARIO_COUNT; i++)
			is_known |= strcmp(*names, scenarios[i].name) == 0;
		if (!is_known) {
			fprintf(stderr, "workload: no scenario %s\n", *names);
			exit(2);
		}
	}
}

int main(int argc, char **argv)
{
	struct arguments arguments = { .device = "lo", .near = NULL, .seed = now() };
	struct run run = { 0 };
	struct line line;
	bool is_well = true;

	parse(argc, argv, &arguments);
	check_names(argv + optind);
	run.random = arguments.seed;
	run.device = arguments.device;
	run.is_lo = strcmp(run.device, "lo") == 0;
	run.out = arguments.out ? open(arguments.out,
				       O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0644)
				: STDOUT_FILENO;
	if (!arguments.near)
		arguments.near = run.is_lo ? "lo" : "eth0";
	if (!arguments.far)
		arguments.far = arguments.near;
	if (run.out < 0 || net_open(&run, arguments.near, arguments.far, arguments.peer) != 0) {
		perror("workload");
		return 1;
	}
	note_run(&run, &arguments);
	is_well &= run_in_child(&run, NULL);
	for (size_t i = 0; i < SCENARIO_COUNT; i++) {
		if (!is_wanted(&scenarios[i], argv + optind))
			continue;
		if (scenarios[i].is_lo_only && !run.is_lo)
			continue;
		run.random = arguments.seed + i * 1000003;
		run.next_sock = (int)i * 1000;
		is_well &= run_in_child(&run, &scenarios[i]);
	}
	line_begin(&line, "end");
	line_number(&line, "is_well", is_well);
	line_write(&line, run.out);
	return !is_well;
}
