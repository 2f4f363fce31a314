/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The options that mean the same in v6 and v7.
 */
#ifndef NK_DATFILE_OPTIONS_H
#define NK_DATFILE_OPTIONS_H

#include "datfile/cursor.h"
#include "datfile/format.h"
#include "datfile/parse.h"

/* Takes one option's data; those that nk has no use for are passed over. */
void option_take(struct parse *parse, uint16_t option, struct cursor *data);

#endif
