/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nk: takes the subcommand by its name and runs it.
 */
#include <stdio.h>

#include "cmd/cmd.h"

int main(void)
{
	fputs("nk: no command yet\n", stderr);
	return CMD_USAGE;
}
