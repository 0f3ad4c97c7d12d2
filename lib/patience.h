/* SPDX-License-Identifier: MIT */
/*
 * patience - when a server may be asked again, shared by all workers
 *
 * A server that says "not before" to one worker says it to all: they share an
 * anonymous page with that moment. A module of its own, so that a tool without
 * a network does not link one.
 */
#ifndef PATIENCE_H
#define PATIENCE_H

/* Makes the page; before the first fork(). Later calls do nothing. */
void patience_share(void);

/* Nobody asks before time, in clock_now(); an earlier time changes nothing. */
void patience_until(double time);

/* When the next request may begin, in clock_now(); 0 for at once. */
double patience_get(void);

#endif
