/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Texts of probe files and the sets that they make, written out again in a form of the test's own.
 * Messages are tested by probes-golden.c.
 */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"
#include "probes/parse.h"

static void write_expr(const struct probe_expr *expr, struct text *out)
{
	switch (expr->kind) {
	case PROBE_EXPR_ARG:
		text_addf(out, "arg%ld", expr->number);
		break;
	case PROBE_EXPR_RETVAL:
		text_add(out, "retval");
		break;
	case PROBE_EXPR_STACK:
		text_add(out, "stack");
		break;
	case PROBE_EXPR_STACK_N:
		text_addf(out, "stack%ld", expr->number);
		break;
	case PROBE_EXPR_COMM:
		text_add(out, "comm");
		break;
	case PROBE_EXPR_REGISTER:
		text_addf(out, "reg<%s>", expr->text);
		break;
	case PROBE_EXPR_ADDRESS:
		text_addf(out, "addr<%s>", expr->text);
		break;
	case PROBE_EXPR_IMMEDIATE:
		text_addf(out, "imm<%s>", expr->text);
		break;
	case PROBE_EXPR_NATIVE:
		text_addf(out, "native<%s>", expr->text);
		break;
	case PROBE_EXPR_DEREF:
		text_addf(out, "%s%+ld(", expr->user ? "u" : "", expr->number);
		write_expr(expr->inner, out);
		text_add(out, ")");
		break;
	case PROBE_EXPR_MEMBER:
		text_addf(out, "%s<%s>%+ld(", expr->user ? "u" : "", expr->text, expr->number);
		write_expr(expr->inner, out);
		text_add(out, ")");
		break;
	}
}

static void write_args(const struct probe_arg *args, size_t count, struct text *out)
{
	for (size_t i = 0; i < count; i++) {
		text_addf(out, " %s%s%s=", args[i].name, args[i].optional ? "?" : "",
			  args[i].is_fallback ? "|" : "");
		write_expr(args[i].expr, out);
		if (args[i].type.kind != PROBE_TYPE_NONE)
			text_addf(out, ":%s%s%s", args[i].type.kernel,
				  args[i].type.enum_name[0] ? "/" : "", args[i].type.enum_name);
	}
}

static void write_func(const struct probe_func *func, struct text *out)
{
	text_add(out, func->is_return ? "r" : "p");
	if (func->max_active)
		text_addf(out, "%d", func->max_active);
	text_addf(out, " %s", func->symbol);
	if (func->offset)
		text_addf(out, "+%ld", func->offset);
	write_args(func->args, func->arg_count, out);
	if (func->filter)
		text_addf(out, " if [%s]", func->filter);
	if (func->has_return_half)
		text_add(out, " ->");
	if (func->ret_max_active)
		text_addf(out, "%d", func->ret_max_active);
	write_args(func->ret_args, func->ret_arg_count, out);
}

static void write_probe(const struct probe *probe, struct text *out)
{
	static const char *const kinds[] = { "kprobe", "tracepoint", "native" };

	text_addf(out, "%s %s/%s", kinds[probe->kind], probe->group, probe->name);
	if (probe->verbatim)
		text_addf(out, " [%s]", probe->verbatim);
	if (probe->filter)
		text_addf(out, " if [%s]", probe->filter);
	text_add(out, "\n");
	for (size_t i = 0; i < probe->carrier_count; i++) {
		for (size_t j = 0; j < probe->carriers[i].func_count; j++) {
			text_add(out, j ? "& " : "| ");
			write_func(&probe->carriers[i].funcs[j], out);
			text_add(out, "\n");
		}
	}
}

static char *write_set(const struct probe_set *set)
{
	struct text out = { 0 };

	for (size_t i = 0; i < set->probe_count; i++)
		write_probe(&set->probes[i], &out);
	return text_steal(&out);
}

/* A set without mistakes or warnings; fails the test otherwise. */
static struct probe_set *parsed(const char *text)
{
	struct diags diags = { 0 };
	struct probe_set *set = NULL;
	int err = probe_parse("test", "test.probes", text, &set, &diags);

	diags_print(&diags, stderr);
	ck_assert_int_eq(err, 0);
	ck_assert_uint_eq(diags.count, 0);
	diags_clear(&diags);
	return set;
}

