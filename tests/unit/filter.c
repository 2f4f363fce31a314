/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Expressions of -f: where a mistake is told, which records are kept, and what the kernel is given.
 * What the kernel makes of it is shown by tests/vm/filter.test.
 */
#include <check.h>
#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "filter/constant.h"
#include "filter/filter.h"
#include "pages.h"

/* A connection as nk's own probes fetch it, and a string. */
static const char plain_format[] =
	"name: made\nID: 9\nformat:\n"
	"\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n"
	"\tfield:unsigned char common_flags;\toffset:2;\tsize:1;\tsigned:0;\n"
	"\tfield:unsigned char common_preempt_count;\toffset:3;\tsize:1;\tsigned:0;\n"
	"\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\n"
	"\tfield:u64 sk;\toffset:8;\tsize:8;\tsigned:0;\n"
	"\tfield:u32 laddr4;\toffset:16;\tsize:4;\tsigned:0;\n"
	"\tfield:u16 family;\toffset:20;\tsize:2;\tsigned:0;\n"
	"\tfield:u16 lport;\toffset:22;\tsize:2;\tsigned:0;\n"
	"\tfield:u64 laddr6[2];\toffset:24;\tsize:16;\tsigned:0;\n"
	"\tfield:u16 rport;\toffset:40;\tsize:2;\tsigned:0;\n"
	"\tfield:u8 state;\toffset:42;\tsize:1;\tsigned:0;\n"
	"\tfield:s32 error;\toffset:44;\tsize:4;\tsigned:1;\n"
	"\tfield:__data_loc char[] dev;\toffset:48;\tsize:4;\tsigned:1;\n"
	"\tfield:__data_loc char[] _comm;\toffset:52;\tsize:4;\tsigned:1;\n"
	"\nprint fmt: \"(%lx)\", REC->__probe_ip\n";

static const char *format = plain_format;

static struct event_field fields[] = {
	{ .name = "sk",
	  .type = { .kind = PROBE_TYPE_DISPLAY, .display = DISPLAY_HEX, .bytes = 8 } },
	{ .name = "family",
	  .type = { .kind = PROBE_TYPE_DISPLAY, .display = DISPLAY_FAMILY, .bytes = 2 } },
	{ .name = "laddr4",
	  .type = { .kind = PROBE_TYPE_DISPLAY, .display = DISPLAY_IP4, .bytes = 4 },
	  .guards = { "sk" },
	  .guard_count = 1 },
	{ .name = "laddr6",
	  .type = { .kind = PROBE_TYPE_DISPLAY, .display = DISPLAY_IP6, .bytes = 16 },
	  .guards = { "sk" },
	  .guard_count = 1 },
	{ .name = "lport",
	  .type = { .kind = PROBE_TYPE_DISPLAY, .display = DISPLAY_UNSIGNED, .bytes = 2 } },
	{ .name = "rport",
	  .type = { .kind = PROBE_TYPE_DISPLAY, .display = DISPLAY_BE16, .bytes = 2 } },
	{ .name = "state",
	  .type = { .kind = PROBE_TYPE_DISPLAY, .display = DISPLAY_TCP_STATE, .bytes = 1 } },
	{ .name = "error",
	  .type = { .kind = PROBE_TYPE_DISPLAY, .display = DISPLAY_ERRNO, .bytes = 4 } },
	{ .name = "dev", .type = { .kind = PROBE_TYPE_DISPLAY, .display = DISPLAY_STRING } },
	{ .name = "_comm", .type = { .kind = PROBE_TYPE_DISPLAY, .display = DISPLAY_STRING } },
};

struct made {
	uint16_t type;
	uint8_t flags, preempt_count;
	int32_t pid;
	uint64_t sk;
	uint8_t laddr4[4];
	uint16_t family, lport;
	uint8_t laddr6[16];
	uint8_t rport[2];
	uint8_t state, pad;
	int32_t error;
	uint32_t dev, comm;
	char strings[16];
};

static const struct made inet = { .type = 9,
				  .pid = 42,
				  .sk = 0xffff888012345678,
				  .laddr4 = { 10, 1, 2, 3 },
				  .family = 2,
				  .lport = 5555,
				  .laddr6 = { 0xfd, [15] = 1 },
				  .rport = { 0x15, 0xb3 },
				  .state = 1,
				  .error = -111,
				  .dev = 5 << 16 | 56,
				  .comm = 5 << 16 | 61,
				  .strings = "eth0\0curl" };

