/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A trace.dat of whatever bytes, replayed in every style: it is refused with a sentence, or what
 * can be had of it is printed.
 *
 * Files: tests/fuzz/isolated.c
 * Wrap: isolate privilege_drop_all tep_parse_format tep_parse_header_page tep_print_event tep_free
 * Seeds: tests/unit/data/datfile/*.dat
 * Options: -close_fd_mask=3
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "cmd/cmd.h"
#include "cmd/isolate.h"
#include "session/privilege.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int __wrap_privilege_drop_all(enum privilege_needs needs, struct diags *diags);

int __wrap_isolate(int (*work)(struct isolation *isolation, void *context), void *context);

/* A process for each input would be slow: tests/fuzz/isolated.c does for libtraceevent's faults. */
int __wrap_isolate(int (*work)(struct isolation *isolation, void *context), void *context)
{
	struct isolation isolation = { 0 };

	return work(&isolation, context);
}

/* The fuzzer goes on living. */
int __wrap_privilege_drop_all(enum privilege_needs needs, struct diags *diags)
{
	(void)needs;
	(void)diags;
	return 0;
}

/* Its own messages go to another descriptor, see "Options:". */
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	if (!freopen("/dev/null", "w", stdout))
		abort();
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	NK_CLOSE int fd = memfd_create("fuzz", MFD_CLOEXEC);
	char path[64];
	const struct options options[] = {
		{ .input = path },
		{ .input = path, .json = true },
		{ .input = path, .style = "trace-cmd" },
		{ .input = path, .stat = true },
		{ .input = path, .style = "csv", .csv = true },
		{ .input = path, .raw = true },
		{ .input = path, .filter = "pid != 1 or event ~ 'tcp*' and not port 80" },
	};

	if (fd < 0 || file_write_all(fd, data, size) < 0)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);

	/* One style is enough for an input: lengths are as good as random. */
	const struct options *chosen = &options[size % (sizeof(options) / sizeof(*options))];
	int status = cmd_replay.run(&cmd_replay, chosen);

	/* A filter may name what no event of the file has. */
	if (status != CMD_DONE && status != CMD_FAILED && status != CMD_INCOMPLETE &&
	    !(status == CMD_USAGE && chosen->filter))
		abort();
	fflush(stdout);
	return 0;
}
