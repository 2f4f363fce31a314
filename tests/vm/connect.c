/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * COMMAND of faults.test: connects to a port of this machine where nobody listens. In: connect
 * FILE. Out: in FILE the descriptors that it has been given; status 0 where the connection was
 * refused.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(9) };
	char given[64] = "";
	int length = 0, fd;
	FILE *out;

	for (int i = 0; i < 64 && length < 50; i++)
		if (fcntl(i, F_GETFD) >= 0)
			length +=
				snprintf(given + length, sizeof(given) - (size_t)length, "%d ", i);
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0 ||
	    errno != ECONNREFUSED)
		return 1;
	close(fd);
	out = argc > 1 ? fopen(argv[1], "w") : NULL;
	if (!out || fprintf(out, "%s\n", given) < 0 || fclose(out) != 0)
		return 1;
	return 0;
}
