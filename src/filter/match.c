/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A record and a bound expression in, whether it is kept out. What is not known stays unknown
 * through "not", and decides nothing beside what is known (Kleene's logic).
 */
#include <string.h>

#include "filter/bind.h"

enum truth { IS_FALSE, IS_UNKNOWN, IS_TRUE };

static enum truth truth_of(bool holds)
{
	return holds ? IS_TRUE : IS_FALSE;
}

static bool holds(const struct bound_field *field, enum filter_relation relation,
		  const struct value *value)
{
	for (size_t i = 0; i < field->constant_count; i++) {
		const struct constant *constant = &field->constants[i];

		if (constant->display == value->display || constant->kind == CONSTANT_ADDRESS)
			return constant_holds(constant, relation, value);
	}
	return false;
}

static enum truth test_field(const struct bound_field *field, enum filter_relation relation,
			     const struct record *record)
{
	size_t count = record_elements(record, field->field);
	bool is_there = false;
	struct value value;

	for (size_t i = 0; i < count; i++) {
		record_value(record, field->field, i, &value);
		if (value.kind == VALUE_ABSENT)
			continue;
		is_there = true;
		if (holds(field, relation, &value))
			return IS_TRUE;
	}
	if (is_there)
		return IS_FALSE;
	return ((field->halves & 1) && !record->data[0]) ||
			       ((field->halves & 2) && !record->data[1])
		       ? IS_UNKNOWN
		       : IS_FALSE;
}

static enum truth test_fields(const struct bound_test *test, enum filter_relation relation,
			      const struct record *record)
{
	enum truth truth = IS_FALSE;

	for (size_t i = 0; i < test->field_count && truth != IS_TRUE; i++) {
		enum truth found = test_field(&test->fields[i], relation, record);

		truth = found > truth ? found : truth;
	}
	return truth;
}

static enum truth run_test(const struct bound_filter *bound, size_t index,
			   const struct record *record)
{
	const struct filter_test *test = &bound->filter->tests[index];
	const struct bound_test *own = &bound->plans[record->plan->index].tests[index];
	const struct constant *constant = &bound->constants[index];

	if (own->is_decided)
		return truth_of(own->holds);
	switch (test->subject) {
	case SUBJECT_PID:
		return truth_of(constant_holds_number(constant, test->relation,
						      (uint64_t)(int64_t)record->pid, true));
	case SUBJECT_CPU:
		return truth_of(constant_holds_number(constant, test->relation,
						      (uint64_t)record->cpu, false));
	case SUBJECT_COMM:
		return truth_of(constant_holds_text(constant, test->relation, record->comm,
						    strlen(record->comm)));
	default:
		return test_fields(own, test->relation, record);
	}
}

static enum truth run(const struct bound_filter *bound, size_t index, const struct record *record)
{
	const struct filter_node *node = &bound->filter->nodes[index];
	enum truth left, right;

	if (node->kind == NODE_TEST)
		return run_test(bound, node->left, record);
	left = run(bound, node->left, record);
	if (node->kind == NODE_NOT)
		return IS_TRUE - left;
	if (left == (node->kind == NODE_AND ? IS_FALSE : IS_TRUE))
		return left;
	right = run(bound, node->right, record);
	if (node->kind == NODE_AND)
		return left < right ? left : right;
	return left > right ? left : right;
}

bool filter_keeps(const struct bound_filter *bound, const struct record *record)
{
	return run(bound, bound->filter->node_count - 1, record) == IS_TRUE;
}
