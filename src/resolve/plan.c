/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * In: a function's arguments. Out: all of them rendered; what is optional and not to be had is left
 * out, and what stands in for it takes its place. nk adds what the reader of the record needs: the
 * task's name, and every doubtful pointer that a value is read through, unless a field is that
 * pointer already.
 */
#include "resolve/plan.h"

#include <errno.h>
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"

static void half_clear(struct plan_half *half)
{
	for (size_t i = 0; i < half->count; i++)
		rendered_clear(&half->args[i]);
	free(half->args);
}

void plan_clear(struct plan *plan)
{
	half_clear(&plan->main);
	half_clear(&plan->ret);
	*plan = (struct plan){ 0 };
}

static const struct rendered *find_name(const struct plan_half *half, const char *name)
{
	for (size_t i = 0; i < half->count; i++) {
		if (strcmp(half->args[i].name, name) == 0)
			return &half->args[i];
	}
	return NULL;
}

/* A fallback is the field itself where all before it were left out. */
static bool name_fallback(const struct plan_half *half, struct rendered *rendered,
			  struct refusal *refusal)
{
	const struct probe_arg *arg = rendered->arg;
	unsigned int number = 1;

	if (!arg->is_fallback || !find_name(half, arg->name))
		return true;
	rendered->instead_of = xstrdup(arg->name);
	do {
		free(rendered->name);
		rendered->name = number == 1 ? xasprintf("%s__or", arg->name)
					     : xasprintf("%s__or%u", arg->name, number);
		number++;
	} while (find_name(half, rendered->name));
	if (strlen(rendered->name) <= ARG_NAME_MAX)
		return true;
	refuse(refusal, &arg->place, false, "'%s' has more than %d characters for this kernel",
	       rendered->name, ARG_NAME_MAX);
	return false;
}

static struct field_origin *add_origin(const struct probe_arg *arg, struct field_origin **fields,
				       size_t *count)
{
	struct field_origin *origin = array_add(fields, count);

	origin->name = arg->name;
	origin->type = arg->type;
	return origin;
}

static int plan_arg(const struct render_context *context, const struct probe_arg *arg,
		    struct plan_half *half, struct field_origin **fields, size_t *field_count,
		    struct refusal *refusal)
{
	struct field_origin *origin = add_origin(arg, fields, field_count);
	struct rendered rendered;
	struct refusal own = { 0 };
	int err = render_arg(context, arg, &rendered, origin, &own);

	if (err == -ENOENT) {
		origin->is_left_out = true;
		origin->reason = own.reason;
		return 0;
	}
	if (err) {
		refuse(refusal, &own.place, own.is_absence, "%s", own.reason);
		free(own.reason);
		return err;
	}
	origin->type = rendered.type;
	if (!name_fallback(half, &rendered, refusal)) {
		rendered_clear(&rendered);
		return -EINVAL;
	}
	*array_add(&half->args, &half->count) = rendered;
	return 0;
}

/* A fetch-arg that is the pointer itself, whole. */
static bool is_pointer_field(const struct rendered *rendered, const char *text,
			     unsigned int long_bytes)
{
	return rendered->text_count == 1 && rendered->type.count == 0 &&
	       rendered->type.bytes == long_bytes && rendered->type.kernel[0] != 'b' &&
	       strcmp(rendered->texts[0], text) == 0;
}

static const struct rendered *find_pointer(const struct plan_half *half, const char *text,
					   unsigned int long_bytes)
{
	for (size_t i = 0; i < half->count; i++) {
		if (is_pointer_field(&half->args[i], text, long_bytes))
			return &half->args[i];
	}
	return NULL;
}

static struct rendered *add_hidden(struct plan_half *half, const char *name, const char *text,
				   const char *type)
{
	struct rendered *added = array_add(&half->args, &half->count);
	const char *why;
	size_t at;

	added->name = xstrdup(name);
	*array_add(&added->texts, &added->text_count) = xstrdup(text);
	probe_type_parse(type, strlen(type), &added->type, &why, &at);
	added->has_type = true;
	return added;
}

static const struct rendered *add_pointer(const struct render_context *context,
					  struct plan_half *half, const char *text)
{
	bool is_hex = context->kernel->features.has[FEATURE_HEX];
	bool is_long = context->kernel->arch->long_bytes == 8;
	char name[32];
	unsigned int number = 1;

