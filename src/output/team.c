/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A supply of records in, lines out in its order. It holds: stretches are numbered as they are
 * read, by whoever has the supply; only the thread whose number has its turn writes. What a thread
 * prints it has read itself, so that it is in its CPU's cache. Threads share no decoder; what is
 * not in the mapped file (joined calls) is copied, for the supply goes on.
 */
#include "output/team.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

#include "base/alloc.h"
#include "output/style.h"

/* Of a stretch: with their lines they are less than a CPU's second cache. */
#define PLACES	4096
#define RECORDS 1024
#define BYTES	(256U << 10)

struct team {
	const struct output_supply *supply;
	pthread_mutex_t reading; /* of the supply and */
	uint64_t read;		 /* stretches so far */
	bool is_over;
	pthread_mutex_t writing; /* of the output and */
	pthread_cond_t turned;
	uint64_t turn; /* whose number it is to write */
	int error;
};

struct member {
	struct team *team;
	const struct output_member *own;
	struct record_maker *maker;
	struct output *output;
	pthread_t thread;
	/* The stretch that it is at. */
	uint64_t number;
	struct record_place *places; /* data NULL: it is the record of the index size */
	size_t count;
	struct record *records;
	size_t record_count;
	uint64_t gone;	      /* places whose records have changed since they were read */
	unsigned char *bytes; /* what the records point to */
	size_t room, used;
};

/* Before the buffer of a member is written: those before it come first. */
static void await_turn(void *context)
{
	struct member *member = context;
	struct team *team = member->team;

	pthread_mutex_lock(&team->writing);
	while (team->turn != member->number)
		pthread_cond_wait(&team->turned, &team->writing);
	if (member->output->buffer.error == 0)
		member->output->buffer.error = team->error;
	pthread_mutex_unlock(&team->writing);
}

/* The next one's turn; false: nothing more can be written. */
static bool end_turn(struct member *member)
{
	struct team *team = member->team;
	bool is_well;

	pthread_mutex_lock(&team->writing);
	if (!team->error)
		team->error = member->output->buffer.error;
	is_well = !team->error;
	team->turn++;
	pthread_cond_broadcast(&team->turned);
	pthread_mutex_unlock(&team->writing);
	return is_well;
}

static const void *copy(struct member *member, const void *from, size_t size)
{
	unsigned char *to = member->bytes + member->used;

	memcpy(to, from, size);
	member->used += (size + 7) & ~(size_t)7;
	return to;
}

static void copy_record(struct member *member, const struct record *record)
{
	struct record *to = &member->records[member->record_count];

	*to = *record;
	for (int i = 0; i < 2; i++)
		if (record->data[i])
			to->data[i] = copy(member, record->data[i], record->size[i]);
	if (record->comm)
		to->comm = copy(member, record->comm, strlen(record->comm) + 1);
	member->places[member->count++] =
		(struct record_place){ .size = (uint32_t)member->record_count++ };
}

/* Both halves, and a name out of one, are at most as long as a sub-buffer each. */
static size_t record_room(const struct team *team)
{
	return 3 * team->supply->source->page_size + 24;
}

/* With the supply in hand. */
static void read_stretch(struct member *member)
{
	struct team *team = member->team;
	const struct output_supply *supply = team->supply;
	size_t full = member->room - record_room(team);
	struct record record;

	member->number = team->read++;
	member->count = member->record_count = member->used = 0;
	while (member->count < PLACES && member->record_count < RECORDS && member->used <= full) {
		int got = supply->next(supply->context, &member->places[member->count], &record);

		if (got == 2) {
			member->count++;
		} else if (got == 1) {
			copy_record(member, &record);
		} else {
			team->is_over = true;
			return;
		}
	}
}

static void print_stretch(struct member *member)
{
	const struct output_member *own = member->own;

	for (size_t i = 0; i < member->count; i++) {
		const struct record_place *place = &member->places[i];
		struct record made, *record = &made;

		if (place->data) {
			if (!record_make(member->maker, place, record)) {
				member->gone++;
				continue;
			}
		} else {
			record = &member->records[place->size];
			record_adopt(member->maker, record);
		}
		if (record->kind != RECORD_EVENT || !own->keeps || own->keeps(own->context, record))
			output_record(member->output, record);
	}
	await_turn(member);
	output_flush(member->output);
}

static void *work(void *context)
{
	struct member *member = context;
	struct team *team = member->team;

	for (;;) {
		pthread_mutex_lock(&team->reading);
		if (team->is_over)
			break;
		read_stretch(member);
		pthread_mutex_unlock(&team->reading);
		print_stretch(member);
		if (end_turn(member))
			continue;
		pthread_mutex_lock(&team->reading);
		team->is_over = true;
		break;
	}
	pthread_mutex_unlock(&team->reading);
	return NULL;
}

static void member_open(struct member *member, struct team *team, const struct output_member *own,
			const struct output_options *options)
{
	*member = (struct member){ .team = team, .own = own, .room = BYTES + record_room(team) };
	member->maker = record_maker_new(own->decoder, team->supply->source);
	member->output = output_new(options);
	member->output->buffer.before_write = await_turn;
	member->output->buffer.context = member;
	member->places = xcalloc(PLACES, sizeof(*member->places));
	member->records = xcalloc(RECORDS, sizeof(*member->records));
	member->bytes = xmalloc(member->room);
}

static void member_close(struct member *member)
{
	record_maker_free(member->maker);
	output_free(member->output);
	free(member->places);
	free(member->records);
	free(member->bytes);
}

int output_team_print(const struct output_options *options, const struct output_supply *supply,
		      const struct output_member *members, size_t count, uint64_t *gone)
{
	struct team team = { .supply = supply };
	struct member *all = xcalloc(count, sizeof(*all));
	size_t started = 1;

	pthread_mutex_init(&team.reading, NULL);
	pthread_mutex_init(&team.writing, NULL);
	pthread_cond_init(&team.turned, NULL);
	for (size_t i = 0; i < count; i++)
		member_open(&all[i], &team, &members[i], options);
	while (started < count &&
	       pthread_create(&all[started].thread, NULL, work, &all[started]) == 0)
		started++;
	work(&all[0]);
	for (size_t i = 1; i < started; i++)
		pthread_join(all[i].thread, NULL);
	*gone = 0;
	for (size_t i = 0; i < count; i++) {
		*gone += all[i].gone;
		member_close(&all[i]);
	}
	pthread_cond_destroy(&team.turned);
	pthread_mutex_destroy(&team.writing);
	pthread_mutex_destroy(&team.reading);
	free(all);
	return team.error;
}
