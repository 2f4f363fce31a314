/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writing: what is written is read back, by trace-cmd too; a writer that is killed leaves what it
 * published; nothing but a regular file is replaced. Metadata and pages are those of a captured
 * recording.
 */
#include "base/bytes.h"
#include "config.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef HAVE_ZLIB
#include <zlib.h>
#endif
#ifdef HAVE_ZSTD
#include <zstd.h>
#endif

#include "base/alloc.h"
#include "datfile-fixture.h"
#include "datfile/format.h"
#include "datfile/image.h"
#include "datfile/writer.h"

#define PAGE 4096
#define MIB  (UINT64_C(1) << 20)

static bool makes_no_holes;
static bool exchanges_no_names;

/* In place of the C library's: as on ext2, 9p and UBIFS where makes_no_holes. */
int fallocate(int fd, int mode, off_t offset, off_t length)
{
	if (makes_no_holes) {
		errno = EOPNOTSUPP;
		return -1;
	}
	return (int)syscall(SYS_fallocate, fd, mode, offset, length);
}

/* The same, as on NFS where exchanges_no_names. */
int renameat2(int from_dir, const char *from, int to_dir, const char *to, unsigned int flags)
{
	if (exchanges_no_names && flags) {
		errno = EINVAL;
		return -1;
	}
	return (int)syscall(SYS_renameat2, from_dir, from, to_dir, to, flags);
}

static struct dat_writer *create(const char *path, const struct dat_meta *meta)
{
	struct dat_writer *writer = NULL;
	struct diags diags = { 0 };
	int ret = dat_writer_create(path, meta, &writer, &diags);

	ck_assert_msg(!ret, "%s", diags.count ? diags.items[0].text : strerror(-ret));
	return writer;
}

/* CPUs of a buffer are its streams, in the order of both. */
static size_t cpu_index(const struct dat_meta *meta, const struct page_stream *stream)
{
	const struct dat_buffer *buffer = &meta->buffers[stream->instance];

	for (size_t i = 0; i < buffer->cpu_count; i++)
		if (buffer->cpus[i] == stream->cpu)
			return i;
	ck_abort_msg("no CPU %d", stream->cpu);
	return 0;
}

static void write_pages(struct dat_writer *writer, struct dat_reader *from)
{
	struct page_source *source = dat_reader_pages(from);
	const struct dat_meta *meta = dat_reader_meta(from);
	const void *page;

	for (size_t i = 0; i < source->stream_count; i++) {
		const struct page_stream *stream = &source->streams[i];

		while (source->ops->next(source, i, &page) == 1) {
			ck_assert_int_eq(dat_writer_write_page(writer, (size_t)stream->instance,
							       cpu_index(meta, stream), page, PAGE),
					 0);
			source->ops->release(source, i, page);
		}
	}
}

static void finish(struct dat_writer *writer, const struct dat_meta *meta)
{
	struct diags diags = { 0 };

	ck_assert_int_eq(dat_writer_finish(writer, meta, &diags), 0);
	ck_assert_msg(!diags.count, "%s", diags.items[0].text);
}

static void assert_same_text(const char *left, const char *right)
{
	ck_assert_str_eq(left ? left : "(none)", right ? right : "(none)");
}

static void assert_same_meta(const struct dat_meta *a, const struct dat_meta *b)
{
	ck_assert_int_eq(a->is_big_endian, b->is_big_endian);
	ck_assert_uint_eq(a->long_bytes, b->long_bytes);
	ck_assert_uint_eq(a->page_size, b->page_size);
	ck_assert_int_eq(a->cpu_count, b->cpu_count);
	assert_same_text(a->header_page, b->header_page);
	assert_same_text(a->header_event, b->header_event);
	assert_same_text(a->kallsyms, b->kallsyms);
	assert_same_text(a->saved_cmdlines, b->saved_cmdlines);
	assert_same_text(a->uname, b->uname);
	assert_same_text(a->version, b->version);
	assert_same_text(a->summary, b->summary);
	ck_assert_int_eq(a->has_nk, b->has_nk);
	ck_assert_int_eq(a->wall_offset_ns, b->wall_offset_ns);
	ck_assert_uint_eq(a->desc_count, b->desc_count);
	ck_assert_uint_eq(a->event_count, b->event_count);
	for (size_t i = 0; i < a->event_count; i++) {
		ck_assert_str_eq(a->events[i].system, b->events[i].system);
		ck_assert_str_eq(a->events[i].text, b->events[i].text);
	}
	ck_assert_uint_eq(a->cpu_stats_count, b->cpu_stats_count);
	for (size_t i = 0; i < a->cpu_stats_count; i++)
		ck_assert_str_eq(a->cpu_stats[i], b->cpu_stats[i]);
	ck_assert_uint_eq(a->buffer_count, b->buffer_count);
	for (size_t i = 0; i < a->buffer_count; i++) {
		ck_assert_str_eq(a->buffers[i].name, b->buffers[i].name);
		ck_assert_str_eq(a->buffers[i].clock, b->buffers[i].clock);
		ck_assert_uint_le(a->buffers[i].cpu_count, b->buffers[i].cpu_count);
	}
}

/* Against the captured file and, where there is trace-cmd, against its report of that. */
static void assert_same_recording(const char *path, int fixture, const struct dat_meta *meta)
{
	NK_FREE char *original_path = fixture_path(fixture_names[fixture], ".dat");
	NK_FREE char *expected_report = NULL;
	NK_FREE char *report = NULL;
	struct dat_reader *original = fixture_open(original_path);
	struct dat_reader *reader = fixture_open(path);
	NK_FREE char *expected = fixture_events(original);
	NK_FREE char *events = fixture_events(reader);

	ck_assert(expected[0]);
	ck_assert_str_eq(events, expected);
	assert_same_meta(dat_reader_meta(reader), meta);
	expected_report = fixture_report(original_path);
	report = fixture_report(path);
	if (report)
		ck_assert_str_eq(report, expected_report);
	dat_reader_close(original);
	dat_reader_close(reader);
}

START_TEST(what_is_written_is_read)
{
	NK_FREE char *original = fixture_path(fixture_names[_i], ".dat");
	struct dat_reader *from = fixture_open(original);
	const struct dat_meta *meta = dat_reader_meta(from);
	const char *path = fixture_scratch();
	struct dat_writer *writer = create(path, meta);
	struct stat sparse, compact;

	write_pages(writer, from);
	/* While it is being recorded ... */
	assert_same_recording(path, _i, meta);
	ck_assert_int_eq(stat(path, &sparse), 0);
	finish(writer, meta);
	/* ... and after. */
	assert_same_recording(path, _i, meta);
	ck_assert_int_eq(stat(path, &compact), 0);
	ck_assert_int_lt(compact.st_size, 1 << 20);
	ck_assert_int_gt(sparse.st_size, compact.st_size);
	ck_assert_int_lt(sparse.st_blocks, 1024);
	ck_assert_int_eq(compact.st_mode & 07137, 0);
	dat_reader_close(from);
	fixture_cleanup();
}
END_TEST