struct fixture {
	struct decoder *decoder;
	struct memory_source *memory;
	struct record_reader *reader;
	struct record record;
	struct event_desc desc;
};

static void fixture_open(struct fixture *fixture, const struct made *made)
{
	struct decoder_options options = { .long_bytes = 8,
					   .is_big_endian = __BYTE_ORDER == __BIG_ENDIAN,
					   .page_size = PAGE_BYTES };
	struct page_builder page;

	fixture->desc = (struct event_desc){ .group = "nk",
					     .name = "made",
					     .probe = "made",
					     .set = "sets",
					     .fields = fields,
					     .field_count = sizeof(fields) / sizeof(fields[0]) };
	fixture->decoder = decoder_new(&options, NULL);
	ck_assert_int_eq(decoder_add_event(fixture->decoder, "nk", format, strlen(format),
					   &fixture->desc, NULL),
			 0);
	page_begin(&page, 0, options.is_big_endian, 8);
	page_event(&page, 1, made, sizeof(*made));
	page_end(&page, 0);
	fixture->memory = memory_source_new();
	memory_source_add(fixture->memory, page.bytes, PAGE_BYTES);
	record_reader_open(fixture->decoder, &fixture->memory->source, &fixture->reader);
	ck_assert_int_eq(record_reader_next(fixture->reader, &fixture->record), 1);
}

static void fixture_close(struct fixture *fixture)
{
	record_reader_close(fixture->reader);
	memory_source_free(fixture->memory);
	decoder_free(fixture->decoder);
}

static bool keeps(const struct made *made, const char *text)
{
	struct fixture fixture;
	struct filter *filter;
	struct bound_filter *bound;
	struct diags diags = { 0 };
	bool is_kept;

	fixture_open(&fixture, made);
	if (filter_new(text, &filter, &diags) < 0 ||
	    filter_bind(filter, fixture.decoder, &bound, &diags) < 0)
		ck_abort_msg("%s: %s", text, diags.items[0].text);
	is_kept = filter_keeps(bound, &fixture.record);
	bound_filter_free(bound);
	filter_free(filter);
	fixture_close(&fixture);
	return is_kept;
}

static const char *const kept[] = {
	"host 10.1.2.3",
	"net 10.0.0.0/8",
	"net 10.1.2.2/31",
	"net 0.0.0.0/0",
	"port 5555",
	"port > 5554 and port <= 5555",
	"lport == 0x15b3 && rport == 5555",
	"pid 42",
	"pid == 42",
	"pid != 43",
	"comm curl",
	"comm ~ c*l",
	"comm ~ 'c[a-z]r?'",
	"event == made",
	"set ~ s*",
	"cpu == 0",
	"state == ESTABLISHED",
	"state == established",
	"state == 1",
	"state < 2",
	"state != CLOSE",
	"error == -ECONNREFUSED",
	"error == ECONNREFUSED",
	"error < 0",
	"error == -111",
	"dev == eth0",
	"dev == \"eth0\"",
	"dev ~ e*0 and dev ~ *",
	"family == inet",
	"laddr != 10.1.2.4",
	"laddr != ::1",
	"lport & 1",
	"lport & 0x13",
	"not lport & 4",
	"not (host 10.1.2.4 or pid 1)",
	"not host 1.1.1.1 and not port 1",
	"!pid==1&&pid==42",
	"pid 1 and pid 2 or pid 42",
	"pid 42 or pid 1 and pid 2",
	"lport != 70000",
	"lport > -1",
	"sk > 0xffff888000000000",
};

static const char *const dropped[] = {
	"host 10.1.2.4",   "net 11.0.0.0/8",
	"net 10.1.2.0/31", "host fd00::1",
	"net fd00::/8",	   "net ::/0",
	"port 5556",	   "pid 1",
	"comm cur",	   "comm ~ c?l",
	"comm ~ '[!c]*'",  "cpu == 1",
	"state == LISTEN", "error > 0",
	"error == EPERM",  "dev != eth0",
	"lport & 4",	   "pid 1 or pid 2 and pid 42",
	"not pid 42",	   "laddr == ::ffff:10.1.2.3",
	"lport == 70000",  "lport == -1",
	"event ~ x*",	   "pid == 4294967338",
};

