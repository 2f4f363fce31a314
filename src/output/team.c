/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Records in, batches of copies to threads, lines out in order. It holds: a batch is the caller's,
 * or waits, or is one thread's; batches are numbered as they are given, and only the thread whose
 * batch's number has its turn writes. Threads share no decoder.
 */
#include "output/team.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

#include "base/alloc.h"
#include "output/style.h"

#define BATCH_RECORDS 2048
#define BATCH_BYTES   (512U << 10)

struct batch {
	struct batch *next;
	uint64_t number;
	struct record *records;
	size_t count;
	unsigned char *bytes; /* what the records point to */
	size_t room, used;
};

struct member {
	struct output_team *team;
	struct decoder *decoder;
	struct output *output;
	struct batch *batch; /* at work on */
	pthread_t thread;
};

struct output_team {
	struct member *members;
	size_t member_count;
	struct batch *filling;
	pthread_mutex_t mutex; /* of all below */
	pthread_cond_t changed;
	struct batch *waiting, **last_waiting;
	struct batch *free;
	uint64_t given, turn; /* numbers */
	bool is_over;
	int error;
};

static struct batch *batch_new(void)
{
	struct batch *batch = xcalloc(1, sizeof(*batch));

	batch->records = xcalloc(BATCH_RECORDS, sizeof(*batch->records));
	batch->room = BATCH_BYTES;
	batch->bytes = xmalloc(batch->room);
	return batch;
}

static void batch_free(struct batch *batch)
{
	if (!batch)
		return;
	free(batch->records);
	free(batch->bytes);
	free(batch);
}

/* Before the buffer of a member is written: those before it come first. */
static void await_turn(void *context)
{
	struct member *member = context;
	struct output_team *team = member->team;

	pthread_mutex_lock(&team->mutex);
	while (team->turn != member->batch->number && !team->is_over)
		pthread_cond_wait(&team->changed, &team->mutex);
	if (member->output->buffer.error == 0)
		member->output->buffer.error = team->is_over ? -ECANCELED : team->error;
	pthread_mutex_unlock(&team->mutex);
}

static void print_batch(struct member *member)
{
	struct batch *batch = member->batch;

	for (size_t i = 0; i < batch->count; i++) {
		struct record *record = &batch->records[i];

		if (record->plan)
			record->plan = decoder_own_plan(member->decoder, record->plan->index);
		output_record(member->output, record);
	}
	await_turn(member);
	output_flush(member->output);
}

static void *work(void *context)
{
	struct member *member = context;
	struct output_team *team = member->team;

	pthread_mutex_lock(&team->mutex);
	for (;;) {
		while (!team->waiting && !team->is_over)
			pthread_cond_wait(&team->changed, &team->mutex);
		if (team->is_over)
			break;
		member->batch = team->waiting;
		team->waiting = member->batch->next;
		if (!team->waiting)
			team->last_waiting = &team->waiting;
		pthread_mutex_unlock(&team->mutex);
		print_batch(member);
		pthread_mutex_lock(&team->mutex);
		if (!team->error)
			team->error = member->output->buffer.error;
		team->turn++;
		member->batch->next = team->free;
		team->free = member->batch;
		member->batch = NULL;
		pthread_cond_broadcast(&team->changed);
	}
	pthread_mutex_unlock(&team->mutex);
	return NULL;
}

/* Gives the batch that is being filled away. */
static void give(struct output_team *team)
{
	struct batch *batch = team->filling;

	team->filling = NULL;
	pthread_mutex_lock(&team->mutex);
	batch->number = team->given++;
	batch->next = NULL;
	*team->last_waiting = batch;
	team->last_waiting = &batch->next;
	pthread_cond_broadcast(&team->changed);
	pthread_mutex_unlock(&team->mutex);
}

static int take_free(struct output_team *team)
{
	int error;

	pthread_mutex_lock(&team->mutex);
	while (!team->free)
		pthread_cond_wait(&team->changed, &team->mutex);
	team->filling = team->free;
	team->free = team->filling->next;
	error = team->error;
	pthread_mutex_unlock(&team->mutex);
	team->filling->count = team->filling->used = 0;
	return error;
}

