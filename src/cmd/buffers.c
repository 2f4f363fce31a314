/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What -B says, checked against the sets of the probes that were chosen.
 */
#include "cmd/buffers.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

static bool is_traced(const struct setup *setup, const char *set)
{
	for (size_t i = 0; i < setup->chosen_count; i++)
		if (strcmp(setup->chosen[i]->set->name, set) == 0)
			return true;
	return false;
}

static const char *taken_by(const struct buffers *buffers, const char *set)
{
	for (size_t i = 0; i < buffers->count; i++)
		for (size_t j = 0; j < buffers->items[i].set_count; j++)
			if (strcmp(buffers->items[i].sets[j], set) == 0)
				return buffers->items[i].name;
	return NULL;
}

static int take_size(const char *given, const char *text, struct session_buffer *buffer,
		     struct diags *diags)
{
	char *end;

	errno = 0;
	buffer->kb = strtoul(text, &end, 10);
	if (!isdigit((unsigned char)*text) || *end || errno || buffer->kb == 0)
		return diag_error(diags, EINVAL, "-B %s: '%s' is no size in KiB", given, text);
	return 0;
}

static int take_sets(const struct buffers *buffers, const struct setup *setup, const char *given,
		     char *list, struct session_buffer *buffer, struct diags *diags)
{
	char *rest = list;
	char *set;

	while ((set = strsep(&rest, ","))) {
		const char *other = taken_by(buffers, set);

		if (!is_traced(setup, set))
			return diag_error(diags, EINVAL, "-B %s: no probe of a set '%s' is traced",
					  given, set);
		if (other)
			return diag_error(diags, EINVAL, "-B %s: '%s' goes to the buffer '%s'",
					  given, set, other);
		*array_add(&buffer->sets, &buffer->set_count) = set;
	}
	return 0;
}

static int parse(struct buffers *buffers, const struct setup *setup, const char *given,
		 struct diags *diags)
{
	char *text = *array_add(&buffers->texts, &buffers->text_count) = xstrdup(given);
	char *equals = strchr(text, '=');
	char *colon = equals ? strchr(equals, ':') : NULL;
	struct session_buffer buffer = { .name = text };
	int err = 0;

	if (!equals || equals == text || !equals[1])
		return diag_error(diags, EINVAL, "-B takes NAME=SET[,SET...][:KB], not '%s'",
				  given);
	*equals = '\0';
	if (colon) {
		*colon = '\0';
		err = take_size(given, colon + 1, &buffer, diags);
	}
	if (!err)
		err = take_sets(buffers, setup, given, equals + 1, &buffer, diags);
	for (size_t i = 0; !err && i < buffers->count; i++)
		if (strcmp(buffers->items[i].name, buffer.name) == 0)
			err = diag_error(diags, EINVAL, "-B %s: there is a buffer '%s' already",
					 given, buffer.name);
	if (err)
		free(buffer.sets);
	else
		*array_add(&buffers->items, &buffers->count) = buffer;
	return err;
}

int buffers_parse(const struct options *options, const struct setup *setup, struct buffers *out,
		  struct diags *diags)
{
	struct buffers buffers = { 0 };
	int err = 0;

	for (size_t i = 0; !err && i < options->buffer_count; i++)
		err = parse(&buffers, setup, options->buffers[i], diags);
	if (err)
		buffers_clear(&buffers);
	else
		*out = buffers;
	return err;
}

void buffers_clear(struct buffers *buffers)
{
	for (size_t i = 0; i < buffers->count; i++)
		free(buffers->items[i].sets);
	for (size_t i = 0; i < buffers->text_count; i++)
		free(buffers->texts[i]);
	free(buffers->items);
	free(buffers->texts);
	*buffers = (struct buffers){ 0 };
}
