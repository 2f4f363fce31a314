/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The GNU build id of a kernel, by which profiles are told apart.
 */
#ifndef NK_KERNEL_BUILDID_H
#define NK_KERNEL_BUILDID_H

#include <stddef.h>

/*
 * notes: the bytes of /sys/kernel/notes, ELF notes in the byte order of this machine (elf(5)).
 * malloc'ed lower-case hex of the first note of name "GNU" and type NT_GNU_BUILD_ID, or NULL.
 */
char *buildid_of_notes(const void *notes, size_t length);

#endif
