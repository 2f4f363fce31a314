/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Probes and captured kernels to lines of kprobe_events and descriptions; and what holds for every
 * probe of the shipped sets on every captured kernel, whatever it lacks.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"
#include "captured.h"
#include "config.h"
#include "probes/parse.h"
#include "resolve/resolve.h"

/* One probe on one kernel. */
struct resolution {
	struct kernel *kernel;
	struct probe_set *set;
	struct resolved_probe resolved;
};

static struct probe_set *parse(const char *text)
{
	struct probe_set *set = NULL;
	struct diags diags = { 0 };

	if (probe_parse("test", "test.probes", text, &set, &diags) != 0)
		diags_print(&diags, stderr);
	ck_assert_ptr_nonnull(set);
	diags_clear(&diags);
	return set;
}

static void load_symbols(struct kernel *kernel, const struct probe_set *set)
{
	const struct probe **probes = xcalloc(set->probe_count, sizeof(*probes));
	const char **names;
	size_t count;

	for (size_t i = 0; i < set->probe_count; i++)
		probes[i] = &set->probes[i];
	resolve_wanted_symbols(probes, set->probe_count, &names, &count);
	ck_assert_int_eq(kernel_load_symbols(kernel, names, count, NULL), 0);
	free(names);
	free(probes);
}

/* machine: NULL: the kernel's own. */
static struct resolution resolve_on(const char *machine, const char *release, const char *without,
				    const char *text)
{
	struct resolution result = { 0 };

	result.kernel = captured_open(release, without);
	if (machine)
		result.kernel->arch = arch_find(machine);
	result.set = parse(text);
	load_symbols(result.kernel, result.set);
	resolve_probe(&result.set->probes[0], result.kernel, &result.resolved);
	return result;
}

static struct resolution resolve(const char *release, const char *without, const char *text)
{
	return resolve_on(NULL, release, without, text);
}

static void done(struct resolution *result)
{
	resolved_probe_clear(&result->resolved);
	probe_set_free(result->set);
	kernel_close(result->kernel);
}

/* All lines of the chosen carrier, or "!" and why there are none. */
static char *lines_of(const struct resolved_probe *resolved)
{
	const struct resolved_carrier *carrier;
	struct text text = { 0 };

	if (resolved->first == resolved->carrier_count)
		return xasprintf("!%s", resolved->reason);
	carrier = &resolved->carriers[resolved->first];
	for (size_t i = 0; i < carrier->event_count; i++) {
		for (size_t line = 0; line < carrier->events[i].line_count; line++)
			text_addf(&text, "%s\n", carrier->events[i].lines[line].text);
	}
	return text_steal(&text);
}

static void check_lines(const char *release, const char *without, const char *text,
			const char *expected)
{
	struct resolution result = resolve(release, without, text);
	NK_FREE char *lines = lines_of(&result.resolved);

	ck_assert_str_eq(lines, expected);
	done(&result);
}

START_TEST(test_verbatim)
{
	check_lines("6.1", NULL, "p:nk/x tcp_connect sk=%di", "p:nk/x tcp_connect sk=%di\n");
	check_lines("6.1", NULL,
		    "p:nk/x tcp_connect a=+12(%di):u16 b=$stack2 c=\\7:u8 d=+u0(%si):ustring",
		    "p:nk/x tcp_connect a=+12(%di):u16 b=$stack2 c=\\7:u8 d=+u0(%si):ustring\n");
	check_lines("6.1", NULL, "r10:nk/x tcp_v4_connect e=$retval:s32",
		    "!no function 'tcp_v4_connect' in this kernel");
	check_lines("6.1", NULL, "r10:nk/x tcp_v6_connect e=+8(+0($retval)):s32",
		    "r10:nk/x tcp_v6_connect e=+8(+0($retval)):s32\n");
	check_lines("6.1", NULL, "p:nk/x tcp_connect+4 a=%di:b3@1/8 b=+4(%di):x8[3]",
		    "p:nk/x tcp_connect+4 a=%di:b3@1/8 b=+4(%di):x8[3]\n");
}
END_TEST

/* Numbers are read as the kernel reads them. */
START_TEST(test_numbers)
{
	check_lines("6.1", NULL,
		    "p:nk/x tcp_connect+010 a=+010(%di) b=-0x1F(%di):x8[010] c=-0(%di)",
		    "p:nk/x tcp_connect+8 a=+8(%di) b=-31(%di):x8[8] c=+0(%di)\n");
	check_lines("6.1", NULL, "p:nk/x tcp_connect a=+9223372036854775807(%di) b=%di:b010@1/020",
		    "p:nk/x tcp_connect a=+9223372036854775807(%di) b=%di:b8@1/16\n");
	check_lines("6.1", "array", "p:nk/x tcp_connect a=+9223372036854775807(%di):x8[2]",
		    "!the offset is out of range: no number of the kernel holds it");
	check_lines("6.1", NULL,
		    "p:nk/x tcp_connect a=+sock.skc_num+9223372036854775807($arg1):u16",
		    "!the offset is out of range: no number of the kernel holds it");
	check_lines("6.1", NULL, "p:nk/x tcp_connect a=-3073($arg1):packet[2](saddr)",
		    "!a packet window begins at most 3072 bytes before an address");
	check_lines("6.1", NULL, "p:nk/x tcp_connect a=-3072($arg1!):packet[2](saddr)",
		    "p:nk/x tcp_connect a=-3072($arg1):x64[2] _comm=$comm:string\n");
}
END_TEST

