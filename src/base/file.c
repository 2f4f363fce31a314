/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whole small files. Those of tracefs, /proc and /sys say no size, so they are read to their end.
 */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/path.h"

#define FILE_LIMIT ((size_t)256 << 20)

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

/* A file that is there, whoever made it, is not written to but replaced. */
static int replace_file(int dir_fd, const char *base, const char *text)
{
	NK_FREE char *fresh = xasprintf("%s.new", base);

	unlinkat(dir_fd, fresh, 0);

	NK_CLOSE int fd = openat(dir_fd, fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	int err = fd < 0 ? -errno : file_write_all(fd, text, strlen(text));

	if (fd < 0)
		return err;
	if (!err && fsync(fd) != 0)
		err = -errno;
	if (!err && renameat(dir_fd, fresh, dir_fd, base) != 0)
		err = -errno;
	if (err)
		unlinkat(dir_fd, fresh, 0);
	return err;
}

int file_replace(int dirfd, const char *path, const char *text)
{
	const char *slash = strrchr(path, '/');
	NK_FREE char *dir = slash ? xstrndup(path, (size_t)(slash - path) + 1) : xstrdup(".");
	NK_CLOSE int dir_fd = -1;
	int err = make_directories(dirfd, path);

	if (!err && dirfd == AT_FDCWD)
		err = path_open_directory(dir, &dir_fd);
	else if (!err)
		dir_fd = openat(dirfd, dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (!err && dir_fd < 0)
		err = -errno;
	return err ? err : replace_file(dir_fd, slash ? slash + 1 : path, text);
}
