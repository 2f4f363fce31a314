/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A bound expression and a plan in, what the kernel's event filter can do of it out
 * (kernel/trace/trace_events_filter.c, from 4.17 on in this form). It holds: the kernel keeps every
 * event whose record filter_keeps() would keep. A value that nk does not show, since it was read
 * through a bad pointer or is of another family, is told to the kernel with it.
 */
#include <endian.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/alloc.h"
#include "decode/format.h"
#include "filter/bind.h"
#include "filter/bounds.h"

#define TEXT_MAX   3900 /* a write to tracefs is less than a page */
#define STRING_MAX 200	/* MAX_FILTER_STR_VAL is 256 */

struct place {
	const struct bound_filter *bound;
	const struct event_plan *plan;
	bool is_joined; /* the plan has both halves */
};

static const char *const relations[] = {
	[RELATION_EQUAL] = "==",      [RELATION_UNEQUAL] = "!=", [RELATION_LESS] = "<",
	[RELATION_LESS_EQUAL] = "<=", [RELATION_GREATER] = ">",	 [RELATION_GREATER_EQUAL] = ">=",
	[RELATION_GLOB] = "~",	      [RELATION_BITS] = "&",
};

static const char why_return[] = "it is known only when the call returns";
static const char why_array[] = "the kernel cannot compare arrays";
static const char why_packet[] = "it is read out of the packet's bytes";
static const char why_order[] = "the kernel does not know the order of numbers in network order";
static const char why_text[] = "the kernel cannot be told this text";
static const char why_fault[] = "text that could not be read is not told from other text there";
static const char why_comm[] = "the probe does not fetch the task's name";
static const char why_cpu[] = "a joined call has the CPU of its return";
static const char why_shadow[] = "to the kernel this is a field of the event";
static const char why_chain[] = "which field it is depends on the record";
static const char why_name[] = "which number the name stands for depends on the family";
static const char why_type[] = "the kernel cannot compare this type";

static const struct raw_field *raw_at(const struct place *place, unsigned int half,
				      unsigned int offset)
{
	return decoder_raw_field(place->bound->decoder, place->plan, half, offset);
}

/* A field that must be there: nothing can be said where it is not. */
static bool add_guard(const struct place *place, const struct plan_guard *guard,
		      struct kernel_text *to)
{
	const struct raw_field *raw = raw_at(place, guard->half, guard->offset);
	struct kernel_text text;

	if (!raw || raw->size != guard->bytes || raw->is_array)
		return false;
	if (guard->kind == GUARD_RESULT)
		text = raw->is_signed ? kernel_text_format("%s >= 0", raw->name)
				      : kernel_text_constant(true);
	else if (guard->kind == GUARD_FAMILY)
		text = kernel_text_format("(%s == %d || %s == %d)", raw->name, AF_INET, raw->name,
					  AF_INET6);
	else if (guard->kind == GUARD_ZERO)
		text = kernel_text_format("%s == 0", raw->name);
	else if (guard->bytes == 8 && !raw->is_signed)
		text = kernel_text_format("(%s >= 4096 && %s < 0xfffffffffffff001)", raw->name,
					  raw->name);
	else if (!raw->is_signed)
		text = kernel_text_format("(%s >= 4096 && %s < 0xfffff001)", raw->name, raw->name);
	else
		return false;
	*to = kernel_text_and(*to, text);
	return raw->is_signed || guard->kind != GUARD_RESULT;
}

/* What makes the value of a link one that is shown; false: the kernel cannot tell all of it. */
static bool tell_presence(const struct place *place, const struct plan_field *link,
			  const struct constant *constant, struct kernel_text *to)
{
	const struct raw_field *family = raw_at(place, link->half, link->family_offset);
	bool is_told = true;

	*to = kernel_text_constant(true);
	for (unsigned int i = 0; i < link->guard_count; i++)
		is_told = add_guard(place, &link->guards[i], to) && is_told;
	if (!link->has_family)
		return is_told;
	if (!family || family->size != 2)
		return is_told && link->kind != PLAN_ADDRESS;
	if (link->kind == PLAN_ADDRESS)
		*to = kernel_text_and(
			*to, kernel_text_format("%s == %d", family->name,
						link->display == DISPLAY_IP4 ? AF_INET : AF_INET6));
	else if (link->display == DISPLAY_PROTO && constant && constant->is_name)
		*to = kernel_text_and(*to,
				      kernel_text_format("(%s == %d || %s == %d)", family->name,
							 AF_INET, family->name, AF_INET6));
	return is_told;
}

