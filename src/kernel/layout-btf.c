/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * In: a file of BTF, which may be anybody's. Out: where members lie. The shallowest member of a
 * name is meant; anonymous structs and unions count as their parent's own. A struct that BTF has
 * several versions of is answered for only where all agree. Work is bounded, however structs nest.
 */
#include "kernel/layout-btf.h"

#include <errno.h>
#include <string.h>

#include "base/alloc.h"
#include "config.h"

#ifdef HAVE_LIBBPF

#include <bpf/btf.h>
#include <bpf/libbpf.h>

#define DEPTH_MAX     12
#define VISITS_MAX    200000
#define ANSWER_VISITS (20 * VISITS_MAX)
#define NAMES_MAX     20000 /* that a misspelt one is compared with */
#define MODIFIERS_MAX 32

struct layout_btf {
	struct btf *btf;
	uint32_t *table;   /* type ids of what has a struct's name, by hash of the name; 0: empty */
	size_t table_size; /* a power of two */
};

/* One search through a struct and those inside it. */
struct search {
	const struct btf *btf;
	const char *name; /* of the member; its length */
	size_t length;
	unsigned int visits;
	unsigned int matches;
	uint64_t bit_offset; /* of the match */
	unsigned int bit_width;
	const struct btf_type *type; /* of the match, without modifiers */
	const char **names;	     /* of all members, where name is NULL */
	size_t name_count;
};

static size_t hash(const char *name)
{
	uint32_t value = 2166136261u; /* FNV-1a */

	for (; *name; name++)
		value = (value ^ (unsigned char)*name) * 16777619u;
	return value;
}

/* NULL: it is no struct, union or typedef, or has no name. */
static const char *struct_name(const struct btf *btf, uint32_t id)
{
	const struct btf_type *type = btf__type_by_id(btf, id);
	const char *name;

	if (!type || (!btf_is_composite(type) && !btf_is_typedef(type)))
		return NULL;
	name = btf__name_by_offset(btf, type->name_off);
	return name && name[0] ? name : NULL;
}

/* Some 100,000 types, asked for some 100 times: by hash. */
static void index_names(struct layout_btf *btf)
{
	uint32_t count = btf__type_cnt(btf->btf);
	NK_FREE uint32_t *ids = xcalloc(count + 1, sizeof(*ids));
	size_t named = 0;

	for (uint32_t id = 1; id < count; id++)
		if (struct_name(btf->btf, id))
			ids[named++] = id;
	for (btf->table_size = 16; btf->table_size < named * 2;)
		btf->table_size *= 2;
	btf->table = xcalloc(btf->table_size, sizeof(*btf->table));
	for (size_t i = 0; i < named; i++) {
		size_t slot = hash(struct_name(btf->btf, ids[i])) & (btf->table_size - 1);

		while (btf->table[slot])
			slot = (slot + 1) & (btf->table_size - 1);
		btf->table[slot] = ids[i];
	}
}

int layout_btf_open(const char *path, struct layout_btf **out)
{
	struct layout_btf *btf;
	struct btf *parsed;

	libbpf_set_print(NULL);
	parsed = btf__parse(path, NULL);
	if (!parsed)
		return errno ? -errno : -EINVAL;
	btf = xcalloc(1, sizeof(*btf));
	btf->btf = parsed;
	index_names(btf);
	*out = btf;
	return 0;
}

void layout_btf_close(struct layout_btf *btf)
{
	if (!btf)
		return;
	btf__free(btf->btf);
	free(btf->table);
	free(btf);
}

static const struct btf_type *without_modifiers(const struct btf *btf, uint32_t id)
{
	const struct btf_type *type = btf__type_by_id(btf, id);

	for (int i = 0; type && i < MODIFIERS_MAX; i++) {
		if (!btf_is_mod(type) && !btf_is_typedef(type))
			return type;
		type = btf__type_by_id(btf, type->type);
	}
	return NULL;
}

static bool has_members(const struct btf_type *type)
{
	return type && btf_is_composite(type);
}

