/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * In: an argument's expression and type, a kernel. Out: its text for kprobe_events: offsets for
 * members, registers for what the kernel cannot name, plain types for those for people, several
 * arguments for an array where there are none. What is written is within the kernel's limits, or
 * refused with its place and a sentence. See Documentation/trace/kprobetrace.rst.
 */
#include "resolve/render.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"

#define WORDS_MAX 64 /* MAX_ARRAY_LEN of the kernel */

/* What rendering one expression finds out beside its text. */
struct render {
	const struct render_context *context;
	struct refusal *refusal;
	struct rendered *out;
	struct field_origin *origin;
	const struct probe_expr *outermost;
	struct layout_member member; /* of the outermost expression */
	bool has_member;
	long shift; /* bytes added to the outermost offset: of a part of an array */
};

void refuse(struct refusal *refusal, const struct probe_place *place, bool is_absence,
	    const char *format, ...)
{
	va_list args;

	if (refusal->reason)
		return;
	va_start(args, format);
	refusal->reason = xvasprintf(format, args);
	va_end(args);
	refusal->place = *place;
	refusal->is_absence = is_absence;
}

void rendered_clear(struct rendered *rendered)
{
	for (size_t i = 0; i < rendered->text_count; i++)
		free(rendered->texts[i]);
	for (size_t i = 0; i < rendered->pointer_count; i++)
		free(rendered->pointers[i].text);
	for (size_t i = 0; i < rendered->guard_count; i++)
		free(rendered->guards[i]);
	free(rendered->texts);
	free(rendered->pointers);
	free(rendered->name);
	free(rendered->instead_of);
	*rendered = (struct rendered){ 0 };
}

static bool has(const struct render *render, enum feature feature)
{
	return render->context->kernel->features.has[feature];
}

static unsigned int long_bytes(const struct render *render)
{
	return render->context->kernel->arch->long_bytes;
}

static bool render_expr(struct render *render, const struct probe_expr *expr, struct text *out);

static bool render_argn(struct render *render, const struct probe_expr *expr, struct text *out)
{
	const struct arch *arch = render->context->kernel->arch;
	const char *name;

	/* The registers have other things by then. */
	if (render->context->is_return &&
	    (!has(render, FEATURE_ARGN_RETURN) || !has(render, FEATURE_ARGN))) {
		refuse(render->refusal, &expr->place, true,
		       "this kernel cannot fetch $arg%ld when the function returns", expr->number);
		return false;
	}
	if (!render->context->is_return && render->context->func->offset) {
		refuse(render->refusal, &expr->place, false,
		       "$arg%ld is known only at the function's entry, not %ld bytes behind it",
		       expr->number, render->context->func->offset);
		return false;
	}
	if (has(render, FEATURE_ARGN)) {
		text_addf(out, "$arg%ld", expr->number);
		return true;
	}
	name = expr->number <= ARCH_ARGS_MAX ? arch->args[expr->number - 1] : NULL;
	if (!name) {
		refuse(render->refusal, &expr->place, true,
		       "$arg%ld is in no register of this architecture, and this kernel cannot "
		       "fetch it by its number",
		       expr->number);
		return false;
	}
	text_addf(out, "%%%s", name);
	return true;
}

static bool render_if(struct render *render, const struct probe_expr *expr, struct text *out,
		      enum feature feature, const char *what, const char *text)
{
	if (!has(render, feature)) {
		refuse(render->refusal, &expr->place, true, "this kernel cannot fetch %s", what);
		return false;
	}
	text_add(out, text);
	return true;
}

static void refuse_member(struct render *render, const struct probe_expr *expr, int err,
			  const char *near)
{
	const struct layout *layout = render->context->kernel->layout;
	int length = (int)strcspn(expr->text, ".");
	NK_FREE char *name = xstrndup(expr->text, (size_t)length);
	const char *member = expr->text + length + (expr->text[length] == '.');

	if (err == -ENOTUNIQ)
		refuse(render->refusal, &expr->place, false,
		       "struct %s has more than one '%s' inside: name the struct that it is in",
		       name, member);
	else if (!layout_has_btf(layout) && layout_has_struct(layout, name))
		/* A list knows only some members: what it lacks may well exist. */
		refuse(render->refusal, &expr->place, true,
		       "where '%s' lies in struct %s is not known: this kernel has no BTF; nk "
		       "calibrate learns it",
		       member, name);
	else if (near)
		refuse(render->refusal, &expr->place, true,
		       "struct %s has no member '%s' (did you mean '%s'?)", name, member,
		       near + length + 1);
	else if (layout_has_btf(layout) && layout_has_struct(layout, name))
		refuse(render->refusal, &expr->place, true, "struct %s has no member '%s'", name,
		       member);
	else if (layout_has_btf(layout))
		refuse(render->refusal, &expr->place, true, "this kernel has no struct %s", name);
	else
		refuse(render->refusal, &expr->place, true,
		       "the layout of struct %s is not known: this kernel has no BTF; nk calibrate "
		       "learns it",
		       name);
}

