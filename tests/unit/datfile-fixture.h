/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the tests of datfile/ share: recordings that were captured, scratch files, and trace-cmd as
 * a second opinion.
 */
#ifndef NK_TESTS_DATFILE_FIXTURE_H
#define NK_TESTS_DATFILE_FIXTURE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"
#include "datfile/reader.h"

#define FIXTURE_COUNT 5
extern const char *const fixture_names[FIXTURE_COUNT];

char *fixture_path(const char *name, const char *suffix);
struct dat_reader *fixture_open(const char *path);
/* Of all CPUs and instances of a file. */
size_t fixture_count_pages(const char *path);
/* A path in a directory of this process that fixture_cleanup() removes; borrowed. */
const char *fixture_scratch(void);
void fixture_cleanup(void);
void fixture_write(const char *path, const void *bytes, size_t length);
char *fixture_read(const char *path, size_t *length);

/* All events of a file, as "PID [CPU] SECONDS: NAME" in the order of time, one a line; malloc'ed.
 */
char *fixture_events(struct dat_reader *reader);
/* The same of the lines of trace-cmd report. */
char *fixture_report_events(const char *report);
/* Output and errors of trace-cmd report; NULL where there is no trace-cmd, which is said aloud. */
char *fixture_report(const char *path);

#endif
