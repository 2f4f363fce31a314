/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Struct members out of BTF (Documentation/bpf/btf.rst of the kernel). libbpf parses it, from a
 * file and nothing else: no bpf(2) call is made. Private to layout.c. Without libbpf, opening is
 * -ENOTSUP.
 */
#ifndef NK_KERNEL_LAYOUT_BTF_H
#define NK_KERNEL_LAYOUT_BTF_H

#include <stdbool.h>
#include <stddef.h>

#include "kernel/layout.h"

struct layout_btf;

/* A file of BTF, as /sys/kernel/btf/vmlinux is, or an ELF file with a .BTF section. 0 or -errno. */
int layout_btf_open(const char *path, struct layout_btf **out);
void layout_btf_close(struct layout_btf *btf);

bool layout_btf_has_struct(const struct layout_btf *btf, const char *name);
/*
 * path: MEMBER or MEMBER.MEMBER of struct (or union, or typedef of one) name. -ENOENT, or -ENOTUNIQ
 * where it is inside more than once. member->source is left alone.
 */
int layout_btf_find(const struct layout_btf *btf, const char *name, const char *path,
		    struct layout_member *member);
/* Names of all members inside; the array is malloc'ed, the names are borrowed from btf. */
void layout_btf_names(const struct layout_btf *btf, const char *name, const char ***names,
		      size_t *count);

#endif
