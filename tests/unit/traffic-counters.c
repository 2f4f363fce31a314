/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Counters out of texts as the kernel writes them, out of this machine's own /proc/self/net, and
 * what they grew by.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/alloc.h"
#include "traffic/counters.h"

static int64_t value(const struct counters *counters, const char *name)
{
	const struct counter *counter = counters_find(counters, name);

	ck_assert_msg(counter != NULL, "no counter %s", name);
	return counter->value;
}

START_TEST(snmp_pairs_names_with_values)
{
	struct counters counters = { 0 };
	char text[] = "Ip: Forwarding DefaultTTL\nIp: 1 64\n"
		      "Tcp: MaxConn ActiveOpens\nTcp: -1 20\n";

	counters_parse_snmp(text, &counters);
	ck_assert_uint_eq(counters.count, 4);
	ck_assert_int_eq(value(&counters, "Ip.DefaultTTL"), 64);
	ck_assert_int_eq(value(&counters, "Tcp.MaxConn"), -1);
	ck_assert_int_eq(value(&counters, "Tcp.ActiveOpens"), 20);
	counters_clear(&counters);
}
END_TEST

START_TEST(snmp_skips_what_does_not_pair)
{
	struct counters counters = { 0 };
	char text[] = "Ip: A B C\nIp: 1 2\nUdp: A\nTcp: 5\nodd";

	counters_parse_snmp(text, &counters);
	ck_assert_uint_eq(counters.count, 2);
	ck_assert_ptr_null(counters_find(&counters, "Ip.C"));
	ck_assert_ptr_null(counters_find(&counters, "Udp.A"));
	counters_clear(&counters);
}
END_TEST

START_TEST(snmp6_is_names_and_values)
{
	struct counters counters = { 0 };
	char text[] = "Ip6InReceives                   \t160\nUdp6OutDatagrams\t7\nlonely\n";

	counters_parse_snmp6(text, &counters);
	ck_assert_uint_eq(counters.count, 2);
	ck_assert_int_eq(value(&counters, "Ip6InReceives"), 160);
	ck_assert_int_eq(value(&counters, "Udp6OutDatagrams"), 7);
	counters_clear(&counters);
}
END_TEST

START_TEST(dev_names_its_columns)
{
	struct counters counters = { 0 };
	char text[] = "Inter-|   Receive        |  Transmit\n face |bytes    packets |bytes\n"
		      "    lo: 100 2 3 4 5 6 7 8 900 10 11 12 13 14 15 16\neth0:5 1\n";

	counters_parse_dev(text, &counters);
	ck_assert_int_eq(value(&counters, "lo.rx_packets"), 2);
	ck_assert_int_eq(value(&counters, "lo.tx_packets"), 10);
	ck_assert_int_eq(value(&counters, "lo.tx_compressed"), 16);
	ck_assert_int_eq(value(&counters, "eth0.rx_bytes"), 5);
	ck_assert_uint_eq(counters.count, 18);
	counters_clear(&counters);
}
END_TEST

START_TEST(this_machine_has_counters)
{
	struct counters counters;
	NK_CLOSE int fd = open("/proc/self/net", O_RDONLY | O_DIRECTORY);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(counters_read(fd, &counters), 0);
	ck_assert_int_ge(value(&counters, "Tcp.ActiveOpens"), 0);
	ck_assert_int_ge(value(&counters, "lo.rx_packets"), 0);
	counters_clear(&counters);
}
END_TEST

START_TEST(a_directory_without_counters_is_an_error)
{
	struct counters counters;
	NK_CLOSE int fd = open(TESTDIR, O_RDONLY | O_DIRECTORY);

	ck_assert_int_eq(counters_read(fd, &counters), -ENOENT);
	ck_assert_uint_eq(counters.count, 0);
}
END_TEST

START_TEST(growth_is_of_the_sum)
{
	struct counters before = { 0 }, after = { 0 };
	char old[] = "Udp.OutDatagrams 5\nUdp6OutDatagrams 1\n";
	char new[] = "Udp.OutDatagrams 25\nUdp6OutDatagrams 4\nNew 3\n";
	int64_t growth = -1;

	counters_parse_snmp6(old, &before);
	counters_parse_snmp6(new, &after);
	ck_assert_int_eq(
		counters_growth(&before, &after, "Udp.OutDatagrams + Udp6OutDatagrams", &growth),
		0);
	ck_assert_int_eq(growth, 23);
	ck_assert_int_eq(counters_growth(&before, &after, "New", &growth), 0);
	ck_assert_int_eq(growth, 3);
	ck_assert_int_eq(counters_growth(&before, &after, "New + Gone", &growth), -ENOENT);
	ck_assert_int_eq(counters_growth(&before, &after, "", &growth), -ENOENT);
	ck_assert_int_eq(growth, 3);
	/* A kernel without IPv6 counts none of it. */
	ck_assert_int_eq(counters_growth(&before, &after, "New + Udp6Gone", &growth), 0);
	ck_assert_int_eq(growth, 3);
	counters_clear(&before);
	counters_clear(&after);
}
END_TEST

START_TEST(a_star_is_all_devices)
{
	struct counters before = { 0 }, after = { 0 };
	char old[] = "Ip.tx_packets 0\nlo.tx_packets 5\nnk0.tx_packets 7\nlo.rx_packets 1\n";
	char new[] = "lo.tx_packets 6\nnk0.tx_packets 9\nnk1.tx_packets 4\nlo.rx_packets 100\n";
	int64_t growth = -1;

	counters_parse_snmp6(old, &before);
	counters_parse_snmp6(new, &after);
	ck_assert_int_eq(counters_growth(&before, &after, "*.tx_packets", &growth), 0);
	ck_assert_int_eq(growth, 7);
	ck_assert_int_eq(counters_growth(&before, &after, "*.packets", &growth), -ENOENT);
	ck_assert_int_eq(counters_growth(&before, &after, "lo.rx_packets of inet6", &growth), 0);
	ck_assert_int_eq(growth, 99);
	counters_clear(&before);
	counters_clear(&after);
}
END_TEST

START_TEST(a_counter_may_be_of_one_family)
{
	ck_assert_int_eq(counters_family("Tcp.InSegs of inet6"), AF_INET6);
	ck_assert_int_eq(counters_family("A + B of inet"), AF_INET);
	ck_assert_int_eq(counters_family("Tcp.InSegs"), 0);
	ck_assert_int_eq(counters_family("Tcp.InSegs of unix"), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("traffic/counters");
	TCase *tests = tcase_create("counters");

	tcase_add_test(tests, snmp_pairs_names_with_values);
	tcase_add_test(tests, snmp_skips_what_does_not_pair);
	tcase_add_test(tests, snmp6_is_names_and_values);
	tcase_add_test(tests, dev_names_its_columns);
	tcase_add_test(tests, this_machine_has_counters);
	tcase_add_test(tests, a_directory_without_counters_is_an_error);
	tcase_add_test(tests, growth_is_of_the_sum);
	tcase_add_test(tests, a_star_is_all_devices);
	tcase_add_test(tests, a_counter_may_be_of_one_family);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
