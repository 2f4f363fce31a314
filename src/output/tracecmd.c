/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Records as the lines of trace-cmd report, for what reads those:
 *	            curl-155   [001]  4919.639123: tcp_connect:          (ffffffff84a69180) dport=1
 * The event is printed by libtraceevent, as there; only control characters are made safe.
 */
#include "base/number.h"
#include "output/style.h"

#define COMM_WIDTH   16
#define PID_WIDTH    5
#define SECOND_WIDTH 5
#define BARE_WIDTH   12
#define EVENT_WIDTH  22

/* What was put from start on, blanks in front of it or behind it. */
static void widen(struct buffer *buffer, char *start, size_t width, bool is_right)
{
	size_t length = (size_t)(buffer->end - start);

	if (length >= width)
		return;
	if (is_right)
		memmove(start + width - length, start, length);
	memset(is_right ? start : start + length, ' ', width - length);
	buffer->end = start + width;
}

static void put_event(struct buffer *buffer, const struct event_plan *plan)
{
	char *start = buffer->end;

	buffer_put_text(buffer, (const unsigned char *)plan->name, strnlen(plan->name, 4096));
	buffer_put_literal(buffer, ": ");
	widen(buffer, start, EVENT_WIDTH, false);
}

static void put_field(struct buffer *buffer, const struct plan_field *field)
{
	(void)buffer;
	(void)field;
}

static void put_task(struct buffer *buffer, const struct record *record)
{
	char *start = buffer->end;

	buffer_put_text(buffer, (const unsigned char *)record->comm, strlen(record->comm));
	widen(buffer, start, COMM_WIDTH, true);
	buffer_put_literal(buffer, "-");
	start = buffer->end;
	buffer->end = number_signed(start, record->pid);
	widen(buffer, start, PID_WIDTH, false);
}

/* Which buffer it is of, where there are several. */
static void put_instance(struct output *output, const struct record *record)
{
	const struct output_options *options = &output->options;
	struct buffer *buffer = &output->buffer;
	size_t width = 0;

	for (size_t i = 0; i < options->instance_count; i++) {
		size_t length = strlen(options->instances[i]);

		width = length > width ? length : width;
	}
	if (width == 0 || width > FOREIGN_TEXT_MAX / 16)
		return;

	const char *name = options->instances[record->instance];
	char *start = buffer_room(buffer, 16 * width + VALUE_ROOM);

	buffer_put_text(buffer, (const unsigned char *)name, strlen(name));
	widen(buffer, start, width, true);
	buffer_put(buffer, *name ? ": " : "  ", 2);
}

static void put_seconds(struct buffer *buffer, uint64_t ns)
{
	/* Half a microsecond up. */
	uint64_t microseconds = (ns + 500) / 1000;
	char *at = buffer->end;

	*at++ = ' ';

	char *start = at;

	buffer->end = number_decimal(at, microseconds / 1000000);
	widen(buffer, start, SECOND_WIDTH, true);
	at = buffer->end;
	*at++ = '.';
	buffer->end = number_padded(at, microseconds % 1000000, 6);
}

/* With no blank in front of a long one. */
static void put_bare(struct buffer *buffer, uint64_t number)
{
	char *start = buffer->end;

	buffer->end = number_decimal(start, number);
	widen(buffer, start, BARE_WIDTH, true);
}

static void put_cpu_and_time(struct output *output, const struct record *record)
{
	const struct dat_clock *clock = output->options.clock;
	struct buffer *buffer = &output->buffer;
	char *at = buffer_room(buffer, 4 * VALUE_ROOM);

	*at++ = ' ';
	*at++ = '[';
	at = record->cpu < 1000 ? number_padded(at, (uint64_t)record->cpu, 3)
				: number_decimal(at, (uint64_t)record->cpu);
	*at++ = ']';
	buffer->end = at;
	uint64_t shown = clock ? dat_clock_shown(clock, record->ts) : record->ts;

	if (clock && clock->is_bare)
		put_bare(buffer, shown);
	else
		put_seconds(buffer, shown);
	at = buffer->end;
	*at++ = ':';
	*at++ = ' ';
	buffer->end = at;
}

static void put_record(struct output *output, const struct prepared *prepared,
		       const struct record *record)
{
	struct buffer *buffer = &output->buffer;
	size_t length;

	/* Its instance stands in front of the loss then. */
	if (output->lost_at != record->ts || output->lost_cpu != record->cpu)
		put_instance(output, record);
	output->lost_at = 0;
	style_put_task(output, record);
	put_cpu_and_time(output, record);
	buffer_put(buffer, prepared->event.text, prepared->event.length);
	length = record_foreign_text(record, output->foreign, sizeof(output->foreign));
	if (length > 0 && output->foreign[length - 1] == '\n')
		length--;
	/* Lines of an event that has several stay lines. */
	buffer_put_lines(buffer, (const unsigned char *)output->foreign, length);
	buffer_put_literal(buffer, "\n");
}

static void put_lost(struct output *output, const struct record *record)
{
	struct buffer *buffer = &output->buffer;

	put_instance(output, record);
	output->lost_at = record->ts;
	output->lost_cpu = record->cpu;
	buffer_put_literal(buffer, "CPU:");
	buffer->end = number_signed(buffer_room(buffer, VALUE_ROOM), record->cpu);
	buffer_put_literal(buffer, " [");
	if (record->lost) {
		buffer->end = number_decimal(buffer_room(buffer, VALUE_ROOM), record->lost);
		buffer_put_literal(buffer, " ");
	}
	buffer_put_literal(buffer, "EVENTS DROPPED]\n");
}

const struct style_ops tracecmd_style = {
	.put_event = put_event,
	.put_field = put_field,
	.put_task = put_task,
	.put_record = put_record,
	.put_lost = put_lost,
	.is_unfielded = true,
};