static bool is_network(enum probe_display display)
{
	return display == DISPLAY_BE16 || display == DISPLAY_BE32 || display == DISPLAY_BE64 ||
	       display == DISPLAY_ETHERTYPE;
}

/* Whether a comparison comes out the same whatever the field has: the constant is out of its range.
 */
static bool is_out_of_range(const struct plan_field *link, const struct constant *constant,
			    enum filter_relation relation, bool *holds)
{
	unsigned int bits = link->bytes * 8U;
	uint64_t most = bits >= 64 ? UINT64_MAX : (1ULL << bits) - 1;
	bool is_low, is_high;

	if (link->is_signed) {
		most >>= 1;
		is_low = constant->is_negative && ~constant->number > most;
		is_high = !constant->is_negative && constant->number > most;
	} else {
		is_low = constant->is_negative;
		is_high = !constant->is_negative && constant->number > most;
	}
	if (!is_low && !is_high)
		return false;
	*holds = relation == RELATION_UNEQUAL ||
		 (is_high && (relation == RELATION_LESS || relation == RELATION_LESS_EQUAL)) ||
		 (is_low && (relation == RELATION_GREATER || relation == RELATION_GREATER_EQUAL));
	return true;
}

static uint64_t to_network(uint64_t number, unsigned int bytes)
{
	uint64_t big = htobe64(number << (64 - bytes * 8));

	return bytes == 8 ? big : big & ((1ULL << bytes * 8) - 1);
}

/* link's number against the constant, without what makes it present. */
static struct bounds compare_number(const struct plan_field *link, const struct raw_field *raw,
				    const struct constant *constant, enum filter_relation relation)
{
	uint64_t number = constant->number;
	bool holds, is_ordered = relation >= RELATION_LESS && relation <= RELATION_GREATER_EQUAL;

	if (raw->size != link->bytes || raw->is_array ||
	    (!is_network(link->display) && raw->is_signed != link->is_signed))
		return bounds_over(kernel_text_constant(true), why_type);
	if (relation == RELATION_BITS && (constant->is_negative || link->is_signed))
		return bounds_over(kernel_text_constant(true), why_type);
	if (relation != RELATION_BITS && is_out_of_range(link, constant, relation, &holds))
		return bounds_exact(kernel_text_constant(holds));
	if (is_network(link->display) && link->bytes > 1 && __BYTE_ORDER == __LITTLE_ENDIAN) {
		if (is_ordered)
			return bounds_over(kernel_text_constant(true), why_order);
		number = to_network(number, link->bytes);
	}
	if (raw->is_signed)
		return bounds_exact(kernel_text_format("%s %s %lld", raw->name, relations[relation],
						       (long long)number));
	return bounds_exact(kernel_text_format("%s %s %llu", raw->name, relations[relation],
					       (unsigned long long)number));
}

/* The bits of a word under a mask: those that are to be 0 at once, those that are to be 1 one by
 * one, since the kernel's '&' asks whether any of several is. */
static struct kernel_text match_word(const char *name, unsigned int bytes, uint64_t value,
				     uint64_t mask)
{
	uint64_t whole = bytes == 8 ? UINT64_MAX : (1ULL << bytes * 8) - 1;
	struct kernel_text text = kernel_text_constant(true);

	if (mask == whole)
		return kernel_text_format("%s == 0x%llx", name, (unsigned long long)value);
	if (mask & ~value)
		text = kernel_text_format("!(%s & 0x%llx)", name,
					  (unsigned long long)(mask & ~value));
	for (uint64_t ones = mask & value; ones; ones &= ones - 1)
		text = kernel_text_and(text,
				       kernel_text_format("%s & 0x%llx", name,
							  (unsigned long long)(ones & -ones)));
	return text;
}

