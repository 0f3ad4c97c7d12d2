/* SPDX-License-Identifier: MIT */
/*
 * http - requests, deadlines, retry, transfers
 *
 * A call that is under way either waits, for its time or for a place, or has a
 * try that works for it (httptry). step() moves all of them on: it begins the
 * tries that are due, and settles those that have ended, into an outcome, a
 * later try, or the next hop of a redirect.
 *
 * Redirects are followed here, as libcurl sends any other header than
 * Authorization to whatever host it is pointed to.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/queue.h>
#include <time.h>

#include "http.h"
#include "httptry.h"
#include "mem.h"
#include "patience.h"
#include "record.h"

enum {
	TRIES = 5,
	HOPS = 5,
	FUTILE = 300, /* seconds, for a transfer without progress */
	BACKOFF_MOST = 30,
	YEAR = 366 * 86400,   /* seconds */
	WORDS_MOST = 1 << 20, /* a body that is looked into for words */
	TOKEN_LEAST = 36,     /* a UUID, which some services take for one */
};

struct http_state {
	TAILQ_ENTRY(http_state) link;
	struct http_call *call;
	bool pending;

	double due;     /* no try begins before, in clock_now() */
	double since;   /* when the present wait began */
	int futile;     /* tries since the last progress */
	double idle;    /* seconds since then, without those of moving bytes */
	long long best; /* how far into the file any try came */

	struct http_try try;
	char *hop; /* where a redirect led; NULL: call->url */
	int hops;
};

/* All calls of the process that are under way, and how many were finished. */
static TAILQ_HEAD(, http_state) calls = TAILQ_HEAD_INITIALIZER(calls);
static unsigned long long finished;
static int at_once = HTTP_AT_ONCE;

/* ---- URLs, headers, words ---- */

static bool
same_part(CURLU *a, CURLU *b, CURLUPart part)
{
	char *one = NULL, *other = NULL;
	bool same = curl_url_get(a, part, &one, CURLU_DEFAULT_PORT) == 0 &&
	    curl_url_get(b, part, &other, CURLU_DEFAULT_PORT) == 0 &&
	    strcasecmp(one, other) == 0;

	curl_free(one);
	curl_free(other);
	return same;
}

/* Whether scheme, name and port are the same. */
static bool
same_origin(const char *url, const char *other)
{
	CURLU *a = curl_url(), *b = curl_url();
	bool same = a != NULL && b != NULL &&
	    curl_url_set(a, CURLUPART_URL, url, 0) == 0 &&
	    curl_url_set(b, CURLUPART_URL, other, 0) == 0 &&
	    same_part(a, b, CURLUPART_SCHEME) &&
	    same_part(a, b, CURLUPART_HOST) && same_part(a, b, CURLUPART_PORT);

	curl_url_cleanup(a);
	curl_url_cleanup(b);
	return same;
}

/*
 * The URL as it may be shown: without user, query and fragment, and without the
 * parts of its path that are long enough to be a token.
 */
static char *
shown_url(const char *url)
{
	struct buf out = { 0 };
	const char *host = strstr(url, "://");
	const char *at, *end;
	size_t len;

	host = host != NULL ? host + 3 : url;
	end = host + strcspn(host, "/?#");
	buf_add(&out, url, (size_t)(host - url));
	for (at = host; at < end; at++)
		if (*at == '@')
			host = at + 1;
	buf_add(&out, host, (size_t)(end - host));
	for (at = end; *at == '/'; at += len) {
		buf_addc(&out, *at++);
		len = strcspn(at, "/?#");
		if (len < TOKEN_LEAST)
			buf_add(&out, at, len);
		else
			buf_adds(&out, "...");
	}
	return buf_take(&out);
}

/* What errors call it; the caller's to free. */
static char *
shown_call(const struct http_call *call)
{
	char *url, *text;

	if (call->name != NULL)
		return xstrdup(call->name);
	url = shown_url(call->url);
	text = xasprintf("%s %s", call->method, url);
	free(url);
	return text;
}