START_TEST(test_registers)
{
	check_lines("6.1", "argn", "p:nk/x tcp_connect a=$arg1 b=+4($arg6):u8",
		    "p:nk/x tcp_connect a=%di b=+4(%r9):u8\n");
	check_lines("6.1-arm64", "argn", "p:nk/x tcp_connect a=$arg1 b=+4($arg8):u8",
		    "p:nk/x tcp_connect a=%x0 b=+4(%x7):u8\n");
	check_lines("6.1", NULL, "p:nk/x tcp_connect a=$arg7", "p:nk/x tcp_connect a=$arg7\n");
	check_lines(
		"6.1", "argn", "p:nk/x tcp_connect a=$arg7",
		"!$arg7 is in no register of this architecture, and this kernel cannot fetch it by "
		"its number");
	check_lines("6.1", "argn", "p:nk/x tcp_connect a=$arg1 b?=$arg7",
		    "p:nk/x tcp_connect a=%di _comm=$comm:string\n");
	check_lines("6.1", NULL, "r:nk/x tcp_v6_connect a=$arg1",
		    "!this kernel cannot fetch $arg1 when the function returns");
	check_lines("6.12", NULL, "r:nk/x tcp_v6_connect a=$arg1",
		    "r:nk/x tcp_v6_connect a=$arg1\n");
	check_lines("6.12", "argn", "r:nk/x tcp_v6_connect a=$arg1",
		    "!this kernel cannot fetch $arg1 when the function returns");
	check_lines("6.1", NULL, "r:nk/x tcp_v6_connect a?=$arg1 e=$retval:errno",
		    "r512:nk/x tcp_v6_connect e=$retval:s32 _comm=$comm:string\n");
}
END_TEST

START_TEST(test_types)
{
	static const char text[] =
		"p:nk/x tcp_connect a=$arg1:be16 b=+4($arg1!):ip4 c=+8($arg1!):mac";

	check_lines("6.1", NULL, text,
		    "p:nk/x tcp_connect a=$arg1:u16 b=+4($arg1):u32 c=+8($arg1):x16[3] "
		    "_comm=$comm:string\n");
	check_lines("6.1", "comm", text,
		    "p:nk/x tcp_connect a=$arg1:u16 b=+4($arg1):u32 c=+8($arg1):x16[3]\n");
	check_lines("6.1", "hex,comm", text,
		    "p:nk/x tcp_connect a=$arg1:u16 b=+4($arg1):u32 c=+8($arg1):u16[3]\n");
	check_lines("6.1", "array,comm", text,
		    "p:nk/x tcp_connect a=$arg1:u16 b=+4($arg1):u32 c=+8($arg1):x16 "
		    "c__1=+10($arg1):x16 c__2=+12($arg1):x16\n");
	check_lines("6.1", NULL, "p:nk/x tcp_connect a=$arg1:symstr",
		    "p:nk/x tcp_connect a=$arg1:symstr\n");
	check_lines("5.10", NULL, "p:nk/x tcp_connect a=$arg1:symstr",
		    "p:nk/x tcp_connect a=$arg1:x64\n");
	check_lines("6.1", "symbol", "p:nk/x tcp_connect a=$arg1:symbol",
		    "p:nk/x tcp_connect a=$arg1:x64\n");
	check_lines("6.1", "user", "p:nk/x tcp_connect a=+u0($arg2):string",
		    "!this kernel cannot fetch memory of the process");
	check_lines("6.1", NULL, "enum e u8 { 1 A, 2 B }\np:nk/x tcp_connect a=$arg2:e",
		    "p:nk/x tcp_connect a=$arg2:u8 _comm=$comm:string\n");
}
END_TEST

/* A register has 32 bits there, and what a probe line reaches the kernel as is what it says. */
START_TEST(test_longs_of_32_bits)
{
	static const struct {
		const char *text, *lines;
	} cases[] = {
		{ "p:nk/x tcp_connect a=$arg1:u16\nr b=$retval:ssize",
		  "p:nk/x tcp_connect a=$arg1:u16 _comm=$comm:string\n"
		  "r512:nk/x__ret tcp_connect b=$retval:s32\n" },
		{ "p:nk/x tcp_connect a=$arg3:s64 b=$arg2:u64 c=%r1:s64 d=$arg1:be16",
		  "p:nk/x tcp_connect a=$arg3:s32 b=$arg2:u64 c=%r1:s32 d=$arg1:u16 "
		  "_comm=$comm:string\n" },
		{ "p:nk/x tcp_connect a=+0($arg1):s64 d=$arg1:be16",
		  "p:nk/x tcp_connect a=+0($arg1):s64 d=$arg1:u16 _g1=$arg1:x32 "
		  "_comm=$comm:string\n" },
		{ "p:nk/x tcp_connect a=%r1:s64", "p:nk/x tcp_connect a=%r1:s64\n" },
	};
	static const char *const machines[] = { "armv7l", "i686" };

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct resolution result = resolve_on(machines[_i], "6.1", NULL, cases[i].text);
		NK_FREE char *lines = lines_of(&result.resolved);

		ck_assert_str_eq(lines, cases[i].lines);
		done(&result);
	}
}
END_TEST

START_TEST(test_parts)
{
	struct resolution result =
		resolve("6.1", "array", "p:nk/x tcp_connect a=+8($arg1):ip6 b=$arg1:u64");
	const struct event_def *event = &result.resolved.carriers[0].events[0];

	ck_assert_uint_eq(event->desc.field_count, 3);
	ck_assert_uint_eq(event->desc.fields[0].parts, 2);
	ck_assert_int_eq(event->desc.fields[0].type.display, DISPLAY_IP6);
	ck_assert_str_eq(event->desc.fields[0].type.kernel, "x64");
	ck_assert_uint_eq(event->desc.fields[1].parts, 0);
	ck_assert_uint_eq(event->lines[0].origin_count, 4);
	ck_assert_ptr_eq(event->lines[0].origins[0], event->lines[0].origins[1]);
	ck_assert_ptr_null(event->lines[0].origins[3]);
	done(&result);
	check_lines("6.1", "array", "p:nk/x tcp_connect a=%di:u8[3]",
		    "!only memory can be fetched as an array");
}
END_TEST

