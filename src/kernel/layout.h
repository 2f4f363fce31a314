/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where struct members lie on this kernel. Sources in this order: a BTF file given, the kernel's
 * own BTF, the profile of its build id, the first 20 bytes of struct sock_common (unmoved from 5.10
 * to 7.2). Embedded and anonymous structs and unions are searched: sock.skc_dport is found.
 */
#ifndef NK_KERNEL_LAYOUT_H
#define NK_KERNEL_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/diag.h"
#include "kernel/profile.h"

enum layout_source {
	LAYOUT_BTF_FILE,
	LAYOUT_BTF,
	LAYOUT_PROFILE,
	LAYOUT_BUILTIN,
	LAYOUT_SOURCE_COUNT
};

extern const char *const layout_source_names[LAYOUT_SOURCE_COUNT]; /* "btf file", "btf", ... */

struct layout_member {
	size_t offset; /* bytes from the start of the struct; of a bit-field its storage unit */
	size_t size;   /* bytes; of a bit-field its storage unit; of an array the whole */
	unsigned int bit_width;	 /* 0: not a bit-field */
	unsigned int bit_offset; /* from the storage unit's least significant bit (little endian) */
	enum layout_source source;
};

struct layout;

/*
 * Adds one source; the order of calls is the order of look-up. A source that is not there is 0 for
 * the kernel's own and -errno with a diag for a file that the user named.
 */
struct layout *layout_new(void);
int layout_add_btf(struct layout *layout, const char *path, enum layout_source source,
		   struct diags *diags);
void layout_add_profile(struct layout *layout, const struct profile *profile); /* borrowed */
void layout_add_builtin(struct layout *layout);
void layout_free(struct layout *layout);

/*
 * path is "STRUCT.MEMBER" or "STRUCT.MEMBER.MEMBER". 0 and *member, or -ENOENT with *near set to a
 * malloc'ed "STRUCT.MEMBER" that is spelt like it, or NULL; near itself may be NULL. -ENOTUNIQ:
 * there is more than one of that name inside, or the kernel has several structs of that name.
 */
int layout_find(const struct layout *layout, const char *path, struct layout_member *member,
		char **near);
/* True where some source knows the struct at all: tells a wrong member from a missing source. */
bool layout_has_struct(const struct layout *layout, const char *name);
/* True where some source is BTF: what that lacks, this kernel does not have. */
bool layout_has_btf(const struct layout *layout);

#endif