const char *
http_header(const struct http_call *call, const char *name)
{
	if (call->state == NULL)
		return NULL;
	return http_try_header(&call->state->try, name);
}

char *
http_escape(const char *text)
{
	struct buf out = { 0 };

	for (; *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text;

		if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
		    (c >= 'a' && c <= 'z') || strchr("-._~", c) != NULL)
			buf_addc(&out, *text);
		else
			buf_addf(&out, "%%%02X", c);
	}
	return buf_take(&out);
}

static char *
copy_field(jv what, const char *field)
{
	const char *text = record_str(what, field);

	return text != NULL && *text != '\0' ? xstrdup(text) : NULL;
}

/* errors[].message, or errors[] where they are texts, joined. */
static char *
join_messages(jv errors)
{
	struct buf out = { 0 };
	int count = 0;

	if (jv_get_kind(errors) == JV_KIND_ARRAY)
		count = jv_array_length(jv_copy(errors));
	for (int i = 0; i < count; i++) {
		jv one = jv_array_get(jv_copy(errors), i);
		const char *text = jv_get_kind(one) == JV_KIND_STRING
		    ? jv_string_value(one)
		    : record_str(one, "message");

		if (text != NULL && *text != '\0') {
			if (out.len > 0)
				buf_adds(&out, "; ");
			buf_adds(&out, text);
		}
		jv_free(one);
	}
	return out.len > 0 ? buf_take(&out) : NULL;
}

char *
http_message(jv body)
{
	char *text = copy_field(body, "message");
	jv nested;

	if (text == NULL)
		text = copy_field(body, "error");
	if (text == NULL) {
		nested = record_get(body, "error");
		text = copy_field(nested, "message");
		jv_free(nested);
	}
	if (text == NULL) {
		nested = record_get(body, "errors");
		text = join_messages(nested);
		jv_free(nested);
	}
	return text;
}

/* ---- a try and its end ---- */

static bool
is_success(int status)
{
	return status >= 200 && status < 300;
}

static void
drop_hop(struct http_state *state)
{
	free(state->hop);
	state->hop = NULL;
	state->hops = 0;
}

/* The outcome; consumes error. */
static void
finish(struct http_state *state, jv error)
{
	struct http_call *call = state->call;

	drop_hop(state);
	TAILQ_REMOVE(&calls, state, link);
	state->pending = false;
	finished++;
	jv_free(call->error);
	call->error = error;
	call->answer_size = state->try.answer.len;
	if (call->answer_size > 0)
		call->answer = buf_take(&state->try.answer);
	if (call->done != NULL)
		call->done(call);
}

/* The error that is in the call: of begin, of sink, or of the last try. */
static jv
take_error(struct http_call *call)
{
	jv error = call->error;

	call->error = jv_null();
	return error;
}

/* Sends the request, to where the last redirect led if there was one. */
static void
send_request(struct http_state *state)
{
	struct http_call *call = state->call;

	state->try.call = call;
	state->try.url = state->hop != NULL ? state->hop : call->url;
	state->try.foreign =
	    state->hop != NULL && !same_origin(call->url, state->hop);
	http_try_send(&state->try);
}

/* Headers can be a service's own; a line break in one would begin another. */
static bool
are_headers_good(const char *const *headers)
{
	for (size_t i = 0; headers != NULL && headers[i] != NULL; i++)
		if (strpbrk(headers[i], "\r\n") != NULL)
			return false;
	return true;
}

static void
start_try(struct http_state *state)
{
	struct http_call *call = state->call;

	if (call->tries++ > 0)
		call->waited += clock_now() - state->since;
	jv_free(call->error);
	call->error = jv_null();
	if (call->begin != NULL && !call->begin(call))
		finish(state, take_error(call));
	else if (!are_headers_good(call->headers))
		finish(
		    state, error_value("input", "a header with a line break"));
	else
		send_request(state);
}