/* Of a mistaken text: the errors, and that there is no set. */
static void refused(const char *text, struct diags *diags)
{
	struct probe_set *set = (struct probe_set *)diags;

	ck_assert_int_eq(probe_parse("test", "test.probes", text, &set, diags), -EINVAL);
	ck_assert_ptr_eq(set, (struct probe_set *)diags);
	ck_assert_uint_gt(diags->errors, 0);
}

static const struct {
	const char *text;
	const char *set;
} files[] = {
	{ "", "" },
	{ "\n\n# nothing\n", "" },
	{ "# no newline", "" },
	{ "\\", "" },
	/* lines that the kernel takes */
	{ "p:nk/a tcp_connect", "kprobe nk/a\n| p tcp_connect\n" },
	{ "p:a tcp_connect+0x10 %di", "kprobe nk/a\n| p tcp_connect+16 arg1=reg<di>\n" },
	{ "p:nk.a tcp_connect", "kprobe nk/a\n| p tcp_connect\n" },
	{ "p:nk/ nf:tcp_connect", "kprobe nk/tcp_connect\n| p nf:tcp_connect\n" },
	{ "p tcp_connect", "kprobe nk/tcp_connect\n| p tcp_connect\n" },
	{ "r tcp_connect $retval", "kprobe nk/tcp_connect\n| r tcp_connect arg1=retval\n" },
	{ "r16:a tcp_connect", "kprobe nk/a\n| r16 tcp_connect\n" },
	{ "p:a tcp_connect%return x=$retval", "kprobe nk/a\n| r tcp_connect x=retval\n" },
	{ "p __netif_receive_skb_core.constprop.0",
	  "kprobe nk/__netif_receive_skb_core\n| p __netif_receive_skb_core.constprop.0\n" },
	{ "p:a f x=$arg1 y=$stack z=$stack3 c=$comm",
	  "kprobe nk/a\n| p f x=arg1 y=stack z=stack3 c=comm\n" },
	{ "p:a f x=@jiffies y=@0x10 z=@jiffies+8",
	  "kprobe nk/a\n| p f x=addr<@jiffies> y=addr<@0x10> z=addr<@jiffies+8>\n" },
	{ "p:a f x=\\12 y=\\\"a:b=c#\":string",
	  "kprobe nk/a\n| p f x=imm<\\12> y=imm<\\\"a:b=c#\">:string\n" },
	{ "p:a f x=+0x10(-8(+u16(%di))):u32", "kprobe nk/a\n| p f x=+16(-8(u+16(reg<di>))):u32\n" },
	{ "p:a f x=sk->__sk_common.skc_dport:u16 sk",
	  "kprobe nk/a\n| p f x=native<sk->__sk_common.skc_dport>:u16 sk=native<sk>\n" },
	{ "r:a f x=$retval->sk[1]", "kprobe nk/a\n| r f x=native<$retval->sk[1]>\n" },
	{ "p:a f +0(sk) %si:u8", "kprobe nk/a\n| p f arg1=+0(native<sk>) arg2=reg<si>:u8\n" },
	{ "p:a f $arg*", "native nk/a [p:nk/a f $arg*]\n" },
	{ "r5:a f $arg* x=$retval if x > 2",
	  "native nk/a [r5:nk/a f $arg* x=$retval] if [x > 2]\n" },
	{ "p 0xffffffff81000000 x=%di",
	  "native nk/p_0xffffffff81000000 [p:nk/p_0xffffffff81000000 0xffffffff81000000 x=%di]\n" },
	{ "f:a tcp_connect%return $retval", "native nk/a [f:nk/a tcp_connect%return $retval]\n" },
	{ "f tcp_connect  $arg*", "native nk/tcp_connect [f:nk/tcp_connect tcp_connect  $arg*]\n" },
	{ "e:a sched.sched_switch p=$next_pid:u32 if p > 2",
	  "native nk/a [e:nk/a sched.sched_switch p=$next_pid:u32 if p > 2]\n" },
	{ "t:a tcp_probe $arg*", "native nk/a [t:nk/a tcp_probe $arg*]\n" },
	/* nk's own */
	{ "t sock:inet_sock_set_state if newstate == 1",
	  "tracepoint sock/inet_sock_set_state if [newstate == 1]\n" },
	{ "p:a f x=+sock.skc_num($arg1):u16 y=+u.iovec.iov_len+8(%si) z=+a.b.c-0x10($arg2)",
	  "kprobe nk/a\n| p f x=<sock.skc_num>+0(arg1):u16 y=u<iovec.iov_len>+8(reg<si>) "
	  "z=<a.b.c>-16(arg2)\n" },
	{ "p:a f x=+udp_sock.pending($arg1)", "kprobe nk/a\n| p f x=<udp_sock.pending>+0(arg1)\n" },
	{ "p:a f x?=$arg1:ip4 x|=$arg2:ip4 x?|=$arg3:ip4",
	  "kprobe nk/a\n| p f x?=arg1:u32 x|=arg2:u32 x?|=arg3:u32\n" },
	{ "p:a f x=$arg1 if (x == 1)||x != 3  # why\n",
	  "kprobe nk/a\n| p f x=arg1 if [(x == 1)||x != 3]\n" },
	{ "p:a f x=-64(+sk_buff.data($arg1)):packet[10](saddr,dport)",
	  "kprobe nk/a\n| p f x=-64(<sk_buff.data>+0(arg1)):x64[10]\n" },
	{ "p:a f\n& g x=$arg1\n& r7 h\n& i\n| j\n&k\n| r l x=$retval\n",
	  "kprobe nk/a\n| p f\n& p g x=arg1\n& r7 h\n& r7 i\n| p j\n& p k\n| r l x=retval\n" },
	{ "r3:a f\n& g\n| p h\n& i\n| j", "kprobe nk/a\n| r3 f\n& r3 g\n| p h\n& p i\n| r3 j\n" },
	{ "p:a f\n& g if comm == \"x\"\nr9 x=$retval:errno\n| h\n| r i\nr\n",
	  "kprobe nk/a\n| p f ->9 x=retval:s32\n& p g if [comm == \"x\"] ->9 x=retval:s32\n"
	  "| p h ->\n| r i\n" },
	{ "p:a f\nr $retval\n\n# not the end of the probe\n| g\nr +0($retval)\n",
	  "kprobe nk/a\n| p f -> arg1=retval\n| p g -> arg1=+0(retval)\n" },
	/* lines */
	{ "p:a \\\n  f \\  # why\n\tx=$arg1 # and \\\np:b g", "kprobe nk/a\n| p f x=arg1\n"
							      "kprobe nk/b\n| p g\n" },
	{ "\xef\xbb\xbfp:a f\r\n& g\r\n", "kprobe nk/a\n| p f\n& p g\n" },
	{ "  p:a\tf\t", "kprobe nk/a\n| p f\n" },
	/* groups */
	{ "p:a f @g($arg1)\n@g(S) = x=S y=+8(S):u32\n",
	  "kprobe nk/a\n| p f x=arg1 y=+8(arg1):u32\n" },
	{ "@h(A, B) = x=+A(B) @g(+8(B)) A_=B\n@g(S) = s=S\np:a f a=%ax @h(4, %bx) z=%cx",
	  "kprobe nk/a\n| p f a=reg<ax> x=+4(reg<bx>) s=+8(reg<bx>) A_=reg<bx> z=reg<cx>\n" },
	{ "@g(S) = s=S \\\n t=S\np:a f @g( +0(+8($arg1)) ) if s != 0",
	  "kprobe nk/a\n| p f s=+0(+8(arg1)) t=+0(+8(arg1)) if [s != 0]\n" },
	{ "@g(N) = x=%di:packet[N](saddr,N)\np:a f @g(5)\n@unused_parameter(X) = y=$arg1\n"
	  "& g @unused_parameter(1)",
	  NULL },
	{ "@u(X) = y=$arg1\np:a f @u(1)\nr @u(2)", "kprobe nk/a\n| p f y=arg1 -> y=arg1\n" },
	/* enums */
	{ "p:a f x=$arg1:how y=$arg2:how[2]\nenum how { 0 RD, 1 WR }",
	  "kprobe nk/a\n| p f x=arg1:u32/how y=arg2:u32[2]/how\n" },
	{ "enum how s8\n{ -1 NO # why\n# comment\n\n, 0x1 YES,\n}\np:a f x=$arg1:how",
	  "kprobe nk/a\n| p f x=arg1:s8/how\n" },
};

