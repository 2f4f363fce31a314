/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An expression as a tree. Internal to filter/.
 */
#ifndef NK_FILTER_PARSE_H
#define NK_FILTER_PARSE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/diag.h"

enum filter_subject {
	SUBJECT_FIELD,
	SUBJECT_HOST, /* any address of the record; net too */
	SUBJECT_PORT, /* any port */
	SUBJECT_PID,
	SUBJECT_COMM,
	SUBJECT_CPU,
	SUBJECT_EVENT,
	SUBJECT_SET,
};

enum filter_relation {
	RELATION_EQUAL,
	RELATION_UNEQUAL,
	RELATION_LESS,
	RELATION_LESS_EQUAL,
	RELATION_GREATER,
	RELATION_GREATER_EQUAL,
	RELATION_GLOB,
	RELATION_BITS,
};

/* A stretch of the expression. */
struct filter_place {
	size_t at, length;
};

struct filter_test {
	enum filter_subject subject;
	enum filter_relation relation;
	char *name;  /* of the field, or the word that stands for the subject */
	char *value; /* without its quotes */
	struct filter_place whole, name_place, value_place;
};

enum filter_node_kind { NODE_AND, NODE_OR, NODE_NOT, NODE_TEST };

struct filter_node {
	enum filter_node_kind kind;
	size_t left, right; /* nodes; left of NOT; left of TEST: index of the test */
};

struct filter {
	char *text;
	struct filter_node *nodes; /* the last one is the root */
	size_t node_count;
	struct filter_test *tests;
	size_t test_count;
};

/* An error at a place of the expression: -EINVAL. hint is malloc'ed and taken, or NULL. */
int filter_error(const struct filter *filter, struct filter_place place, struct diags *diags,
		 char *hint, const char *format, ...) __attribute__((format(printf, 5, 6)));

#endif