/* A number of seconds with nothing else; NAN if text is none. */
static double
read_seconds(const char *text)
{
	if (*text == '\0' || text[strspn(text, "0123456789.")] != '\0')
		return NAN;
	return fmin(strtod(text, NULL), 1e9);
}

/* X-RateLimit-Reset: some mean a length by it, some a time since 1970. */
static double
named_reset(const char *text)
{
	double wait = read_seconds(text);

	return wait > YEAR ? strtod(text, NULL) : clock_now() + wait;
}

/* When the server wants to be asked again, in clock_now(); NAN if any time. */
static double
named_time(const struct http_call *call)
{
	const char *after = http_header(call, "Retry-After");
	const char *left = http_header(call, "RateLimit-Remaining");
	const char *reset = http_header(call, "RateLimit-Reset");
	const char *other = http_header(call, "X-RateLimit-Reset");
	double wait = NAN;
	time_t date;

	if (after != NULL) {
		wait = read_seconds(after);
		date = isnan(wait) ? curl_getdate(after, NULL) : -1;
		if (date != -1)
			return (double)date;
	}
	if (isnan(wait) && left != NULL && reset != NULL &&
	    read_seconds(left) <= 0)
		wait = read_seconds(reset);
	if (isnan(wait) && other != NULL && call->status == 429)
		return named_reset(other);
	return clock_now() + wait;
}

/* Statuses that pass. */
static bool
is_passing_status(int status)
{
	static const int passing[] = { 408, 425, 429, 500, 502, 503, 504 };

	for (size_t i = 0; i < sizeof passing / sizeof *passing; i++)
		if (status == passing[i])
			return true;
	return false;
}

static const char *
status_code(int status)
{
	switch (status) {
	case 401:
	case 403:
		return "auth";
	case 404:
	case 410:
		return "not_found";
	case 409:
	case 412:
		return "conflict";
	default:
		return is_passing_status(status) || status >= 500
		    ? "unavailable"
		    : "rejected";
	}
}

/* Where the credential that was sent is from; NULL if none was. */
static const char *
source_of(const struct http_state *state)
{
	const struct credential *credential = state->call->credential;

	return credential != NULL && !state->try.foreign ? credential->source
							 : NULL;
}

static jv
status_error(const struct http_state *state, const char *what)
{
	const struct buf *answer = &state->try.answer;
	int status = state->call->status;
	const char *source;
	char *words = NULL, *where = NULL;
	jv body, error;

	if (answer->len > 0 && answer->len <= WORDS_MOST) {
		body = jv_parse_sized(answer->at, (int)answer->len);
		words = http_message(body);
		jv_free(body);
	}
	if (state->try.redirect != NULL)
		where = shown_url(state->try.redirect);
	source = status == 401 || status == 403 ? source_of(state) : NULL;
	error = error_value(status_code(status), "%s: HTTP %d%s%s%s%s%s%s",
	    what, status, where != NULL ? ": it is at " : "",
	    where != NULL ? where : "", words != NULL ? ": " : "",
	    words != NULL ? words : "",
	    source != NULL ? "; the credential is from " : "",
	    source != NULL ? source : "");
	free(words);
	free(where);
	return error;
}

/* Why there is no whole answer. */
static jv
failure_error(const struct http_state *state, const char *what)
{
	const struct http_call *call = state->call;
	const struct http_try *try = &state->try;

	switch (try->end) {
	case TRY_FILE:
		return error_value("io", "%s: the file to send: %s", what,
		    try->file_error != 0 ? strerror(try->file_error)
					 : "shorter than it was");
	case TRY_SIZE:
		return error_value("unavailable",
		    "%s: the answer is larger than %zu bytes", what,
		    call->most > 0 ? call->most : (size_t)TRY_ANSWER_MOST);
	case TRY_STALLED:
		return error_value("timeout", "%s: nothing came for %g s", what,
		    http_stall_after(call));
	case TRY_SLOW:
		if (call->deadline != NULL &&
		    deadline_left(call->deadline) <= 0)
			return error_value(
			    "timeout", "%s: no whole answer in time", what);
		if (try->sent)
			return error_value("timeout",
			    "%s: no whole answer within %g s", what,
			    http_answer_within(call));
		break;
	case TRY_HOPELESS:
		return error_value("rejected", "%s: %s", what, try->why);
	case TRY_WHOLE:
		return error_value(
		    "unavailable", "%s: the answer is no JSON object", what);
	default:
		break;
	}
	return error_value("unavailable", "%s: %s", what, try->why);
}

