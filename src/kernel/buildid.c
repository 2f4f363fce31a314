/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * In: ELF notes, as bytes that may be cut short or lie about their sizes. Out: the build id as hex.
 * Nothing outside of the bytes is read, whatever the sizes in them are.
 */
#include "kernel/buildid.h"

#include <elf.h>
#include <stdbool.h>
#include <string.h>

#include "base/text.h"

#define BUILD_ID_MAX 64 /* bytes; SHA-1 has 20 */

/* Names and contents are padded to words. */
static size_t padded(size_t size)
{
	return (size + 3) & ~(size_t)3;
}

static char *to_hex(const unsigned char *bytes, size_t length)
{
	struct text hex = { 0 };

	for (size_t i = 0; i < length; i++)
		text_addf(&hex, "%02x", bytes[i]);
	return text_steal(&hex);
}

static bool is_build_id(const Elf32_Nhdr *note, const unsigned char *name)
{
	return note->n_type == NT_GNU_BUILD_ID && note->n_namesz == sizeof("GNU") &&
	       memcmp(name, "GNU", sizeof("GNU")) == 0 && note->n_descsz > 0 &&
	       note->n_descsz <= BUILD_ID_MAX;
}

char *buildid_of_notes(const void *notes, size_t length)
{
	const unsigned char *at = notes;
	Elf32_Nhdr note;

	while (length >= sizeof(note)) {
		memcpy(&note, at, sizeof(note));
		at += sizeof(note);
		length -= sizeof(note);
		if (note.n_namesz > length || padded(note.n_namesz) > length ||
		    note.n_descsz > length - padded(note.n_namesz))
			return NULL;
		if (is_build_id(&note, at))
			return to_hex(at + padded(note.n_namesz), note.n_descsz);

		size_t size = padded(note.n_namesz) + padded(note.n_descsz);
		if (size > length)
			return NULL;
		at += size;
		length -= size;
	}
	return NULL;
}
