/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * In: bytes of a socket in any portions. Out: whole messages; and the other way round. The
 * broker never waits for a worker here: a worker may be stuck, and the broker has to undo. Nor is
 * it kept: what one call takes is bounded, and so is what is kept of the other end's.
 */
#include "session/control.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"

#define MESSAGE_LIMIT (256U << 20)
#define FILL_MOST     (64U << 10) /* poll(2) returns again for the rest */
#define ABSENT	      UINT32_MAX

struct header {
	uint32_t type;
	uint32_t length;
};

void control_put(struct control *control, enum control_type type, const void *data, size_t length)
{
	struct header header = { type, (uint32_t)length };

	text_add_bytes(&control->out, &header, sizeof(header));
	if (length > 0)
		text_add_bytes(&control->out, data, length);
}

static void drop_front(struct text *text, size_t length)
{
	memmove(text->data, text->data + length, text->length - length);
	text->length -= length;
}

static int wait_writable(int fd)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLOUT };

	return poll(&poll_fd, 1, -1) < 0 && errno != EINTR ? -errno : 0;
}

int control_send(struct control *control, bool wait)
{
	while (control->out.length > 0) {
		ssize_t sent = send(control->fd, control->out.data, control->out.length,
				    MSG_DONTWAIT | MSG_NOSIGNAL);
		int err = 0;

		if (sent >= 0) {
			drop_front(&control->out, (size_t)sent);
			continue;
		}
		if (errno == EPIPE || errno == ECONNRESET) {
			text_clear(&control->out);
			return 0;
		}
		if (errno == EAGAIN && wait)
			err = wait_writable(control->fd);
		else if (errno != EINTR)
			return errno == EAGAIN ? 0 : -errno;
		if (err)
			return err;
	}
	return 0;
}

/* poll(2) is no event of a socket probe; a receive that fails would be one, of nk itself. */
static bool is_readable(int fd)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };

	return poll(&poll_fd, 1, 0) > 0;
}

static size_t most(const struct control *control)
{
	return control->limit ? control->limit : MESSAGE_LIMIT;
}

int control_fill(struct control *control)
{
	char bytes[16384];
	size_t end = control->in.length + FILL_MOST;

	/* More than a whole message: whoever takes what there is never comes to that. */
	if (control->in.length > sizeof(struct header) + most(control))
		return -EPROTO;
	while (!control->is_closed && control->in.length < end && is_readable(control->fd)) {
		ssize_t got = recv(control->fd, bytes, sizeof(bytes), MSG_DONTWAIT);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 && errno == EAGAIN)
			return 0;
		if (got < 0 && errno != ECONNRESET)
			return -errno;
		if (got <= 0)
			control->is_closed = true;
		else
			text_add_bytes(&control->in, bytes, (size_t)got);
	}
	return 0;
}

int control_take(struct control *control, struct control_message *message)
{
	struct header header;

	if (control->in.length < sizeof(header))
		return 0;
	memcpy(&header, control->in.data, sizeof(header));
	if (header.length > most(control) || header.type > CONTROL_ABORT)
		return -EPROTO;
	if (control->in.length - sizeof(header) < header.length)
		return 0;
	message->type = header.type;
	message->length = header.length;
	message->data = xmalloc((size_t)header.length + 1);
	memcpy(message->data, control->in.data + sizeof(header), header.length);
	message->data[header.length] = '\0';
	drop_front(&control->in, sizeof(header) + header.length);
	return 1;
}

void control_close(struct control *control)
{
	if (control->fd >= 0)
		close(control->fd);
	text_clear(&control->in);
	text_clear(&control->out);
	*control = (struct control){ .fd = -1 };
}

static void add_number(struct text *text, uint32_t number)
{
	text_add_bytes(text, &number, sizeof(number));
}

static void add_string(struct text *text, const char *string)
{
	add_number(text, string ? (uint32_t)strlen(string) : ABSENT);
	if (string)
		text_add(text, string);
}

void control_put_diag(struct control *control, const struct diag *diag)
{
	struct text text = { 0 };

	add_number(&text, (uint32_t)diag->level);
	add_number(&text, (uint32_t)diag->line);
	add_number(&text, (uint32_t)diag->column);
	add_number(&text, (uint32_t)diag->width);
	add_string(&text, diag->file);
	add_string(&text, diag->source);
	add_string(&text, diag->text);
	add_string(&text, diag->hint);
	control_put(control, CONTROL_DIAG, text.data, text.length);
	text_clear(&text);
}

struct cursor {
	const char *next;
	size_t left;
};

static int take_number(struct cursor *cursor, uint32_t *number)
{
	if (cursor->left < sizeof(*number))
		return -EPROTO;
	memcpy(number, cursor->next, sizeof(*number));
	cursor->next += sizeof(*number);
	cursor->left -= sizeof(*number);
	return 0;
}

static int take_string(struct cursor *cursor, char **string)
{
	uint32_t length;
	int err = take_number(cursor, &length);

	*string = NULL;
	if (err || length == ABSENT)
		return err;
	if (cursor->left < length)
		return -EPROTO;
	*string = xstrndup(cursor->next, length);
	cursor->next += length;
	cursor->left -= length;
	return 0;
}

/* A place in the source, which who prints it walks to. */
static bool is_place(const uint32_t *numbers, const char *source)
{
	size_t end = source ? strlen(source) + 1 : INT_MAX;

	return numbers[1] <= INT_MAX && numbers[2] <= end && numbers[3] <= end;
}

int control_read_diag(const struct control_message *message, struct diags *diags)
{
	struct cursor cursor = { message->data, message->length };
	char *strings[4] = { NULL };
	uint32_t numbers[4];
	int err = 0;

	for (size_t i = 0; !err && i < 4; i++)
		err = take_number(&cursor, &numbers[i]);
	for (size_t i = 0; !err && i < 4; i++)
		err = take_string(&cursor, &strings[i]);
	if (!err && (numbers[0] > DIAG_NOTE || !strings[2] || !is_place(numbers, strings[1])))
		err = -EPROTO;
	if (err) {
		for (size_t i = 0; i < 4; i++)
			free(strings[i]);
		return err;
	}

	struct diag *diag = diag_add(diags, (enum diag_level)numbers[0]);

	diag->line = (int)numbers[1];
	diag->column = (int)numbers[2];
	diag->width = (int)numbers[3];
	diag->file = strings[0];
	diag->source = strings[1];
	diag->text = strings[2];
	diag->hint = strings[3];
	return 0;
}
