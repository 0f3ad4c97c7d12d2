/* SPDX-License-Identifier: MIT */
/* kaggle/session - how a kernel's session is, and whose end is reported */
#include "kaggle/session.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "diag.h"
#include "mem.h"
#include "record.h"

/* How long an end in doubt, or silence, is waited out, in seconds. */
static const double patience = 600;

/*
 * How long a moved lastRunTime does not prove that an end is the new session's:
 * it may move with the push, while the status is still the old one.
 */
static const double grace = 60;

/* What a session goes through, in this order; its status never goes back. */
enum { NONE = -1, BEGUN, RUNS, CANCELS, ENDED };

static const struct status {
	const char *name;
	int rank;
} statuses[] = {
	{ "QUEUED", BEGUN }, { "RUNNING", RUNS },
	{ "CANCEL_REQUESTED", CANCELS }, { "COMPLETE", ENDED },
	{ "ERROR", ENDED }, { "CANCEL_ACKNOWLEDGED", ENDED },
	{ "NEW_SCRIPT", NONE }, /* a version that was saved and not run */
};

enum { STATUSES = sizeof(statuses) / sizeof(statuses[0]) };

/*
 * The status that text names, whichever spelling a server or client has:
 * "COMPLETE", "complete", "cancelAcknowledged", "KernelWorkerStatus.ERROR".
 * NULL if it names none.
 */
static const struct status *
status_of(const char *text)
{
	const char *dot = strrchr(text, '.');
	const char *name = dot != NULL ? dot + 1 : text;

	for (int i = 0; i < STATUSES; i++) {
		const char *a = name, *b = statuses[i].name;

		/* A capital may stand for an underscore and its letter. */
		for (; *a != '\0' && *b != '\0'; a++, b++) {
			if (*b == '_' && *a != '_')
				b++;
			if (toupper((unsigned char)*a) != *b)
				break;
		}
		if (*a == '\0' && *b == '\0')
			return &statuses[i];
	}
	return NULL;
}

static const struct status *
status_now(const struct session *session)
{
	return session->status != NULL ? status_of(session->status) : NULL;
}

void
session_init(struct session *session, const struct kernel *kernel, jv rec)
{
	const char *previous = record_str(rec, "previous_status");
	const char *run_at = record_str(rec, "previous_run_at");
	const struct status *status =
	    previous != NULL ? status_of(previous) : NULL;

	*session = (struct session){ .kernel = kernel };
	session->pushed = !record_true(rec, "no_run") &&
	    (previous != NULL || record_str(rec, "pushed_at") != NULL ||
		record_int(rec, "previous_version", 0) > 0);
	session->rank = status != NULL ? status->rank : ENDED;
	if (previous != NULL)
		session->previous = status != NULL ? status->name : "UNKNOWN";
	session->run_at = run_at != NULL ? clock_parse(run_at) : NAN;
	session->doubt_since = session->silent_since = NAN;
}

void
session_release(struct session *session)
{
	free(session->failure);
	session->failure = NULL;
}

/* How long ago *since is, which is set at the first call. */
static double
age(double *since)
{
	if (isnan(*since))
		*since = clock_ticks();
	return clock_ticks() - *since;
}

/* Whether lastRunTime is, and has been for a while, another than before. */
static bool
run_moved(struct kaggle *kaggle, struct session *session,
    const struct deadline *deadline)
{
	bool known = !isnan(session->run_at), moved;
	jv reply, metadata;
	const char *text;
	double run_at;

	if (age(&session->doubt_since) < grace && known)
		return false;
	reply = kaggle_call(
	    kaggle, "GetKernel", kernel_body(session->kernel), true, deadline);
	metadata = record_get(reply, "metadata");
	text = record_str(metadata, "lastRunTime");
	run_at = text != NULL ? clock_parse(text) : NAN;
	moved = known && !isnan(run_at) && run_at != session->run_at;
	/* Of what was before nothing is known: this is what it must leave. */
	if (!known)
		session->run_at = run_at;
	jv_free(metadata);
	jv_free(reply);
	return moved;
}

/* Whether the end that status names is that of the session which is meant. */
static bool
end_counts(struct kaggle *kaggle, struct session *session,
    const struct deadline *deadline)
{
	const struct status *previous;

	if (!session->pushed || session->previous == NULL || session->began)
		return true;
	/* Of a session that ran on during the push, any end may be. */
	previous = status_of(session->previous);
	if (previous != NULL && previous->rank == ENDED &&
	    strcmp(session->previous, session->status) != 0)
		return true;
	return run_moved(kaggle, session, deadline);
}

