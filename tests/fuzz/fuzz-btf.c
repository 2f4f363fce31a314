/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * BTF, kallsyms and ELF notes: any bytes give answers or none.
 *
 * Seeds: tests/kernels/5.10/sys/kernel/btf/vmlinux tests/kernels/6.1/sys/kernel/notes
 * Seeds: tests/kernels/6.1/proc/kallsyms
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "kernel/buildid.h"
#include "kernel/layout.h"
#include "kernel/symbols.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void find(const struct layout *layout, const char *path)
{
	struct layout_member member;
	char *near = NULL;

	if (layout_find(layout, path, &member, &near) != 0)
		free(near);
}

static void try_btf(const uint8_t *data, size_t size)
{
	struct layout *layout = layout_new();
	struct diags diags = { 0 };
	char path[64];
	NK_CLOSE int fd = memfd_create("btf", 0);

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (fd < 0 || file_write_all(fd, data, size) != 0)
		abort();
	if (layout_add_btf(layout, path, LAYOUT_BTF_FILE, &diags) == 0) {
		find(layout, "sock.skc_daddr");
		find(layout, "tcp_sock.snd_nxt");
		find(layout, "sk_buff.pkt_type");
		find(layout, "net.ns.inum");
		find(layout, "sock.nothing");
	}
	diags_clear(&diags);
	layout_free(layout);
}

static void try_texts(const uint8_t *data, size_t size)
{
	static const char *const names[] = { "tcp_connect", "m:udp_sendmsg", "f" };
	NK_FREE char *text = xstrndup((const char *)data, size);
	struct symbols *symbols = symbols_read(text, text, names, 3);

	if (!symbols_find(symbols, "f"))
		abort();
	symbols_free(symbols);
	free(buildid_of_notes(data, size));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	try_btf(data, size);
	try_texts(data, size);
	return 0;
}
