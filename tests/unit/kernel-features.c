/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What captured kernels offer, their names and registers, and what is said where something is
 * missing.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "captured.h"
#include "kernel/buildid.h"

/* Features that differ between the captured kernels; the others all of them have. */
static const struct {
	const char *release, *machine;
	bool symstr, argn_return, subbuf_size, instance_trigger;
} kernels[] = {
	{ "5.10", "x86_64", false, false, false, false },
	{ "6.1", "x86_64", true, false, false, true },
	{ "6.12", "x86_64", true, true, true, true },
	{ "7.2", "x86_64", true, true, true, true },
	{ "6.1-nobpf", "x86_64", true, false, false, true },
	{ "6.1-arm64", "aarch64", true, false, false, true },
};

START_TEST(test_features)
{
	struct kernel *kernel = captured_open(kernels[_i].release, NULL);
	const bool *has = kernel->features.has;

	ck_assert_str_eq(kernel->machine, kernels[_i].machine);
	ck_assert_int_eq(strncmp(kernel->release, kernels[_i].release, 3), 0);
	for (size_t i = 0; i < FEATURE_COUNT; i++) {
		bool expected = true;

		if (i == FEATURE_SYMSTR)
			expected = kernels[_i].symstr;
		if (i == FEATURE_ARGN_RETURN)
			expected = kernels[_i].argn_return;
		if (i == FEATURE_SUBBUF_SIZE)
			expected = kernels[_i].subbuf_size;
		if (i == FEATURE_INSTANCE_TRIGGER)
			expected = kernels[_i].instance_trigger;
		ck_assert_msg(has[i] == expected, "%s: %s is %d", kernels[_i].release,
			      feature_name((enum feature)i), has[i]);
	}
	ck_assert_ptr_nonnull(kernel->build_id);
	ck_assert_uint_eq(strlen(kernel->build_id), 40);
	ck_assert_ptr_null(kernel->profile);
	kernel_close(kernel);
}
END_TEST

START_TEST(test_without)
{
	struct kernel *kernel = captured_open("6.12", "argn,array");
	struct kernel_options options = { .root = CAPTURED("6.12"), .without = "argn,nonsense" };
	struct kernel *none = NULL;
	struct diags diags = { 0 };

	ck_assert(!kernel->features.has[FEATURE_ARGN]);
	ck_assert(!kernel->features.has[FEATURE_ARRAY]);
	ck_assert(kernel->features.has[FEATURE_ARGN_RETURN]);
	kernel_close(kernel);
	kernel = captured_open("6.12", "all");
	for (size_t i = 0; i < FEATURE_COUNT; i++)
		ck_assert(!kernel->features.has[i]);
	kernel_close(kernel);
	ck_assert_int_eq(kernel_open(&options, &none, &diags), -EINVAL);
	ck_assert_ptr_null(none);
	ck_assert_uint_eq(diags.count, 1);
	ck_assert_str_eq(diags.items[0].text, "there is no feature 'nonsense'");
	ck_assert_ptr_nonnull(strstr(diags.items[0].hint, " argn-return "));
	diags_clear(&diags);
}
END_TEST

START_TEST(test_arch)
{
	ck_assert_str_eq(arch_find("x86_64")->args[0], "di");
	ck_assert_str_eq(arch_find("x86_64")->args[5], "r9");
	ck_assert_ptr_null(arch_find("x86_64")->args[6]);
	ck_assert_str_eq(arch_find("x86_64")->retval, "ax");
	ck_assert_uint_eq(arch_find("x86_64")->long_bytes, 8);
	ck_assert_str_eq(arch_find("aarch64")->args[7], "x7");
	ck_assert_str_eq(arch_find("armv7l")->args[3], "r3");
	ck_assert_uint_eq(arch_find("armv7l")->long_bytes, 4);
	ck_assert_str_eq(arch_find("i686")->args[1], "dx");
	ck_assert_str_eq(arch_find("riscv64")->args[0], "a0");
	ck_assert_str_eq(arch_find("ppc64le")->args[0], "gpr3");
	ck_assert_ptr_null(arch_find("pdp11"));
}
END_TEST

START_TEST(test_tracepoint)
{
	struct kernel *kernel = captured_open("6.1", NULL);

	ck_assert(kernel_has_tracepoint(kernel, "tcp", "tcp_retransmit_skb"));
	ck_assert(!kernel_has_tracepoint(kernel, "tcp", "tcp_nothing"));
	kernel_close(kernel);
}
END_TEST

/* A root of one's own, with what an administrator's mistakes leave of tracefs. */
static char root[] = "/tmp/nk-test-XXXXXX";

static void make(const char *path)
{
	NK_FREE char *whole = xasprintf("%s/%s", root, path);

	for (char *slash = strchr(whole + strlen(root) + 1, '/'); slash;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		ck_assert(mkdir(whole, 0700) == 0 || errno == EEXIST);
		*slash = '/';
	}
	int fd = open(whole, O_CREAT | O_WRONLY, 0600);
	ck_assert_int_ge(fd, 0);
	close(fd);
}

