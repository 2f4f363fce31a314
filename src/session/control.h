/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages between broker and worker over a stream socket: a type, a length, that many bytes. Both
 * ends are the same program, so numbers are as the machine has them.
 *
 *	worker to broker: READY, then DIAG as often as it has something to say
 *	broker to worker: COUNTS, CPU_STATS once a CPU, COMMS, then STOP; ABORT at any time
 */
#ifndef NK_SESSION_CONTROL_H
#define NK_SESSION_CONTROL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/diag.h"
#include "base/text.h"

enum control_type {
	CONTROL_READY,
	CONTROL_DIAG,
	CONTROL_COUNTS,	   /* struct session_event_counts, one an event */
	CONTROL_CPU_STATS, /* text */
	CONTROL_COMMS,	   /* text */
	CONTROL_STOP,
	CONTROL_ABORT,
};

struct control {
	int fd;		 /* a stream socket */
	struct text in;	 /* received, not yet a whole message */
	struct text out; /* not yet sent */
	bool is_closed;	 /* the other end is gone */
	size_t limit;	 /* of a message that the other end may send; 0: one that is trusted */
};

struct control_message {
	enum control_type type;
	char *data; /* NUL-terminated behind length; the caller frees */
	size_t length;
};

/* Puts a message into the queue. */
void control_put(struct control *control, enum control_type type, const void *data, size_t length);
/*
 * Sends of the queue what can be sent without waiting; wait: all of it. 0; where the other end is
 * gone, too, and the queue is empty then. -errno.
 */
int control_send(struct control *control, bool wait);

/*
 * Reads of what there is, without waiting, 64 KiB and little more. 0 or -errno; -EPROTO: more than
 * a message is there that nobody has taken; at the end is_closed is set.
 */
int control_fill(struct control *control);
/* 1: the next whole message; 0: none; -EPROTO. */
int control_take(struct control *control, struct control_message *message);

/* Closes the socket, frees the queues. */
void control_close(struct control *control);

/* A diagnostic as bytes and back; -EPROTO. */
void control_put_diag(struct control *control, const struct diag *diag);
int control_read_diag(const struct control_message *message, struct diags *diags);

#endif
