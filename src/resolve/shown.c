/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Raw fields of an event description to the names that the reader sees.
 */
#include "resolve/shown.h"

#include <string.h>

#include "base/alloc.h"

static bool has_family(const struct event_desc *desc)
{
	for (size_t i = 0; i < desc->field_count; i++)
		if (desc->fields[i].type.display == DISPLAY_FAMILY)
			return true;
	return false;
}

char *shown_address_name(const struct event_desc *desc, const struct event_field *field)
{
	enum probe_display display = field->type.display;
	size_t length = strlen(field->name);
	char last = display == DISPLAY_IP4 ? '4' : '6';

	if ((display != DISPLAY_IP4 && display != DISPLAY_IP6) || length < 2 ||
	    field->name[length - 1] != last || !has_family(desc))
		return NULL;
	return xstrndup(field->name, length - 1);
}

static bool has_word(const struct text *text, const char *word)
{
	size_t length = strlen(word);
	const char *at = text->data;

	while (at && (at = strstr(at, word))) {
		if ((at == text->data || at[-1] == ' ') && (!at[length] || at[length] == ' '))
			return true;
		at += length;
	}
	return false;
}

static void add_once(struct text *names, const char *name)
{
	if (!has_word(names, name))
		text_addf(names, "%s%s", names->length ? " " : "", name);
}

void shown_names(const struct event_desc *desc, struct text *names)
{
	for (size_t i = 0; i < desc->field_count; i++) {
		const struct event_field *field = &desc->fields[i];
		NK_FREE char *address = shown_address_name(desc, field);

		if (field->name[0] == '_' || field->instead_of)
			continue;
		if (field->type.display == DISPLAY_PACKET) {
			for (size_t j = 0; j < field->type.packet_member_count; j++)
				add_once(names, packet_member_names[field->type.packet_order[j]]);
			continue;
		}
		add_once(names, address ? address : field->name);
	}
}
