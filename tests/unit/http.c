/* SPDX-License-Identifier: MIT */
/* http: each case of its header, against a server that does as it is told. */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <zlib.h>

#include "clock.h"
#include "digest.h"
#include "http.h"
#include "mem.h"
#include "patience.h"
#include "record.h"
#include "replies.h"

#define HEAD "HTTP/1.1 200 OK\r\n"
#define OK HEAD "Content-Length: 2\r\n\r\nok"
#define EMPTY "Content-Length: 0\r\n\r\n"

static struct server *server;

#define SERVE(...)                                                           \
	do {                                                                 \
		static const struct reply replies[] = { __VA_ARGS__ };       \
		server =                                                     \
		    server_start(replies, sizeof replies / sizeof *replies); \
	} while (0)

static int
begin_test(void **state)
{
	(void)state;
	/* What another test was told to wait for is over; whole seconds. */
	clock_sleep(100000 + ceil(clock_now()) - clock_now());
	return 0;
}

static int
end_test(void **state)
{
	(void)state;
	http_close();
	if (server != NULL)
		server_stop(server);
	server = NULL;
	unsetenv("KW_LIMITS");
	return 0;
}

static char *
url_of(const char *path)
{
	static char urls[4][300];
	static int next;

	next = (next + 1) % 4;
	(void)snprintf(urls[next], sizeof urls[next], "http://127.0.0.1:%d%s",
	    server->port, path);
	return urls[next];
}

static struct http_call
get(const char *path)
{
	return (struct http_call){
		.method = "GET", .url = url_of(path), .safe = true
	};
}

static struct http_call
post(const char *body)
{
	return (struct http_call){ .method = "POST",
		.url = url_of("/do"),
		.body = body,
		.body_size = (off_t)strlen(body) };
}

static void
assert_ok(const struct http_call *call)
{
	if (!jv_is_valid(call->error))
		fail_msg("%s", error_message(call->error));
	assert_int_equal(call->status / 100, 2);
}

static void
assert_error(const struct http_call *call, const char *code, const char *words)
{
	assert_string_equal(error_code(call->error), code);
	if (strstr(error_message(call->error), words) == NULL)
		fail_msg("\"%s\" does not say \"%s\"",
		    error_message(call->error), words);
}

static bool
was_asked_with(int request, const char *line)
{
	return strcasestr(server->asked[request].head, line) != NULL;
}

static void
assert_between(double value, double least, double most)
{
	if (!(value >= least - 0.01 && value <= most + 0.01))
		fail_msg("%g is not in %g..%g", value, least, most);
}

/* ---- answers ---- */

static void
test_answer(void **state)
{
	struct http_call call;

	(void)state;
	SERVE({ .text = HEAD "content-length: 5\r\nX-Two:  a b \r\n\r\nhello" },
	    { .text = OK });
	call = get("/x?y=1");
	assert_false(http_drive());
	http_do(&call);
	assert_ok(&call);
	assert_string_equal(call.answer, "hello");
	assert_int_equal(call.answer_size, 5);
	assert_int_equal(call.taken, 5);
	assert_int_equal(call.tries, 1);
	assert_false(call.unsure);
	assert_string_equal(http_header(&call, "x-two"), "a b");
	assert_null(http_header(&call, "x-tw"));
	assert_true(was_asked_with(0, "GET /x?y=1 HTTP/1.1\r\n"));
	assert_true(was_asked_with(0, "\r\nUser-Agent: kwtools/"));
	assert_false(was_asked_with(0, "\r\nAccept-Encoding:"));
	http_do(&call); /* frees the outcome first */
	assert_ok(&call);
	assert_string_equal(call.answer, "ok");
	assert_int_equal(server->connections, 1);
	http_release(&call);
}

static void
test_request(void **state)
{
	const char *const headers[] = { "Content-Type: application/json",
		"X-Empty:", "User-Agent: else", NULL };
	const char *const broken[] = { "X-A: b\r\nX-C: d", NULL };
	struct credential basic = { .kind = CREDENTIAL_BASIC,
		.user = (char[]){ "api" },
		.secret = (char[]){ "key" } };
	struct credential bearer = { .kind = CREDENTIAL_BEARER,
		.secret = (char[]){ "token" } };
	struct http_call call;

	(void)state;
	SERVE({ .text = HEAD EMPTY });
	call = post("{}");
	call.headers = headers;
	call.credential = &basic;
	http_do(&call);
	assert_ok(&call);
	assert_null(call.answer);
	assert_true(was_asked_with(0, "POST /do HTTP/1.1\r\n"));
	assert_true(
	    was_asked_with(0, "\r\nContent-Type: application/json\r\n"));
	assert_true(was_asked_with(0, "\r\nX-Empty:\r\n"));
	assert_true(was_asked_with(0, "\r\nUser-Agent: else\r\n"));
	assert_true(was_asked_with(0, "\r\nContent-Length: 2\r\n"));
	assert_true(
	    was_asked_with(0, "\r\nAuthorization: Basic YXBpOmtleQ==\r\n"));
	assert_string_equal(server->asked[0].body, "{}");

	call.headers = NULL;
	call.method = "PUT";
	call.body = NULL;
	call.body_size = 0;
	call.credential = &bearer;
	http_do(&call);
	assert_true(was_asked_with(1, "PUT /do HTTP/1.1\r\n"));
	assert_true(was_asked_with(1, "\r\nContent-Length: 0\r\n"));
	assert_true(was_asked_with(1, "\r\nAuthorization: Bearer token\r\n"));
	assert_false(was_asked_with(1, "\r\nContent-Type:"));

	call.headers = broken;
	http_do(&call);
	assert_error(&call, "input", "line break");
	assert_int_equal(server->requests, 2);
	http_release(&call);
}

