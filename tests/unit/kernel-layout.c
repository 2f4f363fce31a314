/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Offsets on captured kernels as they were measured, out of BTF, a profile, the built-in table;
 * profiles themselves.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/text.h"
#include "captured.h"
#include "config.h"

/* What begins struct sock_common lies alike on every kernel. */
static const struct {
	const char *path;
	size_t offset, size;
} fixed[] = {
	{ "sock.skc_daddr", 0, 4 },	     { "sock.skc_rcv_saddr", 4, 4 },
	{ "tcp_sock.skc_dport", 12, 2 },     { "inet_sock.skc_num", 14, 2 },
	{ "sock_common.skc_family", 16, 2 }, { "request_sock.skc_state", 18, 1 },
};

static struct layout_member find(const struct kernel *kernel, const char *path)
{
	struct layout_member member = { 0 };

	ck_assert_msg(layout_find(kernel->layout, path, &member, NULL) == 0, "%s", path);
	return member;
}

#ifdef HAVE_LIBBPF
static const char *const with_btf[] = { "5.10", "6.1", "6.12", "7.2", "6.1-arm64" };
#define BTF_COUNT (sizeof(with_btf) / sizeof(with_btf[0]))

START_TEST(test_fixed)
{
	struct kernel *kernel = captured_open(with_btf[_i], NULL);

	for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++) {
		struct layout_member member = find(kernel, fixed[i].path);

		ck_assert_uint_eq(member.offset, fixed[i].offset);
		ck_assert_uint_eq(member.size, fixed[i].size);
		ck_assert_uint_eq(member.bit_width, 0);
		ck_assert_int_eq(member.source, LAYOUT_BTF);
	}
	ck_assert_uint_eq(find(kernel, "sock.__sk_common.skc_num").offset, 14);
	ck_assert_uint_eq(find(kernel, "net.ns.inum").offset,
			  find(kernel, "net.ns").offset + find(kernel, "ns_common.inum").offset);
	ck_assert_uint_eq(find(kernel, "net_device.name").size, 16);
	/* As the built-in layout has it. */
	ck_assert_uint_eq(find(kernel, "msghdr.msg_name").offset, 0);
	ck_assert_uint_eq(find(kernel, "sk_buff.pkt_type").bit_width, 3);
	ck_assert_uint_eq(find(kernel, "sk_buff.pkt_type").bit_offset, 0);
	kernel_close(kernel);
}
END_TEST

/* Another member of that name in the same struct, elsewhere: neither can be meant. */
static bool is_elsewhere_too(const char *members, const char *path, unsigned long bit)
{
	NK_FREE char *start = xasprintf("%s ", path);

	for (const char *at = strstr(members, start); at; at = strstr(at + 1, start)) {
		if (strtoul(at + strlen(start), NULL, 10) != bit)
			return true;
	}
	return false;
}

/* Every member as pahole sees it. */
START_TEST(test_pahole)
{
	struct kernel *kernel = captured_open(with_btf[_i], NULL);
	NK_FREE char *file = xasprintf("%s/%s/members", CAPTURED(""), with_btf[_i]);
	NK_FREE char *members = NULL;
	NK_FREE char *copy = NULL;
	unsigned int compared = 0, unclear = 0;
	char *cursor, *line;

	ck_assert_int_eq(file_read(AT_FDCWD, file, &members, NULL), 0);
	cursor = copy = xstrdup(members);
	while ((line = text_next_line(&cursor))) {
		const char *path = text_next_word(&line);
		unsigned long bit = strtoul(text_next_word(&line), NULL, 10);
		unsigned long bits = strtoul(text_next_word(&line), NULL, 10);
		struct layout_member member = { 0 };
		int err = layout_find(kernel->layout, path, &member, NULL);

		/* In structs inside, which pahole prints here only where they have no name. */
		if (err == -ENOTUNIQ) {
			unclear++;
			continue;
		}
		ck_assert_msg(err == 0, "%s", path);
		if (is_elsewhere_too(members, path, bit))
			continue;
		ck_assert_msg(member.offset * 8 + member.bit_offset == bit, "%s: %zu", path,
			      member.offset);
		ck_assert_msg((member.bit_width ? member.bit_width : member.size * 8) == bits,
			      "%s: %zu bytes", path, member.size);
		compared++;
	}
	ck_assert_uint_gt(compared, 400);
	ck_assert_uint_lt(unclear, 10);
	kernel_close(kernel);
}
END_TEST

