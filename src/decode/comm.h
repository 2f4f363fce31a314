/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The names of tasks by pid.
 */
#ifndef NK_DECODE_COMM_H
#define NK_DECODE_COMM_H

#include <stddef.h>

#define COMM_LENGTH 16 /* TASK_COMM_LEN of the kernel, the NUL included */

struct comms;

struct comms *comms_new(void);
void comms_free(struct comms *comms);

/* "PID NAME" lines, as in saved_cmdlines. A pid that is known already gets the new name. */
void comms_add(struct comms *comms, const char *saved_cmdlines);
/* Asked for each pid that is not known; NULL: not yet, it is asked again at the next record. */
void comms_set_source(struct comms *comms, const char *(*find)(void *context, int pid),
		      void *context);

/* Never NULL: "<idle>" for pid 0, "<...>" for one that is not known, as in the kernel's own output.
 */
const char *comms_find(struct comms *comms, int pid);

#endif
