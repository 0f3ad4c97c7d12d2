/* SPDX-License-Identifier: MIT */
/* console: what the terminals show, line by line. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <nettle/sha2.h>

#include "digest.h"
#include "wandb/console.h"
#include "wandb/runlog.h"

static struct console *console;
static struct buf shown; /* the lines that were taken: E for standard error */
static int64_t next;

static void
take(void *context, const struct console_line *line)
{
	struct buf *out = context;

	assert_int_equal(line->number, next++);
	if (line->error)
		buf_adds(out, "E:");
	buf_add(out, line->text.at, line->text.len);
	buf_addc(out, '|');
}

static int
begin(void **state)
{
	(void)state;
	console = console_new(take, &shown);
	next = 0;
	buf_clear(&shown);
	return 0;
}

static int
end(void **state)
{
	(void)state;
	console_free(console);
	buf_release(&shown);
	return 0;
}

static void
out(const char *text)
{
	console_raw(console, false, NAN, span_of(text));
}

static void
err(const char *text)
{
	console_raw(console, true, NAN, span_of(text));
}

static void
assert_shown(const char *lines)
{
	console_finish(console);
	assert_string_equal(shown.at ? shown.at : "", lines);
	assert_int_equal(console_lines(console), next);
}

/* Upstream's TestCRLF. */
static void
test_crlf(void **state)
{
	(void)state;
	out("one\ntwo\rwh\r\nthree");
	assert_shown("one|who|three|");
}

/* Upstream's TestCursorMotion. */
static void
test_cursor(void **state)
{
	(void)state;
	out("one\ntwo");
	out("\x1b[Arous\x1b");
	out("[");
	out("Btasks");
	assert_shown("onerous|two    tasks|");
}

static void
test_cursor_stops(void **state)
{
	(void)state;
	out("a\x1b[A\x1b[A\rb\x1b[B\x1b[Bc");
	assert_shown("b|| c|");
}

/* Upstream's TestScrollPastHeight: above the view nothing can change. */
static void
test_view(void **state)
{
	int i;

	(void)state;
	for (i = 0; i < 33; i++)
		out("x\n");
	for (i = 0; i < 40; i++)
		out("\x1b[A");
	out("top");
	console_finish(console);
	assert_true(strncmp(shown.at, "x|x|top|x|", 10) == 0);
	assert_int_equal(console_lines(console), 33);
}

/* Upstream's TestUnknownEscapeSequences, and what stands in the way of \n. */
static void
test_escapes(void **state)
{
	(void)state;
	out("\x1b[31mred\x1b[0m \x1b]x \x1b[K\x1b\x1b[A\n");
	out("a\x1b\nb\x1b[\rc\x1b");
	assert_shown("\x1b[31mred\x1b[0m \x1b]x \x1b[K\x1b\x1b[A|"
		     "a\x1b|c\x1b[|");
}

/*
 * A space behind the end of a line changes nothing there; the client sends a
 * line as it was at its last change.
 */
static void
test_spaces_at_the_end(void **state)
{
	(void)state;
	out("all at once  \n");
	out("in parts");
	out(" ");
	out("\n   \nabc\r      \nabc  \rxy\nabc  \rabc\n  \x1b[B  é  \n");
	out("  \n\x1b[Ab\x1b[B");
	err("abc ");
	err(" \rx\n \n");
	assert_shown("all at once|in parts||   |xyc  |abc||    é|"
		     "b |E:xbc  |E:|");
}

/* Empty lines come into being only before a character. */
static void
test_empty_lines(void **state)
{
	(void)state;
	out("\n\na\n\n");
	assert_int_equal(console_lines(console), 3);
	out("b\n\n\n");
	assert_shown("||a||b|");
}

/* Upstream: more than about 31 empty lines in a row collapse. */
static void
test_many_empty_lines(void **state)
{
	int i;

	(void)state;
	out("a");
	for (i = 0; i < 1000; i++)
		out("\n");
	out("b");
	console_finish(console);
	assert_int_equal(console_lines(console), 33);
}

/* Both streams number one list, and each has its own cursor. */
static void
test_two_streams(void **state)
{
	(void)state;
	out("1");
	err("e1");
	out("2\n3");
	err("\ne2\x1b[A\re0");
	assert_shown("12|E:e0|3|E:e2|");
}

