/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Numbers of the trace.dat format: trace-cmd.dat.v6(5), trace-cmd.dat.v7(5).
 */
#ifndef NK_DATFILE_FORMAT_H
#define NK_DATFILE_FORMAT_H

#define DAT_MAGIC	"\x17\x08\x44tracing"
#define DAT_MAGIC_BYTES 10

/* Options of both versions; in v7 those from HEADER_INFO on point to a section of the same number.
 */
enum dat_option {
	DAT_DONE = 0,
	DAT_DATE = 1,
	DAT_CPUSTAT = 2,
	DAT_BUFFER = 3,
	DAT_TRACECLOCK = 4,
	DAT_UNAME = 5,
	DAT_HOOK = 6,
	DAT_OFFSET = 7,
	DAT_CPUCOUNT = 8,
	DAT_VERSION = 9,
	DAT_TRACEID = 11,
	DAT_TSC2NSEC = 14,
	DAT_STRINGS = 15,
	DAT_HEADER_INFO = 16,
	DAT_FTRACE_EVENTS = 17,
	DAT_EVENT_FORMATS = 18,
	DAT_KALLSYMS = 19,
	DAT_PRINTK = 20,
	DAT_CMDLINES = 21,
	DAT_BUFFER_TEXT = 22,
};

/* v7: id, flags, description (offset in STRINGS), bytes that follow. */
#define DAT_SECTION_HEADER_BYTES 16
#define DAT_SECTION_COMPRESSED	 1

/* First line of what nk keeps behind the NUL of the VERSION option. */
#define DAT_OWN_MARK "nk-recording 1"

#endif
