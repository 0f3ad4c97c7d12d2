/* SPDX-License-Identifier: MIT */
/*
 * kaggle/fetch: what servers say that kw-sandbox does not, answer by answer.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "clock.h"
#include "http.h"
#include "kaggle/fetch.h"
#include "mem.h"
#include "record.h"
#include "replies.h"

#define OK "HTTP/1.1 200 OK\r\n"
#define PART "HTTP/1.1 206 Partial Content\r\n"
#define LENGTH(n) "Content-Length: " #n "\r\n"
#define RANGE(text) "Content-Range: bytes " text "\r\n"
#define STRONG "ETag: \"1\"\r\n"
#define WEAK "ETag: W/\"1\"\r\n"
#define DATE "Thu, 01 Jan 2026 00:00:00 GMT"
#define MODIFIED "Last-Modified: " DATE "\r\n"

/* "0123456789", cut after four bytes. */
#define CUT(headers)                                                   \
	{                                                              \
		OK LENGTH(10) headers "\r\n0123", REPLY_CLOSE, 0, 0, 0 \
	}
#define SAY(text)                         \
	{                                 \
		text, REPLY_KEEP, 0, 0, 0 \
	}

static char folder[] = "/tmp/kwtools-fetch.XXXXXX";
static struct manifest *manifest;
static struct server *server;

static int
begin(void **state)
{
	jv why;

	(void)state;
	(void)snprintf(folder, sizeof(folder), "/tmp/kwtools-fetch.XXXXXX");
	assert_non_null(mkdtemp(folder));
	why = manifest_open(&manifest, folder, "u/k");
	assert_true(jv_is_valid(why));
	return 0;
}

static int
end(void **state)
{
	char part[MANIFEST_PART];

	(void)state;
	http_close();
	server_stop(server);
	manifest_part("name", part);
	unlinkat(manifest_folder(manifest), part, 0);
	unlinkat(manifest_folder(manifest), "name", 0);
	unlinkat(manifest_folder(manifest), ".kgl-output.json", 0);
	manifest_close(manifest);
	return rmdir(folder);
}

/* Fetches "name"; what came of it is the caller's to release. */
static struct fetch *
fetch_name(long long most)
{
	static struct fetch fetch;
	static char url[64];

	(void)snprintf(url, sizeof(url), "http://127.0.0.1:%d/f", server->port);
	fetch = (struct fetch){
		.manifest = manifest, .name = "name", .url = url, .most = most
	};
	fetch_start(&fetch);
	while (fetch.state != FETCH_DONE) {
		if (fetch.state == FETCH_ASKING)
			http_drive();
		else
			fetch_work(&fetch);
	}
	return &fetch;
}

static void
assert_content(const char *want)
{
	int fd = openat(manifest_folder(manifest), "name", O_RDONLY);
	char text[64] = "";
	ssize_t len;

	assert_true(fd >= 0);
	len = read(fd, text, sizeof(text) - 1);
	close(fd);
	assert_int_equal(len, strlen(want));
	assert_string_equal(text, want);
}

static void
assert_whole(const char *want)
{
	struct fetch *fetch = fetch_name(-1);

	if (!jv_is_valid(fetch->error))
		fail_msg("%s", error_message(fetch->error));
	assert_int_equal(fetch->have, strlen(want));
	fetch_release(fetch);
	assert_content(want);
}

static void
assert_failure(const char *code, const char *words)
{
	struct fetch *fetch = fetch_name(-1);

	assert_string_equal(error_code(fetch->error), code);
	assert_non_null(strstr(error_message(fetch->error), words));
	fetch_release(fetch);
	assert_int_equal(
	    faccessat(manifest_folder(manifest), "name", F_OK, 0), -1);
}

/* Whether request n (from 0) had this header, a whole line. */
static bool
was_asked(int n, const char *header)
{
	char *line = xasprintf("\r\n%s\r\n", header);
	bool was = strstr(server->asked[n].head, line) != NULL;

	free(line);
	return was;
}

