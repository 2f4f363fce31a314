/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What kallsyms said of the functions that were asked for, kept from one run to the next: reading
 * it is the slowest part of a start. It holds for a kernel of the same build id with the same
 * modules, and for the names that were asked for, be they there or not. A file that is not whole,
 * or is of another kernel, is as good as none; whoever has no right to write it goes without.
 */
#ifndef NK_KERNEL_SYMBOLCACHE_H
#define NK_KERNEL_SYMBOLCACHE_H

#include <stdbool.h>
#include <stddef.h>

struct symbolcache {
	char *path; /* relative to the root; NULL: nothing can be kept */
	char *head; /* whose it is */
	char **wanted;
	size_t wanted_count;
	char *lines; /* of kallsyms, without addresses; NULL where none are kept */
};

/*
 * Reads $localstatedir/lib/nk/BUILD_ID.symbols below root_fd. Only what procfs says is kept: where
 * anything else lies at proc/kallsyms, or build_id is NULL, the cache stays empty.
 */
void symbolcache_read(int root_fd, const char *build_id, struct symbolcache *cache);
bool symbolcache_has(const struct symbolcache *cache, const char *const *names, size_t count);
/* Adds names to those that are kept: kallsyms is then read for all of cache->wanted. */
void symbolcache_want(struct symbolcache *cache, const char *const *names, size_t count);
/* Replaces the file; lines: of symbols_lines(), for all of cache->wanted. */
void symbolcache_write(int root_fd, const struct symbolcache *cache, const char *lines);
void symbolcache_clear(struct symbolcache *cache);

#endif
