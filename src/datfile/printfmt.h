/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The enriched print fmt: a kprobe event's format text with field types and a "print fmt:" that
 * libtraceevent's readers (trace-cmd, KernelShark) decode addresses, ports and states by.
 */
#ifndef NK_DATFILE_PRINTFMT_H
#define NK_DATFILE_PRINTFMT_H

#include "resolve/event.h"

/* Format text as the kernel gave it and its description to the text to be stored; malloc'ed. */
char *printfmt_enrich(const char *format, const struct event_desc *desc);

#endif
