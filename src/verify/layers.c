/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * In: packets and flows of a step. Out: what a probe of one layer must have shown of them.
 */
#include "verify/layers.h"

#include <net/ethernet.h>
#include <netinet/in.h>
#include <string.h>

#include "base/alloc.h"

enum {
	ETHERNET_HEADER = 14,
	IP4_HEADER = 20,
	IP6_HEADER = 40,
	TCP_HEADER = 32, /* with timestamps */
	SYN_OPTIONS = 8, /* a SYN's, beyond those: MSS, SACK permitted, window scale */
	HANDSHAKE_PACKETS = 2,
};

/*
 * A connection of one message each way: client SYN ACK data FIN and some ACKs, server SYN-ACK
 * data FIN. The handshake's ACK finds no socket yet; who closes first answers from time-wait.
 */
static const struct verify_layer layers[] = {
	{ .probe = "dev_queue_xmit",
	  .sees_ip4 = true,
	  .sees_ip6 = true,
	  .sees_frames = true,
	  .is_link = true,
	  .device = DIRECTION_OUT,
	  .header = ETHERNET_HEADER,
	  .client_min = 4,
	  .server_min = 3 },
	{ .probe = "__dev_queue_xmit",
	  .sees_ip4 = true,
	  .sees_ip6 = true,
	  .sees_frames = true,
	  .is_link = true,
	  .device = DIRECTION_OUT,
	  .header = ETHERNET_HEADER,
	  .client_min = 4,
	  .server_min = 3 },
	{ .probe = "netif_receive_skb",
	  .sees_ip4 = true,
	  .sees_ip6 = true,
	  .sees_frames = true,
	  .is_link = true,
	  .device = DIRECTION_IN,
	  .client_min = 4,
	  .server_min = 3 },
	{ .probe = "ip_rcv", .sees_ip4 = true, .client_min = 4, .server_min = 3 },
	{ .probe = "ip_output",
	  .sees_ip4 = true,
	  .device = DIRECTION_OUT,
	  .client_min = 4,
	  .server_min = 3 },
	{ .probe = "ip_queue_xmit",
	  .sees_ip4 = true,
	  .sees_ip6 = true,
	  .is_tcp_only = true,
	  .is_socket = true,
	  .is_transport = true,
	  .client_min = 4,
	  .server_min = 2,
	  .misses_syn_ack = true },
	{ .probe = "tcp_v4_do_rcv",
	  .sees_ip4 = true,
	  .is_tcp_only = true,
	  .has_flags = true,
	  .is_transport = true,
	  .client_min = 3,
	  .server_min = 3 },
	{ .probe = "tcp_v6_rcv",
	  .sees_ip6 = true,
	  .is_tcp_only = true,
	  .has_flags = true,
	  .is_transport = true,
	  .client_min = 4,
	  .server_min = 3 },
	{ .probe = "icmp_send", .sees_ip4 = true, .is_icmp_only = true },
};

const struct verify_layer *verify_layer_find(const char *probe)
{
	for (size_t i = 0; i < sizeof(layers) / sizeof(layers[0]); i++)
		if (strcmp(layers[i].probe, probe) == 0)
			return &layers[i];
	return NULL;
}

static struct want *add_want(const struct truth *truth, const struct traffic_call *call,
			     struct wants *wants)
{
	struct want *want = array_add(&wants->items, &wants->count);

	/* What a softirq does of a call may come behind it. */
	want->from_ns = call->what == TRAFFIC_SEND ? call->start_ns : truth->start_ns;
	want->to_ns = truth->end_ns;
	return want;
}

/* Side 0 of a cable has nk0, side 1 nk1: who connects or sends is on side 0. */
static void set_device(const struct verify_layer *layer, const struct truth *truth, bool from_first,
		       struct verify_fields *fields)
{
	static const char *const names[] = { "nk0", "nk1" };

	if (layer->device == DIRECTION_NONE)
		return;
	bool is_first = from_first == (layer->device == DIRECTION_OUT);
	verify_set_text(fields, FIELD_DEV, truth->step->needs_cable ? names[!is_first] : "lo");
}

