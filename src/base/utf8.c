/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bytes of anyone's in, characters and control characters told apart.
 */
#include "base/utf8.h"

#include <string.h>

#include "base/text.h"

static bool is_continuation(unsigned char byte)
{
	return (byte & 0xc0) == 0x80;
}

size_t utf8_length(const unsigned char *at, size_t left)
{
	if (at[0] < 0x80)
		return 1;
	if (left < 2 || !is_continuation(at[1]) || at[0] < 0xc2 || at[0] > 0xf4)
		return 0;
	if (at[0] < 0xe0)
		return 2;
	if ((at[0] == 0xe0 && at[1] < 0xa0) || (at[0] == 0xed && at[1] > 0x9f) ||
	    (at[0] == 0xf0 && at[1] < 0x90) || (at[0] == 0xf4 && at[1] > 0x8f))
		return 0;
	if (left < 3 || !is_continuation(at[2]))
		return 0;
	if (at[0] < 0xf0)
		return 3;
	return left >= 4 && is_continuation(at[3]) ? 4 : 0;
}

bool utf8_is_control(const unsigned char *at, size_t size)
{
	return (size == 1 && (at[0] < 0x20 || at[0] == 0x7f)) ||
	       (size == 2 && at[0] == 0xc2 && at[1] < 0xa0);
}

char *utf8_visible(const char *text, const char *keep)
{
	const unsigned char *bytes = (const unsigned char *)text;
	size_t length = strlen(text);
	struct text out = { 0 };

	for (size_t at = 0; at < length;) {
		size_t size = utf8_length(bytes + at, length - at);
		bool is_text = size > 0 && (!utf8_is_control(bytes + at, size) ||
					    (size == 1 && strchr(keep, text[at])));
		size_t step = size ? size : 1;

		if (is_text)
			text_add_bytes(&out, text + at, size);
		for (size_t i = 0; !is_text && i < step; i++)
			text_addf(&out, "\\x%02x", bytes[at + i]);
		at += step;
	}
	return text_steal(&out);
}
