/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Giving up privileges for good. In: the process's capabilities. Out: none, and no way back to any.
 */
#include "session/privilege.h"

#include <errno.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/prctl.h>

/*
 * Only who has CAP_SETPCAP may. Who has not is none the worse: with no_new_privs an execve(2) gives
 * nothing that the bounding set could have held back.
 */
static int empty_bounding(void)
{
	if (cap_get_bound(CAP_SETPCAP) < 0)
		return -errno;
	for (cap_value_t cap = 0; cap < cap_max_bits(); cap++)
		if (cap_get_bound(cap) > 0 && cap_drop_bound(cap) != 0)
			return errno == EPERM ? 0 : -errno;
	return 0;
}

static int empty_sets(void)
{
	cap_t none = cap_init();
	int err = 0;

	if (!none)
		return -ENOMEM;
	if (cap_set_proc(none) != 0)
		err = -errno;
	cap_free(none);
	return err;
}

int privilege_drop_all(struct diags *diags)
{
	int err = empty_bounding();

	if (!err && cap_reset_ambient() != 0)
		err = -errno;
	if (!err)
		err = empty_sets();
	if (!err && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		err = -errno;
	if (err)
		diag_error(diags, -err, "cannot give up privileges: %s", strerror(-err));
	return err;
}