static void
test_statuses(void **state)
{
	static const struct {
		const char *code;
		const char *words;
	} wanted[] = {
		{ "rejected", "Save: HTTP 400: bad slug" },
		{ "auth", "HTTP 401: who" },
		{ "auth", "HTTP 403: no" },
		{ "not_found", "HTTP 404" },
		{ "conflict", "HTTP 409: a; b" },
		{ "not_found", "HTTP 410" },
		{ "conflict", "HTTP 412" },
		{ "unavailable", "HTTP 501" },
		{ "rejected", "HTTP 304" },
	};

	(void)state;
#define JSON(status, body, len)                                   \
	{ .text = "HTTP/1.1 " status " x\r\nContent-Length: " len \
		  "\r\n\r\n" body }
	SERVE(JSON("400", "{\"code\":400,\"message\":\"bad slug\"}", "33"),
	    JSON("401", "{\"error\":\"who\"}", "15"),
	    JSON("403", "{\"error\":{\"message\":\"no\"}}", "26"),
	    JSON("404", "[\"<html>\"", "9"),
	    JSON("409",
		"{\"errors\":[{\"message\":\"a\"},1,{\"message\":\"b\"}]}",
		"46"),
	    JSON("410", "", "0"), JSON("412", "\"x\"", "3"),
	    JSON("501", "", "0"),
	    { .text = "HTTP/1.1 304 x\r\nETag: \"e\"\r\n\r\n" });
	for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
		struct http_call call = get("/s");

		call.name = "Save";
		http_do(&call);
		assert_error(&call, wanted[i].code, wanted[i].words);
		assert_int_equal(call.tries, 1);
		assert_int_equal(call.unsure, call.status == 501);
		http_release(&call);
	}
	assert_int_equal(server->connections, 1);
}

static void
test_message(void **state)
{
	static const char *const silent[] = { "1", "[]", "{}", "null",
		"{\"message\": 1}", "{\"error\": null}", "{\"errors\": {}}",
		"{\"errors\": [1, {\"message\": 2}]}", "{\"message\": \"\"}" };

	(void)state;
	for (size_t i = 0; i < sizeof silent / sizeof *silent; i++) {
		jv body = jv_parse(silent[i]);

		assert_null(http_message(body));
		jv_free(body);
	}
}

static void
test_escape(void **state)
{
	char *text = http_escape("a/b c~-._%\xc3\xa9");

	(void)state;
	assert_string_equal(text, "a%2Fb%20c~-._%25%C3%A9");
	free(text);
}

/* Makes a reply of size times the letter a, compressed; its length. */
static size_t
make_gzip(
    char *reply, size_t room, size_t size, size_t missing, const char *more)
{
	char *letters = malloc(size);
	z_stream gzip = { 0 };
	Bytef packed[1000];
	size_t head;

	assert_non_null(letters);
	memset(letters, 'a', size);
	assert_int_equal(deflateInit2(&gzip, 9, Z_DEFLATED, 15 + 16, 8, 0), 0);
	gzip.next_in = (Bytef *)letters;
	gzip.avail_in = (uInt)size;
	gzip.next_out = packed;
	gzip.avail_out = sizeof packed;
	assert_int_equal(deflate(&gzip, Z_FINISH), Z_STREAM_END);
	gzip.total_out -= missing;
	head = (size_t)snprintf(reply, room,
	    HEAD "Content-Encoding: gzip\r\nContent-Length: %zu\r\n\r\n",
	    gzip.total_out + strlen(more));
	assert_true(head + gzip.total_out + strlen(more) < room);
	memcpy(reply + head, packed, gzip.total_out);
	memcpy(reply + head + gzip.total_out, more, strlen(more));
	deflateEnd(&gzip);
	free(letters);
	return head + gzip.total_out + strlen(more);
}

static void
test_gzip(void **state)
{
	enum { SIZE = 200000 };
	static char text[4][2000];
	struct reply replies[5] = { 0 };
	struct http_call call;

	(void)state;
	/* Cut, though what carries it is whole; no gzip at all; good. */
	replies[0].len = make_gzip(text[0], 2000, SIZE, 8, "");
	replies[1].len = make_gzip(text[1], 2000, SIZE, 0, "");
	text[1][replies[1].len - 1] ^= 1;
	replies[2].len = make_gzip(text[2], 2000, SIZE, 0, "");
	replies[3].len = make_gzip(text[3], 2000, SIZE, 0, "rest");
	for (int i = 0; i < 4; i++)
		replies[i].text = text[i];
	replies[4] = replies[2];
	server = server_start(replies, 5);
	call = get("/");
	call.gzip = true;
	for (int i = 0; i < 2; i++) {
		http_do(&call);
		assert_ok(&call);
		assert_int_equal(call.tries, i == 0 ? 3 : 1);
		assert_int_equal(call.answer_size, SIZE);
		assert_int_equal(strspn(call.answer, "a"), SIZE);
	}
	assert_true(was_asked_with(0, "\r\nAccept-Encoding: gzip\r\n"));
	call.most = SIZE - 1;
	http_do(&call);
	assert_error(&call, "unavailable", "larger than 199999 bytes");
	call.gzip = false;
	http_do(&call);
	assert_ok(&call);
	assert_true(call.answer_size < 1000);
	http_release(&call);
}