START_TEST(keeps_what_holds)
{
	ck_assert_msg(keeps(&inet, kept[_i]), "%s", kept[_i]);
}
END_TEST

START_TEST(drops_the_rest)
{
	ck_assert_msg(!keeps(&inet, dropped[_i]), "%s", dropped[_i]);
}
END_TEST

/* A field that is not there fits nothing; "not" of that does. */
START_TEST(absent)
{
	struct made made = inet;

	made.sk = 0;
	ck_assert(!keeps(&made, "host 10.1.2.3"));
	ck_assert(!keeps(&made, "laddr != 10.1.2.4"));
	ck_assert(keeps(&made, "not host 10.1.2.3"));
	made = inet;
	made.family = 10;
	ck_assert(keeps(&made, "net fd00::/8"));
	ck_assert(!keeps(&made, "host 10.1.2.3"));
	ck_assert(keeps(&made, "laddr != 10.1.2.3"));
	made.family = 16;
	ck_assert(!keeps(&made, "laddr != 10.1.2.3"));
}
END_TEST

static const struct {
	const char *expression;
	int column;
	const char *text, *hint;
} mistakes[] = {
	{ "", 1, "something is missing at the end", NULL },
	{ "lport == 1 and", 15, "something is missing at the end", NULL },
	{ "lport", 1, "is compared with nothing", NULL },
	{ "lport ==", 9, "there is nothing that 'lport' is compared with", NULL },
	{ "lport = 5", 7, "write '=='", NULL },
	{ "lport == 5 | pid 1", 12, "write '||'", NULL },
	{ "(lport == 5", 1, "'(' is not closed", NULL },
	{ "lport == 5)", 11, "there is no '('", NULL },
	{ "lport == 5 pid 1", 12, "'and' or 'or' is missing", NULL },
	{ "dev == \"eth0", 8, "the string is not closed", NULL },
	{ "lprot == 5", 1, "no event here has a field 'lprot'", "'lport'" },
	{ "lport == http", 10, "'http' is no value", NULL },
	{ "port 70000", 6, "'70000' is no port", NULL },
	{ "not port -1", 10, "'-1' is no port", NULL },
	{ "state == ESTABLISHD", 10, "'ESTABLISHD' is no value", "'ESTABLISHED'" },
	{ "state < ESTABLISHED", 9, "names have no order", NULL },
	{ "lport ~ 5*", 9, "'~' compares text", NULL },
	{ "dev < eth0", 7, "is text", NULL },
	{ "host 10.0.0.1/8", 6, "bits behind its first 8", NULL },
	{ "host localhost", 6, "is no address", NULL },
	{ "net 10.0.0.0/33", 5, "is no address", NULL },
	{ "host != 10.0.0.1", 6, "has no order", "not host 10.0.0.1" },
	{ "port != 80", 6, "both ends", "not port 80" },
	{ "event == tcp", 10, "there is no event 'tcp'", NULL },
	{ "laddr < 10.0.0.1", 9, "is an address", NULL },
	{ "== 5", 1, "a field or 'not'", NULL },
};

START_TEST(mistake)
{
	struct fixture fixture;
	struct filter *filter = NULL;
	struct bound_filter *bound;
	struct diags diags = { 0 };
	int err;

	fixture_open(&fixture, &inet);
	err = filter_new(mistakes[_i].expression, &filter, &diags);
	if (!err)
		err = filter_bind(filter, fixture.decoder, &bound, &diags);
	ck_assert_msg(err < 0, "'%s' is taken", mistakes[_i].expression);
	ck_assert_uint_eq(diags.count, 1);
	ck_assert_msg(strstr(diags.items[0].text, mistakes[_i].text), "'%s': %s",
		      mistakes[_i].expression, diags.items[0].text);
	ck_assert_msg(diags.items[0].column == mistakes[_i].column, "'%s': column %d",
		      mistakes[_i].expression, diags.items[0].column);
	if (mistakes[_i].hint)
		ck_assert_ptr_nonnull(strstr(diags.items[0].hint, mistakes[_i].hint));
	diags_clear(&diags);
	filter_free(filter);
	fixture_close(&fixture);
}
END_TEST

#define SK "(sk >= 4096 && sk < 0xfffffffffffff001)"

