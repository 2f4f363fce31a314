/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Texts of event descriptions: what reads back, what is refused, and that no damage does harm.
 */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "resolve/event.h"

static const char sample[] =
	"event group=nk name=x probe=x%20y set=a%3Db half=entry pair=x__ret filtered=1\n"
	"field name=_g1 type=x64 kernel=x64\n"
	"field name=a type=ip6 kernel=x64 parts=2 guard=_g1 guard=b\n"
	"field name=b type=tcp_state kernel=b4@4/8\n"
	"field name=b__or type=b3@0/8 or=b\n"
	"field name=c type=packet[10](saddr,dport) kernel=x64[10] before=16\n"
	"field name=d type=enum:how kernel=u8\n"
	"field name=e type=u16[4] kernel=u16[4]\n"
	"enum name=how kernel=u8 0=RD 1=W%25R 18446744073709551615=ALL\n"
	"event group=nk name=x__ret probe=x set= half=return pair=x\n";

START_TEST(test_round_trip)
{
	struct event_desc *descs = NULL;
	struct text out = { 0 };
	size_t count;

	ck_assert_int_eq(event_descs_read(sample, &descs, &count, NULL), 0);
	ck_assert_uint_eq(count, 2);
	ck_assert_str_eq(descs[0].probe, "x y");
	ck_assert_str_eq(descs[0].set, "a=b");
	ck_assert_uint_eq(descs[0].field_count, 7);
	ck_assert_uint_eq(descs[0].fields[1].guard_count, 2);
	ck_assert_uint_eq(descs[0].fields[4].type.packet_member_count, 2);
	ck_assert_uint_eq(descs[0].fields[5].type.bytes, 1);
	ck_assert_str_eq(descs[0].enums[0].values[1].name, "W%R");
	ck_assert(descs[0].enums[0].values[2].value == UINT64_MAX);
	event_desc_write(&descs[0], &out);
	event_desc_write(&descs[1], &out);
	ck_assert_str_eq(out.data, sample);
	text_clear(&out);
	event_descs_free(descs, count);
}
END_TEST

START_TEST(test_newer)
{
	struct event_desc *descs = NULL;
	size_t count;

	ck_assert_int_eq(
		event_descs_read("colour blue\nevent group=nk name=x shade=3 word half=whole\n"
				 "field name=a type=hologram kernel=u32 size=7\n\nevents a=b\n",
				 &descs, &count, NULL),
		0);
	ck_assert_uint_eq(count, 1);
	ck_assert_str_eq(descs[0].probe, "x");
	/* A display that is not known here is shown as what was fetched. */
	ck_assert_int_eq(descs[0].fields[0].type.kind, PROBE_TYPE_KERNEL);
	ck_assert_uint_eq(descs[0].fields[0].type.bytes, 4);
	event_descs_free(descs, count);
	ck_assert_int_eq(event_descs_read("", &descs, &count, NULL), 0);
	ck_assert_uint_eq(count, 0);
}
END_TEST

static const char *const damaged[] = {
	"field name=a type=u8\n",
	"enum name=a\n",
	"event group=nk\n",
	"event name=x group=\n",
	"event group=nk name=x half=third\n",
	"event group=nk name=x half=entry\n",
	"event group=nk name=x pair=y\n",
	"event group=nk name=x\nfield type=u8\n",
	"event group=nk name=x\nfield name=a\n",
	"event group=nk name=x\nfield name=a type=hologram\n",
	"event group=nk name=x\nfield name=a type=u8 kernel=hologram\n",
	"event group=nk name=x\nfield name=a type=u8 kernel=ip4\n",
	"event group=nk name=x\nfield name=a type=enum:u8 kernel=u8\n",
	"event group=nk name=x\nfield name=a type=u8[65]\n",
	"event group=nk name=x\nfield name=a type=u8 parts=65\n",
	"event group=nk name=x\nfield name=a type=u8 before=-1\n",
	"event group=nk name=x\nfield name=a type=u8 guard=1 guard=2 guard=3 guard=4 guard=5 "
	"guard=6 "
	"guard=7 guard=8 guard=9 guard=10 guard=11 guard=12 guard=13 guard=14 guard=15 guard=16 "
	"guard=17\n",
	"event group=nk name=x\nenum 1=A\n",
};

START_TEST(test_damaged)
{
	struct event_desc *descs = NULL;
	struct diags diags = { 0 };
	size_t count;

	ck_assert_int_eq(event_descs_read(damaged[_i], &descs, &count, &diags), -EINVAL);
	ck_assert_ptr_null(descs);
	ck_assert_uint_eq(diags.count, 1);
	diags_clear(&diags);
}
END_TEST

/* Every prefix, and every byte changed: read or refused; what is read can be written. */
static void try_text(const char *text)
{
	struct event_desc *descs = NULL;
	struct text out = { 0 };
	size_t count;

	if (event_descs_read(text, &descs, &count, NULL) != 0)
		return;
	for (size_t i = 0; i < count; i++)
		event_desc_write(&descs[i], &out);
	text_clear(&out);
	event_descs_free(descs, count);
}

START_TEST(test_mutations)
{
	static const char bytes[] = "%=\n [(\x01\x80"
				    "9";

	for (size_t at = 0; at < strlen(sample); at++) {
		NK_FREE char *text = xstrdup(sample);

		for (size_t i = 0; i < sizeof(bytes) - 1; i++) {
			text[at] = bytes[i];
			try_text(text);
		}
		text[at] = '\0';
		try_text(text);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("resolve-event");
	TCase *tcase = tcase_create("event");

	tcase_add_test(tcase, test_round_trip);
	tcase_add_test(tcase, test_newer);
	tcase_add_loop_test(tcase, test_damaged, 0, sizeof(damaged) / sizeof(damaged[0]));
	tcase_add_test(tcase, test_mutations);
	tcase_set_timeout(tcase, 60);
	suite_add_tcase(suite, tcase);

	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
