/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A name to a file that is complete from the first moment in which it can be seen by that name. A
 * process that is killed leaves the older file; where there is no O_TMPFILE, and while the older
 * one is set aside, also a file named ".NAME.XXXXXX".
 *
 * Two that want one name: a file is locked as long as it is written, and a name is taken only by
 * who has locked what had it and has found it to have it still.
 */
#include "datfile/newfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/path.h"

#define NAME_ATTEMPTS 100
#define SUFFIX	      ".dat"

int newfile_refused(const struct newfile_place *place, int err, struct diags *diags)
{
	if (err == -EBUSY)
		return diag_error(diags, EBUSY,
				  "cannot record to '%s': a recording is being written to it",
				  place->path);
	return diag_error(diags, -err, "cannot create '%s': %s", place->path, strerror(-err));
}

/* Whether the lock is had, or none is to be had there: 0; -EBUSY: somebody has it. */
static int lock(int fd)
{
	int ret;

	do {
		ret = flock(fd, LOCK_EX | LOCK_NB);
	} while (ret < 0 && errno == EINTR);
	return ret < 0 && errno == EWOULDBLOCK ? -EBUSY : 0;
}

/* What has the name, locked; -1: nothing has. What may not be read may be replaced all the same. */
static int lock_older(const struct newfile_place *place, int *out)
{
	int flags = O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
	int fd = openat(place->dir_fd, place->base, O_RDONLY | flags);
	int ret = 0;

	if (fd < 0 && (errno == EACCES || errno == EPERM))
		fd = openat(place->dir_fd, place->base, O_PATH | flags);
	if (fd < 0 && errno != ENOENT)
		return -errno;
	if (fd >= 0)
		ret = lock(fd);
	if (ret < 0)
		close(fd);
	else
		*out = fd;
	return ret;
}

static int check_idle(const struct newfile_place *place, struct diags *diags)
{
	int fd;
	int ret = lock_older(place, &fd);

	if (ret < 0)
		return newfile_refused(place, ret, diags);
	if (fd >= 0)
		close(fd);
	return 0;
}

static int check_target(const struct newfile_place *place, struct diags *diags)
{
	struct stat status;

	if (fstatat(place->dir_fd, place->base, &status, AT_SYMLINK_NOFOLLOW) < 0) {
		if (errno == ENOENT)
			return 0;
		return newfile_refused(place, -errno, diags);
	}
	if (S_ISREG(status.st_mode))
		return check_idle(place, diags);
	if (S_ISDIR(status.st_mode))
		return diag_error(diags, EISDIR, "cannot record to '%s': it is a directory",
				  place->path);
	if (S_ISLNK(status.st_mode))
		return diag_error(
			diags, EEXIST,
			"cannot record to '%s': it is a symbolic link; name what it points to",
			place->path);
	return diag_error(diags, EEXIST, "cannot record to '%s': it is not a regular file",
			  place->path);
}

int newfile_place_open(const char *path, struct newfile_place *place, struct diags *diags)
{
	const char *slash = strrchr(path, '/');
	NK_FREE char *dir = slash ? xstrndup(path, (size_t)(slash - path) + 1) : xstrdup(".");
	const char *base = slash ? slash + 1 : path;
	struct newfile_place made = { .dir_fd = -1 };
	int ret;

	if (!*base || !strcmp(base, ".") || !strcmp(base, ".."))
		return diag_error(diags, EISDIR, "cannot record to '%s': it names a directory",
				  path);
	ret = path_open_directory(dir, &made.dir_fd);
	if (ret == -EPERM)
		return diag_error(diags, EPERM,
				  "cannot create '%s': a symbolic link on the way belongs to "
				  "another user; name where it leads to",
				  path);
	if (ret < 0)
		return diag_error(diags, -ret, "cannot create '%s': %s", path, strerror(-ret));
	made.path = xstrdup(path);
	made.base = xstrdup(base);
	ret = check_target(&made, diags);
	if (ret < 0)
		newfile_place_close(&made);
	else
		*place = made;
	return ret;
}

void newfile_place_close(struct newfile_place *place)
{
	free(place->path);
	free(place->base);
	if (place->dir_fd >= 0)
		close(place->dir_fd);
	*place = (struct newfile_place){ .dir_fd = -1 };
}

