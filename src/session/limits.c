/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * In: the limits that nk was started with. Out: those that it works with.
 */
#include "session/limits.h"

#include <stdbool.h>
#include <sys/resource.h>

/* Of this process, and what is forked from it. */
static struct rlimit before;
static bool is_raised;

void limits_raise(void)
{
	struct rlimit most;

	if (is_raised || getrlimit(RLIMIT_NOFILE, &before) != 0)
		return;
	most = (struct rlimit){ before.rlim_max, before.rlim_max };
	is_raised = setrlimit(RLIMIT_NOFILE, &most) == 0;
}

void limits_restore(void)
{
	if (is_raised)
		setrlimit(RLIMIT_NOFILE, &before);
}
