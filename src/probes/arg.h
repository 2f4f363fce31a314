/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Arguments of a function: the words NAME=VALUE:TYPE of a line. Internal to probes/.
 */
#ifndef NK_PROBES_ARG_H
#define NK_PROBES_ARG_H

#include "probes/mapped.h"
#include "probes/probe.h"
#include "probes/report.h"

/*
 * All words of a span. Mistaken ones are told and left out. report->set has the enums. is_nk is set
 * where one of them is not the kernel's own syntax.
 */
void args_parse(struct report *report, struct span span, bool is_return, struct probe_arg **args,
		size_t *count, bool *is_nk);

/* Looks for mistakes in what is to be handed to the kernel as it is. */
void args_check_native(struct report *report, struct span span);

struct probe_arg *args_copy(const struct probe_arg *args, size_t count);

#endif
