/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * UTF-8, as far as it matters which bytes a terminal takes for text and which for orders.
 */
#ifndef NK_BASE_UTF8_H
#define NK_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* Bytes of the UTF-8 character that begins here (RFC 3629: shortest form, no surrogates), or 0. */
size_t utf8_length(const unsigned char *at, size_t left);

/* Whether the character of size bytes is a control character: C0, DEL, or C1 (U+0080 to U+009F). */
bool utf8_is_control(const unsigned char *at, size_t size);

/*
 * A copy for a terminal: what is a control character, but for those in keep, and what is no UTF-8
 * are written as \xNN. malloc'ed.
 */
char *utf8_visible(const char *text, const char *keep);

#endif