START_TEST(test_near)
{
	struct kernel *kernel = captured_open("6.1", NULL);
	struct layout_member member;
	char *near = NULL;

	ck_assert_int_eq(layout_find(kernel->layout, "sock.skc_dprot", &member, &near), -ENOENT);
	ck_assert_str_eq(near, "sock.skc_dport");
	free(near);
	ck_assert_int_eq(layout_find(kernel->layout, "sock.nothing_like_it", &member, &near),
			 -ENOENT);
	ck_assert_ptr_null(near);
	ck_assert_int_eq(layout_find(kernel->layout, "no_struct.x", &member, &near), -ENOENT);
	ck_assert_ptr_null(near);
	ck_assert_int_eq(layout_find(kernel->layout, "sock", &member, NULL), -ENOENT);
	ck_assert_int_eq(layout_find(kernel->layout, "sock.", &member, NULL), -ENOENT);
	ck_assert_int_eq(layout_find(kernel->layout, "sock.skc_dport.x", &member, NULL), -ENOENT);
	ck_assert(layout_has_btf(kernel->layout));
	ck_assert(layout_has_struct(kernel->layout, "sock"));
	ck_assert(!layout_has_struct(kernel->layout, "no_struct"));
	/* A name that more than one of the structs inside has is nobody's. */
	ck_assert_int_eq(layout_find(kernel->layout, "sock.next", &member, NULL), -ENOTUNIQ);
	kernel_close(kernel);
}
END_TEST

/* In a process that the kernel kills at its first bpf(2) call. */
START_TEST(test_no_bpf_call)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_bpf, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof(code) / sizeof(code[0]), code };
	struct kernel *kernel;

	ck_assert_int_eq(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
	ck_assert_int_eq(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), 0);
	kernel = captured_open("6.12", NULL);
	ck_assert_uint_eq(find(kernel, "tcp_sock.snd_nxt").size, 4);
	kernel_close(kernel);
}
END_TEST

/* BTF cut short or with a byte changed: refused or answered, never more. */
START_TEST(test_damaged_btf)
{
	char path[] = "/tmp/nk-test-XXXXXX";
	NK_FREE char *btf = NULL;
	size_t length;
	int fd = mkstemp(path);

	ck_assert_int_ge(fd, 0);
	close(fd);
	ck_assert_int_eq(
		file_read(AT_FDCWD, CAPTURED("6.1") "/sys/kernel/btf/vmlinux", &btf, &length), 0);
	for (size_t i = 0; i < 300; i++) {
		struct layout *layout = layout_new();
		struct layout_member member;
		struct diags diags = { 0 };
		size_t at = i * 7919 * 13 % length;

		btf[at] ^= (char)(1 << i % 8);
		fd = open(path, O_WRONLY | O_TRUNC);
		ck_assert_int_eq(file_write_all(fd, btf, i % 3 ? length : at), 0);
		close(fd);
		btf[at] ^= (char)(1 << i % 8);
		if (layout_add_btf(layout, path, LAYOUT_BTF_FILE, &diags) == 0) {
			char *near = NULL;

			if (layout_find(layout, "tcp_sock.skc_nothing", &member, &near) != 0)
				free(near);
			layout_find(layout, "tcp_sock.snd_nxt", &member, NULL);
			layout_find(layout, "net.ns.inum", &member, NULL);
		} else {
			ck_assert_uint_eq(diags.errors, 1);
		}
		diags_clear(&diags);
		layout_free(layout);
	}
	unlink(path);
}
END_TEST