/* What stands behind the NUL of the version. */
static void add_own(struct dat_meta *meta)
{
	struct diags diags = { 0 };

	meta->has_nk = true;
	meta->has_wall_offset = true;
	meta->wall_offset_ns = -1234567890123456789;
	meta->version = xstrdup("nk 0.1.0");
	ck_assert_int_eq(event_descs_read("event group=nk name=tcp_connect probe=tcp_connect "
					  "set=tcp half=whole\n"
					  "field name=lport type=u16 kernel=u16\n",
					  &meta->descs, &meta->desc_count, &diags),
			 0);
	ck_assert_uint_eq(meta->desc_count, 1);
}

static void free_own(struct dat_meta *meta)
{
	event_descs_free(meta->descs, meta->desc_count);
	free(meta->version);
	free(meta->summary);
}

START_TEST(what_nk_adds)
{
	static const char *const summaries[] = { NULL, "", "lost 3\nprobe tcp_connect hits 7\n" };
	NK_FREE char *original = fixture_path("v7", ".dat");
	struct dat_reader *from = fixture_open(original);
	struct dat_meta meta = *dat_reader_meta(from);
	const char *path = fixture_scratch();
	struct dat_writer *writer;
	struct dat_reader *reader;
	NK_FREE char *report = NULL;

	add_own(&meta);
	writer = create(path, &meta);
	write_pages(writer, from);
	if (summaries[_i])
		meta.summary = xstrdup(summaries[_i]);
	finish(writer, &meta);
	reader = fixture_open(path);
	assert_same_meta(dat_reader_meta(reader), &meta);
	ck_assert_str_eq(dat_reader_meta(reader)->descs[0].name, "tcp_connect");
	report = fixture_report(path);
	if (report)
		ck_assert_ptr_null(strstr(report, "nk-recording"));
	dat_reader_close(reader);
	dat_reader_close(from);
	free_own(&meta);
	fixture_cleanup();
}
END_TEST

/* trace-cmd convert reads more strictly than report, and keeps what it does not know. */
START_TEST(converted_by_trace_cmd)
{
	NK_FREE char *original = fixture_path("v7-instances", ".dat");
	struct dat_reader *from = fixture_open(original);
	struct dat_meta meta = *dat_reader_meta(from);
	const char *path = fixture_scratch();
	NK_FREE char *converted = xasprintf("%s.converted", path);
	NK_FREE char *command = xasprintf("trace-cmd convert --file-version 7 --compression %s "
					  "-i '%s' -o '%s' >/dev/null 2>&1",
					  _i ? "zstd" : "none", path, converted);
	struct dat_writer *writer;
	NK_FREE char *report = NULL;

	add_own(&meta);
	meta.summary = xstrdup("lost 3\n");
	writer = create(path, &meta);
	write_pages(writer, from);
	finish(writer, &meta);
	report = fixture_report(path);
	if (report) {
		NK_FREE char *again = NULL;
		struct dat_reader *reader;

		ck_assert_int_eq(system(command), 0);
		again = fixture_report(converted);
		ck_assert_str_eq(again, report);
		reader = fixture_open(converted);
		ck_assert_str_eq(dat_reader_meta(reader)->summary, "lost 3\n");
		ck_assert_uint_eq(dat_reader_meta(reader)->desc_count, 1);
		dat_reader_close(reader);
		unlink(converted);
	}
	free_own(&meta);
	dat_reader_close(from);
	fixture_cleanup();
}
END_TEST

/* Empty but for a page of each CPU, with the clock that needs a conversion. */
START_TEST(boot_clock_is_in_seconds)
{
	NK_FREE char *original = fixture_path("v7", ".dat");
	struct dat_reader *from = fixture_open(original);
	struct dat_meta meta = *dat_reader_meta(from);
	struct dat_buffer buffer = meta.buffers[0];
	const char *path = fixture_scratch();
	struct dat_writer *writer;
	NK_FREE char *report = NULL, *expected = NULL;

	buffer.clock = "boot";
	meta.buffers = &buffer;
	writer = create(path, &meta);
	write_pages(writer, from);
	finish(writer, &meta);
	report = fixture_report(path);
	expected = fixture_report(original);
	if (report)
		ck_assert_str_eq(report, expected);
	dat_reader_close(from);
	fixture_cleanup();
}
END_TEST

START_TEST(no_events_at_all)
{
	NK_FREE char *original = fixture_path("v7", ".dat");
	struct dat_reader *from = fixture_open(original);
	const struct dat_meta *meta = dat_reader_meta(from);
	const char *path = fixture_scratch();
	struct dat_reader *reader;
	NK_FREE char *events = NULL, *report = NULL;

	finish(create(path, meta), meta);
	reader = fixture_open(path);
	events = fixture_events(reader);
	ck_assert_str_eq(events, "");
	report = fixture_report(path);
	if (report)
		ck_assert_ptr_null(strstr(report, "tcp_connect"));
	dat_reader_close(reader);
	dat_reader_close(from);
	fixture_cleanup();
}
END_TEST

/* A page of whatever CPU has one. */
static const void *any_page(struct page_source *source)
{
	const void *page;

	for (size_t i = 0; i < source->stream_count; i++)
		if (source->ops->next(source, i, &page) == 1)
			return page;
	ck_abort_msg("no page in the recording");
	return NULL;
}

/* As the kernel marks a page before which events were lost: it adds ints to a long. */
START_TEST(lost_events_are_no_damage)
{
	NK_FREE char *original_path = fixture_path("v7", ".dat");
	struct dat_reader *original = fixture_open(original_path);
	const struct dat_meta *meta = dat_reader_meta(original);
	struct dat_writer *writer = create(fixture_scratch(), meta);
	unsigned char page[PAGE];
	struct page_source *source;
	const void *read;
	int64_t commit;

	memcpy(page, any_page(dat_reader_pages(original)), PAGE);
	memcpy(&commit, page + 8, sizeof(commit));
	ck_assert_int_le(commit, PAGE - 24);
	memset(page + 16 + commit, 0, 8);
	page[16 + commit] = 7;
	commit += (int)(1U << 31);
	commit += 1 << 30;
	ck_assert_int_lt(commit, 0);
	memcpy(page + 8, &commit, sizeof(commit));
	ck_assert_int_eq(dat_writer_write_page(writer, 0, 0, page, PAGE), 0);
	finish(writer, meta);

	struct dat_reader *reader = fixture_open(fixture_scratch());

	source = dat_reader_pages(reader);
	ck_assert_int_eq(source->ops->next(source, 0, &read), 1);
	ck_assert_mem_eq(read, page, PAGE);
	source->ops->release(source, 0, read);
	dat_reader_close(reader);
	dat_reader_close(original);
	fixture_cleanup();
}
END_TEST

