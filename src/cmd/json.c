/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * JSON text on a stream, with its commas where they belong.
 */
#include "cmd/json.h"

#include <stdlib.h>

#include "base/text.h"
#include "output/escape.h"

static void put_string(struct json *json, const char *string)
{
	struct text text = { 0 };

	escape_json(&text, string);
	fprintf(json->out, "\"%s\"", text.data ? text.data : "");
	text_clear(&text);
}

static void begin(struct json *json, const char *key)
{
	if (json->needs_comma)
		putc(',', json->out);
	json->needs_comma = true;
	if (key) {
		put_string(json, key);
		putc(':', json->out);
	}
}

void json_open(struct json *json, const char *key, char bracket)
{
	begin(json, key);
	putc(bracket, json->out);
	json->needs_comma = false;
}

void json_close(struct json *json, char bracket)
{
	putc(bracket, json->out);
	json->needs_comma = true;
}

void json_string(struct json *json, const char *key, const char *string)
{
	begin(json, key);
	if (string)
		put_string(json, string);
	else
		fputs("null", json->out);
}

void json_number(struct json *json, const char *key, long long number)
{
	begin(json, key);
	fprintf(json->out, "%lld", number);
}

void json_bool(struct json *json, const char *key, bool value)
{
	begin(json, key);
	fputs(value ? "true" : "false", json->out);
}
