/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Giving up privileges for good. In: the process's user and capabilities. Out: none, or few, and no
 * way back to any.
 */
#include "session/privilege.h"

#include <errno.h>
#include <grp.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "session/sandbox.h"

/* The kernel's own overflow user: "nobody", who has no files. */
#define NOBODY 65534

/* A sanitizer's own threads trace the process, which nobody may who became another user. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define STAYS_THE_USER 1
#else
#define STAYS_THE_USER 0
#endif

static int cannot(struct diags *diags, int err)
{
	return diag_error(diags, -err, "cannot give up privileges: %s", strerror(-err));
}

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

/* Kernels before v4.3 have none. */
static int empty_ambient(void)
{
	return cap_reset_ambient() != 0 && errno != EINVAL && errno != ENOSYS ? -errno : 0;
}

static bool has(const cap_value_t *caps, size_t count)
{
	cap_t had = cap_get_proc();
	bool all = had != NULL;

	for (size_t i = 0; all && i < count; i++) {
		cap_flag_value_t value = CAP_CLEAR;

		all = cap_get_flag(had, caps[i], CAP_EFFECTIVE, &value) == 0 && value == CAP_SET;
	}
	cap_free(had);
	return all;
}

static const cap_value_t few[] = {
	CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, CAP_FOWNER, CAP_CHOWN, CAP_KILL,
};
static const cap_value_t reading[] = { CAP_DAC_READ_SEARCH };

/* What the process does not have it cannot keep. */
static int keep_permitted(cap_t keep, const cap_value_t *caps, size_t count)
{
	cap_t had = cap_get_proc();
	int err = 0;

	if (!had)
		return -errno;
	for (size_t i = 0; !err && i < count; i++) {
		cap_flag_value_t value = CAP_CLEAR;

		if (cap_get_flag(had, caps[i], CAP_PERMITTED, &value) != 0 ||
		    cap_set_flag(keep, CAP_PERMITTED, 1, &caps[i], value) != 0 ||
		    cap_set_flag(keep, CAP_EFFECTIVE, 1, &caps[i], value) != 0)
			err = -errno;
	}
	cap_free(had);
	return err;
}

static int set_no_new_privs(void)
{
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ? -errno : 0;
}

int privilege_keep_few(struct diags *diags)
{
	cap_t keep = cap_init();
	int err = keep ? keep_permitted(keep, few, sizeof(few) / sizeof(*few)) : -ENOMEM;

	if (!err)
		err = empty_bounding();
	if (!err)
		err = empty_ambient();
	if (!err && cap_set_proc(keep) != 0)
		err = -errno;
	if (!err)
		err = set_no_new_privs();
	cap_free(keep);
	return err ? cannot(diags, err) : 0;
}

/* The bounding set stays: refusal.c tells a container by it, and nothing is run that it could hold
 * back. */
int privilege_only_read(struct diags *diags)
{
	cap_t keep = cap_init();
	int err =
		keep ? keep_permitted(keep, reading, sizeof(reading) / sizeof(*reading)) : -ENOMEM;

	if (!err && cap_set_proc(keep) != 0)
		err = -errno;
	cap_free(keep);
	if (!err)
		err = set_no_new_privs();
	if (!err)
		err = sandbox_enter(true);
	if (err == -ENOSYS)
		err = 0;
	return err ? cannot(diags, err) : 0;
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

/*
 * Root without capabilities still owns root's files, those of tracefs among them. Not where it
 * could not be signalled any more (a container without CAP_KILL), nor in a user namespace that has
 * no such user: then it stays.
 */
static int become_nobody(void)
{
	static const cap_value_t needed[] = { CAP_SETUID, CAP_SETGID, CAP_KILL };

	if (STAYS_THE_USER || geteuid() != 0 || !has(needed, sizeof(needed) / sizeof(*needed)))
		return 0;
	if (setgroups(0, NULL) != 0 || setresgid(NOBODY, NOBODY, NOBODY) != 0 ||
	    setresuid(NOBODY, NOBODY, NOBODY) != 0)
		return errno == EINVAL || errno == EPERM ? 0 : -errno;
	return 0;
}

int privilege_drop_all(enum privilege_needs needs, struct diags *diags)
{
	int err = empty_bounding();

	if (!err)
		err = empty_ambient();
	if (!err)
		err = become_nobody();
	if (!err)
		err = empty_sets();
	if (!err)
		err = set_no_new_privs();
	if (!err && needs != PRIVILEGE_START_PROCESSES)
		err = sandbox_enter(needs == PRIVILEGE_READ_FILES);
	/* A kernel without filters, or an architecture without a list: all else holds. */
	if (err == -ENOSYS)
		err = 0;
	return err ? cannot(diags, err) : 0;
}

int privilege_drop_borrowed(struct diags *diags)
{
	bool is_other = getuid() != geteuid() || getgid() != getegid();
	int err = 0;

	/* The kernel sets AT_SECURE for file capabilities, too; root's own are not from there. */
	if (!is_other && (getauxval(AT_SECURE) == 0 || getuid() == 0))
		return 0;
	if (setresgid(getgid(), getgid(), getgid()) != 0 ||
	    setresuid(getuid(), getuid(), getuid()) != 0)
		err = -errno;
	if (!err && getuid() != 0)
		err = empty_sets();
	return err ? cannot(diags, err) : 0;
}