START_TEST(files_make_their_sets)
{
	struct diags diags = { 0 };

	if (!files[_i].set) {
		refused(files[_i].text, &diags);
		diags_clear(&diags);
		return;
	}

	struct probe_set *set = parsed(files[_i].text);
	NK_FREE char *written = write_set(set);

	ck_assert_str_eq(written, files[_i].set);
	probe_set_free(set);
}
END_TEST

START_TEST(docs_go_where_they_belong)
{
	struct probe_set *set =
		parsed("## The set,\n##   in two lines.\n## ko: \xed\x95\x9c\n\n"
		       "## A group\n@g(S) = s=S\n"
		       "## One.\n# a comment between\n## ko: \xea\xb8\x80\n## more\n"
		       "## use: To see.\n## counter: Tcp.InSegs\n"
		       "p:one f @g($arg1)\n"
		       "p:two f\n##Three\n##\n## Has: a colon\np:three f\n");

	ck_assert_str_eq(set->doc, "The set, in two lines.");
	ck_assert_str_eq(set->doc_ko, "\xed\x95\x9c");
	ck_assert_str_eq(set->probes[0].doc, "One.");
	ck_assert_str_eq(set->probes[0].doc_ko, "\xea\xb8\x80 more");
	ck_assert_str_eq(set->probes[0].use, "To see.");
	ck_assert_str_eq(set->probes[0].counter, "Tcp.InSegs");
	ck_assert_ptr_null(set->probes[1].doc);
	ck_assert_ptr_null(set->probes[1].use);
	ck_assert_str_eq(set->probes[2].doc, "Three Has: a colon");
	probe_set_free(set);
}
END_TEST

