/* SPDX-License-Identifier: MIT */
/* kaggle/push - one version for one push, also when the answer is lost */
#include "kaggle/push.h"

#include <stdlib.h>
#include <string.h>

#include "kaggle/session.h"
#include "mem.h"
#include "progress.h"
#include "record.h"

enum { TRIES = 3 };

/* When a lost push is looked for, in seconds after the look before. */
static const double looks[] = { 0, 2, 4, 8, 16, 30 };

enum { LOOKS = sizeof(looks) / sizeof(looks[0]) };

/*
 * Waits for the end of a session that runs. Sets *hidden if Kaggle answered
 * 403, which need not mean that there is a kernel.
 */
static jv
wait_for_session(struct kaggle *kaggle, struct push *push, bool *hidden,
    const struct deadline *deadline)
{
	const struct kernel *kernel = push->kernel;
	const char *said = NULL;
	struct session session;
	jv why;

	session_init(&session, kernel, jv_null());
	for (;;) {
		why = session_ask(kaggle, &session, deadline);
		if (!jv_is_valid(why) || !session_is_open(&session))
			break;
		if (session.status != said)
			warning("%s: an earlier session is %s%s", kernel->name,
			    session.status,
			    push->no_wait ? "" : ": waiting for its end");
		said = session.status;
		if (push->no_wait)
			break;
		diag_on_signal("%s was not pushed: its earlier session goes "
			       "on: %s",
		    kernel->name, kernel->url);
		session.waiting = true; /* from now on what passes, passes */
		progress("%s: an earlier session is %s", kernel->name, said);
		if (deadline_sleep(
			deadline, session_pause(&session, push->interval)))
			continue;
		why = error_value("timeout",
		    "%s was not pushed: an earlier session goes on (%s): %s",
		    kernel->name, said, kernel->url);
		break;
	}
	progress_clear();
	diag_on_signal(NULL);
	*hidden = !jv_is_valid(why) && kaggle_hidden(kaggle);
	/* NEW_SCRIPT is no session. */
	push->status =
	    jv_is_valid(why) && (session.ended || session_is_open(&session))
	    ? session.status
	    : NULL;
	session_release(&session);
	if (!*hidden && strcmp(error_code(why), "not_found") != 0)
		return why;
	jv_free(why);
	return jv_null();
}

/* Fills version, id and run_at. Sets *hidden as above. */
static jv
look(struct kaggle *kaggle, struct push *push, bool *hidden,
    const struct deadline *deadline)
{
	jv reply = kaggle_call(
	    kaggle, "GetKernel", kernel_body(push->kernel), true, deadline);
	jv metadata;
	const char *run_at;

	push_release(push);
	push->version = push->id = 0;
	*hidden = !jv_is_valid(reply) && kaggle_hidden(kaggle);
	if (!jv_is_valid(reply)) {
		if (!*hidden && strcmp(error_code(reply), "not_found") != 0)
			return reply;
		jv_free(reply);
		return jv_null();
	}
	metadata = record_get(reply, "metadata");
	run_at = record_str(metadata, "lastRunTime");
	push->version = record_int(metadata, "currentVersionNumber", -1);
	push->id = record_int(metadata, "id", 0);
	push->run_at = run_at != NULL ? xstrdup(run_at) : NULL;
	jv_free(metadata);
	jv_free(reply);
	return jv_null();
}

jv
push_prepare(
    struct kaggle *kaggle, struct push *push, const struct deadline *deadline)
{
	bool no_session, no_kernel;
	jv why = wait_for_session(kaggle, push, &no_session, deadline);

	if (!jv_is_valid(why))
		return why;
	why = look(kaggle, push, &no_kernel, deadline);
	if (!jv_is_valid(why))
		return why;
	/* Hidden both times, it is not there; else one of the two is wrong. */
	if ((no_session && push->version != 0) ||
	    (no_kernel && push->status != NULL))
		return error_value("auth",
		    "%s was not pushed: Kaggle tells of its %s, but not of its "
		    "%s (403)",
		    push->kernel->name, no_session ? "version" : "session",
		    no_session ? "session" : "version");
	return jv_null();
}

void
push_release(struct push *push)
{
	free(push->run_at);
	push->run_at = NULL;
}

/* What Kaggle's words mean where its codes do not tell. Consumes why. */
static jv
understood(struct push *push, jv why)
{
	const char *words = error_message(why);
	jv better;

	if (strcmp(error_code(why), "rejected") != 0)
		return why;
	push->no_slot = strcasestr(words, "session count") != NULL;
	if (push->no_slot)
		better = error_temporary(error_value("quota", "%s", words));
	else if (strcasestr(words, "quota") != NULL)
		better = error_value("quota", "%s", words);
	else if (strcasestr(words, "not found") != NULL)
		better = error_value("not_found",
		    "%s: %s; Kaggle says so of a kernel that is another's, or "
		    "that was never saved in its editor, or when id_no is "
		    "wrong",
		    push->kernel->name, words);
	else
		return why;
	jv_free(why);
	return better;
}

static jv
unknown(const struct push *push, jv why, const char *problem)
{
	return error_value("unknown_outcome",
	    "%s: the push was not confirmed (%s), and %s; before it is "
	    "pushed again look at %s: is there a version after %lld?",
	    push->kernel->name, error_message(why), problem, push->kernel->url,
	    push->version);
}

