/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A file that takes its name only once it is complete: without a name meanwhile (O_TMPFILE) where
 * the file system has that, else under a temporary one beside it. As long as it is open nobody who
 * keeps to this takes the name away from it.
 */
#ifndef NK_DATFILE_NEWFILE_H
#define NK_DATFILE_NEWFILE_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/diag.h"

/* A place for files: a directory and a name in it. It stays where it is whatever chdir(2) does. */
struct newfile_place {
	char *path; /* as given, for messages */
	char *base;
	int dir_fd;
};

/*
 * -errno with a diag; -EISDIR, -EEXIST ...: something other than a regular file has that name;
 * -EBUSY: one that is being recorded to.
 */
int newfile_place_open(const char *path, struct newfile_place *place, struct diags *diags);
void newfile_place_close(struct newfile_place *place);

struct newfile {
	int fd; /* under an exclusive flock(2) as long as it is open */
	/*
	 * A name in the directory of the place: its own, and once it has taken the place's name
	 * that of the older file, which is set aside. NULL: none.
	 */
	char *temporary;
	int older_fd; /* of the older file, locked, too; -1: none */
	bool is_named;
	/* Of those that are taken away where memory ends the process. */
	const struct newfile_place *place;
	struct newfile *next;
};

/*
 * file and place stay where they are until newfile_settle(), newfile_replace() or newfile_close():
 * until then a process that runs out of memory takes the file away.
 */

int newfile_open(const struct newfile_place *place, mode_t mode, struct newfile *file);
/*
 * Gives the file its name, at once. An older file of that name is set aside until
 * newfile_settle(), or goes where the file system cannot exchange names. -EBUSY: that one is being
 * recorded to.
 */
int newfile_take_name(const struct newfile_place *place, struct newfile *file);
/* The older file goes: 0 or -errno. */
int newfile_settle(const struct newfile_place *place, struct newfile *file);
/*
 * Takes the name of the file that older_fd is, at once; where it does not have it any more and
 * another one has, a name like it, which is in *beside then, the caller's: else NULL.
 */
int newfile_replace(const struct newfile_place *place, int older_fd, struct newfile *file,
		    char **beside);
/* 1 where what has the name is the file that fd is, 0 where it is not, or -errno. */
int newfile_has_name(const struct newfile_place *place, int fd);
/*
 * Path with a number in it, before a suffix .dat that other programs (KernelShark) look for.
 * malloc'ed.
 */
char *newfile_numbered(const char *path, size_t number);
/* Says why there can be no file of that name, and returns err. */
int newfile_refused(const struct newfile_place *place, int err, struct diags *diags);
/* Closes the file and takes it away: what was set aside for it has its name again. */
void newfile_discard(const struct newfile_place *place, struct newfile *file);
/* Closes the file and leaves it. */
void newfile_close(struct newfile *file);

#endif