/* Tries names until one is free: make() is open or link. */
static int with_free_name(const struct newfile_place *place, struct newfile *file,
			  int (*make)(const struct newfile_place *place, struct newfile *file,
				      mode_t mode),
			  mode_t mode)
{
	for (int i = 0; i < NAME_ATTEMPTS; i++) {
		int ret;

		file->temporary = file_temporary_name(place->base);
		ret = make(place, file, mode);
		if (!ret)
			return 0;
		free(file->temporary);
		file->temporary = NULL;
		if (ret != -EEXIST)
			return ret;
	}
	return -EEXIST;
}

static int make_named(const struct newfile_place *place, struct newfile *file, mode_t mode)
{
	file->fd =
		openat(place->dir_fd, file->temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	return file->fd < 0 ? -errno : 0;
}

static int link_named(const struct newfile_place *place, struct newfile *file, mode_t mode)
{
	char self[64];

	(void)mode;
	snprintf(self, sizeof(self), "/proc/self/fd/%d", file->fd);
	if (linkat(AT_FDCWD, self, place->dir_fd, file->temporary, AT_SYMLINK_FOLLOW) < 0)
		return -errno;
	return 0;
}

static struct newfile *unsettled;

static void take_away(const struct newfile_place *place, const struct newfile *file);

static void take_all_away(void)
{
	for (const struct newfile *file = unsettled; file; file = file->next)
		take_away(file->place, file);
}

static void enlist(const struct newfile_place *place, struct newfile *file)
{
	file->place = place;
	file->next = unsettled;
	unsettled = file;
	alloc_set_last_deed(take_all_away);
}

static void delist(const struct newfile *file)
{
	struct newfile **link = &unsettled;

	while (*link && *link != file)
		link = &(*link)->next;
	if (*link)
		*link = file->next;
	if (!unsettled)
		alloc_set_last_deed(NULL);
}

int newfile_open(const struct newfile_place *place, mode_t mode, struct newfile *file)
{
	struct newfile made = { .fd = -1, .older_fd = -1 };
	int ret = 0;

	/* Without /proc a file without a name could never be given one. */
	if (access("/proc/self/fd", X_OK) == 0)
		made.fd = openat(place->dir_fd, ".", O_RDWR | O_TMPFILE | O_CLOEXEC, mode);
	if (made.fd < 0)
		ret = with_free_name(place, &made, make_named, mode);
	if (ret < 0)
		return ret;
	(void)lock(made.fd);
	*file = made;
	enlist(place, file);
	return 0;
}

int newfile_has_name(const struct newfile_place *place, int fd)
{
	struct stat named, status;

	if (fstat(fd, &status) < 0)
		return -errno;
	if (fstatat(place->dir_fd, place->base, &named, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : -errno;
	return named.st_dev == status.st_dev && named.st_ino == status.st_ino;
}

static void forget_temporary(struct newfile *file)
{
	free(file->temporary);
	file->temporary = NULL;
}

static bool is_unsupported(int err)
{
	return err == -EINVAL || err == -ENOSYS || err == -EOPNOTSUPP;
}

static int rename_to(const struct newfile_place *place, const struct newfile *file,
		     const char *name, unsigned int flags)
{
	if (renameat2(place->dir_fd, file->temporary, place->dir_fd, name, flags) < 0)
		return -errno;
	return 0;
}

/* -EEXIST: something has that name. */
static int take_free(const struct newfile_place *place, struct newfile *file, const char *name)
{
	int ret = rename_to(place, file, name, RENAME_NOREPLACE);

	/* Some file systems cannot; then there is a moment in between. */
	if (is_unsupported(ret)) {
		struct stat status;

		if (fstatat(place->dir_fd, name, &status, AT_SYMLINK_NOFOLLOW) == 0)
			return -EEXIST;
		ret = rename_to(place, file, name, 0);
	}
	if (ret < 0)
		return ret;
	forget_temporary(file);
	file->is_named = true;
	return 0;
}

static int link_older(const struct newfile_place *place, struct newfile *file, mode_t mode)
{
	(void)mode;
	if (linkat(place->dir_fd, place->base, place->dir_fd, file->temporary, 0) < 0)
		return -errno;
	return 0;
}

/*
 * Where names cannot be exchanged (NFS): the older file has another one before it loses its own. It
 * is lost on a file system without hard links.
 */
static int exchange_by_link(const struct newfile_place *place, struct newfile *file)
{
	struct newfile older = { .fd = -1, .older_fd = -1 };
	int ret;

	(void)with_free_name(place, &older, link_older, 0);
	ret = rename_to(place, file, place->base, 0);
	if (!ret) {
		free(file->temporary);
		file->temporary = older.temporary;
		return 0;
	}
	if (older.temporary)
		unlinkat(place->dir_fd, older.temporary, 0);
	free(older.temporary);
	return ret;
}

/* -ENOENT: it is not there any more. */
static int take_from_older(const struct newfile_place *place, struct newfile *file, int older_fd)
{
	int ret = newfile_has_name(place, older_fd);

	if (ret <= 0)
		return ret < 0 ? ret : -ENOENT;
	ret = rename_to(place, file, place->base, RENAME_EXCHANGE);
	if (is_unsupported(ret))
		ret = exchange_by_link(place, file);
	if (ret < 0)
		return ret;
	file->is_named = true;
	file->older_fd = older_fd;
	return 0;
}

static int link_if_unnamed(const struct newfile_place *place, struct newfile *file)
{
	return file->temporary ? 0 : with_free_name(place, file, link_named, 0);
}

int newfile_take_name(const struct newfile_place *place, struct newfile *file)
{
	int ret = link_if_unnamed(place, file);

	/* Others may come and go meanwhile: it is looked at anew. */
	for (int i = 0; !ret && i < NAME_ATTEMPTS; i++) {
		int older_fd;

		ret = lock_older(place, &older_fd);
		if (ret < 0)
			return ret;
		if (older_fd < 0)
			ret = take_free(place, file, place->base);
		else
			ret = take_from_older(place, file, older_fd);
		if (!ret)
			return 0;
		if (older_fd >= 0)
			close(older_fd);
		if (ret == (older_fd < 0 ? -EEXIST : -ENOENT))
			ret = 0;
	}
	return ret ? ret : -EBUSY;
}

int newfile_settle(const struct newfile_place *place, struct newfile *file)
{
	int ret = 0;

	if (!file->is_named)
		return 0;
	delist(file);
	if (file->temporary && unlinkat(place->dir_fd, file->temporary, 0) < 0)
		ret = -errno;
	forget_temporary(file);
	if (file->older_fd >= 0)
		close(file->older_fd);
	file->older_fd = -1;
	return ret;
}

char *newfile_numbered(const char *path, size_t number)
{
	size_t length = strlen(path), suffix = strlen(SUFFIX);

	if (length > suffix && strcmp(path + length - suffix, SUFFIX) == 0)
		return xasprintf("%.*s.%zu%s", (int)(length - suffix), path, number, SUFFIX);
	return xasprintf("%s.%zu", path, number);
}

static int take_beside(const struct newfile_place *place, struct newfile *file, char **beside)
{
	int ret = -EEXIST;

	for (size_t i = 1; ret == -EEXIST && i <= NAME_ATTEMPTS; i++) {
		NK_FREE char *name = newfile_numbered(place->base, i);

		char *shown = newfile_numbered(place->path, i);

		ret = take_free(place, file, name);
		if (!ret)
			*beside = shown;
		else
			free(shown);
	}
	return ret;
}

int newfile_replace(const struct newfile_place *place, int older_fd, struct newfile *file,
		    char **beside)
{
	int ret = newfile_has_name(place, older_fd);
	bool has_name = ret == 1;

	*beside = NULL;
	if (ret >= 0)
		ret = link_if_unnamed(place, file);
	if (ret < 0)
		return ret;
	if (has_name) {
		ret = rename_to(place, file, place->base, 0);
		if (ret < 0)
			return ret;
		forget_temporary(file);
		file->is_named = true;
	} else {
		ret = take_free(place, file, place->base);
		if (ret == -EEXIST)
			ret = take_beside(place, file, beside);
	}
	if (!ret)
		delist(file);
	return ret;
}

static void take_away(const struct newfile_place *place, const struct newfile *file)
{
	int has_name = file->is_named ? newfile_has_name(place, file->fd) : 0;

	/* Where somebody else has taken the name, the older file would be gone, too. */
	if (file->temporary && has_name != 0)
		(void)rename_to(place, file, place->base, 0);
	else if (file->temporary)
		unlinkat(place->dir_fd, file->temporary, 0);
	else if (has_name == 1)
		unlinkat(place->dir_fd, place->base, 0);
}

void newfile_discard(const struct newfile_place *place, struct newfile *file)
{
	if (file->fd >= 0)
		take_away(place, file);
	newfile_close(file);
}

void newfile_close(struct newfile *file)
{
	delist(file);
	free(file->temporary);
	if (file->older_fd >= 0)
		close(file->older_fd);
	if (file->fd >= 0)
		close(file->fd);
	*file = (struct newfile){ .fd = -1, .older_fd = -1 };
}