START_TEST(test_btf_file)
{
	struct kernel_options options = { .root = CAPTURED("6.1-nobpf"),
					  .btf = CAPTURED("6.1") "/sys/kernel/btf/vmlinux" };
	struct kernel *kernel = NULL;
	struct diags diags = { 0 };

	ck_assert_int_eq(kernel_open(&options, &kernel, &diags), 0);
	ck_assert_int_eq(find(kernel, "sock.sk_protocol").source, LAYOUT_BTF_FILE);
	kernel_close(kernel);
	options.btf = CAPTURED("6.1") "/proc/kallsyms";
	ck_assert_int_lt(kernel_open(&options, &kernel, &diags), 0);
	ck_assert_uint_eq(diags.errors, 1);
	diags_clear(&diags);
}
END_TEST
#endif

START_TEST(test_builtin)
{
	struct kernel *kernel = captured_open("6.1-nobpf", NULL);
	struct layout_member member;

	ck_assert(!layout_has_btf(kernel->layout));
	for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++) {
		member = find(kernel, fixed[i].path);
		ck_assert_uint_eq(member.offset, fixed[i].offset);
		ck_assert_uint_eq(member.size, fixed[i].size);
		ck_assert_int_eq(member.source, LAYOUT_BUILTIN);
	}
	ck_assert_uint_eq(find(kernel, "sockaddr_in6.sin6_addr").offset, 8);
	ck_assert_uint_eq(find(kernel, "sockaddr_in6.sin6_addr").size, 16);
	ck_assert_uint_eq(find(kernel, "iphdr.daddr").offset, 16);
	ck_assert_uint_eq(find(kernel, "tcphdr.syn").bit_offset, 1);
	ck_assert_int_eq(layout_find(kernel->layout, "sock.sk_protocol", &member, NULL), -ENOENT);
	ck_assert_int_eq(layout_find(kernel->layout, "sk_buff.len", &member, NULL), -ENOENT);
	ck_assert(!layout_has_struct(kernel->layout, "sk_buff"));
	kernel_close(kernel);
}
END_TEST

static struct profile *sample_profile(const char *build_id)
{
	struct profile *profile = xcalloc(1, sizeof(*profile));
	struct profile_member member = { "sock.sk_protocol", 500, 2, 0, 0, "calibrate" };
	struct profile_member bits = { "sk_buff.pkt_type", 120, 1, 3, 0, "calibrate" };

	profile->build_id = xstrdup(build_id);
	profile->release = xstrdup("6.1.0-test");
	profile_set_member(profile, &member);
	profile_set_member(profile, &bits);
	member.offset = 504;
	profile_set_member(profile, &member);
	profile_set_carrier(profile, "a", "f+g", PROFILE_SILENT, "2026-11-22");
	profile_set_carrier(profile, "a", "f+g", PROFILE_VERIFIED, "2026-11-23");
	profile_set_carrier(profile, "b", "f", PROFILE_SILENT, "2026-11-23");
	return profile;
}

START_TEST(test_profile)
{
	char dir[] = "/tmp/nk-test-XXXXXX";
	NK_FREE char *path = NULL, *again = NULL, *first = NULL, *second = NULL;
	struct kernel_options options = { .root = CAPTURED("6.1-nobpf") };
	struct kernel *kernel = captured_open("6.1-nobpf", NULL);
	struct profile *profile = sample_profile(kernel->build_id);
	struct profile *read = NULL;
	struct diags diags = { 0 };

	ck_assert_ptr_nonnull(mkdtemp(dir));
	path = xasprintf("%s/a/b/x.profile", dir);
	again = xasprintf("%s/y.profile", dir);
	ck_assert_int_eq(profile_write(AT_FDCWD, path, profile, &diags), 0);
	ck_assert_int_eq(profile_read(AT_FDCWD, path, kernel->build_id, &read, &diags), 0);
	ck_assert_int_eq(profile_write(AT_FDCWD, again, read, &diags), 0);
	ck_assert_int_eq(file_read(AT_FDCWD, path, &first, NULL), 0);
	ck_assert_int_eq(file_read(AT_FDCWD, again, &second, NULL), 0);
	ck_assert_str_eq(first, second);
	ck_assert_uint_eq(read->member_count, 2);
	ck_assert_uint_eq(read->carrier_count, 2);
	ck_assert_int_eq(profile_find_carrier(read, "a", "f+g")->verdict, PROFILE_VERIFIED);
	kernel_close(kernel);

	options.profile = path;
	ck_assert_int_eq(kernel_open(&options, &kernel, &diags), 0);
	ck_assert_uint_eq(find(kernel, "sock.sk_protocol").offset, 504);
	ck_assert_uint_eq(find(kernel, "tcp_sock.sk_protocol").offset, 504);
	ck_assert_int_eq(find(kernel, "tcp_sock.sk_protocol").source, LAYOUT_PROFILE);
	ck_assert_uint_eq(find(kernel, "sk_buff.pkt_type").bit_width, 3);
	ck_assert_int_eq(find(kernel, "sock.skc_num").source, LAYOUT_BUILTIN);
	kernel_close(kernel);

	/* Another kernel refuses it, and says whose it is. */
	options.root = CAPTURED("6.1");
	ck_assert_int_eq(kernel_open(&options, &kernel, &diags), -EINVAL);
	ck_assert_uint_eq(diags.count, 1);
	ck_assert_ptr_nonnull(strstr(diags.items[0].text, "the profile of another kernel"));
	ck_assert_ptr_nonnull(strstr(diags.items[0].text, profile->build_id));
	diags_clear(&diags);
	options.profile = "/nonexistent";
	ck_assert_int_eq(kernel_open(&options, &kernel, &diags), -ENOENT);
	diags_clear(&diags);
	profile_free(profile);
	profile_free(read);

	NK_FREE char *command = xasprintf("rm -rf '%s'", dir);
	ck_assert_int_eq(system(command), 0);
}
END_TEST