static void
test_most(void **state)
{
	struct http_call call;

	(void)state;
	SERVE({ .text = HEAD "Content-Length: 11\r\n\r\nhello world" },
	    { .text = HEAD "Transfer-Encoding: chunked\r\n\r\n"
			   "6\r\nhello \r\n5\r\nworld\r\n0\r\n\r\n" },
	    { .text = "HTTP/1.1 404 x\r\nContent-Length: 11\r\n\r\n"
		      "hello world" });
	call = get("/");
	call.most = 10;
	http_do(&call);
	assert_error(&call, "unavailable", "larger than 10 bytes");
	http_do(&call);
	assert_error(&call, "unavailable", "larger than 10 bytes");
	http_do(&call);
	assert_error(&call, "not_found", "HTTP 404");
	assert_int_equal(server->requests, 3);
	http_release(&call);
}

/* 64 MiB without end: as many as wanted, memory bounded. */
static void
test_most_by_default(void **state)
{
	char *text = malloc((64 << 20) + 200);
	struct reply reply = { .text = text };
	struct http_call call;
	int head;

	(void)state;
	assert_non_null(text);
	head = snprintf(text, 200, HEAD "\r\n");
	memset(text + head, 'x', (64 << 20) + 1);
	reply.len = (size_t)head + (64 << 20) + 1;
	server = server_start(&reply, 1);
	call = get("/");
	http_do(&call);
	assert_error(&call, "unavailable", "larger than 67108864 bytes");
	assert_int_equal(call.tries, 1);
	http_release(&call);
	free(text);
}

/* ---- trying again ---- */

static void
test_passing_statuses(void **state)
{
#define AGAIN(status) \
	{ .text = "HTTP/1.1 " status " x\r\n" EMPTY }, { .text = OK }
	(void)state;
	SERVE(AGAIN("408"), AGAIN("425"), AGAIN("429"), AGAIN("500"),
	    AGAIN("502"), AGAIN("503"), AGAIN("504"));
	for (int i = 0; i < 7; i++) {
		struct http_call call = get("/");
		double before = clock_now();

		http_do(&call);
		assert_ok(&call);
		assert_int_equal(call.tries, 2);
		assert_false(call.unsure);
		assert_between(call.waited, 1, 1.25);
		assert_between(clock_now() - before, 1, 1.25);
		http_release(&call);
	}
	assert_int_equal(server->requests, 14);
}

static void
test_five_tries(void **state)
{
	struct http_call call;

	(void)state;
	SERVE({ .text = "HTTP/1.1 500 x\r\nContent-Length: 15\r\n\r\n"
			"{\"error\":\"why\"}" });
	call = get("/");
	http_do(&call);
	assert_error(&call, "unavailable", "HTTP 500: why");
	assert_int_equal(call.tries, 5);
	assert_int_equal(server->requests, 5);
	assert_true(call.unsure);
	assert_between(call.waited, 1 + 2 + 4 + 8, 1.25 * (1 + 2 + 4 + 8));
	http_release(&call);
}

static void
test_named_times(void **state)
{
	static const double least[] = { 7, 0.5, 0, 12.5, 1, 3, 1, 1 };
	static const double most[] = { 7, 0.5, 0, 12.5, 1.25, 3, 1.25, 1.25 };
	char date[200];
	time_t then;
	struct tm tm;
	struct reply replies[16];

	(void)state;
#define NAMED(header) "HTTP/1.1 503 x\r\n" header "\r\n" EMPTY
	for (int i = 0; i < 16; i++)
		replies[i] = (struct reply){ .text = OK };
	/* 7 + 0.5 + 12.5 seconds from now. */
	then = (time_t)lround(clock_now() + 20);
	assert_non_null(gmtime_r(&then, &tm));
	assert_true(
	    strftime(date, sizeof date,
		NAMED("Retry-After: %a, %d %b %Y %H:%M:%S GMT"), &tm) > 0);
	replies[0].text = NAMED("Retry-After: 7");
	replies[2].text = NAMED("retry-after: 0.5");
	replies[4].text = NAMED("Retry-After: Fri, 31 Dec 1999 23:59:59 GMT");
	replies[6].text = date;
	replies[8].text = NAMED("Retry-After: soon");
	replies[10].text =
	    NAMED("RateLimit-Remaining: 0\r\nRateLimit-Reset: 3");
	replies[12].text =
	    NAMED("RateLimit-Remaining: 5\r\nRateLimit-Reset: 3");
	replies[14].text = NAMED("Retry-After: inf");
	server = server_start(replies, 16);
	for (int i = 0; i < 8; i++) {
		struct http_call call = get("/");

		http_do(&call);
		assert_ok(&call);
		assert_int_equal(call.tries, 2);
		assert_between(call.waited, least[i], most[i]);
		http_release(&call);
	}
}