static uint64_t read_word(const unsigned char *bytes, unsigned int size)
{
	uint32_t half;
	uint64_t word;

	memcpy(size == 4 ? (void *)&half : (void *)&word, bytes, size);
	return size == 4 ? half : word;
}

/* An address in one field, or in several that lie one behind the other. */
static struct bounds compare_address(const struct place *place, const struct plan_field *link,
				     const struct constant *constant, enum filter_relation relation)
{
	unsigned int length = constant->family == AF_INET ? 4 : 16, size;
	bool is_equal = relation == RELATION_EQUAL;
	struct kernel_text text = kernel_text_constant(true);
	unsigned char mask[16] = { 0 };

	if ((link->display == DISPLAY_IP4) != (constant->family == AF_INET))
		return bounds_exact(kernel_text_constant(!is_equal));
	for (unsigned int bit = 0; bit < constant->bits; bit++)
		mask[bit / 8] |= (unsigned char)(0x80U >> bit % 8);
	for (unsigned int at = 0; at < length; at += size) {
		const struct raw_field *raw = raw_at(place, link->half, link->offset + at);

		size = raw ? raw->size : 0;
		if (!raw || raw->is_array || (size != 4 && size != 8) || size > length - at) {
			free(text.text);
			return bounds_over(kernel_text_constant(true), why_array);
		}
		text = kernel_text_and(text, match_word(raw->name, size,
							read_word(constant->bytes + at, size),
							read_word(mask + at, size)));
	}
	return bounds_exact(is_equal ? text : kernel_text_not(text));
}

/* '!' and digits in front mean something else (filter_parse_regex()). */
static bool is_kernel_glob(const char *glob)
{
	return *glob && *glob != '!' && !(*glob >= '0' && *glob <= '9');
}

/*
 * What goes in front of a glob. Where '*' stands there and at the end alone, the rest is looked for
 * in the whole array that the text lies in, behind its NUL too; with a second one glob_match() is
 * asked, which ends at the NUL.
 */
static const char *glob_front(const struct constant *constant, bool is_fixed,
			      enum filter_relation relation)
{
	return relation == RELATION_GLOB && is_fixed && *constant->text == '*' ? "*" : "";
}

static struct bounds compare_text(const char *name, bool is_fixed, const struct constant *constant,
				  enum filter_relation relation)
{
	char quote = strchr(constant->text, '"') ? '\'' : '"';

	if (strchr(constant->text, quote) || constant->length > STRING_MAX ||
	    (relation == RELATION_GLOB && !is_kernel_glob(constant->text)))
		return bounds_over(kernel_text_constant(true), why_text);
	return bounds_exact(kernel_text_format("%s %s %c%s%s%c", name, relations[relation], quote,
					       glob_front(constant, is_fixed, relation),
					       constant->text, quote));
}

/* A string that the kernel could not read is "(fault)" or empty in the ring buffer. */
static struct bounds compare_string(const struct plan_field *link, const struct raw_field *raw,
				    const struct constant *constant, enum filter_relation relation)
{
	static const char fault[] = "(fault)";
	struct bounds bounds =
		compare_text(raw->name, link->kind == PLAN_FIXED_STRING, constant, relation);

	if (!bounds.is_exact || !link->is_nk)
		return bounds;
	if (constant_holds_text(constant, relation, fault, sizeof(fault) - 1) ||
	    constant_holds_text(constant, relation, "", 0)) {
		free(bounds.under.text);
		return bounds_over(bounds.over, why_fault);
	}
	return bounds;
}

static struct bounds compare_link(const struct place *place, const struct plan_field *link,
				  const struct constant *constant, enum filter_relation relation)
{
	const struct raw_field *raw = raw_at(place, link->half, link->offset);

	if (link->kind == PLAN_PACKET)
		return bounds_over(kernel_text_constant(true), why_packet);
	if (!raw)
		return bounds_over(kernel_text_constant(true), why_type);
	switch (constant->kind) {
	case CONSTANT_NUMBER:
		if (link->kind == PLAN_NUMBER)
			return compare_number(link, raw, constant, relation);
		return bounds_over(kernel_text_constant(true), why_array);
	case CONSTANT_ADDRESS:
		return compare_address(place, link, constant, relation);
	case CONSTANT_TEXT:
		if (link->kind == PLAN_STRING || link->kind == PLAN_FIXED_STRING)
			return compare_string(link, raw, constant, relation);
		return bounds_over(kernel_text_constant(true), why_type);
	case CONSTANT_ICMP_NAME:
		return bounds_over(kernel_text_constant(true), why_name);
	case CONSTANT_MAC:
		break;
	}
	return bounds_over(kernel_text_constant(true), why_array);
}