static const struct {
	const char *text;
	int line; /* 0: of the file as a whole; -1: it is good */
} profiles[] = {
	{ "build-id ab\n", -1 },
	{ "# x\n\nbuild-id ab # y\nsome-day new words\n", -1 },
	{ "build-id ab\nmember a.b offset 1 size 2 colour blue from x\n", -1 },
	{ "", 0 },
	{ "release x\n", 0 },
	{ "build-id\n", 1 },
	{ "build-id ../x\n", 1 },
	{ "build-id ab\nmember a offset 1 size 2\n", 2 },
	{ "build-id ab\nmember a.b offset 1\n", 2 },
	{ "build-id ab\nmember a.b offset -1 size 2\n", 2 },
	{ "build-id ab\nmember a.b offset 99999999999999999999 size 2\n", 2 },
	{ "build-id ab\nmember a.b offset 1 size 2 bit 15 width 2\n", 2 },
	{ "build-id ab\nmember a.b offset 1 size 2 bit\n", 2 },
	{ "build-id ab\ncarrier a b maybe 2026-11-23\n", 2 },
	{ "build-id ab\ncarrier a b verified\n", 2 },
};

START_TEST(test_profile_text)
{
	struct profile *profile = NULL;
	struct diags diags = { 0 };
	int err = profile_parse(profiles[_i].text, "p", &profile, &diags);

	if (profiles[_i].line < 0) {
		ck_assert_int_eq(err, 0);
		profile_free(profile);
		return;
	}
	ck_assert_int_eq(err, -EINVAL);
	ck_assert_ptr_null(profile);
	ck_assert_uint_eq(diags.count, 1);
	ck_assert_int_eq(diags.items[0].line, profiles[_i].line);
	ck_assert_str_eq(diags.items[0].file, "p");
	diags_clear(&diags);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("kernel-layout");
	TCase *tcase = tcase_create("layout");

#ifdef HAVE_LIBBPF
	tcase_add_loop_test(tcase, test_fixed, 0, BTF_COUNT);
	tcase_add_loop_test(tcase, test_pahole, 0, BTF_COUNT);
	tcase_add_test(tcase, test_near);
	tcase_add_test(tcase, test_no_bpf_call);
	tcase_add_test(tcase, test_damaged_btf);
	tcase_add_test(tcase, test_btf_file);
#endif
	tcase_add_test(tcase, test_builtin);
	tcase_add_test(tcase, test_profile);
	tcase_add_loop_test(tcase, test_profile_text, 0, sizeof(profiles) / sizeof(profiles[0]));
	tcase_set_timeout(tcase, 60);
	suite_add_tcase(suite, tcase);

	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
