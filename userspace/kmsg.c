// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reading of /dev/kmsg; see kmsg.h. A record is "prio,seq,time,flags;text", then
 * lines of properties.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <errno.h>
#include <unistd.h>

#include "kmsg.h"

int kmsg_open(void)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd >= 0)
		lseek(fd, 0, SEEK_END);
	return fd;
}

int kmsg_print(int handle)
{
	char record[8192];
	int lines = 0;
	char *text;
	ssize_t n;

	while (handle >= 0) {
		n = read(handle, record, sizeof(record) - 1);
		if (n < 0 && (errno == EINTR || errno == EPIPE))
			continue;
		if (n <= 0)
			break;
		record[n] = '\0';
		text = strchr(record, ';');
		if (!text)
			continue;
		text++;
		text[strcspn(text, "\n")] = '\0';
		if (!strstr(text, "mirsync"))
			continue;
		fprintf(stderr, "kernel: %s\n", text);
		lines++;
	}
	return lines;
}

void kmsg_close(int handle)
{
	if (handle >= 0)
		close(handle);
}
