/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * In: the calls of a step. Out: for each probe by its name the records that they must have made.
 * A probe of calls sees each call that is its business once; those of packets are of layers.c.
 */
#include "verify/rules.h"

#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "verify/layers.h"

static void set_ends(const struct traffic_call *call, struct want *want)
{
	verify_set_number(&want->fields, FIELD_FAMILY, call->family);
	verify_set_end(&want->fields, FIELD_LADDR, FIELD_LPORT, &call->local);
	verify_set_end(&want->fields, FIELD_RADDR, FIELD_RPORT, &call->remote);
}

static void set_kind(const struct traffic_call *call, struct want *want)
{
	verify_set_number(&want->fields, FIELD_FAMILY, call->family);
	verify_set_number(&want->fields, FIELD_TYPE, call->type);
	verify_set_number(&want->fields, FIELD_PROTO, truth_protocol(call));
}

static void set_length(const struct traffic_call *call, struct want *want)
{
	verify_set_number(&want->fields, FIELD_LEN, (int64_t)call->length);
}

static bool want_connect(const struct truth *truth, const struct traffic_call *call,
			 struct want *want)
{
	(void)truth;
	if (call->what != TRAFFIC_CONNECT || !truth_is_tcp(call) || call->result)
		return false;
	set_ends(call, want);
	verify_set_number(&want->fields, FIELD_STATE, TCP_SYN_SENT);
	return true;
}

static bool want_connect6(const struct truth *truth, const struct traffic_call *call,
			  struct want *want)
{
	(void)truth;
	if (call->what != TRAFFIC_CONNECT || !truth_is_tcp(call) || call->family != AF_INET6)
		return false;
	verify_set_number(&want->fields, FIELD_FAMILY, AF_INET6);
	verify_set_end(&want->fields, FIELD_RADDR, FIELD_RPORT, &call->remote);
	verify_set_number(&want->fields, FIELD_ERR, call->result);
	return true;
}

static bool want_accept(const struct truth *truth, const struct traffic_call *call,
			struct want *want)
{
	(void)truth;
	if (call->what != TRAFFIC_ACCEPT || !truth_is_tcp(call) || call->result < 0)
		return false;
	set_ends(call, want);
	return true;
}

static bool want_tcp_close(const struct truth *truth, const struct traffic_call *call,
			   struct want *want)
{
	if (call->what != TRAFFIC_CLOSE || !truth_is_tcp(call))
		return false;
	set_ends(call, want);
	verify_set_number(&want->fields, FIELD_STATE, truth_state_at_close(truth, call));
	return true;
}

static bool want_tcp_send(const struct truth *truth, const struct traffic_call *call,
			  struct want *want)
{
	(void)truth;
	if (call->what != TRAFFIC_SEND || !truth_is_tcp(call))
		return false;
	set_ends(call, want);
	set_length(call, want);
	return true;
}

static bool want_tcp_receive(const struct truth *truth, const struct traffic_call *call,
			     struct want *want)
{
	(void)truth;
	if (call->what != TRAFFIC_RECV || !truth_is_tcp(call))
		return false;
	set_ends(call, want);
	set_length(call, want);
	verify_set_number(&want->fields, FIELD_BYTES, call->result);
	return true;
}

static bool want_udp_send(const struct truth *truth, const struct traffic_call *call,
			  struct want *want)
{
	(void)truth;
	if (call->what != TRAFFIC_SEND || !truth_is_udp(call))
		return false;
	set_ends(call, want);
	set_length(call, want);
	return true;
}

static bool want_udp_receive(const struct truth *truth, const struct traffic_call *call,
			     struct want *want)
{
	(void)truth;
	if (call->what != TRAFFIC_RECV || !truth_is_udp(call))
		return false;
	verify_set_number(&want->fields, FIELD_FAMILY, call->family);
	verify_set_end(&want->fields, FIELD_LADDR, FIELD_LPORT, &call->local);
	/* Whoever sent it, as the kernel told the caller, who asked. */
	if (call->result >= 0)
		verify_set_end(&want->fields, FIELD_RADDR, FIELD_RPORT, &call->remote);
	set_length(call, want);
	verify_set_number(&want->fields, FIELD_BYTES, call->result);
	return true;
}

static bool want_listen(const struct truth *truth, const struct traffic_call *call,
			struct want *want)
{
	(void)truth;
	if (call->what != TRAFFIC_LISTEN || !truth_is_tcp(call) || call->result)
		return false;
	verify_set_number(&want->fields, FIELD_FAMILY, call->family);
	verify_set_end(&want->fields, FIELD_LADDR, FIELD_LPORT, &call->local);
	verify_set_number(&want->fields, FIELD_BACKLOG, (int64_t)call->length);
	return true;
}

static bool want_receive(const struct truth *truth, const struct traffic_call *call,
			 struct want *want)
{
	(void)truth;
	if (call->what != TRAFFIC_RECV)
		return false;
	set_kind(call, want);
	verify_set_number(&want->fields, FIELD_BYTES, call->result);
	return true;
}