/* An argument is rendered more than once; a member is told once. */
static void note_origin(struct field_origin *origin, const char *path,
			const struct layout_member *member)
{
	if (!origin->is_symbolic || member->source > origin->source)
		origin->source = member->source;
	origin->is_symbolic = true;
	for (size_t i = 0; i < origin->member_count; i++)
		if (strcmp(origin->members[i].path, path) == 0)
			return;
	*array_add(&origin->members, &origin->member_count) =
		(struct origin_member){ path, *member };
}

static bool find_member(struct render *render, const struct probe_expr *expr,
			struct layout_member *member)
{
	const struct layout *layout = render->context->kernel->layout;
	NK_FREE char *near = NULL;
	int err = layout_find(layout, expr->text, member, &near);

	if (err) {
		refuse_member(render, expr, err, near);
		render->origin->lacks_member = err == -ENOENT;
		return false;
	}
	note_origin(render->origin, expr->text, member);
	return true;
}

/* A member that another is read through has to be a pointer. */
static bool check_pointer(struct render *render, const struct probe_expr *expr,
			  const struct layout_member *member)
{
	if (member->bit_width) {
		refuse(render->refusal, &expr->place, false, "%s is a bit-field and not a pointer",
		       expr->text);
		return false;
	}
	if (expr->number == 0 && member->size > 0 && member->size < long_bytes(render)) {
		refuse(render->refusal, &expr->place, false,
		       "%s has %zu bytes on this kernel and is not a pointer", expr->text,
		       member->size);
		return false;
	}
	return true;
}

static enum probe_expr_kind base_kind(const struct probe_expr *expr)
{
	while (expr->inner)
		expr = expr->inner;
	return expr->kind;
}

/* Anything may be NULL, but for the stack and what the probe file says is not. */
static bool is_doubtful(const struct probe_expr *expr)
{
	return !expr->is_sure && expr->kind != PROBE_EXPR_STACK &&
	       expr->kind != PROBE_EXPR_IMMEDIATE && expr->kind != PROBE_EXPR_COMM;
}

static void note_pointer(struct render *render, const struct probe_expr *expr, const char *text)
{
	struct pointer *pointer = array_add(&render->out->pointers, &render->out->pointer_count);

	pointer->text = xstrdup(text);
	pointer->is_doubtful = is_doubtful(expr->inner);
	if (render->context->is_return && base_kind(expr) == PROBE_EXPR_ARG)
		render->out->is_call_memory = true;
}

static bool add_offset(struct render *render, const struct probe_expr *expr, long more,
		       long *offset)
{
	if (!__builtin_add_overflow(*offset, more, offset))
		return true;
	refuse(render->refusal, &expr->place, false,
	       "the offset is out of range: no number of the kernel holds it");
	return false;
}

static bool render_deref(struct render *render, const struct probe_expr *expr, struct text *out)
{
	struct layout_member member = { 0 };
	struct text inner = { 0 };
	long offset = expr->number;
	bool is_outermost = expr == render->outermost;

	if (expr->kind == PROBE_EXPR_MEMBER) {
		if (!find_member(render, expr, &member))
			return false;
		if (is_outermost) {
			render->member = member;
			render->has_member = true;
		} else if (!check_pointer(render, expr, &member)) {
			return false;
		}
		if (!add_offset(render, expr, (long)member.offset, &offset))
			return false;
	}
	if (expr->user && !has(render, FEATURE_USER)) {
		refuse(render->refusal, &expr->place, true,
		       "this kernel cannot fetch memory of the process");
		return false;
	}
	if (is_outermost && !add_offset(render, expr, render->shift, &offset))
		return false;
	if (!render_expr(render, expr->inner, &inner)) {
		text_clear(&inner);
		return false;
	}
	if (render->shift == 0)
		note_pointer(render, expr, inner.data);
	text_addf(out, "%c%s%ld(%s)", offset < 0 ? '-' : '+', expr->user ? "u" : "",
		  offset < 0 ? -offset : offset, inner.data);
	text_clear(&inner);
	return true;
}

