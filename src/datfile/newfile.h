/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A file that takes its name only once it is complete: without a name meanwhile (O_TMPFILE) where
 * the file system has that, else under a temporary one beside it.
 */
#ifndef NK_DATFILE_NEWFILE_H
#define NK_DATFILE_NEWFILE_H

#include <sys/types.h>

#include "base/diag.h"

/* A place for files: a directory and a name in it. It stays where it is whatever chdir(2) does. */
struct newfile_place {
	char *path; /* as given, for messages */
	char *base;
	int dir_fd;
};

/* -errno with a diag; -EISDIR, -EEXIST ...: something other than a regular file has that name. */
int newfile_place_open(const char *path, struct newfile_place *place, struct diags *diags);
void newfile_place_close(struct newfile_place *place);

struct newfile {
	int fd;
	char *temporary; /* its name in the directory of the place; NULL: it has none */
};

int newfile_open(const struct newfile_place *place, mode_t mode, struct newfile *file);
/* Gives the file its name, in place of an older one, at once. The descriptor stays open. */
int newfile_commit(const struct newfile_place *place, struct newfile *file);
/* Closes and forgets a file that was not committed. */
void newfile_discard(const struct newfile_place *place, struct newfile *file);

#endif
