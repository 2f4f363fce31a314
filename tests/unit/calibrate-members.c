/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of members against the probe files: what a probe needs and BTF cannot tell must be
 * learnt, or the probe is lost on kernels without BTF.
 */
#include <check.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "calibrate/calibrate.h"
#include "calibrate/members.h"
#include "kernel/layout.h"
#include "probes/library.h"

/* What calibrate would know if it found all that it looks for. */
static struct profile *full_profile(void)
{
	struct profile *profile = xcalloc(1, sizeof(*profile));

	profile->build_id = xstrdup("00");
	for (size_t i = 0; i < member_row_count; i++) {
		const struct member_row *row = &member_rows[i];
		const struct profile_member member = {
			.path = (char *)row->name,
			.size = row->size ? row->size : sizeof(void *),
		};

		profile_set_member(profile, &member);
	}
	return profile;
}

static unsigned int check_expr(const struct probe_expr *expr, const struct layout *layout)
{
	unsigned int members = 0;

	for (; expr; expr = expr->inner) {
		struct layout_member member;

		if (expr->kind != PROBE_EXPR_MEMBER)
			continue;
		members++;
		ck_assert_msg(layout_find(layout, expr->text, &member, NULL) == 0,
			      "%s:%d: calibrate does not learn %s", expr->place.file,
			      expr->place.line, expr->text);
	}
	return members;
}

static unsigned int check_args(const struct probe_arg *args, size_t count,
			       const struct layout *layout)
{
	unsigned int members = 0;

	for (size_t i = 0; i < count; i++)
		members += check_expr(args[i].expr, layout);
	return members;
}

static unsigned int check_probe(const struct probe *probe, const struct layout *layout)
{
	unsigned int members = 0;

	for (size_t i = 0; i < probe->carrier_count; i++)
		for (size_t j = 0; j < probe->carriers[i].func_count; j++) {
			const struct probe_func *func = &probe->carriers[i].funcs[j];

			members += check_args(func->args, func->arg_count, layout);
			members += check_args(func->ret_args, func->ret_arg_count, layout);
		}
	return members;
}

START_TEST(test_each_member_of_a_probe_is_learnt)
{
	struct probe_library library = { 0 };
	struct profile *profile = full_profile();
	struct layout *layout = layout_new();
	struct diags diags = { 0 };
	unsigned int members = 0;

	layout_add_profile(layout, profile);
	layout_add_builtin(layout);
	ck_assert_int_eq(probe_library_load(TESTDIR "/../probes.d", &library, &diags), 0);
	ck_assert_uint_ge(library.set_count, 6);
	for (size_t i = 0; i < library.set_count; i++)
		for (size_t j = 0; j < library.sets[i]->probe_count; j++)
			members += check_probe(&library.sets[i]->probes[j], layout);
	ck_assert_uint_ge(members, 100);
	probe_library_clear(&library);
	layout_free(layout);
	profile_free(profile);
	diags_clear(&diags);
}
END_TEST

/* For probes of one's own. */
static const char *const promised[] = {
	"net.ns.inum",		"net_device.ifindex",	   "net_device.mtu",
	"net_device.name",	"sock_common.skc_net",	   "tcp_sock.advmss",
	"tcp_sock.bytes_acked", "tcp_sock.bytes_received", "tcp_sock.bytes_retrans",
	"tcp_sock.bytes_sent",	"tcp_sock.data_segs_in",   "tcp_sock.data_segs_out",
	"tcp_sock.delivered",	"tcp_sock.mdev_us",	   "tcp_sock.mss_cache",
	"tcp_sock.packets_out", "tcp_sock.rcv_nxt",	   "tcp_sock.rcv_ssthresh",
	"tcp_sock.segs_in",	"tcp_sock.segs_out",	   "tcp_sock.snd_cwnd",
	"tcp_sock.snd_nxt",	"tcp_sock.snd_ssthresh",   "tcp_sock.snd_una",
	"tcp_sock.snd_wnd",	"tcp_sock.srtt_us",	   "tcp_sock.total_retrans",
	"tcp_sock.write_seq",
};

START_TEST(test_what_is_promised_is_learnt)
{
	struct profile *profile = full_profile();
	struct layout *layout = layout_new();
	struct layout_member member;

	layout_add_profile(layout, profile);
	ck_assert_int_eq(layout_find(layout, promised[_i], &member, NULL), 0);
	layout_free(layout);
	profile_free(profile);
}
END_TEST

static void learn(size_t offset, struct profile *profile)
{
	struct calibrate_member members[] = {
		{ .name = "sk_buff.len", .verdict = { .kind = VERDICT_FOUND, .offset = offset } },
		{ .name = "sk_buff.data", .verdict = { .kind = VERDICT_MISSING, .offset = 8 } },
	};
	const struct calibrate_report report = { .members = members, .count = 2 };

	calibrate_fill(&report, NULL, profile);
}

