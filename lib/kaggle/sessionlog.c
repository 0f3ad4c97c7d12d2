/* SPDX-License-Identifier: MIT */
/* sessionlog - the log of a kernel's session, once, or as it is written */
#include "kaggle/sessionlog.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "diag.h"
#include "http.h"
#include "kaggle/logtext.h"
#include "mem.h"
#include "record.h"

enum {
	LIVE = 120,      /* seconds of silence, for a log that is written */
	PRESENT = 5,     /* when what was written before has come */
	FAILING = 300,   /* seconds */
	UNKNOWN = 600,   /* a session that there is not */
	PAUSE_MOST = 30, /* between two connections */
	LATE = 3,        /* connections that break off behind the end */
};

/* How a connection ended. */
enum pass {
	PASS_ENDED,  /* END_OF_LOG */
	PASS_CLEAN,  /* its end, by the rules of HTTP */
	PASS_BROKEN, /* it broke off, or nothing more came */
	PASS_FAILED, /* there was no answer, which may pass */
	PASS_NONE,   /* 404 */
	PASS_ERROR,  /* for good */
};

/* ---- events ---- */

/*
 * What tells an event from others. The stream and the stored log need not spell
 * a time, or the end of a line, in the same way.
 */
static void
note_event(struct buf *out, const struct log_event *event)
{
	char *time = event->time.len > 0
	    ? xstrndup(event->time.at, event->time.len)
	    : NULL;
	size_t len = event->data.len;

	while (len > 0 && strchr("\r\n", event->data.at[len - 1]) != NULL)
		len--;
	buf_clear(out);
	buf_addf(out, "%.3f ", time != NULL ? strtod(time, NULL) : 0);
	buf_add(out, event->data.at, len);
	free(time);
}

static bool
is_same(const struct buf *a, const struct buf *b)
{
	return a->len == b->len && memcmp(a->at, b->at, a->len) == 0;
}

static void
take_event(void *context, const struct log_event *event)
{
	struct session_log *log = context;

	if (log->other)
		return;
	log->count++;
	if (log->count > log->seen) {
		log->seen = log->count;
		if (log->seen == 1)
			note_event(&log->first_event, event);
		note_event(&log->last_event, event);
		log->event(log->context, event);
	} else if (log->count == 1 || log->count == log->seen) {
		note_event(&log->compared, event);
		log->other = (log->count == 1 &&
				 !is_same(&log->compared, &log->first_event)) ||
		    (log->count == log->seen &&
			!is_same(&log->compared, &log->last_event));
	}
}

static void
begin_pass(struct session_log *log, enum log_form form)
{
	log->scanner.event = take_event;
	log->scanner.context = log;
	log_scanner_begin(&log->scanner, form);
	log->count = 0;
	log->begun = true;
}

static void
rest(struct session_log *log)
{
	if (log->rest != NULL)
		log->rest(log->context);
}

static void
present(struct session_log *log)
{
	if (!log->presented && log->present != NULL)
		log->present(log->context);
	log->presented = true;
}

/* What feeding the scanner came to, if it broke off. */
static jv
scanner_error(const struct session_log *log)
{
	const struct buf *refusal = &log->scanner.refusal;
	char *words;
	jv body, why;

	if (refusal->len == 0)
		return error_value("unavailable",
		    "the log has an event of more than %d MiB",
		    LOG_EVENT_MOST >> 20);
	body = jv_parse_sized(refusal->at, (int)refusal->len);
	words = http_message(body);
	why = error_value("unavailable", "the log: %s",
	    words != NULL ? words : "an error without a message");
	free(words);
	jv_free(body);
	return why;
}

/* What is told is not what was written before. */
static jv
other_session(const struct session_log *log)
{
	return error_temporary(log->other
		? error_value("conflict",
		      "another session began: of the one before, %llu events "
		      "were written",
		      log->seen)
		: error_value("conflict",
		      "the log has %llu events now, and %llu were written: "
		      "another session began, or it was cut",
		      log->count, log->seen));
}

/* ---- the stored log ---- */

struct stored {
	struct session_log *log;
	bool good; /* the scanner goes on */
};

static void
stored_anew(void *context)
{
	struct stored *stored = context;

	begin_pass(stored->log, LOG_TEXT);
	stored->good = true;
}

static void
stored_take(void *context, const void *bytes, size_t len)
{
	struct stored *stored = context;
	struct session_log *log = stored->log;

	/* Here an object of errors is a part of the log. */
	log->scanner.first = false;
	stored->good =
	    stored->good && log_scanner_feed(&log->scanner, bytes, len);
	rest(log);
}

/* Hands on the log of a session that has ended. */
static jv
read_stored(struct session_log *log)
{
	struct stored stored = { .log = log };
	struct logtext text = {
		.take = stored_take, .anew = stored_anew, .context = &stored
	};
	struct kaggle_question question = {
		.call = { .safe = true,
		    .transfer = true,
		    .deadline = log->deadline },
		.log = &text,
	};
	jv body = record_set_number(kernel_body(log->kernel), "pageSize", 1);
	jv reply;

	kaggle_begin(log->kaggle, &question, "ListKernelSessionOutput", body);
	while (http_pending(&question.call))
		http_drive();
	reply = kaggle_end(log->kaggle, &question);
	logtext_release(&text);
	if (!jv_is_valid(reply))
		return reply;
	jv_free(reply);
	if (!stored.good)
		return scanner_error(log);
	log_scanner_end(&log->scanner);
	rest(log);
	return log->other || log->count < log->seen ? other_session(log)
						    : jv_null();
}

