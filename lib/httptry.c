/* SPDX-License-Identifier: MIT */
/*
 * httptry - one request and what came of it
 *
 * Done here although libcurl could: the limit on stalls, as libcurl's unit is a
 * second, and gzip, as it takes a cut stream for a whole one.
 */
#define ZLIB_CONST
#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include "digest.h"
#include "httptry.h"

enum {
	CONNECT_WITHIN = 15, /* seconds */
	ANSWER_WITHIN = 60,
	PIECE = 128 << 10, /* bytes of a transfer that are read at once */
	HEADERS_MOST = 256 << 10,
};

/* One for the process, as connections are. */
static struct {
	CURLM *multi;
	CURL *idle[TRY_MOST];
	int idles, active;
	const char *ca_file, *ca_dir;
	bool ca_known;
} pool;

/* Limits on the network are real, also where KW_CLOCK fakes the time. */
static double
real_ticks(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

bool
http_is_https(const char *url)
{
	return strncasecmp(url, "https:", 6) == 0;
}

bool
http_is_header(const char *header, const char *name)
{
	size_t len = strlen(name);

	return strncasecmp(header, name, len) == 0 && header[len] == ':';
}

const char *
http_try_header(const struct http_try *try, const char *name)
{
	const struct buf *heads = &try->heads;

	for (const char *at = heads->at;
	     at != NULL && at < heads->at + heads->len; at += strlen(at) + 1) {
		if (http_is_header(at, name)) {
			at += strlen(name) + 1;
			return at + strspn(at, " \t");
		}
	}
	return NULL;
}

/* ---- what libcurl calls ---- */

static size_t
on_header(char *line, size_t size, size_t count, void *user)
{
	struct http_try *try = user;
	size_t len = size * count;

	while (len > 0 && strchr("\r\n \t", line[len - 1]) != NULL)
		len--;
	if (len == 0) {
		try->heads_ended = true;
		return size * count;
	}
	/* Of several answers, as with 100 Continue, the last one counts. */
	if (len >= 5 && memcmp(line, "HTTP/", 5) == 0) {
		buf_clear(&try->heads);
		try->heads_ended = false;
	}
	if (try->heads.len + len > HEADERS_MOST)
		return 0;
	buf_add(&try->heads, line, len);
	buf_addc(&try->heads, '\0');
	return size * count;
}

static bool
is_success(int status)
{
	return status >= 200 && status < 300;
}

/* Hands on what came, decoded. False: no more of it. */
static bool
deliver(struct http_try *try, const void *bytes, size_t len)
{
	struct http_call *call = try->call;
	size_t most = call->most > 0 ? call->most : TRY_ANSWER_MOST;

	if (len == 0)
		return true;
	call->taken += (long long)len;
	if (call->sink != NULL && is_success(call->status)) {
		if (!call->sink(call, bytes, len))
			try->end = TRY_CALLER;
	} else if (len > most - try->answer.len) {
		try->end = TRY_SIZE;
	} else {
		buf_add(&try->answer, bytes, len);
	}
	return try->end == TRY_WHOLE;
}

static bool
unpack(struct http_try *try, const void *bytes, size_t len)
{
	z_stream *gzip = try->gzip;
	unsigned char out[16 << 10];
	int rc;

	gzip->next_in = bytes;
	gzip->avail_in = (uInt)len;
	/* What follows the end of the stream is no part of the body. */
	while (!try->gzip_ended) {
		gzip->next_out = out;
		gzip->avail_out = sizeof out;
		rc = inflate(gzip, Z_NO_FLUSH);
		if (rc == Z_BUF_ERROR) /* more is to come */
			break;
		if (rc != Z_OK && rc != Z_STREAM_END) {
			try->end = TRY_CUT;
			return false;
		}
		try->gzip_ended = rc == Z_STREAM_END;
		if (!deliver(try, out, sizeof out - gzip->avail_out))
			return false;
	}
	return true;
}

static void
begin_body(struct http_try *try)
{
	struct http_call *call = try->call;
	const char *coding = http_try_header(try, "Content-Encoding");
	long status = 0;

	curl_easy_getinfo(try->easy, CURLINFO_RESPONSE_CODE, &status);
	call->status = (int)status;
	if (!call->gzip || coding == NULL || strcasecmp(coding, "gzip") != 0)
		return;
	try->gzip = xcalloc(1, sizeof *try->gzip);
	/* 15 bits of window, and 16 for the gzip format. */
	if (inflateInit2(try->gzip, 15 + 16) != Z_OK)
		die(STATUS_STREAM, "out of memory");
}

static size_t
on_body(char *bytes, size_t size, size_t count, void *user)
{
	struct http_try *try = user;
	size_t len = size * count;
	bool more;

	if (try->call->status == 0)
		begin_body(try);
	if (try->gzip != NULL)
		more = unpack(try, bytes, len);
	else
		more = deliver(try, bytes, len);
	/* Any other number than len ends the transfer. */
	return more ? len : len + 1;
}

static size_t
on_read(char *to, size_t size, size_t count, void *user)
{
	struct http_try *try = user;
	const struct http_call *call = try->call;
	off_t left = call->body_size - try->read;
	size_t len = size * count;
	ssize_t got;

	if ((off_t)len > left)
		len = (size_t)left;
	if (len == 0)
		return 0;
	do
		got = pread(call->body_fd, to, len, call->body_at + try->read);
	while (got < 0 && errno == EINTR);
	if (got <= 0) {
		try->end = TRY_FILE;
		try->file_error = got < 0 ? errno : 0;
		return CURL_READFUNC_ABORT;
	}
	try->read += got;
	return (size_t)got;
}

static int
on_seek(void *user, curl_off_t offset, int origin)
{
	struct http_try *try = user;

	if (origin != SEEK_SET)
		return CURL_SEEKFUNC_CANTSEEK;
	try->read = offset;
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
		if (http_is_header(header, names[i]))
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

/*
 * Before 8.3.0 libcurl signs all headers that it is given, also one without a
 * value, which it does not send, and a date of ours it would send twice.
 */
static void
set_signature(struct http_try *try)
{
	const struct http_call *call = try->call;

	if (curl_easy_setopt(try->easy, CURLOPT_AWS_SIGV4, call->sigv4) !=
	    CURLE_OK)
		die(STATUS_USAGE, "this libcurl does not sign for AWS");
	SET(try->easy, CURLOPT_USERNAME, call->credential->user);
	SET(try->easy, CURLOPT_PASSWORD, call->credential->secret);
}

static void
set_headers(struct http_try *try)
{
	const struct http_call *call = try->call;
	struct curl_slist *list = NULL;
	bool typed = false, agent = false;

	/* Some servers never answer "Expect: 100-continue": a second lost. */
	if (call->sigv4 == NULL)
		list = add_header(NULL, "Expect:");

	for (size_t i = 0; call->headers != NULL && call->headers[i] != NULL;
	     i++) {
		const char *header = call->headers[i];

		if (try->foreign && !is_harmless(header))
			continue;
		typed = typed || http_is_header(header, "Content-Type");
		agent = agent || http_is_header(header, "User-Agent");
		list = add_theirs(list, header);
	}
	if (!typed) /* libcurl would say that it is a form */
		list = add_header(list, "Content-Type:");
	if (!agent)
		SET(try->easy, CURLOPT_USERAGENT, "kwtools/" PACKAGE_VERSION);
	if (call->gzip)
		list = add_header(list, "Accept-Encoding: gzip");
	if (call->sigv4 != NULL)
		set_signature(try);
	else if (call->credential != NULL && !try->foreign)
		list = add_credential(list, call->credential);
	try->headers = list;
	SET(try->easy, CURLOPT_HTTPHEADER, list);
}

static bool
takes_body(const char *method)
{
	return strcmp(method, "POST") == 0 || strcmp(method, "PUT") == 0 ||
	    strcmp(method, "PATCH") == 0;
}

static void
set_body(struct http_try *try)
{
	const struct http_call *call = try->call;
	CURL *easy = try->easy;

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
		SET(easy, CURLOPT_READDATA, try);
		SET(easy, CURLOPT_SEEKFUNCTION, on_seek);
		SET(easy, CURLOPT_SEEKDATA, try);
		SET(easy, CURLOPT_UPLOAD_BUFFERSIZE, (long)PIECE);
	} else if (strcmp(call->method, "HEAD") == 0) {
		SET(easy, CURLOPT_NOBODY, 1L);
	}
	if (strcmp(call->method, "GET") != 0 &&
	    strcmp(call->method, "HEAD") != 0)
		SET(easy, CURLOPT_CUSTOMREQUEST, call->method);
}

double
http_answer_within(const struct http_call *call)
{
	double most =
	    call->answer_within > 0 ? call->answer_within : ANSWER_WITHIN;

	return most * clock_limits();
}

double
http_stall_after(const struct http_call *call)
{
	double most = call->stall_after > 0 ? call->stall_after : TRY_STALL;

	return most * clock_limits();
}

static void
set_limits(struct http_try *try)
{
	const struct http_call *call = try->call;
	double most = call->transfer ? INFINITY : http_answer_within(call);

	if (call->deadline != NULL)
		most = fmin(most, deadline_left(call->deadline));
	/* 0 would mean none. */
	if (most < 1e6)
		SET(try->easy, CURLOPT_TIMEOUT_MS, (long)fmax(most * 1000, 1));
	SET(try->easy, CURLOPT_CONNECTTIMEOUT_MS,
	    (long)fmax(CONNECT_WITHIN * clock_limits() * 1000, 1));
	if (call->transfer)
		SET(try->easy, CURLOPT_BUFFERSIZE, (long)PIECE);
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
		if (pool.ca_dir == NULL && is_hashed(hashed))
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
		    pool.multi, CURLMOPT_MAXCONNECTS, (long)TRY_MOST);
	}
	if (pool.idles > 0)
		return pool.idle[--pool.idles];
	easy = curl_easy_init();
	check_curl(easy != NULL);
	return easy;
}

