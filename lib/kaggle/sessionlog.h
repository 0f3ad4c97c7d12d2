/* SPDX-License-Identifier: MIT */
/*
 * sessionlog - the log of a kernel's session, once, or as it is written
 *
 *	struct session_log log = { .kaggle = kaggle, .kernel = &kernel,
 *	    .event = write_it, .context = &job, .deadline = &end };
 *	why = session_log_follow(&log, &session);
 *	session_log_release(&log);
 *
 * Two ways lead to it. ListKernelSessionOutput has the log of a session that
 * has ended. GET kernels/logs/stream/OWNER/SLUG has it also while the session
 * runs: as server-sent events that go on until END_OF_LOG, and once it has
 * ended as the stored array. Connections are cut when nothing comes for a
 * while, and also end cleanly in the middle; each new one tells all from the
 * start, so the events that were handed on are skipped. The first and the last
 * of them are compared: where they differ another session has begun.
 *
 * A log is over at END_OF_LOG, or at the clean end of a connection that was
 * made after the session was known to have ended. Where the stream has no event
 * then, or cannot be had, the log of ListKernelSessionOutput is taken.
 */
#ifndef KAGGLE_SESSIONLOG_H
#define KAGGLE_SESSIONLOG_H

#include <stdbool.h>

#include <jv.h>

#include "clock.h"
#include "kaggle/api.h"
#include "kaggle/logevent.h"
#include "kaggle/session.h"

struct session_log {
	/* Set by the caller, and all else zero. */
	struct kaggle *kaggle;
	const struct kernel *kernel;
	const struct deadline *deadline;
	/* Takes one event; must not call http_*(). */
	void (*event)(void *context, const struct log_event *event);
	/* All that came was handed on, more may take a while; may be NULL. */
	void (*rest)(void *context);
	/*
	 * All that there was when it began was handed on, which is told once,
	 * also before an error; may be NULL. Makes a stream be read twice.
	 */
	void (*present)(void *context);
	void *context;

	unsigned long long seen; /* events that were handed on */

	/* Its own. */
	struct log_scanner scanner;
	unsigned long long count; /* events of this connection */
	struct buf first_event, last_event, compared;
	bool other;   /* another session's */
	bool begun;   /* this connection has an answer that is a log */
	double since; /* of failing */
	double pause;
	bool presented;
};

/*
 * Hands on what there is of the log, of a session that runs, too. Returns
 * jv_null(), or an error_value(): that of kaggle_call(); not_found, temporary,
 * if the session has no log yet.
 */
jv session_log_read(struct session_log *log);

/*
 * Hands on the log until it is over. session (session.h), with waiting set, is
 * the one that is meant: its begin is waited for, that of an unknown one for
 * ten minutes. Returns jv_null(), or an error_value(): those of session_ask();
 * unavailable after five minutes without an answer that holds what was handed
 * on before; conflict, temporary, if that is told no more; timeout if the
 * deadline passed.
 */
jv session_log_follow(struct session_log *log, struct session *session);

void session_log_release(struct session_log *log);

#endif
