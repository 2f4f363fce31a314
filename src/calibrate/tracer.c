/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Plans of dumps become a session; records of the child alone come out of its ring buffers, while
 * a step runs and once more behind it. All definitions are gone when the tracer is closed.
 */
#include "calibrate/tracer.h"

#include <errno.h>
#include <unistd.h>

#include "base/alloc.h"
#include "decode/format.h"
#include "decode/walk.h"
#include "probes/parse.h"
#include "resolve/resolve.h"
#include "ring/live.h"
#include "session/session.h"

/* A step takes a second at most on an idle machine; one that hangs is given up. */
enum { BUFFER_KB = 1024, POLL_MS = 20, STEP_MS = 20000 };

/* A record that waits for its sample to be complete. */
struct waiting {
	const struct collect_format *event;
	uint64_t ts;
	uint8_t *data;
	size_t size;
};

struct tracer {
	const struct tracer_setting *setting;
	struct kernel kernel; /* as the caller's, but for its symbols */
	struct probe_set *set;
	struct resolved_probe *probes;
	size_t probe_count;
	struct session *session;
	struct formats *formats;
	struct collect_format *events;
	size_t event_count;
	struct page_source *source;
	struct walk_layout layout;
	struct waiting *waiting;
	size_t waiting_count;
};

/*
 * Every function that is named is taken to be there: the kernel itself says which is not when it
 * is defined, and that costs less than reading all symbols.
 */
static struct symbols *assume_symbols(const struct probe_set *set)
{
	struct text kallsyms = { 0 };
	const char **names = NULL;
	size_t count = 0;

	for (size_t i = 0; i < set->probe_count; i++) {
		const struct probe *probe = &set->probes[i];

		for (size_t j = 0; j < probe->carrier_count; j++)
			for (size_t k = 0; k < probe->carriers[j].func_count; k++)
				*array_add(&names, &count) = probe->carriers[j].funcs[k].symbol;
	}
	for (size_t i = 0; i < count; i++) {
		size_t j = 0;

		while (strcmp(names[j], names[i]) != 0)
			j++;
		/* Named twice it would be two functions of one name. */
		if (j == i)
			text_addf(&kallsyms, "0000000000000000 T %s\n", names[i]);
	}
	struct symbols *symbols = symbols_read(kallsyms.data, NULL, names, count);

	text_clear(&kallsyms);
	free(names);
	return symbols;
}

static int resolve(struct tracer *tracer, const struct dump_plan *plans, size_t count,
		   struct diags *diags)
{
	struct text text = { 0 };

	for (size_t i = 0; i < count; i++)
		dump_plan_write(&plans[i], &text);
	int err = probe_parse("calibrate", "calibrate", text.data, &tracer->set, diags);

	text_clear(&text);
	if (err)
		return err;
	tracer->kernel.symbols = assume_symbols(tracer->set);
	tracer->probe_count = tracer->set->probe_count;
	tracer->probes = xcalloc(tracer->probe_count, sizeof(*tracer->probes));
	for (size_t i = 0; i < tracer->probe_count; i++)
		resolve_probe(&tracer->set->probes[i], &tracer->kernel, &tracer->probes[i]);
	return 0;
}

static int open_session(struct tracer *tracer, struct diags *diags)
{
	/* Where the kernel cannot do it, records of others are dropped as they are read. */
	bool has_filter = tracer->kernel.features.has[FEATURE_INSTANCE_FILTER];
	const struct session_options options = {
		.buffer_kb = BUFFER_KB,
		.clock = "mono", /* as the times of the samples */
		.pids = &tracer->setting->agent->pid,
		.pid_count = has_filter,
		.run_dir = tracer->setting->run_dir,
	};
	struct diags refusals = { 0 };
	size_t refused = 0;
	int err = session_create(&tracer->kernel, &options, tracer->probes, tracer->probe_count,
				 &tracer->session, diags);

	if (err)
		return err;
	err = session_install(tracer->session, &refused, &refusals);
	/* That a function is not there is no fault: its members are told as missing. */
	for (size_t i = 0; i < refusals.count && !err; i++)
		if (refusals.items[i].level == DIAG_ERROR)
			diag_warning(diags, "%s", refusals.items[i].text);
	if (err)
		diags_move(diags, &refusals);
	diags_clear(&refusals);
	for (size_t i = 0; i < tracer->probe_count && err == -ENOENT; i++)
		if (tracer->probes[i].reason)
			diag_error(diags, ENOENT, "%s: %s", tracer->set->probes[i].name,
				   tracer->probes[i].reason);
	return err;
}

