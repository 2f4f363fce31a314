/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a recording tells of its events, as a decoder; and who says which of its records are kept.
 */
#ifndef NK_CMD_RECORDED_H
#define NK_CMD_RECORDED_H

#include <stdbool.h>

#include "base/diag.h"
#include "datfile/reader.h"
#include "decode/decoder.h"
#include "filter/filter.h"

struct recorded_options {
	bool is_bare; /* nothing is known of its events but their formats */
	bool is_raw;
	struct formats *plugins; /* the decoder's from here on; or NULL */
	struct guard *guard;
};

bool recorded_has_wall_clock(const struct dat_meta *meta);

/*
 * 0, or -EINVAL with a diag: there is no decoder of that. meta must outlive it. An event whose
 * format cannot be read costs its own records, not those of others: *is_damaged, and a warning.
 */
int recorded_decoder_new(const struct dat_meta *meta, const struct recorded_options *options,
			 struct decoder **out, bool *is_damaged, struct diags *diags);

/*
 * A filter means the fields that nk shows. Where records are shown without what is known of their
 * events, it is asked of what a decoder of its own makes of them.
 */
struct recorded_filter {
	struct decoder *decoder; /* NULL: the one that reads serves */
	struct record_maker *maker;
	struct bound_filter *bound; /* NULL: all records are kept */
};

/* decoder: that of the records to come, made by options. -EINVAL with a diag: the expression. */
int recorded_filter_open(struct recorded_filter *own, const struct filter *filter,
			 struct decoder *decoder, struct dat_reader *file,
			 const struct recorded_options *options, struct diags *diags);
bool recorded_filter_keeps(const struct recorded_filter *own, const struct record *record);
void recorded_filter_close(struct recorded_filter *own);

#endif
