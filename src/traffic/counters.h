/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's own counters of a network namespace, by name: "Tcp.ActiveOpens" of
 * /proc/net/snmp, "TcpExt.SyncookiesSent" of netstat, "Udp6OutDatagrams" of snmp6,
 * "lo.rx_packets" of dev. See proc_net_snmp(5).
 */
#ifndef NK_TRAFFIC_COUNTERS_H
#define NK_TRAFFIC_COUNTERS_H

#include <stddef.h>
#include <stdint.h>

struct counter {
	char *name;
	int64_t value;
};

struct counters {
	struct counter *items;
	size_t count;
};

/* Of the caller's namespace. net_fd: the directory /proc/self/net. 0 or -errno. */
int counters_read(int net_fd, struct counters *counters);
void counters_clear(struct counters *counters);

/* The texts of those files; each appends. */
void counters_parse_snmp(char *text, struct counters *counters);
void counters_parse_snmp6(char *text, struct counters *counters);
void counters_parse_dev(char *text, struct counters *counters);

/* NULL: no such counter. Borrowed. */
const struct counter *counters_find(const struct counters *counters, const char *name);

/*
 * What an expression of a probe's "## counter:" grew by from before to after: names joined by
 * " + ", "*.NAME" for that of all devices, and perhaps " of inet" or " of inet6" behind them. 0, or
 * -ENOENT where it names no counter of this kernel.
 */
int counters_growth(const struct counters *before, const struct counters *after,
		    const char *expression, int64_t *growth);

/*
 * AF_INET or AF_INET6 where the expression ends in "of ...": the counter counts others, too, and
 * says something of the probe only while all traffic is of this family. 0: no such end.
 */
int counters_family(const char *expression);

#endif
