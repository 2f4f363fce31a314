/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Types of arguments: those of the kernel (u8 ... x64, string, b<w>@<o>/<s>, arrays) and nk's
 * display types, each with the plain kernel type of the same width that the kernel is given.
 */
#ifndef NK_PROBES_TYPE_H
#define NK_PROBES_TYPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum probe_type_kind {
	PROBE_TYPE_NONE,     /* none written: the kernel takes the long of its architecture, as hex */
	PROBE_TYPE_KERNEL,   /* u s x + width, string, ustring, symbol, symstr, char */
	PROBE_TYPE_BITFIELD, /* b<w>@<o>/<s> */
	PROBE_TYPE_DISPLAY,  /* one of probe_display */
	PROBE_TYPE_ENUM,     /* an enum of the file's own: enum_name */
};

/* How a value is shown. The order is that of the table in type.c. */
enum probe_display {
	DISPLAY_NONE,
	DISPLAY_UNSIGNED,
	DISPLAY_SIGNED,
	DISPLAY_HEX,
	DISPLAY_STRING,     /* bytes 1: char, an array of them is text up to its NUL; else __data_loc */
	DISPLAY_SYMBOL,     /* kernel address as a symbol */
	DISPLAY_BE16,       /* network order: shown as a number of the host */
	DISPLAY_BE32,
	DISPLAY_BE64,
	DISPLAY_IP4,        /* 4 bytes, network order */
	DISPLAY_IP6,        /* 16 bytes; fetched as x64[2] */
	DISPLAY_FAMILY,     /* AF_*: inet, inet6, unix ... as in <linux/socket.h>, lower case */
	DISPLAY_SOCK_TYPE,  /* SOCK_*: stream, dgram, raw ... */
	DISPLAY_TCP_STATE,  /* include/net/tcp_states.h: ESTABLISHED, SYN_SENT ... */
	DISPLAY_PROTO,      /* IPPROTO_*: tcp, udp, icmp ... as in protocols(5) */
	DISPLAY_ETHERTYPE,  /* be16: IPv4, IPv6, ARP ... as in ethertypes(5) */
	DISPLAY_MAC,        /* 6 bytes, fetched as x16[3] */
	DISPLAY_ERRNO,      /* s32, 0 or -errno: text -ECONNREFUSED, JSON the number */
	DISPLAY_SIZE_OR_ERRNO, /* s32 or s64: bytes, or -errno: as above */
	DISPLAY_ICMP_TYPE,  /* u8: number in JSON, name in text */
	DISPLAY_TCP_FLAGS,  /* u8: as tcpdump prints them: S S. . P. F. R */
	DISPLAY_DURATION,   /* u64 ns */
	DISPLAY_ENUM,       /* an enum of the probe file */
	DISPLAY_PACKET,     /* a window of a packet's bytes, shown as the members named in the type */
	DISPLAY_COUNT
};

/*
 * Members of a packet that "packet[N](saddr,sport,...)" may name. The window is N 64-bit words; it
 * holds the network header (IPv4 or IPv6), which begins where the event's hidden fields _head, _nh
 * and _data say (head + network_header - data + bytes of the window before data), or at its
 * first byte where the event has no such fields. _tail says where the linear data end; of a packet
 * with less of them than its headers have, _page may hold what _frag (frag0 of GRO) points to.
 */
enum packet_member {
	PACKET_SADDR,
	PACKET_DADDR,
	PACKET_SPORT,  /* TCP, UDP, SCTP, DCCP; absent for others and in later fragments */
	PACKET_DPORT,
	PACKET_PROTO,  /* IPPROTO_* of the payload, behind IPv6 extension headers; DISPLAY_PROTO */
	PACKET_L4PROTO,/* the same, named l4proto, beside a proto that is the ethertype */
	PACKET_FLAGS,  /* TCP; DISPLAY_TCP_FLAGS */
	PACKET_TYPE,   /* ICMP, ICMPv6 type; DISPLAY_ICMP_TYPE */
	PACKET_CODE,
	PACKET_TTL,    /* or hop limit */
	PACKET_ID,     /* of IPv4 */
	PACKET_LEN,    /* bytes of the whole packet from the network header on, as the header says */
	PACKET_SEQ,    /* TCP */
	PACKET_ACK,
	PACKET_MEMBER_COUNT
};

struct probe_type {
	enum probe_type_kind kind;
	enum probe_display display; /* for kernel types too: UNSIGNED, SIGNED, HEX, STRING ... */
	uint8_t bytes;              /* of one element; 0 for strings */
	uint16_t count;             /* [N] elements as written; 0: no array */
	uint8_t bit_width, bit_offset; /* BITFIELD */
	char enum_name[32];
	uint32_t packet_members; /* DISPLAY_PACKET: 1 << enum packet_member */
	uint8_t packet_order[PACKET_MEMBER_COUNT]; /* as written; packet_member_count of them */
	uint8_t packet_member_count;
	char kernel[24]; /* what the kernel is given, e.g. "u16", "x64[2]"; "" for NONE */
};

/* One row of nk check --list-types. */
struct probe_type_info {
	const char *name;
	const char *kernel; /* the plain type that the kernel is given */
	enum probe_display display;
	uint8_t bytes;
	const char *doc; /* one line */
};

extern const struct probe_type_info probe_types[];
extern const size_t probe_type_count;
extern const char *const packet_member_names[PACKET_MEMBER_COUNT];

/*
 * Parses "u16", "x64[4]", "b3@0/8", "be16", "packet[10](saddr,daddr)" ... An unknown name is taken
 * for an enum of the file; the caller checks that. 0, or -EINVAL with *why a sentence (static) and
 * *at the offending offset in text.
 */
int probe_type_parse(const char *text, size_t length, struct probe_type *type, const char **why,
		     size_t *at);

/* The longest name of a type, "packet[64]" or an enum's with "[64]", and its NUL. */
enum { PROBE_TYPE_NAME_MAX = 40 };

/*
 * The type as a probe file names it, without the members of a packet: "be16", "u8[6]". Empty for
 * PROBE_TYPE_NONE. Returns name.
 */
char *probe_type_name(const struct probe_type *type, char name[PROBE_TYPE_NAME_MAX]);

/* Gives a PROBE_TYPE_ENUM its width: plain is the kernel type of the enum's values, "u32". */
void probe_type_set_enum(struct probe_type *type, const char *plain);

#endif
