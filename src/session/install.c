/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * In: resolved probes. Out: their definitions in kprobe_events, enabled, and session->events. All
 * probes go round by round: what is not there yet is written at once, what is refused tries again
 * in the next round with the carrier's other functions, or the next carrier. A round that changes
 * nothing is the last.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/text.h"
#include "session/attach.h"
#include "session/definitions.h"
#include "session/errorlog.h"
#include "session/ownership.h"
#include "session/session.h"
#include "session/state.h"

#define REPLANS_MAX 3

enum attempt_state { ATTEMPT_PENDING, ATTEMPT_DONE, ATTEMPT_LOST };

/* How far one probe has got. */
struct attempt {
	const struct resolved_probe *probe;
	enum attempt_state state;
	size_t carrier;
	bool was_refused; /* in this round */
	int replans;	  /* since somebody else had defined an event meanwhile */
	const struct probe_func *
		*refused; /* functions of this carrier that the kernel does not take */
	size_t refused_count;
	char **made; /* events that this carrier has had written */
	size_t made_count;
	char **shared; /* events that were there */
	size_t shared_count;
};

/* A line to be written, and whose it is. */
struct batch_line {
	struct attempt *attempt;
	const struct event_line *line;
	char *event; /* GROUP/EVENT */
	bool is_written;
};

struct install {
	struct session *session;
	struct attempt *attempts;
	size_t attempt_count;
	struct session_info *infos;
	size_t info_count;
	struct definitions there; /* kprobe_events, and what this round adds */
	struct batch_line *batch;
	size_t batch_count;
	struct diags *diags;
};

static bool is_usable(const struct resolved_carrier *carrier)
{
	return !carrier->reason && carrier->event_count > 0;
}

static bool is_refused(const struct attempt *attempt, const struct event_line *line)
{
	for (size_t i = 0; i < attempt->refused_count; i++)
		if (attempt->refused[i] == line->func)
			return true;
	return false;
}

static size_t lines_left(const struct attempt *attempt, const struct event_def *def)
{
	size_t left = 0;

	for (size_t i = 0; i < def->line_count; i++)
		left += !is_refused(attempt, &def->lines[i]);
	return left;
}

static const struct resolved_carrier *carrier_of(const struct attempt *attempt)
{
	return &attempt->probe->carriers[attempt->carrier];
}

/* Whether any function of the carrier is left to be tried. */
static bool has_functions(const struct attempt *attempt)
{
	const struct resolved_carrier *carrier = carrier_of(attempt);

	for (size_t i = 0; i < carrier->event_count; i++)
		if (lines_left(attempt, &carrier->events[i]) > 0)
			return true;
	return false;
}

static void find_usable(struct attempt *attempt)
{
	const struct resolved_probe *probe = attempt->probe;

	while (attempt->carrier < probe->carrier_count && !is_usable(carrier_of(attempt)))
		attempt->carrier++;
	if (attempt->carrier == probe->carrier_count)
		attempt->state = ATTEMPT_LOST;
}

static bool is_last_carrier(const struct attempt *attempt)
{
	for (size_t i = attempt->carrier + 1; i < attempt->probe->carrier_count; i++)
		if (is_usable(&attempt->probe->carriers[i]))
			return false;
	return true;
}

static void next_carrier(struct attempt *attempt)
{
	attempt->refused_count = 0;
	free(attempt->refused);
	attempt->refused = NULL;
	attempt->carrier++;
	find_usable(attempt);
}

static void free_names(char ***names, size_t *count)
{
	for (size_t i = 0; i < *count; i++)
		free((*names)[i]);
	free(*names);
	*names = NULL;
	*count = 0;
}

/* Deletes what this attempt has had written, so that it can be written otherwise. */
static void unmake(struct install *install, struct attempt *attempt)
{
	NK_FREE bool *busy = xcalloc(attempt->made_count, sizeof(*busy));
	int err = 0;

	if (attempt->made_count > 0)
		err = definitions_delete(install->session->tracefs_fd,
					 (const char *const *)attempt->made, attempt->made_count,
					 busy);
	/* What may still be there is the session's until its end, and is told then. */
	for (size_t i = 0; i < attempt->made_count; i++)
		if (!busy[i] && (!err || err == -EBUSY))
			session_disown(install->session, attempt->made[i]);
	free_names(&attempt->made, &attempt->made_count);
	free_names(&attempt->shared, &attempt->shared_count);
}