/*
 * Looks whether a push that ended in why was made after all. Returns an object
 * with its versionNumber, jv_null() if it was not, or an error_value(). Borrows
 * why.
 */
static jv
look_up(struct kaggle *kaggle, struct push *push, jv why)
{
	struct push now = { .kernel = push->kernel };
	/* Not the caller's: the truth is worth a minute more. */
	struct deadline deadline = deadline_in(300);
	jv problem = jv_null(), reply;
	bool hidden = false;

	if (push->version < 0)
		return unknown(
		    push, why, "Kaggle did not tell the version before");
	for (int i = 0; i < LOOKS && now.version <= push->version; i++) {
		if (i > 0 && !deadline_sleep(&deadline, looks[i]))
			break;
		jv_free(problem);
		problem = look(kaggle, &now, &hidden, &deadline);
	}
	push_release(&now);
	if (jv_is_valid(problem) && hidden && push->version > 0) {
		jv_free(problem);
		problem = error_value("auth", "Kaggle answers 403");
	}

	if (now.version == push->version + 1) {
		warning("%s: version %lld is there, but the answer to the push "
			"was lost: whether all sources were taken is not known",
		    push->kernel->name, now.version);
		reply = record_set_number(
		    jv_object(), "versionNumber", (double)now.version);
	} else if (!jv_is_valid(problem)) {
		reply = unknown(push, why, error_message(problem));
	} else if (now.version != push->version) {
		reply = unknown(push, why, "somebody else pushed, too");
	} else if (push->may_move) {
		reply = unknown(
		    push, why, "its title may have moved it to another name");
	} else {
		reply = jv_null();
	}
	jv_free(problem);
	return reply;
}

jv
push_send(struct kaggle *kaggle, struct push *push, jv request,
    const struct deadline *deadline)
{
	jv reply, why = jv_null();

	push->no_slot = false;
	for (int tried = 0;; tried++) {
		jv_free(why);
		why = jv_null();
		reply = kaggle_call(
		    kaggle, "SaveKernel", jv_copy(request), false, deadline);
		if (jv_is_valid(reply) &&
		    record_int(reply, "versionNumber", 0) > 0)
			break;
		if (!jv_is_valid(reply) && !kaggle_unsure(kaggle)) {
			reply = understood(push, reply);
			break;
		}
		if (jv_is_valid(reply)) {
			jv_free(reply);
			reply = error_value("unavailable",
			    "SaveKernel: the answer has no versionNumber");
		}
		why = reply;
		reply = look_up(kaggle, push, why);
		if (jv_get_kind(reply) != JV_KIND_NULL)
			break;
		jv_free(reply);
		if (tried + 1 == TRIES ||
		    (deadline != NULL && deadline_left(deadline) <= 0)) {
			reply = error_temporary(
			    error_value("unavailable", "%s was not pushed: %s",
				push->kernel->name, error_message(why)));
			break;
		}
	}
	jv_free(why);
	jv_free(request);
	return reply;
}

jv
push_add_before(jv rec, const struct push *push, long long landed)
{
	long long before = landed > 0 ? landed - 1 : push->version;
	const char *status = push->status;

	if (landed > 0)
		status = before == 0 ? NULL : "UNKNOWN";
	else if (status == NULL && (before < 0 || push->run_at != NULL))
		status = "UNKNOWN"; /* it ran, but when asked nobody knew */
	if (before > 0)
		rec =
		    record_set_number(rec, "previous_version", (double)before);
	rec = record_set_str(rec, "previous_status", status);
	return record_set_str(
	    rec, "previous_run_at", landed > 0 ? NULL : push->run_at);
}

/* Appends the entries of a list to text, with ", " between. */
static void
add_names(struct buf *text, jv reply, const char *field)
{
	jv list = record_get(reply, field);
	int count = jv_get_kind(list) == JV_KIND_ARRAY
	    ? jv_array_length(jv_copy(list))
	    : 0;

	for (int i = 0; i < count; i++) {
		jv entry = jv_array_get(jv_copy(list), i);

		if (jv_get_kind(entry) == JV_KIND_STRING)
			buf_addf(text, "%s%s", text->len > 0 ? ", " : "",
			    jv_string_value(entry));
		jv_free(entry);
	}
	jv_free(list);
}

jv
push_add_dropped(jv rec, const struct kernel *kernel, jv reply, bool allowed)
{
	struct buf sources = { 0 }, keywords = { 0 };

	add_names(&keywords, reply, "invalidTags");
	add_names(&sources, reply, "invalidDatasetSources");
	add_names(&sources, reply, "invalidCompetitionSources");
	add_names(&sources, reply, "invalidKernelSources");
	add_names(&sources, reply, "invalidModelSources");
	if (keywords.len > 0)
		warning("%s: Kaggle does not know the keywords %s",
		    kernel->name, keywords.at);
	if (sources.len > 0 && allowed)
		warning("%s was pushed without the sources %s", kernel->name,
		    sources.at);
	else if (sources.len > 0)
		rec = record_failed(rec,
		    error_value("rejected",
			"%s was pushed, but Kaggle left out the sources %s",
			kernel->name, sources.at));
	buf_release(&keywords);
	buf_release(&sources);
	return rec;
}
