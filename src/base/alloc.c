/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory that is either had or ends the process, after the hook that undoes what was done in the
 * kernel.
 */
#include "base/alloc.h"

#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

static const char *(*last_words)(void);
static void (*last_deed)(void);

void alloc_set_last_words(const char *(*hook)(void))
{
	last_words = hook;
}

void alloc_set_last_deed(void (*hook)(void))
{
	last_deed = hook;
}

void alloc_failed(void)
{
	if (last_deed)
		last_deed();

	const char *words = last_words ? last_words() : NULL;
	char line[256];

	snprintf(line, sizeof(line), "nk: out of memory%s%s\n", words ? "; " : "",
		 words ? words : "");
	if (write(STDERR_FILENO, line, strlen(line)) < 0)
		_exit(1);
	_exit(1);
}

static void *checked(void *memory)
{
	if (!memory)
		alloc_failed();
	return memory;
}

void *xmalloc(size_t size)
{
	return checked(malloc(size ? size : 1));
}

void *xcalloc(size_t count, size_t size)
{
	return checked(calloc(count ? count : 1, size ? size : 1));
}

void *xrealloc_array(void *old, size_t count, size_t size)
{
	return checked(reallocarray(old, count ? count : 1, size ? size : 1));
}

static size_t fenced_bytes(size_t size)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	return (size + page - 1) / page * page;
}

void *xmap_fenced(size_t size)
{
	size_t bytes = fenced_bytes(size), page = (size_t)sysconf(_SC_PAGESIZE);
	char *memory = mmap(NULL, bytes + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			    -1, 0);

	if (memory == MAP_FAILED || mprotect(memory + bytes, page, PROT_NONE) != 0)
		memory = NULL;
	return checked(memory);
}

void unmap_fenced(void *memory, size_t size)
{
	munmap(memory, fenced_bytes(size) + (size_t)sysconf(_SC_PAGESIZE));
}

char *xstrdup(const char *text)
{
	return checked(strdup(text));
}

char *xstrndup(const char *text, size_t length)
{
	return checked(strndup(text, length));
}

char *xvasprintf(const char *format, va_list args)
{
	char *text;

	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	return checked(text);
}

char *xasprintf(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	char *text = xvasprintf(format, args);
	va_end(args);
	return text;
}

void *array_add_sized(void **array, size_t *count, size_t size)
{
	size_t used = *count;

	/* Room is the next power of two, so that no third variable has to remember it. */
	if ((used & (used - 1)) == 0)
		*array = xrealloc_array(*array, used ? used * 2 : 1, size);
	*count = used + 1;
	return memset((char *)*array + used * size, 0, size);
}
