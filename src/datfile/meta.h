/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a trace.dat says beside its pages. See trace-cmd.dat.v6(5) and trace-cmd.dat.v7(5).
 */
#ifndef NK_DATFILE_META_H
#define NK_DATFILE_META_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "datfile/compress.h"
#include "resolve/event.h"

struct dat_event_format {
	char *system;
	char *text;
	size_t length;
};

struct dat_buffer {
	char *name; /* of the instance; "" for the main one */
	char *clock;
	size_t page_size;
	int *cpus;
	size_t cpu_count;
};

/*
 * What the time stamps of all buffers are: options TRACECLOCK, TSC2NSEC, DATE and OFFSET. All but
 * is_count is for trace-cmd report's lines, as version 3.1.6 makes them. All zeros: ns.
 */
struct dat_clock {
	bool is_count;	     /* of cycles or of events, before any conversion; else ns */
	bool is_bare;	     /* no conversion, nor a clock that is shown as seconds: boot is none */
	uint32_t multiplier; /* 0: no conversion; else ts * multiplier >> shift is ns */
	uint32_t shift;	     /* less than 64 */
	uint64_t offset;     /* is added then; modulo 2^64, so it may be a negative one */
};

/* What a trace clock of this name counts, such as "mono" or "counter". */
void dat_clock_of(const char *name, struct dat_clock *clock);

/* ns where the file says how they are made of ts; else ts. */
static inline uint64_t dat_clock_convert(const struct dat_clock *clock, uint64_t ts)
{
	if (!clock->multiplier)
		return ts;
	return (uint64_t)((unsigned __int128)ts * clock->multiplier >> clock->shift);
}

/* Whether dat_clock_convert() makes ns. */
static inline bool dat_clock_has_seconds(const struct dat_clock *clock)
{
	return clock->multiplier || !clock->is_count;
}

/* What of ts trace-cmd report shows: ns, or a bare number where is_bare. */
static inline uint64_t dat_clock_shown(const struct dat_clock *clock, uint64_t ts)
{
	return dat_clock_convert(clock, ts) + clock->offset;
}

struct dat_meta {
	bool is_big_endian;
	unsigned int long_bytes;
	size_t page_size;
	char *header_page;
	size_t header_page_size;
	char *header_event;
	size_t header_event_size;
	struct dat_event_format *events;
	size_t event_count;
	char *kallsyms; /* few lines, or NULL */
	size_t kallsyms_size;
	void *kallsyms_map; /* of a file, that kallsyms lies in; NULL: it is malloc'ed */
	size_t kallsyms_map_bytes;
	char *printk; /* lines of "ADDRESS : "STRING"", what %s of an address prints; or NULL */
	char *saved_cmdlines; /* "PID NAME" lines, or NULL */
	char *uname;	      /* option UNAME, or NULL */
	char *version;	      /* option VERSION, or NULL */
	int cpu_count;	      /* of the machine */
	struct dat_clock clock;
	/* Of the pages of a file that is to be written; NULL: none. Borrowed. */
	const struct compression *compression;
	struct dat_buffer *buffers;
	size_t buffer_count;
	char **cpu_stats; /* option CPUSTAT: texts, one a CPU of each buffer */
	size_t cpu_stats_count;
	/* nk's own, behind the NUL of the VERSION option: */
	bool has_nk;
	bool has_wall_offset; /* false: of a clock that clock_gettime(2) does not have */
	int64_t wall_offset_ns;
	struct event_desc *descs; /* how nk's events are shown */
	size_t desc_count;
	char *summary; /* losses, as text of lines "key value ..."; NULL: the session did not end */
};

void dat_meta_clear(struct dat_meta *meta);
void dat_meta_clear_kallsyms(struct dat_meta *meta); /* that alone */

#endif