/* text NULL: nothing; is_whole: without a rest. */
static const struct {
	const char *expression, *text;
	bool is_whole;
} kernels[] = {
	{ "lport == 5555", "lport == 5555", true },
	{ "lport >= 5555", "lport >= 5555", true },
	{ "rport == 5555", "rport == 45845", true },
	{ "not rport == 5555", "!(rport == 45845)", true },
	{ "rport > 5555", NULL, false },
	{ "not rport > 5555", NULL, false },
	{ "rport > 5555 and lport == 1", "lport == 1", false },
	{ "rport > 5555 or lport == 1", NULL, false },
	{ "port 5555", "(lport == 5555 || rport == 45845)", true },
	{ "lport == 70000", "common_type == 0", true },
	{ "lport != 70000", NULL, true },
	{ "host 10.1.2.3", "((" SK " && family == 2) && laddr4 == 0x302010a)", true },
	{ "net 10.0.0.0/8",
	  "((" SK " && family == 2) && ((!(laddr4 & 0xf5) && laddr4 & 0x2) && laddr4 & 0x8))",
	  true },
	{ "host fd00::1", "(" SK " && family == 10)", false },
	{ "not host fd00::1", NULL, false },
	{ "host 10.1.2.3 or host fd00::1",
	  "(((" SK " && family == 2) && laddr4 == 0x302010a) || (" SK " && family == 10))", false },
	{ "state == ESTABLISHED and error == -ECONNREFUSED", "(state == 1 && error == -111)",
	  true },
	{ "dev == eth0", "dev == \"eth0\"", true },
	{ "dev == '\"'", "dev == '\"'", true },
	{ "dev != eth0", "dev != \"eth0\"", false },
	{ "dev ~ eth*", "dev ~ \"eth*\"", true },
	{ "dev ~ *", "dev ~ \"*\"", false },
	{ "dev ~ 0*", NULL, false },
	{ "comm == curl", "COMM == \"curl\"", true },
	{ "comm ~ cu*", "COMM ~ \"cu*\"", true },
	{ "comm ~ *rl", "COMM ~ \"**rl\"", true },
	{ "comm ~ *ur*", "COMM ~ \"**ur*\"", true },
	{ "comm ~ *", "COMM ~ \"**\"", true },
	{ "pid 42 and cpu == 1", "(common_pid == 42 && CPU == 1)", true },
	{ "event == made", NULL, true },
	{ "not event == made", "common_type == 0", true },
	{ "event == made and lport == 1", "lport == 1", true },
	{ "lport & 3", "lport & 3", true },
	/* Both of which the kernel takes, and finds true of no event. */
	{ "cpu & 1", NULL, false },
	{ "lport == 5 and not cpu & 1", "lport == 5", false },
	{ "pid < 18446744073709551615", NULL, false },
	{ "pid > -5", "common_pid > -5", true },
};

static void check_kernel(const char *expression, const char *text, bool is_whole)
{
	struct fixture fixture;
	struct filter *filter;
	struct bound_filter *bound;
	struct kernel_filter made;

	fixture_open(&fixture, &inet);
	ck_assert_int_eq(filter_new(expression, &filter, NULL), 0);
	ck_assert_int_eq(filter_bind(filter, fixture.decoder, &bound, NULL), 0);
	filter_for_kernel(bound, 0, &made);
	ck_assert_msg(!made.text == !text && (!made.text || strcmp(made.text, text) == 0), "%s: %s",
		      expression, made.text ? made.text : "nothing");
	ck_assert_msg(made.is_whole == is_whole, "%s: whole is %d", expression, made.is_whole);
	ck_assert_int_eq(!made.why, made.is_whole);
	kernel_filter_clear(&made);
	bound_filter_free(bound);
	filter_free(filter);
	fixture_close(&fixture);
}

START_TEST(kernel)
{
	check_kernel(kernels[_i].expression, kernels[_i].text, kernels[_i].is_whole);
}
END_TEST

