/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of dumps, and their text as a probe file. Which functions are taken was measured: they
 * are global, take the object as an argument, and are called without side effects of their own.
 * They are few: to arm and disarm a function costs more than all traffic.
 */
#include "calibrate/dump.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

enum {
	ARRAY_WORDS = 64,
	ETHERNET_HEADER = 14,
	/* An event has 128 arguments, and a definition no more than 4096 bytes. */
	PART_WORDS = 96,
};

#define PART_MARK "_part"

#define PACKET_AREAS(object)                                                                       \
	.areas = { { AREA_SK_BUFF, object, 256 }, { AREA_SK_BUFF_THROUGH, object, 256 } },         \
	.area_count = 2

const struct dump dumps[DUMP_COUNT] = {
	[DUMP_TCP] = { .name = "calibrate_tcp",
		       .carriers = { "tcp_getsockopt" },
		       .areas = { { AREA_SOCK, "$arg1", 2560 } },
		       .area_count = 1,
		       .values = { { "sk", "$arg1", FACT_SOCK } },
		       .value_count = 1,
		       .is_last_only = true },
	[DUMP_SOCKET] = { .name = "calibrate_socket",
			  .carriers = { "inet_getname" },
			  .areas = { { AREA_SOCKET, "$arg1", 256 } },
			  .area_count = 1,
			  .values = { { "socket", "$arg1", FACT_SOCKET } },
			  .value_count = 1,
			  .is_last_only = true },
	[DUMP_MESSAGE] = { .name = "calibrate_message",
			   .carriers = { "udp_sendmsg" },
			   .areas = { { AREA_MSGHDR, "$arg2", 128 },
				      { AREA_MSGHDR_THROUGH, "$arg2", 128 } },
			   .area_count = 2,
			   .is_last_only = true },
	/* Not through its words: a device has pointers to memory that must not be read. */
	[DUMP_DEVICE] = { .name = "calibrate_device",
			  .carriers = { "dev_get_stats" },
			  .areas = { { AREA_NET_DEVICE, "$arg1", 2560 } },
			  .area_count = 1,
			  .values = { { "device", "$arg1", FACT_DEVICE } },
			  .value_count = 1,
			  .is_last_only = true },
	[DUMP_SOCK] = { .name = "calibrate_sock",
			.carriers = { "inet_getname" },
			.areas = { { AREA_SOCKET, "$arg1", 128 },
				   { AREA_SOCK, "+@($arg1)", 1536 } },
			.area_count = 2,
			.values = { { "socket", "$arg1", FACT_SOCKET } },
			.value_count = 1,
			.is_last_only = true },
	[DUMP_RECEIVED] = { .name = "calibrate_received",
			    .carriers = { "ip_rcv&ipv6_rcv", "ip_rcv" },
			    PACKET_AREAS("$arg1"),
			    .values = { { "device", "$arg2", FACT_DEVICE } },
			    .value_count = 1,
			    .view = VIEW_NETWORK },
	[DUMP_DELIVERED] = { .name = "calibrate_delivered",
			     .carriers = { "udp_rcv&tcp_v4_rcv" },
			     PACKET_AREAS("$arg1"),
			     .view = VIEW_TRANSPORT },
	[DUMP_SENT] = { .name = "calibrate_sent",
			.carriers = { "ip_output" },
			PACKET_AREAS("$arg3"),
			.values = { { "sk", "$arg2", FACT_SOCK } },
			.value_count = 1,
			.view = VIEW_OUTPUT },
};

bool dump_is_through(enum area area)
{
	return area == AREA_SK_BUFF_THROUGH || area == AREA_MSGHDR_THROUGH;
}

size_t dump_area_size(const struct dump_area *area, unsigned int pointer_size)
{
	if (!dump_is_through(area->area))
		return area->bytes;
	return area->bytes / pointer_size * (size_t)AREA_STRIDE;
}

void dump_write_object(const char *object, size_t socket_sk, struct text *out)
{
	for (; *object; object++) {
		if (*object == '@')
			text_addf(out, "%zu", socket_sk);
		else
			text_add_bytes(out, object, 1);
	}
}

void dump_plan_add(struct dump_plan *plan, const struct dump_piece *piece, const char *expr,
		   const char *type)
{
	size_t words = plan->has_arrays ? 0 : (piece->bytes + 7u) / 8;

	if (plan->piece_count == DUMP_PIECES_MAX)
		return;
	if (plan->part_count == 0 || plan->word_count + words > PART_WORDS) {
		if (plan->part_count == DUMP_PARTS_MAX)
			return;
		plan->part_count++;
		plan->word_count = 0;
	}
	plan->word_count += words;
	plan->pieces[plan->piece_count] = *piece;
	plan->pieces[plan->piece_count++].part = (uint8_t)(plan->part_count - 1);
	text_addf(&plan->arguments[plan->part_count - 1], " %s=%s:%s", piece->name, expr, type);
}