/* Of a kernel of 32 bits the count is a long of four bytes: it may be the last of the page. */
START_TEST(lost_events_of_32_bits)
{
	static const char header[] = "\tfield: u64 timestamp;\toffset:0;\tsize:8;\tsigned:0;\n"
				     "\tfield: local_t commit;\toffset:8;\tsize:4;\tsigned:1;\n"
				     "\tfield: char data;\toffset:12;\tsize:4084;\tsigned:0;\n";
	NK_FREE char *original_path = fixture_path("v7", ".dat");
	struct dat_reader *original = fixture_open(original_path);
	struct dat_meta meta = *dat_reader_meta(original);
	uint32_t commit = (PAGE - 12 - 4) | 1U << 31 | 1U << 30;
	unsigned char page[PAGE] = { 0 };
	const void *read;

	meta.long_bytes = 4;
	meta.header_page = (char *)header;
	meta.header_page_size = sizeof(header) - 1;
	memcpy(page + 8, &commit, sizeof(commit));
	page[PAGE - 4] = 77;

	struct dat_writer *writer = create(fixture_scratch(), &meta);

	ck_assert_int_eq(dat_writer_write_page(writer, 0, 0, page, PAGE), 0);
	finish(writer, &meta);

	struct dat_reader *reader = fixture_open(fixture_scratch());
	struct page_source *source = dat_reader_pages(reader);

	ck_assert_uint_eq(dat_reader_meta(reader)->long_bytes, 4);
	ck_assert_int_eq(source->ops->next(source, 0, &read), 1);
	ck_assert_mem_eq(read, page, PAGE);
	source->ops->release(source, 0, read);
	dat_reader_close(reader);
	dat_reader_close(original);
	fixture_cleanup();
}
END_TEST

static void swap_header(unsigned char *page)
{
	bytes_put64(page, bytes_get64(page, false), true);
	bytes_put64(page + 8, bytes_get64(page + 8, false), true);
}

START_TEST(other_byte_order)
{
	NK_FREE char *original = fixture_path("v6", ".dat");
	struct dat_reader *from = fixture_open(original);
	struct dat_meta meta = *dat_reader_meta(from);
	const char *path = fixture_scratch();
	struct page_source *source = dat_reader_pages(from);
	unsigned char page[PAGE];
	struct dat_writer *writer;
	struct dat_reader *reader;
	const void *taken;

	meta.is_big_endian = true;
	writer = create(path, &meta);
	taken = any_page(source);
	memcpy(page, taken, PAGE);
	swap_header(page);
	ck_assert_int_eq(dat_writer_write_page(writer, 0, 1, page, PAGE), 0);
	ck_assert_uint_eq(dat_writer_size(writer), PAGE);
	finish(writer, &meta);
	reader = fixture_open(path);
	assert_same_meta(dat_reader_meta(reader), &meta);
	source = dat_reader_pages(reader);
	/* The CPU without pages was left out. */
	ck_assert_uint_eq(source->stream_count, 1);
	ck_assert_int_eq(source->streams[0].cpu, 1);
	ck_assert_int_eq(source->ops->next(source, 0, &taken), 1);
	ck_assert_mem_eq(taken, page, PAGE);
	source->ops->release(source, 0, taken);
	ck_assert_int_eq(source->ops->next(source, 0, &taken), 0);
	dat_reader_close(reader);
	dat_reader_close(from);
	fixture_cleanup();
}
END_TEST

/* A pipe gives pages as trace_pipe_raw does. */
START_TEST(pages_by_splice)
{
	NK_FREE char *original = fixture_path("v6", ".dat");
	struct dat_reader *from = fixture_open(original);
	const struct dat_meta *meta = dat_reader_meta(from);
	struct page_source *source = dat_reader_pages(from);
	const char *path = fixture_scratch();
	struct dat_writer *writer = create(path, meta);
	struct dat_reader *reader;
	const void *page;
	size_t bytes = 1;
	int fds[2];

	page = any_page(source);
	ck_assert_int_eq(pipe2(fds, O_NONBLOCK | O_CLOEXEC), 0);
	ck_assert_int_eq(dat_writer_splice(writer, 0, 1, fds[0], false, &bytes), 0);
	ck_assert_uint_eq(bytes, 0);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(write(fds[1], page, PAGE), PAGE);
	ck_assert_int_eq(dat_writer_splice(writer, 0, 1, fds[0], false, &bytes), 0);
	ck_assert_uint_eq(bytes, 3 * PAGE);
	ck_assert_int_eq(write(fds[1], page, PAGE), PAGE);
	ck_assert_int_eq(dat_writer_splice(writer, 0, 1, fds[0], true, &bytes), 0);
	ck_assert_uint_eq(bytes, PAGE);
	ck_assert_uint_eq(dat_writer_size(writer), 4 * PAGE);
	close(fds[0]);
	close(fds[1]);
	finish(writer, meta);
	reader = fixture_open(path);
	source = dat_reader_pages(reader);
	for (int i = 0; i < 4; i++) {
		const void *read;

		ck_assert_int_eq(source->ops->next(source, 0, &read), 1);
		ck_assert_mem_eq(read, page, PAGE);
	}
	ck_assert_int_eq(source->ops->next(source, 0, &page), 0);
	dat_reader_close(reader);
	dat_reader_close(from);
	fixture_cleanup();
}
END_TEST

/* --compress: what trace-cmd reads, and smaller. */
START_TEST(compressed_at_the_end)
{
	static const int fixtures[] = { 1, 4 };
	NK_FREE char *original = fixture_path(fixture_names[fixtures[_i]], ".dat");
	struct dat_reader *from = fixture_open(original);
	const struct dat_meta *meta = dat_reader_meta(from);
	const struct compression *compression = NULL;
	const char *path = fixture_scratch();
	struct dat_writer *writer = create(path, meta);
	struct stat plain, compressed;

	write_pages(writer, from);
	finish(writer, meta);
	ck_assert_int_eq(stat(path, &plain), 0);
	dat_reader_close(from);
	from = fixture_open(original);
	meta = dat_reader_meta(from);
	writer = create(path, meta);
	write_pages(writer, from);
	if (compression_find("zstd", &compression) == 0) {
		dat_writer_compress(writer, compression);
		finish(writer, meta);
		ck_assert_int_eq(stat(path, &compressed), 0);
		ck_assert_int_lt(compressed.st_size, plain.st_size);
	} else {
		finish(writer, meta);
	}
	assert_same_recording(path, fixtures[_i], meta);
	dat_reader_close(from);
	fixture_cleanup();
}
END_TEST