START_TEST(test_carriers_go_with_the_layout_that_they_were_found_with)
{
	struct profile *profile = xcalloc(1, sizeof(*profile));

	learn(112, profile);
	ck_assert_uint_eq(profile->member_count, 1);
	profile_set_carrier(profile, "ip_rcv", "ip_rcv", PROFILE_SILENT, "2026-11-23");
	learn(112, profile);
	ck_assert_uint_eq(profile->carrier_count, 1);
	learn(116, profile);
	ck_assert_uint_eq(profile->carrier_count, 0);
	ck_assert_uint_eq(profile->member_count, 1);
	ck_assert_uint_eq(profile_find_member(profile, "sk_buff.len")->offset, 116);
	profile_free(profile);
}
END_TEST

/* One carrier may have been verified for want of what a better one needs. */
START_TEST(test_carriers_go_when_more_is_learnt)
{
	struct calibrate_member members[] = {
		{ .name = "sk_buff.data", .verdict = { .kind = VERDICT_FOUND, .offset = 200 } },
		{ .name = "sock_common.skc_dport",
		  .verdict = { .kind = VERDICT_FOUND, .offset = 12 },
		  .size = 2 },
	};
	const struct calibrate_report both = { .members = members, .count = 2 };
	const struct calibrate_report told = { .members = members + 1, .count = 1 };
	struct profile *profile = xcalloc(1, sizeof(*profile));
	struct layout *layout = layout_new();

	layout_add_builtin(layout);
	learn(112, profile);
	profile_set_carrier(profile, "icmp_send", "icmp_out_count", PROFILE_VERIFIED, "2026-11-23");
	/* The kernel's own layout has had this one all along. */
	calibrate_fill(&told, layout, profile);
	ck_assert_ptr_nonnull(profile_find_member(profile, "sock_common.skc_dport"));
	ck_assert_uint_eq(profile->carrier_count, 1);
	calibrate_fill(&both, layout, profile);
	ck_assert_ptr_nonnull(profile_find_member(profile, "sk_buff.data"));
	ck_assert_uint_eq(profile->carrier_count, 0);
	profile_set_carrier(profile, "icmp_send", "icmp_out_count", PROFILE_VERIFIED, "2026-11-23");
	calibrate_fill(&both, layout, profile);
	ck_assert_uint_eq(profile->carrier_count, 1);
	layout_free(layout);
	profile_free(profile);
}
END_TEST

START_TEST(test_what_is_disproved_is_forgotten)
{
	struct calibrate_member member = { .name = "sk_buff.len",
					   .verdict = { .kind = VERDICT_MISSING },
					   .proof = PROOF_DISAGREED };
	const struct calibrate_report report = { .members = &member, .count = 1 };
	struct profile_member others = {
		.path = (char *)"sk_buff.len", .offset = 112, .size = 4, .from = (char *)"btf"
	};
	struct profile *profile = xcalloc(1, sizeof(*profile));

	learn(112, profile);
	profile_set_member(profile, &(struct profile_member){ .path = (char *)"sk_buff.data",
							      .offset = 8,
							      .size = 8,
							      .from = (char *)"calibrate" });
	profile_set_carrier(profile, "ip_rcv", "ip_rcv", PROFILE_SILENT, "2026-11-23");
	calibrate_fill(&report, NULL, profile);
	ck_assert_ptr_null(profile_find_member(profile, "sk_buff.len"));
	ck_assert_ptr_nonnull(profile_find_member(profile, "sk_buff.data"));
	ck_assert_uint_eq(profile->carrier_count, 0);
	/* That of somebody else is not calibrate's to take away. */
	profile_set_member(profile, &others);
	calibrate_fill(&report, NULL, profile);
	ck_assert_ptr_nonnull(profile_find_member(profile, "sk_buff.len"));
	/* What was merely not seen this time stays. */
	learn(112, profile);
	member.proof = PROOF_NONE;
	calibrate_fill(&report, NULL, profile);
	ck_assert_ptr_nonnull(profile_find_member(profile, "sk_buff.len"));
	profile_free(profile);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("calibrate-members");
	TCase *tcase = tcase_create("calibrate-members");

	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, test_each_member_of_a_probe_is_learnt);
	tcase_add_loop_test(tcase, test_what_is_promised_is_learnt, 0,
			    (int)(sizeof(promised) / sizeof(promised[0])));
	tcase_add_test(tcase, test_carriers_go_with_the_layout_that_they_were_found_with);
	tcase_add_test(tcase, test_carriers_go_when_more_is_learnt);
	tcase_add_test(tcase, test_what_is_disproved_is_forgotten);
	suite_add_tcase(suite, tcase);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
