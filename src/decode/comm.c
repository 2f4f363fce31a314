/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * saved_cmdlines text and the answers of a source in, names by pid out: a hash table with open
 * addressing, never more than half full, each entry the name itself. An answer of NULL is kept too.
 */
#include "decode/comm.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"

#define FIRST_ROOM 1024 /* a power of two */

struct comm {
	int pid;
	bool is_used;
	char name[COMM_LENGTH];
};

struct comms {
	struct comm *table;
	size_t room, count;
	int last_pid; /* asked for last, and its name; NULL: none yet */
	const char *last;
	const char *(*find)(void *context, int pid);
	void *context;
};

/* Where the table lies is not known to who makes a recording: he cannot make all pids meet. */
static struct comm *slot(const struct comms *comms, int pid)
{
	uint32_t place = (uint32_t)((uintptr_t)comms->table >> 12);
	size_t at = ((uint32_t)pid ^ place) * 2654435769U;

	for (at ^= at >> 16;; at++) {
		struct comm *comm = &comms->table[at & (comms->room - 1)];

		if (!comm->is_used || comm->pid == pid)
			return comm;
	}
}

static void grow(struct comms *comms)
{
	struct comms bigger = { .room = comms->room * 2 };

	bigger.table = xcalloc(bigger.room, sizeof(*bigger.table));
	for (size_t i = 0; i < comms->room; i++)
		if (comms->table[i].is_used)
			*slot(&bigger, comms->table[i].pid) = comms->table[i];
	free(comms->table);
	comms->table = bigger.table;
	comms->room = bigger.room;
}

static const char *put(struct comms *comms, int pid, const char *name)
{
	comms->last = NULL;
	if ((comms->count + 1) * 2 > comms->room)
		grow(comms);

	struct comm *comm = slot(comms, pid);

	if (!comm->is_used)
		comms->count++;
	comm->is_used = true;
	comm->pid = pid;
	memset(comm->name, 0, sizeof(comm->name));
	memcpy(comm->name, name, strnlen(name, COMM_LENGTH - 1));
	return comm->name;
}

void comms_add(struct comms *comms, const char *saved_cmdlines)
{
	NK_FREE char *copy = xstrdup(saved_cmdlines);
	char *cursor = copy, *line;

	while ((line = text_next_line(&cursor))) {
		char *name;
		long pid = strtol(line, &name, 10);

		/* One blank; what follows is the name, blanks and all. 0 is of each CPU's idle
		 * task. */
		if (name != line && pid != 0 && *name == ' ' && name[1] != '\0')
			put(comms, (int)pid, name + 1);
	}
}

void comms_set_source(struct comms *comms, const char *(*find)(void *context, int pid),
		      void *context)
{
	comms->last = NULL;
	comms->find = find;
	comms->context = context;
}

static const char *find(struct comms *comms, int pid)
{
	const struct comm *comm = slot(comms, pid);

	if (comm->is_used)
		return comm->name;

	const char *name = comms->find ? comms->find(comms->context, pid) : NULL;

	return name ? put(comms, pid, name) : NULL;
}

const char *comms_find(struct comms *comms, int pid)
{
	const char *name;

	if (comms->last && comms->last_pid == pid)
		return comms->last;
	name = find(comms, pid);
	comms->last_pid = pid;
	comms->last = name;
	return name ? name : "<...>";
}

struct comms *comms_new(void)
{
	struct comms *comms = xcalloc(1, sizeof(*comms));

	comms->room = FIRST_ROOM;
	comms->table = xcalloc(comms->room, sizeof(*comms->table));
	put(comms, 0, "<idle>");
	return comms;
}

void comms_free(struct comms *comms)
{
	if (!comms)
		return;
	free(comms->table);
	free(comms);
}