/* A line of one stream becomes final by the lines of the other. */
static void
test_pushed_out(void **state)
{
	int i;

	(void)state;
	out("old");
	for (i = 0; i < 31; i++)
		err("x\n");
	out("er");
	assert_int_equal(next, 0);
	err("x\n");
	assert_int_equal(next, 1);
	out("lost\nnew");
	console_finish(console);
	assert_true(strncmp(shown.at, "older|E:x|", 10) == 0);
	assert_string_equal(shown.at + shown.len - 4, "new|");
	assert_null(strstr(shown.at, "lost"));
}

static void
test_width(void **state)
{
	char text[5001];

	(void)state;
	memset(text, 'x', 5000);
	text[5000] = '\0';
	out(text);
	out("y\xc3\xa9\rz\nw\xc3\xa9");
	console_finish(console);
	assert_int_equal(shown.len, 4096 + 1 + 3 + 1);
	assert_true(strncmp(shown.at, "zxxx", 4) == 0);
	assert_string_equal(shown.at + 4096, "|w\xc3\xa9|");
}

/* Characters that come in pieces, and bytes that are none. */
static void
test_utf8(void **state)
{
	static const char text[] = "\xc3\xa9\xe6\xbc\xa2\xf0\x9f\x98\x80!";
	size_t i;

	(void)state;
	for (i = 0; i + 1 < sizeof(text); i++) {
		console_raw(console, false, NAN, (struct span){ text + i, 1 });
		err("-");
	}
	out("\n\xff\xc0\x80\xed\xa0\x80\n\xe6\xbcx\xf5\x80\n\xf0\x9f\x98");
	assert_shown("E:----------|\xc3\xa9\xe6\xbc\xa2\xf0\x9f\x98\x80!|"
		     "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"
		     "\xef\xbf\xbd\xef\xbf\xbd|"
		     "\xef\xbf\xbdx\xef\xbf\xbd\xef\xbf\xbd|\xef\xbf\xbd|");
}

static void
test_logged(void **state)
{
	char *text = xcalloc(1, 100001);

	(void)state;
	out("a");
	console_logged(console, NAN, span_of("l1\r\n\x1b[A\n"));
	out("b\nc");
	console_logged(console, NAN, span_of(""));
	console_logged(console, NAN, span_of("\n\n"));
	console_logged(console, NAN, span_of("\xc3\xa9\xff\xc3"));
	assert_shown("ab|l1\r|\x1b[A|c||||\xc3\xa9\xef\xbf\xbd\xef\xbf\xbd|");
	buf_clear(&shown);
	memset(text, 'x', 100000); /* WIDTH is that of a terminal */
	console_logged(console, NAN, span_of(text));
	console_finish(console);
	assert_int_equal(shown.len, 100001);
	free(text);
}

static void
take_time(void *context, const struct console_line *line)
{
	struct buf *text = context;

	buf_addf(text, "%g ", line->time);
}

static void
test_time(void **state)
{
	struct buf times = { 0 };
	struct console *timed = console_new(take_time, &times);

	(void)state;
	console_raw(timed, false, 1, span_of("a\n\n"));
	console_raw(timed, true, 2, span_of("b"));
	console_raw(timed, false, 3, span_of("\x1b[A\x1b[Ac\n\nd"));
	console_logged(timed, NAN, span_of("e"));
	console_raw(timed, false, 4, span_of(""));
	console_logged(timed, NAN, span_of("f"));
	console_finish(timed);
	/* a, b, the empty line and d, e, f */
	assert_string_equal(times.at, "1 2 3 3 3 4 ");
	console_free(timed);
	buf_release(&times);
}

static void
assert_text(struct console_line line, bool structured, const char *text)
{
	struct buf got = { 0 };

	console_line_text(&line, structured, &got);
	assert_string_equal(got.at, text);
	buf_release(&got);
}

/* Upstream's TestLegacyFormat, TestRunLogsLineMarshalJSON. */
static void
test_text(void **state)
{
	struct console_line line = { .time = 1795242650.1234561,
		.text = span_of("a \"b\"\x1b\\") };

	(void)state;
	assert_text(line, false, "2026-11-21T06:30:50.123456 a \"b\"\x1b\\");
	assert_text(line, true,
	    "{\"ts\":\"2026-11-21T06:30:50.123456\","
	    "\"content\":\"a \\\"b\\\"\\u001b\\\\\"}");
	line.error = true;
	line.time = 59.9999999;
	assert_text(
	    line, false, "ERROR 1970-01-01T00:01:00.000000 a \"b\"\x1b\\");
	line.text = span_of("");
	assert_text(line, true,
	    "{\"level\":\"error\",\"ts\":\"1970-01-01T00:01:00.000000\","
	    "\"content\":\"\"}");
	line.time = NAN;
	assert_text(line, false, "ERROR 1970-01-01T00:00:00.000000 ");
	line.time = 1e300;
	assert_text(line, false, "ERROR 1970-01-01T00:00:00.000000 ");
	line.time = -1;
	assert_text(line, false, "ERROR 1970-01-01T00:00:00.000000 ");
}