static bool render_expr(struct render *render, const struct probe_expr *expr, struct text *out)
{
	switch (expr->kind) {
	case PROBE_EXPR_ARG:
		return render_argn(render, expr, out);
	case PROBE_EXPR_RETVAL:
		text_add(out, "$retval");
		return true;
	case PROBE_EXPR_STACK:
		text_add(out, "$stack");
		return true;
	case PROBE_EXPR_STACK_N:
		text_addf(out, "$stack%ld", expr->number);
		return true;
	case PROBE_EXPR_COMM:
		return render_if(render, expr, out, FEATURE_COMM, "the task's name", "$comm");
	case PROBE_EXPR_REGISTER:
		text_addf(out, "%%%s", expr->text);
		return true;
	case PROBE_EXPR_IMMEDIATE:
		return render_if(render, expr, out, FEATURE_IMMEDIATE, "an immediate value",
				 expr->text);
	case PROBE_EXPR_ADDRESS:
	case PROBE_EXPR_NATIVE:
		text_add(out, expr->text);
		return true;
	case PROBE_EXPR_DEREF:
	case PROBE_EXPR_MEMBER:
		return render_deref(render, expr, out);
	}
	return false;
}

static void set_type(struct probe_type *type, const char *text)
{
	const char *why;
	size_t at;

	probe_type_parse(text, strlen(text), type, &why, &at);
}

/* No type is written: what the kernel takes then, or what the member is. */
static bool untyped(struct render *render, const struct probe_arg *arg)
{
	const struct layout_member *member = &render->member;
	struct rendered *out = render->out;
	char name[32];

	if (arg->expr->kind == PROBE_EXPR_COMM ||
	    (arg->expr->kind == PROBE_EXPR_IMMEDIATE && strchr(arg->expr->text, '"'))) {
		set_type(&out->type, "string");
		return true;
	}
	if (render->has_member && member->bit_width) {
		snprintf(name, sizeof(name), "b%u@%u/%zu", member->bit_width, member->bit_offset,
			 member->size * 8);
		set_type(&out->type, name);
		out->has_type = true;
		return true;
	}
	if (!render->has_member || arg->expr->number || member->size == long_bytes(render)) {
		set_type(&out->type, long_bytes(render) == 8 ? "x64" : "x32");
		return true;
	}
	if (member->size != 1 && member->size != 2 && member->size != 4 && member->size != 8) {
		refuse(render->refusal, &arg->place, false,
		       "%s has %zu bytes on this kernel: it needs a type", arg->expr->text,
		       member->size);
		return false;
	}
	snprintf(name, sizeof(name), "x%zu", member->size * 8);
	set_type(&out->type, name);
	out->has_type = true;
	return true;
}

static size_t whole_bytes(const struct probe_type *type)
{
	return (size_t)type->bytes * (type->count ? type->count : 1);
}

/* A type for people takes a bit-field as what it is. */
static bool fit_bit_field(struct render *render, const struct probe_arg *arg)
{
	const struct layout_member *member = &render->member;
	struct probe_type *type = &render->out->type;

	if (arg->type.kind != PROBE_TYPE_DISPLAY && arg->type.kind != PROBE_TYPE_ENUM)
		return true;
	if (type->count || type->bytes > 8) {
		refuse(render->refusal, &arg->place, false,
		       "%s is a bit-field of %u bits on this kernel", arg->expr->text,
		       member->bit_width);
		return false;
	}
	snprintf(type->kernel, sizeof(type->kernel), "b%u@%u/%zu", member->bit_width,
		 member->bit_offset, member->size * 8);
	return true;
}

static bool is_wide_number(const struct probe_type *type)
{
	bool is_number = type->kind == PROBE_TYPE_KERNEL || type->display == DISPLAY_SIZE_OR_ERRNO;

	return is_number && type->bytes == 8 && !type->count && strchr("usx", type->kernel[0]) &&
	       strcmp(type->kernel + 1, "64") == 0;
}

