/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The signals that end a session. What it holds true: none of them ends the process before the undo
 * is done, and none that asks for what has been done already ends it after that.
 */
#include <signal.h>
#include <stddef.h>
#include <time.h>

#include "session/session.h"
#include "session/state.h"

void session_end_signals(sigset_t *set)
{
	struct sigaction on_hangup;

	sigemptyset(set);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGQUIT);
	/* nohup(1) means it, while shells ignore SIGINT for every background process. */
	sigaction(SIGHUP, NULL, &on_hangup);
	if (on_hangup.sa_handler != SIG_IGN)
		sigaddset(set, SIGHUP);
}

bool session_is_told_to_end(void)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGQUIT, SIGHUP };
	sigset_t ends, pending;

	session_end_signals(&ends);
	sigpending(&pending);
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		if (sigismember(&ends, signals[i]) && sigismember(&pending, signals[i]))
			return true;
	return false;
}

void session_block_signals(struct session_state *state)
{
	sigset_t signals;

	session_end_signals(&signals);
	/* Messages may go to a pipe that nobody reads any more. */
	sigaddset(&signals, SIGPIPE);
	sigprocmask(SIG_BLOCK, &signals, &state->old_signals);
}

void session_give_signals_back(const struct session_state *state)
{
	const struct timespec now = { 0 };
	sigset_t ends;

	session_end_signals(&ends);
	/* A Ctrl-C while the session ends: there is still something to be said of it. */
	while (state->is_over && sigtimedwait(&ends, NULL, &now) > 0)
		;
	sigprocmask(SIG_SETMASK, &state->old_signals, NULL);
}
