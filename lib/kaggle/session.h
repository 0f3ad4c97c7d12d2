/* SPDX-License-Identifier: MIT */
/*
 * kaggle/session - how a kernel's session is, and whose end is reported
 *
 * Kaggle tells the status of a kernel's latest session and nothing by which it
 * could be told from others. For a while after a push that is the session
 * before, or none (404). So the record of a push holds what was there before:
 *
 *	pushed_at         that, or one of the next two, makes it a push, unless
 *	no_run            is true: a version was saved, no session begun
 *	previous_version  absent if there was none
 *	previous_status   a status, absent if there was no session, or UNKNOWN
 *	previous_run_at   lastRunTime, absent if it never ran
 *
 * and an end counts as the pushed session's if there was no session before, if
 * it differs from the end before, if the status has gone backwards since (one
 * session's only goes from QUEUED to RUNNING to its end), or if lastRunTime has
 * moved and the end is still there after a minute (the two need not move at the
 * same time). Any other is asked for again for ten minutes.
 */
#ifndef KAGGLE_SESSION_H
#define KAGGLE_SESSION_H

#include <stdbool.h>

#include <jv.h>

#include "clock.h"
#include "kaggle/api.h"

struct session {
	const struct kernel *kernel;
	/*
	 * The last answer, by its name: QUEUED, RUNNING, CANCEL_REQUESTED,
	 * NEW_SCRIPT (saved, never run), COMPLETE, ERROR, CANCEL_ACKNOWLEDGED.
	 * NULL: no session of a push yet, or no answer yet.
	 */
	const char *status;
	char *failure; /* failureMessage; NULL without one */
	bool ended;    /* status is the end of the session that is meant */
	bool waiting;  /* the caller's: ask until it has ended; see below */

	/* session's own */
	bool pushed;
	const char *previous;
	int rank;
	bool began;
	double run_at;
	double doubt_since;
	double silent_since;
	double pause;
};

/*
 * Prepares for the session of kernel, which must outlive it, that rec tells
 * of: that of a push, or the present one. Borrows rec.
 */
void session_init(struct session *session, const struct kernel *kernel, jv rec);
void session_release(struct session *session);

/*
 * Asks, and fills status, failure and ended. Returns jv_null(), or an
 * error_value(): that of kaggle_call(), not_found when there is no session, and
 * unavailable for what is no status after five tries.
 *
 * While waiting, what passes is waited for: answers that are none, for ten
 * minutes without one that is; an end whose session is in doubt, or no session
 * after a push, for ten minutes, then it is unknown_outcome; without a push
 * NEW_SCRIPT as long, then it is not_found. jv_null() then means: go on.
 */
jv session_ask(struct kaggle *kaggle, struct session *session,
    const struct deadline *deadline);

/*
 * Whether the session that is meant has ended: jv_null() if rec says so, as
 * kgl-status -w writes it, or Kaggle. Else an error_value(): conflict,
 * temporary, if it goes on; not_found if the kernel was saved and never run;
 * or why that is not known. Borrows rec.
 */
jv session_unfinished(struct kaggle *kaggle, const struct kernel *kernel,
    jv rec, const struct deadline *deadline);

/* The time until the next question: it grows from a second to most. */
double session_pause(struct session *session, double most);

/* Whether the session that status names has not ended: queued or running. */
bool session_is_open(const struct session *session);

/* Whether the end was COMPLETE. */
bool session_is_complete(const struct session *session);

#endif