#ifdef HAVE_LIBBPF
START_TEST(test_members)
{
	check_lines("6.1", NULL,
		    "p:nk/x tcp_connect f=+sock.skc_family($arg1!) s=+sock.skc_state+0($arg1!):u8 "
		    "p=+sock.skc_prot($arg1!)",
		    "p:nk/x tcp_connect f=+16($arg1):x16 s=+18($arg1):u8 p=+40($arg1) "
		    "_comm=$comm:string\n");
	check_lines("6.1", NULL, "p:nk/x skb_clone t=+sk_buff.pkt_type($arg1!)",
		    "p:nk/x skb_clone t=+128($arg1):b3@0/8 _comm=$comm:string\n");
	check_lines("6.1", NULL, "p:nk/x skb_clone t=+sk_buff.pkt_type($arg1!):proto8",
		    "p:nk/x skb_clone t=+128($arg1):b3@0/8 _comm=$comm:string\n");
	check_lines("6.1", NULL, "p:nk/x skb_clone t=+sk_buff.pkt_type($arg1!):u8",
		    "p:nk/x skb_clone t=+128($arg1):u8 _comm=$comm:string\n");
	check_lines("6.1", NULL, "p:nk/x tcp_connect t=+sock.skc_dport($arg1):be32",
		    "!sock.skc_dport has 2 bytes on this kernel, and its type reads 4");
	check_lines("6.1", NULL, "p:nk/x tcp_connect t=+0(+sock.skc_dport($arg1))",
		    "!sock.skc_dport has 2 bytes on this kernel and is not a pointer");
	check_lines("6.1", NULL, "p:nk/x tcp_connect t=+sock.skc_v6_daddr($arg1)",
		    "!sock.skc_v6_daddr has 16 bytes on this kernel: it needs a type");
	check_lines("6.1", NULL, "p:nk/x tcp_connect t=+sock.skc_dprot($arg1):be16",
		    "!struct sock has no member 'skc_dprot' (did you mean 'skc_dport'?)");
	check_lines("6.1", NULL, "p:nk/x tcp_connect t=+no_struct.x($arg1):be16",
		    "!this kernel has no struct no_struct");
	check_lines("6.1", NULL, "p:nk/x tcp_connect t?=+sock.no_such_thing_at_all($arg1):be16",
		    "p:nk/x tcp_connect _comm=$comm:string\n");
}
END_TEST

START_TEST(test_guards)
{
	struct resolution result =
		resolve("6.1", NULL,
			"p:nk/x udp_sendmsg a=+4(+msghdr.msg_name($arg2!)):ip4 "
			"b=+2(+msghdr.msg_name($arg2!)):be16 "
			"c=+8(+16(+msghdr.msg_name($arg2!))):u8 n=+msghdr.msg_name($arg2!):u32");
	const struct event_desc *desc = &result.resolved.carriers[0].events[0].desc;
	NK_FREE char *lines = lines_of(&result.resolved);

	ck_assert_str_eq(lines, "p:nk/x udp_sendmsg a=+4(+0($arg2)):u32 b=+2(+0($arg2)):u16 "
				"c=+8(+16(+0($arg2))):u8 n=+0($arg2):u32 _g1=+0($arg2):x64 "
				"_g2=+16(+0($arg2)):x64 _comm=$comm:string\n");
	ck_assert_uint_eq(desc->fields[0].guard_count, 1);
	ck_assert_str_eq(desc->fields[0].guards[0], "_g1");
	ck_assert_uint_eq(desc->fields[2].guard_count, 2);
	ck_assert_uint_eq(desc->fields[3].guard_count, 0);
	ck_assert_uint_eq(desc->fields[4].guard_count, 0);
	done(&result);

	/* A field that is the pointer is the guard, also where it is said to be a good one. */
	result = resolve("6.1", NULL, "p:nk/x udp_sendmsg s=$arg1 f=+16($arg1!):family");
	desc = &result.resolved.carriers[0].events[0].desc;
	ck_assert_uint_eq(desc->field_count, 3);
	ck_assert_str_eq(desc->fields[1].guards[0], "s");
	done(&result);

	/* What was returned is never taken for granted. */
	result = resolve("6.1", NULL, "r:nk/x inet_csk_accept f=+16($retval):family");
	desc = &result.resolved.carriers[0].events[0].desc;
	ck_assert_str_eq(desc->fields[1].name, "_g1");
	ck_assert_str_eq(desc->fields[0].guards[0], "_g1");
	done(&result);

	/* What the call was to fill means nothing where it failed. */
	result = resolve(
		"6.12", NULL,
		"p:nk/x udp_recvmsg len=$arg3:u64\nr bytes=$retval:ssize32 a=+4(+0($arg2)):ip4");
	desc = &result.resolved.carriers[0].events[1].desc;
	ck_assert_str_eq(desc->fields[1].guards[0], "bytes");
	ck_assert_uint_eq(desc->fields[0].guard_count, 0);
	done(&result);
}
END_TEST

/* Whatever memory is read through may be none, unless the probe file knows better. */
START_TEST(test_doubts)
{
	static const struct {
		const char *probe, *line;
		size_t guards; /* of its first field */
		bool may_not_read;
	} cases[] = {
		{ "p:nk/x skb_clone a=+dst_entry.dev($arg1)",
		  "p:nk/x skb_clone a=+0($arg1) _g1=$arg1:x64 _comm=$comm:string\n", 1, true },
		{ "p:nk/x skb_clone a=+0(%di):be16",
		  "p:nk/x skb_clone a=+0(%di):u16 _g1=%di:x64 _comm=$comm:string\n", 1, true },
		{ "p:nk/x skb_clone a=+0($stack2):be16",
		  "p:nk/x skb_clone a=+0($stack2):u16 _g1=$stack2:x64 _comm=$comm:string\n", 1,
		  true },
		{ "p:nk/x skb_clone a=+8($stack):be16",
		  "p:nk/x skb_clone a=+8($stack):u16 _comm=$comm:string\n", 0, false },
		/* accept4() may be told that nobody wants the address. */
		{ "p:nk/x skb_clone a=+u0($arg3):be16",
		  "p:nk/x skb_clone a=+u0($arg3):u16 _g1=$arg3:x64 _comm=$comm:string\n", 1, true },
		{ "p:nk/x skb_clone a=+u4(+0($arg2!)):ip4",
		  "p:nk/x skb_clone a=+u4(+0($arg2)):u32 _g1=+0($arg2):x64 "
		  "_comm=$comm:string\n",
		  1, true },
		{ "p:nk/x skb_clone a=+0($arg1!):be16",
		  "p:nk/x skb_clone a=+0($arg1):u16 _comm=$comm:string\n", 0, false },
		{ "p:nk/x skb_clone a=+0(+8(%di)!):be16",
		  "p:nk/x skb_clone a=+0(+8(%di)):u16 _g1=%di:x64 _comm=$comm:string\n", 1, true },
		/* It is nk's own: the kernel is not given the line as it stands. */
		{ "p:nk/x skb_clone a=+0($arg1!):u16",
		  "p:nk/x skb_clone a=+0($arg1):u16 _comm=$comm:string\n", 0, false },
		/* Nothing is added to what the kernel takes as it is written. */
		{ "p:nk/x skb_clone a=+0($arg1):u16", "p:nk/x skb_clone a=+0($arg1):u16\n", 0,
		  true },
		{ "p:nk/x skb_clone s=%di a=+0(%di):u16", "p:nk/x skb_clone s=%di a=+0(%di):u16\n",
		  0, true },
	};
	struct resolution result = resolve("6.1", NULL, cases[_i].probe);
	NK_FREE char *lines = lines_of(&result.resolved);
	const struct event_def *event = result.resolved.carriers[0].events;

	ck_assert_str_eq(lines, cases[_i].line);
	ck_assert_uint_eq(event->desc.fields[0].guard_count, cases[_i].guards);
	ck_assert_int_eq(event->may_not_read, cases[_i].may_not_read);
	done(&result);
}
END_TEST

