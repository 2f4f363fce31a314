/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Profiles: any text is one or is refused, and what it knows can be asked for.
 *
 * Seeds: tests/fuzz/fuzz-profile.seed
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "kernel/layout.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	NK_FREE char *text = xstrndup((const char *)data, size);
	struct profile *profile = NULL;
	struct diags diags = { 0 };
	struct layout *layout;
	struct layout_member member;
	char *near = NULL;

	if (profile_parse(text, "profile", &profile, &diags) != 0) {
		if (diags.errors != 1)
			abort();
		diags_clear(&diags);
		return 0;
	}
	layout = layout_new();
	layout_add_profile(layout, profile);
	layout_add_builtin(layout);
	for (size_t i = 0; i < profile->member_count; i++) {
		if (layout_find(layout, profile->members[i].path, &member, NULL) != 0)
			abort();
	}
	if (layout_find(layout, "tcp_sock.bytes_aked", &member, &near) != 0)
		free(near);
	layout_free(layout);
	profile_free(profile);
	return 0;
}