/* Whether a page, as of a proxy, came with a 2xx where JSON has to come. */
static bool
is_no_json(const struct http_state *state)
{
	const struct buf *answer = &state->try.answer;
	jv body;
	bool object;

	if (!state->call->json || state->try.end != TRY_WHOLE ||
	    !is_success(state->call->status))
		return false;
	body =
	    jv_parse_sized(answer->len > 0 ? answer->at : "", (int)answer->len);
	object = jv_get_kind(body) == JV_KIND_OBJECT;
	jv_free(body);
	return !object;
}

/* What the try came to: jv_null(), or the error. */
static jv
judge(struct http_state *state)
{
	struct http_call *call = state->call;
	enum http_try_end end = state->try.end;
	char *what;
	jv error;

	if (end == TRY_CALLER)
		return take_error(call);
	if (end == TRY_WHOLE && is_success(call->status) && !is_no_json(state))
		return jv_null();
	what = shown_call(call);
	/* The body of a refusal may be cut, its status is clear. */
	if (call->status >= 300 && end != TRY_FILE)
		error = status_error(state, what);
	else
		error = failure_error(state, what);
	free(what);
	return error;
}

/* Whether the reason passes, and doing it again does no harm. */
static bool
may_retry(const struct http_state *state)
{
	const struct http_call *call = state->call;
	const struct http_try *try = &state->try;
	struct span body = { try->answer.at, try->answer.len };
	bool passing = try->end == TRY_CUT || try->end == TRY_LOST ||
	    try->end == TRY_SLOW || try->end == TRY_STALLED;

	if (try->end == TRY_FILE || try->end == TRY_CALLER)
		return false;
	if (call->status >= 300)
		passing = is_passing_status(call->status) ||
		    (call->passes != NULL && call->passes(call, body));
	else if (try->end == TRY_WHOLE)
		passing = true; /* no JSON */
	return passing && (call->safe || !try->sent || call->status == 429);
}

/* Whether the server may have done it without a word that says so. */
static bool
is_unsure(const struct http_state *state)
{
	int status = state->call->status;

	if (state->try.end == TRY_FILE)
		return false;
	if (status >= 300)
		return status >= 500;
	return state->try.sent;
}

/* Notes how far the try came, which is what gives a transfer more time. */
static void
note_progress(struct http_state *state)
{
	const struct http_call *call = state->call;
	const char *range = http_header(call, "Content-Range");
	long long end = call->taken;

	state->idle += state->try.quiet;
	if (!is_success(call->status) || is_no_json(state))
		return;
	if (call->status == 206 && range != NULL &&
	    strncasecmp(range, "bytes ", 6) == 0)
		end += strtoll(range + 6, NULL, 10);
	if (end <= state->best)
		return;
	state->best = end;
	state->idle = state->try.quiet;
	state->futile = 0;
}

