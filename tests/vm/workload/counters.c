/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * /proc/net/snmp, snmp6 and dev of both sides in, one line of the truth out: keys are
 * SIDE.Ip.InReceives, SIDE.Ip6InReceives, SIDE.DEVICE.rx_packets.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "journal.h"
#include "net.h"

static const char *const side_names[SIDES] = { "near", "far" };

static void add(struct line *line, enum side side, const char *group, const char *name,
		long long value)
{
	char key[128];

	snprintf(key, sizeof(key), "%s.%s%s%s", side_names[side], group, *group ? "." : "", name);
	line_number(line, key, value);
}

/* Two lines a group: the names, then the values. */
static void read_snmp(struct line *line, enum side side)
{
	char names[2048], values[2048];
	FILE *file = fopen("/proc/thread-self/net/snmp", "re");

	while (file && fgets(names, sizeof(names), file) && fgets(values, sizeof(values), file)) {
		char *name_rest = NULL, *value_rest = NULL;
		char *group = strtok_r(names, ": \n", &name_rest);
		char *name;
		long long value;

		strtok_r(values, ": \n", &value_rest);
		while ((name = strtok_r(NULL, " \n", &name_rest)) != NULL) {
			char *text = strtok_r(NULL, " \n", &value_rest);

			if (text && sscanf(text, "%lld", &value) == 1)
				add(line, side, group, name, value);
		}
	}
	if (file)
		fclose(file);
}

static void read_snmp6(struct line *line, enum side side)
{
	char name[64];
	long long value;
	FILE *file = fopen("/proc/thread-self/net/snmp6", "re");

	while (file && fscanf(file, "%63s %lld", name, &value) == 2)
		/* Types that ICMPv6 never saw are left out by the kernel, too. */
		add(line, side, "", name, value);
	if (file)
		fclose(file);
}

static void read_dev(struct line *line, enum side side)
{
	char text[512], name[64];
	unsigned long long rx_bytes, rx_packets, tx_bytes, tx_packets;
	FILE *file = fopen("/proc/thread-self/net/dev", "re");

	while (file && fgets(text, sizeof(text), file)) {
		if (sscanf(text, " %63[^:]: %llu %llu %*u %*u %*u %*u %*u %*u %llu %llu", name,
			   &rx_bytes, &rx_packets, &tx_bytes, &tx_packets) != 5)
			continue;
		add(line, side, name, "rx_bytes", (long long)rx_bytes);
		add(line, side, name, "rx_packets", (long long)rx_packets);
		add(line, side, name, "tx_bytes", (long long)tx_bytes);
		add(line, side, name, "tx_packets", (long long)tx_packets);
	}
	if (file)
		fclose(file);
}

static void read_all(struct run *run, struct line *line)
{
	for (int side = NEAR; side < (run->is_lo ? FAR : SIDES); side++) {
		net_enter(run, side);
		read_snmp(line, side);
		read_snmp6(line, side);
		read_dev(line, side);
	}
	net_leave(run);
}

static void look(struct run *run, struct line *line, const char *phase)
{
	line_begin(line, "counters");
	line_string(line, "scenario", run->scenario);
	line_string(line, "phase", phase);
	read_all(run, line);
}

void net_counters(struct run *run, const char *phase)
{
	static struct line before, after;
	uint64_t time = now();
	int quiet = 0;

	look(run, &before, phase);
	/* Delayed acknowledgements come within 40 ms: two looks without a change are enough. */
	for (int i = 0; i < 40 && quiet < 2; i++) {
		usleep(25000);
		time = now();
		usleep(25000);
		look(run, &after, phase);
		if (after.used == before.used && memcmp(after.text, before.text, after.used) == 0)
			quiet++;
		else
			quiet = 0;
		before = after;
	}
	/* Neither side has counted anything between the two looks around it. */
	line_number(&before, "time", (int64_t)time);
	line_write(&before, run->out);
}
