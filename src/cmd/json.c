/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * JSON text on a stream, with its commas where they belong.
 */
#include "cmd/json.h"

#include <stdio.h>
#include <string.h>

void json_begin(struct json *json, int fd)
{
	*json = (struct json){ 0 };
	buffer_open(&json->out, fd);
}

int json_end(struct json *json)
{
	int err = buffer_flush(&json->out);

	buffer_close(&json->out);
	return err;
}

void json_line(struct json *json)
{
	buffer_put_literal(&json->out, "\n");
	json->needs_comma = false;
}

static void put(struct json *json, const char *text)
{
	buffer_put(&json->out, text, strlen(text));
}

static void put_string(struct json *json, const char *string)
{
	put(json, "\"");
	buffer_put_json(&json->out, (const unsigned char *)string, strlen(string));
	put(json, "\"");
}

static void begin(struct json *json, const char *key)
{
	if (json->needs_comma)
		put(json, ",");
	json->needs_comma = true;
	if (key) {
		put_string(json, key);
		put(json, ":");
	}
}

void json_open(struct json *json, const char *key, char bracket)
{
	begin(json, key);
	buffer_put(&json->out, &bracket, 1);
	json->needs_comma = false;
}

void json_close(struct json *json, char bracket)
{
	buffer_put(&json->out, &bracket, 1);
	json->needs_comma = true;
}

void json_string(struct json *json, const char *key, const char *string)
{
	begin(json, key);
	if (string)
		put_string(json, string);
	else
		put(json, "null");
}

void json_number(struct json *json, const char *key, long long number)
{
	char text[24];

	snprintf(text, sizeof(text), "%lld", number);
	begin(json, key);
	put(json, text);
}

void json_bool(struct json *json, const char *key, bool value)
{
	begin(json, key);
	put(json, value ? "true" : "false");
}