#define SERVE(...)                                                             \
	do {                                                                   \
		static const struct reply replies[] = { __VA_ARGS__ };         \
		server =                                                       \
		    server_start(replies, sizeof(replies) / sizeof(*replies)); \
	} while (0)

static void
test_resume(void **state)
{
	(void)state;
	SERVE(CUT(STRONG MODIFIED),
	    SAY(PART LENGTH(6) RANGE("4-9/10") STRONG "\r\n456789"));
	assert_whole("0123456789");
	assert_true(was_asked(1, "Range: bytes=4-"));
	assert_true(was_asked(1, "If-Range: \"1\""));
}

/* A weak ETag may not stand behind If-Range. */
static void
test_weak(void **state)
{
	(void)state;
	SERVE(CUT(WEAK MODIFIED),
	    SAY(PART LENGTH(6) RANGE("4-9/10") WEAK "\r\n456789"));
	assert_whole("0123456789");
	assert_true(was_asked(1, "If-Range: " DATE));
}

static void
test_weak_alone(void **state)
{
	(void)state;
	SERVE(CUT(WEAK), SAY(OK LENGTH(10) WEAK "\r\n0123456789"));
	assert_whole("0123456789");
	assert_null(strstr(server->asked[1].head, "Range"));
}

/* Ranges of something else: all is asked for anew. */
static void
test_foreign_ranges(void **state)
{
	(void)state;
	SERVE(CUT(STRONG),
	    SAY(PART LENGTH(6) RANGE("4-9/10") "ETag: \"2\"\r\n\r\n456789"),
	    CUT(STRONG), SAY(PART LENGTH(7) RANGE("3-9/10") "\r\n3456789"),
	    SAY(OK LENGTH(10) STRONG "\r\n0123456789"));
	assert_whole("0123456789");
	assert_int_equal(server->requests, 5);
	assert_null(strstr(server->asked[2].head, "Range"));
	assert_null(strstr(server->asked[4].head, "Range"));
}

/* The length is known only by the range. */
static void
test_star(void **state)
{
	(void)state;
	SERVE(CUT(STRONG), SAY(PART LENGTH(6) RANGE("4-9/*") "\r\n456789"));
	assert_whole("0123456789");
}

static void
test_never_fits(void **state)
{
	(void)state;
	SERVE(SAY(PART LENGTH(6) RANGE("4-9/10") "\r\n456789"));
	assert_failure("unavailable", "name: the answers to Range");
	assert_int_equal(server->requests, 3);
}

static void
test_416_for_ever(void **state)
{
	(void)state;
	SERVE(CUT(STRONG), SAY("HTTP/1.1 416 No\r\n" LENGTH(0) "\r\n"));
	assert_failure("rejected", "name: HTTP 416");
	assert_int_equal(server->requests, 3);
}

/* gzip of "hello\n", 26 bytes, which nobody asked for. */
#define PACKED                                                             \
	"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xcb\x48\xcd\xc9\xc9\xe7" \
	"\x02\x00\x20\x30\x3a\x36\x06\x00\x00\x00"
#define GZIP OK LENGTH(26) "Content-Encoding: gzip\r\n\r\n" PACKED

static void
test_gzip(void **state)
{
	static const struct reply replies[] = {
		{ GZIP, REPLY_KEEP, sizeof(GZIP) - 1, 0, 0 },
		{ GZIP, REPLY_CLOSE, sizeof(GZIP) - 9, 0, 0 },
		{ GZIP, REPLY_KEEP, sizeof(GZIP) - 1, 0, 0 },
	};

	(void)state;
	server = server_start(replies, 3);
	assert_whole("hello\n");
	assert_null(strstr(server->asked[0].head, "Accept-Encoding"));
	assert_true(was_asked(1, "Accept-Encoding: gzip"));
	assert_int_equal(server->requests, 3);
}