/* What stands behind a hidden family rests on it, and on nothing that stands elsewhere. */
START_TEST(test_families)
{
	struct resolution result =
		resolve("6.1", NULL,
			"p:nk/x udpv6_sendmsg family=+16($arg1):family laddr4=+4($arg1):ip4 "
			"_name=+0(+msghdr.msg_name($arg2)):family "
			"raddr4=+4(+msghdr.msg_name($arg2)):ip4 raddr4|=+0($arg1):ip4 "
			"rport=+2(+msghdr.msg_name($arg2)):be16 user=+u2(+0($arg2)):be16");
	const struct event_desc *desc = &result.resolved.carriers[0].events[0].desc;

	for (size_t i = 0; i < desc->field_count; i++) {
		const char *name = desc->fields[i].name;
		const char *own = event_own_family(desc, &desc->fields[i]);

		if (strcmp(name, "raddr4") == 0 || strcmp(name, "rport") == 0)
			ck_assert_pstr_eq(own, "_name");
		else
			ck_assert_pstr_eq(own, NULL);
	}
	done(&result);

	/* Nor does what the call was to fill mean anything where it says that it has not. */
	result = resolve("6.12", NULL,
			 "p:nk/x udp_recvmsg len=$arg3:u64\n"
			 "r bytes=$retval:ssize32 _unfilled?=$arg4:b1@13/32 a=+4(+0($arg2!)):ip4");
	desc = &result.resolved.carriers[0].events[1].desc;
	ck_assert_uint_eq(desc->fields[2].guard_count, 3);
	ck_assert_str_eq(desc->fields[2].guards[1], "_unfilled");
	ck_assert_int_eq(event_guard(desc, "_unfilled"), GUARD_ZERO);
	done(&result);
}
END_TEST

START_TEST(test_fallback)
{
	struct resolution result =
		resolve("6.1", NULL,
			"p:nk/x udp_sendmsg a=+4(+0($arg2)):ip4 a|=+0($arg1):ip4 a|=+8($arg1):ip4");
	const struct event_desc *desc = &result.resolved.carriers[0].events[0].desc;

	ck_assert_str_eq(desc->fields[1].name, "a__or");
	ck_assert_str_eq(desc->fields[1].instead_of, "a");
	ck_assert_str_eq(desc->fields[2].name, "a__or2");
	ck_assert_str_eq(desc->fields[2].instead_of, "a");
	done(&result);

	/* Where the first cannot be had, the next is the field. */
	result = resolve("6.1", NULL,
			 "p:nk/x udp_sendmsg a?=+sock.sk_no_such_one($arg1):ip4 a|=+0($arg1):ip4");
	desc = &result.resolved.carriers[0].events[0].desc;
	ck_assert_str_eq(desc->fields[0].name, "a");
	ck_assert_ptr_null(desc->fields[0].instead_of);
	ck_assert(result.resolved.carriers[0].fields[0].is_left_out);
	ck_assert_ptr_nonnull(result.resolved.carriers[0].fields[0].reason);
	ck_assert(!result.resolved.carriers[0].fields[1].is_left_out);
	done(&result);
}
END_TEST

START_TEST(test_origins)
{
	struct resolution result =
		resolve("6.1", NULL,
			"p:nk/x tcp_connect a=+sock.skc_num($arg1):u16 b=$arg1 c?=+sock.no($arg1)");
	const struct resolved_carrier *carrier = &result.resolved.carriers[0];

	ck_assert_uint_eq(carrier->field_count, 3);
	ck_assert(carrier->fields[0].is_symbolic);
	ck_assert_int_eq(carrier->fields[0].source, LAYOUT_BTF);
	ck_assert_uint_eq(carrier->fields[0].member_count, 1);
	ck_assert_str_eq(carrier->fields[0].members[0].path, "sock.skc_num");
	ck_assert_uint_eq(carrier->fields[0].members[0].place.offset, 14);
	ck_assert_str_eq(carrier->fields[0].type.kernel, "u16");
	ck_assert(!carrier->fields[1].is_symbolic);
	ck_assert_str_eq(carrier->fields[1].type.kernel, "x64");
	ck_assert(carrier->fields[2].is_left_out);
	ck_assert(carrier->fields[2].lacks_member);
	done(&result);
	/* What the first function lacks is told of the second. */
	result = resolve(
		"6.1", NULL,
		"p:nk/x udp_sendmsg a=+0(+sock.sk_socket($arg1)):u16\n"
		"& udpv6_sendmsg a=$arg2:u16 b=+net_device.name(+sk_buff.dev($arg1)):string");
	carrier = &result.resolved.carriers[0];
	ck_assert_uint_eq(carrier->field_count, 2);
	ck_assert_uint_eq(carrier->fields[0].member_count, 1);
	ck_assert_uint_eq(carrier->fields[1].member_count, 2);
	ck_assert_str_eq(carrier->fields[1].members[0].path, "net_device.name");
	ck_assert_str_eq(carrier->fields[1].members[1].path, "sk_buff.dev");
	done(&result);
	result = resolve("6.1-nobpf", NULL, "p:nk/x tcp_connect a=+sock.skc_num($arg1):u16");
	ck_assert_int_eq(result.resolved.carriers[0].fields[0].source, LAYOUT_BUILTIN);
	done(&result);
}
END_TEST
#endif