START_TEST(places_are_those_of_the_file)
{
	struct probe_set *set = parsed("@g(S) = family=+sock.skc_family(S):family \\\n"
				       "        port=+sock.skc_dport(S):be16\n"
				       "p:nk/a tcp_connect \\\n"
				       "   x=$arg2 @g(+8($arg1))\n"
				       "r y=$retval\n");
	const struct probe *probe = &set->probes[0];
	const struct probe_func *func = &probe->carriers[0].funcs[0];

	ck_assert_ptr_eq(probe->set, set);
	ck_assert_str_eq(probe->place.file, "test.probes");
	ck_assert_int_eq(probe->place.line, 3);
	ck_assert_int_eq(probe->place.column, 6);
	ck_assert_int_eq(probe->place.width, 1);
	ck_assert_str_eq(probe->place.source, "p:nk/a tcp_connect \\");
	ck_assert_int_eq(func->place.line, 3);
	ck_assert_int_eq(func->place.column, 8);
	ck_assert_int_eq(func->args[0].place.line, 4);
	ck_assert_int_eq(func->args[0].place.column, 4);
	ck_assert_int_eq(func->args[2].place.line, 2);
	ck_assert_int_eq(func->args[2].place.column, 9);
	ck_assert_int_eq(func->args[2].place.width, 4);
	ck_assert_str_eq(func->args[2].expr->place.source, "        port=+sock.skc_dport(S):be16");
	ck_assert_int_eq(func->args[2].expr->place.column, 14);
	/* What was given to the group stands where it was given. */
	ck_assert_int_eq(func->args[2].expr->inner->place.line, 4);
	ck_assert_int_eq(func->args[2].expr->inner->place.column, 15);
	ck_assert_int_eq(func->ret_place.line, 5);
	ck_assert_int_eq(func->ret_args[0].place.column, 3);
	probe_set_free(set);
}
END_TEST

START_TEST(enums_have_their_values)
{
	struct probe_set *set = parsed("enum e s16 { -2 MINUS, 0x7fff MOST, 0 none-yet }\n"
				       "enum f u64 { 18446744073709551615 ALL }\n");
	const struct probe_enum *e = probe_set_enum(set, "e");

	ck_assert_uint_eq(set->enum_count, 2);
	ck_assert_str_eq(e->kernel, "s16");
	ck_assert_uint_eq(e->value_count, 3);
	ck_assert_uint_eq(e->values[0].value, (uint64_t)-2);
	ck_assert_str_eq(e->values[0].name, "MINUS");
	ck_assert_uint_eq(e->values[1].value, 0x7fff);
	ck_assert_str_eq(e->values[2].name, "none-yet");
	ck_assert_uint_eq(probe_set_enum(set, "f")->values[0].value, UINT64_MAX);
	ck_assert_ptr_null(probe_set_enum(set, "g"));
	probe_set_free(set);
}
END_TEST

