/* SPDX-License-Identifier: MIT */
/*
 * http - requests, deadlines, retry, transfers; with httptry, which is its own,
 * the only place that knows libcurl
 *
 * A struct http_call is one request and its outcome. The caller fills in the
 * first part and starts it; http tries it until it has an answer or gives up,
 * and fills in the rest. Many calls may be under way at once, 32 of them with a
 * request unless http_allow() says otherwise, over connections that are kept
 *(one CURLM for the process, made at the first call, so workers must be forked
 *before, or after http_close(); HTTP/1.1 and 2).
 *
 *	struct http_call call = { .method = "POST", .url = url, .safe = true,
 *	    .credential = &c, .body = json, .body_size = strlen(json) };
 *	http_do(&call);
 *	if (!jv_is_valid(call.error)) ...
 *	http_release(&call);
 *
 * Time: connecting may take 15 s. A call must be answered whole within 60 s
 * (answer_within changes it); a transfer has no such limit, but ends after 30 s
 * without a byte (stall_after changes that). Its deadline, if it has one, ends
 * either. All of these are multiplied by KW_LIMITS (clock.h), except the
 * deadline.
 *
 * Trying again: no connection, a cut or empty answer, one without JSON where
 * it has to have some (json), a stall, and the statuses 408, 425, 429, 500,
 * 502, 503, 504, after min(30, 2^n) seconds with a jitter of up to a quarter,
 * or when the server names a time (Retry-After in seconds or as a date;
 * RateLimit-Reset when RateLimit-Remaining is 0; X-RateLimit-Reset, in seconds
 * or since 1970, after a 429), then. That time
 * holds for all workers (patience.h). Five tries for a call; for a transfer
 * until five minutes have passed without progress (those in which bytes move
 * do not count, in either direction). Never past the deadline, nor for more
 * than five minutes where there is none: if the wait would cross that, the last
 * error is the outcome. The first time that nobody can be reached at an address
 * is told at once (warning()). A call that is not
 * safe is tried again only if the request cannot have reached the server (no
 * connection was made), or after a 429, which did nothing. Not after a 503, not
 * even one that names a time: what a gateway says of a server need not be what
 * the server did.
 *
 * Redirects are followed for GET only, five at most, by hand, and from https
 * only to https. The credential is sent to the first host (scheme, name and
 * port) only, and of the caller's own headers other hosts get only Range,
 * If-Range, If-None-Match, If-Modified-Since, Accept and User-Agent.
 *
 * TLS is verified, by the certificates in SSL_CERT_FILE and SSL_CERT_DIR, which
 * is else the hashed folder /etc/ssl/certs if there is one, as that is ten
 * times faster than parsing the bundle: so those of a company's own stand
 * beside the world's. Proxies as libcurl: https_proxy, http_proxy, no_proxy.
 *
 * -v says each try: method, URL without its query and without what may be a
 * token in its path, status, bytes, seconds. Never a header or a body.
 */
#ifndef HTTP_H
#define HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include <jv.h>

#include "clock.h"
#include "config.h"
#include "mem.h"

enum { HTTP_AT_ONCE = 32 };

struct http_call {
	/* The request: set by the caller, unchanged until the call is done. */
	const char *method;
	const char *url;
	const struct credential *credential; /* NULL: none is sent */
	/*
	 * NULL, or what AWS wants signed for: "aws:amz:REGION:SERVICE". The
	 * credential (BASIC) then signs the request (SigV4) and is not sent.
	 * The url has no query, the body comes from memory, and of headers
	 * there are those that AWS wants to be signed, but for the date.
	 */
	const char *sigv4;
	const char *const *headers; /* "Name: value" ..., NULL; may be NULL */
	const void *body;           /* sent from memory, if not NULL; else */
	int body_fd;                /* from this file, if body_size > 0, */
	off_t body_at;              /* beginning here */
	off_t body_size;
	bool gzip; /* accept a compressed answer */
	bool json; /* a 2xx without a JSON object is no answer, as if cut */