START_TEST(test_without_btf)
{
	check_lines(
		"6.1-nobpf", NULL, "p:nk/x skb_clone len=+sk_buff.len($arg1):u32",
		"!the layout of struct sk_buff is not known: this kernel has no BTF; nk calibrate "
		"learns it");
	check_lines(
		"6.1-nobpf", NULL, "p:nk/x tcp_connect p=+sock.sk_protocol($arg1):proto",
		"!where 'sk_protocol' lies in struct sock is not known: this kernel has no BTF; nk "
		"calibrate learns it");
	check_lines("6.1-nobpf", NULL,
		    "p:nk/x tcp_connect p?=+sock.sk_protocol($arg1):proto "
		    "d=+sock.skc_dport($arg1):be16",
		    "p:nk/x tcp_connect d=+12($arg1):u16 _g1=$arg1:x64 _comm=$comm:string\n");
	/* The socket's end never passes for that of a message which has one of its own. */
	check_lines("6.1-nobpf", NULL,
		    "p:nk/x udp_sendmsg raddr4?=+4(+msghdr.msg_name($arg2!)):ip4 "
		    "raddr4|=+sock.skc_daddr($arg1!):ip4",
		    "p:nk/x udp_sendmsg raddr4=+4(+0($arg2)):u32 raddr4__or=+0($arg1):u32 "
		    "_g1=+0($arg2):x64 _comm=$comm:string\n");
}
END_TEST

START_TEST(test_functions)
{
	static const char two[] =
		"p:nk/x udp_sendmsg len=$arg3:u64\n& udpv6_sendmsg len=$arg3:u64\n";
	static const char halves[] =
		"p:nk/x udp_recvmsg len=$arg3:u64\n& udpv6_recvmsg len=$arg3:u64\n"
		"r5 bytes=$retval:ssize32";
	static const char unlike[] = "p:nk/x udp_sendmsg a=$arg3:u64\n& udpv6_sendmsg "
				     "b=$arg3:u64\n& tcp_sendmsg a=$arg3:u64\n";

	check_lines("6.1", "comm", two,
		    "p:nk/x udp_sendmsg len=$arg3:u64\np:nk/x udpv6_sendmsg len=$arg3:u64\n");
	check_lines("6.1", "comm,multiprobe", two,
		    "p:nk/x udp_sendmsg len=$arg3:u64\np:nk/x__2 udpv6_sendmsg len=$arg3:u64\n");
	check_lines("6.1", "comm", halves,
		    "p:nk/x udp_recvmsg len=$arg3:u64\np:nk/x udpv6_recvmsg len=$arg3:u64\n"
		    "r5:nk/x__ret udp_recvmsg bytes=$retval:s32\n"
		    "r5:nk/x__ret udpv6_recvmsg bytes=$retval:s32\n");
	check_lines("6.1", "comm,maxactive", halves,
		    "p:nk/x udp_recvmsg len=$arg3:u64\np:nk/x udpv6_recvmsg len=$arg3:u64\n"
		    "r:nk/x__ret udp_recvmsg bytes=$retval:s32\n"
		    "r:nk/x__ret udpv6_recvmsg bytes=$retval:s32\n");
	check_lines("6.1", "comm,multiprobe", halves,
		    "p:nk/x udp_recvmsg len=$arg3:u64\nr5:nk/x__ret udp_recvmsg bytes=$retval:s32\n"
		    "p:nk/x__2 udpv6_recvmsg len=$arg3:u64\n"
		    "r5:nk/x__2__ret udpv6_recvmsg bytes=$retval:s32\n");
	check_lines("6.1", "comm", unlike,
		    "p:nk/x udp_sendmsg a=$arg3:u64\np:nk/x tcp_sendmsg a=$arg3:u64\n"
		    "p:nk/x__2 udpv6_sendmsg b=$arg3:u64\n");
	check_lines("6.12", "comm", "p:nk/x __netif_receive_skb_core a=$arg1\n",
		    "p:nk/x __netif_receive_skb_core.constprop.0 a=$arg1\n");
}
END_TEST

START_TEST(test_missing)
{
	struct resolution result =
		resolve("6.12", "comm",
			"p:nk/x tcp_sendmsg len=$arg3:u64\n& tcp_sendpage len=$arg4:u64\n"
			"| tcp_nothing a=$arg1\n");
	const struct resolved_carrier *carrier = &result.resolved.carriers[0];

	ck_assert_uint_eq(result.resolved.first, 0);
	ck_assert_uint_eq(carrier->missing_count, 1);
	ck_assert_str_eq(carrier->missing[0], "tcp_sendpage");
	ck_assert_uint_eq(carrier->events[0].line_count, 1);
	ck_assert_str_eq(result.resolved.carriers[1].reason,
			 "no function 'tcp_nothing' in this kernel");
	ck_assert_int_eq(result.resolved.carriers[1].place.line, 3);
	done(&result);
	check_lines("6.12", NULL, "p:nk/x tcp_accept a=$arg1\n| tcp_connect a=$arg1\n",
		    "p:nk/x tcp_connect a=$arg1 _comm=$comm:string\n");
	check_lines("6.12", NULL, "p:nk/x tcp_accept a=$arg1\n& icmp_send a=$arg1\n",
		    "!no function 'tcp_accept' or 'icmp_send' in this kernel that can be probed");
	check_lines(
		"6.12", NULL, "p:nk/x tcp_accept a=$arg1\n| icmp_send a=$arg1\n",
		"!no function 'tcp_accept' in this kernel; no function 'icmp_send' in this kernel");
}
END_TEST

/* Several whole copies of a function are the function; one of several that cannot be told apart is
 * none. */