static const struct dump_plan *plan_of(const struct dump_plan *plans, size_t count,
				       const char *probe, size_t *part)
{
	for (size_t i = 0; i < count; i++)
		if (dump_plan_is_mine(&plans[i], probe, part))
			return &plans[i];
	return NULL;
}

static void add_fields(const struct dump_plan *plan, const struct raw_event *raw,
		       struct collect_format *event)
{
	for (size_t i = 0; i < raw->field_count; i++) {
		const struct raw_field *field = &raw->fields[i];
		struct collect_field found = { .offset = field->offset, .size = field->size };

		for (size_t j = 0; j < plan->dump.value_count; j++)
			if (!strcmp(plan->dump.values[j].name, field->name))
				found.value = &plan->dump.values[j];
		size_t offset = 0;

		if (!found.value)
			found.piece = dump_plan_piece(plan, event->part, field->name, &offset);
		found.piece_offset = (uint16_t)offset;
		if (found.value || found.piece)
			*array_add(&event->fields, &event->field_count) = found;
	}
}

static int read_formats(struct tracer *tracer, const struct dump_plan *plans, size_t count,
			struct diags *diags)
{
	const struct session *session = tracer->session;

	tracer->formats = formats_new(tracer->setting->pointer_size,
				      __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__, 1);
	for (size_t i = 0; i < session->event_count; i++) {
		const struct event_desc *desc = &session->events[i].def->desc;
		size_t part = 0;
		const struct dump_plan *plan = plan_of(plans, count, desc->probe, &part);
		struct raw_event raw = { 0 };
		int err;

		if (!plan || !session->events[i].format)
			continue;
		err = formats_add(tracer->formats, desc->group, session->events[i].format,
				  strlen(session->events[i].format), &raw, diags);
		if (err)
			return err;
		struct collect_format *event = array_add(&tracer->events, &tracer->event_count);
		*event = (struct collect_format){ .dump = &plan->dump,
						  .id = raw.id,
						  .pid_offset = raw.pid_offset,
						  .part = (uint8_t)part,
						  .part_count = (uint8_t)plan->part_count };
		add_fields(plan, &raw, event);
		raw_event_clear(&raw);
	}
	tracer->layout = (struct walk_layout){
		.page_size = (size_t)sysconf(_SC_PAGESIZE),
		.commit_bytes = (uint8_t)formats_commit_bytes(tracer->formats, session->header_page,
							      strlen(session->header_page),
							      tracer->setting->pointer_size),
		.is_big_endian = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__,
	};
	return 0;
}

static int open_pages(struct tracer *tracer)
{
	const struct session_instance *instance = &tracer->session->instances[0];
	struct live_stream *streams = xcalloc(instance->cpu_count, sizeof(*streams));

	for (size_t i = 0; i < instance->cpu_count; i++)
		streams[i] = (struct live_stream){ .fd = instance->raw_fds[i],
						   .cpu = instance->cpus[i] };
	int err =
		live_open(streams, instance->cpu_count, tracer->layout.page_size, &tracer->source);
	free(streams);
	return err;
}

int tracer_open(const struct tracer_setting *setting, const struct dump_plan *plans,
		size_t plan_count, struct tracer **out, struct diags *diags)
{
	struct tracer *tracer = xcalloc(1, sizeof(*tracer));
	int err;

	tracer->setting = setting;
	tracer->kernel = *setting->kernel;
	tracer->kernel.symbols = NULL;
	err = resolve(tracer, plans, plan_count, diags);
	if (!err)
		err = open_session(tracer, diags);
	if (!err)
		err = read_formats(tracer, plans, plan_count, diags);
	if (!err)
		err = open_pages(tracer);
	if (!err)
		err = session_start(tracer->session, diags);
	if (err) {
		tracer_close(tracer, diags);
		return err;
	}
	*out = tracer;
	return 0;
}