/* Plans another try; false if there were enough. */
static bool
plan_retry(struct http_state *state, double named)
{
	const struct http_call *call = state->call;
	int attempts = call->attempts > 0 ? call->attempts : TRIES;
	bool over = call->tries >= attempts;
	double now = clock_now();
	double most = call->pause_most > 0 ? call->pause_most : BACKOFF_MOST;
	double wait = fmin(most, exp2(fmin(state->futile, 10))) *
	    (1 + (double)arc4random_uniform(1001) / 4000);

	/* A server that says 0 for ever is not believed for ever. */
	if (!isnan(named) && (state->futile < TRIES || named - now > wait))
		wait = fmax(named - now, 0);
	state->futile++;
	state->idle += wait;
	if (call->transfer)
		over = state->idle > FUTILE ||
		    (call->attempts > 0 && !state->try.sent &&
			call->tries >= attempts);
	if (over)
		return false;
	state->since = now;
	state->due = now + wait;
	return true;
}

static void
trace(const struct http_state *state)
{
	const struct http_call *call = state->call;
	const struct http_try *try = &state->try;
	char *url;

	if (!diag_is_verbose())
		return;
	url = shown_url(try->url);
	verbose("%s%s%s %s: %d%s%s, %lld bytes, %.3f s",
	    call->name != NULL ? call->name : "",
	    call->name != NULL ? ": " : "", call->method, url, call->status,
	    try->end != TRY_WHOLE ? " " : "",
	    try->end != TRY_WHOLE ? try->why : "", call->taken, try->took);
	free(url);
}

/*
 * Another try may take minutes: who waits should know for whom. Once for each
 * address; others are told with the outcome.
 */
static void
tell_unreached(const struct http_state *state, jv error)
{
	static char *told; /* the last one */
	const struct http_try *try = &state->try;

	if (try->sent || (told != NULL && same_origin(told, try->url)))
		return;
	warning("%s; trying again", error_message(error));
	free(told);
	told = xstrdup(try->url);
}

/* Whether the answer is a redirect that is followed. */
static bool
is_redirect(const struct http_state *state)
{
	int status = state->call->status;

	return state->try.end == TRY_WHOLE && !state->call->direct &&
	    state->try.redirect != NULL &&
	    strcmp(state->call->method, "GET") == 0 &&
	    ((status >= 301 && status <= 303) || status == 307 ||
		status == 308);
}

static void
follow(struct http_state *state)
{
	const char *why = NULL;
	char *what;

	if (state->hops == HOPS)
		why = "too many redirects";
	else if (http_is_https(state->try.url) &&
	    !http_is_https(state->try.redirect))
		why = "a redirect from https to another scheme";
	if (why != NULL) {
		what = shown_call(state->call);
		finish(state, error_value("rejected", "%s: %s", what, why));
		free(what);
		return;
	}
	free(state->hop);
	state->hop = state->try.redirect;
	state->try.redirect = NULL;
	state->hops++;
	send_request(state);
}

/* A try is over: what now? */
static void
settle(struct http_state *state)
{
	struct http_call *call = state->call;
	double named = NAN;
	jv error;

	trace(state);
	if (is_redirect(state)) {
		follow(state);
		return;
	}
	if (is_passing_status(call->status))
		named = named_time(call);
	if (!isnan(named))
		patience_until(named);
	error = judge(state);
	if (jv_is_valid(error))
		call->unsure = false;
	else if (is_unsure(state))
		call->unsure = true;
	note_progress(state);
	if (!jv_is_valid(error) && may_retry(state) &&
	    plan_retry(state, named)) {
		tell_unreached(state, error);
		drop_hop(state);
		jv_free(call->error);
		call->error = error;
		return;
	}
	finish(state, error);
}

/* ---- all calls ---- */

/* How long a call may wait for its turn. */
static double
patience_of(const struct http_call *call)
{
	double left =
	    call->deadline != NULL ? deadline_left(call->deadline) : INFINITY;

	return isinf(left) ? FUTILE : left;
}

/* What the call must wait for would be behind its deadline, or that is over. */
static void
give_up(struct http_state *state, double wait)
{
	struct http_call *call = state->call;
	char *what;
	jv error = take_error(call);

	if (jv_is_valid(error)) {
		what = shown_call(call);
		error = wait > 0
		    ? error_value(wait > FUTILE ? "unavailable" : "timeout",
			  "%s: the server is not to be asked for %.0f s", what,
			  ceil(wait))
		    : error_value(
			  "timeout", "%s: no time is left to ask", what);
		free(what);
	}
	finish(state, error);
}