static void set_ends(const struct verify_layer *layer, const struct endpoint *from,
		     const struct endpoint *to, bool has_ports, struct verify_fields *fields)
{
	static const struct verify_value none;

	verify_set_end(fields, layer->is_socket ? FIELD_LADDR : FIELD_SADDR,
		       layer->is_socket ? FIELD_LPORT : FIELD_SPORT, from);
	verify_set_end(fields, layer->is_socket ? FIELD_RADDR : FIELD_DADDR,
		       layer->is_socket ? FIELD_RPORT : FIELD_DPORT, to);
	if (!has_ports)
		fields->of[FIELD_SPORT] = fields->of[FIELD_DPORT] = none;
}

static void set_protocol(const struct verify_layer *layer, int version, int protocol,
			 struct verify_fields *fields)
{
	if (layer->is_socket)
		verify_set_number(fields, FIELD_FAMILY, version == 6 ? AF_INET6 : AF_INET);
	if (!layer->is_link) {
		verify_set_number(fields, FIELD_PROTO, protocol);
		return;
	}
	verify_set_number(fields, FIELD_PROTO, version == 6 ? ETHERTYPE_IPV6 : ETHERTYPE_IP);
	verify_set_number(fields, FIELD_L4PROTO, protocol);
}

static bool sees(const struct verify_layer *layer, int version)
{
	return version == 0 ? layer->sees_frames : version == 4 ? layer->sees_ip4 : layer->sees_ip6;
}

static void apply_packet(const struct verify_layer *layer, const struct truth *truth,
			 const struct truth_packet *packet, struct wants *wants)
{
	struct want *want;

	if (!sees(layer, packet->version) || layer->is_tcp_only ||
	    (layer->is_icmp_only && packet->protocol != IPPROTO_ICMP))
		return;
	want = add_want(truth, packet->call, wants);
	want->min = want->max = 1;
	set_device(layer, truth, true, &want->fields);
	if (packet->version == 0) {
		verify_set_number(&want->fields, FIELD_PROTO, VERIFY_ETHERTYPE);
		verify_set_number(&want->fields, FIELD_LEN,
				  packet->length - ETHERNET_HEADER + layer->header);
		return;
	}
	set_ends(layer, &packet->from, &packet->to, packet->has_ports, &want->fields);
	set_protocol(layer, packet->version, packet->protocol, &want->fields);
	verify_set_number(&want->fields, FIELD_LEN, packet->length + layer->header);
	if (packet->is_icmp) {
		verify_set_number(&want->fields, FIELD_TYPE, packet->icmp_type);
		verify_set_number(&want->fields, FIELD_CODE, packet->icmp_code);
	}
}

static void apply_flow(const struct verify_layer *layer, const struct truth *truth,
		       const struct truth_flow *flow, struct wants *wants)
{
	struct want *want;
	bool has_syn = flow->is_client || !layer->misses_syn_ack;

	if (!sees(layer, flow->version) || layer->is_icmp_only)
		return;
	want = add_want(truth, flow->call, wants);
	want->min = flow->is_client ? layer->client_min : layer->server_min;
	want->max = WANT_ANY_NUMBER;
	set_device(layer, truth, flow->is_client, &want->fields);
	set_ends(layer, &flow->from, &flow->to, true, &want->fields);
	set_protocol(layer, flow->version, IPPROTO_TCP, &want->fields);
	want->has_flags = layer->has_flags;
	want->has_sum = truth->has_exact_lengths;
	want->sum = flow->bytes + (has_syn ? SYN_OPTIONS : 0);
	want->overhead = TCP_HEADER;
	if (!layer->is_transport)
		want->overhead += layer->header + (flow->version == 6 ? IP6_HEADER : IP4_HEADER);
}

void verify_layer_apply(const struct verify_layer *layer, const struct truth *truth,
			struct wants *wants)
{
	struct truth_packets packets;

	truth_packets(truth, &packets);
	for (size_t i = 0; i < packets.packet_count; i++)
		apply_packet(layer, truth, &packets.packets[i], wants);
	for (size_t i = 0; i < packets.flow_count; i++)
		apply_flow(layer, truth, &packets.flows[i], wants);
	truth_packets_clear(&packets);
}
