/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names and their clones in texts of the form of /proc/kallsyms, and in those of captured kernels.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "base/text.h"
#include "captured.h"

static struct symbols *read_one(const char *kallsyms, const char *blacklist, const char *name)
{
	return symbols_read(kallsyms, blacklist, &name, 1);
}

#define LINE(type, name) "ffffffff81000000 " type " " name "\n"

START_TEST(test_clones)
{
	static const char kallsyms[] = LINE("t", "foo.constprop.0") LINE("t", "foo.cold")
		LINE("t", "foo.part.0") LINE("t", "foo.isra.0.constprop.12") LINE("t", "foobar")
			LINE("d", "foo") LINE("t", "fo") LINE("t", "foo.constprop.0.cold")
				LINE("t", "foo.isra.") LINE("t", "foo.llvm.123")
					LINE("t", "foo.isra.0x");
	struct symbols *symbols = read_one(kallsyms, NULL, "foo");
	const struct symbol *symbol = symbols_find(symbols, "foo");

	ck_assert_uint_eq(symbol->clone_count, 3);
	ck_assert_str_eq(symbol->clones[0].name, "foo.constprop.0");
	ck_assert_str_eq(symbol->clones[1].name, "foo.isra.0.constprop.12");
	ck_assert_str_eq(symbol->clones[2].name, "foo.llvm.123");
	ck_assert(!symbol->clones[0].is_exact);
	ck_assert_ptr_null(symbols_find(symbols, "bar"));
	symbols_free(symbols);
}
END_TEST

START_TEST(test_order)
{
	static const char kallsyms[] = LINE("t", "foo.constprop.0") LINE("T", "foo")
		LINE("t", "foo.constprop.0") LINE("W", "foo.isra.0");
	struct symbols *symbols = read_one(kallsyms, "0x1-0x2\tfoo\n0x3-0x4\tbar\n", "foo");
	const struct symbol *symbol = symbols_find(symbols, "foo");

	/* Those that can be probed come first. */
	ck_assert_uint_eq(symbol->clone_count, 3);
	ck_assert_str_eq(symbol->clones[0].name, "foo.isra.0");
	ck_assert_str_eq(symbol->clones[1].name, "foo");
	ck_assert(symbol->clones[1].is_blacklisted);
	ck_assert(symbol->clones[1].is_exact);
	ck_assert_uint_eq(symbol->clones[2].copies, 2);
	symbols_free(symbols);
}
END_TEST

START_TEST(test_modules)
{
	static const char kallsyms[] = "0 t recv\t[one]\n0 t recv\t[two]\n0 t send\t[one]\n";
	const char *const names[] = { "recv", "two:recv", "send", "three:recv", "recv" };
	struct symbols *symbols = symbols_read(kallsyms, NULL, names, 5);

	ck_assert_uint_eq(symbols_find(symbols, "recv")->clones[0].copies, 2);
	ck_assert_uint_eq(symbols_find(symbols, "two:recv")->clones[0].copies, 1);
	ck_assert_str_eq(symbols_find(symbols, "two:recv")->clones[0].name, "two:recv");
	ck_assert_str_eq(symbols_find(symbols, "two:recv")->module, "two");
	ck_assert_str_eq(symbols_find(symbols, "send")->module, "one");
	ck_assert_uint_eq(symbols_find(symbols, "three:recv")->clone_count, 0);
	symbols_free(symbols);
}
END_TEST

START_TEST(test_damaged)
{
	static const char kallsyms[] =
		"\n \n0\n0 t\n0 t \n0 t foo\t\n0 t foo\t[\n0  t foo\n0 tt foo\n0 T foo";
	struct symbols *symbols = read_one(kallsyms, "\n\tfoo\nfoo\n0\t\n", "foo");

	ck_assert_uint_eq(symbols_find(symbols, "foo")->clone_count, 1);
	ck_assert_uint_eq(symbols_find(symbols, "foo")->clones[0].copies, 3);
	ck_assert(symbols_find(symbols, "foo")->clones[0].is_blacklisted);
	symbols_free(symbols);
}
END_TEST

/* Which functions there are, as it was measured; 'c': as a clone. */
static const struct {
	const char *name, *on; /* 5.10 6.1 6.12 7.2 6.1-nobpf 6.1-arm64 ('?': not measured) */
} facts[] = {
	{ "tcp_accept", "------" },
	{ "icmp_send", "------" },
	{ "tcp_connect", "yyyyyy" },
	{ "security_socket_recvmsg", "yyyy-?" },
	{ "__sock_sendmsg", "yy---?" },
	{ "__dev_queue_xmit", "yyyyyy" },
	{ "__netif_receive_skb_core", "?ccc??" },
	{ "napi_gro_receive", "yyy-y?" },
	{ "udpv6_sendmsg", "yyyyyy" },
	{ "ip_rcv_core", "yyyyyy" },
};

static const char *const releases[] = { "5.10", "6.1", "6.12", "7.2", "6.1-nobpf", "6.1-arm64" };

START_TEST(test_captured)
{
	const char *names[sizeof(facts) / sizeof(facts[0])];
	struct kernel *kernel = captured_open(releases[_i], NULL);
	struct diags diags = { 0 };

	for (size_t i = 0; i < sizeof(facts) / sizeof(facts[0]); i++)
		names[i] = facts[i].name;
	ck_assert_int_eq(
		kernel_load_symbols(kernel, names, sizeof(facts) / sizeof(facts[0]), &diags), 0);
	for (size_t i = 0; i < sizeof(facts) / sizeof(facts[0]); i++) {
		const struct symbol *symbol = symbols_find(kernel->symbols, facts[i].name);
		char found = '-';

		if (symbol->clone_count)
			found = symbol->clones[0].is_exact ? 'y' : 'c';
		if (facts[i].on[_i] != '?')
			ck_assert_msg(found == facts[i].on[_i], "%s on %s: %c", facts[i].name,
				      releases[_i], found);
	}
	kernel_close(kernel);
}
END_TEST

/* As large as a distribution's: it is read at every start. */
START_TEST(test_speed)
{
	const char *const names[] = { "function_77", "function_249999", "nothing" };
	struct text kallsyms = { 0 };
	struct timespec start, end;

	for (int i = 0; i < 250000; i++) {
		char line[64];
		int length = snprintf(line, sizeof(line), "%016x t function_%d\n", i, i);

		text_add_bytes(&kallsyms, line, (size_t)length);
	}
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &start);
	struct symbols *symbols = symbols_read(kallsyms.data, NULL, names, 3);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
	ck_assert_uint_eq(symbols_find(symbols, "function_77")->clone_count, 1);
	ck_assert_uint_eq(symbols_find(symbols, "function_249999")->clone_count, 1);
	ck_assert_uint_eq(symbols_find(symbols, "nothing")->clone_count, 0);
	/* 10 ms here; a second is a search for every line. */
	ck_assert_int_lt(
		(end.tv_sec - start.tv_sec) * 1000 + (end.tv_nsec - start.tv_nsec) / 1000000, 1000);
	symbols_free(symbols);
	text_clear(&kallsyms);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("kernel-symbols");
	TCase *tcase = tcase_create("symbols");

	tcase_add_test(tcase, test_clones);
	tcase_add_test(tcase, test_order);
	tcase_add_test(tcase, test_modules);
	tcase_add_test(tcase, test_damaged);
	tcase_add_loop_test(tcase, test_captured, 0, sizeof(releases) / sizeof(releases[0]));
	tcase_add_test(tcase, test_speed);
	suite_add_tcase(suite, tcase);

	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