/* X-RateLimit-Reset, after a 429 only: seconds, or since 1970. */
static void
test_named_reset(void **state)
{
	static const double least[] = { 7, 20, 1 };
	static const double most[] = { 7, 21, 1.25 };
	char since[100];
	struct reply replies[6];

	(void)state;
#define RESET(status) "HTTP/1.1 " status " x\r\nX-RateLimit-Reset: "
	(void)snprintf(since, sizeof since, RESET("429") "%.0f\r\n" EMPTY,
	    ceil(clock_now()) + 27);
	for (int i = 0; i < 6; i++)
		replies[i] = (struct reply){ .text = OK };
	replies[0].text = RESET("429") "7\r\n" EMPTY;
	replies[2].text = since;
	replies[4].text = RESET("503") "7\r\n" EMPTY;
	server = server_start(replies, 6);
	for (int i = 0; i < 3; i++) {
		struct http_call call = get("/");

		http_do(&call);
		assert_ok(&call);
		assert_int_equal(call.tries, 2);
		assert_between(call.waited, least[i], most[i]);
		http_release(&call);
	}
}

static void
test_patience_holds_for_all(void **state)
{
	struct deadline end;
	struct http_call one, other;
	double before = clock_now();

	(void)state;
	SERVE({ .text = "HTTP/1.1 429 x\r\nRetry-After: 30\r\n" EMPTY },
	    { .text = OK });
	one = post("{}");
	one.deadline = &end;
	end = deadline_in(10);
	http_do(&one);
	assert_error(&one, "unavailable", "HTTP 429");
	assert_int_equal(one.tries, 1);
	assert_between(clock_now() - before, 0, 0);

	/* Not even asked: there is no time for it. */
	other = get("/");
	other.deadline = &end;
	http_do(&other);
	assert_error(&other, "timeout", "30 s");
	assert_int_equal(other.tries, 0);
	assert_int_equal(server->requests, 1);

	other.deadline = NULL;
	http_do(&other);
	assert_ok(&other);
	assert_between(clock_now() - before, 30, 30);
	http_release(&one);
	http_release(&other);

	/* What has no deadline does not wait for a day all the same. */
	SERVE({ .text = "HTTP/1.1 429 x\r\nRetry-After: 86400\r\n" EMPTY });
	one = get("/");
	end = deadline_in(INFINITY);
	one.deadline = &end;
	http_do(&one);
	assert_error(&one, "unavailable", "HTTP 429");
	other = get("/");
	http_do(&other);
	assert_error(&other, "unavailable", "86400 s");
	assert_between(clock_now() - before, 30, 30);
	http_release(&one);
	http_release(&other);
}

/* Where nobody listens. */
static int
closed_port(int *fd)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof address;

	*fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(*fd, (struct sockaddr *)&address, len), 0);
	assert_int_equal(
	    getsockname(*fd, (struct sockaddr *)&address, &len), 0);
	return ntohs(address.sin_port);
}

static void
test_no_connection(void **state)
{
	struct deadline end;
	struct http_call call;
	char url[64];
	int fd;

	(void)state;
	(void)snprintf(
	    url, sizeof url, "http://127.0.0.1:%d/x?k=v", closed_port(&fd));
	/* Nothing was sent: what is not safe is tried again as well. */
	call = (struct http_call){
		.method = "POST", .url = url, .body = "x", .body_size = 1
	};
	http_do(&call);
	assert_error(&call, "unavailable", "connect");
	assert_null(strstr(error_message(call.error), "k=v"));
	assert_int_equal(call.tries, 5);
	assert_int_equal(call.status, 0);
	assert_false(call.unsure);

	/* 1, 2 and 4 seconds with their jitter fit, 8 more do not. */
	end = deadline_in(14);
	call.deadline = &end;
	http_do(&call);
	assert_error(&call, "unavailable", "connect");
	assert_int_equal(call.tries, 4);

	call.deadline = NULL;
	call.transfer = true;
	http_do(&call);
	assert_error(&call, "unavailable", "connect");
	assert_between(call.waited, 300 - 37.5, 300);
	http_release(&call);
	close(fd);

	call = (struct http_call){
		.method = "GET", .url = "ftp://x/y", .safe = true
	};
	http_do(&call);
	assert_error(&call, "rejected", "rotocol");
	assert_int_equal(call.tries, 1);
	http_release(&call);
}

static void
test_unsafe_once(void **state)
{
	static const int tries[] = { 1, 1, 1, 1, 1, 2, 1 };
	static const bool unsure[] = { true, true, true, true, true, false,
		true };

	(void)state;
	SERVE({ .text = "", .end = REPLY_CLOSE },
	    { .text = "", .end = REPLY_RESET },
	    { .text = "HTTP/1.1 500 x\r\n" EMPTY },
	    { .text = "HTTP/1.1 503 x\r\n" EMPTY },
	    { .text = "HTTP/1.1 503 x\r\nRetry-After: 1\r\n" EMPTY },
	    { .text = "HTTP/1.1 429 x\r\n" EMPTY }, { .text = OK },
	    { .text = HEAD "Content-Length: 5\r\n\r\nab", .end = REPLY_CLOSE });
	for (int i = 0; i < 7; i++) {
		struct http_call call = post("{}");

		http_do(&call);
		if (tries[i] == 2)
			assert_ok(&call);
		else
			assert_error(&call, "unavailable", "");
		assert_int_equal(call.tries, tries[i]);
		assert_int_equal(call.unsure, unsure[i]);
		http_release(&call);
	}
	assert_int_equal(server->requests, 8);
}

