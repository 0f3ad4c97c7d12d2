/* SPDX-License-Identifier: MIT */
/*
 * httptry - one request and what came of it: what http makes its tries of
 *
 * For http only. Nothing here waits, tries again or follows redirects.
 */
#ifndef HTTPTRY_H
#define HTTPTRY_H

#include <curl/curl.h>
#include <stdbool.h>
#include <zlib.h>

#include "http.h"
#include "mem.h"

enum {
	TRY_MOST = 128, /* tries at once in this process */
	TRY_STALL = 30,
	TRY_ANSWER_MOST = 64 << 20,
};

/* How a try ended. */
enum http_try_end {
	TRY_WHOLE,    /* the answer is there, and nothing is missing */
	TRY_CUT,      /* it is not whole */
	TRY_LOST,     /* the network failed; it may do better next time */
	TRY_SLOW,     /* a limit of time */
	TRY_STALLED,  /* no byte for too long */
	TRY_HOPELESS, /* no such host, a certificate nobody trusts, ... */
	TRY_SIZE,     /* more answer than is kept */
	TRY_FILE,     /* the file that is sent cannot be read, or is short */
	TRY_CALLER,   /* sink ended it; the error is in the call */
};

struct http_try {
	/* What to send, beside what the call says. */
	struct http_call *call;
	const char *url;
	bool foreign; /* url is not of the call's own host */

	/* What came, when it has ended. */
	enum http_try_end end;
	bool sent;                 /* at least a part of the request went out */
	char *redirect;            /* where the answer points to, or NULL */
	struct buf answer;         /* a body that no sink took */
	struct buf heads;          /* "Name: value" NUL ... */
	double took;               /* seconds */
	double quiet;              /* seconds since the last byte */
	int file_error;            /* for TRY_FILE; 0: the file is short */
	char why[CURL_ERROR_SIZE]; /* the rest in words */

	/* httptry's own. */
	CURL *easy; /* NULL while there is no request */
	struct curl_slist *headers;
	bool heads_ended;
	z_stream *gzip; /* NULL: the body is not compressed */
	bool gzip_ended;
	off_t read;      /* how much of the body libcurl took */
	double began_at; /* on a clock that is always real */
	double seen_at;  /* of the last byte, likewise */
	curl_off_t seen; /* bytes, of both directions, by then */
};

/* How many are under way; no more than TRY_MOST may be. */
int http_try_count(void);

/* Sends the request. Sets call->status, call->taken as the answer comes. */
void http_try_send(struct http_try *try);

/* Whether it is under way. */
bool http_try_active(const struct http_try *try);

/* Works on all; returns one that has ended, or NULL. Does not wait. */
struct http_try *http_try_next(void);

/*
 * Ends try if it is a transfer that has stalled: true. Else *left is at most
 * the seconds until that could be.
 */
bool http_try_stalled(struct http_try *try, double *left);

/* Waits until there is something to work on, for seconds at most. */
void http_try_wait(double seconds);

/* Ends the request if it is under way. The answer stays. */
void http_try_drop(struct http_try *try);

/* Frees all that is in it. */
void http_try_release(struct http_try *try);

/* Closes all connections. */
void http_try_close(void);

/* Whether header ("Name: value") is that of name. */
bool http_is_header(const char *header, const char *name);

/* Seconds in which one try of a call that is no transfer must be over. */
double http_answer_within(const struct http_call *call);

/* Seconds without a byte after which a transfer has stalled. */
double http_stall_after(const struct http_call *call);

bool http_is_https(const char *url);

/* The value of a header of the answer; NULL without it. */
const char *http_try_header(const struct http_try *try, const char *name);

#endif
