/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Format texts in, fields with offsets and kinds out, by libtraceevent. Its own print of a record
 * serves events that nk has no description of; as it trusts offsets in the record, it is given a
 * copy with zeros behind it, as far as a 16-bit offset and length can reach. That print is compiled
 * (printer.c) where it can be: its first records are printed both ways, and an event for which the
 * two differ is left to the library, whatever its version does.
 */
#include "decode/format.h"

#include <errno.h>
#include <event-parse.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/text.h"
#include "decode/printer.h"

#define REACH	    (2 * 65536)
#define COPY_BYTES  (FORMAT_SIZE_MAX + REACH)
#define FIELDS_MOST 2048 /* of an event; the kernel's have a hundred */
#define COMPARED    16	 /* records of an event that are printed both ways */

/* Of one event. */
struct own_print {
	bool is_made;
	unsigned int compared;
	struct printer *printer; /* NULL: the library prints */
};

struct formats {
	struct tep_handle *tep;
	struct tep_plugin_list *plugins;
	struct trace_seq text;
	unsigned char *copy; /* COPY_BYTES, zero behind copy_used */
	size_t copy_used;
	struct guard *guard;
	size_t slot;
	int count;	  /* of formats that were given */
	int *unprintable; /* ids whose print fmt libtraceevent was not asked */
	size_t unprintable_count;
	struct own_print *prints; /* by event id */
	size_t print_count;
	struct printer_world world;
};

static struct formats *make(void)
{
	struct formats *formats = xcalloc(1, sizeof(*formats));

	formats->tep = tep_alloc();
	if (!formats->tep)
		alloc_failed();
	/* What it has to say goes to standard error otherwise, and is told by diags here. */
	tep_set_loglevel(TEP_LOG_NONE);
	errno = 0;
	trace_seq_init(&formats->text);
	if (errno == ENOMEM)
		alloc_failed();
	/* A print fmt that prints as many bytes as the record says ends there, and does not print
	 * what else is in memory. */
	formats->copy = xmap_fenced(COPY_BYTES);
	return formats;
}

void formats_set_guard(struct formats *formats, struct guard *guard)
{
	formats->guard = guard;
	formats->slot = guard_take_slot(guard);
}

static void enter(const struct formats *formats, struct guard_call call)
{
	guard_enter(formats->guard, formats->slot, call);
	errno = 0;
}

/*
 * Without memory the library goes on, and leaves something out. Not of a recording that anyone may
 * have made: what that asks for need not be had.
 */
static void leave(const struct formats *formats)
{
	bool is_starved = errno == ENOMEM && !formats->guard;

	guard_leave(formats->guard, formats->slot);
	if (is_starved)
		alloc_failed();
}

struct formats *formats_new(unsigned int long_bytes, bool is_big_endian, int cpu_count)
{
	struct formats *formats = make();

	formats_set_machine(formats, long_bytes, is_big_endian, cpu_count);
	return formats;
}

/*
 * Beside those of its own directory libtraceevent loads what these variables lead to. That is code:
 * root runs none that another user may have put there, as sudo(8) keeps HOME in places.
 */
static void forget_users_plugins(void)
{
	unsetenv("TRACEEVENT_PLUGIN_DIR");
	unsetenv("HOME");
}

struct formats *formats_new_with_plugins(void)
{
	struct formats *formats = make();

	if (geteuid() == 0)
		forget_users_plugins();
	formats->plugins = tep_load_plugins(formats->tep);
	return formats;
}

void formats_set_machine(struct formats *formats, unsigned int long_bytes, bool is_big_endian,
			 int cpu_count)
{
	tep_set_long_size(formats->tep, (int)long_bytes);
	tep_set_file_bigendian(formats->tep, is_big_endian ? TEP_BIG_ENDIAN : TEP_LITTLE_ENDIAN);
	tep_set_local_bigendian(formats->tep,
				tep_is_bigendian() ? TEP_BIG_ENDIAN : TEP_LITTLE_ENDIAN);
	tep_set_cpus(formats->tep, cpu_count);
	formats->world.is_swapped = is_big_endian != tep_is_bigendian();
}