/*
 * Every struct or union of that name that has members, one after the other. *slot is 0 for the
 * first; NULL: no more.
 */
static const struct btf_type *next_struct(const struct layout_btf *btf, const char *name,
					  size_t *slot)
{
	size_t start = hash(name), mask = btf->table_size - 1;
	uint32_t id;

	while ((id = btf->table[(start + *slot) & mask])) {
		const struct btf_type *type = without_modifiers(btf->btf, id);

		++*slot;
		if (has_members(type) && btf_vlen(type) > 0 &&
		    strcmp(struct_name(btf->btf, id), name) == 0)
			return type;
	}
	return NULL;
}

static void note_match(struct search *search, const struct btf_type *type, unsigned int i,
		       uint64_t base)
{
	const struct btf_member *member = btf_members(type) + i;
	const struct btf_type *of = without_modifiers(search->btf, member->type);
	uint64_t offset = base + btf_member_bit_offset(type, i);
	unsigned int width = btf_member_bitfield_size(type, i);

	/* Before clang and pahole set the kind flag, a bit-field was an int of fewer bits. */
	if (of && !btf_kflag(type) && btf_is_int(of) &&
	    (btf_int_bits(of) != of->size * 8 || btf_int_offset(of))) {
		width = btf_int_bits(of);
		offset += btf_int_offset(of);
	}
	if (search->matches && search->bit_offset == offset && search->bit_width == width)
		return;
	search->matches++;
	search->bit_offset = offset;
	search->bit_width = width;
	search->type = of;
}

static void visit(struct search *search, const struct btf_type *type, uint64_t base,
		  unsigned int level, unsigned int depth);

/* level: how many named structs are to be entered until the member is looked for. */
static void visit_member(struct search *search, const struct btf_type *type, unsigned int i,
			 uint64_t base, unsigned int level, unsigned int depth)
{
	const struct btf_member *member = btf_members(type) + i;
	const char *name = btf__name_by_offset(search->btf, member->name_off);
	const struct btf_type *inner = without_modifiers(search->btf, member->type);
	bool is_named = name && name[0];

	if (is_named && !search->name)
		*array_add(&search->names, &search->name_count) = name;
	if (is_named && search->name && level == 0 && strlen(name) == search->length &&
	    memcmp(name, search->name, search->length) == 0)
		note_match(search, type, i, base);
	if (!has_members(inner) || depth == 0 || (is_named && level == 0))
		return;
	visit(search, inner, base + btf_member_bit_offset(type, i), level - is_named, depth - 1);
}

static void visit(struct search *search, const struct btf_type *type, uint64_t base,
		  unsigned int level, unsigned int depth)
{
	for (unsigned int i = 0; i < btf_vlen(type) && search->visits < VISITS_MAX; i++) {
		search->visits++;
		visit_member(search, type, i, base, level, depth);
	}
}

/* From the struct itself inwards, until there is one. */
static int search_struct(struct search *search, const struct btf_type *type, uint64_t base)
{
	for (unsigned int level = 0; level < DEPTH_MAX; level++) {
		visit(search, type, base, level, DEPTH_MAX);
		if (search->matches > 1)
			return -ENOTUNIQ;
		if (search->matches == 1)
			return 0;
	}
	return -ENOENT;
}

static size_t size_of(const struct btf *btf, const struct btf_type *type, int depth)
{
	if (!type || depth > 8)
		return 0;
	if (btf_is_ptr(type))
		return btf__pointer_size(btf);
	if (btf_is_array(type)) {
		const struct btf_array *array = btf_array(type);
		const struct btf_type *element = without_modifiers(btf, array->type);

		return (size_t)array->nelems * size_of(btf, element, depth + 1);
	}
	if (btf_is_int(type) || btf_is_composite(type) || btf_is_any_enum(type) ||
	    btf_is_float(type))
		return type->size;
	return 0;
}