/* --size and --rotate: not a page more, and then anew; _i: where no holes can be made, too. */
START_TEST(full_and_anew)
{
	NK_FREE char *original = fixture_path("v7", ".dat");
	struct dat_reader *from = fixture_open(original);
	const struct dat_meta *meta = dat_reader_meta(from);
	struct page_source *source = dat_reader_pages(from);
	const void *page = any_page(source), *read;
	struct dat_writer *writer = create(fixture_scratch(), meta);
	struct dat_reader *reader;
	struct stat full, cleared;
	size_t bytes;
	int fds[2], empty[2];

	makes_no_holes = _i;
	dat_writer_limit(writer, 2 * PAGE);
	ck_assert_int_eq(pipe2(empty, O_NONBLOCK | O_CLOEXEC), 0);
	ck_assert_int_eq(pipe2(fds, O_NONBLOCK | O_CLOEXEC), 0);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(write(fds[1], page, PAGE), PAGE);
	ck_assert_int_eq(dat_writer_splice(writer, 0, 1, fds[0], true, &bytes), 0);
	ck_assert_uint_eq(bytes, 2 * PAGE);
	ck_assert(dat_writer_is_full(writer));
	ck_assert_int_eq(dat_writer_splice(writer, 0, 0, fds[0], false, &bytes), 0);
	ck_assert_uint_eq(bytes, 0);
	ck_assert_int_eq(stat(fixture_scratch(), &full), 0);
	dat_writer_renew(writer);
	ck_assert(!dat_writer_is_full(writer));
	/* What is there goes for a page that comes, and for nothing else. */
	ck_assert_int_eq(dat_writer_splice(writer, 0, 0, empty[0], true, &bytes), 0);
	ck_assert_uint_eq(dat_writer_size(writer), 2 * PAGE);
	ck_assert_int_eq(dat_writer_splice(writer, 0, 1, fds[0], false, &bytes), 0);
	ck_assert_uint_eq(bytes, PAGE);
	ck_assert_uint_eq(dat_writer_size(writer), PAGE);
	ck_assert_int_eq(stat(fixture_scratch(), &cleared), 0);
	if (!makes_no_holes)
		ck_assert_int_lt(cleared.st_blocks, full.st_blocks);
	/* As after a kill: what was there is in no size any more. */
	ck_assert_uint_eq(fixture_count_pages(fixture_scratch()), 1);
	close(empty[0]);
	close(empty[1]);
	close(fds[0]);
	close(fds[1]);
	finish(writer, meta);
	reader = fixture_open(fixture_scratch());
	source = dat_reader_pages(reader);
	ck_assert_int_eq(source->ops->next(source, 0, &read), 1);
	ck_assert_mem_eq(read, page, PAGE);
	ck_assert_int_eq(source->ops->next(source, 0, &read), 0);
	dat_reader_close(reader);
	dat_reader_close(from);
	fixture_cleanup();
}
END_TEST

/* The page of a stream that has that number; its time tells which it is. */
static void number_page(unsigned char *page, size_t stream, uint64_t number)
{
	bytes_put64(page, 1 + number * 2 + stream, false);
}

static void write_until_killed(const char *path, const struct dat_meta *meta,
			       const unsigned char *template, int ready)
{
	unsigned char page[PAGE];
	struct dat_writer *writer = create(path, meta);

	memcpy(page, template, PAGE);
	if (write(ready, "", 1) != 1)
		_exit(1);
	for (uint64_t number = 0;; number++) {
		for (size_t stream = 0; stream < 2; stream++) {
			number_page(page, stream, number);
			if (dat_writer_write_page(writer, 0, stream, page, PAGE) < 0)
				_exit(1);
		}
		/* Not for ever on a machine where the kill comes late. */
		if (number == 20000)
			pause();
	}
}

static uint64_t assert_numbered(struct page_source *source, size_t stream)
{
	uint64_t number = 0;
	const void *page;

	while (source->ops->next(source, stream, &page) == 1) {
		unsigned char expected[8];

		number_page(expected, stream, number++);
		ck_assert_mem_eq(page, expected, 8);
		source->ops->release(source, stream, page);
	}
	return number;
}

static void kill_one(const char *path, const struct dat_meta *meta, const unsigned char *template,
		     unsigned int after_us)
{
	int fds[2], status;
	char byte;
	pid_t child;

	ck_assert_int_eq(pipe(fds), 0);
	child = fork();
	ck_assert_int_ge(child, 0);
	if (!child)
		write_until_killed(path, meta, template, fds[1]);
	close(fds[1]);
	ck_assert_int_eq(read(fds[0], &byte, 1), 1);
	close(fds[0]);
	usleep(after_us);
	ck_assert_int_eq(kill(child, SIGKILL), 0);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

/* What was taken out of a ring buffer is nowhere else: as much of it as the file has room for
 * stays. */
START_TEST(as_far_as_there_is_room)
{
	NK_FREE char *original = fixture_path("v6", ".dat");
	struct dat_reader *from = fixture_open(original);
	const struct dat_meta *meta = dat_reader_meta(from);
	const void *page = any_page(dat_reader_pages(from)), *read;
	struct dat_writer *writer = create(fixture_scratch(), meta);
	struct page_source *source;
	struct rlimit old, limit;
	struct dat_reader *reader;
	struct stat status;
	size_t bytes;
	int fds[2];

	ck_assert_int_eq(pipe2(fds, O_NONBLOCK | O_CLOEXEC), 0);
	ck_assert_int_eq(dat_writer_write_page(writer, 0, 1, page, PAGE), 0);
	ck_assert_int_eq(stat(fixture_scratch(), &status), 0);
	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(write(fds[1], page, PAGE), PAGE);
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &old);
	limit = (struct rlimit){ (rlim_t)status.st_size + 2 * PAGE + PAGE / 2, old.rlim_max };
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	ck_assert_int_eq(dat_writer_splice(writer, 0, 1, fds[0], true, &bytes), -EFBIG);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &old), 0);
	/* What would follow would not be in step. */
	ck_assert_int_eq(dat_writer_splice(writer, 0, 1, fds[0], true, &bytes), -EFBIG);
	ck_assert_uint_eq(dat_writer_size(writer), 3 * PAGE);
	finish(writer, meta);
	reader = fixture_open(fixture_scratch());
	source = dat_reader_pages(reader);
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(source->ops->next(source, 0, &read), 1);
		ck_assert_mem_eq(read, page, PAGE);
	}
	ck_assert_int_eq(source->ops->next(source, 0, &read), 0);
	close(fds[0]);
	close(fds[1]);
	dat_reader_close(reader);
	dat_reader_close(from);
	fixture_cleanup();
}
END_TEST