/* ---- the stream ---- */

static bool
begin_stream(struct http_call *call)
{
	struct session_log *log = call->context;

	log->begun = false;
	return true;
}

static bool
take_stream(struct http_call *call, const void *bytes, size_t len)
{
	static const char sse[] = "text/event-stream", page[] = "text/html";
	struct session_log *log = call->context;
	const char *type = http_header(call, "Content-Type");
	bool good;

	if (type != NULL && strncasecmp(type, page, strlen(page)) == 0) {
		call->error = error_value(
		    "unavailable", "the log: the answer is a page, and no log");
		return false;
	}
	if (!log->begun)
		begin_pass(log,
		    type != NULL && strncasecmp(type, sse, strlen(sse)) == 0
			? LOG_STREAM
			: LOG_TEXT);
	good = log_scanner_feed(&log->scanner, bytes, len);
	rest(log);
	if (!good)
		call->error = scanner_error(log);
	return good && !log->other && !log->scanner.ended;
}

/* What a connection came to; *why is an error if it failed. */
static enum pass
judge(struct session_log *log, const struct http_call *call, jv *why)
{
	const char *code;

	if (log->other) {
		*why = other_session(log);
		return PASS_ERROR;
	}
	*why = jv_null();
	if (log->begun && log->scanner.ended)
		return PASS_ENDED;
	if (jv_is_valid(call->error))
		return PASS_CLEAN;
	*why = kaggle_failure(log->kaggle, call);
	code = error_code(*why);
	if (strcmp(code, "not_found") == 0)
		return PASS_NONE;
	if (strcmp(code, "unavailable") != 0 && strcmp(code, "timeout") != 0)
		return PASS_ERROR;
	/* Who was told again all that was known is not failing. */
	return log->begun && log->scanner.refusal.len == 0 &&
		log->count >= log->seen
	    ? PASS_BROKEN
	    : PASS_FAILED;
}

/*
 * One connection to the stream, which ends after quiet seconds without a byte;
 * 0: 30. It is not tried again here once it was made, as events were handed on.
 */
static enum pass
read_stream(struct session_log *log, double quiet, jv *why)
{
	static const char *const headers[] = {
		"Accept: text/event-stream, */*",
		NULL,
	};
	char *url = xasprintf("%s/v1/kernels/logs/stream/%s/%s",
	    kaggle_endpoint(log->kaggle), log->kernel->owner,
	    log->kernel->slug);
	struct http_call call = { .method = "GET",
		.url = url,
		.credential = kaggle_credential(log->kaggle),
		.headers = headers,
		.transfer = true,
		.stall_after = quiet,
		.deadline = log->deadline,
		.name = "GetKernelSessionLogsStream",
		.begin = begin_stream,
		.sink = take_stream,
		.context = log };
	enum pass pass;

	log->begun = false;
	http_do(&call);
	/* A whole answer without a byte is a log without an event. */
	if (jv_is_valid(call.error) && !log->begun)
		begin_pass(log, LOG_TEXT);
	pass = judge(log, &call, why);
	http_release(&call);
	free(url);
	return pass;
}

/* ---- once ---- */

/* What there is of the log of a session that runs. */
static jv
read_running(struct session_log *log)
{
	jv why;

	for (int tried = 1;; tried++) {
		enum pass pass = read_stream(log, PRESENT, &why);
		bool again = pass == PASS_FAILED ||
		    (pass == PASS_BROKEN && strcmp(error_code(why), "timeout"));

		if (pass == PASS_CLEAN)
			log_scanner_end(&log->scanner);
		if (!again || !kaggle_again(tried, log->deadline)) {
			rest(log);
			if (pass != PASS_BROKEN || again)
				return why;
			jv_free(why);
			return jv_null();
		}
		jv_free(why);
	}
}

static jv
read_once(struct session_log *log)
{
	struct session session;
	bool open, none;
	jv why = read_stored(log), asked;

	none = strcmp(error_code(why), "not_found") == 0;
	if (none ? log->seen > 0 : !jv_is_valid(why) || log->seen > 0)
		return why;
	session_init(&session, log->kernel, jv_null());
	asked = session_ask(log->kaggle, &session, log->deadline);
	open = jv_is_valid(asked) && session_is_open(&session);
	if (open) {
		jv_free(why);
		why = read_running(log);
		if (strcmp(error_code(why), "not_found") == 0) {
			jv_free(why);
			why = error_temporary(error_value("not_found",
			    "there is no log yet: the session is %s",
			    session.status));
		}
	} else if (!jv_is_valid(asked)) {
		jv_free(why);
		why = jv_copy(asked);
	}
	jv_free(asked);
	session_release(&session);
	return why;
}

