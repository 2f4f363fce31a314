/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * In: tracefs, and who this process is. Out: what would be refused half-way is refused at once:
 * files that may not be written, instances that would be somebody else's, kprobes turned off.
 */
#include "session/permit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "kernel/refusal.h"
#include "session/process.h"

static bool overrides_owners(void)
{
	cap_t have = cap_get_proc();
	cap_flag_value_t value = CAP_CLEAR;
	bool can = have && cap_get_flag(have, CAP_DAC_OVERRIDE, CAP_EFFECTIVE, &value) == 0 &&
		   value == CAP_SET;

	cap_free(have);
	return can;
}

static int check_file(const struct kernel *kernel, int tracefs_fd, const char *name, int mode,
		      struct diags *diags)
{
	if (faccessat(tracefs_fd, name, mode, AT_EACCESS) == 0 ||
	    (errno != EACCES && errno != EPERM && errno != EROFS))
		return 0;
	return refusal_of_file(kernel->root_fd, errno, "written to", diags);
}

/* The kernel makes the files of an instance its owner's alone to write to: those of instances/. */
static int check_owner(int tracefs_fd, struct diags *diags)
{
	struct stat status;

	if (geteuid() == 0 || fstatat(tracefs_fd, "instances", &status, 0) != 0 ||
	    status.st_uid == geteuid() || overrides_owners())
		return 0;
	return diag_error(diags, EACCES,
			  "an instance that this user makes would be another's (user %d), who owns "
			  "instances/ of tracefs: run nk as root, or see PERMISSIONS in nk(1)",
			  (int)status.st_uid);
}

/* They can be defined and enabled all the same, and never fire. */
static int check_switch(const struct kernel *kernel, struct diags *diags)
{
	NK_FREE char *text = NULL;

	if (file_read(kernel->root_fd, "sys/kernel/debug/kprobes/enabled", &text, NULL) != 0 ||
	    text[0] != '0')
		return 0;
	return diag_error(diags, EPERM,
			  "kprobes are turned off: echo 1 >/sys/kernel/debug/kprobes/enabled");
}

int permit_check_numbers(const struct kernel *kernel, struct diags *diags)
{
	if (process_is_in_host(kernel->root_fd))
		return 0;
	return diag_error(
		diags, EPERM,
		"processes cannot be chosen by number in this pid namespace, since the "
		"kernel has the host's numbers: run nk with the host's pid namespace, for "
		"docker --pid=host");
}

int permit_check(const struct kernel *kernel, int tracefs_fd, struct diags *diags)
{
	int err = check_file(kernel, tracefs_fd, "kprobe_events", W_OK, diags);

	if (!err)
		err = check_file(kernel, tracefs_fd, "instances", W_OK | X_OK, diags);
	if (!err)
		err = check_owner(tracefs_fd, diags);
	return err ? err : check_switch(kernel, diags);
}
