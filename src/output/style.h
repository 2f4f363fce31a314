/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a style is, and what styles share. Private to output/.
 */
#ifndef NK_OUTPUT_STYLE_H
#define NK_OUTPUT_STYLE_H

#include "output/buffer.h"
#include "output/output.h"
#include "output/program.h"
#include "output/time.h"

/* Text that is the same in every record of an event, made once. */
struct piece {
	char *text;
	size_t length;
};

struct prepared {
	const struct event_plan *plan;
	struct piece event; /* the event's name, with what stands around it */
	struct program program;
};

struct output;

struct style_ops {
	/* Writes what stands before and in place of a value, to be kept. */
	void (*put_event)(struct buffer *buffer, const struct event_plan *plan);
	void (*put_field)(struct buffer *buffer, const struct plan_field *field);
	void (*put_value)(struct buffer *buffer, const struct value *value);
	/* Both ends of a record before its fields, and which it had, as bits; NULL: they are fields
	 * like others. */
	unsigned int (*put_ends)(struct buffer *buffer, const struct record *record);
	char array[2]; /* what stands around the elements of one */
	bool is_json;
	bool is_unfielded; /* fields are not looked at one by one */
	/* The task, as the style has it: kept by pid and name. */
	void (*put_task)(struct buffer *buffer, const struct record *record);
	void (*put_record)(struct output *output, const struct prepared *prepared,
			   const struct record *record);
	void (*put_lost)(struct output *output, const struct record *record);
};

void columns_put_record(struct output *output, const struct record *record);

extern const struct style_ops text_style;
extern const struct style_ops json_style;
extern const struct style_ops tracecmd_style;

#define FOREIGN_TEXT_MAX 32768

/* The text of a task that was met before. */
#define TASK_SLOTS 256
#define TASK_SHORT 32
struct task_slot {
	int pid;
	uint8_t length;	     /* 0: free */
	const char *lasting; /* where the name stays; NULL: nowhere */
	char comm[16];
	char text[107];
};

struct output {
	struct buffer buffer;
	struct output_options options;
	const struct style_ops *ops;
	struct prepared *prepared; /* by event_plan.index */
	size_t prepared_count;
	struct time_text second;
	uint64_t lost_at; /* TRACE_CMD: of the loss that was put last, with no record behind it */
	int lost_cpu;
	struct task_slot tasks[TASK_SLOTS];
	char foreign[FOREIGN_TEXT_MAX];
};

/* Room for any one value that is not a string, and what stands around it. */
#define VALUE_ROOM 64

/* A field with its name in front, whatever it is; false where it is absent. */
bool style_put_field(const struct style_ops *style, struct buffer *buffer,
		     const struct record *record, const struct plan_field *field);
void style_put_task(struct output *output, const struct record *record);

/* The name of a value that has one, NUL-terminated; else NULL. *is_foreign: comes from a file. */
const char *value_name(const struct value *value, bool *is_foreign);
/* The name of -number where that is an errno, without the minus; NULL. */
const char *errno_name(int64_t number);
/* tcpdump's letters, at most 8; "none" for none. */
char *put_tcp_flags(char *at, uint64_t flags);

#endif
