/* SPDX-License-Identifier: MIT */
/* logrow: what lines are as rows, and what the summary has of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "record.h"
#include "wandb/history.h"
#include "wandb/logrow.h"
#include "wandb/summary.h"

enum { START = 1700000000 };

static char folder[] = "/tmp/logrow.XXXXXX";
static char path[64];
static struct logwriter *writer;
static struct logrows *rows;

static int
begin(void **state)
{
	jv why;

	(void)state;
	writer = logwriter_new(path, &why);
	assert_non_null(writer);
	jv_free(why);
	rows = logrows_new(START);
	return 0;
}

static int
end(void **state)
{
	(void)state;
	logwriter_free(writer);
	logrows_free(rows);
	return unlink(path);
}

static void
take(const char *line)
{
	const char *why = logrows_take(rows, span_of(line), START + 1, writer);

	if (why != NULL)
		fail_msg("%s: %s", line, why);
}

static void
assert_refused(const char *line, const char *words)
{
	const char *why = logrows_take(rows, span_of(line), START + 1, writer);

	assert_non_null(why);
	if (strstr(why, words) == NULL)
		fail_msg("%s: %s, not %s", line, why, words);
}

/* Compares all rows, a line each, and the summary that is made of the file. */
static void
assert_file(const char *want_rows, const char *want_summary)
{
	jv why = logwriter_write(writer);
	struct runlog *log;
	struct runlog_entry entry;
	struct history *history = history_new();
	struct history_row row;
	struct summary *summary = summary_new();
	struct buf got = { 0 }, sum = { 0 };

	assert_true(jv_is_valid(why));
	jv_free(why);
	why = jv_null();
	log = runlog_open(path, &why);
	jv_free(why);
	while (runlog_next(log, &entry) == LEVELDB_RECORD) {
		if (entry.kind == RUNLOG_HISTORY) {
			history_line(history, entry.message, 0, &row);
			buf_add(&got, row.line.at, row.line.len);
			buf_addc(&got, '\n');
		} else if (entry.kind == RUNLOG_SUMMARY) {
			assert_int_equal(
			    summary_change(summary, entry.message), 0);
		}
	}
	runlog_close(log);
	tree_write(summary_tree(summary), &sum);
	assert_string_equal(got.len > 0 ? got.at : "", want_rows);
	assert_string_equal(sum.at, want_summary);
	buf_release(&got);
	buf_release(&sum);
	history_free(history);
	summary_free(summary);
}

static void
test_rows(void **state)
{
	(void)state;
	assert_int_equal(logrows_last_step(rows), -1);
	take("{\"a\": 1.50, \"b\\u00e9\": {\"c\": NaN, \"d\": [1, 2]}}");
	take(" {\"_step\": 7, \"_timestamp\": 5, \"_runtime\": 1e2, \"a\":2}");
	take("{\"a\": 3, \"b\\u00e9\": {\"c\": {\"e\": \"x\"}}}");
	logrows_summary(rows, START + 2, writer);
	assert_int_equal(logrows_count(rows), 3);
	assert_int_equal(logrows_last_step(rows), 8);
	assert_file("{\"a\":1.50,\"b\303\251\":{\"c\":NaN,\"d\":[1, 2]},"
		    "\"_step\":0,\"_timestamp\":1700000001.000000,"
		    "\"_runtime\":1.000000}\n"
		    "{\"a\":2,\"_timestamp\":5,\"_runtime\":1e2,\"_step\":7}\n"
		    "{\"a\":3,\"b\303\251\":{\"c\":{\"e\":\"x\"}},\"_step\":8,"
		    "\"_timestamp\":1700000001.000002,"
		    "\"_runtime\":1.000002}\n",
	    "{\"a\":3,\"b\303\251\":{\"c\":{\"e\":\"x\"},\"d\":[1, 2]},"
	    "\"_step\":8,\"_timestamp\":1700000001.000002,"
	    "\"_runtime\":1.000002,\"_wandb\":{\"runtime\":2}}");
}