/* A port that rests on a family: of a packet of none it is no port, here and in the kernel. */
START_TEST(kernel_by_family)
{
	struct event_field *rport = &fields[5];
	struct made made = inet;

	rport->guards[0] = (char *)"family";
	rport->guard_count = 1;
	if (__BYTE_ORDER == __LITTLE_ENDIAN) {
		check_kernel("rport == 5555", "((family == 2 || family == 10) && rport == 45845)",
			     true);
		check_kernel("not rport == 5555",
			     "!(((family == 2 || family == 10) && rport == 45845))", true);
	}
	ck_assert(keeps(&made, "rport == 5555"));
	made.family = 10;
	ck_assert(keeps(&made, "rport == 5555"));
	made.family = 0;
	ck_assert(!keeps(&made, "rport == 5555"));
	rport->guard_count = 0;
}
END_TEST

/* Fields that are called as what the kernel says of every event: it looks at them then. */
START_TEST(kernel_shadowed)
{
	const char *words[] = { "CPU", "COMM" };
	const char *expressions[] = { "cpu == 1 and lport == 5", "comm == curl and lport == 5" };
	const char *end = strstr(plain_format, "\nprint fmt");
	NK_FREE char *shadowed = xasprintf("%.*s\tfield:u8 %s;\toffset:43;\tsize:1;\tsigned:0;\n%s",
					   (int)(end - plain_format), plain_format, words[_i], end);

	format = shadowed;
	check_kernel(expressions[_i], "lport == 5", false);
	format = plain_format;
}
END_TEST

/* A member of a packet, and a field that stands in for it where the packet has none: the kernel
 * cannot tell which of them is the value. */
START_TEST(kernel_by_packet)
{
	const struct event_field window = fields[3], port = fields[4];

	fields[3].type = (struct probe_type){ .kind = PROBE_TYPE_DISPLAY,
					      .display = DISPLAY_PACKET,
					      .bytes = 8,
					      .packet_members = 1U << PACKET_SPORT,
					      .packet_order = { PACKET_SPORT },
					      .packet_member_count = 1 };
	fields[3].guard_count = 0;
	fields[4].instead_of = (char *)"sport";
	check_kernel("sport == 5555", NULL, false);
	check_kernel("not sport == 5555", NULL, false);
	check_kernel("not sport == 5555 and state == 1", "state == 1", false);
	fields[3] = window;
	fields[4] = port;
}
END_TEST

/* As lib/glob.c of the kernel has it, whose own tests these are in part (lib/globtest.c). */
static const struct {
	const char *pattern, *text;
	bool matches;
} globs[] = {
	{ "a", "a", true },
	{ "a", "b", false },
	{ "a", "aa", false },
	{ "", "", true },
	{ "", "a", false },
	{ "[a]", "a", true },
	{ "[!a]", "a", false },
	{ "[!a]", "b", true },
	{ "[ab]", "b", true },
	{ "[a-c]", "b", true },
	{ "[a-c]", "d", false },
	{ "[]a]", "]", true },
	{ "?", "a", true },
	{ "??", "a", false },
	{ "*", "", true },
	{ "*?", "", false },
	{ "*c*", "abcde", true },
	{ "*bc", "abcbc", true },
	{ "*ab*cd", "abcabcabcd", true },
	{ "*a*a", "aab", false },
	{ "[", "[", true },
	{ "\\*", "*", true },
	{ "\\*", "a", false },
	{ "*ab?d", "xabcd", true },
};

START_TEST(glob)
{
	ck_assert_msg(glob_matches(globs[_i].pattern, globs[_i].text, strlen(globs[_i].text)) ==
			      globs[_i].matches,
		      "%s %s", globs[_i].pattern, globs[_i].text);
}
END_TEST

#define COUNT(array) (int)(sizeof(array) / sizeof((array)[0]))

int main(void)
{
	Suite *suite = suite_create("filter");
	TCase *tcase = tcase_create("all");

	tcase_add_loop_test(tcase, keeps_what_holds, 0, COUNT(kept));
	tcase_add_loop_test(tcase, drops_the_rest, 0, COUNT(dropped));
	tcase_add_test(tcase, absent);
	tcase_add_loop_test(tcase, mistake, 0, COUNT(mistakes));
	if (__BYTE_ORDER == __LITTLE_ENDIAN)
		tcase_add_loop_test(tcase, kernel, 0, COUNT(kernels));
	tcase_add_test(tcase, kernel_by_family);
	tcase_add_test(tcase, kernel_by_packet);
	tcase_add_loop_test(tcase, kernel_shadowed, 0, 2);
	tcase_add_loop_test(tcase, glob, 0, COUNT(globs));
	suite_add_tcase(suite, tcase);

	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
