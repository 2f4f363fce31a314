/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is sent and received, by every call that can do it, each message with a line in the truth.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/uio.h>
#include <unistd.h>

#include "note.h"

#define ROOM	 65536
#define MESSAGES 8

static const char *const send_names[] = { "send", "sendto", "sendmsg", "write", "writev" };
static const char *const recv_names[] = { "recv", "recvfrom", "recvmsg", "read", "readv" };

static int finish(struct note *note, const struct actor *actor)
{
	int result = note_result(note);

	line_write(&note->line, actor->run->out);
	return result;
}

static void note_flags(struct note *note, int flags)
{
	if (flags & MSG_PEEK)
		line_number(&note->line, "peek", 1);
	if (flags & MSG_TRUNC)
		line_number(&note->line, "trunc", 1);
	if (flags & MSG_FASTOPEN)
		line_number(&note->line, "fastopen", 1);
	if (flags & MSG_ERRQUEUE)
		line_number(&note->line, "errqueue", 1);
}

/* Two pieces, so that a length is a sum. */
static int split(struct iovec *iov, void *data, size_t len)
{
	iov[0].iov_base = data;
	iov[0].iov_len = len / 3;
	iov[1].iov_base = (char *)data + len / 3;
	iov[1].iov_len = len - len / 3;
	return 2;
}

static void send_by(struct note *note, const struct sock *sock, const struct send *wish, void *data)
{
	socklen_t length = wish->to ? net_length(wish->to) : 0;
	struct iovec iov[2];
	struct msghdr message = { .msg_name = (void *)wish->to, .msg_namelen = length };
	int flags = wish->flags | MSG_NOSIGNAL;

	message.msg_iov = iov;
	message.msg_iovlen = (size_t)split(iov, data, wish->len);
	switch (wish->how) {
	case SEND:
		NOTE_CALL(note, send(sock->fd, data, wish->len, flags));
		break;
	case SENDTO:
		NOTE_CALL(note, sendto(sock->fd, data, wish->len, flags,
				       (const struct sockaddr *)wish->to, length));
		break;
	case SENDMSG:
		NOTE_CALL(note, sendmsg(sock->fd, &message, flags));
		break;
	case WRITE:
		NOTE_CALL(note, write(sock->fd, data, wish->len));
		break;
	case WRITEV:
		NOTE_CALL(note, writev(sock->fd, iov, 2));
		break;
	}
}

ssize_t call_send(struct actor *actor, struct sock *sock, const struct send *wish)
{
	static const char pattern[ROOM] = "What the kernel's probes never look at.";
	struct note note;

	note_begin(&note, actor, sock, send_names[wish->how]);
	line_number(&note.line, "len", (int64_t)wish->len);
	if (wish->to)
		line_address(&note.line, "to_", wish->to);
	note_flags(&note, wish->flags);
	if (wish->note)
		line_string(&note.line, "note", wish->note);
	send_by(&note, sock, wish, wish->data ? (void *)wish->data : (void *)pattern);
	/* The first one binds the socket to a port. */
	note_after(&note, sock);
	return finish(&note, actor);
}

static void recv_by(struct note *note, const struct sock *sock, const struct recv *wish, void *data,
		    struct sockaddr_storage *from)
{
	socklen_t length = sizeof(*from);
	char control[512];
	struct iovec iov[2];
	struct msghdr message = { .msg_name = from, .msg_namelen = length, .msg_control = control };

	message.msg_controllen = sizeof(control);
	message.msg_iov = iov;
	message.msg_iovlen = (size_t)split(iov, data, wish->len);
	switch (wish->how) {
	case RECV:
		NOTE_CALL(note, recv(sock->fd, data, wish->len, wish->flags));
		break;
	case RECVFROM:
		NOTE_CALL(note, recvfrom(sock->fd, data, wish->len, wish->flags,
					 (struct sockaddr *)from, &length));
		break;
	case RECVMSG:
		NOTE_CALL(note, recvmsg(sock->fd, &message, wish->flags));
		break;
	case READ:
		NOTE_CALL(note, read(sock->fd, data, wish->len));
		break;
	case READV:
		NOTE_CALL(note, readv(sock->fd, iov, 2));
		break;
	}
}

