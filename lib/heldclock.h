/* SPDX-License-Identifier: MIT */
/*
 * heldclock - time that another program moves, when nothing else happens
 *
 * For tests of programs of several processes, each of which waits for the
 * others or for the time: KW_WAITS names a socket (AF_UNIX, a stream) at which
 * a test listens that moves the time in KW_CLOCK itself. Each process connects
 * when it first waits, and then they talk, in lines and bytes:
 *
 *	process	W TIME	it waits until then (inf: for ever) or for something
 *		L	it waited for something else, and that came
 *		Y	it waits still: nothing has come
 *	test	g	it is so late
 *		?	does it wait?  Y or L comes
 *		k	after L: it may go on
 *
 * When all wait, and all of them say Y after that, nothing will happen until
 * the time moves on: a test that moves it only then sees the same each time.
 */
#ifndef HELDCLOCK_H
#define HELDCLOCK_H

#include <poll.h>
#include <stdbool.h>

/* Whether KW_WAITS is set. */
bool heldclock_is_set(void);

/* poll(2) with a limit in seconds, INFINITY for none; 7 descriptors at most. */
int heldclock_poll(struct pollfd *fds, nfds_t count, double seconds);

void heldclock_sleep(double seconds);

#endif
