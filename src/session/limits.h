/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How many files nk may have open: some for each CPU that a machine could have, in each instance.
 * How large one may become is told by write(2), as that of a full disk: SIGXFSZ (setrlimit(2))
 * would end nk in the middle of its work.
 */
#ifndef NK_SESSION_LIMITS_H
#define NK_SESSION_LIMITS_H

/*
 * As many as the administrator allows, instead of as many as a shell does. What cannot be had is
 * told by whoever is refused a file.
 */
void limits_raise(void);
/* In a child, before it runs a program: select(2) is used by some that count on the old one. */
void limits_restore(void);

#endif