/* Who stands in is attached where the other is not there, and is no carrier of its own. */
START_TEST(test_stand_ins)
{
	static const char text[] = "p:nk/x tcp_connect a=$arg1:be16\n"
				   "& ip_rcv a=$arg1:be16 unless %s if a == 17\n"
				   "| ip_rcv a=$arg1:be16\n";
	static const struct {
		const char *function;
		size_t events;
	} cases[] = { { "skb_clone", 1 }, { "no_such_function", 2 } };

	for (size_t i = 0; i < 2; i++) {
		NK_FREE char *probe = xasprintf(text, cases[i].function);
		struct resolution result = resolve("6.1", NULL, probe);
		const struct resolved_carrier *carrier = &result.resolved.carriers[0];
		NK_FREE char *key = resolve_carrier_key(result.resolved.probe, 0);

		ck_assert_str_eq(key, "tcp_connect");
		ck_assert_uint_eq(carrier->event_count, cases[i].events);
		ck_assert_uint_eq(carrier->missing_count, 0);
		ck_assert_uint_eq(carrier->stand_in_count, cases[i].events - 1);
		if (cases[i].events > 1) {
			ck_assert_str_eq(carrier->events[1].lines[0].symbol, "ip_rcv");
			ck_assert_str_eq(carrier->events[1].filter, "a == 17");
		}
		done(&result);
	}
	check_lines("6.1", NULL, "p:nk/x tcp_connect a=$arg1 unless skb_clone",
		    "!'tcp_connect' is probed only where this kernel has no 'skb_clone'");
}
END_TEST

START_TEST(test_clones)
{
	static const char kallsyms[] = "0 t foo\n0 t foo.isra.0\n0 t bar\n0 t bar\n0 t baz\n"
				       "0 t qux.constprop.0\n";
	static const char *const names[] = { "foo", "bar", "baz", "qux" };
	struct kernel *kernel = captured_open("6.1", NULL);
	struct probe_set *set =
		parse("p:nk/x foo a=$arg1\np:nk/y bar a=$arg1\np:nk/z baz a=$arg1\n"
		      "p:nk/u foo+16 a=%ax\np:nk/v qux+16 a=%ax\np:nk/w qux a=$arg1\n");
	static const char *const expected[] = {
		"p:nk/x foo a=$arg1\np:nk/x foo.isra.0 a=$arg1\n",
		"!this kernel has 2 functions 'bar', and a probe cannot say which is meant",
		"!this kernel lets nobody probe 'baz'",
		/* An instruction of one is not where the other has it. */
		"p:nk/u foo+16 a=%ax\n",
		"!this kernel has 'qux' as 'qux.constprop.0' alone, in which that place is "
		"another one",
		"p:nk/w qux.constprop.0 a=$arg1\n",
	};
	static const char *const clones[] = { "foo.isra.0", "", "", "", "", "qux.constprop.0" };

	kernel->symbols = symbols_read(kallsyms, "0-0\tbaz\n", names, 4);
	for (size_t i = 0; i < sizeof(expected) / sizeof(*expected); i++) {
		struct resolved_probe resolved;

		resolve_probe(&set->probes[i], kernel, &resolved);
		NK_FREE char *lines = lines_of(&resolved);
		ck_assert_str_eq(lines, expected[i]);
		NK_FREE char *moved = resolved_carrier_clones(&resolved.carriers[0]);
		ck_assert_str_eq(moved, clones[i]);
		resolved_probe_clear(&resolved);
	}
	probe_set_free(set);
	kernel_close(kernel);
}
END_TEST

START_TEST(test_filter)
{
	struct resolution result = resolve(
		"6.1", NULL, "p:nk/x tcp_sendmsg len=$arg3:u64 if len > 100\nr b=$retval:ssize32");
	const struct resolved_carrier *carrier = &result.resolved.carriers[0];

	ck_assert_str_eq(carrier->events[0].filter, "len > 100");
	ck_assert_ptr_null(carrier->events[1].filter);
	ck_assert(carrier->events[0].desc.is_filtered);
	ck_assert(carrier->events[1].desc.is_filtered);
	ck_assert_str_eq(carrier->events[0].desc.pair, "x__ret");
	ck_assert_str_eq(carrier->events[1].desc.pair, "x");
	done(&result);
	check_lines("6.1-nobpf", NULL, "p:nk/x tcp_sendmsg l?=+sk_buff.len($arg1):u32 if l > 100",
		    "!the filter names 'l', which is left out on this kernel");
}
END_TEST

START_TEST(test_tracepoint)
{
	struct resolution result = resolve("6.1", NULL, "t tcp:tcp_retransmit_skb if sport == 80");
	const struct event_def *event = &result.resolved.carriers[0].events[0];

	ck_assert_uint_eq(result.resolved.first, 0);
	ck_assert_str_eq(event->desc.group, "tcp");
	ck_assert_str_eq(event->desc.name, "tcp_retransmit_skb");
	ck_assert_str_eq(event->filter, "sport == 80");
	ck_assert_uint_eq(event->line_count, 0);
	ck_assert_uint_eq(event->desc.field_count, 0);
	done(&result);
	check_lines("6.1", NULL, "t tcp:tcp_no_such",
		    "!no tracepoint tcp:tcp_no_such in this kernel");
	check_lines("6.1", NULL, "f:nk/x tcp_connect $arg*",
		    "!kprobe_events takes lines of p and r, and none of f");
}
END_TEST

START_TEST(test_limits)
{
	struct text text = { 0 };

	check_lines(
		"6.1", NULL,
		"p:nk/x tcp_connect a=+1000(+1000(+1000(+1000(+1000(+1000(+1000($arg1))))))):u8",
		"p:nk/x tcp_connect a=+1000(+1000(+1000(+1000(+1000(+1000(+1000($arg1))))))):u8\n");
	check_lines("6.1", NULL,
		    "p:nk/x tcp_connect "
		    "a=+1000(+1000(+1000(+1000(+1000(+1000(+1000(+1000($arg1)))))))):u8",
		    "!an argument has at most 63 characters for the kernel, and this one has 64: "
		    "+1000(+1000(+1000(+1000(+1000(+1000(+1000(+1000($arg1))))))))");
	check_lines("6.1", "array",
		    "p:nk/x tcp_connect a23456789012345678901234567=+0($arg1):u8[2]",
		    "p:nk/x tcp_connect a23456789012345678901234567=+0($arg1):u8 "
		    "a23456789012345678901234567__1=+1($arg1):u8\n");
	check_lines("6.1", "array",
		    "p:nk/x tcp_connect a234567890123456789012345678=+0($arg1):u8[2]",
		    "!the argument's name has more than 31 characters for this kernel");

	text_add(&text, "p:nk/x tcp_connect");
	for (int i = 0; i < 7; i++)
		text_addf(&text, " a%d=+0($arg1):u64[64]", i);
	check_lines("6.1", NULL, text.data,
		    "!a record has at most 3072 bytes, and the arguments of this one 3584");
	check_lines("6.1", "array", text.data,
		    "!an event has at most 128 arguments, and this one needs 448 with those that "
		    "nk adds");
	text_clear(&text);

	text_add(&text, "p:nk/x tcp_connect");
	for (int i = 0; i < 70; i++)
		text_addf(&text, " a%d=+1000(+1000(+1000(+1000(+1000(+1000(+1000($arg1))))))):u8",
			  i);
	struct resolution result = resolve("6.1", NULL, text.data);
	ck_assert_ptr_nonnull(strstr(result.resolved.reason, "a line has at most 4094 characters"));
	ck_assert_uint_eq(result.resolved.carriers[0].event_count, 0);
	done(&result);
	text_clear(&text);
}
END_TEST