static void
test_other_coding(void **state)
{
	(void)state;
	SERVE(SAY(OK LENGTH(2) "Content-Encoding: br\r\n\r\n:)"));
	assert_failure("unavailable", "coding br");
}

/* What is whole: unchanged, whatever of it the server says. */
static void
test_unchanged(void **state)
{
	struct fetch *fetch;

	(void)state;
	SERVE(SAY(OK LENGTH(3) STRONG "\r\nabc"),
	    SAY(OK LENGTH(3) STRONG "\r\nabc"),
	    SAY("HTTP/1.1 304 Not Modified\r\n\r\n"),
	    SAY(OK LENGTH(3) "ETag: \"2\"\r\n\r\nxyz"));
	assert_whole("abc");
	fetch = fetch_name(-1);
	assert_true(fetch->kept); /* by its ETag */
	fetch_release(fetch);
	assert_true(was_asked(1, "If-None-Match: \"1\""));
	fetch = fetch_name(-1);
	assert_true(fetch->kept);
	assert_int_equal(fetch->have, 3);
	fetch_release(fetch);
	assert_whole("xyz");
}

static void
test_unchanged_by_date(void **state)
{
	struct fetch *fetch;

	(void)state;
	SERVE(SAY(OK LENGTH(3) MODIFIED "\r\nabc"),
	    SAY(PART LENGTH(1) RANGE("0-0/3") MODIFIED "\r\na"),
	    SAY(OK LENGTH(3) MODIFIED "\r\nabc"),
	    SAY(PART LENGTH(1) RANGE("0-0/4") MODIFIED "\r\na"),
	    SAY(OK LENGTH(4) MODIFIED "\r\nabcd"));
	assert_whole("abc");
	for (int i = 0; i < 2; i++) {
		fetch = fetch_name(-1);
		assert_true(fetch->kept);
		fetch_release(fetch);
	}
	assert_true(was_asked(1, "Range: bytes=0-0"));
	assert_whole("abcd");
	assert_int_equal(server->requests, 5);
}

static void
test_too_big(void **state)
{
	struct fetch *fetch;

	(void)state;
	SERVE(SAY(OK LENGTH(3) "\r\nabc"));
	fetch = fetch_name(2);
	assert_true(fetch->too_big);
	assert_true(jv_is_valid(fetch->error));
	fetch_release(fetch);
	fetch = fetch_name(3);
	assert_false(fetch->too_big);
	fetch_release(fetch);
	assert_content("abc");
}

static void
test_expired(void **state)
{
	struct fetch *fetch;

	(void)state;
	SERVE(CUT(STRONG), SAY("HTTP/1.1 403 No\r\n" LENGTH(0) "\r\n"),
	    SAY(PART LENGTH(6) RANGE("4-9/10") "\r\n456789"));
	fetch = fetch_name(-1);
	assert_true(fetch->expired);
	assert_string_equal(error_code(fetch->error), "auth");
	fetch_again(fetch, fetch->url);
	while (fetch->state == FETCH_ASKING)
		http_drive();
	fetch_work(fetch);
	assert_true(jv_is_valid(fetch->error));
	fetch_release(fetch);
	assert_content("0123456789");
	assert_true(was_asked(2, "Range: bytes=4-"));
}

int
main(void)
{
#define EACH(test) cmocka_unit_test_setup_teardown(test, begin, end)
	const struct CMUnitTest tests[] = {
		EACH(test_resume),
		EACH(test_weak),
		EACH(test_weak_alone),
		EACH(test_foreign_ranges),
		EACH(test_star),
		EACH(test_never_fits),
		EACH(test_416_for_ever),
		EACH(test_gzip),
		EACH(test_other_coding),
		EACH(test_unchanged),
		EACH(test_unchanged_by_date),
		EACH(test_too_big),
		EACH(test_expired),
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
