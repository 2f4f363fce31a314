/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * In: resolved probes and an agent. Out: what each showed while the agent ran a step. The buffers
 * are read all the time, and once more behind the step; nothing is left in the kernel when it is
 * closed. Signals that end a session are blocked meanwhile, and looked for.
 */
#include "verify/watch.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "decode/decoder.h"
#include "ring/live.h"
#include "session/session.h"

/* A step takes a fraction of a second on an idle machine; one that hangs is given up. */
enum { BUFFER_KB = 1024, POLL_MS = 5, SETTLE_MS = 100, STEP_MS = 20000 };

struct watch {
	const struct resolved_probe *probes;
	size_t probe_count;
	pid_t pid;
	struct session *session;
	struct decoder *decoder;
	struct page_source *source;
	struct record_reader *reader;
	struct watched *watched; /* probe_count of them */
};

static void note_conflicts(const struct watch *watch, size_t *conflicts)
{
	for (size_t i = 0; i < watch->session->conflict_count; i++) {
		const struct session_conflict *conflict = &watch->session->conflicts[i];

		conflicts[conflict->probe - watch->probes] = conflict->carrier;
	}
}

static int install(struct watch *watch, const struct kernel *kernel, const char *run_dir,
		   size_t *conflicts, struct diags *diags)
{
	/* Where the kernel cannot do it, records of others are dropped as they are read. */
	bool has_filter = kernel->features.has[FEATURE_INSTANCE_FILTER];
	const struct session_options options = {
		.buffer_kb = BUFFER_KB,
		.clock = "mono", /* as the times of the calls */
		.pids = &watch->pid,
		.pid_count = has_filter,
		.run_dir = run_dir,
	};
	struct diags refusals = { 0 };
	size_t refused = 0;
	int err = session_create(kernel, &options, watch->probes, watch->probe_count,
				 &watch->session, diags);

	if (err)
		return err;
	err = session_install(watch->session, &refused, &refusals);
	note_conflicts(watch, conflicts);
	/* That probes are refused, even all of them, is a verdict on them, not the end. */
	if (err == -ENOENT && refused > 0)
		err = -ENODATA;
	if (!err || err == -ENODATA)
		diags_soften(&refusals);
	diags_move(diags, &refusals);
	for (size_t i = 0; i < watch->session->event_count && !err; i++) {
		const struct session_event *event = &watch->session->events[i];

		watch->watched[event->probe - watch->probes].carrier = event->carrier;
	}
	return err;
}

static int open_decoder(struct watch *watch, struct diags *diags)
{
	const struct session *session = watch->session;
	const struct decoder_options options = {
		.header_page = session->header_page,
		.header_page_size = strlen(session->header_page),
		.long_bytes = sizeof(long),
		.is_big_endian = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__,
		.page_size = (size_t)sysconf(_SC_PAGESIZE),
		.cpu_count = (int)sysconf(_SC_NPROCESSORS_CONF),
	};

	watch->decoder = decoder_new(&options, diags);
	if (!watch->decoder)
		return -EINVAL;
	for (size_t i = 0; i < session->event_count; i++) {
		const struct session_event *event = &session->events[i];
		int err = decoder_add_event(watch->decoder, event->def->desc.group, event->format,
					    strlen(event->format), &event->def->desc, diags);

		if (err)
			return err;
	}
	return 0;
}

static int open_source(struct watch *watch)
{
	const struct session_instance *instance = &watch->session->instances[0];
	NK_FREE struct live_stream *streams = xcalloc(instance->cpu_count, sizeof(*streams));

	for (size_t i = 0; i < instance->cpu_count; i++)
		streams[i] = (struct live_stream){ .fd = instance->raw_fds[i],
						   .cpu = instance->cpus[i] };
	return live_open(streams, instance->cpu_count, (size_t)sysconf(_SC_PAGESIZE),
			 &watch->source);
}

int watch_open(const struct kernel *kernel, const char *run_dir, pid_t pid,
	       const struct resolved_probe *probes, size_t count, size_t *conflicts,
	       struct watch **out, struct diags *diags)
{
	struct watch *watch = xcalloc(1, sizeof(*watch));
	int err;

	watch->probes = probes;
	watch->probe_count = count;
	watch->pid = pid;
	watch->watched = xcalloc(count, sizeof(*watch->watched));
	for (size_t i = 0; i < count; i++)
		watch->watched[i].carrier = conflicts[i] = probes[i].carrier_count;
	err = install(watch, kernel, run_dir, conflicts, diags);
	if (!err)
		err = open_decoder(watch, diags);
	if (!err)
		err = open_source(watch);
	if (!err)
		err = record_reader_open(watch->decoder, watch->source, &watch->reader);
	if (!err)
		err = session_start(watch->session, diags);
	if (err) {
		watch_close(watch, diags);
		return err;
	}
	*out = watch;
	return 0;
}

/* Sets may have probes of the same name. */
static struct watched *find(struct watch *watch, const struct event_plan *plan)
{
	for (size_t i = 0; i < watch->probe_count; i++) {
		const struct probe *probe = watch->probes[i].probe;

		if (strcmp(probe->name, plan->name) == 0 &&
		    (!plan->set || !probe->set || strcmp(probe->set->name, plan->set) == 0))
			return &watch->watched[i];
	}
	return NULL;
}

static void take(struct watch *watch, const struct record *record)
{
	struct watched *watched;

	if (record->kind != RECORD_EVENT || record->pid != watch->pid)
		return;
	watched = find(watch, record->plan);
	if (!watched)
		return;
	struct verify_seen *seen = array_add(&watched->seen, &watched->count);
	seen->ts = record->entry_ts ? record->entry_ts : record->ts;
	verify_fields_read(record, &seen->fields);
}

/* What can be had in order by now. */
static int drain(struct watch *watch)
{
	struct record record;
	int got;

	while ((got = record_reader_next(watch->reader, &record)) == 1)
		take(watch, &record);
	return got == -ENODATA ? 0 : got;
}

int watch_run(struct watch *watch, struct agent *agent, size_t step, int *result)
{
	int done = 0;
	int err = agent_begin(agent, step);

	for (int ms = 0; !err && !done; ms += POLL_MS) {
		done = agent_result(agent, POLL_MS, result);
		err = done < 0 ? done : drain(watch);
		if (!err && session_is_told_to_end())
			err = -EINTR;
		if (!err && !done && ms > STEP_MS)
			err = -ETIMEDOUT;
	}
	return err;
}

int watch_settle(struct watch *watch)
{
	uint64_t until = traffic_now() + SETTLE_MS * UINT64_C(1000000);
	int err = 0;

	/* A record is given when no older one can come any more: a moment after it was made. */
	while (!err && traffic_now() < until) {
		watch->source->ops->wait(watch->source, -1, POLL_MS);
		err = drain(watch);
	}
	return err;
}

const struct watched *watch_seen(const struct watch *watch, size_t probe)
{
	return &watch->watched[probe];
}

uint64_t watch_lost(const struct watch *watch)
{
	const struct reader_counts *counts = record_reader_counts(watch->reader);

	return counts->lost + counts->lost_unknown + counts->damaged;
}

int watch_close(struct watch *watch, struct diags *diags)
{
	int err = 0;

	if (!watch)
		return 0;
	if (watch->reader)
		record_reader_close(watch->reader);
	if (watch->source)
		watch->source->ops->close(watch->source);
	if (watch->session)
		err = session_destroy(watch->session, diags);
	decoder_free(watch->decoder);
	for (size_t i = 0; i < watch->probe_count; i++)
		free(watch->watched[i].seen);
	free(watch->watched);
	free(watch);
	return err;
}
