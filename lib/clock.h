/* SPDX-License-Identifier: MIT */
/*
 * clock - now, waiting, deadlines, and times as text
 *
 * Times are seconds since 1970 in UTC, with a fraction.
 *
 * For tests, two variables (kwtools(7)):
 *
 *	KW_CLOCK=FILE	time stands still, and moves on only by the waits: FILE
 *			begins with the time in a line, each wait adds a line
 *			with its seconds instead of sleeping. All processes
 *			that share FILE share the time.
 *	KW_LIMITS=X	all limits on the network (connecting, stalling,
 *			answering) are X times as long as they are; see http.h
 */
#ifndef CLOCK_H
#define CLOCK_H

#include <poll.h>
#include <stdbool.h>

/* Now. Not for measuring: it may be set. */
double clock_now(void);

/* Seconds since some moment in the past; never goes back. */
double clock_ticks(void);

/* Waits. Less than a signal that ends the program cannot wake it. */
void clock_sleep(double seconds);

/*
 * poll(2) with a limit in seconds, INFINITY for none. Time that stands still
 * is not moved on by it, as others may have to act meanwhile: it ends when they
 * have moved it far enough.
 */
int clock_poll(struct pollfd *fds, nfds_t count, double seconds);

/* KW_LIMITS: what limits on the network are multiplied by; 1 without it. */
double clock_limits(void);

/* Whether KW_CLOCK is set. */
bool clock_is_fake(void);

/* A moment by which something must be over. */
struct deadline {
	double at; /* in clock_ticks(); INFINITY if there is none */
};

struct deadline deadline_in(double seconds);           /* INFINITY: never */
double deadline_left(const struct deadline *deadline); /* 0 when it is over */

/* Sleeps, and returns true; false, at once, if the deadline would pass. */
bool deadline_sleep(const struct deadline *deadline, double seconds);

/*
 * A time as RFC 3339 in UTC: 2026-11-21T06:30:50Z, with milliseconds only if
 * there are some. Returns text, which holds CLOCK_TEXT bytes.
 */
enum { CLOCK_TEXT = 40 };
char *clock_format(double time, char text[CLOCK_TEXT]);

/*
 * Reads an RFC 3339 time: 0 to 9 digits of fraction, Z, an offset, or nothing,
 * which means UTC, T or a space between date and time. NAN if it is no time.
 */
double clock_parse(const char *text);

#endif