/* The smallest naturally aligned integer that holds the bits. */
static int bit_field(const struct search *search, struct layout_member *member)
{
	for (size_t size = 1; size <= 8; size *= 2) {
		uint64_t bits = size * 8;
		uint64_t start = search->bit_offset / bits * bits;
		uint64_t first = search->bit_offset - start;

		if (first + search->bit_width > bits)
			continue;
		if (btf__endianness(search->btf) == BTF_BIG_ENDIAN)
			first = bits - first - search->bit_width;
		member->offset = start / 8;
		member->size = size;
		member->bit_width = search->bit_width;
		member->bit_offset = (unsigned int)first;
		return 0;
	}
	return -ENOENT;
}

static int to_member(const struct search *search, struct layout_member *member)
{
	if (search->bit_width)
		return bit_field(search, member);
	if (search->bit_offset % 8)
		return -ENOENT;
	member->offset = search->bit_offset / 8;
	member->size = size_of(search->btf, search->type, 0);
	member->bit_width = member->bit_offset = 0;
	return 0;
}

/* *visits: of all searches for one answer. */
static int find_path(const struct btf *btf, const struct btf_type *type, const char *path,
		     unsigned int *visits, struct layout_member *member)
{
	uint64_t base = 0;

	for (;;) {
		size_t length = strcspn(path, ".");
		struct search search = { .btf = btf, .name = path, .length = length };
		int err = search_struct(&search, type, base);

		*visits += search.visits;
		if (err)
			return err;
		if (!path[length])
			return to_member(&search, member);
		if (!has_members(search.type) || search.bit_width)
			return -ENOENT;
		base = search.bit_offset;
		type = search.type;
		path += length + 1;
	}
}

static bool is_alike(const struct layout_member *a, const struct layout_member *b)
{
	return a->offset == b->offset && a->size == b->size && a->bit_width == b->bit_width &&
	       a->bit_offset == b->bit_offset;
}

int layout_btf_find(const struct layout_btf *btf, const char *name, const char *path,
		    struct layout_member *member)
{
	struct layout_member found = *member;
	const struct btf_type *type;
	unsigned int visits = 0;
	size_t slot = 0;
	int result = -ENOENT;

	while ((type = next_struct(btf, name, &slot))) {
		struct layout_member other = *member;
		int err = find_path(btf->btf, type, path, &visits, &other);

		/* No kernel has so many structs of one name. */
		if (visits > ANSWER_VISITS)
			return -ENOENT;
		if (err == -ENOTUNIQ || (!err && !result && !is_alike(&other, &found)))
			return -ENOTUNIQ;
		if (!err) {
			found = other;
			result = 0;
		}
	}
	if (!result)
		*member = found;
	return result;
}

bool layout_btf_has_struct(const struct layout_btf *btf, const char *name)
{
	size_t slot = 0;

	return next_struct(btf, name, &slot) != NULL;
}

void layout_btf_names(const struct layout_btf *btf, const char *name, const char ***names,
		      size_t *count)
{
	struct search search = { .btf = btf->btf, .visits = VISITS_MAX - NAMES_MAX };
	size_t slot = 0;
	const struct btf_type *type = next_struct(btf, name, &slot);

	if (type)
		visit(&search, type, 0, DEPTH_MAX, DEPTH_MAX);
	*names = search.names;
	*count = search.name_count;
}

#else

int layout_btf_open(const char *path, struct layout_btf **out)
{
	(void)path;
	(void)out;
	return -ENOTSUP;
}

void layout_btf_close(struct layout_btf *btf)
{
	(void)btf;
}

bool layout_btf_has_struct(const struct layout_btf *btf, const char *name)
{
	(void)btf;
	(void)name;
	return false;
}

int layout_btf_find(const struct layout_btf *btf, const char *name, const char *path,
		    struct layout_member *member)
{
	(void)btf;
	(void)name;
	(void)path;
	(void)member;
	return -ENOENT;
}

void layout_btf_names(const struct layout_btf *btf, const char *name, const char ***names,
		      size_t *count)
{
	(void)btf;
	(void)name;
	*names = NULL;
	*count = 0;
}

#endif
