/* SPDX-License-Identifier: MIT */
/*
 * http - requests, deadlines, retry, transfers; the only place that knows
 * libcurl
 *
 * A call that is under way either waits, for its time or for a place, or has an
 * easy handle that works for it. step() moves all of them on: it begins the
 * tries that are due, lets libcurl work, and settles those that came to their
 * end, into an outcome, a later try, or the next hop of a redirect.
 *
 * Done here although libcurl could: redirects (it sends other headers than
 * Authorization to any host), the limit on stalls (its unit is a second),
 * gzip (it takes a cut stream for a whole one).
 */
#define ZLIB_CONST
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/queue.h>
#include <time.h>
#include <unistd.h>

#include <curl/curl.h>
#include <dirent.h>
#include <zlib.h>

#include "digest.h"
#include "http.h"
#include "mem.h"
#include "patience.h"
#include "record.h"

enum {
	ACTIVE_MOST = 32, /* tries at once; calls beyond wait for a place */
	TRIES = 5,
	HOPS = 5,
	CONNECT_WITHIN = 15, /* seconds, as all that follow */
	ANSWER_WITHIN = 60,
	STALL = 30,
	FUTILE = 300, /* for a transfer, without progress */
	BACKOFF_MOST = 30,
	PIECE = 128 << 10, /* bytes of a transfer that are read at once */
	ANSWER_MOST = 64 << 20,
	HEADERS_MOST = 256 << 10,
	WORDS_MOST = 1 << 20, /* a body that is looked into for words */
};

/* What ended a try on our side. */
enum stop {
	STOP_NONE,
	STOP_CALLER, /* begin or sink; the error is theirs */
	STOP_SIZE,   /* more answer than is kept */
	STOP_FILE,   /* the file that is sent cannot be read, or is short */
	STOP_GZIP,   /* what came is no gzip */
	STOP_STALL,
};

struct http_state {
	TAILQ_ENTRY(http_state) link;
	struct http_call *call;
	bool pending;

	double due;      /* no try begins before, in clock_now() */
	double since;    /* when the present wait began */
	double moved_at; /* of the last progress, in clock_ticks() */
	int futile;      /* tries since then */
	long long best;  /* how far into the file any try came */

	/* The present try; all but heads is gone when it is over. */
	CURL *easy; /* NULL while the call waits */
	struct curl_slist *headers;
	char *hop; /* where a redirect led; NULL: call->url */
	int hops;
	bool foreign;     /* hop is another host than that of call->url */
	struct buf heads; /* "Name: value" NUL ... of the answer */
	bool heads_ended;
	struct buf answer;
	z_stream *gzip; /* NULL: the body is not compressed */
	bool gzip_ended;
	off_t sent; /* how much of the body libcurl took */
	enum stop stop;
	int file_error;            /* for STOP_FILE; 0: the file is short */
	double began_at;           /* in real_ticks() */
	double seen_at;            /* of the last byte, likewise */
	curl_off_t seen;           /* bytes, of both directions, by then */
	char why[CURL_ERROR_SIZE]; /* libcurl's words */
};

/* One for the process, as connections are. */
static struct {
	CURLM *multi;
	CURL *idle[ACTIVE_MOST];
	int idles, active;
	unsigned long long done;
	TAILQ_HEAD(, http_state) calls; /* those that are under way */
	const char *ca_file, *ca_dir;
	bool ca_known;
} pool = { .calls = TAILQ_HEAD_INITIALIZER(pool.calls) };

