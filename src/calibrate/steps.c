/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of steps.
 */
#include "calibrate/steps.h"

#include "calibrate/step-device.h"
#include "calibrate/step-packet.h"
#include "calibrate/step-sequence.h"
#include "calibrate/step-socket.h"
#include "calibrate/step-tcp.h"

/* One after the other what the last check looks at; what one of them lacks is no one else's. */
static int proof(struct traffic *traffic, void *context)
{
	int err = step_tcp_proof(traffic, context);

	step_sequence_proof(traffic, context);
	step_message_proof(traffic, context);
	step_device_list(traffic, context);
	step_sockets(traffic, context);
	step_datagram_proof(traffic, context);
	step_frame_proof(traffic, context);
	return err;
}

const struct agent_step calibrate_steps[STEP_COUNT] = {
	[STEP_TCP_ENDS] = { "tcp-ends", step_tcp_ends },
	[STEP_TCP_COUNTERS] = { "tcp-counters", step_tcp_counters },
	[STEP_TCP_SEQUENCE] = { "tcp-sequence", step_tcp_sequence },
	[STEP_TCP_LOSE] = { "tcp-lose", step_tcp_lose },
	[STEP_TCP_LOST] = { "tcp-lost", step_tcp_lost },
	[STEP_LISTEN] = { "listen", step_listen },
	[STEP_MESSAGES] = { "messages", step_messages },
	[STEP_DEVICES] = { "devices", step_devices },
	[STEP_SOCKETS] = { "sockets", step_sockets },
	[STEP_DATAGRAMS] = { "datagrams", step_datagrams },
	[STEP_SEGMENTS] = { "segments", step_segments },
	[STEP_FRAMES] = { "frames", step_frames },
	[STEP_PROOF] = { "proof", proof },
};