/*
 * Begins one try that is due, or gives one call up. False if there was none;
 * *left is then the time in seconds until the next one is due.
 */
static bool
begin_one(double *left)
{
	double now = clock_now(), quiet = patience_get();
	struct http_state *state;

	*left = INFINITY;
	TAILQ_FOREACH(state, &calls, link)
	{
		double most = patience_of(state->call), wait;

		if (http_try_count() >= at_once)
			return false;
		if (http_try_active(&state->try))
			continue;
		/* What a server named holds for all workers. */
		wait = fmax(state->due, quiet) - now;
		if (wait > 0.001) {
			if (wait <= most) {
				*left = fmin(*left, wait);
				continue;
			}
			give_up(state, wait);
		} else if (most <= 0) {
			give_up(state, 0);
		} else {
			start_try(state);
		}
		return true;
	}
	return false;
}

/* Settles one transfer that has stalled. False if there was none. */
static bool
settle_stalled(double *left)
{
	struct http_state *state;

	TAILQ_FOREACH(state, &calls, link)
	{
		if (http_try_stalled(&state->try, left)) {
			settle(state);
			return true;
		}
	}
	return false;
}

/*
 * Moves all calls on. Sets *due to the seconds until a call that waits is due,
 * and *stall to those until one could have stalled.
 */
static void
step(double *due, double *stall)
{
	struct http_try *try;

	*stall = INFINITY;
	while (begin_one(due))
		continue;
	while ((try = http_try_next()) != NULL) {
		settle(try->call->state);
		*due = 0;
	}
	while (settle_stalled(stall))
		*due = 0;
}

void
http_poll(void)
{
	double due, stall;

	step(&due, &stall);
}

bool
http_drive(void)
{
	unsigned long long before = finished;
	double due, stall;

	if (TAILQ_EMPTY(&calls))
		return false;
	for (;;) {
		step(&due, &stall);
		if (finished != before)
			return true;
		/* Whole milliseconds, the unit of both waits. */
		due = ceil(due * 1000) / 1000;
		/* A clock that is faked moves on by waiting only. */
		if (http_try_count() == 0 || (clock_is_fake() && isfinite(due)))
			clock_sleep(due);
		else
			http_try_wait(fmin(due, stall));
	}
}

bool
http_pending(const struct http_call *call)
{
	return call->state != NULL && call->state->pending;
}

void
http_start(struct http_call *call)
{
	struct http_state *state;

	http_release(call);
	state = xcalloc(1, sizeof *state);
	state->call = call;
	state->pending = true;
	call->state = state;
	call->error = jv_null();
	TAILQ_INSERT_TAIL(&calls, state, link);
}

void
http_do(struct http_call *call)
{
	http_start(call);
	while (http_pending(call))
		http_drive();
}

void
http_release(struct http_call *call)
{
	struct http_state *state = call->state;

	jv_free(call->error);
	free(call->answer);
	call->error = jv_null();
	call->answer = NULL;
	call->answer_size = 0;
	call->status = call->tries = 0;
	call->unsure = false;
	call->waited = 0;
	call->taken = 0;
	call->state = NULL;
	if (state == NULL)
		return;
	if (state->pending) {
		drop_hop(state);
		TAILQ_REMOVE(&calls, state, link);
	}
	http_try_release(&state->try);
	free(state);
}

void
http_cancel(struct http_call *call)
{
	http_release(call);
}

void
http_allow(int count)
{
	at_once = count < TRY_MOST ? count : TRY_MOST;
}

int
http_allowed(void)
{
	return at_once;
}

void
http_close(void)
{
	while (!TAILQ_EMPTY(&calls))
		http_cancel(TAILQ_FIRST(&calls)->call);
	http_try_close();
}
