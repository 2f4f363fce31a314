/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Giving up privileges for good. In: the process's capabilities. Out: none, and no way back to any.
 */
#include "session/privilege.h"

#include <errno.h>
#include <stddef.h>
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

static const cap_value_t few[] = {
	CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, CAP_FOWNER, CAP_CHOWN, CAP_KILL,
};

/* What the process does not have it cannot keep. */
static int keep_permitted(cap_t keep)
{
	cap_t had = cap_get_proc();
	int err = 0;

	if (!had)
		return -errno;
	for (size_t i = 0; !err && i < sizeof(few) / sizeof(*few); i++) {
		cap_flag_value_t value = CAP_CLEAR;

		if (cap_get_flag(had, few[i], CAP_PERMITTED, &value) != 0 ||
		    cap_set_flag(keep, CAP_PERMITTED, 1, &few[i], value) != 0 ||
		    cap_set_flag(keep, CAP_EFFECTIVE, 1, &few[i], value) != 0)
			err = -errno;
	}
	cap_free(had);
	return err;
}

int privilege_keep_few(struct diags *diags)
{
	cap_t keep = cap_init();
	int err = keep ? keep_permitted(keep) : -ENOMEM;

	if (!err && cap_set_proc(keep) != 0)
		err = -errno;
	cap_free(keep);
	if (err)
		diag_error(diags, -err, "cannot give up privileges: %s", strerror(-err));
	return err;
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