ssize_t call_recv(struct actor *actor, struct sock *sock, const struct recv *wish)
{
	struct sockaddr_storage from = { 0 };
	char *room = wish->data ? NULL : malloc(ROOM);
	struct note note;

	if (!wish->data && !room)
		abort();
	note_begin(&note, actor, sock, recv_names[wish->how]);
	line_number(&note.line, "len", (int64_t)wish->len);
	note_flags(&note, wish->flags);
	if (wish->note)
		line_string(&note.line, "note", wish->note);
	recv_by(&note, sock, wish, wish->data ? wish->data : room, &from);
	if (note.result >= 0 && from.ss_family != 0)
		line_address(&note.line, "from_", &from);
	free(room);
	note_over(&note, sock);
	return finish(&note, actor);
}

struct batch {
	struct mmsghdr messages[MESSAGES];
	struct iovec iov[MESSAGES];
	struct sockaddr_storage from[MESSAGES];
	char *room;
};

static void batch_fill(struct batch *batch, const size_t *lens, unsigned int count, bool names)
{
	memset(batch, 0, sizeof(*batch));
	batch->room = calloc(MESSAGES, ROOM);
	if (!batch->room || count > MESSAGES)
		abort();
	for (unsigned int i = 0; i < count; i++) {
		struct msghdr *header = &batch->messages[i].msg_hdr;

		batch->iov[i].iov_base = batch->room + (size_t)i * ROOM;
		batch->iov[i].iov_len = lens[i];
		header->msg_iov = &batch->iov[i];
		header->msg_iovlen = 1;
		header->msg_name = names ? &batch->from[i] : NULL;
		header->msg_namelen = names ? sizeof(batch->from[i]) : 0;
	}
}

/* A line for each message that the kernel tried: those that went, and the one that stopped it. */
static int batch_finish(struct note *note, const struct actor *actor, const struct batch *batch,
			const size_t *lens, unsigned int count)
{
	const struct line head = note->line;
	long long done = note->result < 0 ? 0 : note->result;

	for (unsigned int i = 0; i < count && (long long)i <= done; i++) {
		struct line *line = &note->line;

		*line = head;
		line_number(line, "index", i);
		line_number(line, "len", (int64_t)lens[i]);
		if ((long long)i < done && batch->from[i].ss_family != 0)
			line_address(line, "from_", &batch->from[i]);
		line_number(line, "start", (int64_t)note->start);
		line_number(line, "end", (int64_t)note->end);
		line_number(line, "ret",
			    (long long)i < done ? (int64_t)batch->messages[i].msg_len
						: (note->result < 0 ? -note->error : -EAGAIN));
		line_write(line, actor->run->out);
	}
	free(batch->room);
	return (int)note->result;
}

int call_sendmmsg(struct actor *actor, struct sock *sock, const size_t *lens, unsigned int count)
{
	struct batch batch;
	struct note note;

	batch_fill(&batch, lens, count, false);
	note_begin(&note, actor, sock, "sendmmsg");
	NOTE_CALL(&note, sendmmsg(sock->fd, batch.messages, count, 0));
	note_after(&note, sock);
	return batch_finish(&note, actor, &batch, lens, count);
}

int call_recvmmsg(struct actor *actor, struct sock *sock, const size_t *lens, unsigned int count)
{
	struct batch batch;
	struct note note;

	batch_fill(&batch, lens, count, true);
	note_begin(&note, actor, sock, "recvmmsg");
	NOTE_CALL(&note, recvmmsg(sock->fd, batch.messages, count, MSG_DONTWAIT, NULL));
	return batch_finish(&note, actor, &batch, lens, count);
}

ssize_t call_sendfile(struct actor *actor, struct sock *sock, int file, size_t len)
{
	struct note note;

	note_begin(&note, actor, sock, "sendfile");
	line_number(&note.line, "len", (int64_t)len);
	NOTE_CALL(&note, sendfile(sock->fd, file, NULL, len));
	return finish(&note, actor);
}

ssize_t call_splice(struct actor *actor, struct sock *sock, int pipe, size_t len, bool is_from)
{
	struct note note;

	note_begin(&note, actor, sock, is_from ? "splice-from" : "splice-to");
	line_number(&note.line, "len", (int64_t)len);
	if (is_from)
		NOTE_CALL(&note, splice(sock->fd, NULL, pipe, NULL, len, 0));
	else
		NOTE_CALL(&note, splice(pipe, NULL, sock->fd, NULL, len, 0));
	note_over(&note, sock);
	return finish(&note, actor);
}