	do {
		snprintf(name, sizeof(name), "_g%u", number++);
	} while (find_name(half, name));
	return add_hidden(half, name, text,
			  is_long ? (is_hex ? "x64" : "u64") : (is_hex ? "x32" : "u32"));
}

static void add_guard(struct plan_half *half, size_t index, const char *name)
{
	struct rendered *rendered = &half->args[index];

	for (size_t i = 0; i < rendered->guard_count; i++) {
		if (strcmp(rendered->guards[i], name) == 0)
			return;
	}
	if (rendered->guard_count < EVENT_GUARDS_MAX)
		rendered->guards[rendered->guard_count++] = xstrdup(name);
}

static void guard_arg(const struct render_context *context, struct plan_half *half, size_t index,
		      bool is_plain)
{
	unsigned int long_bytes = context->kernel->arch->long_bytes;

	/* Adding may move the array: what is looked at is fetched anew each time. */
	for (size_t i = 0; i < half->args[index].pointer_count; i++) {
		const struct pointer *pointer = &half->args[index].pointers[i];
		const struct rendered *guard = find_pointer(half, pointer->text, long_bytes);

		if (!guard && pointer->is_doubtful && !is_plain)
			guard = add_pointer(context, half, pointer->text);
		if (guard)
			add_guard(half, index, guard->name);
	}
}

/* The field that says how the call ended. */
static const struct rendered *find_result(const struct plan_half *half)
{
	for (size_t i = 0; i < half->count; i++) {
		const struct rendered *rendered = &half->args[i];

		if ((rendered->type.display == DISPLAY_ERRNO ||
		     rendered->type.display == DISPLAY_SIZE_OR_ERRNO) &&
		    rendered->text_count == 1 && strcmp(rendered->texts[0], "$retval") == 0)
			return rendered;
	}
	return NULL;
}

/* The pointer that the value itself lies behind; NULL: it is no memory of the kernel. */
static const char *read_through(const struct rendered *rendered)
{
	const struct probe_expr *expr = rendered->arg ? rendered->arg->expr : NULL;

	if (!expr || !expr->inner || expr->user || rendered->pointer_count == 0)
		return NULL;
	return rendered->pointers[rendered->pointer_count - 1].text;
}

/* The hidden family that stands in the same memory: of a struct sockaddr. */
static const struct rendered *find_family(const struct plan_half *half,
					  const struct rendered *rendered)
{
	const char *pointer = read_through(rendered);

	for (size_t i = 0; pointer && i < half->count; i++) {
		const struct rendered *family = &half->args[i];
		const char *through = read_through(family);

		if (family != rendered && family->name[0] == '_' &&
		    family->type.display == DISPLAY_FAMILY && through &&
		    strcmp(through, pointer) == 0)
			return family;
	}
	return NULL;
}

static void guard_content(struct plan_half *half, size_t index, const char *result)
{
	const struct rendered *rendered = &half->args[index];
	const struct rendered *family = find_family(half, rendered);

	if (rendered->is_call_memory && result)
		add_guard(half, index, result);
	if (rendered->is_call_memory && find_name(half, EVENT_UNFILLED))
		add_guard(half, index, EVENT_UNFILLED);
	if (family)
		add_guard(half, index, family->name);
}

static void guard_half(const struct render_context *context, struct plan_half *half, bool is_plain)
{
	const struct rendered *result = find_result(half);
	NK_FREE char *result_name = result ? xstrdup(result->name) : NULL;
	size_t count = half->count;

	for (size_t i = 0; i < count; i++) {
		guard_content(half, i, result_name);
		guard_arg(context, half, i, is_plain);
	}
}

static bool check_half(const struct plan_half *half, const struct probe_place *place,
		       struct refusal *refusal)
{
	size_t args = 0, bytes = 0;

	for (size_t i = 0; i < half->count; i++) {
		args += half->args[i].text_count;
		bytes += rendered_bytes(&half->args[i]);
	}
	if (args > ARG_COUNT_MAX)
		refuse(refusal, place, false,
		       "an event has at most %d arguments, and this one needs %zu with those that "
		       "nk "
		       "adds",
		       ARG_COUNT_MAX, args);
	else if (bytes > RECORD_MAX)
		refuse(refusal, place, false,
		       "a record has at most %d bytes, and the arguments of this one %zu",
		       RECORD_MAX, bytes);
	return !refusal->reason;
}