void formats_free(struct formats *formats)
{
	if (!formats)
		return;
	for (size_t i = 0; i < formats->print_count; i++)
		printer_free(formats->prints[i].printer);
	free(formats->prints);
	trace_seq_destroy(&formats->text);
	if (formats->plugins)
		tep_unload_plugins(formats->plugins, formats->tep);
	tep_free(formats->tep);
	free(formats->unprintable);
	unmap_fenced(formats->copy, COPY_BYTES);
	free(formats);
}

unsigned int formats_commit_bytes(struct formats *formats, const char *header_page, size_t size,
				  unsigned int fallback)
{
	int bytes = 0;

	if (!header_page || size == 0 || guard_faults(formats->guard, GUARD_HEADER, 0, 0) > 0)
		return fallback;

	NK_FREE char *copy = xstrndup(header_page, size);

	enter(formats, (struct guard_call){ .kind = GUARD_HEADER });
	if (tep_parse_header_page(formats->tep, copy, size, (int)fallback) == 0)
		bytes = tep_get_header_page_size(formats->tep);
	leave(formats);
	return bytes == 4 || bytes == 8 ? (unsigned int)bytes : fallback;
}

/* A kprobe event's print fmt says "name=0x%Lx" or "name={0x%x,...}" where the type given was x32 or
 * the like. */
static bool is_printed_hex(const struct tep_event *event, const char *name)
{
	size_t length = strlen(name);
	const char *at = event->print_fmt.format;

	while (at && (at = strstr(at, name))) {
		const char *after = at + length;
		bool is_word = at == event->print_fmt.format || at[-1] == ' ' || at[-1] == '"';

		if (is_word && *after == '=') {
			after += after[1] == '{' ? 2 : 1;
			return strncmp(after, "0x%", 3) == 0;
		}
		at = after;
	}
	return false;
}

static bool is_number_size(unsigned int bytes)
{
	return bytes == 1 || bytes == 2 || bytes == 4 || bytes == 8;
}

/*
 * Bytes of an array's element. Kprobe events say "u64 x[]" on 6.x, with the bytes of the whole as
 * the field's size: libtraceevent takes that for one element.
 */
static uint8_t element_bytes(const struct tep_format_field *field)
{
	const char *type = field->type;

	if (type && (type[0] == 'u' || type[0] == 's') && type[1] >= '1' && type[1] <= '8') {
		unsigned long bits = strtoul(type + 1, NULL, 10);

		if (bits % 8 == 0 && is_number_size((unsigned int)bits / 8))
			return (uint8_t)(bits / 8);
	}
	return is_number_size(field->elementsize) ? (uint8_t)field->elementsize : 0;
}

/* libtraceevent takes arrays of u8 and s8 for strings too: their bytes are numbers. */
static bool is_string(const struct tep_format_field *field)
{
	return field->flags & TEP_FIELD_IS_STRING && field->type && strstr(field->type, "char");
}

static bool fits(const struct tep_format_field *field)
{
	return field->offset >= 0 && field->size >= 0 &&
	       (uint64_t)field->offset + (uint64_t)field->size <= FORMAT_SIZE_MAX;
}

static void read_field(const struct tep_event *event, const struct tep_format_field *from,
		       struct raw_field *to)
{
	to->name = from->name;
	to->offset = (uint16_t)from->offset;
	to->size = (uint16_t)from->size;
	to->is_signed = from->flags & TEP_FIELD_IS_SIGNED;
	to->is_string = is_string(from);
	to->is_array = from->flags & TEP_FIELD_IS_ARRAY;
	to->is_dynamic = from->flags & TEP_FIELD_IS_DYNAMIC;
	to->is_relative = from->flags & TEP_FIELD_IS_RELATIVE;
	to->element = element_bytes(from);
	to->is_hex = (from->flags & TEP_FIELD_IS_POINTER) || is_printed_hex(event, from->name);
}

