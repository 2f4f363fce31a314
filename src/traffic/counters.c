/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Texts of /proc/net to named numbers. Lines that do not look as expected are passed over: a kernel
 * may count more than this knows.
 */
#include "traffic/counters.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/text.h"

static void add(struct counters *counters, char *name, const char *value)
{
	struct counter *counter = array_add(&counters->items, &counters->count);

	counter->name = name;
	/* MaxConn is -1; octets may pass 2^63 only after centuries. */
	counter->value = strtoll(value, NULL, 10);
}

/* Pairs of lines: "Tcp: NAME NAME ...", "Tcp: VALUE VALUE ...". */
void counters_parse_snmp(char *text, struct counters *counters)
{
	char *names, *values;

	while ((names = text_next_line(&text)) && (values = text_next_line(&text))) {
		char *group = text_next_word(&names);
		char *same = text_next_word(&values);
		char *name, *value;

		if (!group || !same || strcmp(group, same) != 0)
			continue;
		group[strcspn(group, ":")] = '\0';
		while ((name = text_next_word(&names)) && (value = text_next_word(&values)))
			add(counters, xasprintf("%s.%s", group, name), value);
	}
}

/* "NAME VALUE" lines. */
void counters_parse_snmp6(char *text, struct counters *counters)
{
	char *line;

	while ((line = text_next_line(&text))) {
		char *name = text_next_word(&line);
		char *value = text_next_word(&line);

		if (name && value)
			add(counters, xstrdup(name), value);
	}
}

/* Two lines of headings, then "DEVICE: VALUE ..."; a device's name may touch its first number. */
void counters_parse_dev(char *text, struct counters *counters)
{
	static const char *const columns[] = { "rx_bytes",	"rx_packets",	"rx_errs",
					       "rx_drop",	"rx_fifo",	"rx_frame",
					       "rx_compressed", "rx_multicast", "tx_bytes",
					       "tx_packets",	"tx_errs",	"tx_drop",
					       "tx_fifo",	"tx_colls",	"tx_carrier",
					       "tx_compressed" };
	char *line;

	while ((line = text_next_line(&text))) {
		char *colon = strchr(line, ':');
		char *value;

		if (!colon)
			continue;
		*colon++ = '\0';
		char *device = text_next_word(&line);
		for (size_t i = 0; device && i < sizeof(columns) / sizeof(columns[0]) &&
				   (value = text_next_word(&colon));
		     i++)
			add(counters, xasprintf("%s.%s", device, columns[i]), value);
	}
}

int counters_read(int net_fd, struct counters *counters)
{
	static const struct {
		const char *file;
		void (*parse)(char *text, struct counters *counters);
		int is_needed;
	} files[] = {
		{ "snmp", counters_parse_snmp, 1 },
		{ "netstat", counters_parse_snmp, 0 },
		{ "snmp6", counters_parse_snmp6, 0 }, /* none without IPv6 */
		{ "dev", counters_parse_dev, 1 },
	};

	*counters = (struct counters){ 0 };
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		NK_FREE char *text = NULL;
		int err = file_read(net_fd, files[i].file, &text, NULL);

		if (!err) {
			files[i].parse(text, counters);
		} else if (files[i].is_needed) {
			counters_clear(counters);
			return err;
		}
	}
	return 0;
}

void counters_clear(struct counters *counters)
{
	for (size_t i = 0; i < counters->count; i++)
		free(counters->items[i].name);
	free(counters->items);
	*counters = (struct counters){ 0 };
}

const struct counter *counters_find(const struct counters *counters, const char *name)
{
	for (size_t i = 0; i < counters->count; i++)
		if (!strcmp(counters->items[i].name, name))
			return &counters->items[i];
	return NULL;
}

/* "*.tx_packets" is that of each device. */
static bool is_named(const struct counter *counter, const char *name)
{
	const char *dot = strchr(counter->name, '.');

	if (name[0] == '*' && name[1] == '.')
		return dot && strcmp(dot, name + 1) == 0;
	return strcmp(counter->name, name) == 0;
}

/*
 * What one name grew by. A device may be new; its counters began at 0. Without IPv6 there is
 * no snmp6 with its names, and nothing to be counted.
 */
static int growth_of(const struct counters *before, const struct counters *after, const char *name,
		     int64_t *growth)
{
	int found = 0;

	for (size_t i = 0; i < after->count; i++) {
		const struct counter *new = &after->items[i];
		const struct counter *old;

		if (!is_named(new, name))
			continue;
		old = counters_find(before, new->name);
		*growth += new->value - (old ? old->value : 0);
		found = 1;
	}
	if (!found && strstr(name, "6") && !counters_find(after, "Ip6InReceives"))
		return 0;
	return found ? 0 : -ENOENT;
}

int counters_growth(const struct counters *before, const struct counters *after,
		    const char *expression, int64_t *growth)
{
	NK_FREE char *copy = xstrdup(expression);
	char *cursor = copy, *word;
	int64_t sum = 0;
	int err = -ENOENT;

	while ((word = text_next_word(&cursor)) && strcmp(word, "of") != 0) {
		if (!strcmp(word, "+"))
			continue;
		err = growth_of(before, after, word, &sum);
		if (err)
			return err;
	}
	if (!err)
		*growth = sum;
	return err;
}

int counters_family(const char *expression)
{
	const char *of = strstr(expression, " of ");

	if (!of)
		return 0;
	return !strcmp(of + 4, "inet6") ? AF_INET6 : !strcmp(of + 4, "inet") ? AF_INET : 0;
}