static void halve(struct probe_type *type)
{
	snprintf(type->kernel + 1, sizeof(type->kernel) - 1, "32");
	type->bytes = 4;
}

/* A size_t or pointer that the file calls 64 bits wide is fetched as the 32 that it has here. */
static bool fit_long(struct render *render, struct probe_type *type)
{
	if (!is_wide_number(type) || long_bytes(render) != 4 || render->member.size != 4)
		return false;
	halve(type);
	return true;
}

/* A bit of such a one is a bit of the 32: of 64, a big-endian machine would take another member's.
 */
static void fit_bit(struct render *render, struct probe_type *type)
{
	if (type->kind != PROBE_TYPE_BITFIELD || type->bytes != 8 || long_bytes(render) != 4 ||
	    render->member.size != 4 || type->bit_offset + type->bit_width > 32)
		return;
	snprintf(type->kernel, sizeof(type->kernel), "b%u@%u/32", type->bit_width,
		 type->bit_offset);
	type->bytes = 4;
}

/* What is no memory is a long, which the kernel makes 64 bits wide with zeros, whatever its sign.
 */
static void fit_register(struct render *render, const struct probe_arg *arg,
			 struct probe_type *type)
{
	if (!arg->expr->inner && !render->context->is_plain && long_bytes(render) == 4 &&
	    is_wide_number(type) && type->kernel[0] == 's')
		halve(type);
}

static bool typed(struct render *render, const struct probe_arg *arg)
{
	const struct layout_member *member = &render->member;
	struct probe_type *type = &render->out->type;

	*type = arg->type;
	render->out->has_type = true;
	fit_register(render, arg, type);
	if (!render->has_member || arg->expr->number || type->bytes == 0)
		return true;
	if (member->bit_width && !fit_bit_field(render, arg))
		return false;
	fit_bit(render, type);
	if (type->kernel[0] == 'b' || member->size == 0 || whole_bytes(type) <= member->size ||
	    fit_long(render, type))
		return true;
	refuse(render->refusal, &arg->place, false,
	       "%s has %zu bytes on this kernel, and its type reads %zu", arg->expr->text,
	       member->size, whole_bytes(type));
	return false;
}

/* Text of a fixed length can be had without the type, as the words that it lies in. */
static bool words_of_text(struct render *render, const struct probe_arg *arg)
{
	const struct layout_member *member = &render->member;
	struct probe_type *type = &render->out->type;
	size_t words = member->size / 8;

	if (!render->has_member || member->bit_width || arg->expr->number || member->size % 8 ||
	    words < 2 || words > WORDS_MAX)
		return false;
	set_type(type, "char");
	type->count = (uint16_t)member->size;
	snprintf(type->kernel, sizeof(type->kernel), "x64[%zu]", words);
	return true;
}

/* Kernel types that this kernel lacks, and those with the same bits. */
static bool substitute_type(struct render *render, const struct probe_arg *arg)
{
	char *kernel = render->out->type.kernel;
	bool is_string = strcmp(kernel, "string") == 0 || strcmp(kernel, "ustring") == 0;
	const char *plain = long_bytes(render) == 8 ? "x64" : "x32";

	if (strcmp(kernel, "string") == 0 && !has(render, FEATURE_STRING) &&
	    words_of_text(render, arg))
		is_string = false;
	if ((is_string && !has(render, FEATURE_STRING)) ||
	    (kernel[0] == 'u' && is_string && !has(render, FEATURE_USER))) {
		refuse(render->refusal, &arg->place, true, "this kernel has no type %s", kernel);
		return false;
	}
	if ((strcmp(kernel, "symbol") == 0 && !has(render, FEATURE_SYMBOL)) ||
	    (strcmp(kernel, "symstr") == 0 && !has(render, FEATURE_SYMSTR))) {
		set_type(&render->out->type, "symbol");
		snprintf(kernel, sizeof(render->out->type.kernel), "%s", plain);
		render->out->type.bytes = (uint8_t)long_bytes(render);
	}
	if (kernel[0] == 'x' && !has(render, FEATURE_HEX))
		kernel[0] = 'u';
	return true;
}