/* What a server and output.log get, summed up. */
struct sums {
	struct sha256_ctx text;
	struct md5_ctx file;
	size_t bytes;
	int lines;
};

static void
take_sum(void *context, const struct console_line *line)
{
	struct sums *sums = context;
	struct buf text = { 0 };
	size_t stamp = line->error ? strlen("ERROR ") : 0;

	/* The time that a line has at a server is not upstream's. */
	console_line_text(line, false, &text);
	assert_true(text.at[stamp + 26] == ' ');
	assert_true(line->time > 1795236017 && line->time < 1795236021);
	sha256_update(&sums->text, stamp, (const uint8_t *)text.at);
	sha256_update(&sums->text, text.len - stamp - 27,
	    (const uint8_t *)text.at + stamp + 27);
	sha256_update(&sums->text, 1, (const uint8_t *)"\n");
	md5_update(&sums->file, line->text.len, (const uint8_t *)line->text.at);
	md5_update(&sums->file, 1, (const uint8_t *)"\n");
	sums->bytes += line->text.len + 1;
	sums->lines++;
	buf_release(&text);
}

/* A run of the real client: the sums are those of upstream on a server. */
static void
test_run(void **state)
{
	const char *srcdir = getenv("srcdir");
	char *path = xasprintf("%s/tests/data/runs/console/wandb/"
			       "offline-run-20261121_044017-console0/"
			       "run-console0.wandb",
	    srcdir ? srcdir : ".");
	struct sums sums = { 0 };
	struct console *of_run = console_new(take_sum, &sums);
	struct runlog_entry entry;
	struct runlog_output output;
	struct runlog *log;
	char sha256[DIGEST_SHA256_TEXT], md5[DIGEST_MD5_TEXT];
	jv why;

	(void)state;
	sha256_init(&sums.text);
	md5_init(&sums.file);
	log = runlog_open(path, &why);
	assert_non_null(log);
	while (runlog_next(log, &entry) == LEVELDB_RECORD) {
		if (!runlog_output(entry.kind, entry.message, &output))
			continue;
		if (entry.kind == RUNLOG_OUTPUT_RAW)
			console_raw(
			    of_run, output.error, output.time, output.text);
		else if (entry.kind == RUNLOG_OUTPUT_LOGGER)
			console_logged(of_run, output.time, output.text);
	}
	console_finish(of_run);
	digest_sha256_text(&sums.text, sha256);
	digest_md5_text(&sums.file, md5);
	assert_int_equal(sums.lines, 1216);
	assert_string_equal(sha256,
	    "81c7048de4f14afbf4383860581ea55b"
	    "b927e25f6694b9a0507b790cbfa3bf70");
	assert_int_equal(sums.bytes, 61972);
	assert_string_equal(md5, "ZsWb4xfqoNcKk3NwPZHPxA==");
	runlog_close(log);
	console_free(of_run);
	free(path);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_crlf, begin, end),
		cmocka_unit_test_setup_teardown(test_cursor, begin, end),
		cmocka_unit_test_setup_teardown(test_cursor_stops, begin, end),
		cmocka_unit_test_setup_teardown(test_view, begin, end),
		cmocka_unit_test_setup_teardown(test_escapes, begin, end),
		cmocka_unit_test_setup_teardown(
		    test_spaces_at_the_end, begin, end),
		cmocka_unit_test_setup_teardown(test_empty_lines, begin, end),
		cmocka_unit_test_setup_teardown(
		    test_many_empty_lines, begin, end),
		cmocka_unit_test_setup_teardown(test_two_streams, begin, end),
		cmocka_unit_test_setup_teardown(test_pushed_out, begin, end),
		cmocka_unit_test_setup_teardown(test_width, begin, end),
		cmocka_unit_test_setup_teardown(test_utf8, begin, end),
		cmocka_unit_test_setup_teardown(test_logged, begin, end),
		cmocka_unit_test(test_time),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_run),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
