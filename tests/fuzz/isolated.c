/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For targets that give hostile formats to libtraceevent: nk lives with its crashes, see
 * cmd/isolate.c, and what is searched for here are those of nk. So a fault in it ends the call, as
 * if it had refused, and its handle is not used any more; what it leaks is nobody's.
 *
 * Named by a target's "Files:", with "Wrap:" of the functions below.
 */
#include <event-parse.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

const char *__asan_default_suppressions(void);
const char *__lsan_default_suppressions(void);
int __real_tep_parse_format(struct tep_handle *tep, struct tep_event **event, const char *text,
			    unsigned long size, const char *system);
int __wrap_tep_parse_format(struct tep_handle *tep, struct tep_event **event, const char *text,
			    unsigned long size, const char *system);
int __real_tep_parse_header_page(struct tep_handle *tep, char *text, unsigned long size, int bytes);
int __wrap_tep_parse_header_page(struct tep_handle *tep, char *text, unsigned long size, int bytes);
void __real_tep_print_event(struct tep_handle *tep, struct trace_seq *text,
			    struct tep_record *record, const char *format, ...);
void __wrap_tep_print_event(struct tep_handle *tep, struct trace_seq *text,
			    struct tep_record *record, const char *format, ...);
void __real_tep_free(struct tep_handle *tep);
void __wrap_tep_free(struct tep_handle *tep);

static const int faults[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL };

#define FAULT_COUNT (sizeof(faults) / sizeof(*faults))

static struct sigaction before[FAULT_COUNT];
static sigjmp_buf out;
static const struct tep_handle *broken;

/* Its reads beyond an end are found by AddressSanitizer where it calls strlen() and the like. */
const char *__asan_default_suppressions(void)
{
	return "interceptor_via_lib:libtraceevent.so\n";
}

const char *__lsan_default_suppressions(void)
{
	return "leak:libtraceevent.so\n";
}

static void leave(int signal)
{
	siglongjmp(out, signal);
}

static void guard(void)
{
	struct sigaction action = { .sa_handler = leave, .sa_flags = SA_NODEFER | SA_ONSTACK };

	for (size_t i = 0; i < FAULT_COUNT; i++)
		sigaction(faults[i], &action, &before[i]);
}

static void unguard(void)
{
	for (size_t i = 0; i < FAULT_COUNT; i++)
		sigaction(faults[i], &before[i], NULL);
}

int __wrap_tep_parse_format(struct tep_handle *tep, struct tep_event **event, const char *text,
			    unsigned long size, const char *system)
{
	int result = TEP_ERRNO__MEM_ALLOC_FAILED;

	if (tep == broken)
		return result;
	guard();
	if (sigsetjmp(out, 0) == 0) {
		result = __real_tep_parse_format(tep, event, text, size, system);
	} else {
		*event = NULL;
		broken = tep;
	}
	unguard();
	return result;
}

int __wrap_tep_parse_header_page(struct tep_handle *tep, char *text, unsigned long size, int bytes)
{
	int result = -1;

	guard();
	if (sigsetjmp(out, 0) == 0)
		result = __real_tep_parse_header_page(tep, text, size, bytes);
	else
		broken = tep;
	unguard();
	return result;
}

void __wrap_tep_print_event(struct tep_handle *tep, struct trace_seq *text,
			    struct tep_record *record, const char *format, ...)
{
	va_list args;

	if (tep == broken)
		return;
	va_start(args, format);

	const char *what = va_arg(args, const char *);

	va_end(args);
	guard();
	if (sigsetjmp(out, 0) == 0)
		__real_tep_print_event(tep, text, record, format, what);
	else
		broken = tep;
	unguard();
}

void __wrap_tep_free(struct tep_handle *tep)
{
	if (tep != broken)
		__real_tep_free(tep);
	broken = NULL;
}
