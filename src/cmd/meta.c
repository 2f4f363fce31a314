/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * In: a session whose probes are installed. Out: what its trace.dat says beside the pages.
 */
#include "cmd/meta.h"

#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/text.h"
#include "config.h"
#include "datfile/printfmt.h"
#include "session/ledger.h"

static void add_event(struct dat_meta *meta, const struct session_event *event)
{
	const struct event_desc *desc = &event->def->desc;
	struct dat_event_format *format = array_add(&meta->events, &meta->event_count);

	format->system = xstrdup(desc->group);
	format->text = printfmt_enrich(event->format, desc);
	format->length = strlen(format->text);
}

/* Those that have a ring buffer may be more than the machine has now: others may be put in. */
static int count_cpus(const struct session *session)
{
	int count = (int)sysconf(_SC_NPROCESSORS_CONF);

	for (size_t i = 0; i < session->instance_count; i++)
		for (size_t j = 0; j < session->instances[i].cpu_count; j++)
			if (session->instances[i].cpus[j] >= count)
				count = session->instances[i].cpus[j] + 1;
	return count;
}

static void add_buffers(struct dat_meta *meta, const struct session *session)
{
	for (size_t i = 0; i < session->instance_count; i++) {
		const struct session_instance *instance = &session->instances[i];
		struct dat_buffer *buffer = array_add(&meta->buffers, &meta->buffer_count);

		/* The first one is the main buffer, which trace-cmd shows without a name. */
		buffer->name = xstrdup(i == 0 ? "" : instance->name);
		buffer->clock = xstrdup(session->clock);
		buffer->page_size = instance->page_size;
		buffer->cpu_count = instance->cpu_count;
		buffer->cpus = xcalloc(instance->cpu_count, sizeof(*buffer->cpus));
		memcpy(buffer->cpus, instance->cpus, instance->cpu_count * sizeof(*buffer->cpus));
	}
}

static void add_descs(struct dat_meta *meta, const struct session *session)
{
	struct text text = { 0 };

	/* By their text, so that the recording's descriptions are its own and not the session's. */
	for (size_t i = 0; i < session->event_count; i++)
		if (!session_has_repeated(session, i))
			event_desc_write(&session->events[i].def->desc, &text);
	if (text.data)
		event_descs_read(text.data, &meta->descs, &meta->desc_count, NULL);
	text_clear(&text);
}

void meta_fill(struct dat_meta *meta, const struct session *session)
{
	const uint16_t probe = 1;
	struct utsname name;

	meta->is_big_endian = *(const unsigned char *)&probe == 0;
	meta->long_bytes = sizeof(long);
	meta->page_size = session->instances[0].page_size;
	meta->header_page = xstrdup(session->header_page);
	meta->header_page_size = strlen(meta->header_page);
	meta->header_event = xstrdup(session->header_event);
	meta->header_event_size = strlen(meta->header_event);
	meta->version = xstrdup(PACKAGE_STRING);
	meta->cpu_count = count_cpus(session);
	if (uname(&name) == 0)
		meta->uname = xasprintf("%s %s %s %s", name.sysname, name.nodename, name.release,
					name.machine);
	for (size_t i = 0; i < session->event_count; i++)
		if (!session_has_repeated(session, i))
			add_event(meta, &session->events[i]);
	add_buffers(meta, session);
	add_descs(meta, session);
	meta->has_nk = true;
	meta->has_wall_offset = session->has_wall_offset;
	meta->wall_offset_ns = session->wall_offset_ns;
}

void meta_add_stats(struct dat_meta *meta, const struct session_instance *instance)
{
	for (size_t i = 0; instance->stats && i < instance->cpu_count; i++)
		if (instance->stats[i].text)
			*array_add(&meta->cpu_stats, &meta->cpu_stats_count) =
				xstrdup(instance->stats[i].text);
}

void meta_add_ledger(struct dat_meta *meta, const struct session *session, enum ledger_part part)
{
	struct ledger ledger;
	struct text text = { 0 };

	ledger_of_session(session, NULL, &ledger);
	ledger.part = part;
	ledger_write(&ledger, &text);
	free(meta->summary);
	meta->summary = text_steal(&text);
	ledger_clear(&ledger);
}
