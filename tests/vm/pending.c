/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pending COMMAND...: runs it with a SIGTERM that is blocked and waits, so that it comes as soon as
 * it is looked for, and no sooner.
 */
#include <signal.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	raise(SIGTERM);
	if (argc > 1)
		execvp(argv[1], argv + 1);
	return 127;
}