static bool add_text(struct render *render, const struct probe_arg *arg)
{
	struct text text = { 0 };
	size_t length;

	render->outermost = arg->expr;
	if (!render_expr(render, arg->expr, &text)) {
		text_clear(&text);
		return false;
	}
	*array_add(&render->out->texts, &render->out->text_count) = text_steal(&text);
	length = strlen(render->out->texts[render->out->text_count - 1]);
	if (render->out->has_type)
		length += 1 + strlen(render->out->type.kernel);
	if (length > ARG_TEXT_MAX) {
		refuse(render->refusal, &arg->place, false,
		       "an argument has at most %d characters for the kernel, and this one has "
		       "%zu: %s",
		       ARG_TEXT_MAX, length, render->out->texts[render->out->text_count - 1]);
		return false;
	}
	return true;
}

/* Element by element, where the kernel has no arrays. */
static bool split_array(struct render *render, const struct probe_arg *arg)
{
	struct probe_type *type = &render->out->type;
	char *bracket = strchr(type->kernel, '[');
	struct probe_type element = { 0 };
	unsigned long count;

	if (!bracket || has(render, FEATURE_ARRAY))
		return true;
	if (!arg->expr->inner) {
		refuse(render->refusal, &arg->place, false,
		       "only memory can be fetched as an array");
		return false;
	}
	count = strtoul(bracket + 1, NULL, 10);
	*bracket = '\0';
	set_type(&element, type->kernel);
	for (unsigned long i = 1; i < count; i++) {
		render->shift = (long)(i * element.bytes);
		if (!add_text(render, arg))
			return false;
	}
	return true;
}

static bool check_name(struct render *render, const struct probe_arg *arg)
{
	size_t length = strlen(render->out->name);

	if (render->out->text_count > 1)
		length += strlen("__63");
	if (length <= ARG_NAME_MAX)
		return true;
	refuse(render->refusal, &arg->place, false,
	       "the argument's name has more than %d characters for this kernel", ARG_NAME_MAX);
	return false;
}

static bool render_all(struct render *render, const struct probe_arg *arg)
{
	/* The type follows from the member, which follows from the expression: the text is rendered
	 * twice. */
	struct text text = { 0 };
	bool is_good;

	render->outermost = arg->expr;
	is_good = render_expr(render, arg->expr, &text);
	text_clear(&text);
	for (size_t i = 0; i < render->out->pointer_count; i++)
		free(render->out->pointers[i].text);
	render->out->pointer_count = 0;
	if (!is_good)
		return false;
	is_good = arg->type.kind == PROBE_TYPE_NONE ? untyped(render, arg) : typed(render, arg);
	return is_good && substitute_type(render, arg) && add_text(render, arg) &&
	       split_array(render, arg) && check_name(render, arg);
}

/* A packet's window may begin before what it hangs on, by no more than a record can hold. */
static bool set_before(struct render *render, const struct probe_arg *arg)
{
	if (arg->type.display != DISPLAY_PACKET || arg->expr->number >= 0)
		return true;
	if (arg->expr->number < -RECORD_MAX) {
		refuse(render->refusal, &arg->expr->place, false,
		       "a packet window begins at most %d bytes before an address", RECORD_MAX);
		return false;
	}
	render->out->before = (int)-arg->expr->number;
	return true;
}

int render_arg(const struct render_context *context, const struct probe_arg *arg,
	       struct rendered *out, struct field_origin *origin, struct refusal *refusal)
{
	struct rendered rendered = { .arg = arg };
	struct render render = { context, refusal, &rendered, origin, NULL, { 0 }, false, 0 };

	rendered.name = xstrdup(arg->name);
	if (set_before(&render, arg) && render_all(&render, arg)) {
		*out = rendered;
		return 0;
	}
	rendered_clear(&rendered);
	return arg->optional && refusal->is_absence ? -ENOENT : -EINVAL;
}

size_t rendered_bytes(const struct rendered *rendered)
{
	size_t bytes = whole_bytes(&rendered->type);

	return bytes ? bytes : sizeof(unsigned int); /* a string is where it is and how long */
}

void rendered_write(const struct rendered *rendered, size_t part, struct text *out)
{
	text_addf(out, " %s", rendered->name);
	if (part)
		text_addf(out, "__%zu", part);
	text_addf(out, "=%s", rendered->texts[part]);
	if (rendered->has_type)
		text_addf(out, ":%s", rendered->type.kernel);
}
