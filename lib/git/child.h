/* SPDX-License-Identifier: MIT */
/*
 * git/child - work in a child process that a deadline and signals can end
 *
 * The child leads a session of its own: what it runs (ssh, git) has no
 * terminal to prompt on and is ended with it. It lives no longer than its
 * parent, however that ends.
 */
#ifndef GIT_CHILD_H
#define GIT_CHILD_H

#include <stdbool.h>

#include <jv.h>

#include "clock.h"

struct child;

/*
 * Has work done by a child; returns what it returned: an object, jv_null() or
 * an error_value(). timeout, if the deadline ended it, unavailable if it
 * crashed. *noted tells whether it had called child_note() by then.
 */
jv child_work(jv (*work)(struct child *child, void *context), void *context,
    const struct deadline *deadline, bool *noted);

/* From the child: what cannot be taken back is about to be done. */
void child_note(struct child *child);

#endif