/* Limits on the network are real, also where KW_CLOCK fakes the time. */
static double
real_ticks(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* ---- URLs, headers, words ---- */

static bool
is_https(const char *url)
{
	return strncasecmp(url, "https:", 6) == 0;
}

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
		if (len < 40)
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

/* Whether header ("Name: value") is that of name. */
static bool
is_header(const char *header, const char *name)
{
	size_t len = strlen(name);

	return strncasecmp(header, name, len) == 0 && header[len] == ':';
}

const char *
http_header(const struct http_call *call, const char *name)
{
	const struct buf *heads;
	const char *at;

	if (call->state == NULL)
		return NULL;
	heads = &call->state->heads;
	for (at = heads->at; at != NULL && at < heads->at + heads->len;
	     at += strlen(at) + 1) {
		if (is_header(at, name)) {
			at += strlen(name) + 1;
			return at + strspn(at, " \t");
		}
	}
	return NULL;
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

/* errors[].message, joined. */
static char *
join_messages(jv errors)
{
	struct buf out = { 0 };
	int count = 0;

	if (jv_get_kind(errors) == JV_KIND_ARRAY)
		count = jv_array_length(jv_copy(errors));
	for (int i = 0; i < count; i++) {
		jv one = jv_array_get(jv_copy(errors), i);
		const char *text = record_str(one, "message");

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

/* ---- what libcurl calls ---- */

static size_t
on_header(char *line, size_t size, size_t count, void *user)
{
	struct http_state *state = user;
	size_t len = size * count;

	while (len > 0 && strchr("\r\n \t", line[len - 1]) != NULL)
		len--;
	if (len == 0) {
		state->heads_ended = true;
		return size * count;
	}
	/* Of several answers, as with 100 Continue, the last one counts. */
	if (len >= 5 && memcmp(line, "HTTP/", 5) == 0) {
		buf_clear(&state->heads);
		state->heads_ended = false;
	}
	if (state->heads.len + len > HEADERS_MOST)
		return 0;
	buf_add(&state->heads, line, len);
	buf_addc(&state->heads, '\0');
	return size * count;
}

static bool
is_success(int status)
{
	return status >= 200 && status < 300;
}

/* Hands on what came, decoded. False: no more of it. */
static bool
deliver(struct http_state *state, const void *bytes, size_t len)
{
	struct http_call *call = state->call;
	size_t most = call->most > 0 ? call->most : ANSWER_MOST;

	if (len == 0)
		return true;
	call->taken += (long long)len;
	if (call->sink != NULL && is_success(call->status)) {
		if (!call->sink(call, bytes, len))
			state->stop = STOP_CALLER;
	} else if (len > most - state->answer.len) {
		state->stop = STOP_SIZE;
	} else {
		buf_add(&state->answer, bytes, len);
	}
	return state->stop == STOP_NONE;
}

static bool
unpack(struct http_state *state, const void *bytes, size_t len)
{
	z_stream *gzip = state->gzip;
	unsigned char out[16 << 10];
	int rc;

	gzip->next_in = bytes;
	gzip->avail_in = (uInt)len;
	/* What follows the end of the stream is no part of the body. */
	while (!state->gzip_ended) {
		gzip->next_out = out;
		gzip->avail_out = sizeof out;
		rc = inflate(gzip, Z_NO_FLUSH);
		if (rc == Z_BUF_ERROR) /* more is to come */
			break;
		if (rc != Z_OK && rc != Z_STREAM_END) {
			state->stop = STOP_GZIP;
			return false;
		}
		state->gzip_ended = rc == Z_STREAM_END;
		if (!deliver(state, out, sizeof out - gzip->avail_out))
			return false;
	}
	return true;
}

static void
begin_body(struct http_state *state)
{
	struct http_call *call = state->call;
	const char *coding = http_header(call, "Content-Encoding");
	long status = 0;

	curl_easy_getinfo(state->easy, CURLINFO_RESPONSE_CODE, &status);
	call->status = (int)status;
	if (!call->gzip || coding == NULL || strcasecmp(coding, "gzip") != 0)
		return;
	state->gzip = xcalloc(1, sizeof *state->gzip);
	/* 15 bits of window, and 16 for the gzip format. */
	if (inflateInit2(state->gzip, 15 + 16) != Z_OK)
		die(STATUS_STREAM, "out of memory");
}

static size_t
on_body(char *bytes, size_t size, size_t count, void *user)
{
	struct http_state *state = user;
	size_t len = size * count;
	bool more;

	if (state->call->status == 0)
		begin_body(state);
	if (state->gzip != NULL)
		more = unpack(state, bytes, len);
	else
		more = deliver(state, bytes, len);
	/* Any other number than len ends the transfer. */
	return more ? len : len + 1;
}

static size_t
on_read(char *to, size_t size, size_t count, void *user)
{
	struct http_state *state = user;
	const struct http_call *call = state->call;
	off_t left = call->body_size - state->sent;
	size_t len = size * count;
	ssize_t got;

	if ((off_t)len > left)
		len = (size_t)left;
	if (len == 0)
		return 0;
	do
		got =
		    pread(call->body_fd, to, len, call->body_at + state->sent);
	while (got < 0 && errno == EINTR);
	if (got <= 0) {
		state->stop = STOP_FILE;
		state->file_error = got < 0 ? errno : 0;
		return CURL_READFUNC_ABORT;
	}
	state->sent += got;
	return (size_t)got;
}

static int
on_seek(void *user, curl_off_t offset, int origin)
{
	struct http_state *state = user;

	if (origin != SEEK_SET)
		return CURL_SEEKFUNC_CANTSEEK;
	state->sent = offset;
	return CURL_SEEKFUNC_OK;
}

/* ---- one try ---- */

static void
check_curl(bool good)
{
	if (!good)
		die(STATUS_STREAM, "libcurl: out of memory");
}

/* These fail for want of memory only. */
#define SET(easy, option, value) \
	check_curl(curl_easy_setopt((easy), (option), (value)) == CURLE_OK)

static struct curl_slist *
add_header(struct curl_slist *list, const char *header)
{
	struct curl_slist *longer = curl_slist_append(list, header);

	check_curl(longer != NULL);
	return longer;
}

/* The caller's header; libcurl wants one without a value as "Name;". */
static struct curl_slist *
add_theirs(struct curl_slist *list, const char *header)
{
	const char *colon = strchr(header, ':');
	char *text;

	if (colon == NULL || colon[1 + strspn(colon + 1, " \t")] != '\0')
		return add_header(list, header);
	text = xasprintf("%.*s;", (int)(colon - header), header);
	list = add_header(list, text);
	free(text);
	return list;
}

/* What may be told to another host: how much of which file is wanted. */
static bool
is_harmless(const char *header)
{
	static const char *const names[] = { "Range", "If-Range",
		"If-None-Match", "If-Modified-Since", "Accept", "User-Agent" };

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (is_header(header, names[i]))
			return true;
	return false;
}

static struct curl_slist *
add_credential(struct curl_slist *list, const struct credential *credential)
{
	char *text = NULL, *pair, *coded;

	if (credential->kind == CREDENTIAL_BASIC) {
		pair = xasprintf("%s:%s", credential->user, credential->secret);
		coded = digest_base64(pair, strlen(pair));
		text = xasprintf("Authorization: Basic %s", coded);
		explicit_bzero(pair, strlen(pair));
		explicit_bzero(coded, strlen(coded));
		free(pair);
		free(coded);
	} else if (credential->kind == CREDENTIAL_BEARER) {
		text =
		    xasprintf("Authorization: Bearer %s", credential->secret);
	}
	if (text == NULL)
		return list;
	list = add_header(list, text);
	explicit_bzero(text, strlen(text));
	free(text);
	return list;
}

static void
set_headers(struct http_state *state)
{
	const struct http_call *call = state->call;
	/* Some servers never answer "Expect: 100-continue": a second lost. */
	struct curl_slist *list = add_header(NULL, "Expect:");
	bool typed = false, agent = false;

	for (size_t i = 0; call->headers != NULL && call->headers[i] != NULL;
	     i++) {
		const char *header = call->headers[i];

		if (state->foreign && !is_harmless(header))
			continue;
		typed = typed || is_header(header, "Content-Type");
		agent = agent || is_header(header, "User-Agent");
		list = add_theirs(list, header);
	}
	if (!typed) /* libcurl would say that it is a form */
		list = add_header(list, "Content-Type:");
	if (!agent)
		list = add_header(list, "User-Agent: kwtools/" PACKAGE_VERSION);
	if (call->gzip)
		list = add_header(list, "Accept-Encoding: gzip");
	if (call->credential != NULL && !state->foreign)
		list = add_credential(list, call->credential);
	state->headers = list;
	SET(state->easy, CURLOPT_HTTPHEADER, list);
}

static bool
takes_body(const char *method)
{
	return strcmp(method, "POST") == 0 || strcmp(method, "PUT") == 0 ||
	    strcmp(method, "PATCH") == 0;
}

static void
set_body(struct http_state *state)
{
	const struct http_call *call = state->call;
	CURL *easy = state->easy;

	if (call->body != NULL ||
	    (call->body_size == 0 && takes_body(call->method))) {
		SET(easy, CURLOPT_POSTFIELDS,
		    call->body != NULL ? call->body : "");
		SET(easy, CURLOPT_POSTFIELDSIZE_LARGE,
		    (curl_off_t)call->body_size);
	} else if (call->body_size > 0) {
		SET(easy, CURLOPT_UPLOAD, 1L);
		SET(easy, CURLOPT_INFILESIZE_LARGE,
		    (curl_off_t)call->body_size);
		SET(easy, CURLOPT_READFUNCTION, on_read);
		SET(easy, CURLOPT_READDATA, state);
		SET(easy, CURLOPT_SEEKFUNCTION, on_seek);
		SET(easy, CURLOPT_SEEKDATA, state);
		SET(easy, CURLOPT_UPLOAD_BUFFERSIZE, (long)PIECE);
	} else if (strcmp(call->method, "HEAD") == 0) {
		SET(easy, CURLOPT_NOBODY, 1L);
	}
	if (strcmp(call->method, "GET") != 0 &&
	    strcmp(call->method, "HEAD") != 0)
		SET(easy, CURLOPT_CUSTOMREQUEST, call->method);
}

static double
answer_within(const struct http_call *call)
{
	double most =
	    call->answer_within > 0 ? call->answer_within : ANSWER_WITHIN;

	return most * clock_limits();
}

static void
set_limits(struct http_state *state)
{
	const struct http_call *call = state->call;
	double most = call->transfer ? INFINITY : answer_within(call);

	if (call->deadline != NULL)
		most = fmin(most, deadline_left(call->deadline));
	/* 0 would mean none. */
	if (most < 1e6)
		SET(state->easy, CURLOPT_TIMEOUT_MS,
		    (long)fmax(most * 1000, 1));
	SET(state->easy, CURLOPT_CONNECTTIMEOUT_MS,
	    (long)fmax(CONNECT_WITHIN * clock_limits() * 1000, 1));
	if (call->transfer)
		SET(state->easy, CURLOPT_BUFFERSIZE, (long)PIECE);
}

/* Whether a folder holds certificates by the hashes of their names. */
static bool
is_hashed(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	bool found = false;

	while (dir != NULL && !found && (entry = readdir(dir)) != NULL)
		found = strspn(entry->d_name, "0123456789abcdef") == 8 &&
		    strcmp(entry->d_name + 8, ".0") == 0;
	if (dir != NULL)
		closedir(dir);
	return found;
}

static const char *
environment(const char *name)
{
	const char *value = getenv(name);

	return value != NULL && *value != '\0' ? value : NULL;
}

/*
 * Who is trusted. With libcurl's own defaults every connection parses the whole
 * bundle, 30 to 50 ms; a hashed folder costs the certificates that are used.
 */
static void
set_trust(CURL *easy)
{
	static const char hashed[] = "/etc/ssl/certs";

	if (!pool.ca_known) {
		pool.ca_file = environment("SSL_CERT_FILE");
		pool.ca_dir = environment("SSL_CERT_DIR");
		if (pool.ca_file == NULL && pool.ca_dir == NULL &&
		    is_hashed(hashed))
			pool.ca_dir = hashed;
		pool.ca_known = true;
	}
	if (pool.ca_file != NULL || pool.ca_dir != NULL) {
		SET(easy, CURLOPT_CAINFO, pool.ca_file);
		SET(easy, CURLOPT_CAPATH, pool.ca_dir);
	}
}

static CURL *
take_handle(void)
{
	CURL *easy;

	if (pool.multi == NULL) {
		check_curl(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK);
		pool.multi = curl_multi_init();
		check_curl(pool.multi != NULL);
		curl_multi_setopt(
		    pool.multi, CURLMOPT_MAXCONNECTS, (long)ACTIVE_MOST);
	}
	if (pool.idles > 0)
		return pool.idle[--pool.idles];
	easy = curl_easy_init();
	check_curl(easy != NULL);
	return easy;
}

static void
set_common(struct http_state *state, const char *url)
{
	CURL *easy = state->easy;

	SET(easy, CURLOPT_PRIVATE, state);
	SET(easy, CURLOPT_URL, url);
	SET(easy, CURLOPT_PATH_AS_IS, 1L);
	SET(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	SET(easy, CURLOPT_NOSIGNAL, 1L);
	SET(easy, CURLOPT_ERRORBUFFER, state->why);
	SET(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	SET(easy, CURLOPT_HEADERFUNCTION, on_header);
	SET(easy, CURLOPT_HEADERDATA, state);
	SET(easy, CURLOPT_WRITEFUNCTION, on_body);
	SET(easy, CURLOPT_WRITEDATA, state);
	/*
	 * A kept connection may have been closed by the server meanwhile;
	 * libcurl then sends the request again on its own, which it must not
	 * if the first may have been heard.
	 */
	if (!state->call->safe)
		SET(easy, CURLOPT_FRESH_CONNECT, 1L);
	if (is_https(url)) {
		set_trust(easy);
		/* With HTTP/2 a second call shares the first's connection. */
		SET(easy, CURLOPT_PIPEWAIT, 1L);
	}
}

/* Sends the request, to where the last redirect led if there was one. */
static void
send_request(struct http_state *state)
{
	struct http_call *call = state->call;

	call->status = 0;
	call->taken = 0;
	buf_clear(&state->heads);
	buf_clear(&state->answer);
	state->heads_ended = false;
	state->sent = 0;
	state->stop = STOP_NONE;
	state->why[0] = '\0';
	state->gzip_ended = false;
	state->seen = 0;
	state->began_at = state->seen_at = real_ticks();

	state->easy = take_handle();
	set_common(state, state->hop != NULL ? state->hop : call->url);
	set_body(state);
	set_limits(state);
	set_headers(state);
	check_curl(curl_multi_add_handle(pool.multi, state->easy) == CURLM_OK);
	pool.active++;
}

/* Takes the handle away, which ends the request if it is not over. */
static void
drop_request(struct http_state *state)
{
	if (state->easy != NULL) {
		curl_multi_remove_handle(pool.multi, state->easy);
		curl_easy_reset(state->easy); /* keeps nothing of ours */
		pool.idle[pool.idles++] = state->easy;
		pool.active--;
		state->easy = NULL;
	}
	curl_slist_free_all(state->headers);
	state->headers = NULL;
	if (state->gzip != NULL)
		inflateEnd(state->gzip);
	free(state->gzip);
	state->gzip = NULL;
}

static void
drop_hop(struct http_state *state)
{
	free(state->hop);
	state->hop = NULL;
	state->hops = 0;
	state->foreign = false;
}

/* The outcome; consumes error. */
static void
finish(struct http_state *state, jv error)
{
	struct http_call *call = state->call;

	drop_request(state);
	drop_hop(state);
	TAILQ_REMOVE(&pool.calls, state, link);
	state->pending = false;
	pool.done++;
	jv_free(call->error);
	call->error = error;
	call->answer_size = state->answer.len;
	if (state->answer.len > 0)
		call->answer = buf_take(&state->answer);
	if (call->done != NULL)
		call->done(call);
}

/* The error that begin or sink left. */
static jv
take_error(struct http_call *call)
{
	jv error = call->error;

	call->error = jv_null();
	return error;
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

/* ---- the end of a try ---- */

/* A number of seconds with nothing else; NAN if text is none. */
static double
read_seconds(const char *text)
{
	if (*text == '\0' || text[strspn(text, "0123456789.")] != '\0')
		return NAN;
	return fmin(strtod(text, NULL), 1e9);
}

/* When the server wants to be asked again, in clock_now(); NAN if any time. */
static double
named_time(const struct http_call *call)
{
	const char *after = http_header(call, "Retry-After");
	const char *left = http_header(call, "RateLimit-Remaining");
	const char *reset = http_header(call, "RateLimit-Reset");
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

/* Failures of the network that pass; not those of names or certificates. */
static bool
is_passing_failure(CURLcode rc)
{
	switch (rc) {
	case CURLE_COULDNT_RESOLVE_PROXY:
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_CONNECT:
	case CURLE_HTTP2:
	case CURLE_PARTIAL_FILE:
	case CURLE_OPERATION_TIMEDOUT:
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_GOT_NOTHING:
	case CURLE_SEND_ERROR:
	case CURLE_RECV_ERROR:
	case CURLE_HTTP2_STREAM:
		return true;
	default:
		return false;
	}
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

static jv
status_error(const struct http_state *state, const char *what)
{
	int status = state->call->status;
	char *words = NULL;
	jv body, error;

	if (state->answer.len > 0 && state->answer.len <= WORDS_MOST) {
		body = jv_parse_sized(state->answer.at, (int)state->answer.len);
		words = http_message(body);
		jv_free(body);
	}
	error = error_value(status_code(status), "%s: HTTP %d%s%s", what,
	    status, words != NULL ? ": " : "", words != NULL ? words : "");
	free(words);
	return error;
}

/* Why there is no whole answer. */
static jv
failure_error(
    const struct http_state *state, CURLcode rc, bool sent, const char *what)
{
	const struct http_call *call = state->call;
	const char *why =
	    state->why[0] != '\0' ? state->why : curl_easy_strerror(rc);

	if (state->stop == STOP_STALL)
		return error_value("timeout", "%s: nothing came for %g s", what,
		    STALL * clock_limits());
	if (rc == CURLE_OPERATION_TIMEDOUT && call->deadline != NULL &&
	    deadline_left(call->deadline) <= 0)
		return error_value(
		    "timeout", "%s: no whole answer in time", what);
	if (rc == CURLE_OPERATION_TIMEDOUT && sent)
		return error_value("timeout", "%s: no whole answer within %g s",
		    what, answer_within(call));
	if (rc == CURLE_OK || state->stop == STOP_GZIP)
		return error_value(
		    "unavailable", "%s: the answer is cut", what);
	return error_value(is_passing_failure(rc) ? "unavailable" : "rejected",
	    "%s: %s", what, why);
}

/* What the try came to: jv_null(), or the error. */
static jv
judge(struct http_state *state, CURLcode rc, bool sent)
{
	struct http_call *call = state->call;
	/* To libcurl headers that break off are an answer. */
	bool whole = rc == CURLE_OK && state->heads_ended &&
	    (state->gzip == NULL || state->gzip_ended);
	char *what;
	jv error;

	if (state->stop == STOP_CALLER)
		return take_error(call);
	if (is_success(call->status) && whole)
		return jv_null();
	what = shown_call(call);
	if (state->stop == STOP_FILE)
		error = error_value("io", "%s: the file to send: %s", what,
		    state->file_error != 0 ? strerror(state->file_error)
					   : "shorter than it was");
	else if (call->status >= 300)
		error = status_error(state, what);
	else if (state->stop == STOP_SIZE)
		error = error_value("unavailable",
		    "%s: the answer is larger than %zu bytes", what,
		    call->most > 0 ? call->most : (size_t)ANSWER_MOST);
	else
		error = failure_error(state, rc, sent, what);
	free(what);
	return error;
}

/* Whether the reason passes, and doing it again does no harm. */
static bool
may_retry(const struct http_state *state, CURLcode rc, bool sent)
{
	const struct http_call *call = state->call;
	int status = call->status;
	bool passing = rc == CURLE_OK || is_passing_failure(rc) ||
	    state->stop == STOP_GZIP;

	if (state->stop != STOP_NONE && state->stop != STOP_STALL &&
	    state->stop != STOP_GZIP && status < 300)
		return false;
	if (state->stop == STOP_FILE)
		return false;
	if (status >= 300)
		passing = is_passing_status(status);
	if (!passing)
		return false;
	return call->safe || !sent || status == 429;
}

/* Notes how far the try came, which is what gives a transfer more time. */
static void
note_progress(struct http_state *state)
{
	const struct http_call *call = state->call;
	const char *range = http_header(call, "Content-Range");
	long long end = call->taken;

	if (!is_success(call->status))
		return;
	if (call->status == 206 && range != NULL &&
	    strncasecmp(range, "bytes ", 6) == 0)
		end += strtoll(range + 6, NULL, 10);
	if (end <= state->best)
		return;
	state->best = end;
	state->moved_at = clock_ticks();
	state->futile = 0;
}

/* Plans another try; false if there is no time for one. */
static bool
plan_retry(struct http_state *state, double named)
{
	const struct http_call *call = state->call;
	double now = clock_now();
	double wait = fmin(BACKOFF_MOST, exp2(fmin(state->futile, 10))) *
	    (1 + (double)arc4random_uniform(1001) / 4000);

	/* A server that says 0 for ever is not believed for ever. */
	if (!isnan(named) && (state->futile < TRIES || named - now > wait))
		wait = fmax(named - now, 0);
	state->futile++;
	if (call->transfer ? clock_ticks() + wait - state->moved_at > FUTILE
			   : call->tries >= TRIES)
		return false;
	if (call->deadline != NULL && wait > deadline_left(call->deadline))
		return false;
	state->since = now;
	state->due = now + wait;
	return true;
}

static void
trace(const struct http_state *state, CURLcode rc)
{
	const struct http_call *call = state->call;
	char *url;

	if (!diag_is_verbose())
		return;
	url = shown_url(state->hop != NULL ? state->hop : call->url);
	verbose("%s%s%s %s: %d%s%s, %lld bytes, %.3f s",
	    call->name != NULL ? call->name : "",
	    call->name != NULL ? ": " : "", call->method, url, call->status,
	    rc != CURLE_OK ? " " : "",
	    rc != CURLE_OK ? curl_easy_strerror(rc) : "", call->taken,
	    real_ticks() - state->began_at);
	free(url);
}

/* Follows a redirect to where, which it consumes. */
static void
follow(struct http_state *state, char *where)
{
	const struct http_call *call = state->call;
	const char *from = state->hop != NULL ? state->hop : call->url;
	const char *why = NULL;
	char *what;

	if (state->hops == HOPS)
		why = "too many redirects";
	else if (is_https(from) && !is_https(where))
		why = "a redirect from https to another scheme";
	if (why != NULL) {
		free(where);
		what = shown_call(call);
		finish(state, error_value("rejected", "%s: %s", what, why));
		free(what);
		return;
	}
	free(state->hop);
	state->hop = where;
	state->hops++;
	state->foreign = !same_origin(call->url, where);
	send_request(state);
}

/* Where the answer redirects to; NULL if it does not, or may not. */
static char *
redirect(const struct http_state *state, CURLcode rc)
{
	int status = state->call->status;
	char *where = NULL;

	if (rc != CURLE_OK || strcmp(state->call->method, "GET") != 0 ||
	    (status != 307 && status != 308 && (status < 301 || status > 303)))
		return NULL;
	curl_easy_getinfo(state->easy, CURLINFO_REDIRECT_URL, &where);
	return where != NULL ? xstrdup(where) : NULL;
}

/* A try is over: what now? */
static void
settle(struct http_state *state, CURLcode rc)
{
	struct http_call *call = state->call;
	long status = 0, request = 0;
	double named;
	char *where;
	bool sent, again;
	jv error;

	curl_easy_getinfo(state->easy, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(state->easy, CURLINFO_REQUEST_SIZE, &request);
	call->status = (int)status;
	sent = request > 0;
	trace(state, rc);
	where = redirect(state, rc);
	if (where != NULL) {
		drop_request(state);
		follow(state, where);
		return;
	}

	named = is_passing_status(call->status) ? named_time(call) : NAN;
	if (!isnan(named))
		patience_until(named);
	error = judge(state, rc, sent);
	again = state->stop != STOP_CALLER && !jv_is_valid(error) &&
	    may_retry(state, rc, sent);
	note_progress(state);
	if (is_success(call->status) && jv_is_valid(error))
		call->unsure = false;
	else if (sent && state->stop != STOP_FILE && call->status < 300)
		call->unsure = true;
	else if (call->status >= 500)
		call->unsure = true;
	drop_request(state);
	if (!again || !plan_retry(state, named)) {
		finish(state, error);
		return;
	}
	drop_hop(state);
	jv_free(call->error);
	call->error = error;
}

/* ---- all calls ---- */

/* The time is not there, nor will it be before the deadline. */
static void
give_up(struct http_state *state, double wait)
{
	struct http_call *call = state->call;
	char *what;
	jv error = take_error(call);

	if (jv_is_valid(error)) {
		what = shown_call(call);
		error = error_value("timeout",
		    "%s: the server is not to be asked for %.0f s", what,
		    ceil(wait));
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
	TAILQ_FOREACH(state, &pool.calls, link)
	{
		const struct deadline *deadline = state->call->deadline;
		double wait;

		if (pool.active == ACTIVE_MOST)
			return false;
		if (state->easy != NULL)
			continue;
		/* What a server named holds for all workers. */
		wait = fmax(state->due, quiet) - now;
		if (wait > 0.001) {
			if (deadline == NULL ||
			    wait <= deadline_left(deadline)) {
				*left = fmin(*left, wait);
				continue;
			}
			give_up(state, wait);
		} else {
			start_try(state);
		}
		return true;
	}
	return false;
}

/*
 * Ends one transfer that has stalled. False if there was none; *left is then
 * at most the time in seconds until one could have.
 */
static bool
end_stalled(double *left)
{
	double now = real_ticks(), most = STALL * clock_limits();
	struct http_state *state;
	curl_off_t down, up;
	long heads;

	TAILQ_FOREACH(state, &pool.calls, link)
	{
		if (state->easy == NULL || !state->call->transfer)
			continue;
		down = up = heads = 0;
		curl_easy_getinfo(state->easy, CURLINFO_SIZE_DOWNLOAD_T, &down);
		curl_easy_getinfo(state->easy, CURLINFO_SIZE_UPLOAD_T, &up);
		curl_easy_getinfo(state->easy, CURLINFO_HEADER_SIZE, &heads);
		if (down + up + heads != state->seen) {
			state->seen = down + up + heads;
			state->seen_at = now;
		}
		if (now - state->seen_at >= most) {
			state->stop = STOP_STALL;
			settle(state, CURLE_OPERATION_TIMEDOUT);
			return true;
		}
		*left = fmin(*left, state->seen_at + most - now);
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
	struct http_state *state;
	CURLMsg *message;
	int running, rest;

	*stall = INFINITY;
	while (begin_one(due))
		continue;
	if (pool.active == 0)
		return;
	curl_multi_perform(pool.multi, &running);
	while ((message = curl_multi_info_read(pool.multi, &rest)) != NULL) {
		CURLcode rc = message->data.result;

		curl_easy_getinfo(
		    message->easy_handle, CURLINFO_PRIVATE, &state);
		settle(state, rc);
		*due = 0;
	}
	while (end_stalled(stall))
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
	unsigned long long before = pool.done;
	double due, stall;

	if (TAILQ_EMPTY(&pool.calls))
		return false;
	for (;;) {
		step(&due, &stall);
		if (pool.done != before)
			return true;
		/* Whole milliseconds, the unit of both waits. */
		due = ceil(due * 1000) / 1000;
		/* A clock that is faked moves on by waiting only. */
		if (pool.active == 0 || (clock_is_fake() && isfinite(due)))
			clock_sleep(due);
		else
			curl_multi_poll(pool.multi, NULL, 0,
			    (int)ceil(fmin(fmin(due, stall), 60) * 1000), NULL);
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
	state->moved_at = clock_ticks();
	call->state = state;
	call->error = jv_null();
	TAILQ_INSERT_TAIL(&pool.calls, state, link);
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
		drop_request(state);
		drop_hop(state);
		TAILQ_REMOVE(&pool.calls, state, link);
	}
	buf_release(&state->heads);
	buf_release(&state->answer);
	free(state);
}

void
http_cancel(struct http_call *call)
{
	http_release(call);
}

void
http_close(void)
{
	while (!TAILQ_EMPTY(&pool.calls))
		http_cancel(TAILQ_FIRST(&pool.calls)->call);
	while (pool.idles > 0)
		curl_easy_cleanup(pool.idle[--pool.idles]);
	if (pool.multi != NULL) {
		curl_multi_cleanup(pool.multi);
		curl_global_cleanup();
	}
	pool.multi = NULL;
}
