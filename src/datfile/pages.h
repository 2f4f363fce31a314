/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The pages of a trace.dat as a page source.
 */
#ifndef NK_DATFILE_PAGES_H
#define NK_DATFILE_PAGES_H

#include "datfile/parse.h"
#include "ring/page.h"

/* parse is borrowed and must outlive the source, which is closed by its own operation. */
struct page_source *pages_new(const struct parse *parse);

#endif
