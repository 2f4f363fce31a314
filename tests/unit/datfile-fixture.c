/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * See datfile-fixture.h. Events are read with kbuffer, not with nk's own decoder.
 */
#include "datfile-fixture.h"

#include <check.h>
#include <errno.h>
#include <event-parse.h>
#include <fcntl.h>
#include <kbuffer.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/file.h"

const char *const fixture_names[FIXTURE_COUNT] = { "v6", "v7", "v7-zstd", "v6-instances",
						   "v7-instances" };

static char scratch_dir[64];
static char scratch_path[128];

char *fixture_path(const char *name, const char *suffix)
{
	return xasprintf("%s/unit/data/datfile/%s%s", TESTDIR, name, suffix);
}

struct dat_reader *fixture_open(const char *path)
{
	struct diags diags = { 0 };
	const char *incomplete = NULL;
	struct dat_reader *reader = NULL;
	int ret = dat_reader_open(path, &reader, &incomplete, &diags);

	ck_assert_msg(!ret, "%s: %s", path, diags.count ? diags.items[0].text : strerror(-ret));
	ck_assert_msg(!incomplete, "%s: %s", path, incomplete);
	return reader;
}

size_t fixture_count_pages(const char *path)
{
	struct dat_reader *reader = fixture_open(path);
	struct page_source *source = dat_reader_pages(reader);
	size_t count = 0;
	const void *page;

	for (size_t i = 0; i < source->stream_count; i++)
		for (; source->ops->next(source, i, &page) == 1; count++)
			source->ops->release(source, i, page);
	dat_reader_close(reader);
	return count;
}

const char *fixture_scratch(void)
{
	const char *dir = getenv("TMPDIR");

	if (!scratch_dir[0]) {
		snprintf(scratch_dir, sizeof(scratch_dir), "%.40s/nk-unit.XXXXXX",
			 dir ? dir : "/tmp");
		ck_assert_ptr_nonnull(mkdtemp(scratch_dir));
		snprintf(scratch_path, sizeof(scratch_path), "%s/scratch.dat", scratch_dir);
	}
	return scratch_path;
}

void fixture_cleanup(void)
{
	if (!scratch_dir[0])
		return;
	unlink(scratch_path);
	ck_assert_msg(!rmdir(scratch_dir), "%s is not empty: something else was left in it",
		      scratch_dir);
	scratch_dir[0] = '\0';
}

void fixture_write(const char *path, const void *bytes, size_t length)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(file_write_all(fd, bytes, length), 0);
	close(fd);
}

char *fixture_read(const char *path, size_t *length)
{
	char *text = NULL;

	ck_assert_int_eq(file_read(AT_FDCWD, path, &text, length), 0);
	return text;
}

struct line {
	unsigned long long ts;
	char *text;
};

struct lines {
	struct line *items;
	size_t count;
};

static int by_time(const void *left, const void *right)
{
	const struct line *a = left, *b = right;

	return a->ts < b->ts ? -1 : a->ts > b->ts;
}

static void add_page(struct lines *lines, struct kbuffer *kbuffer, struct tep_handle *tep, int cpu,
		     const void *page)
{
	unsigned long long ts;
	void *data;

	ck_assert_int_eq(kbuffer_load_subbuffer(kbuffer, (void *)page), 0);
	for (data = kbuffer_read_event(kbuffer, &ts); data;
	     data = kbuffer_next_event(kbuffer, &ts)) {
		struct tep_event *event = tep_find_event(tep, *(uint16_t *)data);
		struct line *line = array_add(&lines->items, &lines->count);

		line->ts = ts;
		line->text = xasprintf("%d [%03d] %llu.%06llu: %s\n", ((int *)data)[1], cpu,
				       (ts + 500) / 1000000000, (ts + 500) % 1000000000 / 1000,
				       event ? event->name : "?");
	}
}

static char *sorted(struct lines *lines)
{
	struct text text = { 0 };

	if (lines->count)
		qsort(lines->items, lines->count, sizeof(*lines->items), by_time);
	for (size_t i = 0; i < lines->count; i++) {
		text_add(&text, lines->items[i].text);
		free(lines->items[i].text);
	}
	free(lines->items);
	return text_steal(&text);
}

char *fixture_events(struct dat_reader *reader)
{
	const struct dat_meta *meta = dat_reader_meta(reader);
	struct page_source *source = dat_reader_pages(reader);
	struct kbuffer *kbuffer = kbuffer_alloc(KBUFFER_LSIZE_8, KBUFFER_ENDIAN_LITTLE);
	struct tep_handle *tep = tep_alloc();
	struct lines lines = { 0 };
	const void *page;
	int ret = 0;

	for (size_t i = 0; i < meta->event_count; i++)
		tep_parse_event(tep, meta->events[i].text, meta->events[i].length,
				meta->events[i].system);
	for (size_t i = 0; i < source->stream_count; i++) {
		while ((ret = source->ops->next(source, i, &page)) == 1) {
			add_page(&lines, kbuffer, tep, source->streams[i].cpu, page);
			source->ops->release(source, i, page);
		}
		ck_assert_int_eq(ret, 0);
	}
	kbuffer_free(kbuffer);
	tep_free(tep);
	return sorted(&lines);
}

/* "    nc-145   [001]    17.679699: tcp_connect:   ..." with "packets: " or blanks before it */
char *fixture_report_events(const char *report)
{
	NK_FREE char *copy = xstrdup(report);
	struct lines lines = { 0 };
	char *rest = copy;
	char *line;

	while ((line = text_next_line(&rest))) {
		const char *cpu = strstr(line, " [");
		const char *pid = cpu;
		unsigned long long seconds, micros;
		char name[64];
		int number;
		struct line *added;

		if (!cpu ||
		    sscanf(cpu, " [%d] %llu.%llu: %63[^:]", &number, &seconds, &micros, name) != 4)
			continue;
		while (pid > line && *pid == ' ')
			pid--;
		while (pid > line && pid[-1] != '-')
			pid--;
		added = array_add(&lines.items, &lines.count);
		added->ts = seconds * 1000000 + micros;
		added->text = xasprintf("%d [%03d] %llu.%06llu: %s\n", atoi(pid), number, seconds,
					micros, name);
	}
	return sorted(&lines);
}

char *fixture_report(const char *path)
{
	NK_FREE char *command = xasprintf("trace-cmd report '%s' 2>&1", path);
	struct text text = { 0 };
	char bytes[4096];
	size_t got;
	FILE *pipe;

	if (system("command -v trace-cmd >/dev/null 2>&1") != 0) {
		fputs("trace-cmd is not there: not compared with what it says\n", stderr);
		return NULL;
	}
	pipe = popen(command, "re");
	ck_assert_ptr_nonnull(pipe);
	while ((got = fread(bytes, 1, sizeof(bytes), pipe)) > 0)
		text_add_bytes(&text, bytes, got);
	ck_assert_int_eq(pclose(pipe), 0);
	return text_steal(&text);
}
