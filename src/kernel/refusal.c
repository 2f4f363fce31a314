/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * In: that tracefs is not there, or an errno of it. Out: the reason, as far as it can be told:
 * lockdown, a container, a mount, the user.
 */
#include "kernel/refusal.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/magic.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"

static bool file_says(int root_fd, const char *path, const char *word)
{
	NK_FREE char *text = NULL;

	return file_read(root_fd, path, &text, NULL) == 0 && strstr(text, word);
}

/* securityfs may not be mounted; the command line does not know of what was written to it. */
static bool is_confidential(int root_fd)
{
	return file_says(root_fd, "sys/kernel/security/lockdown", "[confidentiality]") ||
	       file_says(root_fd, "proc/cmdline", "lockdown=confidentiality");
}

static int say_locked_down(struct diags *diags)
{
	return diag_error(
		diags, EPERM,
		"this kernel is locked down to confidentiality, which forbids tracing: boot it "
		"without lockdown=confidentiality (lockdown=integrity is no hindrance)");
}

static bool is_tracefs(int root_fd, const char *place)
{
	NK_CLOSE int fd = openat(root_fd, place, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct statfs status;

	return fd >= 0 && fstatfs(fd, &status) == 0 && status.f_type == TRACEFS_MAGIC;
}

int refusal_missing(int root_fd, const char *const *places, size_t count, struct diags *diags)
{
	if (is_confidential(root_fd))
		return say_locked_down(diags);
	/* The kernel makes no files there if it is locked down when it is booted. */
	for (size_t i = 0; i < count; i++)
		if (is_tracefs(root_fd, places[i]))
			return diag_error(
				diags, ENOENT,
				"tracefs is mounted on /%s and is empty: this kernel was locked "
				"down when it was booted, or is built without tracing",
				places[i]);
	if (geteuid() != 0)
		return diag_error(diags, ENOENT,
				  "no tracefs is mounted: root has to 'mount -t tracefs tracefs "
				  "/sys/kernel/tracing'");
	if (prctl(PR_CAPBSET_READ, CAP_SYS_ADMIN, 0, 0, 0) != 1)
		return diag_error(
			diags, ENOENT,
			"no tracefs is mounted, and this container may not mount it: run nk on "
			"the host, or give the container the host's /sys/kernel/tracing");
	return diag_error(diags, ENOENT,
			  "no tracefs is mounted: mount -t tracefs tracefs /sys/kernel/tracing");
}

int refusal_of_file(int root_fd, int err, const char *what, struct diags *diags)
{
	if (err == EROFS)
		return diag_error(diags, err,
				  "tracefs is mounted read-only here: mount -o remount,rw "
				  "/sys/kernel/tracing, or give this container a writable one");
	if (geteuid() != 0)
		return diag_error(diags, err,
				  "tracefs may not be %s by this user: run nk as root, or see "
				  "PERMISSIONS in nk(1)",
				  what);
	if (is_confidential(root_fd))
		return say_locked_down(diags);
	return diag_error(
		diags, err,
		"tracefs may not be %s, not even by root (%s): a security module keeps this "
		"process from it, or lockdown does; run nk outside of the container",
		what, strerror(err));
}