static void take_record(struct tracer *tracer, const struct walk_record *record)
{
	uint16_t id;
	int32_t pid;

	if (record->size < sizeof(id))
		return;
	memcpy(&id, record->data, sizeof(id));
	for (size_t i = 0; i < tracer->event_count; i++) {
		const struct collect_format *event = &tracer->events[i];

		if (event->id != id || event->pid_offset + sizeof(pid) > record->size)
			continue;
		memcpy(&pid, record->data + event->pid_offset, sizeof(pid));
		/* Softirqs of ours may run in another task's context, and his in ours. */
		if (pid != tracer->setting->agent->pid)
			continue;
		struct waiting *waiting = array_add(&tracer->waiting, &tracer->waiting_count);
		*waiting =
			(struct waiting){ event, record->ts, xmalloc(record->size), record->size };
		memcpy(waiting->data, record->data, record->size);
	}
}

/* The step is done: its samples say what they are. collection NULL: throws away. */
static void take_waiting(struct tracer *tracer, struct collection *collection)
{
	for (size_t i = 0; i < tracer->waiting_count; i++) {
		const struct waiting *waiting = &tracer->waiting[i];

		if (collection)
			collect_record(collection, waiting->event, tracer->setting->samples,
				       tracer->setting->pointer_size, waiting->ts, waiting->data,
				       waiting->size);
		free(waiting->data);
	}
	tracer->waiting_count = 0;
}

static int drain_stream(struct tracer *tracer, size_t stream)
{
	const void *page;
	int got;

	while ((got = tracer->source->ops->next(tracer->source, stream, &page)) > 0) {
		struct walk_record record;
		struct walk_loss loss;
		struct walk walk;

		walk_start(&walk, &tracer->layout, page, &loss);
		while (walk_next(&walk, &record) > 0)
			take_record(tracer, &record);
		tracer->source->ops->release(tracer->source, stream, page);
	}
	return got;
}

static int drain(struct tracer *tracer)
{
	int err = 0;

	for (size_t i = 0; i < tracer->source->stream_count && !err; i++)
		err = drain_stream(tracer, i);
	return err;
}

int tracer_run(struct tracer *tracer, enum step step, struct collection *collection,
	       struct diags *diags)
{
	struct agent *agent = tracer->setting->agent;
	int result = 0, done = 0;
	int err = agent_begin(agent, step);

	for (int ms = 0; !err && !done; ms += POLL_MS) {
		done = agent_result(agent, POLL_MS, &result);
		err = done < 0 ? done : drain(tracer);
		if (!err && session_is_told_to_end())
			err = -EINTR;
		if (!err && !done && ms > STEP_MS)
			err = -ETIMEDOUT;
	}
	take_waiting(tracer, collection);
	if (err)
		return diag_error(diags, -err, "the step '%s' did not end: %s",
				  calibrate_steps[step].name, strerror(-err));
	/* What it could not do is told as the members that were not seen. */
	if (result)
		diag_warning(diags, "the step '%s' was cut short: %s", calibrate_steps[step].name,
			     strerror(-result));
	return 0;
}

int tracer_close(struct tracer *tracer, struct diags *diags)
{
	int err = 0;

	if (!tracer)
		return 0;
	if (tracer->source)
		tracer->source->ops->close(tracer->source);
	if (tracer->session)
		err = session_destroy(tracer->session, diags);
	take_waiting(tracer, NULL);
	free(tracer->waiting);
	for (size_t i = 0; i < tracer->event_count; i++)
		free(tracer->events[i].fields);
	free(tracer->events);
	formats_free(tracer->formats);
	for (size_t i = 0; i < tracer->probe_count; i++)
		resolved_probe_clear(&tracer->probes[i]);
	free(tracer->probes);
	symbols_free(tracer->kernel.symbols);
	probe_set_free(tracer->set);
	free(tracer);
	return err;
}
