/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A name to a file that is complete from the first moment in which it can be seen by that name. A
 * process that is killed leaves the older file; where there is no O_TMPFILE also a file named
 * ".NAME.XXXXXX".
 */
#include "datfile/newfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/path.h"

#define NAME_ATTEMPTS 100

static int check_target(const struct newfile_place *place, struct diags *diags)
{
	struct stat status;

	if (fstatat(place->dir_fd, place->base, &status, AT_SYMLINK_NOFOLLOW) < 0) {
		if (errno == ENOENT)
			return 0;
		return diag_error(diags, errno, "cannot create '%s': %s", place->path,
				  strerror(errno));
	}
	if (S_ISREG(status.st_mode))
		return 0;
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

static char *temporary_name(const struct newfile_place *place)
{
	uint32_t number = 0;

	if (getrandom(&number, sizeof(number), GRND_NONBLOCK) < 0)
		number = (uint32_t)getpid();
	/* A name may have 255 bytes. */
	return xasprintf(".%.200s.%06x", place->base, number & 0xffffff);
}

/* Tries names until one is free: make() is open or link. */
static int with_free_name(const struct newfile_place *place, struct newfile *file,
			  int (*make)(const struct newfile_place *place, struct newfile *file,
				      mode_t mode),
			  mode_t mode)
{
	for (int i = 0; i < NAME_ATTEMPTS; i++) {
		int ret;

		file->temporary = temporary_name(place);
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

int newfile_open(const struct newfile_place *place, mode_t mode, struct newfile *file)
{
	struct newfile made = { .fd = -1 };
	int ret = 0;

	/* Without /proc a file without a name could never be given one. */
	if (access("/proc/self/fd", X_OK) == 0)
		made.fd = openat(place->dir_fd, ".", O_RDWR | O_TMPFILE | O_CLOEXEC, mode);
	if (made.fd < 0)
		ret = with_free_name(place, &made, make_named, mode);
	if (!ret)
		*file = made;
	return ret;
}

int newfile_commit(const struct newfile_place *place, struct newfile *file)
{
	int ret = 0;

	if (!file->temporary)
		ret = with_free_name(place, file, link_named, 0);
	if (ret < 0)
		return ret;
	if (renameat(place->dir_fd, file->temporary, place->dir_fd, place->base) < 0)
		return -errno;
	free(file->temporary);
	file->temporary = NULL;
	return 0;
}

void newfile_discard(const struct newfile_place *place, struct newfile *file)
{
	if (file->temporary)
		unlinkat(place->dir_fd, file->temporary, 0);
	free(file->temporary);
	if (file->fd >= 0)
		close(file->fd);
	*file = (struct newfile){ .fd = -1 };
}