static int read_common(const struct tep_event *event, struct raw_event *out)
{
	const struct tep_format_field *type = NULL, *pid = NULL, *flags = NULL;

	for (const struct tep_format_field *f = event->format.common_fields; f; f = f->next) {
		if (strcmp(f->name, "common_type") == 0)
			type = f;
		if (strcmp(f->name, "common_pid") == 0)
			pid = f;
		if (strcmp(f->name, "common_flags") == 0)
			flags = f;
	}
	if (!type || type->offset != 0 || type->size != 2)
		return -EINVAL;
	if (!pid || !fits(pid) || pid->size != 4)
		return -EINVAL;
	out->pid_offset = (uint16_t)pid->offset;
	if (flags && flags->size == 1 && flags->offset >= 0 && flags->offset < pid->offset)
		out->flags_offset = (uint16_t)flags->offset;
	return 0;
}

static int read_fields(const struct tep_event *event, struct raw_event *out)
{
	if (read_common(event, out) < 0)
		return -EINVAL;
	out->size = (size_t)out->pid_offset + 4;
	for (const struct tep_format_field *f = event->format.fields; f; f = f->next) {
		if (!fits(f) || out->field_count == FIELDS_MOST)
			return -EINVAL;
		if (strcmp(f->name, "__probe_ip") == 0 || strcmp(f->name, "__probe_func") == 0)
			out->is_kprobe = true;
		read_field(event, f, array_add(&out->fields, &out->field_count));
		if ((size_t)f->offset + (size_t)f->size > out->size)
			out->size = (size_t)f->offset + (size_t)f->size;
	}
	return 0;
}

/*
 * Where libtraceevent has failed on this format once, it is asked for the fields alone. A print fmt
 * that it does not understand is an error too: the fields serve all the same.
 */
static struct tep_event *parse(struct formats *formats, const char *system, const char *text,
			       size_t length, bool *is_unprintable, int *error)
{
	const struct guard_call call = { .kind = GUARD_FORMAT, .what = formats->count++ };
	size_t faults = guard_faults(formats->guard, GUARD_FORMAT, call.what, 0);
	NK_FREE char *copy = xstrndup(text, length);
	NK_FREE char *fields = NULL;
	struct tep_event *parsed = NULL;
	char *end = strstr(copy, "\nprint fmt:");

	*is_unprintable = faults > 0;
	*error = TEP_ERRNO__READ_FORMAT_FAILED;
	if (faults > 1)
		return NULL;
	if (faults == 1 && end)
		*end = '\0';
	if (faults == 1)
		fields = xasprintf("%s\nprint fmt: \"\"\n", copy);

	const char *asked = fields ? fields : copy;

	enter(formats, call);
	*error = tep_parse_format(formats->tep, &parsed, asked, strlen(asked), system);
	leave(formats);
	return parsed;
}

static bool is_unprintable(const struct formats *formats, int id)
{
	for (size_t i = 0; i < formats->unprintable_count; i++)
		if (formats->unprintable[i] == id)
			return true;
	return false;
}

int formats_add(struct formats *formats, const char *system, const char *text, size_t length,
		struct raw_event *event, struct diags *diags)
{
	struct raw_event raw = { 0 };
	bool is_lost;
	int error;
	struct tep_event *parsed = parse(formats, system, text, length, &is_lost, &error);

	if (!parsed || !parsed->name || !parsed->system)
		return diag_error(diags, EINVAL,
				  "the format of an event of %s cannot be parsed (%d)", system,
				  error);
	if (parsed->id < 0 || parsed->id > UINT16_MAX)
		return diag_error(diags, EINVAL, "the format of %s:%s has no valid ID", system,
				  parsed->name);
	raw.id = parsed->id;
	raw.system = parsed->system;
	raw.name = parsed->name;
	if (read_fields(parsed, &raw) < 0) {
		raw_event_clear(&raw);
		return diag_error(diags, EINVAL, "the format of %s:%s has fields that cannot be",
				  system, parsed->name);
	}
	if (is_lost)
		*array_add(&formats->unprintable, &formats->unprintable_count) = raw.id;
	*event = raw;
	return 0;
}

void raw_event_clear(struct raw_event *event)
{
	free(event->fields);
	*event = (struct raw_event){ 0 };
}