/* A ring buffer that is filled as fast as it is emptied does not hold up who has others to empty.
 */
START_TEST(no_more_than_some)
{
	NK_FREE char *original = fixture_path("v6", ".dat");
	struct dat_reader *from = fixture_open(original);
	struct dat_writer *writer = create(fixture_scratch(), dat_reader_meta(from));
	struct rlimit old, limit;
	struct stat status;
	int fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	size_t bytes = 0;

	ck_assert_int_eq(dat_writer_splice(writer, 0, 1, fd, false, &bytes), 0);
	ck_assert_uint_ge(bytes, PAGE);
	ck_assert_int_eq(stat(fixture_scratch(), &status), 0);
	/* So that a failure is one of this test, and not of the disk. */
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &old);
	limit = (struct rlimit){ (rlim_t)status.st_size + 64 * MIB, old.rlim_max };
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	ck_assert_int_eq(dat_writer_splice(writer, 0, 1, fd, true, &bytes), 0);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &old), 0);
	ck_assert_uint_ge(bytes, PAGE);
	ck_assert_uint_lt(bytes, 16 * MIB);
	close(fd);
	dat_writer_remove(writer);
	dat_reader_close(from);
	fixture_cleanup();
}
END_TEST

START_TEST(killed_while_writing)
{
	NK_FREE char *original = fixture_path("v6", ".dat");
	struct dat_reader *from = fixture_open(original);
	struct page_source *source = dat_reader_pages(from);
	const char *path = fixture_scratch();
	uint32_t random = (uint32_t)getpid();
	uint64_t pages = 0;
	const void *template;

	template = any_page(source);
	for (int round = 0; round < 30; round++) {
		struct dat_reader *reader;
		uint64_t first, second;
		NK_FREE char *report = NULL;

		random = random * 1664525 + 1013904223;
		kill_one(path, dat_reader_meta(from), template, (random >> 8) % 20000);
		reader = fixture_open(path);
		first = assert_numbered(dat_reader_pages(reader), 0);
		second = assert_numbered(dat_reader_pages(reader), 1);
		ck_assert(first == second || first == second + 1);
		pages += first;
		dat_reader_close(reader);
		if (round % 10 == 0 && first < 2000)
			report = fixture_report(path);
		if (report) {
			ck_assert(!first || strstr(report, "tcp_connect"));
			ck_assert_ptr_null(strstr(report, "truncated"));
			ck_assert_ptr_null(strstr(report, "UNKNOWN"));
		}
	}
	ck_assert_uint_gt(pages, 0);
	dat_reader_close(from);
	fixture_cleanup();
}
END_TEST

/* The process that finishes need not be the one that wrote. */
START_TEST(finished_by_another_process)
{
	NK_FREE char *original = fixture_path("v6", ".dat");
	struct dat_reader *from = fixture_open(original);
	const struct dat_meta *meta = dat_reader_meta(from);
	struct page_source *source = dat_reader_pages(from);
	const char *path = fixture_scratch();
	struct dat_writer *writer = create(path, meta);
	struct dat_reader *reader;
	const void *page;
	int status;
	pid_t child;

	page = any_page(source);
	child = fork();
	if (!child)
		_exit(dat_writer_write_page(writer, 0, 1, page, PAGE) != 0);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
	ck_assert_uint_eq(dat_writer_size(writer), PAGE);
	finish(writer, meta);
	reader = fixture_open(path);
	source = dat_reader_pages(reader);
	ck_assert_int_eq(source->ops->next(source, 0, &page), 1);
	dat_reader_close(reader);
	dat_reader_close(from);
	fixture_cleanup();
}
END_TEST

