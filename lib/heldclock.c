/* SPDX-License-Identifier: MIT */
/*
 * heldclock - time that another program moves, when nothing else happens
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "clock.h"
#include "diag.h"
#include "heldclock.h"

enum { MOST_FDS = 7 };

bool
heldclock_is_set(void)
{
	const char *path = getenv("KW_WAITS");

	return path != NULL && *path != '\0' && clock_is_fake();
}

/* To the test; each process has its own. */
static int
connected(void)
{
	static int fd = -1;
	static pid_t owner;
	struct sockaddr_un to = { .sun_family = AF_UNIX };

	if (fd >= 0 && owner == getpid())
		return fd;
	if (fd >= 0)
		close(fd); /* the parent's */
	owner = getpid();
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	(void)snprintf(to.sun_path, sizeof to.sun_path, "%s",
	    getenv("KW_WAITS")); /* cut, it is not there */
	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to) < 0)
		die(STATUS_USAGE, "KW_WAITS: %s: %s", to.sun_path,
		    strerror(errno));
	return fd;
}

static void
say(int fd, const char *line)
{
	if (send(fd, line, strlen(line), MSG_NOSIGNAL) < 0)
		die(STATUS_USAGE, "KW_WAITS: %s", strerror(errno));
}

static char
hear(int fd)
{
	char byte = 0;
	ssize_t got;

	while ((got = read(fd, &byte, 1)) < 0 && errno == EINTR)
		continue;
	if (got != 1)
		die(STATUS_USAGE, "KW_WAITS: nobody moves the time");
	return byte;
}

/* Waits; false if something else came than the time. */
static bool
wait_for_time(int fd, struct pollfd *fds, nfds_t count)
{
	struct pollfd all[MOST_FDS + 1];
	char byte;

	if (count > 0)
		memcpy(all, fds, count * sizeof *fds);
	all[count] = (struct pollfd){ .fd = fd, .events = POLLIN };
	for (;;) {
		if (poll(all, count + 1, -1) < 0)
			return false; /* a signal */
		if (all[count].revents == 0)
			return false;
		byte = hear(fd);
		if (byte == 'g')
			return true;
		if (poll(fds, count, 0) != 0)
			return false;
		say(fd, "Y\n");
	}
}

int
heldclock_poll(struct pollfd *fds, nfds_t count, double seconds)
{
	int ready = poll(fds, count, 0), fd, why;
	double until;
	char line[64];

	if (ready != 0 || !(seconds > 0))
		return ready;
	if (count > MOST_FDS)
		die(STATUS_USAGE, "KW_WAITS: too many descriptors");
	fd = connected();
	/* Whole milliseconds, one at least: else it would wait again. */
	until = ceil((clock_now() + seconds) * 1000) / 1000;
	(void)snprintf(
	    line, sizeof line, "W %.3f\n", fmax(until, clock_now() + 0.001));
	say(fd, line);
	errno = 0;
	if (wait_for_time(fd, fds, count))
		return poll(fds, count, 0);
	why = errno;
	say(fd, "L\n");
	while (hear(fd) != 'k')
		continue;
	ready = poll(fds, count, 0);
	if (ready != 0 || why != EINTR)
		return ready;
	errno = EINTR;
	return -1;
}

void
heldclock_sleep(double seconds)
{
	double end = clock_now() + seconds, left = seconds;

	while (left > 0) {
		(void)heldclock_poll(NULL, 0, left); /* or a signal came */
		left = end - clock_now();
	}
}
