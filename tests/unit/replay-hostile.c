/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A recording with formats and records that bring libtraceevent 1.7 down: nk replay shows all the
 * others as ever, these by their fields, says so and ends with 3. Whether they do bring it down is
 * tested first: a version that has no such fault shows them all. And one of records whose text is
 * longer than what is written at once, and one of thousands of instances.
 */
#include <check.h>
#include <event-parse.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "datfile-fixture.h"
#include "datfile/writer.h"

#define PAGE_SIZE 4096
#define HEADER	  16

enum event { GOOD = 1000, ARROW, CUT, ARRAY };

#define COMMON                                                                                     \
	"format:\n"                                                                                \
	"\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n"                     \
	"\tfield:unsigned char common_flags;\toffset:2;\tsize:1;\tsigned:0;\n"                     \
	"\tfield:unsigned char common_preempt_count;\toffset:3;\tsize:1;\tsigned:0;\n"             \
	"\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\n"                               \
	"\tfield:int n;\toffset:8;\tsize:4;\tsigned:1;\n"

static const char *const formats[] = {
	"name: good\nID: 1000\n" COMMON "\nprint fmt: \"good %d\", REC->n\n",
	/* Its print fmt ends where a field's name is expected. */
	"name: arrow\nID: 1001\n" COMMON "\nprint fmt: \"arrow %d %s\", REC->n, "
	"__print_symbolic(REC->",
	/* It ends where the length of an array is. */
	"name: cut\nID: 1002\n" COMMON "\tfield:__u8 address[",
	/* As many bytes are printed as the record says. */
	"name: array\nID: 1003\n" COMMON "\tfield:u8 bytes[4];\toffset:12;\tsize:4;\tsigned:0;\n\n"
	"print fmt: \"array %s\", __print_hex(REC->bytes, REC->n)\n",
};

#define FORMAT_COUNT (sizeof(formats) / sizeof(*formats))

static const struct {
	enum event event;
	int n;
} records[] = {
	{ GOOD, 1 }, { ARRAY, 2 },	    { ARROW, 3 }, { CUT, 4 },
	{ GOOD, 5 }, { ARRAY, 0x7fffffff }, { GOOD, 7 },  { ARRAY, 3 },
};

#define RECORD_COUNT (sizeof(records) / sizeof(*records))

static size_t make_page(unsigned char *page)
{
	size_t at = HEADER;

	for (size_t i = 0; i < RECORD_COUNT; i++) {
		/* Of four words, a microsecond behind the one before. */
		uint32_t words[5] = { 4 | 1000U << 5, records[i].event, 155, (uint32_t)records[i].n,
				      0x44332211 };

		memcpy(page + at, words, sizeof(words));
		at += sizeof(words);
	}

	uint64_t commit = at - HEADER;

	memcpy(page + 8, &commit, sizeof(commit));
	return at;
}

/* A page of the last instance. */
static void write_page(const char *path, size_t instances, struct dat_event_format *events,
		       size_t event_count, const unsigned char *page, size_t used)
{
	int cpu = 0;
	NK_FREE struct dat_buffer *buffers = xcalloc(instances, sizeof(*buffers));
	struct dat_meta meta = { .long_bytes = 8,
				 .page_size = PAGE_SIZE,
				 .events = events,
				 .event_count = event_count,
				 .saved_cmdlines = (char *)"155 curl\n",
				 .cpu_count = 1,
				 .buffers = buffers,
				 .buffer_count = instances };
	struct diags diags = { 0 };
	struct dat_writer *writer;

	for (size_t i = 0; i < instances; i++)
		buffers[i] = (struct dat_buffer){ .name = i ? xasprintf("i%zu", i) : xstrdup(""),
						  .clock = (char *)"mono",
						  .page_size = PAGE_SIZE,
						  .cpus = &cpu,
						  .cpu_count = 1 };
	ck_assert_int_eq(dat_writer_create(path, &meta, &writer, &diags), 0);
	ck_assert_int_eq(dat_writer_write_page(writer, instances - 1, 0, page, used), 0);
	ck_assert_int_eq(dat_writer_finish(writer, &meta, &diags), 0);
	for (size_t i = 0; i < instances; i++)
		free(buffers[i].name);
	diags_clear(&diags);
}

static struct dat_event_format hostile_event(const char *format)
{
	return (struct dat_event_format){ .system = (char *)"hostile",
					  .text = (char *)format,
					  .length = strlen(format) };
}

static void make(const char *path)
{
	struct dat_event_format events[FORMAT_COUNT];
	unsigned char page[PAGE_SIZE] = { 0 };

	for (size_t i = 0; i < FORMAT_COUNT; i++)
		events[i] = hostile_event(formats[i]);
	write_page(path, 1, events, FORMAT_COUNT, page, make_page(page));
}

/* Of an event with far more fields than a record has bytes for: they all lie on the same ones. */
#define WIDE_FIELDS   1500
#define WIDE_ELEMENTS 64

