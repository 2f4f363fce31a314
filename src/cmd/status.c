/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nk status: the sessions that there are, alive and dead, and what each has in the kernel.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/utf8.h"
#include "cmd/cmd.h"
#include "cmd/json.h"
#include "cmd/setup.h"
#include "session/privilege.h"
#include "session/session.h"

/* Names come from files: root's, and a terminal's to see all the same. */
static void print_name(const char *before, const char *name, const char *after)
{
	NK_FREE char *visible = utf8_visible(name, "");

	printf("%s%s%s", before, visible, after);
}

static void print_since(int64_t since)
{
	time_t time = (time_t)since;
	struct tm fields;
	char text[64];

	if (since > 0 && localtime_r(&time, &fields) &&
	    strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &fields) > 0)
		printf("\tsince %s\n", text);
}

static void print_text(const struct session_info *info)
{
	print_name("", info->name, info->is_alive ? "\talive" : "\tdead");
	if (info->pid)
		printf("\tpid %d%s", (int)info->pid,
		       info->is_elsewhere ? " in another pid namespace" : "");
	else
		printf("\tflight recorder%s%s", info->is_frozen ? "\tfrozen" : "",
		       info->silent_count > 0 ? "\tdisturbed" : "");
	putchar('\n');
	print_since(info->since);
	for (size_t i = 0; i < info->set_count; i++)
		print_name(i ? " " : "\tof ", info->sets[i], i + 1 == info->set_count ? "\n" : "");
	for (size_t i = 0; i < info->instance_count; i++) {
		print_name("\tinstance ", info->instances[i], ", ");
		printf("%" PRIu64 " lost\n", info->lost[i]);
	}
	for (size_t i = 0; i < info->definition_count; i++)
		print_name("\tdefinition ", info->definitions[i], "\n");
	for (size_t i = 0; i < info->silent_count; i++)
		print_name("\tnot recorded any more: ", info->silent[i], "\n");
}

static void add_names(struct json *json, const char *key, char **names, size_t count)
{
	json_open(json, key, '[');
	for (size_t i = 0; i < count; i++)
		json_string(json, NULL, names[i]);
	json_close(json, ']');
}

static long long sum_lost(const struct session_info *info)
{
	uint64_t lost = 0;

	for (size_t i = 0; i < info->instance_count; i++)
		lost += info->lost[i];
	return (long long)lost;
}

static int print_json(const struct session_info *infos, size_t count)
{
	struct json json;

	json_begin(&json, STDOUT_FILENO);
	for (size_t i = 0; i < count; i++) {
		const struct session_info *info = &infos[i];

		json_open(&json, NULL, '{');
		json_string(&json, "session", info->name);
		json_bool(&json, "alive", info->is_alive);
		json_bool(&json, "frozen", info->is_frozen);
		json_bool(&json, "disturbed", info->silent_count > 0);
		json_number(&json, "pid", info->pid);
		if (info->since > 0)
			json_number(&json, "since", info->since);
		add_names(&json, "sets", info->sets, info->set_count);
		add_names(&json, "instances", info->instances, info->instance_count);
		json_number(&json, "lost", sum_lost(info));
		add_names(&json, "definitions", info->definitions, info->definition_count);
		add_names(&json, "silent", info->silent, info->silent_count);
		json_close(&json, '}');
		json_line(&json);
	}
	return json_end(&json);
}

static int run(const struct command *command, const struct options *options)
{
	struct kernel_options kernel_options = { .for_undo = true };
	struct session_info *infos = NULL;
	struct kernel *kernel = NULL;
	struct diags diags = { 0 };
	size_t count = 0;
	int err = privilege_only_read(&diags);

	(void)command;
	if (!err)
		err = kernel_open(&kernel_options, &kernel, &diags);
	if (!err)
		err = session_list(kernel, NULL, &infos, &count, &diags);
	if (options->json && !err) {
		err = print_json(infos, count);
		if (err)
			diag_error(&diags, -err, "cannot write: %s", strerror(-err));
	}
	for (size_t i = 0; !options->json && i < count; i++)
		print_text(&infos[i]);
	if (!err && count == 0 && !options->json && !options->quiet)
		fputs("nk: no session\n", stderr);
	if (!err)
		session_say_unnoted(kernel, NULL, &diags);
	setup_say(&diags, options->quiet);
	session_infos_free(infos, count);
	kernel_close(kernel);
	return err ? CMD_FAILED : CMD_DONE;
}

static const enum option_id takes[] = { OPTION_JSON, OPTION_QUIET, OPTION_END };

const struct command cmd_status = {
	.name = "status",
	.summary = "shows the sessions there are, and what each has in the kernel",
	.usage = "[OPTION...]",
	.takes = takes,
	.max_names = 0,
	.run = run,
};