/* head, count times item with %d for its number, tail. */
static char *repeated(const char *head, const char *item, int count, const char *tail)
{
	struct text text = { 0 };
	const char *number = strstr(item, "%d");

	text_add(&text, head);
	for (int i = 0; i < count; i++) {
		if (number)
			text_addf(&text, "%.*s%d%s", (int)(number - item), item, i, number + 2);
		else
			text_add(&text, item);
	}
	text_add(&text, tail);
	return text_steal(&text);
}

static const struct {
	const char *head, *item, *tail;
	int good, bad; /* the most that is accepted, and one that is not */
	const char *error;
} limits[] = {
	{ "p:a f", " x%d=$arg1", "", 128, 129, "a function has at most 128 arguments" },
	{ "p:a f\n", "& g\n", "", 63, 64, "a probe has at most 64 functions" },
	{ "", "p:a%d f\n", "", 4096, 4097, "a file has at most 4096 probes" },
	{ "p:a f @g0(1)\n", "@g%d(S) = x=S\n", "", 0, 513, "a file has at most 512 groups" },
	{ "", "enum e%d { 1 A }\n", "", 512, 513, "a file has at most 512 enums" },
	{ "enum e { ", "%d A,", "}", 1024, 1025, "an enum has at most 1024 numbers" },
	{ "p:a", "a", " f", 62, 63, "the name of a probe has at most 63 characters" },
	{ "p:a f x", "y", "=$arg1", 30, 31, "a name of an argument has at most 31 characters" },
	{ "p:a f x=$arg1 if x == 1", " || x == 1", "", 6000, 6700,
	  "with its groups replaced, the line has more than 65536 bytes" },
	{ "@g(X) = x=X\n@h(X) = @g(X) @g(X) @g(X) @g(X) @g(X) @g(X) @g(X) @g(X)\n",
	  "p:a%d f @h($arg1) @h($arg2) @h($arg3)\n", "", 0, 700,
	  "the groups of this file make more than 16384 uses or 16777216 bytes" },
};

START_TEST(limits_hold)
{
	NK_FREE char *good =
		repeated(limits[_i].head, limits[_i].item, limits[_i].good, limits[_i].tail);
	NK_FREE char *bad =
		repeated(limits[_i].head, limits[_i].item, limits[_i].bad, limits[_i].tail);
	struct diags diags = { 0 };
	bool is_told = false;

	if (limits[_i].good)
		probe_set_free(parsed(good));
	refused(bad, &diags);
	for (size_t i = 0; i < diags.count; i++)
		is_told |= strcmp(diags.items[i].text, limits[_i].error) == 0;
	ck_assert_msg(is_told, "%s, not: %s", diags.items[0].text, limits[_i].error);
	diags_clear(&diags);
}
END_TEST

/* Sixteen groups, each of which uses the next sixteen times: 2^64 uses, were they all replaced. */
static char *bomb(void)
{
	struct text text = { 0 };

	for (int i = 0; i < 15; i++) {
		text_addf(&text, "@g%d(S) =", i);
		for (int j = 0; j < 16; j++)
			text_addf(&text, " @g%d(S)", i + 1);
		text_add(&text, "\n");
	}
	text_add(&text, "@g15(S) = x=S\np:a f @g0($arg1)\n");
	return text_steal(&text);
}

START_TEST(groups_cannot_explode)
{
	NK_FREE char *text = bomb();
	struct diags diags = { 0 };

	refused(text, &diags);
	diags_clear(&diags);
}
END_TEST

