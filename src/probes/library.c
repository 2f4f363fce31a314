/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Directories of probe files to sets, and names to probes. A file hides those of its name in later
 * directories, mistaken or not, as with sysctl.d; an empty one takes a set away.
 */
#include "probes/library.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"
#include "probes/parse.h"

#define SUFFIX ".probes"

struct names {
	char **items;
	size_t count;
};

static void names_clear(struct names *names)
{
	for (size_t i = 0; i < names->count; i++)
		free(names->items[i]);
	free(names->items);
}

static bool names_have(const struct names *names, const char *name)
{
	for (size_t i = 0; i < names->count; i++) {
		if (strcmp(names->items[i], name) == 0)
			return true;
	}
	return false;
}

static int compare_sets(const void *a, const void *b)
{
	return strcmp((*(struct probe_set *const *)a)->name, (*(struct probe_set *const *)b)->name);
}

static bool is_probe_file(const char *name)
{
	size_t length = strlen(name);

	return name[0] != '.' && length > strlen(SUFFIX) &&
	       strcmp(name + length - strlen(SUFFIX), SUFFIX) == 0;
}

static int compare_files(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int select_file(const struct dirent *entry)
{
	return is_probe_file(entry->d_name);
}

static int load_directory(const char *path, struct probe_library *library, struct names *seen,
			  struct diags *diags)
{
	struct dirent **files;
	int count = scandir(path, &files, select_file, compare_files);

	if (count < 0)
		return -errno;
	for (int i = 0; i < count; i++) {
		NK_FREE char *file = xasprintf("%s/%s", path, files[i]->d_name);
		struct probe_set *set;

		if (!names_have(seen, files[i]->d_name)) {
			*array_add(&seen->items, &seen->count) = xstrdup(files[i]->d_name);
			if (probe_parse_file(file, &set, diags) == 0)
				*array_add(&library->sets, &library->set_count) = set;
		}
		free(files[i]);
	}
	free(files);
	return 0;
}

/* The search path, without empty elements. */
static void list_directories(const char *probes_dir, struct names *directories)
{
	const char *path = secure_getenv("NK_PROBES_PATH");

	if (probes_dir)
		*array_add(&directories->items, &directories->count) = xstrdup(probes_dir);
	while (path && *path) {
		size_t length = strcspn(path, ":");

		if (length > 0)
			*array_add(&directories->items, &directories->count) =
				xstrndup(path, length);
		path += length + (path[length] == ':');
	}
	*array_add(&directories->items, &directories->count) = xstrdup(SYSCONFDIR "/nk/probes.d");
	*array_add(&directories->items, &directories->count) = xstrdup(PKGDATADIR "/probes.d");
}

static int load_directories(const struct names *directories, bool is_first_named,
			    struct probe_library *library, struct diags *diags)
{
	struct names seen = { 0 };
	size_t read = 0;
	int first_err = 0;

	for (size_t i = 0; i < directories->count; i++) {
		const char *path = directories->items[i];
		int err = load_directory(path, library, &seen, diags);

		if (err == 0)
			read++;
		else if (first_err == 0)
			first_err = err;
		if (err && i == 0 && is_first_named) {
			diag_error(diags, -err, "cannot read %s: %s", path, strerror(-err));
			names_clear(&seen);
			return err;
		}
		if (err && err != -ENOENT)
			diag_warning(diags, "cannot read %s: %s", path, strerror(-err));
	}
	names_clear(&seen);
	return read ? 0 : first_err;
}

int probe_library_load(const char *probes_dir, struct probe_library *library, struct diags *diags)
{
	struct probe_library loaded = { 0 };
	struct names directories = { 0 };
	int err;

	list_directories(probes_dir, &directories);
	err = load_directories(&directories, probes_dir, &loaded, diags);
	if (err == -ENOENT && !probes_dir)
		diag_error(diags, ENOENT, "no probe files: none of the directories %s ... exists",
			   directories.items[0]);
	names_clear(&directories);
	if (err) {
		probe_library_clear(&loaded);
		return err;
	}
	if (loaded.set_count > 1)
		qsort(loaded.sets, loaded.set_count, sizeof(*loaded.sets), compare_sets);
	*library = loaded;
	return 0;
}

/*
 * Of the search path the set of its name, as a file there hides a later one; but what the user has
 * named is read, however often he names files of one name. The very same file is read once.
 */
static bool is_replaced(const struct probe_set *there, const struct probe_set *set)
{
	if (there->is_given)
		return strcmp(there->path, set->path) == 0;
	return strcmp(there->name, set->name) == 0;
}

static void remove_replaced(struct probe_library *library, const struct probe_set *set)
{
	size_t kept = 0;

	for (size_t i = 0; i < library->set_count; i++) {
		if (is_replaced(library->sets[i], set))
			probe_set_free(library->sets[i]);
		else
			library->sets[kept++] = library->sets[i];
	}
	library->set_count = kept;
}

void probe_library_add(struct probe_library *library, struct probe_set *set)
{
	struct probe_set **sets;

	set->is_given = true;
	if (strcmp(set->path, "-e") != 0)
		remove_replaced(library, set);
	sets = xcalloc(library->set_count + 1, sizeof(*sets));
	sets[0] = set;
	if (library->set_count)
		memcpy(sets + 1, library->sets, library->set_count * sizeof(*sets));
	free(library->sets);
	library->sets = sets;
	library->set_count++;
}

void probe_library_clear(struct probe_library *library)
{
	for (size_t i = 0; i < library->set_count; i++)
		probe_set_free(library->sets[i]);
	free(library->sets);
	*library = (struct probe_library){ 0 };
}

struct choice {
	const struct probe **probes;
	size_t count;
};

static void choose(struct choice *choice, const struct probe *probe)
{
	for (size_t i = 0; i < choice->count; i++) {
		if (choice->probes[i] == probe)
			return;
	}
	*array_add(&choice->probes, &choice->count) = probe;
}

static void choose_set(struct choice *choice, const struct probe_set *set)
{
	for (size_t i = 0; i < set->probe_count; i++)
		choose(choice, &set->probes[i]);
}

static const struct probe *find_probe(const struct probe_set *set, const char *name)
{
	for (size_t i = 0; i < set->probe_count; i++) {
		if (strcmp(set->probes[i].name, name) == 0)
			return &set->probes[i];
	}
	return NULL;
}

/* SET/PROBE and SET:PROBE; of a tracepoint SYSTEM:EVENT too. */
static const struct probe *find_qualified(const struct probe_library *library, const char *name)
{
	size_t length = strcspn(name, "/:");

	if (!name[length])
		return NULL;
	for (size_t i = 0; i < library->set_count; i++) {
		const struct probe_set *set = library->sets[i];
		const struct probe *probe = find_probe(set, name + length + 1);
		const char *group = probe ? probe->group : "";

		if (!probe)
			continue;
		if (strlen(set->name) == length && strncmp(set->name, name, length) == 0)
			return probe;
		if (probe->kind == PROBE_TRACEPOINT && strlen(group) == length &&
		    strncmp(group, name, length) == 0)
			return probe;
	}
	return NULL;
}

static bool choose_name(const struct probe_library *library, const char *name,
			struct choice *choice)
{
	const struct probe *probe = find_qualified(library, name);
	bool is_set = false;

	for (size_t i = 0; i < library->set_count && !probe; i++) {
		if (strcmp(library->sets[i]->name, name) != 0)
			continue;
		choose_set(choice, library->sets[i]);
		is_set = true;
	}
	if (is_set)
		return true;
	for (size_t i = 0; i < library->set_count && !probe; i++)
		probe = find_probe(library->sets[i], name);
	if (probe)
		choose(choice, probe);
	return probe;
}

/* What stands before the probe's name in SET/PROBE is kept, so that the hint can be typed. */
static void tell_unknown(const struct probe_library *library, const char *name, struct diags *diags)
{
	size_t prefix = strcspn(name, "/:");
	const char **names = NULL;
	const char *near;
	size_t count = 0;

	if (!diags)
		return;
	prefix = name[prefix] ? prefix + 1 : 0;
	for (size_t i = 0; i < library->set_count; i++) {
		const struct probe_set *set = library->sets[i];

		if (!prefix)
			*array_add(&names, &count) = set->name;
		for (size_t j = 0; j < set->probe_count; j++)
			*array_add(&names, &count) = set->probes[j].name;
	}
	diag_error(diags, ENOENT, "there is no set or probe '%s'", name);
	near = diag_nearest(name + prefix, names, count);
	if (near)
		diags->items[diags->count - 1].hint = xasprintf("did you mean '%s'?", near);
	free(names);
}

int probe_library_choose(const struct probe_library *library, const char *const *names,
			 size_t name_count, const struct probe ***chosen, size_t *count,
			 struct diags *diags)
{
	struct choice choice = { 0 };
	int err = 0;

	for (size_t i = 0; i < name_count; i++) {
		if (choose_name(library, names[i], &choice))
			continue;
		tell_unknown(library, names[i], diags);
		err = -ENOENT;
	}
	for (size_t i = 0; i < library->set_count && name_count == 0; i++)
		choose_set(&choice, library->sets[i]);
	if (err) {
		free(choice.probes);
		return err;
	}
	*chosen = choice.probes;
	*count = choice.count;
	return 0;
}
