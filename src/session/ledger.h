/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What became of every hit of every probe: hits = kept + overrun + filtered + missed. Hits and
 * misses are the kernel's count of each probe, overrun its count of each ring buffer, kept the
 * count of who reads the records: none of them is had from the others, so that they can disagree.
 * What the kernel does not count, how many hits a filter has left out and whose records a full ring
 * buffer has lost, is what then remains, where only one of them can be it.
 */
#ifndef NK_SESSION_LEDGER_H
#define NK_SESSION_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "session/broker.h"
#include "session/session.h"

/* One event in one instance. */
struct ledger_probe {
	char *event; /* its name, or GROUP/NAME where the group is not nk */
	int id;	     /* of its format */
	size_t instance;
	bool is_counted;  /* hits and missed are known; else 0 */
	bool is_filtered; /* by the kernel */
	uint64_t hits;	  /* with those that it missed */
	uint64_t missed;  /* maxactive, or hit while another probe was handled */
	uint64_t unsure;  /* missed as well, or hits that read memory which could not be read */
	/*
	 * Of hits, those of the moments of start and stop, which need not be the session's.
	 * ledger_balance() takes those away that are not, and leaves here by how many hits, and
	 * overrun or filtered, may be wrong: mostly 0.
	 */
	uint64_t edge;
	uint64_t kept;
	/* By ledger_balance(). is_split: it is known which is which, else their sum is in overrun.
	 */
	uint64_t overrun, filtered;
	bool is_split;
};

struct ledger_cpu {
	int cpu;
	size_t instance;
	uint64_t written; /* events that were in the ring buffer for a reader */
	uint64_t lost;	  /* that were not any more, or did not get in */
};

/* Whether who counts what was kept has all that was recorded. */
enum ledger_part {
	LEDGER_WHOLE,
	LEDGER_WANTED, /* not, by wish: what is not there is no loss */
	LEDGER_FAILED, /* not, since it could not be written */
};

struct ledger {
	enum ledger_part part;
	char **instances; /* names */
	size_t instance_count;
	struct ledger_probe *probes;
	size_t probe_count;
	struct ledger_cpu *cpus;
	size_t cpu_count;
	/* By ledger_balance(): */
	uint64_t lost;
	uint64_t missed;
	uint64_t unsure;
	uint64_t unread;      /* written and not kept */
	uint64_t omitted;     /* the same, of LEDGER_WANTED */
	uint64_t unaccounted; /* that one count has and another has not */
};

/* Of a session that was stopped. report: what the worker got of it; NULL: in the broker itself. */
void ledger_of_session(const struct session *session, const struct broker_report *report,
		       struct ledger *out);
void ledger_clear(struct ledger *ledger);

/* As lines of text, for a recording, and back; what is unknown in it is passed over. Without kept.
 */
void ledger_write(const struct ledger *ledger, struct text *out);
void ledger_read(const char *text, struct ledger *out);

/*
 * kept is filled in: works out the rest. Whose the losses were is not known where there is a part
 * only.
 */
void ledger_balance(struct ledger *ledger);

#endif
