/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * In: a path. Out: the directory, found component by component. It holds true that a link is looked
 * at and followed by one descriptor: nobody can put another in its place in between. The kernel's
 * own protected_symlinks is about sticky directories only, and may be off.
 */
#include "base/path.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/alloc.h"

#define LINKS_MOST 40 /* as in the kernel */

struct walk {
	int fd;	    /* the directory so far */
	char *rest; /* what is still to be walked */
	int links;
};

/* sudo(8) sets it for root, and nobody else's environment is asked. */
static bool is_caller(uid_t owner)
{
	const char *id = getuid() == 0 ? secure_getenv("SUDO_UID") : NULL;
	char *end;

	if (!id || *id < '0' || *id > '9')
		return false;

	unsigned long uid = strtoul(id, &end, 10);
	return *end == '\0' && uid == owner;
}

static bool is_trusted(uid_t owner)
{
	return owner == 0 || owner == getuid() || owner == geteuid() || is_caller(owner);
}

static int enter(struct walk *walk, int fd)
{
	if (walk->fd >= 0)
		close(walk->fd);
	walk->fd = fd;
	return 0;
}

static int start(struct walk *walk, const char *path)
{
	int fd = open(*path == '/' ? "/" : ".", O_PATH | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? -errno : enter(walk, fd);
}

/* The links of /proc are the kernel's, and lead where no text tells. */
static bool is_magic(int link_fd)
{
	struct statfs status;

	return fstatfs(link_fd, &status) == 0 && status.f_type == PROC_SUPER_MAGIC;
}

static int follow(struct walk *walk, int link_fd)
{
	char target[PATH_MAX];
	ssize_t length = readlinkat(link_fd, "", target, sizeof(target) - 1);

	if (length < 0)
		return -errno;
	target[length] = '\0';
	if (++walk->links > LINKS_MOST)
		return -ELOOP;

	char *rest = xasprintf("%s/%s", target, walk->rest);
	free(walk->rest);
	walk->rest = rest;
	return *target == '/' ? start(walk, "/") : 0;
}

static int step(struct walk *walk, const char *name)
{
	NK_CLOSE int fd = openat(walk->fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat status;

	if (fd < 0 || fstat(fd, &status) != 0)
		return -errno;
	if (S_ISLNK(status.st_mode) && is_magic(fd)) {
		int behind = openat(walk->fd, name, O_PATH | O_DIRECTORY | O_CLOEXEC);

		return behind < 0 ? -errno : enter(walk, behind);
	}
	if (S_ISLNK(status.st_mode))
		return is_trusted(status.st_uid) ? follow(walk, fd) : -EPERM;
	if (!S_ISDIR(status.st_mode))
		return -ENOTDIR;

	int err = enter(walk, fd);
	fd = -1;
	return err;
}

/* Takes the first component off the rest; NULL: it is walked. */
static char *next_name(struct walk *walk)
{
	const char *from = walk->rest + strspn(walk->rest, "/");
	size_t length = strcspn(from, "/");

	if (length == 0)
		return NULL;

	char *name = xstrndup(from, length);
	char *rest = xstrdup(from + length);
	free(walk->rest);
	walk->rest = rest;
	return name;
}

int path_open_directory(const char *path, int *fd)
{
	struct walk walk = { .fd = -1, .rest = xstrdup(path) };
	int err = *path ? start(&walk, path) : -ENOENT;
	char *name;

	while (!err && (name = next_name(&walk))) {
		if (strcmp(name, ".") != 0)
			err = step(&walk, name);
		free(name);
	}
	free(walk.rest);
	if (err && walk.fd >= 0)
		close(walk.fd);
	if (!err)
		*fd = walk.fd;
	return err;
}
