/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Records of dumps and samples to observations: a record belongs to the sample in whose span it
 * was taken, by the process that made the sample.
 */
#ifndef NK_CALIBRATE_COLLECT_H
#define NK_CALIBRATE_COLLECT_H

#include "calibrate/dump.h"
#include "calibrate/fact.h"
#include "calibrate/members.h"

/* Where the fields of a dump's record are. */
struct collect_field {
	uint16_t offset, size;		/* in the record */
	const struct dump_piece *piece; /* of an area; NULL: a value */
	uint16_t piece_offset;		/* in the piece */
	const struct dump_value *value;
};

struct collect_format {
	const struct dump *dump;
	int id;
	uint16_t pid_offset;
	uint8_t part, part_count;     /* of the dump's plan; 0 and 0: all of it */
	struct collect_field *fields; /* malloc'ed */
	size_t field_count;
};

struct collected {
	struct observation observation;
	const struct dump *dump;
	size_t net;	 /* as in struct dump */
	size_t sample;	 /* index */
	uint32_t parts;	 /* a bit for each that is there */
	uint8_t *memory; /* of the areas */
};

struct collection {
	struct collected *items;
	size_t count;
	struct collected *pending; /* parts of them are still to come */
	size_t pending_count;
};

/*
 * One record, or a part of one. 0; -ENOENT: it belongs to no sample, or shows another packet than
 * the sample's.
 */
int collect_record(struct collection *collection, const struct collect_format *format,
		   const struct samples *samples, unsigned int pointer_size, uint64_t ts,
		   const uint8_t *data, size_t size);
void collection_clear(struct collection *collection);

#endif
