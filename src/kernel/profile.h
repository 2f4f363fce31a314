/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What nk has learnt of one kernel build: a text file of lines of words, with '#' comments, made by
 * calibrate and verify and readable by people:
 *
 *   build-id 5bd1...
 *   release 6.1.0-31-cloud-amd64
 *   arch x86_64
 *   member sock.sk_protocol offset 516 size 2 from calibrate
 *   member sk_buff.pkt_type offset 128 size 1 bit 0 width 3 from calibrate
 *   carrier tcp_connect tcp_connect verified 2026-11-23
 *   carrier netif_receive_skb netif_receive_skb silent 2026-11-23
 *
 * Lines whose first word is not known are skipped (newer files).
 */
#ifndef NK_KERNEL_PROFILE_H
#define NK_KERNEL_PROFILE_H

#include <stddef.h>

#include "base/diag.h"

struct profile_member {
	char *path; /* STRUCT.MEMBER, as probes name it */
	size_t offset, size;
	unsigned int bit_width, bit_offset; /* as in struct layout_member */
	char *from;			    /* who says so: "calibrate" */
};

enum profile_verdict {
	PROFILE_VERIFIED, /* fired with the traffic that it is for */
	PROFILE_SILENT,	  /* attached, and did not */
};

struct profile_carrier {
	char *probe;
	char *function; /* see resolve_carrier_key() */
	enum profile_verdict verdict;
	char *date; /* YYYY-MM-DD */
};

struct profile {
	char *build_id;	      /* lower-case hex */
	char *release, *arch; /* for people; may be NULL */
	struct profile_member *members;
	size_t member_count;
	struct profile_carrier *carriers;
	size_t carrier_count;
};

/* $localstatedir/lib/nk/BUILD_ID.profile; malloc'ed. */
char *profile_path(const char *build_id);

/*
 * path is relative to dirfd. build_id: of the running kernel; a profile of another one is refused,
 * and so is one without any. -ENOENT without a diag where there is no such file; else -errno with
 * one.
 */
int profile_read(int dirfd, const char *path, const char *build_id, struct profile **out,
		 struct diags *diags);
/* The text of a profile; shown is its name for messages. */
int profile_parse(const char *text, const char *shown, struct profile **out, struct diags *diags);
/* Whether profile_write() can be of that name: a regular file's or nobody's. -errno with a diag. */
int profile_check_place(int dirfd, const char *path, struct diags *diags);
/* Replaces the file as a whole, by rename; its directory is made where it is missing. */
int profile_write(int dirfd, const char *path, const struct profile *profile, struct diags *diags);
void profile_free(struct profile *profile);

/* Sets what is known of a member or carrier, replacing what was known. */
void profile_set_member(struct profile *profile, const struct profile_member *member);
void profile_set_carrier(struct profile *profile, const char *probe, const char *function,
			 enum profile_verdict verdict, const char *date);
/* What was known does not hold any more. */
void profile_forget_member(struct profile *profile, const char *path);
void profile_forget_carrier(struct profile *profile, const char *probe, const char *function);
void profile_forget_carriers(struct profile *profile);
const struct profile_member *profile_find_member(const struct profile *profile, const char *path);
const struct profile_carrier *profile_find_carrier(const struct profile *profile, const char *probe,
						   const char *function);

#endif
