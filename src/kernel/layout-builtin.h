/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Layouts that need no look at the kernel: those of its user ABI, the first 20 bytes of struct
 * sock_common, and the pointer at the beginning of struct msghdr.
 */
#ifndef NK_KERNEL_LAYOUT_BUILTIN_H
#define NK_KERNEL_LAYOUT_BUILTIN_H

#include <stddef.h>
#include <stdint.h>

struct layout_row {
	const char *path; /* STRUCT.MEMBER */
	uint16_t offset, size;
	uint8_t bit_width, bit_offset;
};

extern const struct layout_row layout_builtin[];
extern const size_t layout_builtin_count;

/* The struct that this one begins with, at offset 0: "sock_common" of "sock"; NULL: none known. */
const char *layout_first_part(const char *name);

#endif
