/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * In: a root directory, "/" or one of captured files. Out: struct kernel, with all that is small
 * read; kallsyms is read when it is asked for, and what it said is kept. Every refusal is one
 * sentence that says what can be done.
 */
#include "kernel/kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/text.h"
#include "kernel/buildid.h"
#include "kernel/refusal.h"
#include "kernel/symbolcache.h"

static const char *const tracefs_places[] = { "sys/kernel/tracing", "sys/kernel/debug/tracing" };

/* Lockdown and security modules are heard when a file is opened, not before. */
static int try_open(int dir_fd, const char *name)
{
	NK_CLOSE int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -errno : 0;
}

/* 0: it is there; -ENOENT: no tracefs here; -ENOTSUP: tracefs, but no kprobe_events. */
static int try_tracefs(int root_fd, const char *place)
{
	NK_CLOSE int fd = openat(root_fd, place, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (faccessat(fd, "kprobe_events", F_OK, 0) == 0)
		return try_open(fd, "kprobe_events");
	if (errno != ENOENT)
		return -errno;
	return faccessat(fd, "README", F_OK, 0) == 0 ? -ENOTSUP : -ENOENT;
}

static int find_tracefs(struct kernel *kernel, struct diags *diags)
{
	int worst = -ENOENT;

	for (size_t i = 0; i < sizeof(tracefs_places) / sizeof(tracefs_places[0]); i++) {
		int err = try_tracefs(kernel->root_fd, tracefs_places[i]);

		if (!err) {
			kernel->tracefs = xstrdup(tracefs_places[i]);
			return 0;
		}
		if (err != -ENOENT && err != -ENOTDIR && worst == -ENOENT)
			worst = err;
	}
	if (worst == -EACCES || worst == -EPERM)
		return refusal_of_file(kernel->root_fd, -worst, "read", diags);
	if (worst == -ENOTSUP)
		return diag_error(diags, ENOTSUP,
				  "this kernel has no kprobe_events: it is built without "
				  "CONFIG_KPROBE_EVENTS, and another kernel is needed");
	if (worst != -ENOENT)
		return diag_error(diags, -worst, "tracefs cannot be read: %s", strerror(-worst));
	return refusal_missing(kernel->root_fd, tracefs_places,
			       sizeof(tracefs_places) / sizeof(tracefs_places[0]), diags);
}

/* The first word of a small file; NULL where there is none. */
static char *read_word(int dirfd, const char *path)
{
	NK_FREE char *text = NULL;
	char *cursor, *word;

	if (file_read(dirfd, path, &text, NULL) != 0)
		return NULL;
	cursor = text;
	word = text_next_word(&cursor);
	return word ? xstrdup(word) : NULL;
}

#define PERSONALITY_QUERY 0xffffffff /* personality(2): changes nothing */

/* It says i686 or armv8l to a process of the 32-bit personality (setarch linux32): not asked so. */
static int true_uname(struct utsname *names)
{
	int own = personality(PERSONALITY_QUERY);
	bool is_32_bit = own != -1 && (own & PER_MASK) == PER_LINUX32;
	int err;

	if (is_32_bit)
		personality((unsigned int)(own & ~PER_MASK) | PER_LINUX);
	err = uname(names) ? -errno : 0;
	if (is_32_bit)
		personality((unsigned int)own);
	return err;
}

static int read_identity(struct kernel *kernel, struct diags *diags)
{
	NK_FREE char *notes = NULL;
	struct utsname names;
	size_t length;
	int err = true_uname(&names);

	if (err)
		return diag_error(diags, -err, "uname: %s", strerror(-err));
	kernel->release = read_word(kernel->root_fd, "proc/sys/kernel/osrelease");
	if (!kernel->release)
		kernel->release = xstrdup(names.release);
	kernel->machine = read_word(kernel->root_fd, "proc/sys/kernel/arch");
	if (!kernel->machine)
		kernel->machine = xstrdup(names.machine);
	kernel->arch = arch_find(kernel->machine);
	if (!kernel->arch)
		return diag_error(diags, ENOSYS,
				  "nk does not know the registers of this architecture, %s",
				  kernel->machine);
	if (file_read(kernel->root_fd, "sys/kernel/notes", &notes, &length) == 0)
		kernel->build_id = buildid_of_notes(notes, length);
	return 0;
}

static int read_features(struct kernel *kernel, const char *without, struct diags *diags)
{
	NK_CLOSE int fd =
		openat(kernel->root_fd, kernel->tracefs, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return refusal_of_file(kernel->root_fd, errno, "read", diags);
	return features_read(fd, without, &kernel->features, diags);
}

/* One that the user names must be had; the kernel's own is used where there is one. */
static int read_profile(struct kernel *kernel, const char *path, struct diags *diags)
{
	int err;

	if (path) {
		err = profile_read(AT_FDCWD, path, kernel->build_id, &kernel->profile, diags);
		if (err == -ENOENT)
			diag_error(diags, ENOENT, "there is no profile %s", path);
		return err;
	}
	if (!kernel->build_id)
		return 0;

	NK_FREE char *own = profile_path(kernel->build_id);
	struct diags found = { 0 };
	err = profile_read(kernel->root_fd, own + (own[0] == '/'), kernel->build_id,
			   &kernel->profile, &found);
	if (err && err != -ENOENT)
		diag_warning(diags, "the profile is not used: %s%s",
			     found.count ? found.items[0].text : strerror(-err),
			     found.count && found.items[0].line ? " (see its lines)" : "");
	diags_clear(&found);
	return 0;
}

static int read_layout(struct kernel *kernel, const struct kernel_options *options,
		       struct diags *diags)
{
	NK_FREE char *own =
		xasprintf("%s/sys/kernel/btf/vmlinux", options->root ? options->root : "");
	int err = 0;

	kernel->layout = layout_new();
	if (options->btf)
		err = layout_add_btf(kernel->layout, options->btf, LAYOUT_BTF_FILE, diags);
	if (!err)
		err = layout_add_btf(kernel->layout, own, LAYOUT_BTF, diags);
	if (!err)
		err = read_profile(kernel, options->profile, diags);
	if (err)
		return err;
	if (kernel->profile)
		layout_add_profile(kernel->layout, kernel->profile);
	layout_add_builtin(kernel->layout);
	return 0;
}

static int read_kernel(struct kernel *kernel, const struct kernel_options *options,
		       struct diags *diags)
{
	const char *root = options->root ? options->root : "/";
	int err;

	kernel->root_fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (kernel->root_fd < 0)
		return diag_error(diags, errno, "%s: %s", root, strerror(errno));
	err = find_tracefs(kernel, diags);
	if (!err)
		err = read_identity(kernel, diags);
	if (!err)
		err = read_features(kernel, options->without, diags);
	return err || options->for_undo ? err : read_layout(kernel, options, diags);
}

int kernel_open(const struct kernel_options *options, struct kernel **out, struct diags *diags)
{
	struct kernel *kernel = xcalloc(1, sizeof(*kernel));
	int err = read_kernel(kernel, options, diags);

	if (err)
		kernel_close(kernel);
	else
		*out = kernel;
	return err;
}

void kernel_close(struct kernel *kernel)
{
	if (!kernel)
		return;
	if (kernel->root_fd >= 0)
		close(kernel->root_fd);
	layout_free(kernel->layout);
	profile_free(kernel->profile);
	symbols_free(kernel->symbols);
	free(kernel->tracefs);
	free(kernel->release);
	free(kernel->machine);
	free(kernel->build_id);
	free(kernel);
}

/* Of what is kept of kallsyms, or of all of it; then what was wanted before is read along. */
static int read_symbols(struct kernel *kernel, const char *blacklist, const char *const *names,
			size_t count)
{
	struct symbolcache cache = { 0 };
	NK_FREE char *kallsyms = NULL;
	int err = 0;

	symbolcache_read(kernel->root_fd, kernel->build_id, &cache);
	if (symbolcache_has(&cache, names, count)) {
		kernel->symbols = symbols_read(cache.lines, blacklist, names, count);
	} else {
		err = file_read(kernel->root_fd, "proc/kallsyms", &kallsyms, NULL);
		symbolcache_want(&cache, names, count);
	}
	if (kallsyms) {
		kernel->symbols = symbols_read(
			kallsyms, blacklist, (const char *const *)cache.wanted, cache.wanted_count);
		symbolcache_write(kernel->root_fd, &cache, symbols_lines(kernel->symbols));
	}
	symbolcache_clear(&cache);
	return err;
}

int kernel_load_symbols(struct kernel *kernel, const char *const *names, size_t count,
			struct diags *diags)
{
	NK_FREE char *blacklist = NULL;
	int err = 0;

	symbols_free(kernel->symbols);
	kernel->symbols = NULL;
	/* debugfs may be absent or closed; then the kernel itself refuses what is on the list. */
	if (count == 0 ||
	    file_read(kernel->root_fd, "sys/kernel/debug/kprobes/blacklist", &blacklist, NULL) != 0)
		blacklist = NULL;
	if (count > 0)
		err = read_symbols(kernel, blacklist, names, count);
	else
		kernel->symbols = symbols_read("", NULL, names, 0);
	if (err)
		return diag_error(diags, -err, "/proc/kallsyms cannot be read: %s", strerror(-err));
	return 0;
}

bool kernel_has_tracepoint(const struct kernel *kernel, const char *system, const char *event)
{
	NK_FREE char *path = xasprintf("%s/events/%s/%s", kernel->tracefs, system, event);

	return faccessat(kernel->root_fd, path, F_OK, 0) == 0;
}
