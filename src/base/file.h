/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whole small files: those of tracefs, /proc and /sys say no size and are read to their end.
 * Every path is relative to a directory descriptor, so that tests give a directory of their own.
 */
#ifndef NK_BASE_FILE_H
#define NK_BASE_FILE_H

#include <dirent.h>
#include <stddef.h>

/*
 * Reads all of a file; *text is malloc'ed, NUL-terminated, the caller's. length may be NULL.
 * Returns 0 or -errno; -EFBIG above 256 MiB.
 */
int file_read(int dirfd, const char *path, char **text, size_t *length);

/*
 * Writes text in one write(2), as tracefs wants it. append: O_APPEND, else O_TRUNC.
 * Returns 0 or -errno; a short write is -EIO.
 */
int file_write(int dirfd, const char *path, const char *text, int append);

/* Opens a directory; *dir is the caller's, for closedir(3). 0 or -errno. */
int file_open_dir(int dirfd, const char *path, DIR **dir);
/* Its next entry, NULL behind the last: readdir(3), of which an error can be told from the end. */
int file_next_entry(DIR *dir, const struct dirent **entry);

/* Writes all of a buffer to a descriptor, going on after short writes and EINTR. 0 or -errno. */
int file_write_all(int fd, const void *data, size_t length);

/*
 * Whether a file can be of that name, or is and can be replaced: 0; -EISDIR: a directory has it;
 * -EEXIST: a symbolic link, a device or the like, which are nobody's to replace.
 */
int file_check_replaceable(int dirfd, const char *path);

/* ".BASE.xxxxxx", for a file on its way to that name; malloc'ed. */
char *file_temporary_name(const char *base);

/*
 * Replaces a file as a whole, by rename: what is there, whoever made it, is not written to; where
 * file_check_replaceable() says no, so does this. Several at once do no harm: the last one's text
 * stays. Its directory is made where it is missing; path_open_directory() leads there. 0 or -errno.
 */
int file_replace(int dirfd, const char *path, const char *text);

#endif
