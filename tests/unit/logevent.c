/* SPDX-License-Identifier: MIT */
/* logevent: what Kaggle's logs hold, also where they are broken. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kaggle/logevent.h"

/* The events: time|stream|data and a line end, a NUL as '0'. */
static struct buf shown;

static void
take(void *context, const struct log_event *event)
{
	(void)context;
	buf_add(&shown, event->time.at, event->time.len);
	buf_addc(&shown, '|');
	buf_add(&shown, event->stream.at, event->stream.len);
	buf_addc(&shown, '|');
	for (size_t i = 0; i < event->data.len; i++)
		buf_addc(&shown, event->data.at[i] ? event->data.at[i] : '0');
	buf_addc(&shown, '$');
}

/* Scans text in pieces; whole: it is the end of the log. */
static bool
scan(enum log_form form, struct span text, size_t piece, bool whole)
{
	struct log_scanner scanner = { .event = take };
	bool good = true, ended;

	buf_clear(&shown);
	log_scanner_begin(&scanner, form);
	for (size_t at = 0; at < text.len && good; at += piece)
		good = log_scanner_feed(&scanner, text.at + at,
		    piece < text.len - at ? piece : text.len - at);
	if (good && whole)
		log_scanner_end(&scanner);
	ended = scanner.ended;
	log_scanner_release(&scanner);
	buf_addc(&shown, ended ? 'E' : '.');
	buf_addc(&shown, '\0');
	return good;
}

static void
check(enum log_form form, const char *text, const char *want)
{
	static const size_t pieces[] = { 1, 2, 7, 1000 };

	for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
		assert_true(scan(form, span_of(text), pieces[i], true));
		assert_string_equal(shown.at, want);
	}
}

static void
the_layout(void **state)
{
	(void)state;
	check(LOG_TEXT,
	    "[{\"stream_name\":\"stderr\",\"time\":6.409935486,\"data\":\"a\\n\"}\n"
	    ",{\"stream_name\":\"stdout\",\"time\":8.00,\"data\":\"b\\r\\n\"}\n]\n",
	    "6.409935486|stderr|a\n$8.00|stdout|b\r\n$.");
	check(LOG_TEXT,
	    "[ {\"data\": \"}]{[\\\"\", \"stream_name\": \"x\", \"time\": 1e3,"
	    " \"more\": [{}]} ]",
	    "1e3|x|}]{[\"$.");
	check(LOG_TEXT, "[]\n", ".");
	check(LOG_TEXT, "", ".");
	check(LOG_TEXT, " \n", ".");
}

static void
a_broken_array(void **state)
{
	(void)state;
	/* No end, commas in front, behind and too many. */
	check(LOG_TEXT, "[{\"data\":\"a\"},\n,,{\"data\":\"b\"},", "||a$||b$.");
	/* No array at all, and a second one. */
	check(LOG_TEXT, "{\"data\":\"a\"}\n{\"data\":\"b\"}", "||a$||b$.");
	check(LOG_TEXT, "[{\"data\":\"a\"}]\n[{\"data\":\"b\"}]\n",
	    "||a$||[{\"data\":\"b\"}]\n$.");
	/* An event that is cut, one that is none, and text between them. */
	check(LOG_TEXT, "[{\"data\":\"a\"}\n,{\"data\":\"b",
	    "||a$||{\"data\":\"b$.");
	check(LOG_TEXT, "[{\"a\":1}\n,{\"data\":1}\n,{\"data\":\"b\"}",
	    "||{\"a\":1}\n$||{\"data\":1}\n$||b$.");
	check(LOG_TEXT, "[{\"data\":\"a\"}\nKilled\n,{\"data\":\"b\"}]",
	    "||a$||Killed\n$||b$.");
	/* A line end in a string ends what is no event. */
	check(LOG_TEXT, "[{\"data\":\"a\n,{\"data\":\"b\"}\n]",
	    "||{\"data\":\"a\n$||b$.");
	check(LOG_TEXT, "[{\"data\":\"a\",\"data\":\"b\"}]",
	    "||{\"data\":\"a\",\"data\":\"b\"}\n$.");
}

