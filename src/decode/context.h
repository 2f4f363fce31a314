/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the plans of one decoder share and reading a value needs. Private to decode/.
 */
#ifndef NK_DECODE_CONTEXT_H
#define NK_DECODE_CONTEXT_H

#include "decode/kallsyms.h"
#include "decode/packet.h"

struct formats;

struct decode_context {
	struct formats *formats;
	struct kallsyms kallsyms;
	char symbol[256]; /* text of the symbol asked for last */
	bool is_raw;	  /* no event is printed by libtraceevent */
	bool is_swapped;  /* the pages are not in the byte order of this machine */
	unsigned int long_bytes;
	/* The packet looked at last: its members are asked for one after the other. */
	uint64_t generation; /* changes with every record */
	uint64_t packet_generation;
	const unsigned char *packet_window;
	struct packet packet;
};

#endif
