/* SPDX-License-Identifier: MIT */
/* logtext: the log of an answer, wherever the answer's pieces are cut. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "kaggle/logtext.h"

static struct buf taken;
static int begun;

static void
take(void *context, const void *bytes, size_t len)
{
	assert_ptr_equal(context, &taken);
	buf_add(&taken, bytes, len);
}

static void
anew(void *context)
{
	assert_ptr_equal(context, &taken);
	buf_clear(&taken);
	begun++;
}

static void
expect(struct buf *got, const char *want, size_t len)
{
	assert_int_equal(got->len, len);
	assert_memory_equal(len > 0 ? got->at : "", want, len);
}

/* The answer in two pieces, cut at each place, and byte by byte. */
static void
check(const char *answer, const char *text, size_t text_len, const char *rest)
{
	struct logtext log = { .take = take, .anew = anew, .context = &taken };
	size_t len = strlen(answer), at;

	for (at = 0; at <= len; at++) {
		logtext_begin(&log);
		assert_true(logtext_feed(&log, answer, at));
		assert_true(logtext_feed(&log, answer + at, len - at));
		expect(&taken, text, text_len);
		expect(&log.rest, rest, strlen(rest));
	}
	logtext_begin(&log);
	for (at = 0; at < len; at++)
		assert_true(logtext_feed(&log, answer + at, 1));
	expect(&taken, text, text_len);
	expect(&log.rest, rest, strlen(rest));
	logtext_release(&log);
	buf_release(&taken);
}

#define CHECK(answer, text, rest) check(answer, text, sizeof(text) - 1, rest)

static void
test_log_is_taken(void **state)
{
	(void)state;
	CHECK("{\"files\":[],\"log\":\"one\\ntwo\",\"nextPageToken\":\"T\"}",
	    "one\ntwo", "{\"files\":[],\"log\":\"\",\"nextPageToken\":\"T\"}");
	CHECK(" { \"log\" : \"a\" , \"x\" : 1 }", "a",
	    " { \"log\" : \"\" , \"x\" : 1 }");
	CHECK("{\"log\":\"\"}", "", "{\"log\":\"\"}");
	CHECK("{\"log\":null,\"a\":\"b\"}", "", "{\"log\":null,\"a\":\"b\"}");
	/* The first one counts. */
	CHECK("{\"log\":\"a\",\"log\":\"b\"}", "a",
	    "{\"log\":\"\",\"log\":\"\"}");
}

static void
test_escapes(void **state)
{
	(void)state;
	CHECK("{\"log\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"}", "\"\\/\b\f\n\r\t",
	    "{\"log\":\"\"}");
	CHECK("{\"log\":\"\\u0041\\u00e9\\u20AC\\ud83d\\ude00\\u0000.\"}",
	    "Aé€😀\0.", "{\"log\":\"\"}");
	CHECK("{\"log\":\"é😀\"}", "é😀", "{\"log\":\"\"}");
	/* Halves of pairs. */
	CHECK("{\"log\":\"\\ud83d\"}", "\xef\xbf\xbd", "{\"log\":\"\"}");
	CHECK("{\"log\":\"\\ud83dx\"}", "\xef\xbf\xbdx", "{\"log\":\"\"}");
	CHECK("{\"log\":\"\\ud83d\\n\"}", "\xef\xbf\xbd\n", "{\"log\":\"\"}");
	CHECK("{\"log\":\"\\ud83d\\ud83d\\ude00\"}", "\xef\xbf\xbd😀",
	    "{\"log\":\"\"}");
	CHECK("{\"log\":\"\\ude00\"}", "\xef\xbf\xbd", "{\"log\":\"\"}");
}

/* What is not the log of the answer. */
static void
test_others_stay(void **state)
{
	static const char *const answers[] = {
		"{\"files\":[{\"log\":\"x\"}],\"a\":{\"log\":\"y\"}}",
		"[\"log\",\"x\"]",
		"{\"a\":\"log\",\"b\":\"x\"}",
		"{\"a\":\"\\\"log\\\":\",\"logs\":\"x\",\"lo\":\"y\",\"l\\\\g\":\"\"}",
		"{\"log\":[\"x\"],\"log\":{\"log\":\"y\"},\"log\":5}",
		"\"log\"",
		"<html>\"log\":\"x\"</html>",
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(answers) / sizeof(answers[0]); i++)
		CHECK(answers[i], "", answers[i]);
}

static void
test_bad_escapes_spoil_the_rest(void **state)
{
	(void)state;
	CHECK("{\"log\":\"a\\qb\"}", "ab", "{\"log\":\"\\x\"}");
	CHECK("{\"log\":\"a\\u12\"}", "", "{\"log\":\"\\x");
	CHECK("{\"log\":\"a\\u12g4\"}", "a4", "{\"log\":\"\\x\"}");
}

/* No answer's log is held as a whole. */
static void
test_memory_is_bounded(void **state)
{
	static const char piece[] = "\\\"\\u00e9 0123456789";
	struct logtext log = { .context = &taken, .anew = anew };
	int i;

	(void)state;
	begun = 0;
	logtext_begin(&log);
	assert_int_equal(begun, 1);
	assert_true(logtext_feed(&log, "{\"log\":\"", 8));
	for (i = 0; i < 100000; i++)
		assert_true(logtext_feed(&log, piece, sizeof(piece) - 1));
	assert_true(log.piece.room <= 256 * 1024);
	assert_true(logtext_feed(&log, "\"}", 2));
	expect(&log.rest, "{\"log\":\"\"}", 10);
	logtext_release(&log);
}

static void
test_rest_is_bounded(void **state)
{
	static char blank[1 << 20];
	struct logtext log = { 0 };
	int i;

	(void)state;
	logtext_begin(&log);
	memset(blank, ' ', sizeof(blank));
	for (i = 0; i < 64; i++)
		assert_true(logtext_feed(&log, blank, sizeof(blank)));
	assert_false(logtext_feed(&log, blank, 1));
	logtext_release(&log);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_log_is_taken),
		cmocka_unit_test(test_escapes),
		cmocka_unit_test(test_others_stay),
		cmocka_unit_test(test_bad_escapes_spoil_the_rest),
		cmocka_unit_test(test_memory_is_bounded),
		cmocka_unit_test(test_rest_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