static int say_conflict(struct install *install, const struct event_def *def, const char *event)
{
	NK_FREE char *there = definitions_show(&install->there, event);
	struct text wanted = { 0 };
	struct diag *diag = diag_add(install->diags, DIAG_ERROR);

	for (size_t i = 0; i < def->line_count; i++)
		text_addf(&wanted, "%s%s", i ? " & " : "", def->lines[i].text);
	diag->text = xasprintf("%s is defined already, with another body", event);
	diag->hint = xasprintf("there:  %s\n  wanted: %s", there, wanted.data ? wanted.data : "");
	text_clear(&wanted);
	return -EEXIST;
}

/* Some session of nk made it: then this one shares it, and deletes it if it is the last. */
static int share(struct install *install, struct attempt *attempt, char *event)
{
	bool is_ours =
		ownership_notes_definition(install->infos, install->info_count, event, NULL, false);

	*array_add(&attempt->shared, &attempt->shared_count) = xstrdup(event);
	return is_ours ? session_own(install->session, event) : 0;
}

static int add_lines(struct install *install, struct attempt *attempt, const struct event_def *def,
		     const char *event)
{
	struct text text = { 0 };
	struct definitions added;

	for (size_t i = 0; i < def->line_count; i++) {
		if (is_refused(attempt, &def->lines[i]))
			continue;
		*array_add(&install->batch, &install->batch_count) = (struct batch_line){
			.attempt = attempt, .line = &def->lines[i], .event = xstrdup(event)
		};
		text_addf(&text, "%s\n", def->lines[i].text);
	}
	definitions_parse(text.data ? text.data : "", &added);
	for (size_t i = 0; i < added.count; i++)
		*array_add(&install->there.items, &install->there.count) = added.items[i];
	free(added.items);
	text_clear(&text);
	*array_add(&attempt->made, &attempt->made_count) = xstrdup(event);
	return session_own(install->session, event);
}

static int plan_event(struct install *install, struct attempt *attempt, const struct event_def *def)
{
	NK_FREE char *event = definitions_event_name(&def->desc);
	enum definitions_relation relation;

	/* A tracepoint, or one whose functions are all refused. */
	if (lines_left(attempt, def) == 0)
		return 0;
	relation = definitions_compare(&install->there, def);
	/* A session of nk left a function out, which this kernel refuses then. */
	if (relation == DEFINITIONS_PART &&
	    ownership_notes_definition(install->infos, install->info_count, event, NULL, true)) {
		diag_warning(install->diags, "%s is shared with a session that has fewer functions",
			     event);
		relation = DEFINITIONS_SAME;
	}
	if (relation == DEFINITIONS_NONE)
		return add_lines(install, attempt, def, event);
	if (relation == DEFINITIONS_SAME)
		return share(install, attempt, event);
	return say_conflict(install, def, event);
}

/* A conflict loses the probe: its name is taken, whatever its carrier. */
static void plan(struct install *install, struct attempt *attempt)
{
	const struct resolved_carrier *carrier = carrier_of(attempt);
	size_t before = install->batch_count;
	int err = 0;

	for (size_t i = 0; !err && i < carrier->event_count; i++)
		err = plan_event(install, attempt, &carrier->events[i]);
	if (!err)
		return;
	if (err == -EEXIST)
		*array_add(&install->session->conflicts, &install->session->conflict_count) =
			(struct session_conflict){ attempt->probe, attempt->carrier };
	else
		diag_error(install->diags, -err, "cannot note the definitions of %s: %s",
			   attempt->probe->probe->name, strerror(-err));
	attempt->state = ATTEMPT_LOST;
	while (install->batch_count > before)
		free(install->batch[--install->batch_count].event);
	for (size_t i = 0; i < attempt->made_count; i++)
		session_disown(install->session, attempt->made[i]);
	free_names(&attempt->made, &attempt->made_count);
	free_names(&attempt->shared, &attempt->shared_count);
}

static bool is_written(const struct install *install, const char *event)
{
	for (size_t i = 0; i < install->batch_count; i++)
		if (install->batch[i].is_written && strcmp(install->batch[i].event, event) == 0)
			return true;
	return false;
}

/* Another program has defined an event of that name since kprobe_events was read. */
static bool is_taken(const struct install *install, const struct batch_line *refused, int err)
{
	return err == -EEXIST && !is_written(install, refused->event);
}

