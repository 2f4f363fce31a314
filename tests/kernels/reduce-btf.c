/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * In: reduce-btf IN OUT STRUCT...; IN is a file of BTF. Out: in OUT, those structs and what they
 * hold by value, with every offset as it is in IN. What a pointer points to is left out, and so are
 * the names of enumerators. A struct that IN does not have is left out without a word.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/btf.h>
#include <bpf/libbpf.h>

struct reduction {
	const struct btf *from;
	struct btf *to;
	int *ids; /* of a type of from in to; 0: not there yet */
};

static int checked(int id)
{
	if (id < 0) {
		fprintf(stderr, "reduce-btf: %s\n", strerror(-id));
		exit(1);
	}
	return id;
}

static const char *name_of(const struct reduction *reduction, uint32_t offset)
{
	return btf__name_by_offset(reduction->from, offset);
}

static int take(struct reduction *reduction, uint32_t id);

static int take_members(struct reduction *reduction, const struct btf_type *type)
{
	size_t count = btf_vlen(type);
	int *members = calloc(count + 1, sizeof(*members));
	int id;

	if (!members)
		exit(1);
	/* Members' types first: what is added last is what members are added to. */
	for (size_t i = 0; i < count; i++)
		members[i] = take(reduction, btf_members(type)[i].type);
	if (btf_is_struct(type))
		id = checked(btf__add_struct(reduction->to, name_of(reduction, type->name_off),
					     type->size));
	else
		id = checked(btf__add_union(reduction->to, name_of(reduction, type->name_off),
					    type->size));
	for (unsigned int i = 0; i < count; i++)
		checked(btf__add_field(reduction->to,
				       name_of(reduction, btf_members(type)[i].name_off),
				       members[i], btf_member_bit_offset(type, i),
				       btf_member_bitfield_size(type, i)));
	free(members);
	return id;
}

static int take_array(struct reduction *reduction, const struct btf_type *type)
{
	const struct btf_array *array = btf_array(type);
	int element = take(reduction, array->type);
	int index = take(reduction, array->index_type);

	return checked(btf__add_array(reduction->to, index, element, (int)array->nelems));
}

static int take_new(struct reduction *reduction, const struct btf_type *type)
{
	struct btf *to = reduction->to;
	const char *name = name_of(reduction, type->name_off);

	switch (btf_kind(type)) {
	case BTF_KIND_INT:
		return checked(btf__add_int(to, name, type->size, btf_int_encoding(type)));
	case BTF_KIND_FLOAT:
		return checked(btf__add_float(to, name, type->size));
	case BTF_KIND_PTR:
		return checked(btf__add_ptr(to, 0));
	case BTF_KIND_ENUM:
		return checked(btf__add_enum(to, name, type->size));
	case BTF_KIND_ENUM64:
		return checked(btf__add_enum64(to, name, type->size, false));
	case BTF_KIND_ARRAY:
		return take_array(reduction, type);
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		return take_members(reduction, type);
	case BTF_KIND_TYPEDEF:
		return checked(btf__add_typedef(to, name, take(reduction, type->type)));
	default:
		return take(reduction, type->type); /* const, volatile and the like */
	}
}

static int take(struct reduction *reduction, uint32_t id)
{
	const struct btf_type *type = btf__type_by_id(reduction->from, id);

	if (id == 0 || !type)
		return 0;
	if (!reduction->ids[id])
		reduction->ids[id] = take_new(reduction, type);
	return reduction->ids[id];
}

static int write_file(const char *path, const struct btf *btf)
{
	uint32_t size;
	const void *data = btf__raw_data(btf, &size);
	FILE *file = fopen(path, "wb");

	if (!file || !data || fwrite(data, 1, size, file) != size || fclose(file) != 0) {
		perror(path);
		return 1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct reduction reduction = { 0 };

	if (argc < 4) {
		fprintf(stderr, "usage: reduce-btf IN OUT STRUCT...\n");
		return 2;
	}
	reduction.from = btf__parse_raw(argv[1]);
	if (!reduction.from) {
		perror(argv[1]);
		return 1;
	}
	reduction.to = btf__new_empty();
	btf__set_pointer_size(reduction.to, btf__pointer_size(reduction.from));
	reduction.ids = calloc(btf__type_cnt(reduction.from), sizeof(*reduction.ids));
	if (!reduction.to || !reduction.ids)
		return 1;
	for (int i = 3; i < argc; i++) {
		int id = btf__find_by_name_kind(reduction.from, argv[i], BTF_KIND_STRUCT);

		if (id > 0)
			take(&reduction, (uint32_t)id);
	}
	return write_file(argv[2], reduction.to);
}