static void make_wide(const char *path)
{
	unsigned char page[PAGE_SIZE] = { 0 };
	uint32_t bytes = 16 + WIDE_ELEMENTS * 8;
	uint32_t head[4] = { 0 | GOOD << 5, bytes + 4, GOOD, 155 };
	uint64_t commit = 2 * (bytes + 8);
	struct text format = { 0 };

	text_add(&format, "name: wide\nID: 1000\n" COMMON
			  "\tfield:unsigned long __probe_ip;\toffset:8;\tsize:8;\tsigned:0;\n");
	for (int i = 0; i < WIDE_FIELDS; i++)
		text_addf(&format, "\tfield:u64 a%d[%d];\toffset:16;\tsize:%d;\tsigned:0;\n", i,
			  WIDE_ELEMENTS, WIDE_ELEMENTS * 8);
	text_add(&format, "\nprint fmt: \"wide\"\n");
	for (size_t i = 0, at = HEADER; i < 2; i++, at += bytes + 8) {
		memset(page + at, 0xff, bytes + 8);
		memcpy(page + at, head, sizeof(head));
	}
	memcpy(page + 8, &commit, sizeof(commit));

	struct dat_event_format event = hostile_event(format.data);

	write_page(path, 1, &event, 1, page, HEADER + (size_t)commit);
	text_clear(&format);
}

/* What nk prints, and its errors behind it. */
static char *replay(const char *path, const char *options, int *status)
{
	const char *nk = getenv("NK");
	NK_FREE char *command =
		xasprintf("'%s' replay %s '%s' 2>'%s.errors'; s=$?; cat '%s.errors'; "
			  "rm -f '%s.errors'; exit $s",
			  nk ? nk : "./nk", options, path, path, path, path);
	struct text text = { 0 };
	char bytes[4096];
	size_t got;
	FILE *pipe = popen(command, "re");

	ck_assert_ptr_nonnull(pipe);
	while ((got = fread(bytes, 1, sizeof(bytes), pipe)) > 0)
		text_add_bytes(&text, bytes, got);
	*status = WEXITSTATUS(pclose(pipe));
	return text_steal(&text);
}

/* Whether libtraceevent itself lives through a format. */
static bool survives(const char *format)
{
	pid_t pid = fork();
	int status;

	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		struct tep_handle *tep = tep_alloc();
		struct tep_event *event;

		/* Expected: no sanitizer has to report it. */
		signal(SIGSEGV, SIG_DFL);
		tep_set_loglevel(TEP_LOG_NONE);
		tep_parse_format(tep, &event, format, strlen(format), "hostile");
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void expect(const char *output, const char *part)
{
	ck_assert_msg(strstr(output, part), "no \"%s\" in:\n%s", part, output);
}

START_TEST(test_styles)
{
	static const char *const styles[] = { "--style text", "--style trace-cmd" };
	const char *path = fixture_scratch();
	int status;

	make(path);

	NK_FREE char *output = replay(path, styles[_i], &status);

	expect(output, "good 1\n");
	expect(output, "good 5\n");
	expect(output, "good 7\n");
	expect(output, "array 11 22\n");
	expect(output, "n=2147483647 bytes=");
	ck_assert_msg(strstr(output, "good 5\n") > strstr(output, "good 1\n"), "out of order");
	expect(output, "fails on a record of hostile:array");
	expect(output, "n=3\n");
	if (!survives(formats[CUT - GOOD]))
		expect(output, "fails on the format of hostile:cut");
	ck_assert_int_eq(status, 3);
	fixture_cleanup();
}
END_TEST

START_TEST(test_json)
{
	const char *path = fixture_scratch();
	int status;

	make(path);

	NK_FREE char *output = replay(path, "--json", &status);

	for (size_t i = 0; i < RECORD_COUNT; i++) {
		NK_FREE char *field = xasprintf("\"n\":%d", records[i].n);

		if (records[i].event != CUT)
			expect(output, field);
	}
	ck_assert_int_eq(status, 3);
	fixture_cleanup();
}
END_TEST

START_TEST(test_wide)
{
	static const char *const styles[] = { "--style text", "--json", "--csv" };
	static const char number[] = "18446744073709551615";
	const char *path = fixture_scratch();
	size_t count = 0;
	int status;

	make_wide(path);

	NK_FREE char *output = replay(path, styles[_i], &status);

	/* Not by strstr(), for which AddressSanitizer looks at all that is left, each time. */
	for (const char *at = output; *at;) {
		bool is_there = strncmp(at, number, sizeof(number) - 1) == 0;

		count += is_there;
		at += is_there ? sizeof(number) - 1 : 1;
	}
	ck_assert_uint_eq(count, 2 * WIDE_FIELDS * WIDE_ELEMENTS);
	ck_assert_int_eq(status, 0);
	fixture_cleanup();
}
END_TEST

/* As many as a file may have, nearly all of them empty. */
START_TEST(test_instances)
{
	struct dat_event_format event = hostile_event(formats[0]);
	const uint32_t words[4] = { 3 | GOOD << 5, GOOD, 155, 7 };
	unsigned char page[PAGE_SIZE] = { [8] = sizeof(words) };
	const char *path = fixture_scratch();
	int status;

	memcpy(page + HEADER, words, sizeof(words));
	write_page(path, 4095, &event, 1, page, HEADER + sizeof(words));

	NK_FREE char *output = replay(path, "", &status);

	expect(output, "good 7\n");
	ck_assert_int_eq(status, 0);
	fixture_cleanup();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("replay-hostile");
	TCase *tests = tcase_create("replay-hostile");
	SRunner *runner = srunner_create(suite);

	tcase_add_loop_test(tests, test_styles, 0, 2);
	tcase_add_test(tests, test_json);
	tcase_add_loop_test(tests, test_wide, 0, 3);
	tcase_add_test(tests, test_instances);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);

	int failed = srunner_ntests_failed(runner);

	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