/* A line was refused: its function, or a native line's carrier, is out. */
static void refuse(struct install *install, const struct batch_line *refused, int err)
{
	struct attempt *attempt = refused->attempt;
	const struct event_line *line = refused->line;
	NK_FREE char *log = NULL;
	enum diag_level level;

	attempt->was_refused = true;
	if (is_taken(install, refused, err) && attempt->replans++ < REPLANS_MAX)
		return;
	if (line->func)
		*array_add(&attempt->refused, &attempt->refused_count) = line->func;
	level = (line->func && has_functions(attempt)) || !is_last_carrier(attempt) ? DIAG_WARNING
										    : DIAG_ERROR;
	if (!install->session->state->kernel->features.has[FEATURE_ERROR_LOG] ||
	    file_read(install->session->tracefs_fd, "error_log", &log, NULL) != 0)
		log = NULL;
	errorlog_report(install->diags, level, log, attempt->probe->probe, line, err);
	/* A native line has no functions that could be told apart. */
	if (!line->func || !has_functions(attempt))
		next_carrier(attempt);
}

/* What of the batch from first on is still wanted; index[] tells its places in the batch. */
static size_t select_lines(const struct install *install, size_t first,
			   struct definition_line *lines, size_t *index)
{
	size_t count = 0;

	for (size_t i = first; i < install->batch_count; i++) {
		if (install->batch[i].attempt->was_refused)
			continue;
		lines[count] = (struct definition_line){ install->batch[i].event,
							 install->batch[i].line->text };
		index[count++] = i;
	}
	return count;
}

/* -EPERM and the like are about all lines: nothing else is worth a try then. */
static int is_fatal(int err)
{
	return err == -EPERM || err == -EACCES || err == -EROFS || err == -ENOMEM;
}

static int write_batch(struct install *install)
{
	NK_FREE struct definition_line *lines = xcalloc(install->batch_count, sizeof(*lines));
	NK_FREE size_t *index = xcalloc(install->batch_count, sizeof(*index));
	size_t next = 0;

	for (;;) {
		size_t count = select_lines(install, next, lines, index);
		size_t refused;
		int err;

		if (count == 0)
			return 0;
		err = definitions_write(install->session->tracefs_fd, lines, count, &refused);
		if (err && refused == count)
			return diag_error(install->diags, -err, "cannot read kprobe_events: %s",
					  strerror(-err));
		for (size_t i = 0; i < refused; i++)
			install->batch[index[i]].is_written = true;
		if (!err)
			return 0;
		if (is_fatal(err))
			return diag_error(install->diags, -err, "cannot write kprobe_events: %s",
					  strerror(-err));
		next = index[refused] + 1;
		refuse(install, &install->batch[index[refused]], err);
	}
}

/* What is there under a name of which nothing was written is somebody else's, and stays. */
static void disown_unwritten(struct install *install, struct attempt *attempt)
{
	size_t kept = 0;

	for (size_t i = 0; i < attempt->made_count; i++) {
		char *event = attempt->made[i];

		if (is_written(install, event)) {
			attempt->made[kept++] = event;
			continue;
		}
		session_disown(install->session, event);
		free(event);
	}
	attempt->made_count = kept;
}

static void clear_batch(struct install *install)
{
	for (size_t i = 0; i < install->batch_count; i++)
		free(install->batch[i].event);
	free(install->batch);
	install->batch = NULL;
	install->batch_count = 0;
	definitions_clear(&install->there);
}

static bool was_there(const struct attempt *attempt, const struct event_def *def)
{
	NK_FREE char *event = definitions_event_name(&def->desc);

	for (size_t i = 0; i < attempt->shared_count; i++)
		if (strcmp(attempt->shared[i], event) == 0)
			return true;
	return false;
}

/* Takes the events that have been added since away again. */
static void detach(struct install *install, size_t before)
{
	struct session *session = install->session;

	while (session->event_count > before)
		attach_undo(session, &session->events[--session->event_count]);
}

static int attach_events(struct install *install, struct attempt *attempt, struct diags *why)
{
	const struct resolved_carrier *carrier = carrier_of(attempt);

	for (size_t i = 0; i < carrier->event_count; i++) {
		const struct event_def *def = &carrier->events[i];
		struct session_event event = { .probe = attempt->probe,
					       .def = def,
					       .carrier = attempt->carrier,
					       .is_shared = was_there(attempt, def) };

		if (def->line_count > 0 && lines_left(attempt, def) == 0)
			continue;

		int err = attach_event(install->session, &event, why);

		if (err)
			return err;
		*array_add(&install->session->events, &install->session->event_count) = event;
	}
	return 0;
}

