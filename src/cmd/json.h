/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * JSON of the subcommands that print tables (records are output/'s, which is made for speed).
 */
#ifndef NK_CMD_JSON_H
#define NK_CMD_JSON_H

#include <stdbool.h>
#include <stdio.h>

struct json {
	FILE *out;
	bool needs_comma;
};

/* key: NULL inside an array and at the top. bracket: { or [ */
void json_open(struct json *json, const char *key, char bracket);
/* bracket: the closing one */
void json_close(struct json *json, char bracket);
/* string NULL: null. Bytes that are not UTF-8 are replaced by U+FFFD. */
void json_string(struct json *json, const char *key, const char *string);
void json_number(struct json *json, const char *key, long long number);
void json_bool(struct json *json, const char *key, bool value);

#endif
