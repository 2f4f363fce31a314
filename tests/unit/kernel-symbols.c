/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names and their clones in texts of the form of /proc/kallsyms, and in those of captured kernels.
 */
#include <check.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/text.h"
#include "captured.h"
#include "kernel/symbolcache.h"

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
/* A search for every line would take longer than a test may. */
START_TEST(test_many_names)
{
	NK_FREE char **names = xcalloc(20000, sizeof(*names));
	struct text kallsyms = { 0 };

	for (int i = 0; i < 250000; i++)
		text_addf(&kallsyms, "%016x t function_%d\n", i, i);
	for (int i = 0; i < 20000; i++)
		names[i] = xasprintf("function_%d", i * 20);
	struct symbols *symbols =
		symbols_read(kallsyms.data, NULL, (const char *const *)names, 20000);
	for (int i = 0; i < 20000; i++) {
		ck_assert_uint_eq(symbols_find(symbols, names[i])->clone_count, i < 12500);
		free(names[i]);
	}
	symbols_free(symbols);
	text_clear(&kallsyms);
}
END_TEST

/* A root whose proc is this machine's, and whose cache is its own. */
static int cache_root(char *template)
{
	NK_FREE char *proc = NULL;

	ck_assert_ptr_nonnull(mkdtemp(template));
	proc = xasprintf("%s/proc", template);
	ck_assert_int_eq(symlink("/proc", proc), 0);
	return open(template, O_PATH | O_DIRECTORY);
}

static void cache_end(int fd, const char *root)
{
	NK_FREE char *command = xasprintf("rm -r '%s'", root);

	close(fd);
	ck_assert_int_eq(system(command), 0);
}

#define SAID "0 t foo\n0 t foo.isra.0\t[mod]\n"

static void keep(int fd, const char *build_id, const char *name, const char *lines)
{
	struct symbolcache cache;

	symbolcache_read(fd, build_id, &cache);
	symbolcache_want(&cache, &name, 1);
	symbolcache_write(fd, &cache, lines);
	symbolcache_clear(&cache);
}

static bool is_kept(int fd, const char *build_id, const char *const *names, size_t count)
{
	struct symbolcache cache;
	bool has;

	symbolcache_read(fd, build_id, &cache);
	has = symbolcache_has(&cache, names, count);
	if (has)
		ck_assert_str_eq(cache.lines, SAID);
	symbolcache_clear(&cache);
	return has;
}

START_TEST(test_cache)
{
	const char *const names[] = { "foo", "bar", "baz" };
	char root[] = "/tmp/nk-symbols-XXXXXX";
	int fd = cache_root(root);

	ck_assert(!is_kept(fd, "ab12", names, 1));
	keep(fd, "ab12", "foo", SAID);
	ck_assert(is_kept(fd, "ab12", names, 1));
	ck_assert(!is_kept(fd, "ab12", names, 2));
	ck_assert(!is_kept(fd, "ab13", names, 1));
	ck_assert(!is_kept(fd, NULL, names, 1));
	/* That bar is not there is known, too. */
	keep(fd, "ab12", "bar", SAID);
	ck_assert(is_kept(fd, "ab12", names, 2));
	ck_assert(!is_kept(fd, "ab12", names, 3));
	cache_end(fd, root);
}
END_TEST

/* Of other modules, cut short, of anybody's making: as good as none. */
START_TEST(test_cache_of_another)
{
	const char *const names[] = { "foo" };
	char root[] = "/tmp/nk-symbols-XXXXXX";
	int fd = cache_root(root);
	NK_FREE char *path =
		xasprintf("%s/lib/nk/ab12.symbols", &LOCALSTATEDIR[LOCALSTATEDIR[0] == '/']);
	NK_FREE char *text = NULL;
	NK_FREE char *other = NULL;
	size_t length;

	keep(fd, "ab12", "foo", SAID);
	ck_assert_int_eq(file_read(fd, path, &text, &length), 0);
	for (size_t i = 0; i < length; i++) {
		NK_FREE char *part = xstrndup(text, i);

		ck_assert_int_eq(file_replace(fd, path, part), 0);
		ck_assert(!is_kept(fd, "ab12", names, 1));
	}
	other = xasprintf("%.*smodule more 4096\n%s", (int)(strstr(text, "wanted") - text), text,
			  strstr(text, "wanted"));
	ck_assert_int_eq(file_replace(fd, path, other), 0);
	ck_assert(!is_kept(fd, "ab12", names, 1));
	ck_assert_int_eq(file_replace(fd, path, text), 0);
	ck_assert(is_kept(fd, "ab12", names, 1));

	/* What is no procfs may say anything. */
	ck_assert_int_eq(unlinkat(fd, "proc", 0), 0);
	ck_assert_int_eq(mkdirat(fd, "proc", 0700), 0);
	ck_assert_int_eq(file_replace(fd, "proc/kallsyms", SAID), 0);
	ck_assert(!is_kept(fd, "ab12", names, 1));
	cache_end(fd, root);
}
END_TEST

START_TEST(test_lines)
{
	static const char kallsyms[] = LINE("t", "bar") LINE("T", "foo") LINE("t", "foo.cold")
		LINE("d", "foo") LINE("t", "foo.isra.0\t[mod]") LINE("t", "mod\t[foo]");
	const char *const names[] = { "foo", "mod:foo", "nothing" };
	struct symbols *symbols = symbols_read(kallsyms, NULL, names, 3);
	struct symbols *again = symbols_read(symbols_lines(symbols), NULL, names, 3);

	ck_assert_str_eq(symbols_lines(symbols), SAID);
	for (int i = 0; i < 3; i++) {
		const struct symbol *one = symbols_find(symbols, names[i]);
		const struct symbol *other = symbols_find(again, names[i]);

		ck_assert_uint_eq(one->clone_count, other->clone_count);
		for (size_t j = 0; j < one->clone_count; j++) {
			ck_assert_str_eq(one->clones[j].name, other->clones[j].name);
			ck_assert_uint_eq(one->clones[j].copies, other->clones[j].copies);
		}
	}
	symbols_free(symbols);
	symbols_free(again);
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
	tcase_add_test(tcase, test_many_names);
	tcase_add_test(tcase, test_lines);
	tcase_add_test(tcase, test_cache);
	tcase_add_test(tcase, test_cache_of_another);
	suite_add_tcase(suite, tcase);

	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