/* Doubts an end that does not count, and a session that does not show up. */
static jv
doubt(struct session *session)
{
	if (!session->waiting || age(&session->doubt_since) < patience)
		return jv_null();
	if (session->status == NULL)
		return error_value("unknown_outcome",
		    "for ten minutes Kaggle has known of no session of this "
		    "push: look at %s",
		    session->kernel->url);
	if (!session->pushed)
		return error_value("not_found",
		    "it was saved, and never run (%s)", session->status);
	return error_value("unknown_outcome",
	    "%s may be the status of a session before this one; ten minutes "
	    "brought no other: look at %s",
	    session->status, session->kernel->url);
}

/* Takes a status that was answered. */
static jv
settle(struct kaggle *kaggle, struct session *session,
    const struct status *status, const struct deadline *deadline)
{
	session->status = status->name;
	session->silent_since = NAN;
	session->ended = false;
	if (status->rank == NONE)
		return doubt(session);
	if (status->rank < session->rank)
		session->began = true;
	session->rank = status->rank;
	if (status->rank != ENDED) {
		session->doubt_since = NAN; /* a later doubt is another one */
		return jv_null();
	}
	session->ended = end_counts(kaggle, session, deadline);
	return session->ended ? jv_null() : doubt(session);
}

/* What a question without an answer means. Consumes why. */
static jv
no_answer(struct session *session, jv why)
{
	const char *code = error_code(why);
	bool first;
	jv better;

	if (strcmp(code, "not_found") == 0 && session->pushed) {
		jv_free(why);
		session->status = NULL;
		session->ended = false;
		return doubt(session);
	}
	if (strcmp(code, "not_found") == 0) {
		session->status = NULL;
		better = error_value("not_found",
		    "no such kernel, or it was never run (%s)",
		    error_message(why));
		jv_free(why);
		return better;
	}
	first = isnan(session->silent_since);
	if (session->waiting &&
	    (strcmp(code, "unavailable") == 0 ||
		strcmp(code, "timeout") == 0) &&
	    age(&session->silent_since) < patience) {
		if (first)
			warning("%s: %s; asking on", session->kernel->name,
			    error_message(why));
		jv_free(why);
		return jv_null();
	}
	return why;
}

jv
session_ask(struct kaggle *kaggle, struct session *session,
    const struct deadline *deadline)
{
	for (int tried = 1;; tried++) {
		jv reply = kaggle_call(kaggle, "GetKernelSessionStatus",
		    kernel_body(session->kernel), true, deadline);
		jv value = record_get(reply, "status");
		const struct status *status = NULL;
		const char *failure = record_str(reply, "failureMessage");

		if (!jv_is_valid(reply)) {
			jv_free(value);
			return no_answer(session, reply);
		}
		/* The default of an enumeration is left out. */
		if (!jv_is_valid(value) || jv_get_kind(value) == JV_KIND_NULL)
			status = &statuses[0];
		else if (jv_get_kind(value) == JV_KIND_STRING)
			status = status_of(jv_string_value(value));
		jv_free(value);
		free(session->failure);
		session->failure = failure != NULL && failure[0] != '\0'
		    ? xstrdup(failure)
		    : NULL;
		jv_free(reply);
		if (status != NULL)
			return settle(kaggle, session, status, deadline);
		if (!kaggle_again(tried, deadline))
			return no_answer(session,
			    error_value("unavailable",
				"GetKernelSessionStatus: the answer is no status"));
	}
}

jv
session_unfinished(struct kaggle *kaggle, const struct kernel *kernel, jv rec,
    const struct deadline *deadline)
{
	const char *said = record_str(rec, "status");
	const struct status *status = said != NULL ? status_of(said) : NULL;
	jv waited = record_get(rec, "elapsed_seconds"), why, better;
	struct session session;
	bool known = jv_get_kind(waited) == JV_KIND_NUMBER && status != NULL &&
	    status->rank == ENDED;

	jv_free(waited);
	if (known)
		return jv_null();
	session_init(&session, kernel, rec);
	why = session_ask(kaggle, &session, deadline);
	if (!jv_is_valid(why)) {
		better = error_value(error_code(why),
		    "whether its session has ended is not known: %s",
		    error_message(why));
		jv_free(why);
		why = better;
	} else if (!session.pushed && session.status != NULL &&
	    strcmp(session.status, "NEW_SCRIPT") == 0) {
		why = error_value("not_found",
		    "it was saved, and never run (%s)", session.status);
	} else if (!session.ended) {
		why = error_temporary(error_value("conflict",
		    "its session has not ended (%s), and may write more",
		    session.status != NULL ? session.status : "not begun"));
	}
	session_release(&session);
	return why;
}

double
session_pause(struct session *session, double most)
{
	session->pause = session->pause == 0 ? 1 : session->pause * 1.5;
	if (session->pause > most)
		session->pause = most;
	return session->pause;
}

bool
session_is_open(const struct session *session)
{
	const struct status *status = status_now(session);

	return status != NULL && status->rank >= BEGUN && status->rank < ENDED;
}

bool
session_is_complete(const struct session *session)
{
	return session->ended && strcmp(session->status, "COMPLETE") == 0;
}