/*
 * libcurl would send again what a kept connection lost; a safe call may, and
 * gains the wait.
 */
static void
test_kept_connection_closed(void **state)
{
	struct http_call first, second;

	(void)state;
	SERVE(
	    { .text = OK }, { .text = "", .end = REPLY_CLOSE }, { .text = OK });
	first = get("/");
	http_do(&first);
	assert_ok(&first);
	second = post("{}");
	http_do(&second);
	assert_error(&second, "unavailable", "");
	assert_true(second.unsure);
	assert_int_equal(server->requests, 2);
	http_release(&first);
	http_release(&second);
}

static void
test_cut_answers(void **state)
{
	struct http_call call;

	(void)state;
	SERVE({ .text = HEAD "Content-Length: 9\r\n\r\nhalf",
		  .end = REPLY_CLOSE },
	    { .text = HEAD "Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
		.end = REPLY_CLOSE },
	    { .text = HEAD "Transfer-Encoding: chunked\r\n\r\n9\r\nhalf",
		.end = REPLY_RESET },
	    { .text = HEAD "Content-Le", .end = REPLY_CLOSE },
	    { .text = HEAD "\r\nto the end", .end = REPLY_CLOSE },
	    { .text = HEAD "Content-Length: 9\r\n\r\nhalf",
		.end = REPLY_CLOSE });
	call = get("/");
	http_do(&call);
	assert_ok(&call);
	assert_int_equal(call.tries, 5);
	assert_string_equal(call.answer, "to the end");
	http_do(&call);
	assert_error(&call, "unavailable", "");
	assert_int_equal(call.status, 200);
	assert_int_equal(call.tries, 5);
	assert_true(call.unsure);
	http_release(&call);
}

static void
test_silence(void **state)
{
	struct deadline end;
	struct http_call call;

	(void)state;
	SERVE({ .text = "" }, { .text = "" }, { .text = OK }, { .text = "" });
	setenv("KW_LIMITS", "0.1", 1);
	call = post("{}");
	call.answer_within = 4;
	http_do(&call);
	assert_error(&call, "timeout", "no whole answer within 0.4 s");
	assert_int_equal(call.tries, 1);
	assert_true(call.unsure);
	call.safe = true;
	http_do(&call);
	assert_ok(&call);
	assert_int_equal(call.tries, 2);

	unsetenv("KW_LIMITS");
	end = deadline_in(0.3);
	call.deadline = &end;
	call.answer_within = 0;
	http_do(&call);
	assert_error(&call, "timeout", "");
	assert_int_equal(call.tries, 1);
	http_release(&call);
}

/* ---- transfers ---- */

struct taken {
	struct buf got;
	char range[40];
	const char *headers[2];
	int begun, done;
	size_t refuse_at;
};

static bool
resume(struct http_call *call)
{
	struct taken *taken = call->context;

	taken->begun++;
	(void)snprintf(taken->range, sizeof taken->range, "Range: bytes=%zu-",
	    taken->got.len);
	taken->headers[0] = taken->got.len > 0 ? taken->range : NULL;
	call->headers = taken->headers;
	return true;
}

static bool
take(struct http_call *call, const void *bytes, size_t len)
{
	struct taken *taken = call->context;

	if (call->status == 200 && call->taken == (long long)len)
		buf_clear(&taken->got);
	assert_non_null(http_header(call, "Content-Length"));
	buf_add(&taken->got, bytes, len);
	if (taken->refuse_at > 0 && taken->got.len >= taken->refuse_at) {
		jv_free(call->error);
		call->error = error_value("io", "no room");
		return false;
	}
	return true;
}

static void
count_done(struct http_call *call)
{
	struct taken *taken = call->context;

	taken->done++;
}

static struct http_call
download(struct taken *taken)
{
	struct http_call call = get("/file");

	call.transfer = true;
	call.begin = resume;
	call.sink = take;
	call.done = count_done;
	call.context = taken;
	return call;
}