START_TEST(test_silent)
{
	struct resolution result =
		resolve("6.1", NULL,
			"p:nk/x ip_rcv a=$arg1\n| ip_rcv_core a=$arg1\n& tcp_connect a=$arg1\n");
	struct resolved_probe again;

	ck_assert_uint_eq(result.resolved.first, 0);
	ck_assert_ptr_null(result.resolved.carriers[0].known);
	result.kernel->profile = xcalloc(1, sizeof(*result.kernel->profile));
	profile_set_carrier(result.kernel->profile, "x", "ip_rcv", PROFILE_SILENT, "2026-11-23");
	profile_set_carrier(result.kernel->profile, "x", "ip_rcv_core+tcp_connect",
			    PROFILE_VERIFIED, "2026-11-23");
	resolve_probe(&result.set->probes[0], result.kernel, &again);
	ck_assert_uint_eq(again.first, 1);
	ck_assert_int_eq(again.carriers[1].known->verdict, PROFILE_VERIFIED);
	resolved_probe_clear(&again);

	/* One that was verified goes before one that nothing is known of. */
	profile_forget_carrier(result.kernel->profile, "x", "ip_rcv");
	resolve_probe(&result.set->probes[0], result.kernel, &again);
	ck_assert_uint_eq(again.first, 1);
	ck_assert_ptr_null(again.carriers[0].known);
	resolved_probe_clear(&again);

	/* Better one that was silent than none. */
	profile_set_carrier(result.kernel->profile, "x", "ip_rcv", PROFILE_SILENT, "2026-11-23");
	profile_set_carrier(result.kernel->profile, "x", "ip_rcv_core+tcp_connect", PROFILE_SILENT,
			    "2026-11-23");
	resolve_probe(&result.set->probes[0], result.kernel, &again);
	ck_assert_uint_eq(again.first, 0);
	resolved_probe_clear(&again);
	done(&result);
}
END_TEST

/* The same functions with other arguments: each carrier is known for itself. */
START_TEST(test_carriers_of_one_function)
{
	struct resolution result = resolve(
		"6.1", NULL, "p:nk/x ip_rcv a=+0($arg1)\n| ip_rcv a=$arg1\n| ip_rcv a=+8($arg1)\n");
	struct resolved_probe again;

	result.kernel->profile = xcalloc(1, sizeof(*result.kernel->profile));
	profile_set_carrier(result.kernel->profile, "x", "ip_rcv", PROFILE_SILENT, "2026-11-23");
	profile_set_carrier(result.kernel->profile, "x", "ip_rcv~3", PROFILE_VERIFIED,
			    "2026-11-23");
	resolve_probe(&result.set->probes[0], result.kernel, &again);
	ck_assert_int_eq(again.carriers[0].known->verdict, PROFILE_SILENT);
	ck_assert_ptr_null(again.carriers[1].known);
	ck_assert_int_eq(again.carriers[2].known->verdict, PROFILE_VERIFIED);
	ck_assert_uint_eq(again.first, 2);
	resolved_probe_clear(&again);
	done(&result);
}
END_TEST

/* What holds for whatever probe on whatever kernel. */

static const char *const releases[] = { "5.10", "6.1", "6.12", "7.2", "6.1-nobpf", "6.1-arm64" };
static const char *const lacks[] = { NULL,
				     "argn",
				     "array",
				     "multiprobe",
				     "hex,symbol,symstr",
				     "comm,string",
				     "maxactive,user,immediate",
				     "array,multiprobe" };
static const char *const sets[] = { "dev", "icmp", "ip", "socket", "tcp", "udp" };

static const struct event_field *find_field(const struct event_desc *desc, const char *name)
{
	for (size_t i = 0; i < desc->field_count; i++) {
		if (strcmp(desc->fields[i].name, name) == 0)
			return &desc->fields[i];
	}
	return NULL;
}

static void check_line(const struct event_line *line)
{
	NK_FREE char *text = xstrdup(line->text);
	char *cursor = text;
	size_t args = 0;
	const char *word;

	ck_assert_uint_le(strlen(line->text), 4094);
	text_next_word(&cursor);
	ck_assert_str_eq(text_next_word(&cursor), line->symbol);
	while ((word = text_next_word(&cursor))) {
		const char *equals = strchr(word, '=');

		ck_assert_ptr_nonnull(equals);
		ck_assert_uint_le((size_t)(equals - word), 31);
		ck_assert_uint_le(strlen(equals + 1), 63);
		args++;
	}
	ck_assert_uint_eq(args, line->origin_count);
	ck_assert_uint_le(args, 128);
}

static void check_round_trip(const struct event_desc *desc)
{
	struct text first = { 0 }, second = { 0 };
	struct event_desc *descs = NULL;
	size_t count;

	event_desc_write(desc, &first);
	ck_assert_int_eq(event_descs_read(first.data, &descs, &count, NULL), 0);
	ck_assert_uint_eq(count, 1);
	event_desc_write(&descs[0], &second);
	ck_assert_str_eq(first.data, second.data);
	event_descs_free(descs, count);
	text_clear(&first);
	text_clear(&second);
}