static void attach(struct install *install, struct attempt *attempt)
{
	size_t before = install->session->event_count;
	struct diags why = { 0 };

	if (attach_events(install, attempt, &why) == 0) {
		attempt->state = ATTEMPT_DONE;
		diags_move(install->diags, &why);
		return;
	}
	detach(install, before);
	if (!is_last_carrier(attempt))
		diags_soften(&why);
	diags_move(install->diags, &why);
	unmake(install, attempt);
	next_carrier(attempt);
}

static int run_round(struct install *install)
{
	int err = definitions_read(install->session->tracefs_fd, &install->there);

	if (err)
		return diag_error(install->diags, -err, "cannot read kprobe_events: %s",
				  strerror(-err));
	for (size_t i = 0; i < install->attempt_count; i++) {
		install->attempts[i].was_refused = false;
		if (install->attempts[i].state == ATTEMPT_PENDING)
			plan(install, &install->attempts[i]);
	}
	err = write_batch(install);
	for (size_t i = 0; i < install->attempt_count; i++) {
		struct attempt *attempt = &install->attempts[i];

		if (attempt->was_refused || (err && attempt->state == ATTEMPT_PENDING))
			disown_unwritten(install, attempt);
	}
	clear_batch(install);
	if (err)
		return err;
	for (size_t i = 0; i < install->attempt_count; i++) {
		struct attempt *attempt = &install->attempts[i];

		if (attempt->was_refused)
			unmake(install, attempt);
		else if (attempt->state == ATTEMPT_PENDING)
			attach(install, attempt);
	}
	return 0;
}

static size_t count_state(const struct install *install, enum attempt_state state)
{
	size_t count = 0;

	for (size_t i = 0; i < install->attempt_count; i++)
		count += install->attempts[i].state == state;
	return count;
}

/* Who undoes after a dead session goes by them; where they cannot be had, by the names alone. */
static void note_bodies(struct session *session)
{
	const struct session_state *state = session->state;
	struct definitions there = { 0 };

	(void)definitions_read(session->tracefs_fd, &there);
	for (size_t i = 0; i < there.count; i++) {
		const struct definition *item = &there.items[i];

		if (!session_owns(session, item->event))
			continue;
		NK_FREE char *shown = xasprintf("%s %s", item->event, item->body);
		(void)ownership_add(state->note_fd, "shown", shown);
	}
	definitions_clear(&there);
}

static int install_all(struct install *install)
{
	struct session *session = install->session;
	NK_CLOSE int lock_fd = -1;
	NK_CLOSE int machine_fd = -1;
	int err = ownership_lock(session->run_fd, OWNERSHIP_SETUP, &lock_fd, install->diags);

	if (err)
		return err;
	machine_fd = ownership_lock_machine(session->tracefs_fd, OWNERSHIP_SETUP);
	err = ownership_list(session->state->kernel->root_fd, session->run_fd, session->tracefs_fd,
			     &install->infos, &install->info_count);
	if (err)
		return diag_error(install->diags, -err, "cannot read the run directory: %s",
				  strerror(-err));
	/* Each round settles a probe, strikes a function or carrier off, or is one of REPLANS_MAX.
	 */
	while (!err && count_state(install, ATTEMPT_PENDING) > 0)
		err = run_round(install);
	note_bodies(session);
	session_infos_free(install->infos, install->info_count);
	return err;
}

static void init_attempts(struct install *install)
{
	const struct session_state *state = install->session->state;

	install->attempt_count = state->probe_count;
	install->attempts = xcalloc(state->probe_count, sizeof(*install->attempts));
	for (size_t i = 0; i < state->probe_count; i++) {
		struct attempt *attempt = &install->attempts[i];

		attempt->probe = &state->probes[i];
		attempt->carrier = attempt->probe->first;
		find_usable(attempt);
	}
}

int session_install(struct session *session, size_t *refused, struct diags *diags)
{
	struct install install = { .session = session, .diags = diags };
	size_t unusable;
	int err;

	init_attempts(&install);
	unusable = count_state(&install, ATTEMPT_LOST);
	err = install_all(&install);
	if (!err && session->event_count == 0)
		err = -ENOENT;
	*refused = count_state(&install, ATTEMPT_LOST) - unusable;
	for (size_t i = 0; i < install.attempt_count; i++) {
		free_names(&install.attempts[i].made, &install.attempts[i].made_count);
		free_names(&install.attempts[i].shared, &install.attempts[i].shared_count);
		free(install.attempts[i].refused);
	}
	free(install.attempts);
	return err;
}