static const struct constant *constant_of(const struct bound_field *field,
					  const struct plan_field *link)
{
	bool is_text = link->kind == PLAN_STRING || link->kind == PLAN_FIXED_STRING;
	enum probe_display display = is_text ? DISPLAY_STRING : plan_field_display(link);

	for (size_t i = 0; i < field->constant_count; i++)
		if (field->constants[i].display == display ||
		    field->constants[i].kind == CONSTANT_ADDRESS)
			return &field->constants[i];
	return NULL;
}

/* Whether what makes a link's value absent is all in its presence. */
static bool has_told_presence(const struct plan_field *link)
{
	return link->kind != PLAN_PACKET && link->kind != PLAN_STRING &&
	       link->kind != PLAN_FIXED_STRING;
}

/* *presence is the caller's; false: it does not tell all. */
static bool bound_link(const struct place *place, const struct bound_field *field,
		       const struct plan_field *link, enum filter_relation relation,
		       struct kernel_text *presence, struct bounds *out)
{
	const struct constant *constant = constant_of(field, link);
	bool is_told = tell_presence(place, link, constant, presence);

	if (!constant) {
		*out = bounds_exact(kernel_text_constant(false));
	} else {
		*out = compare_link(place, link, constant, relation);
		if (!is_told) {
			free(out->under.text);
			*out = bounds_over(out->over, why_type);
		}
		*out = bounds_and(bounds_exact(kernel_text_copy(presence)), *out);
	}
	return is_told && has_told_presence(link);
}

/* Links of a chain that exclude each other: addresses by one family. */
static bool is_by_family(const struct plan_field *field)
{
	for (const struct plan_field *link = field; link; link = link->instead)
		if (link->kind != PLAN_ADDRESS || !link->has_family || link->half != field->half ||
		    link->family_offset != field->family_offset)
			return false;
	return true;
}

/* The first link that is present is the value. */
static struct bounds bound_field(const struct place *place, const struct bound_field *field,
				 enum filter_relation relation)
{
	struct bounds bounds = bounds_exact(kernel_text_constant(false));
	struct kernel_text absent = kernel_text_constant(true); /* all links before */
	bool is_exclusive = is_by_family(field->field), is_told = true;

	if (place->is_joined && field->halves != 1)
		return bounds_over(kernel_text_constant(true), why_return);
	for (const struct plan_field *link = field->field; link; link = link->instead) {
		struct kernel_text presence;
		struct bounds one;

		if (!bound_link(place, field, link, relation, &presence, &one) && link->instead)
			is_told = false;
		bounds =
			bounds_or(bounds, bounds_and(bounds_exact(kernel_text_copy(&absent)), one));
		if (!is_exclusive && is_told)
			absent = kernel_text_and(absent, kernel_text_not(presence));
		else
			free(presence.text);
	}
	free(absent.text);
	/* Where a link is equal it is not the value, if one before it is there. */
	if (!is_told && !is_exclusive) {
		free(bounds.under.text);
		bounds.under = kernel_text_constant(false);
		if (bounds.is_exact)
			bounds = bounds_over(bounds.over, why_chain);
	}
	return bounds;
}

static struct bounds bound_fields(const struct place *place, const struct bound_test *test,
				  enum filter_relation relation)
{
	struct bounds bounds = bounds_exact(kernel_text_constant(false));

	for (size_t i = 0; i < test->field_count; i++)
		bounds = bounds_or(bounds, bound_field(place, &test->fields[i], relation));
	return bounds;
}

/* A word of the kernel for what every event has: its own fields go before that. */
static bool is_shadowed(const struct place *place, const char *word)
{
	return decoder_has_raw_field(place->bound->decoder, place->plan, word);
}