static void check_event(const struct resolved_carrier *carrier, const struct event_def *event)
{
	bool has_pair = event->desc.half == EVENT_WHOLE;

	ck_assert_uint_gt(event->line_count, 0);
	ck_assert_uint_le(strlen(event->desc.name), 63);
	for (size_t i = 0; i < event->line_count; i++)
		check_line(&event->lines[i]);
	for (size_t i = 0; i < event->desc.field_count; i++) {
		const struct event_field *field = &event->desc.fields[i];

		for (size_t g = 0; g < field->guard_count; g++)
			ck_assert_ptr_nonnull(find_field(&event->desc, field->guards[g]));
		if (field->instead_of)
			ck_assert_ptr_nonnull(find_field(&event->desc, field->instead_of));
	}
	for (size_t i = 0; i < carrier->event_count; i++) {
		if (event->desc.pair && strcmp(carrier->events[i].desc.name, event->desc.pair) == 0)
			has_pair = strcmp(carrier->events[i].desc.pair, event->desc.name) == 0;
	}
	ck_assert(has_pair);
	check_round_trip(&event->desc);
}

static void check_resolved(const struct resolved_probe *resolved, bool must_attach,
			   const char *what)
{
	if (must_attach)
		ck_assert_msg(resolved->first < resolved->carrier_count, "%s: %s: %s", what,
			      resolved->probe->name, resolved->reason);
	ck_assert(!resolved->reason == (resolved->first < resolved->carrier_count));
	for (size_t i = 0; i < resolved->carrier_count; i++) {
		const struct resolved_carrier *carrier = &resolved->carriers[i];

		ck_assert(!carrier->reason == (carrier->event_count > 0));
		if (carrier->reason)
			ck_assert_int_gt(carrier->place.line, 0);
		for (size_t event = 0; event < carrier->event_count; event++)
			check_event(carrier, &carrier->events[event]);
	}
}

START_TEST(test_sets)
{
	for (size_t lack = 0; lack < sizeof(lacks) / sizeof(lacks[0]); lack++) {
		struct kernel *kernel = captured_open(releases[_i], lacks[lack]);
		bool must_attach =
			layout_has_btf(kernel->layout) && kernel->features.has[FEATURE_STRING];

		for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++) {
			NK_FREE char *path = xasprintf(TESTDIR "/../probes.d/%s.probes", sets[i]);
			struct probe_set *set = NULL;
			struct diags diags = { 0 };

			ck_assert_int_eq(probe_parse_file(path, &set, &diags), 0);
			load_symbols(kernel, set);
			for (size_t probe = 0; probe < set->probe_count; probe++) {
				struct resolved_probe resolved;

				resolve_probe(&set->probes[probe], kernel, &resolved);
				check_resolved(&resolved, must_attach, releases[_i]);
				resolved_probe_clear(&resolved);
			}
			probe_set_free(set);
			diags_clear(&diags);
		}
		kernel_close(kernel);
	}
}
END_TEST

/* Where GRO keeps a packet's bytes is a pointer that is no member: it has 32 bits there. */
START_TEST(test_pointers_of_32_bits)
{
	static const char *const files[] = { "dev", "ip" };
	size_t found = 0;

	for (size_t i = 0; i < 2; i++) {
		NK_FREE char *path = xasprintf(TESTDIR "/../probes.d/%s.probes", files[i]);
		struct kernel *kernel = captured_open("6.1", NULL);
		struct probe_set *set = NULL;
		struct diags diags = { 0 };

		kernel->arch = arch_find("armv7l");
		ck_assert_int_eq(probe_parse_file(path, &set, &diags), 0);
		load_symbols(kernel, set);
		for (size_t probe = 0; probe < set->probe_count; probe++) {
			struct resolved_probe resolved;

			resolve_probe(&set->probes[probe], kernel, &resolved);
			ck_assert_msg(!resolved.reason, "%s", resolved.reason);

			const struct event_def *event = resolved.carriers[resolved.first].events;
			const struct event_field *field = find_field(&event->desc, "_frag");

			if (field)
				ck_assert_uint_eq(field->type.bytes, 4);
			found += field != NULL;
			resolved_probe_clear(&resolved);
		}
		probe_set_free(set);
		diags_clear(&diags);
		kernel_close(kernel);
	}
	ck_assert_uint_eq(found, 2);

	/* A member that has four bytes stands for one that is a long there. */
	struct resolution result =
		resolve_on("armv7l", "6.1", NULL,
			   "p:nk/x tcp_connect b=+sock.sk_max_ack_backlog($arg1):b1@0/64");
	NK_FREE char *lines = lines_of(&result.resolved);

	ck_assert_ptr_nonnull(strstr(lines, "($arg1):b1@0/32 "));
	done(&result);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("resolve-probe");
	TCase *tcase = tcase_create("resolve");

	tcase_add_test(tcase, test_verbatim);
	tcase_add_test(tcase, test_numbers);
	tcase_add_test(tcase, test_registers);
	tcase_add_test(tcase, test_types);
	tcase_add_loop_test(tcase, test_longs_of_32_bits, 0, 2);
	tcase_add_test(tcase, test_parts);
#ifdef HAVE_LIBBPF
	tcase_add_test(tcase, test_members);
	tcase_add_test(tcase, test_guards);
	tcase_add_loop_test(tcase, test_doubts, 0, 11);
	tcase_add_test(tcase, test_families);
	tcase_add_test(tcase, test_pointers_of_32_bits);
	tcase_add_test(tcase, test_fallback);
	tcase_add_test(tcase, test_origins);
#endif
	tcase_add_test(tcase, test_without_btf);
	tcase_add_test(tcase, test_functions);
	tcase_add_test(tcase, test_missing);
	tcase_add_test(tcase, test_stand_ins);
	tcase_add_test(tcase, test_clones);
	tcase_add_test(tcase, test_filter);
	tcase_add_test(tcase, test_tracepoint);
	tcase_add_test(tcase, test_limits);
	tcase_add_test(tcase, test_silent);
	tcase_add_test(tcase, test_carriers_of_one_function);
	tcase_add_loop_test(tcase, test_sets, 0, sizeof(releases) / sizeof(releases[0]));
	tcase_set_timeout(tcase, 60);
	suite_add_tcase(suite, tcase);

	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
