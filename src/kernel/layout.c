/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * In: BTF, a profile, the built-in table. Out: the member's place as the first of them that knows
 * it says. BTF that has the struct is complete: what it lacks there is not looked for elsewhere.
 * The others are lists, where sock.X is also known as sock_common.X and tcp_sock.X as sock.X.
 */
#include "kernel/layout.h"

#include <errno.h>
#include <string.h>

#include "base/alloc.h"
#include "kernel/layout-btf.h"
#include "kernel/layout-builtin.h"

const char *const layout_source_names[LAYOUT_SOURCE_COUNT] = {
	[LAYOUT_BTF_FILE] = "btf file",
	[LAYOUT_BTF] = "btf",
	[LAYOUT_PROFILE] = "profile",
	[LAYOUT_BUILTIN] = "builtin",
};

struct part {
	enum layout_source source;
	struct layout_btf *btf;
	const struct profile *profile;
	const struct layout_row *rows;
	size_t row_count;
};

struct layout {
	struct part *parts;
	size_t count;
};

struct layout *layout_new(void)
{
	return xcalloc(1, sizeof(struct layout));
}

void layout_free(struct layout *layout)
{
	if (!layout)
		return;
	for (size_t i = 0; i < layout->count; i++)
		layout_btf_close(layout->parts[i].btf);
	free(layout->parts);
	free(layout);
}

static struct part *add_part(struct layout *layout, enum layout_source source)
{
	struct part *part = array_add(&layout->parts, &layout->count);

	part->source = source;
	return part;
}

int layout_add_btf(struct layout *layout, const char *path, enum layout_source source,
		   struct diags *diags)
{
	struct layout_btf *btf = NULL;
	int err = layout_btf_open(path, &btf);

	if (!err) {
		add_part(layout, source)->btf = btf;
		return 0;
	}
	if (source == LAYOUT_BTF && (err == -ENOENT || err == -ENOTSUP))
		return 0;
	if (source == LAYOUT_BTF) {
		diag_warning(diags, "the kernel's BTF cannot be used: %s", strerror(-err));
		return 0;
	}
	if (err == -ENOTSUP)
		return diag_error(diags, ENOTSUP,
				  "%s cannot be read: this nk is built without libbpf", path);
	return diag_error(diags, -err, "%s has no BTF that can be read: %s", path, strerror(-err));
}

void layout_add_profile(struct layout *layout, const struct profile *profile)
{
	add_part(layout, LAYOUT_PROFILE)->profile = profile;
}

void layout_add_builtin(struct layout *layout)
{
	struct part *part = add_part(layout, LAYOUT_BUILTIN);

	part->rows = layout_builtin;
	part->row_count = layout_builtin_count;
}

static bool is_path(const char *path, const char *name, const char *rest)
{
	size_t length = strlen(name);

	return strncmp(path, name, length) == 0 && path[length] == '.' &&
	       (!rest || strcmp(path + length + 1, rest) == 0);
}

/* A list's entry i, its path as the result; NULL past the end. */
static const char *entry(const struct part *part, size_t i, struct layout_member *member)
{
	if (part->profile && i < part->profile->member_count) {
		const struct profile_member *from = &part->profile->members[i];

		*member = (struct layout_member){ from->offset, from->size, from->bit_width,
						  from->bit_offset, part->source };
		return from->path;
	}
	if (i < part->row_count) {
		const struct layout_row *from = &part->rows[i];

		*member = (struct layout_member){ from->offset, from->size, from->bit_width,
						  from->bit_offset, part->source };
		return from->path;
	}
	return NULL;
}

/* member: NULL asks for the struct alone. */
static int find_in_list(const struct part *part, const char *name, const char *rest,
			struct layout_member *member)
{
	for (; name; name = layout_first_part(name)) {
		struct layout_member found;
		const char *path;

		for (size_t i = 0; (path = entry(part, i, &found)); i++) {
			if (!is_path(path, name, rest))
				continue;
			*member = found;
			return 0;
		}
	}
	return -ENOENT;
}

static bool part_has_struct(const struct part *part, const char *name)
{
	struct layout_member unused;

	if (part->btf)
		return layout_btf_has_struct(part->btf, name);
	return find_in_list(part, name, NULL, &unused) == 0;
}

static void list_names(const struct part *part, const char *name, const char ***names,
		       size_t *count)
{
	for (; name; name = layout_first_part(name)) {
		struct layout_member unused;
		const char *path;

		for (size_t i = 0; (path = entry(part, i, &unused)); i++) {
			if (is_path(path, name, NULL))
				*array_add(names, count) = path + strlen(name) + 1;
		}
	}
}

/* What the member was perhaps meant to be, of the first source that has the struct. */
static char *find_near(const struct layout *layout, const char *name, const char *rest)
{
	for (size_t i = 0; i < layout->count; i++) {
		const struct part *part = &layout->parts[i];
		const char **names = NULL;
		const char *near;
		size_t count = 0;

		if (!part_has_struct(part, name))
			continue;
		if (part->btf)
			layout_btf_names(part->btf, name, &names, &count);
		else
			list_names(part, name, &names, &count);
		near = diag_nearest(rest, names, count);

		char *result = near ? xasprintf("%s.%s", name, near) : NULL;
		free(names);
		if (result)
			return result;
	}
	return NULL;
}

int layout_find(const struct layout *layout, const char *path, struct layout_member *member,
		char **near)
{
	const char *dot = strchr(path, '.');
	NK_FREE char *name = xstrndup(path, dot ? (size_t)(dot - path) : strlen(path));
	const char *rest = dot ? dot + 1 : "";

	if (near)
		*near = NULL;
	for (size_t i = 0; i < layout->count; i++) {
		const struct part *part = &layout->parts[i];
		struct layout_member found = { .source = part->source };
		int err = part->btf ? layout_btf_find(part->btf, name, rest, &found)
				    : find_in_list(part, name, rest, &found);

		if (!err)
			*member = found;
		if (!err || err == -ENOTUNIQ)
			return err;
		if (part->btf && layout_btf_has_struct(part->btf, name))
			break;
	}
	if (near)
		*near = find_near(layout, name, rest);
	return -ENOENT;
}

bool layout_has_struct(const struct layout *layout, const char *name)
{
	for (size_t i = 0; i < layout->count; i++) {
		if (part_has_struct(&layout->parts[i], name))
			return true;
	}
	return false;
}

bool layout_has_btf(const struct layout *layout)
{
	for (size_t i = 0; i < layout->count; i++) {
		if (layout->parts[i].btf)
			return true;
	}
	return false;
}