/* As many arrays as it takes; behind the words of an object, one for each word. */
static void add_area(struct dump_plan *plan, size_t area, unsigned int pointer_size,
		     size_t socket_sk)
{
	const struct dump_area *from = &plan->dump.areas[area];
	bool is_through = dump_is_through(from->area);
	size_t size = dump_area_size(from, pointer_size);
	size_t step = is_through ? AREA_STRIDE : ARRAY_WORDS * 8;
	struct text object = { 0 };
	size_t count = 0;

	dump_write_object(from->object, socket_sk, &object);
	for (size_t offset = 0; offset < size; offset += step, count++) {
		size_t bytes = size - offset < step ? size - offset : step;
		struct dump_piece piece = { .area = (uint8_t)area,
					    .offset = (uint16_t)offset,
					    .bytes = (uint16_t)bytes };
		NK_FREE char *type = xasprintf("x64[%zu]", bytes / 8);
		NK_FREE char *expr =
			is_through ? xasprintf("+0(+%zu(%s))", count * pointer_size, object.data)
				   : xasprintf("+%zu(%s)", offset, object.data);

		snprintf(piece.name, sizeof(piece.name), "%c%zu", (int)('a' + area), count);
		dump_plan_add(plan, &piece, expr, type);
	}
	text_clear(&object);
}

void dump_plan_values(struct dump_plan *plan, unsigned int pointer_size)
{
	const struct dump *dump = &plan->dump;

	plan->part_count = 1;
	for (size_t i = 0; i < dump->value_count; i++)
		text_addf(&plan->arguments[0], " %s=%s:x%u", dump->values[i].name,
			  dump->values[i].expr, pointer_size * 8);
}

void dump_plan_whole(const struct dump *dump, bool has_arrays, unsigned int pointer_size,
		     size_t socket_sk, struct dump_plan *plan)
{
	*plan = (struct dump_plan){ .dump = *dump, .has_arrays = has_arrays };
	dump_plan_values(plan, pointer_size);
	for (size_t i = 0; i < dump->area_count; i++)
		add_area(plan, i, pointer_size, socket_sk);
}

void dump_plan_clear(struct dump_plan *plan)
{
	for (size_t i = 0; i < plan->part_count; i++)
		text_clear(&plan->arguments[i]);
	plan->piece_count = plan->part_count = 0;
}

static void write_part(const struct dump_plan *plan, size_t part, struct text *out)
{
	text_addf(out, "p:nk/%s", plan->dump.name);
	if (part)
		text_addf(out, PART_MARK "%zu", part);
	for (size_t i = 0; i < DUMP_CARRIERS_MAX && plan->dump.carriers[i]; i++) {
		const char *function = plan->dump.carriers[i];

		if (i)
			text_add(out, "|");
		while (*function) {
			size_t length = strcspn(function, "&");

			text_addf(out, " %.*s%s\n", (int)length, function,
				  plan->arguments[part].data);
			function += length;
			if (*function)
				text_add_bytes(out, function++, 1);
		}
	}
}

void dump_plan_write(const struct dump_plan *plan, struct text *out)
{
	for (size_t i = 0; i < plan->part_count; i++)
		write_part(plan, i, out);
}

bool dump_plan_is_mine(const struct dump_plan *plan, const char *probe, size_t *part)
{
	size_t length = strlen(plan->dump.name), mark = strlen(PART_MARK);

	if (strncmp(probe, plan->dump.name, length) != 0)
		return false;
	*part = 0;
	if (!probe[length])
		return true;
	if (strncmp(probe + length, PART_MARK, mark) != 0)
		return false;
	*part = strtoul(probe + length + mark, NULL, 10);
	return *part < plan->part_count;
}

const struct dump_piece *dump_plan_piece(const struct dump_plan *plan, size_t part,
					 const char *field, size_t *offset)
{
	for (size_t i = 0; i < plan->piece_count; i++) {
		const struct dump_piece *piece = &plan->pieces[i];
		size_t length = strlen(piece->name);

		if (piece->part != part || strncmp(field, piece->name, length) != 0)
			continue;
		/* Without arrays, the element N of one is NAME__N but for the first. */
		if (field[length] && strncmp(field + length, "__", 2) != 0)
			continue;
		*offset = field[length] ? strtoul(field + length + 2, NULL, 10) * 8 : 0;
		if (*offset < piece->bytes)
			return piece;
	}
	return NULL;
}

void dump_adjust(const struct dump *dump, struct facts *facts)
{
	uint64_t header = facts->number[FACT_NETWORK_SIZE];
	uint64_t network = dump->view == VIEW_TRANSPORT ? -header : 0;

	if (dump->view == VIEW_NONE)
		return;
	if (dump->view == VIEW_TRANSPORT)
		facts->network = facts->transport;
	/* The way through a device may change those; on the way out they are not all set yet. */
	if (dump->view != VIEW_OUTPUT)
		fact_forget(facts, FACT_MARK);
	else
		fact_forget(facts, FACT_ETHERTYPE);
	if (!fact_has(facts, FACT_NETWORK_SIZE))
		return;
	fact_set(facts, FACT_NETWORK_AT, network);
	/* On the way in it is set behind the IP layer, the MAC header on the way out below it. */
	if (dump->view != VIEW_NETWORK)
		fact_set(facts, FACT_TRANSPORT_AT, network + header);
	if (dump->view != VIEW_OUTPUT)
		fact_set(facts, FACT_MAC_AT, network - ETHERNET_HEADER);
	if (!fact_has(facts, FACT_PACKET_LENGTH))
		return;
	fact_set(facts, FACT_LENGTH, facts->number[FACT_PACKET_LENGTH] + network);
	fact_set(facts, FACT_TAIL_AT, facts->number[FACT_LENGTH]);
}