static void
test_resume(void **state)
{
	struct taken taken = { 0 };
	struct http_call call;

	(void)state;
	/* Each piece but the last is followed by silence or a cut. */
	SERVE({ .text = HEAD "Content-Length: 10\r\n\r\nabc" },
	    { .text = "HTTP/1.1 503 x\r\nContent-Length: 4\r\n\r\nxxxx" },
	    { .text = "HTTP/1.1 206 x\r\nContent-Length: 7\r\n"
		      "Content-Range: bytes 3-9/10\r\n\r\ndef",
		.end = REPLY_CLOSE },
	    { .text = "HTTP/1.1 206 x\r\nContent-Length: 4\r\n"
		      "Content-Range: bytes 6-9/10\r\n\r\nghij" },
	    { .text = HEAD "Content-Length: 3\r\n\r\nnew" });
	setenv("KW_LIMITS", "0.02", 1);
	call = download(&taken);
	http_do(&call);
	assert_ok(&call);
	assert_string_equal(taken.got.at, "abcdefghij");
	assert_int_equal(taken.begun, 4);
	assert_int_equal(taken.done, 1);
	assert_int_equal(call.tries, 4);
	assert_null(call.answer);
	assert_false(was_asked_with(0, "\r\nRange:"));
	assert_true(was_asked_with(1, "\r\nRange: bytes=3-\r\n"));
	assert_true(was_asked_with(3, "\r\nRange: bytes=6-\r\n"));
	/* What came gave the next wait its beginning: 1, 2, 1 seconds. */
	assert_between(call.waited, 4, 5);

	/* The file is another now. */
	http_do(&call);
	assert_ok(&call);
	assert_string_equal(taken.got.at, "new");
	http_release(&call);
	buf_release(&taken.got);
}

static bool
refuse(struct http_call *call)
{
	call->error = error_value("conflict", "not now");
	return false;
}

static void
test_caller_ends(void **state)
{
	struct taken taken = { .refuse_at = 1 };
	struct http_call call;

	(void)state;
	SERVE({ .text = HEAD "Content-Length: 10\r\n\r\nabcdefghij" });
	call = download(&taken);
	http_do(&call);
	assert_error(&call, "io", "no room");
	assert_int_equal(call.tries, 1);
	call.begin = refuse;
	http_do(&call);
	assert_error(&call, "conflict", "not now");
	assert_int_equal(server->requests, 1);
	assert_int_equal(taken.done, 2);
	http_release(&call);
	buf_release(&taken.got);
}

/* A file of size bytes, which has no name any more. */
static int
make_file(size_t size)
{
	char path[] = "/tmp/kw-http-XXXXXX";
	int fd = mkstemp(path);
	char *bytes = malloc(size);

	assert_true(fd >= 0 && bytes != NULL);
	unlink(path);
	for (size_t i = 0; i < size; i++)
		bytes[i] = (char)(i * 7 + i / 251);
	assert_int_equal(write(fd, bytes, size), size);
	free(bytes);
	return fd;
}

enum { FILE_SIZE = 1 << 20 };

static struct http_call
upload(int fd)
{
	return (struct http_call){ .method = "PUT",
		.url = url_of("/up"),
		.body_fd = fd,
		.body_size = FILE_SIZE,
		.safe = true,
		.transfer = true };
}

static void
test_upload(void **state)
{
	char whole[DIGEST_MD5_TEXT];
	struct http_call call;
	int fd = make_file(FILE_SIZE);

	(void)state;
	SERVE({ .text = "HTTP/1.1 503 x\r\n" EMPTY },
	    { .text = "", .end = REPLY_RESET, .after = 100000 },
	    { .text = "HTTP/1.1 201 x\r\n" EMPTY },
	    { .text = "HTTP/1.1 201 x\r\n" EMPTY },
	    { .text = "HTTP/1.1 403 x\r\nConnection: close\r\n" EMPTY,
		.after = 1 },
	    { .text = OK });
	call = upload(fd);
	http_do(&call);
	assert_ok(&call);
	assert_int_equal(server->requests, 3);
	assert_true(digest_file(fd, FILE_SIZE, whole, NULL));
	assert_int_equal(server->asked[0].body_size, FILE_SIZE);
	assert_string_equal(server->asked[0].md5, whole);
	assert_int_equal(server->asked[2].body_size, FILE_SIZE);
	assert_string_equal(server->asked[2].md5, whole);
	assert_false(was_asked_with(0, "\r\nExpect:"));
	assert_false(was_asked_with(0, "\r\nTransfer-Encoding:"));
	assert_false(was_asked_with(0, "\r\nContent-Type:"));

	call.body_at = 7;
	call.body_size = 5;
	http_do(&call);
	assert_ok(&call);
	assert_int_equal(server->asked[3].body_size, 5);
	assert_int_equal(server->asked[3].body[0], 7 * 7);

	/* Refused in the middle: an answer, and not a lost connection. */
	http_release(&call);
	call = upload(fd);
	http_do(&call);
	assert_error(&call, "auth", "HTTP 403");
	assert_int_equal(call.tries, 1);
	http_release(&call);

	/* The handle that sent it sends nothing now. */
	call = get("/");
	http_do(&call);
	assert_ok(&call);
	assert_true(was_asked_with(5, "GET / HTTP/1.1\r\n"));
	assert_false(was_asked_with(5, "\r\nContent-Length:"));
	http_release(&call);
	close(fd);
}

static void
test_upload_short(void **state)
{
	struct http_call call;
	int fd = make_file(1000);

	(void)state;
	SERVE({ .text = OK });
	call = upload(fd);
	http_do(&call);
	assert_error(&call, "io", "shorter than it was");
	assert_int_equal(call.tries, 1);
	assert_false(call.unsure);
	close(fd);
	call.body_fd = -1;
	http_do(&call);
	assert_error(&call, "io", strerror(EBADF));
	http_release(&call);
}

