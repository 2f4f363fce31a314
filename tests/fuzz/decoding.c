/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "decoding.h"

#include <fcntl.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/file.h"

void decoding_add_events(struct decoder *decoder)
{
	static const char *const names[] = { "tcp_connect", "tcp_recvmsg", "dev_queue_xmit",
					     "plain" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		NK_FREE char *path =
			xasprintf(NK_TOP "/tests/unit/data/pages/6.1/formats/%s", names[i]);
		NK_FREE char *text = NULL;
		size_t length;

		if (file_read(AT_FDCWD, path, &text, &length) != 0 ||
		    decoder_add_event(decoder, "nk", text, length, NULL, NULL) != 0)
			abort();
	}
}

void decoding_print(struct decoder *decoder, struct page_source *source,
		    struct output_options options)
{
	static int null = -1;
	struct record_reader *reader;
	struct output *output;
	struct record record;

	if (null < 0)
		null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	options.fd = null;
	output = output_new(&options);
	if (record_reader_open(decoder, source, &reader) != 0)
		abort();
	while (record_reader_next(reader, &record) == 1)
		if (output_record(output, &record) != 0)
			abort();
	output_flush(output);
	record_reader_close(reader);
	output_free(output);
}

void decoding_keep_page(struct page_source *source, size_t stream, const void *page)
{
	(void)source;
	(void)stream;
	(void)page;
}
