/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whole small files. Those of tracefs, /proc and /sys say no size, so they are read to their end.
 */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/path.h"

#define FILE_LIMIT ((size_t)256 << 20)

/* Of files that are made here. */
#define FILE_MODE     0644
#define NAME_ATTEMPTS 100

static int read_to_end(int fd, char **text, size_t *length)
{
	NK_FREE char *data = NULL;
	size_t room = 16384;
	size_t used = 0;

	data = xmalloc(room);
	for (;;) {
		ssize_t got = read(fd, data + used, room - used - 1);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (got == 0)
			break;
		used += (size_t)got;
		if (used > FILE_LIMIT)
			return -EFBIG;
		if (used + 1 == room) {
			data = xrealloc_array(data, room, 2);
			room *= 2;
		}
	}
	data[used] = '\0';
	*text = data;
	data = NULL;
	if (length)
		*length = used;
	return 0;
}

int file_read(int dirfd, const char *path, char **text, size_t *length)
{
	NK_CLOSE int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	return read_to_end(fd, text, length);
}

int file_write(int dirfd, const char *path, const char *text, int append)
{
	size_t length = strlen(text);
	NK_CLOSE int fd = openat(dirfd, path, O_WRONLY | O_CLOEXEC | (append ? O_APPEND : O_TRUNC));

	if (fd < 0)
		return -errno;

	ssize_t done;

	/* Interrupted, it has written nothing. */
	do {
		done = write(fd, text, length);
	} while (done < 0 && errno == EINTR);
	if (done < 0)
		return -errno;
	return (size_t)done == length ? 0 : -EIO;
}

int file_open_dir(int dirfd, const char *path, DIR **dir)
{
	NK_CLOSE int fd = openat(dirfd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *opened = fd < 0 ? NULL : fdopendir(fd);

	if (!opened)
		return -errno;
	fd = -1;
	*dir = opened;
	return 0;
}

int file_next_entry(DIR *dir, const struct dirent **entry)
{
	errno = 0;
	*entry = readdir(dir);
	return *entry ? 0 : -errno;
}

int file_write_all(int fd, const void *data, size_t length)
{
	const char *next = data;

	while (length > 0) {
		ssize_t done = write(fd, next, length);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return -errno;
		next += done;
		length -= (size_t)done;
	}
	return 0;
}

/* Every directory above the file. */
static int make_directories(int dirfd, const char *path)
{
	NK_FREE char *part = xstrdup(path);

	for (char *slash = strchr(part + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdirat(dirfd, part, 0755) != 0 && errno != EEXIST)
			return -errno;
		*slash = '/';
	}
	return 0;
}

/* A link is not followed: where it leads may be nothing that is to be replaced. */
int file_check_replaceable(int dirfd, const char *path)
{
	struct stat status;

	if (fstatat(dirfd, path, &status, AT_SYMLINK_NOFOLLOW) != 0)
		return errno == ENOENT ? 0 : -errno;
	if (S_ISREG(status.st_mode))
		return 0;
	return S_ISDIR(status.st_mode) ? -EISDIR : -EEXIST;
}

char *file_temporary_name(const char *base)
{
	uint32_t number = 0;

	if (getrandom(&number, sizeof(number), GRND_NONBLOCK) < 0)
		number = (uint32_t)getpid();
	/* A name may have 255 bytes. */
	return xasprintf(".%.200s.%06x", base, number & 0xffffff);
}

/* A file on its way to a name. */
struct fresh {
	int dir_fd;
	int fd;
	char *name; /* NULL: it has none */
};

static int make_named(struct fresh *fresh)
{
	fresh->fd = openat(fresh->dir_fd, fresh->name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
			   FILE_MODE);
	return fresh->fd < 0 ? -errno : 0;
}

static int link_named(struct fresh *fresh)
{
	char self[64];

	snprintf(self, sizeof(self), "/proc/self/fd/%d", fresh->fd);
	if (linkat(AT_FDCWD, self, fresh->dir_fd, fresh->name, AT_SYMLINK_FOLLOW) != 0)
		return -errno;
	return 0;
}

/* A name that is taken is somebody else's: another one is tried. */
static int with_free_name(struct fresh *fresh, const char *base, int (*make)(struct fresh *fresh))
{
	int err = -EEXIST;

	for (int i = 0; i < NAME_ATTEMPTS && err == -EEXIST; i++) {
		fresh->name = file_temporary_name(base);
		err = make(fresh);
		if (err) {
			free(fresh->name);
			fresh->name = NULL;
		}
	}
	return err;
}

/* Without a name where that can be: whoever is killed meanwhile leaves nothing. */
static int open_fresh(struct fresh *fresh, const char *base)
{
	if (access("/proc/self/fd", X_OK) == 0)
		fresh->fd = openat(fresh->dir_fd, ".", O_WRONLY | O_TMPFILE | O_CLOEXEC, FILE_MODE);
	return fresh->fd < 0 ? with_free_name(fresh, base, make_named) : 0;
}

static int replace_file(int dir_fd, const char *base, const char *text)
{
	struct fresh fresh = { .dir_fd = dir_fd, .fd = -1 };
	int err = open_fresh(&fresh, base);

	if (!err)
		err = file_write_all(fresh.fd, text, strlen(text));
	if (!err && fsync(fresh.fd) != 0)
		err = -errno;
	if (!err && !fresh.name)
		err = with_free_name(&fresh, base, link_named);
	if (!err && renameat(dir_fd, fresh.name, dir_fd, base) != 0)
		err = -errno;
	if (err && fresh.name)
		unlinkat(dir_fd, fresh.name, 0);
	free(fresh.name);
	if (fresh.fd >= 0)
		close(fresh.fd);
	return err;
}

int file_replace(int dirfd, const char *path, const char *text)
{
	const char *slash = strrchr(path, '/');
	NK_FREE char *dir = slash ? xstrndup(path, (size_t)(slash - path) + 1) : xstrdup(".");
	const char *base = slash ? slash + 1 : path;
	NK_CLOSE int dir_fd = -1;
	int err = make_directories(dirfd, path);

	if (!err && dirfd == AT_FDCWD)
		err = path_open_directory(dir, &dir_fd);
	else if (!err)
		dir_fd = openat(dirfd, dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (!err && dir_fd < 0)
		err = -errno;
	if (!err)
		err = file_check_replaceable(dir_fd, base);
	return err ? err : replace_file(dir_fd, base, text);
}