static bool has_comm(const struct render_context *context, const struct plan_half *half)
{
	const bool *has = context->kernel->features.has;

	return has[FEATURE_COMM] && has[FEATURE_STRING] && !find_name(half, "_comm");
}

static int plan_half(const struct render_context *context, const struct probe_arg *args,
		     size_t count, bool is_plain, bool wants_comm, struct plan_half *half,
		     struct field_origin **fields, size_t *field_count, struct refusal *refusal)
{
	for (size_t i = 0; i < count; i++) {
		int err = plan_arg(context, &args[i], half, fields, field_count, refusal);

		if (err)
			return err;
	}
	guard_half(context, half, is_plain);
	if (wants_comm && !is_plain && has_comm(context, half))
		add_hidden(half, "_comm", "$comm", "string");
	return check_half(half, &context->func->place, refusal) ? 0 : -EINVAL;
}

/* A filter that names a field which is not there would be refused by the kernel. */
static bool is_named(const char *filter, const char *name)
{
	static const char word[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
	size_t length = strlen(name);

	for (const char *at = filter; *at;) {
		size_t span = strspn(at, word);

		if (span == length && memcmp(at, name, length) == 0)
			return true;
		at += span ? span : 1;
	}
	return false;
}

static bool check_filter(const struct probe_func *func, const struct plan_half *half,
			 struct refusal *refusal)
{
	for (size_t i = 0; func->filter && i < func->arg_count; i++) {
		const char *name = func->args[i].name;
		const struct rendered *rendered = find_name(half, name);

		if (!is_named(func->filter, name) || (rendered && rendered->text_count == 1))
			continue;
		refuse(refusal, &func->args[i].place, false,
		       rendered ? "the filter names '%s', which this kernel has only in parts"
				: "the filter names '%s', which is left out on this kernel",
		       name);
		return false;
	}
	return true;
}

int plan_func(const struct kernel *kernel, const struct probe_func *func,
	      const struct symbol *symbol, bool is_plain, struct plan *out,
	      struct field_origin **fields, size_t *field_count, struct refusal *refusal)
{
	struct plan plan = { .func = func, .symbol = symbol };
	struct render_context main = { kernel, func, func->is_return, is_plain };
	struct render_context ret = { kernel, func, true, is_plain };
	int err = plan_half(&main, func->args, func->arg_count, is_plain, true, &plan.main, fields,
			    field_count, refusal);

	if (!err && !check_filter(func, &plan.main, refusal))
		err = -EINVAL;
	if (!err && func->has_return_half)
		err = plan_half(&ret, func->ret_args, func->ret_arg_count, is_plain, false,
				&plan.ret, fields, field_count, refusal);
	if (err)
		plan_clear(&plan);
	else
		*out = plan;
	return err;
}

static bool is_same(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

/* The kernel asks for the same names and types; being shown alike asks for more. */
static bool args_are_alike(const struct rendered *a, const struct rendered *b)
{
	if (!is_same(a->name, b->name) || !is_same(a->type.kernel, b->type.kernel) ||
	    a->type.kind != b->type.kind || a->type.display != b->type.display ||
	    !is_same(a->type.enum_name, b->type.enum_name) || a->has_type != b->has_type ||
	    a->text_count != b->text_count || a->before != b->before ||
	    !is_same(a->instead_of, b->instead_of) || a->guard_count != b->guard_count ||
	    a->type.packet_member_count != b->type.packet_member_count ||
	    memcmp(a->type.packet_order, b->type.packet_order, a->type.packet_member_count) != 0)
		return false;
	for (size_t i = 0; i < a->guard_count; i++) {
		if (!is_same(a->guards[i], b->guards[i]))
			return false;
	}
	return true;
}

static bool halves_are_alike(const struct plan_half *a, const struct plan_half *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++) {
		if (!args_are_alike(&a->args[i], &b->args[i]))
			return false;
	}
	return true;
}

bool plan_is_alike(const struct plan *a, const struct plan *b)
{
	return a->func->is_return == b->func->is_return &&
	       a->func->has_return_half == b->func->has_return_half &&
	       is_same(a->func->filter, b->func->filter) && halves_are_alike(&a->main, &b->main) &&
	       halves_are_alike(&a->ret, &b->ret);
}
