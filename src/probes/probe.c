/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Probe sets as data: how they are freed and searched.
 */
#include "probes/probe.h"

#include <stdlib.h>
#include <string.h>

void probe_expr_free(struct probe_expr *expr)
{
	while (expr) {
		struct probe_expr *inner = expr->inner;

		free(expr->text);
		free(expr);
		expr = inner;
	}
}

static bool is_nk_expr(const struct probe_expr *expr)
{
	for (; expr; expr = expr->inner) {
		if (expr->kind == PROBE_EXPR_MEMBER || expr->is_sure)
			return true;
	}
	return false;
}

bool probe_arg_is_nk(const struct probe_arg *arg)
{
	return arg->optional || arg->is_fallback || arg->type.kind == PROBE_TYPE_DISPLAY ||
	       arg->type.kind == PROBE_TYPE_ENUM || is_nk_expr(arg->expr);
}

void probe_args_free(struct probe_arg *args, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(args[i].name);
		probe_expr_free(args[i].expr);
	}
	free(args);
}

static void clear_func(struct probe_func *func)
{
	free(func->symbol);
	free(func->unless);
	free(func->filter);
	probe_args_free(func->args, func->arg_count);
	probe_args_free(func->ret_args, func->ret_arg_count);
}

void probe_clear(struct probe *probe)
{
	for (size_t i = 0; i < probe->carrier_count; i++) {
		for (size_t j = 0; j < probe->carriers[i].func_count; j++)
			clear_func(&probe->carriers[i].funcs[j]);
		free(probe->carriers[i].funcs);
	}
	free(probe->carriers);
	free(probe->group);
	free(probe->name);
	free(probe->verbatim);
	free(probe->filter);
	free(probe->doc);
	free(probe->doc_ko);
	free(probe->use);
	free(probe->counter);
	*probe = (struct probe){ 0 };
}

static void clear_enum(struct probe_enum *names)
{
	for (size_t i = 0; i < names->value_count; i++)
		free(names->values[i].name);
	free(names->values);
	free(names->name);
}

void probe_set_free(struct probe_set *set)
{
	if (!set)
		return;
	for (size_t i = 0; i < set->probe_count; i++)
		probe_clear(&set->probes[i]);
	for (size_t i = 0; i < set->enum_count; i++)
		clear_enum(&set->enums[i]);
	for (size_t i = 0; i < set->line_count; i++)
		free(set->lines[i]);
	free(set->probes);
	free(set->enums);
	free(set->lines);
	free(set->name);
	free(set->path);
	free(set->doc);
	free(set->doc_ko);
	free(set);
}

const struct probe_enum *probe_set_enum(const struct probe_set *set, const char *name)
{
	for (size_t i = 0; i < set->enum_count; i++) {
		if (strcmp(set->enums[i].name, name) == 0)
			return &set->enums[i];
	}
	return NULL;
}