static void check_refused(int err, const char *part)
{
	struct kernel_options options = { .root = root };
	struct kernel *kernel = NULL;
	struct diags diags = { 0 };

	ck_assert_int_eq(kernel_open(&options, &kernel, &diags), err);
	ck_assert_ptr_null(kernel);
	ck_assert_uint_eq(diags.count, 1);
	ck_assert_msg(strstr(diags.items[0].text, part) != NULL, "said: %s", diags.items[0].text);
	diags_clear(&diags);
}

static void remove_root(void)
{
	NK_FREE char *command = xasprintf("rm -rf '%s'", root);

	ck_assert_int_eq(system(command), 0);
}

START_TEST(test_refusals)
{
	ck_assert_ptr_nonnull(mkdtemp(root));
	check_refused(-ENOENT, "mount -t tracefs");
	make("sys/kernel/tracing/README");
	check_refused(-ENOTSUP, "CONFIG_KPROBE_EVENTS");
	make("sys/kernel/debug/tracing/README");
	make("sys/kernel/debug/tracing/kprobe_events");
	make("proc/sys/kernel/x");

	/* debugfs's tracing directory will do. */
	struct kernel_options options = { .root = root };
	struct kernel *kernel = NULL;
	struct diags diags = { 0 };
	ck_assert_int_eq(kernel_open(&options, &kernel, &diags), 0);
	ck_assert_str_eq(kernel->tracefs, "sys/kernel/debug/tracing");
	ck_assert_ptr_null(kernel->build_id);
	kernel_close(kernel);

	/* Without proc/sys/kernel/arch it is the kernel that is asked, and not what it plays. */
	struct utsname names;
	int own = personality(0xffffffff);
	ck_assert_int_eq(uname(&names), 0);
	if (personality(PER_LINUX32) >= 0) {
		ck_assert_int_eq(kernel_open(&options, &kernel, &diags), 0);
		ck_assert_str_eq(kernel->machine, names.machine);
		ck_assert_int_eq(personality((unsigned int)own), PER_LINUX32);
		kernel_close(kernel);
	}

	int fd = open(root, O_RDONLY | O_DIRECTORY);
	ck_assert_int_eq(mkdirat(fd, "proc/sys/kernel/arch.d", 0700), 0);
	ck_assert_int_eq(file_write(fd, "proc/sys/kernel/x", "", 0), 0);
	make("proc/sys/kernel/arch");
	ck_assert_int_eq(file_write(fd, "proc/sys/kernel/arch", "pdp11\n", 0), 0);
	check_refused(-ENOSYS, "pdp11");

	/* Root is allowed everything: there is nothing to see then. */
	if (geteuid() != 0) {
		ck_assert_int_eq(fchmodat(fd, "sys/kernel/tracing", 0, 0), 0);
		ck_assert_int_eq(fchmodat(fd, "sys/kernel/debug/tracing", 0, 0), 0);
		check_refused(-EACCES, "run nk as root");
		ck_assert_int_eq(fchmodat(fd, "sys/kernel/tracing", 0700, 0), 0);
		ck_assert_int_eq(fchmodat(fd, "sys/kernel/debug/tracing", 0700, 0), 0);
	}
	close(fd);
	remove_root();
}
END_TEST

/* Every prefix of real notes, and every lie about a size in them. */
START_TEST(test_notes)
{
	NK_FREE char *notes = NULL;
	size_t length;
	NK_FREE char *whole = NULL;

	ck_assert_int_eq(file_read(AT_FDCWD, CAPTURED("6.1") "/sys/kernel/notes", &notes, &length),
			 0);
	whole = buildid_of_notes(notes, length);
	ck_assert_ptr_nonnull(whole);
	for (size_t cut = 0; cut < length; cut++) {
		/* A block of its own, for AddressSanitizer. */
		char *part = malloc(cut ? cut : 1);
		char *id;

		memcpy(part, notes, cut);
		id = buildid_of_notes(part, cut);
		if (id)
			ck_assert_str_eq(id, whole);
		free(id);
		free(part);
	}
	for (size_t at = 0; at < length; at++) {
		char was = notes[at];

		notes[at] = (char)0xff;
		free(buildid_of_notes(notes, length));
		notes[at] = was;
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("kernel-features");
	TCase *tcase = tcase_create("kernel");

	tcase_add_loop_test(tcase, test_features, 0, sizeof(kernels) / sizeof(kernels[0]));
	tcase_add_test(tcase, test_without);
	tcase_add_test(tcase, test_arch);
	tcase_add_test(tcase, test_tracepoint);
	tcase_add_test(tcase, test_refusals);
	tcase_add_test(tcase, test_notes);
	suite_add_tcase(suite, tcase);

	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