static void
test_upload_stalls(void **state)
{
	struct http_call call;
	int fd = make_file(FILE_SIZE);

	(void)state;
	SERVE({ .text = "" }, { .text = "" });
	setenv("KW_LIMITS", "0.01", 1);
	call = upload(fd);
	call.safe = false;
	http_do(&call);
	assert_error(&call, "timeout", "nothing came for 0.3 s");
	assert_int_equal(call.tries, 1);
	assert_true(call.unsure);
	call.stall_after = 9;
	http_do(&call);
	assert_error(&call, "timeout", "nothing came for 0.09 s");
	http_release(&call);
	close(fd);
}

/* What ended before it had a connection leaves nothing to the next one. */
static void
test_after_a_wrong_url(void **state)
{
	struct http_call call;

	(void)state;
	SERVE({ .text = OK });
	call = get("/");
	call.transfer = true;
	call.url = "http://[";
	http_do(&call);
	assert_error(&call, "rejected", "");
	http_release(&call);
	call = get("/");
	call.transfer = true;
	http_do(&call);
	assert_ok(&call);
	http_release(&call);
}

/* ---- redirects ---- */

static void
test_redirect(void **state)
{
	const char *const headers[] = { "X-Key: secret", "Range: bytes=1-",
		NULL };
	struct credential basic = { .kind = CREDENTIAL_BASIC,
		.user = (char[]){ "u" },
		.secret = (char[]){ "k" } };
	struct server *first, *other;
	struct http_call call;
	char away[200];
	struct reply list[] = {
		{ .text = "HTTP/1.1 302 x\r\nLocation: /b?c\r\n" EMPTY },
		{ .text = away },
		{ .text = "HTTP/1.1 307 x\r\nLocation: /loop\r\n" EMPTY },
	};

	(void)state;
	SERVE({ .text = OK });
	other = server;
	(void)snprintf(away, sizeof away,
	    "HTTP/1.1 301 x\r\nLocation: http://127.0.0.1:%d/d\r\n" EMPTY,
	    other->port);
	first = server = server_start(list, 3);
	call = get("/a");
	call.headers = headers;
	call.credential = &basic;
	http_do(&call);
	assert_ok(&call);
	assert_int_equal(call.tries, 1);
	assert_string_equal(call.answer, "ok");
	assert_true(was_asked_with(1, "GET /b?c HTTP/1.1\r\n"));
	assert_true(was_asked_with(1, "\r\nAuthorization: Basic dTpr\r\n"));
	assert_true(was_asked_with(1, "\r\nX-Key: secret\r\n"));
	server = other;
	assert_true(was_asked_with(0, "GET /d HTTP/1.1\r\n"));
	assert_false(was_asked_with(0, "Authorization"));
	assert_false(was_asked_with(0, "X-Key"));
	assert_true(was_asked_with(0, "\r\nRange: bytes=1-\r\n"));

	server = first;
	http_do(&call);
	assert_error(&call, "rejected", "too many redirects");
	assert_int_equal(first->requests, 2 + 6);
	http_release(&call);

	/* Only GET can be said again elsewhere. */
	call = post("{}");
	call.safe = true;
	http_do(&call);
	assert_error(&call, "rejected", "HTTP 307");
	assert_int_equal(first->requests, 2 + 6 + 1);
	http_release(&call);
	server_stop(other);
}

/* ---- answers that must be JSON ---- */

static void
test_json(void **state)
{
	struct http_call call;

	(void)state;
	SERVE({ .text = HEAD "Content-Length: 6\r\n\r\n<html>" },
	    { .text = HEAD EMPTY },
	    { .text = HEAD "Content-Length: 2\r\n\r\n[]" },
	    { .text = HEAD "Content-Length: 2\r\n\r\n{}" },
	    { .text = HEAD "Content-Length: 6\r\n\r\n<html>" });
	call = post("{}");
	call.json = call.safe = call.transfer = true;
	http_do(&call);
	assert_ok(&call);
	assert_int_equal(call.tries, 4);
	assert_string_equal(call.answer, "{}");

	/* Nor is it asked for ever, and what came of it is not known. */
	http_do(&call);
	assert_error(&call, "unavailable", "no JSON object");
	assert_true(call.tries > 5 && call.waited < 301);
	assert_true(call.unsure);
	http_release(&call);

	call = post("{}");
	call.json = true;
	http_do(&call);
	assert_error(&call, "unavailable", "no JSON object");
	assert_int_equal(call.tries, 1);
	http_release(&call);
}

/* ---- many at once ---- */

static void
start_next(struct http_call *call)
{
	struct http_call *next = call->context;

	if (next != NULL)
		http_start(next);
}

static void
test_parallel(void **state)
{
	struct http_call calls[4], last;
	int open = 4;

	(void)state;
	/* Nobody is answered before all four have asked. */
	SERVE({ .text = OK, .gate = 4 }, { .text = OK, .gate = 4 },
	    { .text = OK, .gate = 4 }, { .text = OK, .gate = 4 },
	    { .text = OK });
	last = get("/last");
	for (int i = 0; i < 4; i++) {
		calls[i] = get("/n");
		calls[i].done = start_next;
		calls[i].context = i == 0 ? &last : NULL;
		http_start(&calls[i]);
		assert_true(http_pending(&calls[i]));
	}
	while (http_drive())
		continue;
	for (int i = 0; i < 4; i++) {
		assert_ok(&calls[i]);
		open -= !http_pending(&calls[i]);
		http_release(&calls[i]);
	}
	assert_int_equal(open, 0);
	assert_ok(&last);
	http_release(&last);
	assert_int_equal(server->connections, 4);
	assert_int_equal(server->requests, 5);
}

