/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory that is either had or ends the process. Out of memory is the one error that may do so;
 * it does it here alone, after the hook that the broker sets to undo what it did in the kernel.
 */
#ifndef NK_BASE_ALLOC_H
#define NK_BASE_ALLOC_H

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void *xmalloc(size_t size) __attribute__((malloc, returns_nonnull));
void *xcalloc(size_t count, size_t size) __attribute__((malloc, returns_nonnull));
void *xrealloc_array(void *old, size_t count, size_t size) __attribute__((returns_nonnull));
char *xstrdup(const char *text) __attribute__((malloc, returns_nonnull));
char *xstrndup(const char *text, size_t length) __attribute__((malloc, returns_nonnull));
char *xasprintf(const char *format, ...)
	__attribute__((malloc, returns_nonnull, format(printf, 1, 2)));
char *xvasprintf(const char *format, va_list args) __attribute__((malloc, returns_nonnull));

/*
 * size bytes of zeros, right behind which nothing can be read (less than a page behind them where
 * size is no multiple of one). For what is given to code that does not look where it reads.
 */
void *xmap_fenced(size_t size) __attribute__((returns_nonnull));
void unmap_fenced(void *memory, size_t size);

/*
 * Called once before the process ends for want of memory; must not allocate. Returns what the user
 * is to be told beside that, NULL for nothing. NULL: none.
 */
void alloc_set_last_words(const char *(*hook)(void));
/* Another one, before that, which says nothing. NULL: none. */
void alloc_set_last_deed(void (*hook)(void));

/*
 * Ends the process so: for what calls a library that says only by errno, or not at all, that it got
 * no memory.
 */
void alloc_failed(void) __attribute__((noreturn));

/*
 * Appends one zeroed item to an array of count items, growing it by doubling, and returns it:
 * struct x *item = array_add(&array, &count). The array is freed by free().
 */
#define array_add(array, count)                                                                    \
	((__typeof__(*(array)))array_add_sized((void **)(array), (count), sizeof(**(array))))
void *array_add_sized(void **array, size_t *count, size_t size);

/* Cleanup attributes: NK_FREE char *text = NULL; */
static inline void cleanup_free(void *pointer)
{
	free(*(void **)pointer);
}

static inline void cleanup_close(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void cleanup_fclose(FILE **file)
{
	if (*file)
		fclose(*file);
}

#define NK_FREE	  __attribute__((cleanup(cleanup_free)))
#define NK_CLOSE  __attribute__((cleanup(cleanup_close)))
#define NK_FCLOSE __attribute__((cleanup(cleanup_fclose)))

#endif