static void refuse_in_child(const char *path, const struct dat_meta *meta)
{
	struct dat_writer *writer = NULL;
	struct diags diags = { 0 };
	int status;
	pid_t child = fork();

	if (!child) {
		int ret = dat_writer_create(path, meta, &writer, &diags);

		_exit(ret != -EBUSY || diags.count != 1 ||
		      !strstr(diags.items[0].text, "is being written to it"));
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
}

/* One name, two recordings: the second is refused until the first is done. */
START_TEST(one_at_a_time)
{
	NK_FREE char *original = fixture_path("v6", ".dat");
	struct dat_reader *from = fixture_open(original);
	const struct dat_meta *meta = dat_reader_meta(from);
	struct dat_writer *writer;

	if (_i)
		fixture_write(fixture_scratch(), "older", 5);
	writer = create(fixture_scratch(), meta);
	write_pages(writer, from);
	refuse_in_child(fixture_scratch(), meta);
	finish(writer, meta);
	assert_same_recording(fixture_scratch(), 0, meta);
	dat_writer_remove(create(fixture_scratch(), meta));
	ck_assert_int_eq(access(fixture_scratch(), F_OK), -1);
	dat_reader_close(from);
	fixture_cleanup();
}
END_TEST

/* Another file took the name: it stays, and the recording is beside it. */
START_TEST(replaced_by_others)
{
	NK_FREE char *original = fixture_path("v6", ".dat");
	NK_FREE char *dir =
		xstrndup(fixture_scratch(), strlen(fixture_scratch()) - strlen("scratch.dat"));
	NK_FREE char *other = xasprintf("%sother", dir);
	NK_FREE char *beside = xasprintf("%sscratch.2.dat", dir);
	NK_FREE char *taken = xasprintf("%sscratch.1.dat", dir);
	struct dat_reader *from = fixture_open(original);
	const struct dat_meta *meta = dat_reader_meta(from);
	struct dat_writer *writer = create(fixture_scratch(), meta);
	struct diags diags = { 0 };
	size_t length;

	write_pages(writer, from);
	fixture_write(other, "other", 5);
	fixture_write(taken, "taken", 5);
	ck_assert_int_eq(rename(other, fixture_scratch()), 0);
	if (_i) {
		dat_writer_remove(writer);
	} else {
		ck_assert_int_eq(dat_writer_finish(writer, meta, &diags), -ESTALE);
		ck_assert_uint_eq(diags.count, 1);
		ck_assert_ptr_nonnull(strstr(diags.items[0].text, beside));
		assert_same_recording(beside, 0, meta);
		unlink(beside);
	}
	NK_FREE char *now = fixture_read(fixture_scratch(), &length);
	ck_assert_str_eq(now, "other");
	NK_FREE char *still = fixture_read(taken, &length);
	ck_assert_str_eq(still, "taken");
	unlink(taken);
	diags_clear(&diags);
	dat_reader_close(from);
	fixture_cleanup();
}
END_TEST

/* Nobody has the name any more: the recording has it again. */
START_TEST(removed_by_others)
{
	NK_FREE char *original = fixture_path("v6", ".dat");
	struct dat_reader *from = fixture_open(original);
	const struct dat_meta *meta = dat_reader_meta(from);
	struct dat_writer *writer = create(fixture_scratch(), meta);

	write_pages(writer, from);
	ck_assert_int_eq(unlink(fixture_scratch()), 0);
	finish(writer, meta);
	assert_same_recording(fixture_scratch(), 0, meta);
	dat_reader_close(from);
	fixture_cleanup();
}
END_TEST

/* What had the name has it again where nothing comes of the recording. */
START_TEST(older_file_comes_back)
{
	NK_FREE char *original = fixture_path("v6", ".dat");
	struct dat_reader *from = fixture_open(original);
	const struct dat_meta *meta = dat_reader_meta(from);
	struct dat_writer *writer = NULL;
	struct diags diags = { 0 };
	size_t length;

	exchanges_no_names = _i & 2;
	fixture_write(fixture_scratch(), "older", 5);
	ck_assert_int_eq(dat_writer_prepare(fixture_scratch(), meta, &writer, &diags), 0);
	ck_assert_int_eq(dat_writer_take_name(writer, &diags), 0);
	dat_reader_close(fixture_open(fixture_scratch()));
	if (_i & 1) {
		dat_writer_settle(writer, &diags);
		dat_writer_remove(writer);
		ck_assert_int_eq(access(fixture_scratch(), F_OK), -1);
	} else {
		dat_writer_remove(writer);
		NK_FREE char *now = fixture_read(fixture_scratch(), &length);
		ck_assert_str_eq(now, "older");
	}
	ck_assert_uint_eq(diags.count, 0);
	dat_reader_close(from);
	fixture_cleanup();
}
END_TEST

/* As whoever truncates the file, or writes over it; and for two processes, as it is recorded. */
static void assert_spoilt(void (*spoil)(const char *path))
{
	NK_FREE char *original = fixture_path("v6", ".dat");
	struct dat_reader *from = fixture_open(original);
	const struct dat_meta *meta = dat_reader_meta(from);
	const void *page = any_page(dat_reader_pages(from));
	struct dat_writer *writer = create(fixture_scratch(), meta);
	struct diags diags = { 0 };
	size_t length;
	int status;
	pid_t child;

	ck_assert_int_eq(dat_writer_write_page(writer, 0, 1, page, PAGE), 0);
	spoil(fixture_scratch());
	NK_FREE char *spoilt = fixture_read(fixture_scratch(), &length);
	child = fork();
	if (!child) {
		bool refused = dat_writer_write_page(writer, 0, 1, page, PAGE) == -ESTALE &&
			       dat_writer_write_page(writer, 0, 0, page, PAGE) == -ESTALE;

		_exit(!refused);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
	ck_assert_int_eq(dat_writer_finish(writer, meta, &diags), -ESTALE);
	ck_assert_uint_eq(diags.count, 1);
	ck_assert_ptr_nonnull(strstr(diags.items[0].text, "was truncated or overwritten"));
	diags_clear(&diags);
	/* Nothing was written to what is somebody else's now. */
	size_t length_now;
	NK_FREE char *now = fixture_read(fixture_scratch(), &length_now);
	ck_assert_uint_eq(length_now, length);
	ck_assert_mem_eq(now, spoilt, length);
	dat_reader_close(from);
	fixture_cleanup();
}

static void make_empty(const char *path)
{
	ck_assert_int_eq(truncate(path, 0), 0);
}

static void cut_a_page(const char *path)
{
	ck_assert_int_eq(truncate(path, 65536), 0);
}

static void write_another(const char *path)
{
	fixture_write(path, "another file's contents", 23);
}

START_TEST(spoilt_by_others)
{
	void (*const ways[])(const char *path) = { make_empty, cut_a_page, write_another };

	assert_spoilt(ways[_i]);
}
END_TEST

static void assert_not_created(const char *path, int err)
{
	NK_FREE char *original = fixture_path("v7", ".dat");
	struct dat_reader *from = fixture_open(original);
	struct dat_writer *writer = NULL;
	struct diags diags = { 0 };

	ck_assert_int_eq(dat_writer_create(path, dat_reader_meta(from), &writer, &diags), -err);
	ck_assert_ptr_null(writer);
	ck_assert_uint_eq(diags.count, 1);
	diags_clear(&diags);
	dat_reader_close(from);
}

START_TEST(only_regular_files_are_replaced)
{
	const char *path = fixture_scratch();
	struct stat status;

	assert_not_created("/dev/null", EEXIST);
	assert_not_created("/", EISDIR);
	assert_not_created("/nonexistent/trace.dat", ENOENT);
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	assert_not_created(path, EEXIST);
	ck_assert_int_eq(lstat(path, &status), 0);
	ck_assert(S_ISFIFO(status.st_mode));
	unlink(path);
	ck_assert_int_eq(symlink("/nonexistent", path), 0);
	assert_not_created(path, EEXIST);
	unlink(path);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	assert_not_created(path, EISDIR);
	rmdir(path);
	/* Nothing was left beside it. */
	fixture_cleanup();
}
END_TEST

START_TEST(older_file_goes_at_the_rename)
{
	NK_FREE char *original = fixture_path("v7", ".dat");
	struct dat_reader *from = fixture_open(original);
	const char *path = fixture_scratch();
	struct dat_reader *older, *newer;

	fixture_write(path, "older", 5);
	chmod(path, 0444);
	struct dat_writer *writer = create(path, dat_reader_meta(from));
	newer = fixture_open(path);
	dat_writer_abandon(writer);
	older = fixture_open(path);
	dat_reader_close(older);
	dat_reader_close(newer);
	dat_reader_close(from);
	fixture_cleanup();
}
END_TEST

/* A limit on file sizes is like a file system without large files: smaller regions, then none. */
START_TEST(limit_on_file_sizes)
{
	NK_FREE char *original = fixture_path("v7", ".dat");
	struct dat_reader *from = fixture_open(original);
	const char *path = fixture_scratch();
	struct rlimit limit = { 1 << 30, 1 << 30 };
	struct stat status;

	signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	struct dat_writer *writer = create(path, dat_reader_meta(from));
	write_pages(writer, from);
	ck_assert_int_eq(stat(path, &status), 0);
	ck_assert_int_le(status.st_size, 1 << 30);
	dat_writer_abandon(writer);
	limit.rlim_cur = limit.rlim_max = 1 << 20;
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	assert_not_created(path, EFBIG);
	dat_reader_close(fixture_open(path));
	dat_reader_close(from);
	fixture_cleanup();
}
END_TEST

/* What a file has no room for stays where it is, and what is in the file is good. */
START_TEST(room_of_a_cpu)
{
	NK_FREE char *original = fixture_path("v7", ".dat");
	struct dat_reader *from = fixture_open(original);
	const struct dat_meta *meta = dat_reader_meta(from);
	const void *page = any_page(dat_reader_pages(from));
	/* Two CPUs: regions are powers of two in it, and the least is 16 MiB. */
	struct rlimit limit = { 64 << 20, 64 << 20 };
	size_t bytes = 1, count = 0, left = 0;
	struct diags diags = { 0 };
	unsigned char rest[PAGE];
	int fds[2];

	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	struct dat_writer *writer = create(fixture_scratch(), meta);
	for (; count < (16 << 20) / PAGE - 1; count++)
		ck_assert_int_eq(dat_writer_write_page(writer, 0, 1, page, PAGE), 0);
	ck_assert_int_eq(pipe2(fds, O_NONBLOCK | O_CLOEXEC), 0);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(write(fds[1], page, PAGE), PAGE);
	ck_assert_int_eq(dat_writer_splice(writer, 0, 1, fds[0], true, &bytes), -EFBIG);
	ck_assert_uint_eq(bytes, PAGE);
	ck_assert_int_eq(dat_writer_splice(writer, 0, 1, fds[0], true, &bytes), -EFBIG);
	ck_assert_uint_eq(bytes, 0);
	ck_assert_int_eq(dat_writer_write_page(writer, 0, 1, page, PAGE), -EFBIG);
	ck_assert_int_eq(dat_writer_write_page(writer, 0, 0, page, PAGE), 0);
	while (read(fds[0], rest, PAGE) == PAGE)
		left++;
	ck_assert_uint_eq(left, 2);
	ck_assert_int_eq(dat_writer_say("x.dat", -EFBIG, &diags), -EFBIG);
	ck_assert_ptr_nonnull(strstr(diags.items[0].text, "no more room for the events of one"));
	diags_clear(&diags);
	finish(writer, meta);

	struct dat_reader *reader = fixture_open(fixture_scratch());
	struct page_source *source = dat_reader_pages(reader);
	for (size_t i = 0; i < 2; i++) {
		const void *read;
		size_t pages = 0;

		for (; source->ops->next(source, i, &read) == 1; pages++)
			source->ops->release(source, i, read);
		ck_assert_uint_eq(pages, source->streams[i].cpu == meta->buffers[0].cpus[1]
						 ? (16 << 20) / PAGE
						 : 1);
	}
	close(fds[0]);
	close(fds[1]);
	dat_reader_close(reader);
	dat_reader_close(from);
	fixture_cleanup();
}
END_TEST

/* No other file can be made beside it. */
static int finish_without_room(struct dat_writer *writer, const struct dat_meta *meta,
			       struct diags *diags)
{
	struct rlimit limit, before;
	int ret;

	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
	limit = (struct rlimit){ 0, before.rlim_max };
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	ret = dat_writer_finish(writer, meta, diags);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
	ck_assert_uint_eq(diags->count, 1);
	ck_assert_int_eq(diags->items[0].level, DIAG_WARNING);
	return ret;
}

START_TEST(no_room_to_make_it_compact)
{
	NK_FREE char *original = fixture_path("v7", ".dat");
	struct dat_reader *from = fixture_open(original);
	struct dat_meta meta = *dat_reader_meta(from);
	const char *path = fixture_scratch();
	struct dat_writer *writer;
	struct diags diags = { 0 };

	add_own(&meta);
	meta.saved_cmdlines = "1 init\n";
	meta.cpu_stats_count = 0;
	writer = create(path, &meta);
	write_pages(writer, from);
	free_own(&meta);
	meta = *dat_reader_meta(from);
	add_own(&meta);
	meta.summary = xstrdup("lost 3\n");
	ck_assert_int_eq(finish_without_room(writer, &meta, &diags), 0);
	diags_clear(&diags);
	/* Sparse, and still all that is known at the end is in it. */
	assert_same_recording(path, 1, &meta);
	free_own(&meta);
	dat_reader_close(from);
	fixture_cleanup();
}
END_TEST

/* As of thousands of tasks: 70 KB of lines. */
static char *many_lines(void)
{
	struct text text = { 0 };

	for (int i = 0; text.length < 70000; i++)
		text_addf(&text, "%d a-task\n", i);
	return (char *)text.data;
}

/* More than there is room for in the sparse file: what matters most is kept. */
START_TEST(little_room_at_the_end)
{
	static const char *const words[] = { "sparse and without the names of tasks:",
					     "sparse and without names of tasks and statistics",
					     "sparse and without its summary:" };
	NK_FREE char *original = fixture_path("v7", ".dat");
	NK_FREE char *lines = many_lines();
	struct dat_reader *from = fixture_open(original);
	struct dat_meta meta = *dat_reader_meta(from), least;
	struct diags diags = { 0 };

	add_own(&meta);
	meta.saved_cmdlines = "";
	meta.cpu_stats_count = 0;
	least = meta;

	struct dat_writer *writer = create(fixture_scratch(), &meta);
	write_pages(writer, from);
	meta.saved_cmdlines = lines;
	meta.cpu_stats_count = least.cpu_stats_count = dat_reader_meta(from)->cpu_stats_count;
	ck_assert_uint_gt(meta.cpu_stats_count, 0);
	if (_i == 1) {
		meta.cpu_stats = &lines;
		meta.cpu_stats_count = 1;
		least.cpu_stats_count = 0;
	}
	meta.summary = _i == 2 ? many_lines() : xstrdup("lost 3\n");
	ck_assert_int_eq(finish_without_room(writer, &meta, &diags), _i == 2);
	ck_assert_msg(strstr(diags.items[0].text, words[_i]) != NULL, "%s", diags.items[0].text);
	diags_clear(&diags);
	if (_i == 2)
		least.cpu_stats_count = 0;
	else
		least.summary = meta.summary;

	struct dat_reader *reader = fixture_open(fixture_scratch());
	struct dat_reader *again = fixture_open(original);
	NK_FREE char *expected = fixture_events(again);
	NK_FREE char *events = fixture_events(reader);
	ck_assert_str_eq(events, expected);
	assert_same_meta(dat_reader_meta(reader), &least);
	dat_reader_close(again);
	dat_reader_close(reader);
	free_own(&meta);
	dat_reader_close(from);
	fixture_cleanup();
}
END_TEST

#if defined(HAVE_ZLIB) || defined(HAVE_ZSTD)
struct algorithm {
	const char *name;
	size_t (*compress)(void *to, size_t room, const void *from, size_t length);
};

#ifdef HAVE_ZLIB
static size_t by_zlib(void *to, size_t room, const void *from, size_t length)
{
	uLongf made = room;

	ck_assert_int_eq(compress(to, &made, from, length), Z_OK);
	return made;
}
#endif

#ifdef HAVE_ZSTD
static size_t by_zstd(void *to, size_t room, const void *from, size_t length)
{
	size_t made = ZSTD_compress(to, room, from, length, 3);

	ck_assert(!ZSTD_isError(made));
	return made;
}
#endif

static const struct algorithm algorithms[] = {
#ifdef HAVE_ZLIB
	{ "zlib", by_zlib },
#endif
#ifdef HAVE_ZSTD
	{ "zstd", by_zstd },
#endif
};

#define ALGORITHM_COUNT ((int)(sizeof(algorithms) / sizeof(algorithms[0])))

static void add32(struct text *file, uint32_t value)
{
	text_add_bytes(file, &value, 4);
}

static void add_compressed(struct text *file, const struct algorithm *algorithm, const void *bytes,
			   size_t length)
{
	NK_FREE unsigned char *made = xmalloc(length + 1024);
	size_t size = algorithm->compress(made, length + 1024, bytes, length);

	add32(file, (uint32_t)size);
	add32(file, (uint32_t)length);
	text_add_bytes(file, made, size);
}

/* All pages of a stream in chunks of two. */
static void add_stream(struct text *file, const struct algorithm *algorithm,
		       struct page_source *source, size_t stream)
{
	struct text pages = { 0 };
	const void *page;

	while (source->ops->next(source, stream, &page) == 1)
		text_add_bytes(&pages, page, PAGE);
	add32(file, (uint32_t)((pages.length + 2 * PAGE - 1) / (2 * PAGE)));
	for (size_t at = 0; at < pages.length; at += 2 * PAGE)
		add_compressed(file, algorithm, pages.data + at,
			       pages.length - at < 2 * PAGE ? pages.length - at : 2 * PAGE);
	text_clear(&pages);
}

/* trace-cmd of Debian 12 has no zlib: its files are made from the bytes of a plain one. */
START_TEST(compressed_pages)
{
	const struct algorithm *algorithm = &algorithms[_i];
	NK_FREE char *original = fixture_path("v6", ".dat");
	struct dat_reader *from = fixture_open(original);
	const struct dat_meta *meta = dat_reader_meta(from);
	struct page_source *source = dat_reader_pages(from);
	const char *path = fixture_scratch();
	unsigned char header[DAT_SECTION_HEADER_BYTES];
	struct dat_image image;
	struct text file = { 0 };

	dat_image_build(meta, 0, &image);
	memcpy(memmem(image.bytes.data, 64, "none", 5), algorithm->name, 5);
	dat_image_lay_out(&image, meta, (uint64_t[2]){ 0 }, 1);
	dat_image_section_header(&image, 0, header);
	header[2] = DAT_SECTION_COMPRESSED;
	text_add_bytes(&file, image.bytes.data, image.bytes.length);
	text_add_bytes(&file, header, sizeof(header));
	for (size_t i = 0; i < 2; i++) {
		uint64_t at = file.length;

		add_stream(&file, algorithm, source, i);
		bytes_put64(file.data + image.place_at[i], at, false);
		bytes_put64(file.data + image.place_at[i] + 8, file.length - at, false);
	}
	fixture_write(path, file.data, file.length);
	text_clear(&file);
	dat_image_clear(&image);
	dat_reader_close(from);
	from = fixture_open(original);
	struct dat_reader *reader = fixture_open(path);
	NK_FREE char *expected = fixture_events(from);
	NK_FREE char *events = fixture_events(reader);
	ck_assert_str_eq(events, expected);
	dat_reader_close(reader);
	dat_reader_close(from);
	fixture_cleanup();
}
END_TEST
#endif

static Suite *writer_suite(void)
{
	Suite *suite = suite_create("datfile/writer");
	TCase *tests = tcase_create("writer");

	tcase_set_timeout(tests, 120);
	tcase_add_loop_test(tests, what_is_written_is_read, 0, FIXTURE_COUNT);
	tcase_add_loop_test(tests, what_nk_adds, 0, 3);
	tcase_add_loop_test(tests, converted_by_trace_cmd, 0, 2);
	tcase_add_test(tests, boot_clock_is_in_seconds);
	tcase_add_test(tests, no_events_at_all);
	tcase_add_test(tests, lost_events_are_no_damage);
	tcase_add_test(tests, lost_events_of_32_bits);
	tcase_add_test(tests, other_byte_order);
	tcase_add_test(tests, pages_by_splice);
	tcase_add_loop_test(tests, compressed_at_the_end, 0, 2);
	tcase_add_loop_test(tests, full_and_anew, 0, 2);
	tcase_add_test(tests, as_far_as_there_is_room);
	tcase_add_test(tests, no_more_than_some);
	tcase_add_test(tests, killed_while_writing);
	tcase_add_test(tests, finished_by_another_process);
	tcase_add_loop_test(tests, spoilt_by_others, 0, 3);
	tcase_add_loop_test(tests, one_at_a_time, 0, 2);
	tcase_add_loop_test(tests, replaced_by_others, 0, 2);
	tcase_add_test(tests, removed_by_others);
	tcase_add_loop_test(tests, older_file_comes_back, 0, 4);
	tcase_add_test(tests, only_regular_files_are_replaced);
	tcase_add_test(tests, older_file_goes_at_the_rename);
	tcase_add_test(tests, limit_on_file_sizes);
	tcase_add_test(tests, room_of_a_cpu);
	tcase_add_test(tests, no_room_to_make_it_compact);
	tcase_add_loop_test(tests, little_room_at_the_end, 0, 3);
#if defined(HAVE_ZLIB) || defined(HAVE_ZSTD)
	tcase_add_loop_test(tests, compressed_pages, 0, ALGORITHM_COUNT);
#endif
	suite_add_tcase(suite, tests);
	return suite;
}

int main(void)
{
	SRunner *runner = srunner_create(writer_suite());
	int failed;

	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
