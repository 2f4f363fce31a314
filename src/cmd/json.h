/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * JSON of the subcommands that print tables (records are of output/, which is made for speed).
 */
#ifndef NK_CMD_JSON_H
#define NK_CMD_JSON_H

#include <stdbool.h>

#include "output/buffer.h"

struct json {
	struct buffer out;
	bool needs_comma;
};

/* Onto a descriptor; json_end() writes what is left: 0 or -errno of a write that failed. */
void json_begin(struct json *json, int fd);
int json_end(struct json *json);
/* Ends a line of JSON Lines. */
void json_line(struct json *json);

/* key: NULL inside an array and at the top. bracket: { or [ */
void json_open(struct json *json, const char *key, char bracket);
/* bracket: the closing one */
void json_close(struct json *json, char bracket);
/* string NULL: null. Bytes that are not UTF-8 are replaced by U+FFFD. */
void json_string(struct json *json, const char *key, const char *string);
void json_number(struct json *json, const char *key, long long number);
void json_bool(struct json *json, const char *key, bool value);

#endif
