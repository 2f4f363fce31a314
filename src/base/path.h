/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ways to a directory that no other user decides.
 */
#ifndef NK_BASE_PATH_H
#define NK_BASE_PATH_H

/*
 * Opens a directory (O_PATH), following on the way those symbolic links alone that root or the user
 * made: the real one, the effective one, or, for root, the one who called sudo(8). -EPERM: a link
 * on the way is somebody else's; -ELOOP, -ENOENT ...
 */
int path_open_directory(const char *path, int *fd);

#endif