/* More than there are places: all are done, over as many connections. */
static void
test_places(void **state)
{
	enum { MANY = 50 };
	static struct http_call calls[MANY];

	(void)state;
	SERVE({ .text = OK });
	for (int i = 0; i < MANY; i++) {
		calls[i] = get("/n");
		http_start(&calls[i]);
	}
	while (http_drive())
		continue;
	for (int i = 0; i < MANY; i++) {
		assert_ok(&calls[i]);
		http_release(&calls[i]);
	}
	assert_int_equal(server->requests, MANY);
	assert_true(server->connections <= 32);
}

static void
test_cancel(void **state)
{
	struct taken taken = { 0 };
	struct http_call call;

	(void)state;
	SERVE({ .text = "" }, { .text = OK });
	call = download(&taken);
	http_start(&call);
	http_poll();
	while (server->requests == 0)
		http_poll();
	http_cancel(&call);
	assert_false(http_pending(&call));
	assert_int_equal(taken.done, 0);
	assert_false(http_drive());
	http_do(&call);
	assert_ok(&call);
	assert_string_equal(taken.got.at, "ok");
	http_release(&call);
	buf_release(&taken.got);
}

/* A call that waits does not keep the others. */
static void
test_wait_beside_transfer(void **state)
{
	struct http_call one, other;

	(void)state;
	SERVE({ .text = "HTTP/1.1 500 x\r\n" EMPTY }, { .text = OK, .gate = 3 },
	    { .text = OK });
	one = get("/1");
	other = get("/2");
	http_start(&one);
	http_start(&other);
	while (http_drive())
		continue;
	assert_ok(&one);
	assert_ok(&other);
	assert_int_equal(one.tries + other.tries, 3);
	http_release(&one);
	http_release(&other);
}

/* ---- secrets ---- */

static void
test_trace(void **state)
{
	static const char *const secrets[] = { "s3cret", "t0ken", "jwe",
		"k3y" };
	struct credential basic = { .kind = CREDENTIAL_BASIC,
		.user = (char[]){ "u" },
		.secret = (char[]){ "k3y" } };
	char path[] = "/tmp/kw-trace-XXXXXX", said[4096], url[300], jwe[101];
	int saved = dup(STDERR_FILENO), fd = mkstemp(path);
	struct http_call call;
	ssize_t len;

	(void)state;
	unlink(path);
	SERVE({ .text = "HTTP/1.1 404 x\r\n" EMPTY });
	memset(jwe, 'x', 100);
	jwe[100] = '\0';
	memcpy(jwe, "jwe", 3);
	(void)snprintf(url, sizeof url,
	    "http://user:s3cret@127.0.0.1:%d/kf/%s/a.txt?t=t0ken#jwe",
	    server->port, jwe);
	call = (struct http_call){
		.method = "GET", .url = url, .safe = true, .credential = &basic
	};
	diag_be_verbose();
	assert_true(fd >= 0 && dup2(fd, STDERR_FILENO) >= 0);
	http_do(&call);
	assert_true(dup2(saved, STDERR_FILENO) >= 0);
	len = pread(fd, said, sizeof said - 1, 0);
	assert_true(len > 0);
	said[len] = '\0';
	assert_non_null(strstr(said, "GET http://127.0.0.1:"));
	assert_non_null(strstr(said, "/kf/.../a.txt: 404, 0 bytes, "));
	for (size_t i = 0; i < sizeof secrets / sizeof *secrets; i++) {
		assert_null(strstr(said, secrets[i]));
		assert_null(strstr(error_message(call.error), secrets[i]));
	}
	http_release(&call);
	close(fd);
	close(saved);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin_test, end_test)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_answer),
		TEST(test_request),
		TEST(test_statuses),
		TEST(test_message),
		TEST(test_escape),
		TEST(test_gzip),
		TEST(test_most),
		TEST(test_most_by_default),
		TEST(test_passing_statuses),
		TEST(test_five_tries),
		TEST(test_named_times),
		TEST(test_named_reset),
		TEST(test_patience_holds_for_all),
		TEST(test_no_connection),
		TEST(test_unsafe_once),
		TEST(test_kept_connection_closed),
		TEST(test_cut_answers),
		TEST(test_silence),
		TEST(test_resume),
		TEST(test_caller_ends),
		TEST(test_upload),
		TEST(test_upload_short),
		TEST(test_upload_stalls),
		TEST(test_after_a_wrong_url),
		TEST(test_redirect),
		TEST(test_json),
		TEST(test_parallel),
		TEST(test_places),
		TEST(test_cancel),
		TEST(test_wait_beside_transfer),
		TEST(test_trace),
	};
	char path[] = "/tmp/kw-clock-XXXXXX";
	int fd = mkstemp(path), failures;

	if (fd < 0 || write(fd, "1790000000\n", 11) != 11)
		return 99;
	setenv("KW_CLOCK", path, 1);
	setenv("no_proxy", "127.0.0.1", 1);
	failures = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(path);
	close(fd);
	return failures;
}
