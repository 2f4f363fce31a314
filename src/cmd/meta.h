/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a trace.dat says of a session beside its pages.
 */
#ifndef NK_CMD_META_H
#define NK_CMD_META_H

#include "datfile/meta.h"
#include "session/ledger.h"
#include "session/session.h"

/* Of a session whose probes are installed; the first instance is the main buffer. */
void meta_fill(struct dat_meta *meta, const struct session *session);
/* Appends the statistics of an instance's CPUs. */
void meta_add_stats(struct dat_meta *meta, const struct session_instance *instance);
/* What became of the hits of a session that was stopped; kept is for whoever reads the file. */
void meta_add_ledger(struct dat_meta *meta, const struct session *session, enum ledger_part part);

#endif