jv
session_log_read(struct session_log *log)
{
	jv why = read_once(log);

	present(log);
	return why;
}

/* ---- as it is written ---- */

static double
age(double *since)
{
	if (isnan(*since))
		*since = clock_ticks();
	return clock_ticks() - *since;
}

static jv
too_late(const struct session *session)
{
	return error_value("timeout", "the session goes on (%s): %s",
	    session->status != NULL ? session->status : "not begun",
	    session->kernel->url);
}

/* Asks for the status; a session that is not there may come. */
static jv
ask(struct session_log *log, struct session *session, double *unknown)
{
	jv why = session_ask(log->kaggle, session, log->deadline);

	if (strcmp(error_code(why), "not_found") == 0 &&
	    age(unknown) < UNKNOWN) {
		jv_free(why);
		return jv_null();
	}
	return why;
}

/* Waits until the session runs, or has ended. */
static jv
await_begin(struct session_log *log, struct session *session)
{
	double unknown = NAN;
	jv why;

	for (;;) {
		why = ask(log, session, &unknown);
		if (!jv_is_valid(why) || session->ended)
			return why;
		if (session_is_open(session) &&
		    strcmp(session->status, "QUEUED") != 0)
			return why;
		if (!deadline_sleep(
			log->deadline, session_pause(session, PAUSE_MOST)))
			return too_late(session);
	}
}

/* Waits a little before the next connection, longer where nothing is new. */
static bool
pause_between(struct session_log *log, bool news)
{
	log->pause =
	    news || log->pause == 0 ? 1 : fmin(log->pause * 1.5, PAUSE_MOST);
	return deadline_sleep(log->deadline, log->pause);
}

/* Behind the end the log is also elsewhere: *why is what came of it; false. */
static bool
stored_instead(struct session_log *log, jv *why)
{
	jv_free(*why);
	*why = read_stored(log);
	return false;
}

/*
 * What is next after a connection that ended so: true if that is another one.
 * Else *why is the outcome. over: the session had ended before it was made.
 */
static bool
goes_on(struct session_log *log, struct session *session, enum pass pass,
    bool over, jv *why)
{
	bool whole = log->begun && log->count >= log->seen;

	if (over && (pass == PASS_NONE || (pass == PASS_ERROR && !log->other)))
		return stored_instead(log, why);
	if (pass == PASS_ERROR)
		return false;
	if (pass == PASS_CLEAN && over && !whole)
		return stored_instead(log, why);
	if (pass == PASS_ENDED && !whole) {
		*why = other_session(log);
		return false;
	}
	if (pass == PASS_CLEAN && over)
		log_scanner_end(&log->scanner);
	if (pass == PASS_ENDED || (pass == PASS_CLEAN && over))
		return false;
	if (pass != PASS_FAILED)
		log->since = NAN;
	else if (age(&log->since) >= FAILING)
		return over ? stored_instead(log, why) : false;
	if (pass == PASS_FAILED)
		verbose("%s: %s; asking on", session->kernel->name,
		    error_message(*why));
	jv_free(*why);
	*why = session_ask(log->kaggle, session, log->deadline);
	return jv_is_valid(*why);
}

static jv
follow(struct session_log *log, struct session *session)
{
	double quiet = PRESENT;
	int late = 0;
	jv why = await_begin(log, session);

	while (jv_is_valid(why)) {
		unsigned long long before = log->seen;
		bool over = session->ended, first = !log->presented;
		enum pass pass;

		if (over && late++ == LATE)
			return read_stored(log);
		jv_free(why);
		pass = read_stream(log, first ? quiet : over ? 0 : LIVE, &why);
		if (pass == PASS_FAILED)
			quiet *= 3; /* it may be slow to begin */
		else if (pass != PASS_BROKEN ||
		    strcmp(error_code(why), "timeout") == 0)
			present(log);
		if (!goes_on(log, session, pass, over, &why))
			break;
		if (first && log->presented)
			continue;
		/* Behind the end nothing is waited for but a failure. */
		if ((!session->ended || pass == PASS_FAILED) &&
		    !pause_between(log, log->seen > before)) {
			jv_free(why);
			return too_late(session);
		}
	}
	return why;
}

jv
session_log_follow(struct session_log *log, struct session *session)
{
	jv why;

	log->since = NAN;
	log->presented = log->present == NULL;
	diag_on_signal(
	    "%s: its session goes on: %s", log->kernel->name, log->kernel->url);
	why = follow(log, session);
	/* A stream without an event is no proof that there is none. */
	if (jv_is_valid(why) && log->seen == 0) {
		(void)stored_instead(log, &why);
		if (strcmp(error_code(why), "not_found") == 0) {
			jv_free(why);
			why = jv_null();
		}
	}
	diag_on_signal(NULL);
	rest(log);
	present(log);
	return why;
}

void
session_log_release(struct session_log *log)
{
	log_scanner_release(&log->scanner);
	buf_release(&log->first_event);
	buf_release(&log->last_event);
	buf_release(&log->compared);
}
