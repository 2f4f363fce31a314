/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The file, as text: its head (the build id, and each module with its size, as /proc/modules has
 * them), a line "wanted NAME" for each name, "lines", those of kallsyms, "end".
 */
#include "kernel/symbolcache.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/text.h"

/* Probes of many users come and go: what is not asked for any more is dropped with the rest. */
#define NAMES_MAX 1000

static bool is_of_procfs(int root_fd)
{
	NK_CLOSE int fd = openat(root_fd, "proc/kallsyms", O_RDONLY | O_CLOEXEC);
	struct statfs system;

	return fd >= 0 && fstatfs(fd, &system) == 0 && system.f_type == PROC_SUPER_MAGIC;
}

/* NULL: the modules cannot be read. A kernel that has none has no such file. */
static char *make_head(int root_fd, const char *build_id)
{
	NK_FREE char *modules = NULL;
	struct text head = { 0 };
	int err = file_read(root_fd, "proc/modules", &modules, NULL);
	char *cursor = modules;
	char *line;

	if (err && err != -ENOENT)
		return NULL;
	text_add(&head,
		 "# What kallsyms says of functions that nk was asked for. It may be deleted.\n");
	text_addf(&head, "build-id %s\n", build_id);
	while (cursor && (line = text_next_line(&cursor))) {
		char *name = text_next_word(&line);
		char *size = text_next_word(&line);

		text_addf(&head, "module %s %s\n", name ? name : "", size ? size : "");
	}
	return text_steal(&head);
}

/* What follows the head; false: it is not whole. */
static bool parse(char *text, struct symbolcache *cache)
{
	char *line;

	while ((line = text_next_line(&text)) && text_starts_with(line, "wanted "))
		*array_add(&cache->wanted, &cache->wanted_count) =
			xstrdup(line + strlen("wanted "));
	if (!line || strcmp(line, "lines") != 0)
		return false;

	size_t length = strlen(text);

	if (length < 4 || strcmp(text + length - 4, "end\n") != 0)
		return false;
	cache->lines = xstrndup(text, length - 4);
	return true;
}

static void forget(struct symbolcache *cache)
{
	for (size_t i = 0; i < cache->wanted_count; i++)
		free(cache->wanted[i]);
	free(cache->wanted);
	free(cache->lines);
	cache->wanted = NULL;
	cache->wanted_count = 0;
	cache->lines = NULL;
}

void symbolcache_read(int root_fd, const char *build_id, struct symbolcache *cache)
{
	NK_FREE char *text = NULL;

	*cache = (struct symbolcache){ 0 };
	if (!build_id || !is_of_procfs(root_fd))
		return;
	cache->head = make_head(root_fd, build_id);
	if (!cache->head)
		return;
	cache->path = xasprintf("%s/lib/nk/%s.symbols", &LOCALSTATEDIR[LOCALSTATEDIR[0] == '/'],
				build_id);
	if (file_read(root_fd, cache->path, &text, NULL) != 0 ||
	    !text_starts_with(text, cache->head) || !parse(text + strlen(cache->head), cache))
		forget(cache);
}

static bool is_wanted(const struct symbolcache *cache, const char *name)
{
	for (size_t i = 0; i < cache->wanted_count; i++)
		if (strcmp(cache->wanted[i], name) == 0)
			return true;
	return false;
}

bool symbolcache_has(const struct symbolcache *cache, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!is_wanted(cache, names[i]))
			return false;
	return cache->lines != NULL;
}

void symbolcache_want(struct symbolcache *cache, const char *const *names, size_t count)
{
	if (cache->wanted_count > NAMES_MAX)
		forget(cache);
	for (size_t i = 0; i < count; i++)
		if (!is_wanted(cache, names[i]))
			*array_add(&cache->wanted, &cache->wanted_count) = xstrdup(names[i]);
}

void symbolcache_write(int root_fd, const struct symbolcache *cache, const char *lines)
{
	struct text text = { 0 };

	if (!cache->path)
		return;
	text_add(&text, cache->head);
	for (size_t i = 0; i < cache->wanted_count; i++)
		text_addf(&text, "wanted %s\n", cache->wanted[i]);
	text_addf(&text, "lines\n%send\n", lines);
	/* Without it the next start is slower, and no worse. */
	(void)file_replace(root_fd, cache->path, text.data);
	text_clear(&text);
}

void symbolcache_clear(struct symbolcache *cache)
{
	forget(cache);
	free(cache->path);
	free(cache->head);
	*cache = (struct symbolcache){ 0 };
}
