/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names of the values of display types, as users of ss, tcpdump and ip know them. errno has no
 * table here: strerrorname_np() has it.
 */
#ifndef NK_PROBES_NAMES_H
#define NK_PROBES_NAMES_H

#include <stddef.h>
#include <stdint.h>

#include "probes/type.h"

struct display_value {
	uint16_t value;
	const char *name;
};

/*
 * The values of a display that have names, ascending; NULL and *count 0 where it has none.
 * DISPLAY_TCP_FLAGS: one a bit, in tcpdump's order. DISPLAY_ICMP_TYPE: ICMP below 128, ICMPv6 from
 * 128 on (they do not meet there; for ICMPv6 errors see below).
 */
const struct display_value *display_values(enum probe_display display, size_t *count);

/* NULL: no name, or the display has none. Of TCP_FLAGS only single bits have one. */
const char *display_value_name(enum probe_display display, uint64_t number);

/* Of an ICMPv6 type, all of them: 1 to 4 are not what they are in ICMP. */
const char *display_icmp6_type_name(uint64_t number);

#endif
