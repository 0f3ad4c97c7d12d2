/* SPDX-License-Identifier: MIT */
/*
 * kaggle/push - one version for one push, also when the answer is lost
 *
 * SaveKernel makes a version and starts a session whenever it is called, and
 * nothing in a call says that it is the same as one before. So the number of
 * the version is asked for first; when an answer is lost, says 5xx or is none,
 * it is asked for again, for a minute, as the service may still be at work.
 * Only if it has not moved by then the call is made once more.
 */
#ifndef KAGGLE_PUSH_H
#define KAGGLE_PUSH_H

#include <stdbool.h>

#include <jv.h>

#include "clock.h"
#include "kaggle/api.h"

struct push {
	/* The caller's. */
	const struct kernel *kernel; /* must outlive the push */
	bool no_wait;                /* do not wait for a session that runs */
	double interval;             /* while waiting ask after at most that */
	/*
	 * The title may move the kernel to another name. Then that no version
	 * is under this one does not prove that there is none.
	 */
	bool may_move;

	/* What push_prepare() found. */
	const char *status; /* of the latest session; NULL: there was none */
	long long version;  /* 0: no such kernel; -1: there, but not told */
	long long id;       /* Kaggle's number of the kernel; 0: not told */
	char *run_at;       /* lastRunTime; NULL if it never ran */

	/* push_send(): it was refused as the account has no free session. */
	bool no_slot;
};

/*
 * Waits while a session of the kernel runs, and notes what is there before the
 * push. Returns jv_null(), or an error_value(), "timeout" if the session is not
 * over by the deadline: nothing is to be pushed then.
 */
jv push_prepare(
    struct kaggle *kaggle, struct push *push, const struct deadline *deadline);
void push_release(struct push *push);

/*
 * Calls SaveKernel after push_prepare(). Returns its reply, which has a
 * versionNumber, and nothing else if the answer was lost and the version
 * found; or an error_value():
 *
 *	quota             no quota, or no free session (that is temporary)
 *	not_found conflict auth rejected unavailable  it was not pushed
 *	unknown_outcome   that could not be found out
 *
 * Consumes request.
 */
jv push_send(struct kaggle *kaggle, struct push *push, jv request,
    const struct deadline *deadline);

/*
 * Adds what push_prepare() found, by which session.h tells this push's session:
 * previous_version, previous_status and previous_run_at. landed: the kernel
 * landed under a name of which nothing was asked, with this version; 0: no.
 */
jv push_add_before(jv rec, const struct push *push, long long landed);

/*
 * Says what Kaggle left out of what was pushed to kernel: keywords and, if they
 * are allowed to be missing, sources by a warning, else those by "failed".
 * Borrows reply.
 */
jv push_add_dropped(
    jv rec, const struct kernel *kernel, jv reply, bool allowed);

#endif