	/* How. */
	bool safe;     /* may be done twice */
	bool transfer; /* a file: no limit but the stall's */
	bool direct;   /* by no proxy, along no redirect */
	/* Tries at most; 0: 5; of a transfer those that reached nobody; 0: any.
	 */
	int attempts;
	double answer_within;            /* seconds for one try; 0: 60 */
	double stall_after;              /* seconds without a byte; 0: 30 */
	double pause_most;               /* seconds before another try; 0: 30 */
	const struct deadline *deadline; /* for all tries; NULL: none */
	size_t most;                     /* bytes of answer kept; 0: 64 MiB */
	const char *name; /* what -v and errors call it: "SaveKernel" */

	/*
	 * Called before each try: may change headers and url, must rewind what
	 * sink wrote to. False: give up, error is set by the caller.
	 */
	bool (*begin)(struct http_call *call);
	/*
	 * Takes the body of an answer with status 2xx piece by piece instead of
	 * answer. status and http_header() are valid by then. False ends the
	 * call; error is set by the caller, or left as it is: no error.
	 * None of these may call http_*(), but for http_header().
	 */
	bool (*sink)(struct http_call *call, const void *bytes, size_t len);
	/*
	 * Whether a refusal by its words passes where by its status it does
	 * not, and so is tried again; NULL: the status decides.
	 */
	bool (*passes)(const struct http_call *call, struct span body);
	/* Called once when the call is done; may start others. */
	void (*done)(struct http_call *call);
	void *context; /* the caller's */

	/* The outcome. */
	int status;   /* of the last answer; 0 if there was none */
	char *answer; /* its body, NUL behind it; NULL without one */
	size_t answer_size;
	/*
	 * jv_null() after a 2xx whose body is whole, else an error_value():
	 * auth (401, 403), not_found (404, 410), conflict (409, 412),
	 * unavailable (408, 425, 429, 5xx, no connection, a cut answer),
	 * timeout (a limit of time), rejected (any other), with the server's
	 * own words if the body is JSON and has some, and for auth with the
	 * source of the credential if one was sent.
	 */
	jv error;
	/*
	 * The server may have done it although there is no answer that says
	 * so: lost after the request was sent, or a 5xx.
	 */
	bool unsure;
	int tries;
	double waited;   /* seconds between tries */
	long long taken; /* bytes of body that came in the last try */

	struct http_state *state; /* http's own */
};

/* Begins call, which must stay where it is until it is done. */
void http_start(struct http_call *call);

/*
 * Works on all calls that were started until at least one is done (its done()
 * has been called). False if none was under way.
 */
bool http_drive(void);

/* Works on them without waiting: for a caller that has other things to do. */
void http_poll(void);

/* Starts call and works until it is done. */
void http_do(struct http_call *call);

/* Whether call was started and is not done. */
bool http_pending(const struct http_call *call);

/* Ends call without an outcome; done() is not called. */
void http_cancel(struct http_call *call);

/*
 * Frees the outcome, so that the call can be started again. What the caller
 * set is the caller's.
 */
void http_release(struct http_call *call);

/* A header of the last answer, without regard to case; NULL without it. */
const char *http_header(const struct http_call *call, const char *name);

/*
 * What a JSON body says was wrong: "message", "error" as text, error.message,
 * or what of errors[].message and errors[] is text, joined by "; ". NULL if it
 * says nothing; else the caller's to free. Borrows body.
 */
char *http_message(jv body);

/* Text with all but unreserved characters (RFC 3986, 2.3) as %XX. */
char *http_escape(const char *text);

/*
 * So many calls may have a request at once from now on, 128 at most: for
 * whoever moves thousands of small files, each of which costs a round trip.
 */
void http_allow(int count);
int http_allowed(void);

/* Closes all connections, which the end of the process does too. */
void http_close(void);

#endif
