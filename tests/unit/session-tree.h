/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A directory of plain files that stands for tracefs, /proc or the run directory; and what kernels
 * really show there (tests/capture-session).
 */
#ifndef NK_TESTS_SESSION_TREE_H
#define NK_TESTS_SESSION_TREE_H

#include <check.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"

static const char *const captured_releases[] __attribute__((unused)) = { "5.10", "6.1", "7.2" };
#define CAPTURED_RELEASES 3

static inline char *captured_text(const char *release, const char *name)
{
	NK_FREE char *path = xasprintf(TESTDIR "/unit/data/session/%s/%s", release, name);
	char *text = NULL;

	ck_assert_msg(file_read(AT_FDCWD, path, &text, NULL) == 0, "%s cannot be read", path);
	return text;
}

struct tree {
	char path[64];
	int fd;
};

static inline struct tree tree_make(void)
{
	struct tree tree;

	snprintf(tree.path, sizeof(tree.path), "/tmp/nk-unit.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(tree.path));
	tree.fd = open(tree.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(tree.fd, 0);
	return tree;
}

/* Makes the directories that lead to the last name of path. */
static inline void tree_mkdirs(const struct tree *tree, const char *path)
{
	NK_FREE char *copy = xstrdup(path);

	for (char *slash = strchr(copy, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdirat(tree->fd, copy, 0755);
		*slash = '/';
	}
}

static inline void tree_write(const struct tree *tree, const char *path, const char *text)
{
	tree_mkdirs(tree, path);

	NK_CLOSE int fd = openat(tree->fd, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	ck_assert_msg(fd >= 0, "%s cannot be made", path);
	ck_assert_int_eq(file_write_all(fd, text, strlen(text)), 0);
}

static inline char *tree_read(const struct tree *tree, const char *path)
{
	char *text = NULL;

	ck_assert_msg(file_read(tree->fd, path, &text, NULL) == 0, "%s is not there", path);
	return text;
}

static inline int tree_has(const struct tree *tree, const char *path)
{
	return faccessat(tree->fd, path, F_OK, 0) == 0;
}

static inline int tree_open(const struct tree *tree, const char *path)
{
	int fd = openat(tree->fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	ck_assert_msg(fd >= 0, "%s cannot be opened", path);
	return fd;
}

static inline int tree_remove_one(const char *path, const struct stat *status, int type,
				  struct FTW *ftw)
{
	(void)status;
	(void)type;
	(void)ftw;
	return remove(path);
}

static inline void tree_remove(struct tree *tree)
{
	close(tree->fd);
	nftw(tree->path, tree_remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

#endif