static const void *copy(struct batch *batch, const void *from, size_t size, size_t room)
{
	unsigned char *to = batch->bytes + batch->used;

	memcpy(to, from, size);
	batch->used += (room + 7) & ~(size_t)7;
	return to;
}

int output_team_record(struct output_team *team, const struct record *record)
{
	bool is_copied = !record->is_lasting;
	size_t comm = is_copied && record->comm ? strlen(record->comm) + 1 : 0;
	size_t size = !is_copied ? 0
				 : (record->data[0] ? record->size[0] : 0U) +
					   (record->data[1] ? record->size[1] : 0U) + comm + 24;
	struct batch *batch = team->filling;
	int error = 0;

	if (batch && (batch->count == BATCH_RECORDS || batch->used + size > batch->room)) {
		give(team);
		batch = NULL;
	}
	if (!batch) {
		error = take_free(team);
		batch = team->filling;
	}
	/* Empty, and still too small: records are at most as long as a sub-buffer. */
	if (size > batch->room) {
		batch->bytes = xrealloc_array(batch->bytes, size, 1);
		batch->room = size;
	}

	struct record *to = &batch->records[batch->count++];

	*to = *record;
	if (!is_copied)
		return error;
	for (int i = 0; i < 2; i++)
		if (record->data[i])
			to->data[i] =
				copy(batch, record->data[i], record->size[i], record->size[i]);
	if (record->comm)
		to->comm = copy(batch, record->comm, comm, comm);
	return error;
}

int output_team_flush(struct output_team *team)
{
	int error;

	if (team->filling)
		give(team);
	pthread_mutex_lock(&team->mutex);
	while (team->turn != team->given)
		pthread_cond_wait(&team->changed, &team->mutex);
	error = team->error;
	pthread_mutex_unlock(&team->mutex);
	return error;
}

static bool start_member(struct output_team *team, struct member *member,
			 const struct output_options *options, struct decoder *decoder)
{
	*member =
		(struct member){ .team = team, .decoder = decoder, .output = output_new(options) };
	member->output->buffer.before_write = await_turn;
	member->output->buffer.context = member;
	if (pthread_create(&member->thread, NULL, work, member) == 0)
		return true;
	output_free(member->output);
	return false;
}

struct output_team *output_team_new(const struct output_options *options,
				    struct decoder *const *decoders, size_t count)
{
	struct output_team *team = xcalloc(1, sizeof(*team));

	pthread_mutex_init(&team->mutex, NULL);
	pthread_cond_init(&team->changed, NULL);
	team->last_waiting = &team->waiting;
	team->members = xcalloc(count, sizeof(*team->members));
	for (size_t i = 0; i < 2 * count + 1; i++) {
		struct batch *batch = batch_new();

		batch->next = team->free;
		team->free = batch;
	}
	while (team->member_count < count && start_member(team, &team->members[team->member_count],
							  options, decoders[team->member_count]))
		team->member_count++;
	if (team->member_count > 0)
		return team;
	output_team_free(team);
	return NULL;
}

void output_team_free(struct output_team *team)
{
	if (!team)
		return;
	pthread_mutex_lock(&team->mutex);
	team->is_over = true;
	pthread_cond_broadcast(&team->changed);
	pthread_mutex_unlock(&team->mutex);
	for (size_t i = 0; i < team->member_count; i++) {
		pthread_join(team->members[i].thread, NULL);
		output_free(team->members[i].output);
	}
	/* With all threads gone, batches are here or nowhere. */
	struct batch *lists[] = { team->free, team->waiting, team->filling };
	for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++) {
		for (struct batch *batch = lists[i], *next; batch; batch = next) {
			next = batch == team->filling ? NULL : batch->next;
			batch_free(batch);
		}
	}
	pthread_cond_destroy(&team->changed);
	pthread_mutex_destroy(&team->mutex);
	free(team->members);
	free(team);
}