/* Large files of one thing: what is done with them is bounded. */
static const struct {
	const char *head, *item;
} large[] = {
	{ "", "x\n" },		 { "", "\n" },
	{ "", "#\n" },		 { "", "##\n" },
	{ "", "&\n" },		 { "", "\\\n" },
	{ "", "p:a f\n" },	 { "", "p:a%d f x=$arg1:u17\n" },
	{ "p:a f ", "+0(" },	 { "p:a f ", "x=" },
	{ "p:a f ", "a= " },	 { "p:a f if ", "(" },
	{ "p:a f ", "@x() " },	 { "@g(S) = S\np:a f ", "@g(" },
	{ "enum e { ", "1 a," }, { "enum e { ", "\n1" },
	{ "", "@g%d(S)=x\n" },	 { "", "enum e%d {1 a}\n" },
	{ "## ", "x " },	 { "", "\xff" },
	{ "", "t a:b%d\n" },	 { "f:a f ", "x=(" },
};

START_TEST(large_files_are_read_in_time)
{
	int count = (int)((1 << 20) / strlen(large[_i].item));
	NK_FREE char *text = repeated(large[_i].head, large[_i].item, count, "");
	struct diags diags = { 0 };
	struct probe_set *set = NULL;

	/* A second is plenty: what grows with the square of a megabyte meets the timeout. */
	probe_parse("test", "test.probes", text, &set, &diags);
	ck_assert_uint_le(diags.count, 4000);
	probe_set_free(set);
	diags_clear(&diags);
}
END_TEST

START_TEST(too_large_a_file_is_refused)
{
	NK_FREE char *text = repeated("", "#\n", (2 << 20) + 1, "");
	struct diags diags = { 0 };

	refused(text, &diags);
	ck_assert_uint_eq(diags.errors, 1);
	diags_clear(&diags);
}
END_TEST

START_TEST(nobody_has_to_listen)
{
	struct probe_set *set = NULL;

	ck_assert_int_eq(probe_parse("-e", "-e", "p:a f x=", &set, NULL), -EINVAL);
	ck_assert_ptr_null(set);
	ck_assert_int_eq(probe_parse("-e", "-e", "p:a f x=%di", &set, NULL), 0);
	ck_assert_str_eq(set->name, "-e");
	probe_set_free(set);
}
END_TEST

START_TEST(earlier_messages_stay)
{
	struct diags diags = { 0 };
	struct probe_set *set = NULL;

	diag_error(&diags, EPERM, "earlier");
	ck_assert_int_eq(probe_parse("test", "test.probes", "p:a f", &set, &diags), 0);
	probe_set_free(set);
	ck_assert_int_eq(probe_parse("test", "test.probes", "p:a f x=", &set, &diags), -EINVAL);
	ck_assert_uint_eq(diags.count, 2);
	ck_assert_str_eq(diags.items[0].text, "earlier");
	diags_clear(&diags);
}
END_TEST

START_TEST(a_file_that_is_not_there_is_told)
{
	struct diags diags = { 0 };
	struct probe_set *set = NULL;

	ck_assert_int_eq(probe_parse_file("/nonexistent/x.probes", &set, &diags), -ENOENT);
	ck_assert_uint_eq(diags.errors, 1);
	ck_assert_int_eq(probe_parse_file("/", &set, &diags), -EISDIR);
	diags_clear(&diags);
}
END_TEST

static TCase *limits_case(void)
{
	TCase *tests = tcase_create("limits");

	tcase_set_timeout(tests, 60);
	tcase_add_loop_test(tests, limits_hold, 0, sizeof(limits) / sizeof(limits[0]));
	tcase_add_test(tests, groups_cannot_explode);
	tcase_add_loop_test(tests, large_files_are_read_in_time, 0,
			    sizeof(large) / sizeof(large[0]));
	tcase_add_test(tests, too_large_a_file_is_refused);
	return tests;
}

int main(void)
{
	Suite *suite = suite_create("probes/parse");
	TCase *tests = tcase_create("parse");

	tcase_add_loop_test(tests, files_make_their_sets, 0, sizeof(files) / sizeof(files[0]));
	tcase_add_test(tests, docs_go_where_they_belong);
	tcase_add_test(tests, places_are_those_of_the_file);
	tcase_add_test(tests, enums_have_their_values);
	tcase_add_test(tests, nobody_has_to_listen);
	tcase_add_test(tests, earlier_messages_stay);
	tcase_add_test(tests, a_file_that_is_not_there_is_told);
	suite_add_tcase(suite, tests);
	suite_add_tcase(suite, limits_case());
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