static bool is_int(const struct constant *constant)
{
	int64_t number = (int64_t)constant->number;

	return number == (int32_t)number && (number < 0) == constant->is_negative;
}

static struct bounds bound_test(const struct place *place, size_t index)
{
	const struct filter_test *test = &place->bound->filter->tests[index];
	const struct bound_test *own = &place->bound->plans[place->plan->index].tests[index];
	const struct constant *constant = &place->bound->constants[index];

	if (own->is_decided)
		return bounds_exact(kernel_text_constant(own->holds));
	/* The kernel's are ints, cut without a word; a CPU's bits it takes, and finds in none. */
	if ((test->subject == SUBJECT_PID || test->subject == SUBJECT_CPU) && !is_int(constant))
		return bounds_over(kernel_text_constant(true), why_type);
	if (test->subject == SUBJECT_CPU && test->relation == RELATION_BITS)
		return bounds_over(kernel_text_constant(true), why_type);
	switch (test->subject) {
	case SUBJECT_PID:
		return bounds_exact(kernel_text_format("common_pid %s %lld",
						       relations[test->relation],
						       (long long)constant->number));
	case SUBJECT_CPU:
		if (place->is_joined)
			return bounds_over(kernel_text_constant(true), why_cpu);
		if (is_shadowed(place, "CPU"))
			return bounds_over(kernel_text_constant(true), why_shadow);
		return bounds_exact(kernel_text_format("CPU %s %lld", relations[test->relation],
						       (long long)constant->number));
	case SUBJECT_COMM:
		/* What a joined call shows is what its entry fetched. */
		if (!decoder_fetches_comm(place->bound->decoder, place->plan))
			return bounds_over(kernel_text_constant(true), why_comm);
		if (is_shadowed(place, "COMM"))
			return bounds_over(kernel_text_constant(true), why_shadow);
		return compare_text("COMM", true, constant, test->relation);
	default:
		return bound_fields(place, own, test->relation);
	}
}

static struct bounds bound_node(const struct place *place, size_t index)
{
	const struct filter_node *node = &place->bound->filter->nodes[index];
	struct bounds left;

	if (node->kind == NODE_TEST) {
		left = bound_test(place, node->left);
		left.rest = (long)node->left;
		return left;
	}
	left = bound_node(place, node->left);
	if (node->kind == NODE_NOT)
		return bounds_not(left);
	if (node->kind == NODE_AND)
		return bounds_and(left, bound_node(place, node->right));
	return bounds_or(left, bound_node(place, node->right));
}

void filter_for_kernel(const struct bound_filter *bound, size_t plan_index,
		       struct kernel_filter *out)
{
	const struct event_plan *plan = bound->plans[plan_index].plan;
	struct place place = { .bound = bound, .plan = plan };
	const struct filter *filter = bound->filter;
	struct bounds bounds;

	for (size_t i = 0; i < plan->field_count; i++)
		place.is_joined |= plan->fields[i].kind == PLAN_DURATION;
	bounds = bound_node(&place, filter->node_count - 1);
	free(bounds.under.text);
	*out = (struct kernel_filter){ .is_whole = bounds.is_exact };
	if (!bounds.is_exact) {
		const struct filter_place *rest = &filter->tests[bounds.rest].whole;

		out->rest = filter->text + rest->at;
		out->rest_length = (int)rest->length;
		out->why = bounds.why;
	}
	/* No event has type 0. */
	if (bounds.over.is_constant)
		out->text = bounds.over.holds ? NULL : xstrdup("common_type == 0");
	else if (strlen(bounds.over.text) <= TEXT_MAX)
		out->text = xstrdup(bounds.over.text);
	if (!bounds.over.is_constant && !out->text) {
		*out = (struct kernel_filter){ .rest = filter->text,
					       .rest_length = (int)strlen(filter->text),
					       .why = "it is too long for the kernel" };
	}
	free(bounds.over.text);
}

void kernel_filter_clear(struct kernel_filter *filter)
{
	free(filter->text);
	*filter = (struct kernel_filter){ 0 };
}
