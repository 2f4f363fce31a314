/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * In: the text of a profile, which may have been edited or cut short. Out: the same as data, and
 * back. Reading what was written gives the same data. A line that is wrong is an error with its
 * number; a profile is taken as a whole or not at all.
 */
#include "kernel/profile.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/text.h"

#define STRUCT_SIZE_MAX (1u << 20)
#define LINES_MAX	10000 /* of a kind; nk writes a hundred */

char *profile_path(const char *build_id)
{
	return xasprintf("%s/lib/nk/%s.profile", LOCALSTATEDIR, build_id);
}

void profile_forget_carriers(struct profile *profile)
{
	for (size_t i = 0; i < profile->carrier_count; i++) {
		free(profile->carriers[i].probe);
		free(profile->carriers[i].function);
		free(profile->carriers[i].date);
	}
	free(profile->carriers);
	profile->carriers = NULL;
	profile->carrier_count = 0;
}

void profile_free(struct profile *profile)
{
	if (!profile)
		return;
	for (size_t i = 0; i < profile->member_count; i++) {
		free(profile->members[i].path);
		free(profile->members[i].from);
	}
	profile_forget_carriers(profile);
	free(profile->members);
	free(profile->build_id);
	free(profile->release);
	free(profile->arch);
	free(profile);
}

const struct profile_member *profile_find_member(const struct profile *profile, const char *path)
{
	for (size_t i = 0; i < profile->member_count; i++) {
		if (strcmp(profile->members[i].path, path) == 0)
			return &profile->members[i];
	}
	return NULL;
}

void profile_set_member(struct profile *profile, const struct profile_member *member)
{
	const struct profile_member *known = profile_find_member(profile, member->path);
	struct profile_member copy = *member;
	struct profile_member *to;

	copy.path = xstrdup(member->path);
	copy.from = xstrdup(member->from ? member->from : "unknown");
	to = known ? &profile->members[known - profile->members]
		   : array_add(&profile->members, &profile->member_count);
	free(to->path);
	free(to->from);
	*to = copy;
}

void profile_forget_member(struct profile *profile, const char *path)
{
	const struct profile_member *known = profile_find_member(profile, path);

	if (!known)
		return;
	struct profile_member *gone = &profile->members[known - profile->members];
	free(gone->path);
	free(gone->from);
	profile->member_count--;
	memmove(gone, gone + 1,
		(size_t)(profile->members + profile->member_count - gone) * sizeof(*gone));
}

const struct profile_carrier *profile_find_carrier(const struct profile *profile, const char *probe,
						   const char *function)
{
	for (size_t i = 0; profile && i < profile->carrier_count; i++) {
		if (strcmp(profile->carriers[i].probe, probe) == 0 &&
		    strcmp(profile->carriers[i].function, function) == 0)
			return &profile->carriers[i];
	}
	return NULL;
}

void profile_set_carrier(struct profile *profile, const char *probe, const char *function,
			 enum profile_verdict verdict, const char *date)
{
	const struct profile_carrier *known = profile_find_carrier(profile, probe, function);
	struct profile_carrier *to;

	if (known) {
		to = &profile->carriers[known - profile->carriers];
		free(to->date);
	} else {
		to = array_add(&profile->carriers, &profile->carrier_count);
		to->probe = xstrdup(probe);
		to->function = xstrdup(function);
	}
	to->verdict = verdict;
	to->date = xstrdup(date);
}

void profile_forget_carrier(struct profile *profile, const char *probe, const char *function)
{
	const struct profile_carrier *known = profile_find_carrier(profile, probe, function);

	if (!known)
		return;
	struct profile_carrier *gone = &profile->carriers[known - profile->carriers];
	free(gone->probe);
	free(gone->function);
	free(gone->date);
	profile->carrier_count--;
	/* Others keep their order: people read it. */
	memmove(gone, gone + 1,
		(size_t)(profile->carriers + profile->carrier_count - gone) * sizeof(*gone));
}

/* A number that is the whole of a word. */
static bool read_number(const char *word, size_t limit, size_t *number)
{
	char *end;
	unsigned long value;

	if (!word || !isdigit((unsigned char)word[0]))
		return false;
	errno = 0;
	value = strtoul(word, &end, 10);
	if (*end || errno || value > limit)
		return false;
	*number = value;
	return true;
}