static void
test_refused(void **state)
{
	(void)state;
	take("{\"_step\":3,\"a\":1}");
	assert_refused("", "no JSON object");
	assert_refused("[1]", "no JSON object");
	assert_refused("{\"a\":1}x", "no JSON object");
	assert_refused("{\"a\":1,\"a\":2}", "no JSON object");
	assert_refused("{\"a\":\"\xff\"}", "no JSON object");
	assert_refused("{\"\":1}", "empty");
	assert_refused("{\"_step\":3,\"a\":1}", "not behind 3");
	assert_refused("{\"_step\":-1,\"a\":1}", "less than 0");
	assert_refused("{\"_step\":4.5,\"a\":1}", "whole");
	assert_refused("{\"_step\":\"4\",\"a\":1}", "whole");
	assert_refused("{\"_step\":NaN,\"a\":1}", "whole");
	assert_refused("{\"_step\":1e300,\"a\":1}", "whole");
	assert_refused("{\"_timestamp\":NaN,\"a\":1}", "_timestamp");
	assert_refused(
	    "{\"_runtime\":null,\"_timestamp\":9,\"a\":1}", "_runtime");
	/* Without metrics: no row. */
	take("{}");
	take("{\"_step\":9}");
	take("{\"a\":2}");
	take("{\"_step\":1e1,\"a\":3}");
	logrows_go_on(rows, 20, 0);
	logrows_go_on(rows, 2, 0);
	take("{\"a\":4}");
	assert_int_equal(logrows_count(rows), 4);
	logrows_exit(rows, START + 61.5, 300, writer);
	assert_file("{\"a\":1,\"_timestamp\":1700000001.000000,"
		    "\"_runtime\":1.000000,\"_step\":3}\n"
		    "{\"a\":2,\"_timestamp\":1700000001.000001,"
		    "\"_runtime\":1.000001,\"_step\":9}\n"
		    "{\"a\":3,\"_timestamp\":1700000001.000002,"
		    "\"_runtime\":1.000002,\"_step\":10}\n"
		    "{\"a\":4,\"_timestamp\":1700000001.000003,"
		    "\"_runtime\":1.000003,\"_step\":20}\n",
	    "{\"a\":4,\"_step\":20,\"_timestamp\":1700000001.000003,"
	    "\"_runtime\":1.000003,\"_wandb\":{\"runtime\":61}}");
}

static void
test_defined(void **state)
{
	(void)state;
	assert_false(logrows_define(rows, "a"));
	assert_false(logrows_define(rows, "a:best"));
	assert_false(logrows_define(rows, ":min"));
	assert_false(logrows_define(rows, "a..b:min"));
	logrows_free(rows);
	rows = logrows_new(START);
	assert_true(logrows_define(rows, "l:min"));
	assert_true(logrows_define(rows, "l:max"));
	assert_true(logrows_define(rows, "x.y:mean"));
	assert_true(logrows_define(rows, "d\\.t:last"));
	assert_true(logrows_define(rows, "n:min"));
	assert_true(logrows_define(rows, "never:min"));
	assert_true(logrows_define(rows, "text:max"));
	assert_true(logrows_define(rows, "inf:min"));
	take("{\"l\":2,\"x\":{\"y\":1,\"z\":1},\"d.t\":1,\"n\":NaN}");
	logrows_summary(rows, START, writer);
	take("{\"l\":-1,\"x\":{\"y\":2},\"n\":1,\"text\":\"t\","
	     "\"inf\":-Infinity}");
	take("{\"l\":\"none\",\"x\":{\"y\":6},\"d.t\":{\"deep\":1}}");
	logrows_summary(rows, START, writer);
	logrows_metrics(rows, writer);
	assert_file("{\"l\":2,\"x\":{\"y\":1,\"z\":1},\"d.t\":1,\"n\":NaN,"
		    "\"_step\":0,\"_timestamp\":1700000001.000000,"
		    "\"_runtime\":1.000000}\n"
		    "{\"l\":-1,\"x\":{\"y\":2},\"n\":1,\"_step\":1,"
		    "\"_timestamp\":1700000001.000001,"
		    "\"_runtime\":1.000001,\"text\":\"t\","
		    "\"inf\":-Infinity}\n"
		    "{\"l\":\"none\",\"x\":{\"y\":6},\"d.t\":{\"deep\":1},"
		    "\"_step\":2,\"_timestamp\":1700000001.000002,"
		    "\"_runtime\":1.000002}\n",
	    "{\"x\":{\"z\":1,\"y\":{\"mean\":3}},\"l\":{\"min\":-1,\"max\":2},"
	    "\"d.t\":{\"deep\":1},\"n\":{\"min\":NaN},\"_step\":2,"
	    "\"_timestamp\":1700000001.000002,\"_runtime\":1.000002,"
	    "\"_wandb\":{\"runtime\":0},\"inf\":{\"min\":-Infinity}}");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_rows, begin, end),
		cmocka_unit_test_setup_teardown(test_refused, begin, end),
		cmocka_unit_test_setup_teardown(test_defined, begin, end),
	};
	int failed;

	if (mkdtemp(folder) == NULL)
		return 1;
	(void)snprintf(path, sizeof path, "%s/file", folder);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	return rmdir(folder) < 0 ? 1 : failed;
}
