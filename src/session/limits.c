/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * In: the limits that nk was started with. Out: those that it works with.
 */
#include "session/limits.h"

#include <signal.h>
#include <stdbool.h>
#include <sys/resource.h>

/* Of this process, and what is forked from it. */
static struct rlimit files_before;
static struct sigaction size_before;
static bool is_raised;
static bool is_size_told;

static void raise_files(void)
{
	struct rlimit most;

	if (is_raised || getrlimit(RLIMIT_NOFILE, &files_before) != 0)
		return;
	most = (struct rlimit){ files_before.rlim_max, files_before.rlim_max };
	is_raised = setrlimit(RLIMIT_NOFILE, &most) == 0;
}

void limits_raise(void)
{
	const struct sigaction ignore = { .sa_handler = SIG_IGN };

	raise_files();
	if (!is_size_told)
		is_size_told = sigaction(SIGXFSZ, &ignore, &size_before) == 0;
}

void limits_restore(void)
{
	if (is_raised)
		setrlimit(RLIMIT_NOFILE, &files_before);
	if (is_size_told)
		sigaction(SIGXFSZ, &size_before, NULL);
}