static void
plain_text(void **state)
{
	(void)state;
	check(LOG_TEXT, "one\r\ntwo\n", "||one\r\n$||two\n$.");
	check(LOG_TEXT, "no end", "||no end$.");
	check(LOG_TEXT, "[I 2026 x] {\"data\":\"a\"}\n[2]\n",
	    "||[I 2026 x] {\"data\":\"a\"}\n$||[2]\n$.");
	check(LOG_TEXT, "\nx\n", "||\nx\n$.");
	check(LOG_TEXT, "a\xff\xe2\x96z\n", "||a\xef\xbf\xbd\xef\xbf\xbdz\n$.");
}

static void
characters(void **state)
{
	static const char nul[] = "[{\"data\":\"a\0b\tc\"}]";

	(void)state;
	check(LOG_TEXT,
	    "[{\"data\":\"\\u0000\\u2588\xe2\x96\x88\\ud83d\\ude00\"}]",
	    "||0\xe2\x96\x88\xe2\x96\x88\xf0\x9f\x98\x80$.");
	check(LOG_TEXT, "[{\"data\":\"\\ud83d\"}]", "||\xef\xbf\xbd$.");
	/* What JSON does not allow: bytes that are no UTF-8, and a raw NUL. */
	check(LOG_TEXT, "[{\"time\":1,\"data\":\"a\xe2\x96\\n\xff\\\"\"}]",
	    "1||a\xef\xbf\xbd\n\xef\xbf\xbd\"$.");
	assert_true(
	    scan(LOG_TEXT, (struct span){ nul, sizeof nul - 1 }, 3, true));
	assert_string_equal(shown.at, "||a0b\tc$.");
}

static void
a_stream(void **state)
{
	(void)state;
	check(LOG_STREAM,
	    ": ping\n\nevent: x\nid: 1\r\n"
	    "data: {\"stream_name\":\"stdout\",\"time\":1,\"data\":\"a\\n\"}\r\n\r\n"
	    "data:{\"data\":\"b\"}\n\ndata: END_OF_LOG\n\ndata: late\n\n",
	    "1|stdout|a\n$||b$E");
	check(LOG_STREAM, "data: text\ndata: {}\ndata: {\"data\":null}\n",
	    "||text\n$.");
	check(LOG_STREAM, "data: {\"data\":\"a\xff\"}\n", "||a\xef\xbf\xbd$.");
	check(LOG_STREAM, "data: END_OF_LOG", "E");
	/* What is cut may come whole later. */
	assert_true(scan(LOG_STREAM,
	    span_of("data: {\"data\":\"a\"}\ndata: {\"da"), 1, false));
	assert_string_equal(shown.at, "||a$.");
}

static void
refusals(void **state)
{
	(void)state;
	assert_false(scan(LOG_TEXT,
	    span_of("{\"error\":{\"code\":500,\"message\":\"m\"}}"), 9, true));
	assert_false(scan(LOG_STREAM,
	    span_of("data: {\"code\":500,\"message\":\"m\"}\n"), 9, true));
	check(LOG_TEXT, "[{\"error\":1}]", "||{\"error\":1}\n$.");
	check(LOG_TEXT, "{\"data\":\"a\"}{\"error\":1}",
	    "||a$||{\"error\":1}\n$.");
}

static void
long_ones(void **state)
{
	struct buf text = { 0 };
	size_t events = 0, bytes = 0;

	(void)state;
	for (int i = 0; i < 100000; i++)
		buf_adds(&text, "\xe2\x96\x88");
	assert_true(
	    scan(LOG_TEXT, (struct span){ text.at, text.len }, 4096, true));
	for (size_t i = 0; i < shown.len; i++) {
		events += shown.at[i] == '$';
		bytes += (unsigned char)shown.at[i] >= 0x80;
	}
	assert_int_equal(bytes, 300000);
	assert_in_range(events, 5, 6);
	assert_null(strstr(shown.at, "\xef\xbf\xbd"));

	buf_clear(&text);
	buf_adds(&text, "[{\"data\":\"");
	while (text.len <= LOG_EVENT_MOST)
		buf_adds(&text, "0123456789");
	buf_adds(&text, "\"}]");
	assert_false(
	    scan(LOG_TEXT, (struct span){ text.at, text.len }, 4096, true));
	assert_string_equal(shown.at, ".");
	buf_release(&text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_layout),
		cmocka_unit_test(a_broken_array),
		cmocka_unit_test(plain_text),
		cmocka_unit_test(characters),
		cmocka_unit_test(a_stream),
		cmocka_unit_test(refusals),
		cmocka_unit_test(long_ones),
	};
	int status = cmocka_run_group_tests(tests, NULL, NULL);

	buf_release(&shown);
	return status;
}