static const char *parse_text(char **to, char **cursor)
{
	const char *word = text_next_word(cursor);

	if (!word)
		return "a word is missing behind the first one";
	free(*to);
	*to = xstrdup(word);
	return NULL;
}

static const char *parse_build_id(struct profile *profile, char **cursor)
{
	const char *why = parse_text(&profile->build_id, cursor);

	if (why)
		return why;
	if (profile->build_id[strspn(profile->build_id, "0123456789abcdef")])
		return "a build id is of the digits 0 to 9 and a to f";
	return NULL;
}

static const char *parse_release(struct profile *profile, char **cursor)
{
	return parse_text(&profile->release, cursor);
}

static const char *parse_arch(struct profile *profile, char **cursor)
{
	return parse_text(&profile->arch, cursor);
}

static const char *check_bits(const struct profile_member *member)
{
	if (member->bit_width &&
	    (member->size > 8 || member->bit_offset + member->bit_width > member->size * 8))
		return "the bits are not inside of the member";
	return NULL;
}

static const char *parse_member(struct profile *profile, char **cursor)
{
	struct profile_member member = { 0 };
	bool has_offset = false, has_size = false;
	const char *key;
	const char *why;

	if (profile->member_count == LINES_MAX)
		return "a profile has no so many members";
	member.path = text_next_word(cursor);
	if (!member.path || !strchr(member.path, '.'))
		return "a member is STRUCT.MEMBER";
	while ((key = text_next_word(cursor))) {
		char *word = text_next_word(cursor);
		size_t number = 0;
		bool is_good = true;

		if (strcmp(key, "from") == 0) {
			member.from = word;
			is_good = word != NULL;
		} else if (strcmp(key, "offset") == 0) {
			is_good = has_offset = read_number(word, STRUCT_SIZE_MAX, &member.offset);
		} else if (strcmp(key, "size") == 0) {
			is_good = has_size = read_number(word, STRUCT_SIZE_MAX, &member.size);
		} else if (strcmp(key, "bit") == 0) {
			is_good = read_number(word, 63, &number);
			member.bit_offset = (unsigned int)number;
		} else if (strcmp(key, "width") == 0) {
			is_good = read_number(word, 64, &number) && number > 0;
			member.bit_width = (unsigned int)number;
		}
		if (!is_good)
			return "the value of a member's offset, size, bit or width is wrong";
	}
	if (!has_offset || !has_size)
		return "a member has an offset and a size";
	why = check_bits(&member);
	if (!why)
		profile_set_member(profile, &member);
	return why;
}

static const char *parse_carrier(struct profile *profile, char **cursor)
{
	const char *probe = text_next_word(cursor);
	const char *function = text_next_word(cursor);
	const char *verdict = text_next_word(cursor);
	const char *date = text_next_word(cursor);

	if (profile->carrier_count == LINES_MAX)
		return "a profile has no so many carriers";
	if (!date)
		return "a carrier is PROBE FUNCTION verified or silent, and a date";
	if (date[strspn(date, "0123456789-")])
		return "a date is YYYY-MM-DD";
	if (strcmp(verdict, "verified") == 0)
		profile_set_carrier(profile, probe, function, PROFILE_VERIFIED, date);
	else if (strcmp(verdict, "silent") == 0)
		profile_set_carrier(profile, probe, function, PROFILE_SILENT, date);
	else
		return "a carrier is verified or silent";
	return NULL;
}

static const struct line_kind {
	const char *word;
	const char *(*parse)(struct profile *profile, char **cursor); /* why not, or NULL */
} line_kinds[] = {
	{ "build-id", parse_build_id }, { "release", parse_release }, { "arch", parse_arch },
	{ "member", parse_member },	{ "carrier", parse_carrier },
};

static const char *parse_line(struct profile *profile, char *line)
{
	const char *word;

	line[strcspn(line, "#")] = '\0';
	word = text_next_word(&line);
	for (size_t i = 0; word && i < sizeof(line_kinds) / sizeof(line_kinds[0]); i++) {
		if (strcmp(line_kinds[i].word, word) == 0)
			return line_kinds[i].parse(profile, &line);
	}
	return NULL;
}

