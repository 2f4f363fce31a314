/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Frees what the reader has filled in.
 */
#include "datfile/meta.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

static void clear_events(struct dat_meta *meta)
{
	for (size_t i = 0; i < meta->event_count; i++) {
		free(meta->events[i].system);
		free(meta->events[i].text);
	}
	free(meta->events);
}

static void clear_buffers(struct dat_meta *meta)
{
	for (size_t i = 0; i < meta->buffer_count; i++) {
		free(meta->buffers[i].name);
		free(meta->buffers[i].clock);
		free(meta->buffers[i].cpus);
	}
	free(meta->buffers);
}

void dat_meta_clear_kallsyms(struct dat_meta *meta)
{
	if (meta->kallsyms_map)
		munmap(meta->kallsyms_map, meta->kallsyms_map_bytes);
	else
		free(meta->kallsyms);
	meta->kallsyms_map = meta->kallsyms = NULL;
}

void dat_meta_clear(struct dat_meta *meta)
{
	clear_events(meta);
	clear_buffers(meta);
	for (size_t i = 0; i < meta->cpu_stats_count; i++)
		free(meta->cpu_stats[i]);
	free(meta->cpu_stats);
	free(meta->header_page);
	free(meta->header_event);
	dat_meta_clear_kallsyms(meta);
	free(meta->printk);
	free(meta->saved_cmdlines);
	free(meta->uname);
	free(meta->version);
	event_descs_free(meta->descs, meta->desc_count);
	free(meta->summary);
	memset(meta, 0, sizeof(*meta));
}