static bool want_send(const struct truth *truth, const struct traffic_call *call, struct want *want)
{
	(void)truth;
	if (call->what != TRAFFIC_SEND)
		return false;
	set_kind(call, want);
	set_length(call, want);
	return true;
}

static bool want_bind(const struct truth *truth, const struct traffic_call *call, struct want *want)
{
	(void)truth;
	if (call->what != TRAFFIC_BIND || !truth_is_inet(call))
		return false;
	set_kind(call, want);
	verify_set_end(&want->fields, FIELD_ADDR, FIELD_PORT, &call->local);
	verify_set_number(&want->fields, FIELD_ERR, call->result);
	return true;
}

static bool want_release(const struct truth *truth, const struct traffic_call *call,
			 struct want *want)
{
	(void)truth;
	if (call->what != TRAFFIC_CLOSE || !truth_is_inet(call))
		return false;
	set_kind(call, want);
	set_ends(call, want);
	return true;
}

static bool is_tcp_data(const struct traffic_call *call)
{
	return call->what == TRAFFIC_SEND && truth_is_tcp(call) && call->result > 0;
}

/*
 * Each segment with data is cloned before its headers are put in front, so that it can be sent
 * again; so are SYN and FIN, which are empty. One want for the whole step, which stands at its
 * first send.
 */
static bool want_clone(const struct truth *truth, const struct traffic_call *call,
		       struct want *want)
{
	if (!is_tcp_data(call))
		return false;
	for (const struct traffic_call *before = truth->calls; before < call; before++)
		if (is_tcp_data(before))
			return false;
	want->min = 0;
	for (size_t i = 0; i < truth->count; i++) {
		if (!is_tcp_data(&truth->calls[i]))
			continue;
		want->min++;
		want->sum += truth->calls[i].result;
	}
	want->from_ns = truth->start_ns;
	want->to_ns = truth->end_ns;
	want->max = WANT_ANY_NUMBER;
	want->has_sum = truth->has_exact_lengths;
	want->fields.of[FIELD_SKB].kind = VERIFY_NONZERO;
	want->fields.of[FIELD_CLONE].kind = VERIFY_NONZERO;
	return true;
}

static const struct verify_rule rules[] = {
	{ "tcp_connect", VIEW_CALLS, want_connect },
	{ "tcp_v6_connect", VIEW_CALLS, want_connect6 },
	{ "tcp_accept", VIEW_CALLS, want_accept },
	{ "inet_csk_accept", VIEW_CALLS, want_accept },
	{ "tcp_close", VIEW_CALLS, want_tcp_close },
	{ "tcp_sendmsg", VIEW_CALLS, want_tcp_send },
	{ "tcp_recvmsg", VIEW_CALLS, want_tcp_receive },
	{ "udp_sendmsg", VIEW_CALLS, want_udp_send },
	{ "udp_recvmsg", VIEW_CALLS, want_udp_receive },
	{ "inet_csk_listen_start", VIEW_CALLS, want_listen },
	{ "sock_recvmsg", VIEW_CALLS, want_receive },
	{ "sock_sendmsg", VIEW_CALLS, want_send },
	{ "inet_bind", VIEW_CALLS, want_bind },
	{ "inet_release", VIEW_CALLS, want_release },
	{ "skb_clone", VIEW_PACKETS, want_clone },
	{ "ip_queue_xmit", VIEW_PACKETS, NULL },
	{ "ip_output", VIEW_PACKETS, NULL },
	{ "ip_rcv", VIEW_PACKETS, NULL },
	{ "icmp_send", VIEW_PACKETS, NULL },
	{ "dev_queue_xmit", VIEW_PACKETS, NULL },
	{ "__dev_queue_xmit", VIEW_PACKETS, NULL },
	{ "netif_receive_skb", VIEW_PACKETS, NULL },
	{ "tcp_v4_do_rcv", VIEW_PACKETS, NULL },
	{ "tcp_v6_rcv", VIEW_PACKETS, NULL },
};

const struct verify_rule *verify_rule_find(const char *probe)
{
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (strcmp(rules[i].probe, probe) == 0)
			return &rules[i];
	return NULL;
}

static void apply_call(const struct verify_rule *rule, const struct truth *truth,
		       const struct traffic_call *call, struct wants *wants)
{
	struct want want = { .from_ns = call->start_ns, .to_ns = call->end_ns, .min = 1, .max = 1 };

	if (!rule->of_call(truth, call, &want))
		return;
	want.fields.of[FIELD_DUR] =
		(struct verify_value){ .kind = VERIFY_AT_MOST,
				       .number = (int64_t)(want.to_ns - want.from_ns) };
	*array_add(&wants->items, &wants->count) = want;
}

void verify_rule_apply(const struct verify_rule *rule, const struct truth *truth,
		       struct wants *wants)
{
	const struct verify_layer *layer = verify_layer_find(rule->probe);

	if (layer)
		verify_layer_apply(layer, truth, wants);
	for (size_t i = 0; rule->of_call && i < truth->count; i++)
		apply_call(rule, truth, &truth->calls[i], wants);
}

void wants_clear(struct wants *wants)
{
	free(wants->items);
	*wants = (struct wants){ 0 };
}