static int refuse(struct diags *diags, const char *shown, int line, const char *why)
{
	struct diag *diag;

	if (!diags)
		return -EINVAL;
	diag = diag_add(diags, DIAG_ERROR);
	diag->file = xstrdup(shown);
	diag->line = line;
	diag->text = xstrdup(why);
	return -EINVAL;
}

int profile_parse(const char *text, const char *shown, struct profile **out, struct diags *diags)
{
	NK_FREE char *copy = xstrdup(text);
	struct profile *profile = xcalloc(1, sizeof(*profile));
	char *cursor = copy;
	const char *why = NULL;
	int number = 0;
	char *line;

	while (!why && (line = text_next_line(&cursor))) {
		number++;
		why = parse_line(profile, line);
	}
	if (!why && !profile->build_id) {
		number = 0;
		why = "this profile does not say whose it is: it has no build-id line";
	}
	if (why) {
		profile_free(profile);
		return refuse(diags, shown, number, why);
	}
	*out = profile;
	return 0;
}

int profile_read(int dirfd, const char *path, const char *build_id, struct profile **out,
		 struct diags *diags)
{
	NK_FREE char *text = NULL;
	struct profile *profile;
	int err = file_read(dirfd, path, &text, NULL);

	if (err == -ENOENT)
		return err;
	if (err)
		return diag_error(diags, -err, "%s cannot be read: %s", path, strerror(-err));
	err = profile_parse(text, path, &profile, diags);
	if (err)
		return err;
	if (build_id && strcmp(profile->build_id, build_id) == 0) {
		*out = profile;
		return 0;
	}
	if (build_id)
		diag_error(
			diags, EINVAL,
			"%s is the profile of another kernel: of build id %s, and this one is %s",
			path, profile->build_id, build_id);
	else
		diag_error(diags, EINVAL,
			   "%s cannot be used: this kernel has no build id to compare it with",
			   path);
	profile_free(profile);
	return -EINVAL;
}

static void write_text(const struct profile *profile, struct text *out)
{
	text_add(out,
		 "# What nk has learnt of this kernel; see nk-calibrate(1) and nk-verify(1).\n");
	text_addf(out, "build-id %s\n", profile->build_id);
	if (profile->release)
		text_addf(out, "release %s\n", profile->release);
	if (profile->arch)
		text_addf(out, "arch %s\n", profile->arch);
	for (size_t i = 0; i < profile->member_count; i++) {
		const struct profile_member *member = &profile->members[i];

		text_addf(out, "member %s offset %zu size %zu", member->path, member->offset,
			  member->size);
		if (member->bit_width)
			text_addf(out, " bit %u width %u", member->bit_offset, member->bit_width);
		text_addf(out, " from %s\n", member->from);
	}
	for (size_t i = 0; i < profile->carrier_count; i++) {
		const struct profile_carrier *carrier = &profile->carriers[i];

		text_addf(out, "carrier %s %s %s %s\n", carrier->probe, carrier->function,
			  carrier->verdict == PROFILE_VERIFIED ? "verified" : "silent",
			  carrier->date);
	}
}

/* As file_check_replaceable() and file_replace() tell it. */
static int refuse_place(struct diags *diags, const char *path, int err)
{
	return diag_error(diags, -err, "%s cannot be written: %s", path,
			  err == -EEXIST ? "it is a symbolic link, a device or the like, and no "
					   "regular file"
					 : strerror(-err));
}

int profile_check_place(int dirfd, const char *path, struct diags *diags)
{
	int err = file_check_replaceable(dirfd, path);

	/* Directories are made, and what else stands in the way is told when it is written. */
	return err == -EEXIST || err == -EISDIR ? refuse_place(diags, path, err) : 0;
}

int profile_write(int dirfd, const char *path, const struct profile *profile, struct diags *diags)
{
	struct text text = { 0 };
	int err;

	write_text(profile, &text);
	err = file_replace(dirfd, path, text.data);
	text_clear(&text);
	return err ? refuse_place(diags, path, err) : 0;
}