/* By the library, into formats->text; its length. */
static size_t print_by_library(struct formats *formats, int id, const void *data, size_t size,
			       int cpu, uint64_t ts)
{
	const struct guard_call call = { .kind = GUARD_PRINT, .what = id, .since = ts };

	memcpy(formats->copy, data, size);
	if (formats->copy_used > size)
		memset(formats->copy + size, 0, formats->copy_used - size);
	formats->copy_used = size;

	struct tep_record record = { .ts = ts,
				     .size = (int)size,
				     .record_size = (int)size,
				     .data = formats->copy,
				     .cpu = cpu };
	struct tep_event *event = tep_find_event(formats->tep, id);

	trace_seq_reset(&formats->text);
	enter(formats, call);
	if (event)
		tep_print_event(formats->tep, &formats->text, &record, "%s", TEP_PRINT_INFO);
	leave(formats);
	trace_seq_terminate(&formats->text);
	return strlen(formats->text.buffer);
}

static struct own_print *own_print_of(struct formats *formats, int id)
{
	struct own_print *own;

	while ((size_t)id >= formats->print_count)
		array_add(&formats->prints, &formats->print_count);
	own = &formats->prints[id];
	if (!own->is_made) {
		own->is_made = true;
		own->printer = printer_new(tep_find_event(formats->tep, id));
	}
	return own;
}

/* A record that the library has printed, printed again: an own print that differs is given up. */
static void compare(const struct formats *formats, struct own_print *own, const void *data,
		    size_t size, char *buffer, size_t room)
{
	long length = printer_run(own->printer, &formats->world, data, size, buffer, room);

	own->compared++;
	if (length < 0)
		return;
	if (strcmp(buffer, formats->text.buffer) == 0)
		return;
	printer_free(own->printer);
	own->printer = NULL;
}

long formats_print(struct formats *formats, int id, const void *data, size_t size, int cpu,
		   uint64_t ts, char *buffer, size_t room)
{
	struct own_print *own;
	size_t length;

	if (is_unprintable(formats, id) || guard_faults(formats->guard, GUARD_PRINT, id, ts) > 0)
		return -1;
	own = own_print_of(formats, id);
	if (size > FORMAT_SIZE_MAX)
		size = FORMAT_SIZE_MAX;
	if (own->printer && own->compared >= COMPARED) {
		long printed = printer_run(own->printer, &formats->world, data, size, buffer, room);

		if (printed >= 0)
			return printed;
	}
	length = print_by_library(formats, id, data, size, cpu, ts);
	if (own->printer && own->compared < COMPARED)
		compare(formats, own, data, size, buffer, room);
	length = length < room ? length : room - 1;
	memcpy(buffer, formats->text.buffer, length);
	buffer[length] = '\0';
	return (long)length;
}

const char *formats_find_comm(struct formats *formats, int pid)
{
	const char *name = tep_data_comm_from_pid(formats->tep, pid);

	return strcmp(name, "<...>") != 0 ? name : NULL;
}

/* libtraceevent looks at three characters of each, its closing quote included, without asking. */
#define STRING_LEAST 3

void formats_add_strings(struct formats *formats, const char *text)
{
	NK_FREE char *copy = xstrdup(text);
	char *cursor = copy, *line;

	while ((line = text_next_line(&cursor))) {
		char *at;
		unsigned long long address = strtoull(line, &at, 16);
		char *quote = strchr(at, '"');

		if (at != line && quote && strlen(quote + 1) >= STRING_LEAST)
			tep_register_print_string(formats->tep, quote + 1, address);
	}
}

static char *resolve(void *context, unsigned long long *address, char **module)
{
	struct formats *formats = context;
	uint64_t start = *address;
	const char *name = formats->world.find_symbol(formats->world.context, &start);

	(void)module;
	*address = start;
	return (char *)name;
}

void formats_set_symbols(struct formats *formats,
			 const char *(*find)(void *context, uint64_t *address), void *context)
{
	formats->world.find_symbol = find;
	formats->world.context = context;
	tep_set_function_resolver(formats->tep, resolve, formats);
}