static void
set_common(struct http_try *try)
{
	CURL *easy = try->easy;

	SET(easy, CURLOPT_PRIVATE, try);
	SET(easy, CURLOPT_URL, try->url);
	SET(easy, CURLOPT_PATH_AS_IS, 1L);
	SET(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	SET(easy, CURLOPT_NOSIGNAL, 1L);
	if (try->call->direct)
		SET(easy, CURLOPT_NOPROXY, "*");
	SET(easy, CURLOPT_ERRORBUFFER, try->why);
	SET(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	SET(easy, CURLOPT_HEADERFUNCTION, on_header);
	SET(easy, CURLOPT_HEADERDATA, try);
	SET(easy, CURLOPT_WRITEFUNCTION, on_body);
	SET(easy, CURLOPT_WRITEDATA, try);
	/*
	 * A kept connection may have been closed by the server meanwhile;
	 * libcurl then sends the request again on its own, which it must not
	 * if the first may have been heard.
	 */
	if (!try->call->safe)
		SET(easy, CURLOPT_FRESH_CONNECT, 1L);
	if (http_is_https(try->url)) {
		set_trust(easy);
		/* With HTTP/2 a second call shares the first's connection. */
		SET(easy, CURLOPT_PIPEWAIT, 1L);
	}
}

int
http_try_count(void)
{
	return pool.active;
}

bool
http_try_active(const struct http_try *try)
{
	return try->easy != NULL;
}

void
http_try_send(struct http_try *try)
{
	try->call->status = 0;
	try->call->taken = 0;
	buf_clear(&try->heads);
	buf_clear(&try->answer);
	try->end = TRY_WHOLE;
	try->sent = false;
	try->heads_ended = false;
	try->gzip_ended = false;
	try->read = 0;
	try->seen = 0;
	try->why[0] = '\0';
	try->began_at = try->seen_at = real_ticks();

	try->easy = take_handle();
	set_common(try);
	set_body(try);
	set_limits(try);
	set_headers(try);
	check_curl(curl_multi_add_handle(pool.multi, try->easy) == CURLM_OK);
	pool.active++;
}

/* Looks whether bytes have moved. */
static void
watch(struct http_try *try)
{
	curl_off_t down = 0, up = 0;
	long heads = 0;

	curl_easy_getinfo(try->easy, CURLINFO_SIZE_DOWNLOAD_T, &down);
	curl_easy_getinfo(try->easy, CURLINFO_SIZE_UPLOAD_T, &up);
	curl_easy_getinfo(try->easy, CURLINFO_HEADER_SIZE, &heads);
	if (down + up + heads == try->seen)
		return;
	try->seen = down + up + heads;
	try->seen_at = real_ticks();
}

static enum http_try_end
end_of(const struct http_try *try, CURLcode rc)
{
	switch (rc) {
	case CURLE_OK:
		/* To libcurl headers that break off are an answer. */
		return try->heads_ended &&
			(try->gzip == NULL || try->gzip_ended)
		    ? TRY_WHOLE
		    : TRY_CUT;
	case CURLE_PARTIAL_FILE:
		return TRY_CUT;
	case CURLE_OPERATION_TIMEDOUT:
		return TRY_SLOW;
	case CURLE_COULDNT_RESOLVE_PROXY:
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_CONNECT:
	case CURLE_HTTP2:
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_GOT_NOTHING:
	case CURLE_SEND_ERROR:
	case CURLE_RECV_ERROR:
	case CURLE_HTTP2_STREAM:
		return TRY_LOST;
	default:
		return TRY_HOPELESS;
	}
}

/*
 * A handle whose request ended well is used again. Others may keep their buffer
 * (7.88, when they end before they have a connection), and then refuse to be
 * told its size; their connections are not lost with them.
 */
static void
drop(struct http_try *try, bool reuse)
{
	if (try->easy != NULL) {
		curl_multi_remove_handle(pool.multi, try->easy);
		if (reuse) {
			curl_easy_reset(try->easy); /* keeps nothing of ours */
			pool.idle[pool.idles++] = try->easy;
		} else {
			curl_easy_cleanup(try->easy);
		}
		pool.active--;
		try->easy = NULL;
	}
	curl_slist_free_all(try->headers);
	try->headers = NULL;
	if (try->gzip != NULL)
		inflateEnd(try->gzip);
	free(try->gzip);
	try->gzip = NULL;
}

void
http_try_drop(struct http_try *try)
{
	drop(try, false);
}

/* Who is trusted can be said; what the name in a certificate is, cannot. */
static void
add_remedy(struct http_try *try)
{
	static const char remedy[] = " (SSL_CERT_FILE names other authorities)";
	size_t len = strlen(try->why);

	if (strstr(try->why, "issuer") != NULL ||
	    strstr(try->why, "self") != NULL)
		(void)snprintf(
		    try->why + len, sizeof try->why - len, "%s", remedy);
}

/* Notes how it ended, and gives the handle back. */
static void
end_try(struct http_try *try, CURLcode rc)
{
	long status = 0, request = 0;
	char *where = NULL;
	double now;

	watch(try);
	now = real_ticks();
	try->took = now - try->began_at;
	try->quiet = now - try->seen_at;
	curl_easy_getinfo(try->easy, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(try->easy, CURLINFO_REQUEST_SIZE, &request);
	curl_easy_getinfo(try->easy, CURLINFO_REDIRECT_URL, &where);
	try->call->status = (int)status;
	try->sent = request > 0;
	free(try->redirect);
	try->redirect = where != NULL ? xstrdup(where) : NULL;
	/* Otherwise it was ended on our side, and is known. */
	if (try->end == TRY_WHOLE)
		try->end = end_of(try, rc);
	if (try->end == TRY_CUT && rc != CURLE_PARTIAL_FILE)
		(void)snprintf(try->why, sizeof try->why, "the answer is cut");
	/* libcurl tells of a bad proxy with its password. */
	else if (try->why[0] == '\0' || strchr(try->why, '@') != NULL)
		(void)snprintf(
		    try->why, sizeof try->why, "%s", curl_easy_strerror(rc));
	if (rc == CURLE_PEER_FAILED_VERIFICATION)
		add_remedy(try);
	drop(try, try->end == TRY_WHOLE);
}

struct http_try *
http_try_next(void)
{
	struct http_try *try = NULL;
	CURLMsg *message;
	CURLcode rc;
	int count;

	if (pool.active == 0)
		return NULL;
	curl_multi_perform(pool.multi, &count);
	message = curl_multi_info_read(pool.multi, &count);
	if (message == NULL)
		return NULL;
	rc = message->data.result; /* gone with the handle */
	curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &try);
	end_try(try, rc);
	return try;
}

bool
http_try_stalled(struct http_try *try, double *left)
{
	double most, quiet;

	if (try->easy == NULL || !try->call->transfer)
		return false;
	watch(try);
	most = http_stall_after(try->call);
	quiet = real_ticks() - try->seen_at;
	if (quiet < most) {
		*left = fmin(*left, most - quiet);
		return false;
	}
	try->end = TRY_STALLED;
	end_try(try, CURLE_OPERATION_TIMEDOUT);
	return true;
}

void
http_try_wait(double seconds)
{
	curl_multi_poll(
	    pool.multi, NULL, 0, (int)ceil(fmin(seconds, 60) * 1000), NULL);
}

void
http_try_release(struct http_try *try)
{
	http_try_drop(try);
	free(try->redirect);
	try->redirect = NULL;
	buf_release(&try->heads);
	buf_release(&try->answer);
}

void
http_try_close(void)
{
	while (pool.idles > 0)
		curl_easy_cleanup(pool.idle[--pool.idles]);
	if (pool.multi != NULL) {
		curl_multi_cleanup(pool.multi);
		curl_global_cleanup();
	}
	pool.multi = NULL;
}
