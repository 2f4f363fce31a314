/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sends datagrams over loopback as fast as it can, from several processes, and says how many those
 * were. In: flood SENDS PROCESSES; SENDS each, every fourth of one byte, the others of two. They go
 * to a socket that is never read. Out: a line "sends N short N".
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static int send_all(unsigned long sends)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	socklen_t length = sizeof(address);
	int to = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int from = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (to < 0 || from < 0 || bind(to, (struct sockaddr *)&address, length) != 0 ||
	    getsockname(to, (struct sockaddr *)&address, &length) != 0 ||
	    connect(from, (struct sockaddr *)&address, length) != 0)
		return 1;
	for (unsigned long i = 0; i < sends; i++)
		if (send(from, "xx", i % 4 ? 2 : 1, 0) < 0)
			return 1;
	return 0;
}

int main(int argc, char **argv)
{
	unsigned long sends = argc > 1 ? strtoul(argv[1], NULL, 10) : 0;
	unsigned long processes = argc > 2 ? strtoul(argv[2], NULL, 10) : 1;
	int result = 0, status;

	for (unsigned long i = 0; i < processes; i++) {
		pid_t child = fork();

		if (child == 0)
			_exit(send_all(sends));
		if (child < 0)
			result = 1;
	}
	while (wait(&status) > 0)
		result |= status != 0;
	printf("sends %lu short %lu\n", sends * processes, (sends + 3) / 4 * processes);
	return result;
}
